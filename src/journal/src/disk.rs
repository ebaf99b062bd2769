//! The few things that the journal does on a disk beside SQLite, behind a seam, so that a simulated disk can fail, tear and
//! forget each of them. A simulated disk gives SQLite a VFS of its own as well.

use rustix::fs::{FallocateFlags, FlockOperation, fallocate, flock, statvfs};
use rustix::io::Errno;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Seek as _, SeekFrom, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;
use std::sync::Arc;

/// Unit of `st_blocks` (stat(2)), in bytes.
const BLOCK: u64 = 512;
/// A file system that can't allocate gets zeros written in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// Where a journal lies.
#[derive(Clone)]
pub struct Disk {
    pub files: Arc<dyn Files>,
    /// Name of a registered SQLite VFS; none is the platform's own.
    pub vfs: Option<&'static str>,
}

impl Disk {
    /// The machine's own.
    pub fn real() -> Self {
        Self { files: Arc::new(RealFiles), vfs: None }
    }
}

/// Files beside the database. Nothing is durable before what says so; names not before [`Files::sync_directory`].
pub trait Files: Send + Sync {
    /// Makes a directory and those above it, for the booth's user alone. There already: good.
    fn make_directory(&self, path: &Path) -> io::Result<()>;
    fn sync_directory(&self, path: &Path) -> io::Result<()>;
    /// Writes a file whole and durably, replacing an older one.
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// Writes over the start of a file that is there, not durably.
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;
    /// A file that is not longer than `max` bytes; one that is longer is [`io::ErrorKind::FileTooLarge`].
    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>>;
    /// Fills `bytes` from a place in a file that is long enough.
    fn read_at(&self, path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<()>;
    fn length(&self, path: &Path) -> io::Result<u64>;
    fn exists(&self, path: &Path) -> io::Result<bool>;
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;
    fn remove(&self, path: &Path) -> io::Result<()>;
    /// Opens a file, made if need be, and locks it until it is dropped. None if another process has it.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Room>>>;
    /// Bytes that the file system of a directory has for us.
    fn available(&self, directory: &Path) -> io::Result<u64>;
}

/// A locked file whose only content is the room that it takes.
pub trait Room: Send {
    /// Bytes on disk. A sparse file is long and holds nothing.
    fn held(&self) -> io::Result<u64>;
    /// Grows to so many bytes, as far as the disk has them: too few is no error.
    fn take(&self, bytes: u64) -> io::Result<()>;
    fn give_back(&self) -> io::Result<()>;
}

pub(crate) struct RealFiles;

impl Files for RealFiles {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(path)
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        OpenOptions::new().write(true).open(path)?.write_all(bytes)
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        if fs::metadata(path)?.len() > max {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        fs::read(path)
    }

    fn read_at(&self, path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        File::open(path)?.read_exact_at(bytes, at)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        Ok(fs::metadata(path)?.len())
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        path.try_exists()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Room>>> {
        let file = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o600).open(path)?;
        match flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Some(Box::new(RealRoom(file)))),
            Err(Errno::WOULDBLOCK) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    fn available(&self, directory: &Path) -> io::Result<u64> {
        let stat = statvfs(directory)?;
        Ok(stat.f_bavail.saturating_mul(stat.f_frsize))
    }
}

struct RealRoom(File);

impl Room for RealRoom {
    fn held(&self) -> io::Result<u64> {
        let meta = self.0.metadata()?;
        Ok(meta.len().min(meta.blocks().saturating_mul(BLOCK)))
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let result = match fallocate(&self.0, FallocateFlags::empty(), 0, bytes) {
            Err(Errno::OPNOTSUPP) => write_zeros(&self.0, bytes),
            result => result.map_err(Into::into),
        };
        match result {
            // What is left may have shrunk meanwhile, or be for root alone: part of the room is better than none.
            Err(error) if matches!(error.kind(), io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded) => Ok(()),
            result => result,
        }
    }

    fn give_back(&self) -> io::Result<()> {
        self.0.set_len(0)
    }
}

fn write_zeros(mut file: &File, size: u64) -> io::Result<()> {
    let zeros = vec![0; PIECE];
    file.seek(SeekFrom::Start(0))?;
    let mut left = size;
    while left > 0 {
        let piece = usize::try_from(left).unwrap_or(PIECE).min(PIECE);
        file.write_all(&zeros[..piece])?;
        left -= piece as u64;
    }
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zeros_take_room_where_nothing_else_does() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("room");
        let room = RealFiles.lock(&path).unwrap().unwrap();
        assert!(RealFiles.lock(&path).unwrap().is_none());
        write_zeros(&OpenOptions::new().write(true).open(&path).unwrap(), 3 * PIECE as u64 / 2).unwrap();
        assert!(room.held().unwrap() >= 3 * PIECE as u64 / 2);
        room.give_back().unwrap();
        assert_eq!(room.held().unwrap(), 0);
    }
}
