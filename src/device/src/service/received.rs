//! The update that the booth has received from its hub.
//!
//! The booth's user owns the file, and may go on writing to it, whatever its name and mode. RAUC checks the blocks of a
//! bundle as it reads them, but the version is looked at before, in another reading: an older one that is signed as well
//! could be put in its place. So the file is copied to where only this service writes, and the copy is what counts.

use super::machine::{BOOTH_STATE, Machine};
use super::refusal::Refusal;
use bilik_device::{Failure, RECEIVED_UPDATE};
use rustix::fs::{Mode, OFlags};
use rustix::io::Errno;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::{Path, PathBuf};

/// What is larger than both images can ever be is no update, in bytes. As in RAUC's configuration.
const MOST: u64 = 1 << 30;
/// Kept in [`Machine::own`] while it is installed.
const COPY: &str = "update.raucb";
const CHUNK: usize = 1 << 20;

/// The copy; dropping it removes it.
pub struct Taken<'a> {
    machine: &'a Machine,
    copy: PathBuf,
}

/// `told` is given thousandths of the copying.
///
/// # Errors
///
/// [`Failure::NoFile`] if nothing came; [`Failure::BadFile`] for what is no file or too large, and then it is removed.
pub fn take(machine: &Machine, told: impl FnMut(u16)) -> Result<Taken<'_>, Refusal> {
    let path = machine.path(RECEIVED_UPDATE);
    let taken = Taken { machine, copy: machine.own(COPY) };
    match copy(machine, &path, &taken.copy, told) {
        Ok(()) => Ok(taken),
        Err(refusal) => taken.end(Err(refusal)),
    }
}

/// What a run that was cut has left.
pub fn release(machine: &Machine) {
    let _ = std::fs::remove_file(machine.own(COPY));
}

impl Taken<'_> {
    pub fn path(&self) -> &Path {
        &self.copy
    }

    /// Passes on how it ended. What is of no further use is gone then.
    pub fn end<T>(self, how: Result<T, Refusal>) -> Result<T, Refusal> {
        let again = how.as_ref().is_err_and(|refusal| matches!(refusal.why, Failure::Io | Failure::Full));
        if !again {
            let received = self.machine.path(RECEIVED_UPDATE);
            match std::fs::remove_file(&received) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                    tracing::warn!(%error, "the received update was not removed");
                }
                Ok(()) | Err(_) => {}
            }
        }
        how
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        release(self.machine);
    }
}

fn copy(machine: &Machine, from: &Path, to: &Path, mut told: impl FnMut(u16)) -> Result<(), Refusal> {
    let bad = |what: &str| Refusal::new(Failure::BadFile, format!("what came from the hub {what}"));
    let mut source = open(machine, from)?;
    let about = source.metadata().map_err(Refusal::io("read", from))?;
    if !about.is_file() {
        return Err(bad("is not a file"));
    }
    if about.len() > MOST {
        return Err(bad("is too large for an update"));
    }
    let mut target = File::create(to).map_err(Refusal::io("create", to))?;
    let (mut chunk, mut done) = (vec![0; CHUNK], 0_u64);
    loop {
        let count = source.read(&mut chunk).map_err(Refusal::io("read", from))?;
        if count == 0 {
            break;
        }
        done += count as u64;
        // It may be growing.
        if done > MOST {
            return Err(bad("is too large for an update"));
        }
        target.write_all(&chunk[..count]).map_err(Refusal::io("write", to))?;
        told(u16::try_from((done * 1000) / about.len().max(done)).unwrap_or(1000));
    }
    target.sync_all().map_err(Refusal::io("write", to))
}

/// Follows no link on the way that the booth's user could have put there, and does not wait for a pipe.
///
/// Step by step, not by `openat2(2)`: systemd's `RestrictSUIDSGID=` takes that call away, as it cannot see its arguments.
fn open(machine: &Machine, path: &Path) -> Result<File, Refusal> {
    let state = machine.path(BOOTH_STATE);
    let inside = path.strip_prefix(&state).unwrap_or(path);
    let read = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let pass = OFlags::PATH | OFlags::DIRECTORY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let mut at = File::open(&state).map_err(Refusal::io("open", &state))?;
    let mut steps = inside.iter().peekable();
    while let Some(step) = steps.next() {
        let flags = if steps.peek().is_some() { pass } else { read };
        at = rustix::fs::openat(&at, step, flags, Mode::empty()).map(File::from).map_err(|error| match error {
            Errno::NOENT => Refusal::new(Failure::NoFile, "nothing came from the hub"),
            Errno::LOOP | Errno::NOTDIR => Refusal::new(Failure::BadFile, "what came from the hub is a link"),
            other => Refusal::io("open", path)(other),
        })?;
    }
    Ok(at)
}
