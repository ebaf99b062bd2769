//! Which simulated disks there are, and which of them a path is on.

use super::locks::Held;
use super::sim::{Inode, Shared, Sim};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// Disks that SQLite may open files on: by the first part of a path.
static DRIVES: Mutex<BTreeMap<String, Drive>> = Mutex::new(BTreeMap::new());
static NEXT: AtomicU64 = AtomicU64::new(1);

/// A disk in a running machine.
#[derive(Clone)]
pub struct Drive {
    pub sim: Shared,
    open: Arc<Mutex<BTreeMap<Inode, Held>>>,
}

impl Drive {
    /// What is known of files that are open.
    pub fn open(&self) -> MutexGuard<'_, BTreeMap<Inode, Held>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A disk with one directory, until it is dropped.
pub struct Mounted {
    pub sim: Shared,
    pub directory: PathBuf,
    name: String,
}

impl Mounted {
    pub fn new(sim: Sim) -> Self {
        let name = NEXT.fetch_add(1, Ordering::Relaxed).to_string();
        let sim = Arc::new(Mutex::new(sim));
        drives().insert(name.clone(), Drive { sim: Arc::clone(&sim), open: Arc::default() });
        Self { sim, directory: Path::new("/").join(&name), name }
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        drives().remove(&self.name);
    }
}

fn drives() -> MutexGuard<'static, BTreeMap<String, Drive>> {
    DRIVES.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The disk that a path is on, and the file's name there. Each disk has one directory.
pub fn locate(path: &Path) -> Option<(Drive, String)> {
    let mut parts = path.iter().skip(1);
    let drive = drives().get(parts.next()?.to_str()?).cloned()?;
    Some((drive, parts.next()?.to_str()?.to_owned()))
}
