//! A machine's disk and firmware memory, recorded write by write while it runs.
//!
//! QEMU writes the two logs ([`super::writes`]). Besides them this keeps how long both were at the same time, as they
//! grew, and what had been seen on the screen by then: the marks.

use super::Machine;
use super::drives::{DISK_LOG, Drives, FIRMWARE_LOG};
use super::writes::{self, Entry};
use anyhow::Context as _;
use serde::{Deserialize, Serialize};
use serde_json::json;
use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::thread::JoinHandle;
use std::time::Duration;

/// Beside the logs.
const KEPT: &str = "recording.json";
/// Between two looks at the logs' lengths. A guest takes longer from a write it waits for to what it does then.
const LOOK: Duration = Duration::from_micros(500);

/// Lengths of both logs, the disk's and the firmware's, at one time.
type Lengths = (u64, u64);

#[derive(Debug, Default, Serialize, Deserialize)]
struct Notes {
    together: Vec<Lengths>,
    marks: Vec<(String, Lengths)>,
}

/// Notes while the machine runs.
#[derive(Debug)]
pub struct Recorder {
    folder: std::path::PathBuf,
    marks: Vec<(String, Lengths)>,
    /// Whoever watches goes with this.
    running: Sender<()>,
    watcher: JoinHandle<anyhow::Result<Vec<Lengths>>>,
}

/// A recording that has ended.
#[derive(Debug)]
pub struct Recording {
    pub disk: Vec<Entry>,
    pub disk_log: File,
    pub firmware: Vec<Entry>,
    pub firmware_log: File,
    /// How many entries both logs had at the same time, from none to all.
    pub together: Vec<(usize, usize)>,
    /// What was seen, and how many entries the disk's log had then, at most.
    pub marks: Vec<(String, usize)>,
}

impl Recorder {
    /// Begins with the machine, which makes the logs.
    pub fn begin(folder: &Path) -> Self {
        let ((running, ended), place) = (channel(), folder.to_owned());
        let watcher = std::thread::spawn(move || {
            let mut together = vec![(0, 0)];
            loop {
                let goes_on = ended.recv_timeout(LOOK) == Err(RecvTimeoutError::Timeout);
                let now = lengths(&place)?;
                if together.last() != Some(&now) {
                    together.push(now);
                }
                if !goes_on {
                    return Ok(together);
                }
            }
        });
        Self { folder: folder.to_owned(), marks: Vec::new(), running, watcher }
    }

    /// Notes that this was seen just now.
    pub fn mark(&mut self, what: &str) -> anyhow::Result<()> {
        self.marks.push((what.to_owned(), lengths(&self.folder)?));
        Ok(())
    }

    /// After QEMU has ended.
    pub fn end(self) -> anyhow::Result<()> {
        drop(self.running);
        let together = self.watcher.join().map_err(|_| anyhow::anyhow!("whoever watched the logs has failed"))??;
        let notes = Notes { together, marks: self.marks };
        fs::write(self.folder.join(KEPT), serde_json::to_vec(&notes)?)?;
        Ok(())
    }
}

/// None is there before QEMU has made it.
fn lengths(folder: &Path) -> anyhow::Result<Lengths> {
    let of = |name: &str| match fs::metadata(folder.join(name)) {
        Ok(found) => Ok(found.len()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(error).with_context(|| format!("failed to look at {name}")),
    };
    Ok((of(DISK_LOG)?, of(FIRMWARE_LOG)?))
}

impl Machine {
    /// Its disk and its firmware's memory, recorded from the next start to [`Machine::end_recording`].
    pub fn recorded(drives: Drives) -> Self {
        Self { recorded: true, ..Self::new(drives) }
    }

    /// As QEMU wants it: the file alone, or with its log beside it.
    pub(super) fn drive(&self, file: &str, log: &str) -> String {
        if !self.recorded {
            return format!("format=raw,file={file}");
        }
        // QEMU wants the log to be there, and begins it.
        let _ = fs::write(self.drives.folder.join(log), []);
        format!(
            "driver=blklogwrites,file.driver=raw,file.file.driver=file,file.file.filename={file},file.discard=unmap,\
            log.driver=file,log.filename={log}"
        )
    }

    /// Notes in the recording that this was seen.
    pub fn mark(&mut self, what: &str) -> anyhow::Result<()> {
        let running = self.running.as_mut().context("the machine is off")?;
        running.recorder.as_mut().context("nothing is recorded")?.mark(what)
    }

    /// Ends the machine, so that the logs are whole, but not the system in it.
    pub fn end_recording(&mut self) -> anyhow::Result<()> {
        self.qmp("quit", json!({}))?;
        let mut running = self.running.take().context("the machine was not on")?;
        running.process.wait()?;
        running.recorder.take().context("nothing was recorded")?.end()
    }
}

impl Recording {
    /// Reads what was recorded of this machine, whose drives were these before.
    pub fn of(drives: &Drives, before: &Drives) -> anyhow::Result<Self> {
        let read = |log: &str, drive: &Path| {
            let path = drives.folder.join(log);
            let mut file = File::open(&path).with_context(|| format!("failed to open {}", path.display()))?;
            let entries =
                writes::read(&mut std::io::BufReader::with_capacity(64, &mut file), fs::metadata(drive)?.len());
            anyhow::Ok((entries.with_context(|| format!("{} is not understood", path.display()))?, file))
        };
        let (disk, disk_log) = read(DISK_LOG, &before.disk())?;
        let (firmware, firmware_log) = read(FIRMWARE_LOG, &before.firmware())?;
        let path = drives.folder.join(KEPT);
        let text = fs::read(&path).with_context(|| format!("failed to read {}", path.display()))?;
        let notes: Notes = serde_json::from_slice(&text).with_context(|| format!("{} is odd", path.display()))?;
        let count = |log: &[Entry], length: u64| log.partition_point(|entry| entry.end <= length);
        let mut together: Vec<_> =
            notes.together.iter().map(|(one, other)| (count(&disk, *one), count(&firmware, *other))).collect();
        together.push((disk.len(), firmware.len()));
        together.dedup();
        let marks = notes.marks.into_iter().map(|(what, (length, _))| (what, count(&disk, length))).collect();
        Ok(Self { disk, disk_log, firmware, firmware_log, together, marks })
    }

    /// How many entries there were when this was seen.
    pub fn mark(&self, what: &str) -> Option<usize> {
        self.marks.iter().find(|(seen, _)| seen == what).map(|(_, entries)| *entries)
    }
}
