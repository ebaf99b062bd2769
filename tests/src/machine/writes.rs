//! Every write of a drive in its order, as QEMU's block layer (`blklogwrites`) keeps it in a second file.
//!
//! The format is that of Linux' dm-log-writes, numbers in little endian. The first sector says what it is: magic, version,
//! count of entries, size of a sector. Each entry is a sector with place and length in sectors, flags, and a length that only
//! marks have; what was written follows it. QEMU brings the count up to date with each flush and at its end.

use anyhow::{Context as _, bail, ensure};
use std::io::{Read, Seek, SeekFrom};

const MAGIC: u64 = 0x6a_73_66_77_73_68_72;
const VERSION: u64 = 1;
const FLUSH: u64 = 1;
const THROUGH: u64 = 2;
const DISCARD: u64 = 4;
/// Sizes of sectors that drives have, in bytes.
const SECTORS: std::ops::RangeInclusive<u64> = 512..=4096;

/// What was asked of a drive, one request. Places and lengths are bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Entry {
    pub what: What,
    /// Where the log ended behind it.
    pub end: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum What {
    /// `data` is where the bytes stand in the log; `through` says that they were not to wait in the drive's cache.
    Write {
        at: u64,
        length: u64,
        data: u64,
        through: bool,
    },
    /// QEMU's drives read zeros there afterwards.
    Discard {
        at: u64,
        length: u64,
    },
    Flush,
}

/// Reads the log of a drive of this size.
///
/// # Errors
///
/// Anything that is not a whole log of such a drive, with the entry that is wrong.
pub fn read(log: &mut (impl Read + Seek), drive: u64) -> anyhow::Result<Vec<Entry>> {
    let size = log.seek(SeekFrom::End(0))?;
    // QEMU begins it with the first request.
    if size == 0 {
        return Ok(Vec::new());
    }
    let [magic, version, count, sector] =
        numbers(log, 0).context("this is not a log of writes: it is shorter than one line of it")?;
    ensure!(magic == MAGIC && version == VERSION, "this is not a log of writes: it begins with {magic:x}, {version}");
    // Behind the size, which has four bytes, is nothing.
    ensure!(SECTORS.contains(&sector) && sector.is_power_of_two(), "sectors of {sector} bytes are not a drive's");
    ensure!(count < size / sector, "{count} entries do not fit into {size} bytes; was QEMU ended by its `quit`?");
    let mut found = Vec::new();
    let mut next = sector;
    for number in 1..=count {
        let entry = entry(log, next, sector, drive).with_context(|| format!("entry {number} of {count}"))?;
        ensure!(entry.end <= size, "entry {number} of {count} is cut off; was QEMU ended by its `quit`?");
        next = entry.end;
        found.push(entry);
    }
    ensure!(next == size, "behind the {count} entries there is more; was QEMU ended by its `quit`?");
    Ok(found)
}

fn entry(log: &mut (impl Read + Seek), place: u64, sector: u64, drive: u64) -> anyhow::Result<Entry> {
    let [at, length, flags, mark] = numbers(log, place)?;
    let bytes = |sectors: u64| sectors.checked_mul(sector).context("it is larger than any drive");
    let (at, length) = (bytes(at)?, bytes(length)?);
    let inside = at.checked_add(length).is_some_and(|end| end <= drive);
    ensure!(inside, "{length} bytes at {at} lie outside of the drive, which has {drive}");
    ensure!(mark == 0, "it is a mark, and QEMU makes none");
    let data = place + sector;
    let (what, end) = match flags {
        0 | THROUGH => (What::Write { at, length, data, through: flags == THROUGH }, data + length),
        DISCARD => (What::Discard { at, length }, data),
        FLUSH if length == 0 => (What::Flush, data),
        _ => bail!("flags {flags:x} with {length} bytes are not known"),
    };
    Ok(Entry { what, end })
}

