//! The disks of booths and hub: they can be cut, copied, put back, and be full.

use crate::files;
use crate::mount::Mounted;
use crate::sim::{Fault, Plan, Shared, Sim, lock};
use crate::sqlite::{OpenLedgerError, SqliteLedger, power};
use bilik_journal::disk::{Disk, Files, Room};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

/// What a crash leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Crash {
    /// The program is gone; what it has written is there.
    Killed,
    /// Only what was synced is there.
    PowerCut,
}

/// The disk of a booth or of the hub, in memory.
pub struct Volume {
    mounted: Mounted,
    full: Arc<AtomicBool>,
}

/// Every change fails until room is made.
const FULL: Plan = Plan { fault: Fault::Full, after: 0, lasting: u64::MAX };

impl Volume {
    pub fn new(sim: Sim) -> Self {
        Self { mounted: Mounted::new(sim), full: Arc::default() }
    }

    pub fn directory(&self) -> PathBuf {
        self.mounted.directory.clone()
    }

    /// As the journal sees it.
    pub fn disk(&self) -> Disk {
        let Disk { files, vfs } = files::disk_of(&self.mounted);
        let files = Arc::new(Small { files, sim: Arc::clone(&self.mounted.sim), full: Arc::clone(&self.full) });
        Disk { files, vfs }
    }

    pub fn open_ledger(&self) -> Result<SqliteLedger, OpenLedgerError> {
        SqliteLedger::open_on(&power::disk_of(&self.mounted), &self.mounted.directory.join(power::LEDGER))
    }

    /// Full, or with room again. What the journal gives back of its reserve lasts until this is called.
    pub fn set_full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
        lock(&self.mounted.sim).plan = full.then_some(FULL);
    }

    pub fn is_full(&self) -> bool {
        self.full.load(Ordering::Relaxed)
    }

    /// From now on each place is noted where power could be cut.
    pub fn note_cuts(&self) {
        lock(&self.mounted.sim).cuts = Some(Vec::new());
    }

    /// The places noted since.
    pub fn cuts(&self) -> Vec<Sim> {
        lock(&self.mounted.sim).cuts.take().unwrap_or_default()
    }

    /// The disk as it is now.
    pub fn now(&self) -> Sim {
        lock(&self.mounted.sim).clone()
    }
}

/// What is left of a disk.
pub fn left(mut disk: Sim, crash: Crash) -> Sim {
    (disk.plan, disk.cuts) = (None, None);
    match crash {
        Crash::Killed => disk,
        Crash::PowerCut => disk.cut_exactly(0),
    }
}

/// Files on a disk that may be full.
struct Small {
    files: Arc<dyn Files>,
    sim: Shared,
    full: Arc<AtomicBool>,
}

impl Files for Small {
    fn make_directory(&self, path: &Path) -> io::Result<()> {
        self.files.make_directory(path)
    }
    fn sync_directory(&self, path: &Path) -> io::Result<()> {
        self.files.sync_directory(path)
    }
    fn write(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.write(path, bytes)
    }
    fn overwrite(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.files.overwrite(path, bytes)
    }
    fn read(&self, path: &Path, max: u64) -> io::Result<Vec<u8>> {
        self.files.read(path, max)
    }
    fn read_at(&self, path: &Path, at: u64, bytes: &mut [u8]) -> io::Result<()> {
        self.files.read_at(path, at, bytes)
    }
    fn length(&self, path: &Path) -> io::Result<u64> {
        self.files.length(path)
    }
    fn exists(&self, path: &Path) -> io::Result<bool> {
        self.files.exists(path)
    }
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.files.rename(from, to)
    }
    fn remove(&self, path: &Path) -> io::Result<()> {
        self.files.remove(path)
    }
    fn lock(&self, path: &Path) -> io::Result<Option<Box<dyn Room>>> {
        let room = self.files.lock(path)?;
        let small = |room| Box::new(SmallRoom { room, sim: Arc::clone(&self.sim), full: Arc::clone(&self.full) });
        Ok(room.map(|room| small(room) as Box<dyn Room>))
    }
    fn available(&self, directory: &Path) -> io::Result<u64> {
        if self.full.load(Ordering::Relaxed) { Ok(0) } else { self.files.available(directory) }
    }
}

struct SmallRoom {
    room: Box<dyn Room>,
    sim: Shared,
    full: Arc<AtomicBool>,
}

impl Room for SmallRoom {
    fn held(&self) -> io::Result<u64> {
        self.room.held()
    }

    fn take(&self, bytes: u64) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) { Ok(()) } else { self.room.take(bytes) }
    }

    fn give_back(&self) -> io::Result<()> {
        if self.room.held()? > 0 {
            lock(&self.sim).plan = None;
        }
        // Making a file shorter needs no room.
        let plan = lock(&self.sim).plan.take();
        let result = self.room.give_back();
        lock(&self.sim).plan = plan;
        result
    }
}
