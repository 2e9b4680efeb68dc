//! The program `tillroll` as its users run it.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, ExitStatus, Output, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::folder::Folder;

pub(crate) fn tillroll(folder: &Folder, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tillroll"));
    command
        .args(arguments)
        .env_clear()
        .env("PATH", "/usr/bin:/bin")
        .env("TILLROLL_DATA_DIR", folder.data())
        .env("TILLROLL_HTTP_ADDR", "127.0.0.1:0");
    command.current_dir("/").stdin(Stdio::null());
    command
}

/// A started server; killed when the test forgets it.
pub(crate) struct Server {
    child: Child,
    pub(crate) first_line: String,
}

impl Server {
    pub(crate) fn start(mut command: Command) -> Server {
        let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut first_line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut first_line)
            .unwrap();
        if first_line.is_empty() {
            let mut stderr_text = String::new();
            child.stderr.take().unwrap().read_to_string(&mut stderr_text).unwrap();
            panic!("the server did not start: {stderr_text}");
        }
        Server { child, first_line }
    }

    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Where the gateway listens.
    pub(crate) fn url(&self) -> String {
        self.first_line
            .split_whitespace()
            .find(|word| word.starts_with("http://"))
            .unwrap()
            .to_owned()
    }

    pub(crate) fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// What it wrote to standard error, once it has ended.
    pub(crate) fn last_words(mut self) -> String {
        let mut stderr_text = String::new();
        self.child
            .stderr
            .take()
            .unwrap()
            .read_to_string(&mut stderr_text)
            .unwrap();
        self.child.wait().unwrap();
        stderr_text
    }

    pub(crate) fn ended(mut self) -> ExitStatus {
        self.child.wait().unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
    }
}

pub(crate) fn output(mut command: Command) -> Output {
    command.output().unwrap()
}

pub(crate) fn errors(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
