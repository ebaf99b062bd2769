//! Copies a partition, with true progress, so that nobody takes it for whole before it is.
//!
//! The first mebibyte, where file systems and loaders have their signatures, is blank until [`Unfinished::finish`]: whatever
//! is cut before then leaves a partition that no firmware and no kernel can start from. What was written is read back from
//! the disk, not from memory.

use super::refusal::Refusal;
use bilik_device::{Failure, Step};
use sha2::{Digest as _, Sha256};
use std::fs::File;
use std::io::{Read as _, Seek as _, SeekFrom, Write as _};
use std::path::{Path, PathBuf};

/// Bytes at a time, and of the head. A multiple of every sector size.
pub const CHUNK: usize = 1 << 20;

/// All but its head is on the disk.
#[must_use = "the partition stays blank"]
pub struct Unfinished {
    file: File,
    path: PathBuf,
    head: Vec<u8>,
}

/// Copies all of `from` to the beginning of `to`, and compares. `moved` is told the bytes of each step: each byte counts
/// once when written and once when verified.
pub fn copy(from: &Path, to: &Path, mut moved: impl FnMut(Step, u64)) -> Result<Unfinished, Refusal> {
    let mut source = File::open(from).map_err(Refusal::io("open", from))?;
    let file = std::fs::OpenOptions::new().read(true).write(true).open(to);
    let mut file = file.map_err(Refusal::io("open", to))?;
    let mut head = vec![0; CHUNK];
    let count = fill(&mut source, &mut head).map_err(Refusal::io("read", from))?;
    head.truncate(count);
    file.write_all(&vec![0; count]).map_err(Refusal::io("write", to))?;
    moved(Step::Writing, count as u64);

    let mut digest = Sha256::new();
    let mut length = 0;
    let mut chunk = vec![0; CHUNK];
    loop {
        let count = fill(&mut source, &mut chunk).map_err(Refusal::io("read", from))?;
        if count == 0 {
            break;
        }
        digest.update(&chunk[..count]);
        file.write_all(&chunk[..count]).map_err(Refusal::io("write", to))?;
        length += count as u64;
        // Otherwise all of it would wait in memory, and the end would come late and at once.
        if length % (16 * CHUNK as u64) == 0 {
            file.sync_data().map_err(Refusal::io("write", to))?;
        }
        moved(Step::Writing, count as u64);
    }
    file.sync_data().map_err(Refusal::io("write", to))?;
    drop_cache(&file, to)?;

    file.seek(SeekFrom::Start(head.len() as u64)).map_err(Refusal::io("read back", to))?;
    let mut back = Sha256::new();
    let mut left = length;
    while left > 0 {
        let most = usize::try_from(left).unwrap_or(CHUNK).min(CHUNK);
        let count = fill(&mut file, &mut chunk[..most]).map_err(Refusal::io("read back", to))?;
        if count == 0 {
            break;
        }
        back.update(&chunk[..count]);
        left -= count as u64;
        moved(Step::Verifying, count as u64);
    }
    if left > 0 || back.finalize() != digest.finalize() {
        return Err(differs(to));
    }
    Ok(Unfinished { file, path: to.to_owned(), head })
}

impl Unfinished {
    /// Makes it what it is to be. Returns the bytes that were read back.
    pub fn finish(mut self) -> Result<u64, Refusal> {
        let Self { file, path, head } = &mut self;
        file.rewind()
            .and_then(|()| file.write_all(head))
            .and_then(|()| file.sync_all())
            .map_err(Refusal::io("write", path))?;
        drop_cache(file, path)?;
        let mut back = vec![0; head.len()];
        file.rewind().and_then(|()| file.read_exact(&mut back)).map_err(Refusal::io("read back", path))?;
        if back == *head { Ok(head.len() as u64) } else { Err(differs(path)) }
    }
}

/// Makes what is on a partition unusable at once, before it is written anew.
pub fn blank(path: &Path) -> Result<(), Refusal> {
    let file = std::fs::OpenOptions::new().write(true).open(path);
    let mut file = file.map_err(Refusal::io("open", path))?;
    file.write_all(&[0; CHUNK]).and_then(|()| file.sync_all()).map_err(Refusal::io("blank", path))
}

/// So that reading asks the disk. Pages are clean by now, so all of them go.
fn drop_cache(file: &File, path: &Path) -> Result<(), Refusal> {
    rustix::fs::fadvise(file, 0, None, rustix::fs::Advice::DontNeed).map_err(Refusal::io("read back", path))
}

fn differs(path: &Path) -> Refusal {
    Refusal::new(Failure::Io, format!("{} does not hold what was written: the disk is failing", path.display()))
}

/// Reads until the buffer is full or the file ends.
fn fill(file: &mut File, buffer: &mut [u8]) -> std::io::Result<usize> {
    let mut filled = 0;
    while filled < buffer.len() {
        match file.read(&mut buffer[filled..]) {
            Ok(0) => break,
            Ok(count) => filled += count,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(filled)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blank_until_finished_then_whole() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        for length in [1, 4096, CHUNK, CHUNK + 1, 3 * CHUNK + 512] {
            let bytes: Vec<u8> = (0..length).map(|i| (i % 251) as u8 + 1).collect();
            std::fs::write(&from, &bytes).unwrap();
            std::fs::write(&to, vec![0xee; length + 4096]).unwrap();
            let mut moved = 0;
            let unfinished = copy(&from, &to, |_, count| moved += count).unwrap();
            let head = length.min(CHUNK);
            assert!(std::fs::read(&to).unwrap()[..head].iter().all(|byte| *byte == 0), "{length}");
            moved += unfinished.finish().unwrap();
            assert_eq!(moved, 2 * length as u64);
            let back = std::fs::read(&to).unwrap();
            assert!(back[..length] == bytes, "{length}");
            assert!(back[length..].iter().all(|byte| *byte == 0xee), "{length}");
        }
    }

    #[test]
    fn a_disk_that_forgets_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("from"), dir.path().join("to"));
        std::fs::write(&from, vec![7; 4 * CHUNK]).unwrap();
        std::fs::write(&to, "").unwrap();
        // As a disk would that loses a block, between writing and reading back.
        let mut moved = 0;
        let result = copy(&from, &to, |_, count| {
            moved += count;
            if moved == 4 * CHUNK as u64 {
                let mut file = std::fs::OpenOptions::new().write(true).open(&to).unwrap();
                file.seek(SeekFrom::Start(2 * CHUNK as u64 + 5)).unwrap();
                file.write_all(&[8]).unwrap();
            }
        });
        assert!(result.err().unwrap().detail.contains("failing"));
        // A device that is full.
        if Path::new("/dev/full").exists() {
            assert_eq!(copy(&from, Path::new("/dev/full"), |_, _| {}).err().unwrap().why, Failure::Full);
        }
        assert!(copy(&from, &dir.path().join("none"), |_, _| {}).is_err());
    }
}
