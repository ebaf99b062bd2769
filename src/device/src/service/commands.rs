//! Runs the system's own tools: the only place of this service that starts a program.
//!
//! A tool gets fixed options. What came from outside is an argument only after it was validated (an address, a code) or
//! compared with what the machine itself said (a disk), and never where an option could stand. A tool has a time limit,
//! for the machine must not wait for ever because a disk does; at its end the tool and all that it has started are killed.

use super::refusal::Refusal;
use bilik_device::Failure;
use rustix::process::{Pid, Signal, kill_process_group};
use std::ffi::OsStr;
use std::io::{Read, Write as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

/// For tools that only look.
const USUAL_LIMIT: Duration = Duration::from_secs(20);
/// Bytes of a tool's output that are kept; what is beyond is dropped.
const MAX_OUTPUT: usize = 8 << 20;
/// Bytes at the end of a tool's complaints that are kept.
const MAX_COMPLAINT: usize = 4 << 10;
/// How often it is looked whether a tool that has closed its output is gone.
const GONE_EVERY: Duration = Duration::from_millis(5);

pub struct Tool {
    name: &'static str,
    command: Command,
    limit: Duration,
    input: Option<Vec<u8>>,
}

/// What a tool said, and how it ended.
pub struct Said {
    pub status: ExitStatus,
    pub out: String,
    /// The end of what it wrote to standard error.
    pub complaint: String,
}

enum Piece {
    Out(Vec<u8>),
    Complaint(Vec<u8>),
}

impl Tool {
    pub fn new(name: &'static str) -> Self {
        let mut command = Command::new(name);
        command.env("LC_ALL", "C.UTF-8").env("SYSTEMD_COLORS", "0").env("SYSTEMD_PAGER", "");
        Self { name, command, limit: USUAL_LIMIT, input: None }
    }

    pub fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.command.arg(arg);
        self
    }

    pub fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        self.command.args(args);
        self
    }

    pub fn limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub fn input(mut self, input: Vec<u8>) -> Self {
        self.input = Some(input);
        self
    }

    /// Runs it to its end and gives its output; failing is [`Failure::Io`] with the tool's last word.
    pub fn run(self) -> Result<String, Refusal> {
        let name = self.name;
        self.ask()?.into_success(name)
    }

    /// Runs it to its end, however that is.
    pub fn ask(self) -> Result<Said, Refusal> {
        self.watch(|_| {})
    }

    /// As [`Tool::ask`]; `line` sees each line of its output as it comes.
    pub fn watch(mut self, mut line: impl FnMut(&str)) -> Result<Said, Refusal> {
        let deadline = Instant::now() + self.limit;
        self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        self.command.stdin(if self.input.is_some() { Stdio::piped() } else { Stdio::null() });
        let io = |source| Refusal::new(Failure::Io, format!("failed to run {}: {source}", self.name));
        let mut child = self.command.spawn().map_err(io)?;
        if let (Some(input), Some(mut stdin)) = (self.input.take(), child.stdin.take()) {
            // A tool that does not read its input says itself why.
            std::thread::spawn(move || stdin.write_all(&input));
        }
        let (sender, pieces) = channel();
        pass_on(child.stdout.take(), sender.clone(), Piece::Out);
        pass_on(child.stderr.take(), sender, Piece::Complaint);

        let (mut out, mut complaint, mut open_line) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            match pieces.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(Piece::Out(bytes)) => {
                    for byte in &bytes {
                        match byte {
                            b'\n' | b'\r' => line(&String::from_utf8_lossy(&std::mem::take(&mut open_line))),
                            byte if open_line.len() < MAX_COMPLAINT => open_line.push(*byte),
                            _ => {}
                        }
                    }
                    let room = MAX_OUTPUT - out.len();
                    out.extend_from_slice(bytes.get(..room).unwrap_or(&bytes));
                }
                Ok(Piece::Complaint(bytes)) => {
                    complaint.extend_from_slice(&bytes);
                    complaint.drain(..complaint.len().saturating_sub(MAX_COMPLAINT));
                }
                Err(RecvTimeoutError::Disconnected) => break,
                Err(RecvTimeoutError::Timeout) => return Err(self.overdue(&mut child)),
            }
        }
        let status = loop {
            match child.try_wait().map_err(io)? {
                Some(status) => break status,
                None if Instant::now() >= deadline => return Err(self.overdue(&mut child)),
                None => std::thread::sleep(GONE_EVERY),
            }
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok(Said { status, out: text(&out), complaint: text(&complaint) })
    }

    fn overdue(&self, child: &mut Child) -> Refusal {
        let group = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        // It may have ended by itself just now.
        let _ = group.map(|group| kill_process_group(group, Signal::KILL));
        let _ = child.kill();
        let _ = child.wait();
        Refusal::new(Failure::Io, format!("{} took longer than {} s and was stopped", self.name, self.limit.as_secs()))
    }
}

impl Said {
    /// The last line of its complaint that says anything.
    pub fn last_word(&self) -> &str {
        self.complaint.lines().rev().map(str::trim).find(|line| !line.is_empty()).unwrap_or("no reason given")
    }

    pub fn into_success(self, name: &str) -> Result<String, Refusal> {
        if self.status.success() {
            return Ok(self.out);
        }
        Err(Refusal::new(Failure::Io, format!("{name} failed: {}", self.last_word())))
    }
}

fn pass_on(from: Option<impl Read + Send + 'static>, to: Sender<Piece>, wrap: fn(Vec<u8>) -> Piece) {
    let Some(mut from) = from else { return };
    std::thread::spawn(move || {
        let mut buffer = [0; 8 << 10];
        while let Ok(count @ 1..) = from.read(&mut buffer) {
            if to.send(wrap(buffer[..count].to_vec())).is_err() {
                return;
            }
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn output_lines_and_last_word() {
        let script = "cat; echo one; echo two; echo first >&2; echo ' last ' >&2; exit 3";
        let mut lines = Vec::new();
        let tool = Tool::new("sh").args(["-c", script]).input(b"zero\n".to_vec());
        let said = tool.watch(|line| lines.push(line.to_owned())).unwrap();
        assert_eq!(lines, ["zero", "one", "two"]);
        assert_eq!(said.last_word(), "last");
        assert_eq!(said.into_success("sh").unwrap_err().detail, "sh failed: last");
    }

    #[test]
    fn a_tool_that_hangs_is_stopped_with_its_children() {
        let check = |script: &str| {
            let tool = Tool::new("sh").args(["-c", script]).limit(Duration::from_millis(100));
            let refusal = tool.ask().err().unwrap();
            assert!(refusal.detail.contains("was stopped"), "{refusal}");
        };
        check("sleep 1000");
        check("sleep 1000 & exit 0");
        check("exec >&- 2>&-; sleep 1000");
    }

    #[test]
    fn a_tool_that_is_not_there_is_named() {
        let refusal = Tool::new("no-such-tool-of-bilik").run().unwrap_err();
        assert!(refusal.detail.contains("no-such-tool-of-bilik"), "{refusal}");
    }

    #[test]
    fn too_much_output_is_bounded() {
        let said = Tool::new("sh").args(["-c", "head -c 20000000 /dev/zero"]).ask().unwrap();
        assert_eq!(said.out.len(), MAX_OUTPUT);
    }
}
