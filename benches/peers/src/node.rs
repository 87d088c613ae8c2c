//! node-saml in a process of its own, which times itself.

use std::io::{BufRead as _, BufReader, Lines, Write as _};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use crate::{ACS, CERTIFICATE, IDP, SP};

pub struct Node {
    process: Child,
    questions: ChildStdin,
    answers: Lines<BufReader<ChildStdout>>,
}

impl Node {
    /// Starts it, where it is installed.
    pub fn start(folder: &Path, request: &str) -> Option<Self> {
        if !folder.join("node_modules").exists() {
            return None;
        }
        let mut process = Command::new("node")
            .arg("verify.mjs")
            .args([CERTIFICATE, IDP, SP, ACS, request])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .ok()?;
        let (questions, answers) = (process.stdin.take()?, process.stdout.take()?);
        Some(Self { process, questions, answers: BufReader::new(answers).lines() })
    }

    /// How long it took, in seconds, or why it was refused.
    pub fn verify(&mut self, field: &str) -> Result<f64, String> {
        writeln!(self.questions, "\"{field}\"").map_err(|error| error.to_string())?;
        let answer = self.answers.next().ok_or("no answer")?.map_err(|error| error.to_string())?;
        answer.parse::<f64>().map(|micros| micros / 1e6).map_err(|_| answer)
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
