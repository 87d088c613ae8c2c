//! One function's execution environment: its process, its Runtime API, what it prints. A process that ends is replaced.

use std::collections::VecDeque;
use std::io;
use std::process::Stdio;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde_json::Value;
use stoa_core::routes::Function;
use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::{Notify, mpsc, oneshot};
use tokio::task::JoinHandle;

use super::runtime_api::{Invocation, Queue, RuntimeApi};
use super::{Config, StartError};
use crate::aws::{ACCOUNT, REGION};
use crate::functions::FunctionError;

/// Lambda gives a function 10 s to start.
const START_LIMIT: Duration = Duration::from_secs(10);
const KEPT_LINES: usize = 10_000;

/// A line that a function printed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogLine {
    /// The name of the function that wrote it.
    pub function: &'static str,
    /// The line without its end.
    pub text: String,
}

/// The memory of a process, as the kernel counts it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Resident {
    /// Now, kB (`VmRSS`).
    pub now_kb: u64,
    /// At most so far, kB (`VmHWM`).
    pub peak_kb: u64,
}

pub(super) struct Environment {
    invocations: mpsc::UnboundedSender<Invocation>,
    /// One at a time, as in a Lambda environment; the time limit starts with one's turn.
    turn: tokio::sync::Mutex<()>,
    shared: Arc<Shared>,
    minding: JoinHandle<()>,
}

struct Shared {
    function: &'static Function,
    config: Arc<Config>,
    queue: Queue,
    overdue: Notify,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    start_time: Option<Duration>,
    process: Option<u32>,
    printed: VecDeque<String>,
}

impl Environment {
    pub(super) async fn start(function: &'static Function, config: Arc<Config>) -> Result<Self, StartError> {
        let (invocations, queue) = mpsc::unbounded_channel();
        let shared = Arc::new(Shared {
            function,
            config,
            queue: Arc::new(tokio::sync::Mutex::new(queue)),
            overdue: Notify::new(),
            state: Mutex::default(),
        });
        let process = Process::start(&shared).await?;
        let minding = tokio::spawn(mind(Arc::clone(&shared), process));
        Ok(Self { invocations, turn: tokio::sync::Mutex::default(), shared, minding })
    }

    pub(super) async fn invoke(&self, event: Bytes) -> Result<Value, FunctionError> {
        let _turn = self.turn.lock().await;
        let (reply, answer) = oneshot::channel();
        let gone = || FunctionError::Exited("it does not start any more".to_owned());
        self.invocations.send(Invocation { event, reply }).map_err(|_| gone())?;
        match tokio::time::timeout(self.shared.config.timeout, answer).await {
            Ok(answer) => answer.map_err(|_| gone())?,
            Err(_) => {
                self.shared.overdue.notify_one();
                Err(FunctionError::TimedOut)
            }
        }
    }

    pub(super) fn start_time(&self) -> Option<Duration> {
        self.shared.with_state(|state| state.start_time)
    }

    pub(super) fn process(&self) -> Option<u32> {
        self.shared.with_state(|state| state.process)
    }

    pub(super) fn resident(&self) -> Option<Resident> {
        let process = self.process()?;
        let status = std::fs::read_to_string(format!("/proc/{process}/status")).ok()?;
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name))?;
            line.trim().trim_end_matches(" kB").parse().ok()
        };
        Some(Resident { now_kb: field("VmRSS:")?, peak_kb: field("VmHWM:")? })
    }

    pub(super) fn logs(&self) -> Vec<LogLine> {
        let function = self.shared.function.name;
        self.shared
            .with_state(|state| state.printed.iter().map(|text| LogLine { function, text: text.clone() }).collect())
    }

    pub(super) fn take_logs(&self) -> Vec<LogLine> {
        let function = self.shared.function.name;
        self.shared.with_state(|state| state.printed.drain(..).map(|text| LogLine { function, text }).collect())
    }
}

impl Drop for Environment {
    fn drop(&mut self) {
        self.minding.abort();
    }
}

impl Shared {
    fn with_state<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn io_error(&self, source: io::Error) -> StartError {
        StartError::Io { function: self.function.name, source }
    }

    fn silent(&self) -> StartError {
        let printed = self.with_state(|state| Vec::from(state.printed.clone()).join("\n"));
        StartError::Silent { function: self.function.name, printed }
    }
}

/// A process and the Runtime API it talks to. The kernel is told to kill it when this is dropped.
struct Process {
    child: Child,
    api: RuntimeApi,
}

impl Process {
    /// Starts the process and waits until it asks for its first event.
    async fn start(shared: &Arc<Shared>) -> Result<Self, StartError> {
        let (function, config) = (shared.function, &shared.config);
        let arn = format!("arn:aws:lambda:{REGION}:{ACCOUNT}:function:{}-{}", config.stack, function.name);
        let queue = Arc::clone(&shared.queue);
        let api = RuntimeApi::start(queue, arn, config.timeout).await.map_err(|error| shared.io_error(error))?;
        let environment = config.environment(function, &api.address())?;
        let mut command = Command::new(config.bootstrap(function));
        command.env_clear().envs(environment).current_dir(config.bootstraps.join(function.name));
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        api.start_clock();
        let mut child = command.spawn().map_err(|error| shared.io_error(error))?;
        shared.with_state(|state| state.process = child.id());
        let printing = [
            child.stdout.take().map(|output| tokio::spawn(keep_lines(Arc::clone(shared), output))),
            child.stderr.take().map(|output| tokio::spawn(keep_lines(Arc::clone(shared), output))),
        ];
        let mut ready = api.ready();
        let start_time = tokio::select! {
            ready = ready.wait_for(Option::is_some) => ready.ok().and_then(|time| *time),
            _ = child.wait() => None,
            () = tokio::time::sleep(START_LIMIT) => None,
        };
        let Some(start_time) = start_time else {
            let _ = child.kill().await;
            for printing in printing.into_iter().flatten() {
                let _ = printing.await;
            }
            return Err(shared.silent());
        };
        // The first process's is the one to report: a later one starts with warm caches, in the middle of traffic.
        shared.with_state(|state| *state.start_time.get_or_insert(start_time));
        Ok(Self { child, api })
    }

    /// Waits until it has ended, by itself or because it took too long.
    async fn ended(mut self, overdue: &Notify) {
        let error = tokio::select! {
            status = self.child.wait() => match status {
                Ok(status) => FunctionError::Exited(status.to_string()),
                Err(error) => FunctionError::Exited(error.to_string()),
            },
            () = overdue.notified() => {
                let _ = self.child.kill().await;
                FunctionError::TimedOut
            }
        };
        self.api.abandon(&error);
    }
}

/// Replaces a process that ended. One that does not start any more ends the environment.
async fn mind(shared: Arc<Shared>, first: Process) {
    let mut process = first;
    loop {
        process.ended(&shared.overdue).await;
        process = match Process::start(&shared).await {
            Ok(next) => next,
            Err(_) => break,
        };
    }
    shared.queue.lock().await.close();
    while let Some(invocation) = shared.queue.lock().await.recv().await {
        let _ = invocation.reply.send(Err(FunctionError::Exited("it does not start any more".to_owned())));
    }
}

async fn keep_lines(shared: Arc<Shared>, output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        shared.with_state(|state| {
            if state.printed.len() == KEPT_LINES {
                state.printed.pop_front();
            }
            state.printed.push_back(line);
        });
    }
}
