//! Disk space held back, so that a full disk shows before a session and never in the middle of one.
//!
//! A file of fixed size is allocated while there is room. When a commit finds the disk full, the file is emptied and the
//! commit tried again; afterwards the file takes what is left. Until it is whole again there is no room for a new session.

use crate::error::JournalError;
use crate::pack::MAX_CLAIM;
use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock, statvfs};
use rustix::io::Errno;
use std::fs::{File, OpenOptions};
use std::io::{Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

/// Bytes held back: a claim is written twice (to the log, then to the database), and erasing one once the disk is full
/// takes the log once more, out of what the log of keeping it has left.
pub const RESERVE: u64 = 2 * MAX_CLAIM + SLACK;

/// Bytes for page headers, indices and small rows around a claim.
const SLACK: u64 = 16 << 20;
/// Unit of `st_blocks` (stat(2)), in bytes.
const BLOCK: u64 = 512;
/// A file system that can't allocate gets zeros written in pieces of this many bytes.
const PIECE: usize = 1 << 20;

const FILE: &str = "journal.reserve";

pub(crate) struct Reserve {
    file: File,
    path: PathBuf,
    state_dir: PathBuf,
    size: u64,
}

impl Reserve {
    /// Locks the journal and fills the reserve as far as the disk allows.
    pub fn take(state_dir: &Path, size: u64) -> Result<Self, JournalError> {
        let path = state_dir.join(FILE);
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create(true)
            .truncate(false)
            .mode(0o600)
            .open(&path)
            .map_err(JournalError::file("open", &path))?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => {}
            Err(Errno::WOULDBLOCK) => return Err(JournalError::InUse(state_dir.to_owned())),
            Err(error) => return Err(JournalError::file("lock", &path)(error.into())),
        }
        let reserve = Self { file, path, state_dir: state_dir.to_owned(), size };
        reserve.fill()?;
        Ok(reserve)
    }

    /// Gives the space back to whoever needs it now. Says whether there was any.
    pub fn release(&self) -> Result<bool, JournalError> {
        let held = self.held()?;
        self.file.set_len(0).map_err(JournalError::file("empty", &self.path))?;
        Ok(held > 0)
    }

    /// Takes as much of the reserve as the disk has. Says whether it is whole.
    pub fn fill(&self) -> Result<bool, JournalError> {
        let held = self.held()?;
        if held >= self.size {
            return Ok(true);
        }
        // The last of a full disk is not for us: logs and the database's own files need a little.
        let reachable = self.size.min(held.saturating_add(self.available()?.saturating_sub(SLACK)));
        if reachable == 0 {
            return Ok(false);
        }
        match fallocate(&self.file, FallocateFlags::empty(), 0, reachable) {
            Ok(()) => {}
            // What is left may have shrunk meanwhile, or be for root alone: part of the reserve is better than none.
            Err(Errno::NOSPC | Errno::DQUOT) => {}
            Err(Errno::OPNOTSUPP) => self.write_zeros(reachable)?,
            Err(error) => return Err(JournalError::file("allocate", &self.path)(error.into())),
        }
        Ok(self.held()? >= self.size)
    }

    /// Bytes that the file system has for us.
    pub fn available(&self) -> Result<u64, JournalError> {
        let stat = statvfs(&self.state_dir)
            .map_err(|e| JournalError::file("ask for the space of", &self.state_dir)(e.into()))?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }

    /// Bytes on disk. A sparse file is long and holds nothing, so blocks count.
    fn held(&self) -> Result<u64, JournalError> {
        let meta = self.file.metadata().map_err(JournalError::file("look at", &self.path))?;
        Ok(meta.len().min(meta.blocks().saturating_mul(BLOCK)))
    }

    fn write_zeros(&self, size: u64) -> Result<(), JournalError> {
        let zeros = vec![0; PIECE];
        let mut file = &self.file;
        let mut write = || -> std::io::Result<()> {
            file.seek(SeekFrom::Start(0))?;
            let mut left = size;
            while left > 0 {
                let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
                file.write_all(&zeros[..piece])?;
                left -= piece as u64;
            }
            file.sync_all()
        };
        match write().map_err(JournalError::file("fill", &self.path)) {
            Err(JournalError::Full { .. }) => Ok(()),
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: u64 = 1 << 20;

    #[test]
    fn reserve_is_taken_and_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::take(dir.path(), SIZE).unwrap();
        assert!(reserve.held().unwrap() >= SIZE);
        assert!(reserve.release().unwrap());
        assert!(!reserve.release().unwrap());
        assert_eq!(reserve.held().unwrap(), 0);
        assert!(reserve.fill().unwrap());
        assert!(reserve.fill().unwrap());

        reserve.release().unwrap();
        reserve.write_zeros(SIZE + 1).unwrap();
        assert!(reserve.held().unwrap() >= SIZE);
    }

    #[test]
    fn sparse_file_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join(FILE)).unwrap().set_len(SIZE).unwrap();
        let reserve = Reserve::take(dir.path(), SIZE).unwrap();
        assert!(reserve.held().unwrap() >= SIZE);
    }

    #[test]
    fn more_than_the_disk_has_is_not_whole() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve { size: u64::MAX, ..Reserve::take(dir.path(), SIZE).unwrap() };
        reserve.release().unwrap();
        // Not `fill`: it would take all the disk has.
        assert!(reserve.held().unwrap() < reserve.size);
        assert!(matches!(Reserve::take(dir.path(), SIZE), Err(JournalError::InUse(_))));
    }
}
