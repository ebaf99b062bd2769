//! A disk that fails: the machine's own, until the operation that it was told to stop at, or with little room.

use crate::disk::{Disk, Files, RealFiles, Room};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

#[derive(Clone)]
pub(crate) struct Faulty {
    /// Operations that change something and still succeed; all later ones fail.
    left: Arc<AtomicI64>,
    /// Room for a reserve, if it is not the machine's.
    room: Option<Small>,
}

impl Faulty {
    /// Power is cut after so many changes.
    pub fn after(changes: i64) -> Self {
        Self { left: Arc::new(AtomicI64::new(changes)), room: None }
    }

    /// With so many bytes free.
    pub fn small(free: u64) -> (Self, Small) {
        let room = Small { free: Arc::new(AtomicU64::new(free)), held: Arc::default() };
        (Self { left: Arc::new(AtomicI64::new(i64::MAX)), room: Some(room.clone()) }, room)
    }

    pub fn disk(&self) -> Disk {
        Disk { files: Arc::new(self.clone()), vfs: None }
    }

    /// Whether an operation was asked for that failed.
    pub fn struck(&self) -> bool {
        self.left.load(Ordering::Relaxed) < 0
    }

    fn change<T>(&self, change: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if self.left.fetch_sub(1, Ordering::Relaxed) <= 0 {
            return Err(io::Error::other("power is cut"));
        }
        change()
    }
}

impl Files for Faulty {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.change(|| RealFiles.make_directory(path))
    }

    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.change(|| RealFiles.sync_directory(path))
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        if self.room.as_ref().is_some_and(|room| room.free.load(Ordering::Relaxed) < bytes.len() as u64) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        self.change(|| RealFiles.write(path, bytes))
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.change(|| RealFiles.overwrite(path, bytes))
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        RealFiles.read(path, max)
    }

    fn read_at(&self, path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        RealFiles.read_at(path, at, bytes)
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        RealFiles.length(path)
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        RealFiles.exists(path)
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| RealFiles.rename(from, to))
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        self.change(|| RealFiles.remove(path))
    }

    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Room>>> {
        match &self.room {
            Some(room) => Ok(Some(Box::new(room.clone()))),
            None => RealFiles.lock(path),
        }
    }

    fn available(&self, directory: &Path) -> io::Result<u64> {
        match &self.room {
            Some(room) => Ok(room.free.load(Ordering::Relaxed)),
            None => RealFiles.available(directory),
        }
    }
}

/// A file system of a few bytes.
#[derive(Clone)]
pub(crate) struct Small {
    pub free: Arc<AtomicU64>,
    pub held: Arc<AtomicU64>,
}

impl Room for Small {
    fn held(&self) -> io::Result<u64> {
        Ok(self.held.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        let more = bytes - self.held.swap(bytes, Ordering::Relaxed);
        assert!(more <= self.free.fetch_sub(more, Ordering::Relaxed), "more than there is");
        Ok(())
    }

    fn give_back(&self) -> io::Result<()> {
        self.free.fetch_add(self.held.swap(0, Ordering::Relaxed), Ordering::Relaxed);
        Ok(())
    }
}