fn numbers(log: &mut (impl Read + Seek), place: u64) -> anyhow::Result<[u64; 4]> {
    let mut bytes = [[0; 8]; 4];
    log.seek(SeekFrom::Start(place))?;
    log.read_exact(bytes.as_flattened_mut()).context("the log ends here; was QEMU ended by its `quit`?")?;
    Ok(bytes.map(u64::from_le_bytes))
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use std::io::Cursor;

    pub const SECTOR: u64 = 512;

    /// A log as QEMU writes it: place and length in sectors, flags; each sector is filled with a byte that
    /// tells entry and sector apart.
    pub fn made(entries: &[(u64, u64, u64)]) -> Vec<u8> {
        let line = |numbers: [u64; 4]| {
            let mut line = numbers.map(u64::to_le_bytes).as_flattened().to_vec();
            line.resize(SECTOR as usize, 0);
            line
        };
        let mut log = line([MAGIC, VERSION, entries.len() as u64, SECTOR]);
        for (index, (at, length, flags)) in entries.iter().enumerate() {
            log.extend(line([*at, *length, *flags, 0]));
            if matches!(*flags, 0 | THROUGH) {
                let sector = |number| [(index as u64 + 1 + 10 * number) as u8; SECTOR as usize];
                log.extend((0..*length).flat_map(sector));
            }
        }
        log
    }

    const DRIVE: u64 = 64 * SECTOR;
    const GOOD: [(u64, u64, u64); 5] = [(0, 2, 0), (8, 1, THROUGH), (0, 0, FLUSH), (4, 8, DISCARD), (63, 1, 0)];

    #[test]
    fn a_log_is_read_in_its_order() {
        let log = made(&GOOD);
        let found = read(&mut Cursor::new(&log), DRIVE).unwrap();
        let what: Vec<_> = found.iter().map(|entry| entry.what).collect();
        let expect = [
            What::Write { at: 0, length: 1024, data: 1024, through: false },
            What::Write { at: 4096, length: 512, data: 2560, through: true },
            What::Flush,
            What::Discard { at: 2048, length: 4096 },
            What::Write { at: 63 * 512, length: 512, data: 4608, through: false },
        ];
        assert_eq!(what, expect);
        assert_eq!(found.iter().map(|entry| entry.end).collect::<Vec<_>>(), [2048, 3072, 3584, 4096, 5120]);
        for empty in [vec![], made(&[])] {
            assert_eq!(read(&mut Cursor::new(empty), DRIVE).unwrap(), []);
        }
    }

    #[test]
    fn what_is_no_whole_log_is_refused() {
        let check = |log: Vec<u8>, expect: &str| {
            let error = read(&mut Cursor::new(log), DRIVE).unwrap_err();
            assert!(format!("{error:#}").contains(expect), "{expect:?} is not in {error:#}");
        };
        let changed = |at: usize, bytes: &[u8]| {
            let mut log = made(&GOOD);
            log[at..at + bytes.len()].copy_from_slice(bytes);
            log
        };
        check(vec![0; 31], "not a log of writes");
        check(b"QFI\xfb".repeat(1000), "not a log of writes");
        check(changed(8, &[2]), "not a log of writes");
        for size in [0_u32, 1, 511, 513, 8192, u32::MAX] {
            check(changed(24, &size.to_le_bytes()), "are not a drive's");
        }
        check(changed(16, &u64::MAX.to_le_bytes()), "do not fit");
        check(changed(16, &[6]), "entry 6 of 6");
        check(changed(16, &[4]), "there is more");
        // The first entry's place, length, flags, mark.
        check(changed(512, &[63]), "entry 1 of 5: 1024 bytes at 32256 lie outside");
        check(changed(512, &u64::MAX.to_le_bytes()), "larger than any drive");
        check(changed(520, &(u64::MAX / 512).to_le_bytes()), "lie outside");
        check(changed(528, &[FLUSH as u8]), "flags 1 with 1024 bytes");
        check(changed(528, &[8]), "flags 8");
        check(changed(536, &[1]), "it is a mark");
        let whole = made(&GOOD);
        for length in 1..whole.len() {
            assert!(read(&mut Cursor::new(&whole[..length]), DRIVE).is_err(), "{length} of {} bytes", whole.len());
        }
    }
}
