//! Disk space held back, so that a full disk shows before a session and never in the middle of one.
//!
//! A file of fixed size is allocated while there is room. When a commit finds the disk full, the file is emptied and the
//! commit tried again; afterwards the file takes what is left. Until it is whole again there is no room for a new session.

use crate::disk::Room;
use crate::error::JournalError;
use crate::files::Place;
use crate::pack::MAX_CLAIM;
use std::path::PathBuf;

/// Bytes held back: a claim is written twice (to the log, then to the database), and erasing one once the disk is full
/// takes the log once more, out of what the log of keeping it has left.
pub const RESERVE: u64 = 2 * MAX_CLAIM + SLACK;

/// Bytes for page headers, indices and small rows around a claim.
const SLACK: u64 = 16 << 20;
const FILE: &str = "journal.reserve";

pub(crate) struct Reserve {
    room: Box<dyn Room>,
    path: PathBuf,
    place: Place,
    size: u64,
}

impl Reserve {
    /// Locks the journal and fills the reserve as far as the disk allows.
    pub fn take(place: &Place, size: u64) -> Result<Self, JournalError> {
        let path = place.path(FILE);
        let room = place.disk.files.lock(&path).map_err(JournalError::file("lock", &path))?;
        let room = room.ok_or_else(|| JournalError::InUse(place.directory.clone()))?;
        let reserve = Self { room, path, place: place.clone(), size };
        reserve.fill()?;
        Ok(reserve)
    }

    /// Gives the space back to whoever needs it now. Says whether there was any.
    pub fn release(&self) -> Result<bool, JournalError> {
        let held = self.held()?;
        self.room.give_back().map_err(JournalError::file("empty", &self.path))?;
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
        self.room.take(reachable).map_err(JournalError::file("allocate", &self.path))?;
        Ok(self.held()? >= self.size)
    }

    /// Bytes that the file system has for us.
    pub fn available(&self) -> Result<u64, JournalError> {
        let directory = &self.place.directory;
        self.place.disk.files.available(directory).map_err(JournalError::file("ask for the space of", directory))
    }

    fn held(&self) -> Result<u64, JournalError> {
        self.room.held().map_err(JournalError::file("look at", &self.path))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::Disk;
    use crate::tests::faulty::Faulty;
    use std::fs::File;
    use std::path::Path;
    use std::sync::atomic::Ordering;

    const SIZE: u64 = 1 << 20;

    #[test]
    fn reserve_is_taken_and_given_back() {
        let dir = tempfile::tempdir().unwrap();
        let reserve = Reserve::take(&Place::new(Disk::real(), dir.path()), SIZE).unwrap();
        assert!(reserve.held().unwrap() >= SIZE);
        assert!(reserve.release().unwrap());
        assert!(!reserve.release().unwrap());
        assert_eq!(reserve.held().unwrap(), 0);
        assert!(reserve.fill().unwrap());
        assert!(reserve.fill().unwrap());
    }

    #[test]
    fn sparse_file_holds_nothing() {
        let dir = tempfile::tempdir().unwrap();
        File::create(dir.path().join(FILE)).unwrap().set_len(SIZE).unwrap();
        let reserve = Reserve::take(&Place::new(Disk::real(), dir.path()), SIZE).unwrap();
        assert!(reserve.held().unwrap() >= SIZE);
    }

    #[test]
    fn reserve_takes_what_a_full_disk_can_spare() {
        let check = |free: u64, whole: bool, held: u64| {
            let (faulty, room) = Faulty::small(free);
            let reserve = Reserve::take(&Place::new(faulty.disk(), Path::new("/")), SIZE).unwrap();
            assert_eq!((reserve.fill().unwrap(), room.held.load(Ordering::Relaxed)), (whole, held), "{free}");
            assert_eq!(reserve.release().unwrap(), held > 0, "{free}");
            assert_eq!(room.free.load(Ordering::Relaxed), free);
        };
        check(SLACK + 2 * SIZE, true, SIZE);
        check(SLACK + SIZE, true, SIZE);
        check(SLACK + SIZE - 1, false, SIZE - 1);
        check(SLACK, false, 0);
        check(0, false, 0);
    }
}
