//! The few things that the ledger does on a disk beside SQLite, behind a seam, so that a simulated disk can fail, tear and
//! forget each of them. A simulated disk gives SQLite a VFS of its own as well.

use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, OpenOptionsExt as _};
use std::path::Path;

/// A log is written over itself in pieces of this many bytes.
const PIECE: usize = 1 << 20;

/// Where a ledger lies.
pub(crate) struct Disk {
    pub files: Box<dyn Files>,
    /// Name of a registered SQLite VFS; none is the platform's own.
    pub vfs: Option<&'static str>,
}

impl Disk {
    /// The machine's own.
    pub fn real() -> Self {
        Self { files: Box::new(RealFiles), vfs: None }
    }
}

/// Files beside the database.
pub(crate) trait Files {
    /// An empty file that only its owner may read, in place of an older one.
    fn make_anew(&self, path: &Path) -> io::Result<()>;
    /// Makes a file durable, then gives it the name under which it counts, durably.
    fn keep_as(&self, path: &Path, name: &Path) -> io::Result<()>;
    /// Writes a file over itself, durably, and so is its name. Not there: good.
    fn renew(&self, path: &Path) -> io::Result<()>;
}

struct RealFiles;

impl Files for RealFiles {
    fn make_anew(&self, path: &Path) -> io::Result<()> {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Err(_) | Ok(()) => {}
        }
        OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map(drop)
    }

    fn keep_as(&self, path: &Path, name: &Path) -> io::Result<()> {
        File::open(path)?.sync_all()?;
        fs::rename(path, name)?;
        sync_directory(name)
    }

    fn renew(&self, path: &Path) -> io::Result<()> {
        let file = match OpenOptions::new().read(true).write(true).open(path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
            file => file?,
        };
        let mut piece = vec![0; PIECE];
        let mut at = 0;
        loop {
            let read = file.read_at(&mut piece, at)?;
            if read == 0 {
                file.sync_all()?;
                return sync_directory(path);
            }
            file.write_all_at(&piece[..read], at)?;
            at += read as u64;
        }
    }
}

/// Makes the names durable that lie beside this one.
fn sync_directory(path: &Path) -> io::Result<()> {
    File::open(path.parent().filter(|dir| !dir.as_os_str().is_empty()).unwrap_or(Path::new(".")))?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_renewed_stays_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("hub.db-wal");
        RealFiles.renew(&path).unwrap();
        assert!(!path.exists());
        for length in [0, 1, PIECE, 2 * PIECE + 17] {
            let bytes: Vec<u8> = (0..length).map(|n| (n % 251) as u8).collect();
            fs::write(&path, &bytes).unwrap();
            RealFiles.renew(&path).unwrap();
            assert!(fs::read(&path).unwrap() == bytes, "{length}");
        }
    }
}
