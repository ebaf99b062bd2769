//! The simulated disk as the journal sees it: its files beside the database, and the way to them for SQLite.

use crate::mount::Mounted;
use crate::sim::{Fault, Shared, lock};
use crate::vfs;
use bilik_journal::disk::{Disk, Files, Room};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What the disk has free, to those who ask.
const FREE: u64 = 1 << 40;

pub fn disk_of(mounted: &Mounted) -> Disk {
    Disk { files: Arc::new(SimFiles(Arc::clone(&mounted.sim))), vfs: Some(vfs::name()) }
}

struct SimFiles(Shared);

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

fn absent() -> io::Error {
    io::ErrorKind::NotFound.into()
}

impl SimFiles {
    fn look<T>(&self, path: &Path, look: impl FnOnce(&[u8]) -> io::Result<T>) -> io::Result<T> {
        let sim = lock(&self.0);
        let inode = sim.find(name(path)).ok_or_else(absent)?;
        look(sim.contents(inode))
    }
}

impl Files for SimFiles {
    /// There from the start: what an image or an installer made.
    fn make_directory(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn sync_directory(&self, _: &Path) -> io::Result<()> {
        Ok(lock(&self.0).sync_names()?)
    }

    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut sim = lock(&self.0);
        let inode = sim.make(name(path))?;
        sim.resize(inode, 0)?;
        sim.write(inode, 0, bytes)?;
        Ok(sim.sync(inode)?)
    }

    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut sim = lock(&self.0);
        let inode = sim.find(name(path)).ok_or_else(absent)?;
        Ok(sim.write(inode, 0, bytes)?)
    }

    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        self.look(path, |bytes| {
            let fits = bytes.len() as u64 <= max;
            if fits { Ok(bytes.to_vec()) } else { Err(io::ErrorKind::FileTooLarge.into()) }
        })
    }

    fn read_at(&self, path: &Path, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.look(path, |bytes| {
            let from = usize::try_from(at).ok().and_then(|at| bytes.get(at..at + into.len()));
            into.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
            Ok(())
        })
    }

    fn length(&self, path: &Path) -> io::Result<u64> {
        self.look(path, |bytes| Ok(bytes.len() as u64))
    }

    fn exists(&self, path: &Path) -> io::Result<bool> {
        Ok(lock(&self.0).find(name(path)).is_some())
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        if lock(&self.0).rename(name(from), name(to))? { Ok(()) } else { Err(absent()) }
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        if lock(&self.0).remove(name(path))? { Ok(()) } else { Err(absent()) }
    }

    /// The reserve has no content, so there is none to lose: only that asking for room may fail counts here.
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Room>>> {
        lock(&self.0).make(name(path))?;
        Ok(Some(Box::new(Held { disk: Arc::clone(&self.0), bytes: AtomicU64::new(0) })))
    }

    fn available(&self, _: &Path) -> io::Result<u64> {
        Ok(FREE)
    }
}

struct Held {
    disk: Shared,
    bytes: AtomicU64,
}

impl Room for Held {
    fn held(&self) -> io::Result<u64> {
        Ok(self.bytes.load(Ordering::Relaxed))
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        match lock(&self.disk).step() {
            Ok(()) => self.bytes.store(bytes, Ordering::Relaxed),
            // As the real one: too little is no error.
            Err(Fault::Full) => {}
            Err(fault) => return Err(fault.into()),
        }
        Ok(())
    }

    fn give_back(&self) -> io::Result<()> {
        lock(&self.disk).step()?;
        self.bytes.store(0, Ordering::Relaxed);
        Ok(())
    }
}
