//! How long a process has had the processor, as the scheduler counts it: what else the machine does is not in it.

use std::fs;
use std::io;
use std::time::Duration;

/// The time that the threads of a process have run so far, in user and kernel mode, to the nanosecond. A thread that
/// has ended is not in it any more. It fails where there is no such process, or no `/proc`.
///
/// Reference: `proc_pid_schedstat(5)`; the first number of each thread's `schedstat`.
pub fn time(process: u32) -> io::Result<Duration> {
    let mut nanoseconds = 0;
    for thread in fs::read_dir(format!("/proc/{process}/task"))? {
        // One that cannot be read has ended since the folder was.
        if let Ok(line) = fs::read_to_string(thread?.path().join("schedstat")) {
            nanoseconds += running(&line).ok_or(io::ErrorKind::InvalidData)?;
        }
    }
    Ok(Duration::from_nanos(nanoseconds))
}

fn running(line: &str) -> Option<u64> {
    line.split_ascii_whitespace().next()?.parse().ok()
}

#[cfg(all(test, target_os = "linux"))]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::process::{Command, Stdio};

    use super::*;

    #[test]
    fn what_a_thread_waited_for_the_processor_is_not_its_time() {
        assert_eq!(running("188007980 320031645 81\n"), Some(188_007_980));
        assert_eq!(running("\n"), None);
    }

    #[test]
    fn the_time_of_a_process_grows_by_what_it_works_and_not_by_what_it_waits() {
        // It works, says so, and waits for a line.
        let script = "i=0; while [ $i -lt 100000 ]; do i=$((i+1)); done; echo done; read line";
        let mut child =
            Command::new("sh").args(["-c", script]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        io::BufRead::read_line(&mut io::BufReader::new(child.stdout.take().unwrap()), &mut String::new()).unwrap();
        let waits = || {
            std::thread::sleep(Duration::from_millis(50));
            time(child.id()).unwrap()
        };
        let (worked, later) = (waits(), waits());
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(worked > Duration::from_millis(1), "{worked:?}");
        assert_eq!(worked, later);
        assert!(time(child.id()).is_err());
    }
}
