//! QEMU's own protocol (QMP): one JSON object a line over a Unix socket; events stand between the answers.

use anyhow::{Context as _, bail};
use serde_json::{Map, Value, json};
use std::io::{BufRead as _, BufReader, Write as _};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::Duration;

/// An emulator that does not answer for this long hangs.
const LIMIT: Duration = Duration::from_secs(120);

pub struct Qmp {
    lines: BufReader<UnixStream>,
    /// Names of the events so far, such as `RESET`.
    events: Vec<String>,
}

impl Qmp {
    pub fn connect(socket: &Path) -> anyhow::Result<Self> {
        let stream = UnixStream::connect(socket).with_context(|| format!("failed to reach {}", socket.display()))?;
        stream.set_read_timeout(Some(LIMIT))?;
        let mut qmp = Self { lines: BufReader::new(stream), events: Vec::new() };
        // It greets first.
        qmp.line()?;
        qmp.run("qmp_capabilities", json!({}))?;
        Ok(qmp)
    }

    /// Runs a command and gives back its result.
    pub fn run(&mut self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let order = json!({ "execute": command, "arguments": arguments });
        self.lines.get_mut().write_all(format!("{order}\n").as_bytes())?;
        loop {
            let mut answer = self.line().with_context(|| format!("no answer to {command}"))?;
            if let Some(event) = answer.remove("event") {
                self.events.push(event.as_str().unwrap_or_default().to_owned());
            } else if let Some(error) = answer.remove("error") {
                bail!("{command} was refused: {error}");
            } else if let Some(result) = answer.remove("return") {
                return Ok(result);
            }
        }
    }

    /// How often this has happened, as far as the answers have told.
    pub fn happened(&self, event: &str) -> usize {
        self.events.iter().filter(|name| *name == event).count()
    }

    fn line(&mut self) -> anyhow::Result<Map<String, Value>> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line).context("QEMU does not answer")?;
        anyhow::ensure!(read > 0, "QEMU has ended");
        serde_json::from_str(&line).context("QEMU said what is not understood")
    }
}
