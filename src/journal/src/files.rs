//! The small things beside the database: the directory, and the highest sequence number given out.

use crate::error::JournalError;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::Path;

const HEAD: &str = "journal.head";
const HEAD_DRAFT: &str = "journal.head.new";
/// A number of 64 bits and a line end fit; a longer file is none of ours.
const MAX_HEAD: u64 = 32;

/// Makes the directory, for the booth's user alone.
pub(crate) fn make_directory(path: &Path) -> Result<(), JournalError> {
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(JournalError::file("create", path))
}

/// Makes names that were created or renamed in a directory durable.
pub(crate) fn sync_directory(path: &Path) -> Result<(), JournalError> {
    File::open(path).and_then(|d| d.sync_all()).map_err(JournalError::file("sync", path))
}

/// Writes a file whole and durably, replacing an older one. Its directory is the caller's to sync.
pub(crate) fn write_file(path: &Path, bytes: &[u8]) -> Result<(), JournalError> {
    let write = || -> io::Result<()> {
        let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    };
    write().map_err(JournalError::file("write", path))
}

/// The highest sequence number ever given out, as far as this file knows; 0 if there is none.
///
/// It matters only when the database is new: then it is all that is left of the booth's count. A file that makes no sense
/// counts as missing, since a booth that can't count on is worse than one that repeats a number.
pub(crate) fn read_head(state_dir: &Path) -> Result<u64, JournalError> {
    let path = state_dir.join(HEAD);
    let read = || -> io::Result<Option<u64>> {
        if fs::metadata(&path)?.len() > MAX_HEAD {
            return Ok(None);
        }
        Ok(String::from_utf8(fs::read(&path)?).ok().and_then(|text| text.trim_end().parse().ok()))
    };
    match read() {
        Ok(Some(head)) => Ok(head),
        Ok(None) => {
            tracing::error!("file of the last sequence number makes no sense");
            Ok(0)
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(0),
        Err(error) => Err(JournalError::file("read", &path)(error)),
    }
}

/// Records that a number is about to be given out. Written before the commit that uses it, so it is never behind.
pub(crate) fn write_head(state_dir: &Path, head: u64) -> Result<(), JournalError> {
    let (draft, path) = (state_dir.join(HEAD_DRAFT), state_dir.join(HEAD));
    write_file(&draft, format!("{head}\n").as_bytes())?;
    fs::rename(&draft, &path).map_err(JournalError::file("replace", &path))?;
    sync_directory(state_dir)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn head_survives_what_it_may_find() {
        let dir = tempfile::tempdir().unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), 0);
        write_head(dir.path(), 41).unwrap();
        write_head(dir.path(), 42).unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), 42);
        for garbage in ["", "-1", "99999999999999999999", "\u{fffd}", &"1".repeat(1000)] {
            fs::write(dir.path().join(HEAD), garbage).unwrap();
            assert_eq!(read_head(dir.path()).unwrap(), 0, "{garbage}");
        }
    }
}
