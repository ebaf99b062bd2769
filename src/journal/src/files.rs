//! The small things beside the database: the directory, and the highest sequence number given out.

use crate::disk::Disk;
use crate::error::JournalError;
use std::io;
use std::path::{Path, PathBuf};

const HEAD: &str = "journal.head";
const HEAD_DRAFT: &str = "journal.head.new";
/// A number of 64 bits, a word and a line end fit; a longer file is none of ours.
const MAX_HEAD: u64 = 32;

/// The state directory of a journal, on its disk.
#[derive(Clone)]
pub(crate) struct Place {
    pub disk: Disk,
    pub directory: PathBuf,
}

/// What `journal.head` knows. It is written durably before a number is used (`41 begun`), and once more, not durably, when
/// the claim with that number is on disk (`41 kept`). So it is never behind, and a number that it calls kept was kept.
///
/// If the second write is lost, a loss can go unnoticed; none is ever made up.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Head {
    /// The highest number given out; 0 if none was.
    pub number: u64,
    /// The claim with this number was on disk.
    pub kept: bool,
}

impl Head {
    /// The highest number of which it is certain that a claim with it was kept: numbers have no gaps.
    pub fn kept(self) -> u64 {
        if self.kept { self.number } else { self.number.saturating_sub(1) }
    }
}

impl Place {
    pub fn new(disk: Disk, directory: &Path) -> Self {
        Self { disk, directory: directory.to_owned() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.directory.join(name)
    }

    pub fn make(&self) -> Result<(), JournalError> {
        self.disk.files.make_directory(&self.directory).map_err(JournalError::file("create", &self.directory))
    }

    /// Makes names that were created, renamed or removed durable.
    pub fn sync(&self) -> Result<(), JournalError> {
        self.disk.files.sync_directory(&self.directory).map_err(JournalError::file("sync", &self.directory))
    }

    pub fn exists(&self, path: &Path) -> Result<bool, JournalError> {
        self.disk.files.exists(path).map_err(JournalError::file("look for", path))
    }

    pub fn rename(&self, from: &Path, to: &Path) -> Result<(), JournalError> {
        self.disk.files.rename(from, to).map_err(JournalError::file("rename", from))
    }

    pub fn remove(&self, path: &Path) -> Result<(), JournalError> {
        self.disk.files.remove(path).map_err(JournalError::file("remove", path))
    }

    /// Writes the log of a database over itself. Linux forgets the pages of an fsync that failed: they count as clean, and
    /// are read by everybody, and may never have reached the disk. Copied from such a log, a database would be half new
    /// after a power cut, and no log there to make it whole. Now the checkpoint, which syncs the log first, syncs all of it.
    pub fn renew_log(&self, database: &Path) -> Result<(), JournalError> {
        let log = with_suffix(database, "-wal");
        match self.disk.files.read(&log, u64::MAX) {
            Ok(bytes) if bytes.is_empty() => Ok(()),
            Ok(bytes) => self.disk.files.overwrite(&log, &bytes).map_err(JournalError::file("write", &log)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
            Err(error) => Err(JournalError::file("read", &log)(error)),
        }
    }

    /// A file that makes no sense counts as missing, since a booth that can't count on is worse than one that repeats a
    /// number. A number alone, as older programs wrote it, counts as begun.
    pub fn read_head(&self) -> Result<Head, JournalError> {
        let path = self.path(HEAD);
        let senseless = || {
            tracing::error!("file of the last sequence number makes no sense");
            Ok(Head::default())
        };
        match self.disk.files.read(&path, MAX_HEAD) {
            Ok(bytes) => String::from_utf8(bytes).ok().as_deref().and_then(parse_head).map_or_else(senseless, Ok),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Head::default()),
            Err(error) if error.kind() == io::ErrorKind::FileTooLarge => senseless(),
            Err(error) => Err(JournalError::file("read", &path)(error)),
        }
    }

    /// Records durably that a number is about to be given out.
    pub fn begin(&self, number: u64) -> Result<(), JournalError> {
        let draft = self.path(HEAD_DRAFT);
        let text = format!("{number} begun\n");
        self.disk.files.write(&draft, text.as_bytes()).map_err(JournalError::file("write", &draft))?;
        self.rename(&draft, &self.path(HEAD))?;
        self.sync()
    }

    /// Records that the claim with the number begun last is on disk. In place and of the same length, so that a power cut
    /// leaves the one text or the other.
    pub fn note_kept(&self, number: u64) {
        let path = self.path(HEAD);
        if let Err(error) = self.disk.files.overwrite(&path, format!("{number} kept \n").as_bytes()) {
            // The claim is kept all the same; only a loss of it would go unnoticed.
            tracing::warn!(%error, "failed to note that a number is used");
        }
    }
}

/// Names of the files that SQLite keeps for a database.
pub(crate) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    PathBuf::from(name)
}

fn parse_head(text: &str) -> Option<Head> {
    let mut words = text.split_whitespace();
    let number = words.next()?.parse().ok()?;
    let kept = match words.next() {
        Some("kept") => true,
        Some("begun") | None => false,
        Some(_) => return None,
    };
    words.next().is_none().then_some(Head { number, kept })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn head_survives_what_it_may_find() {
        let dir = tempfile::tempdir().unwrap();
        let place = Place::new(Disk::real(), dir.path());
        assert_eq!(place.read_head().unwrap(), Head::default());
        place.begin(41).unwrap();
        place.begin(42).unwrap();
        assert_eq!(place.read_head().unwrap(), Head { number: 42, kept: false });
        place.note_kept(42);
        assert_eq!(place.read_head().unwrap(), Head { number: 42, kept: true });
        place.begin(43).unwrap();
        assert_eq!(
            (place.read_head().unwrap(), place.read_head().unwrap().kept()),
            (Head { number: 43, kept: false }, 42)
        );
        let check = |text: &str, expect: Head| {
            fs::write(dir.path().join(HEAD), text).unwrap();
            assert_eq!(place.read_head().unwrap(), expect, "{text}");
        };
        check("7\n", Head { number: 7, kept: false });
        for garbage in ["", "-1", "99999999999999999999", "\u{fffd}", "7 kept 8", "7 lost", &"1".repeat(1000)] {
            check(garbage, Head::default());
        }
    }
}
