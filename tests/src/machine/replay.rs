//! Drives as a power cut leaves them, made of what they were before and a log of their writes ([`super::writes`]).
//!
//! A drive may keep in its cache whatever was written since the last flush, and lose any of it; of a write of several
//! sectors it may have kept some. A sector is written whole or not at all.

use super::writes::{Entry, What};
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::BTreeMap;
use std::fs::File;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

pub const SECTOR: u64 = 512;

/// One moment in which the power goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// So many entries of the disk's log had come.
    pub entries: usize,
    /// What has become of those among them that no flush has covered, in their order.
    pub fates: Vec<Fate>,
    /// So many entries of the log of the firmware's memory, which has no cache.
    pub firmware: usize,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    Kept,
    Lost,
    /// Only these of its sectors were kept.
    Torn(Range<u64>),
}

/// Where what was changed stands in the log; zeros stand nowhere. Places are bytes; pieces lie side by side, never across
/// each other.
#[derive(Clone, Debug, Default)]
pub struct Changes {
    pieces: BTreeMap<u64, (u64, Option<u64>)>,
}

/// A drive with its changes.
pub struct Drive<'a> {
    pub before: &'a File,
    pub log: &'a File,
    pub changes: Changes,
}

/// How many of these entries a flush had made durable before the first `entries` of them were there.
pub fn flushed(log: &[Entry], entries: usize) -> usize {
    log[..entries].iter().rposition(|entry| entry.what == What::Flush).map_or(0, |flush| flush + 1)
}

/// Chooses this many cuts. `together` says which lengths of the two logs, in entries, were seen at the same time: rising
/// pairs, from none to all.
///
/// A third falls anywhere, a third anywhere between two flushes, where there is most of them, and a third into writes of the
/// firmware's memory. Of what no flush has covered, a quarter of the cuts keeps all, an eighth nothing, the others any.
pub fn choose(log: &[Entry], together: &[(usize, usize)], seed: u64, count: usize) -> Vec<Cut> {
    let mut chance = StdRng::seed_from_u64(seed);
    let mut borders: Vec<_> = (0..log.len()).filter(|index| log[*index].what == What::Flush).collect();
    borders.insert(0, 0);
    borders.push(log.len());
    let firmware = together.last().map_or(0, |(_, firmware)| *firmware);
    let mut cuts: Vec<_> = (0..count)
        .map(|number| {
            let (entries, firmware) = match number % 3 {
                0 => at_disk(&mut chance, together, 0..log.len() + 1),
                1 => {
                    let after = chance.random_range(0..borders.len() - 1);
                    at_disk(&mut chance, together, borders[after]..borders[after + 1] + 1)
                }
                _ => at_firmware(&mut chance, together, firmware),
            };
            let fates = fates(&mut chance, &log[flushed(log, entries)..entries]);
            Cut { entries, fates, firmware }
        })
        .collect();
    // Each drive is made from the one before it.
    cuts.sort_by_key(|cut| (cut.entries, cut.firmware));
    cuts
}

/// Any of these numbers of entries, and a length of the firmware's log that may have been then.
fn at_disk(chance: &mut StdRng, together: &[(usize, usize)], range: Range<usize>) -> (usize, usize) {
    let entries = chance.random_range(range);
    let (low, high) = around(together, entries, |pair| *pair);
    (entries, chance.random_range(low..=high))
}

fn at_firmware(chance: &mut StdRng, together: &[(usize, usize)], all: usize) -> (usize, usize) {
    let firmware = chance.random_range(0..=all);
    let (low, high) = around(together, firmware, |(disk, firmware)| (*firmware, *disk));
    (chance.random_range(low..=high), firmware)
}

/// The least and the most that the other log can have had when this one had `here` entries.
fn around(
    together: &[(usize, usize)],
    here: usize,
    turned: impl Fn(&(usize, usize)) -> (usize, usize),
) -> (usize, usize) {
    let low = together.iter().map(&turned).take_while(|(own, _)| *own < here).last().map_or(0, |(_, other)| other);
    let high = together.iter().map(&turned).find(|(own, _)| *own > here);
    let high = high.or_else(|| together.last().map(&turned)).map_or(0, |(_, other)| other);
    (low, high)
}

fn fates(chance: &mut StdRng, open: &[Entry]) -> Vec<Fate> {
    let share = match chance.random_range(0..8) {
        0 | 1 => 1.0,
        2 => 0.0,
        3 => 0.1,
        4 => 0.9,
        _ => 0.5,
    };
    let torn = if share == 1.0 { 0.0 } else { 0.1 };
    let fate = |entry: &Entry| match entry.what {
        What::Write { through: true, .. } | What::Flush => Fate::Kept,
        What::Write { length, .. } if length > SECTOR && chance.random_bool(torn) => {
            let sectors = length / SECTOR;
            let from = chance.random_range(0..sectors);
            Fate::Torn(from..chance.random_range(from..sectors) + 1)
        }
        What::Write { .. } | What::Discard { .. } if chance.random_bool(share) => Fate::Kept,
        What::Write { .. } | What::Discard { .. } => Fate::Lost,
    };
    open.iter().map(fate).collect()
}

impl Changes {
    pub fn apply(&mut self, entry: &Entry) {
        self.apply_as(entry, &Fate::Kept);
    }

    pub fn apply_as(&mut self, entry: &Entry, fate: &Fate) {
        match (entry.what, fate) {
            (What::Flush, _) | (_, Fate::Lost) => {}
            (What::Write { at, length, data, .. }, Fate::Kept) => self.put(at, length, Some(data)),
            (What::Write { at, data, .. }, Fate::Torn(sectors)) => {
                let (from, length) = (sectors.start * SECTOR, (sectors.end - sectors.start) * SECTOR);
                self.put(at + from, length, Some(data + from));
            }
            (What::Discard { at, length }, Fate::Kept | Fate::Torn(_)) => self.put(at, length, None),
        }
    }

    fn put(&mut self, at: u64, length: u64, data: Option<u64>) {
        if length == 0 {
            return;
        }
        let end = at + length;
        let before = self.pieces.range(..at).next_back().map(|(start, _)| *start);
        let first = before.unwrap_or(at);
        let touched: Vec<_> = self.pieces.range(first..end).map(|(start, piece)| (*start, *piece)).collect();
        for (start, (length, data)) in touched {
            let stop = start + length;
            if stop <= at {
                continue;
            }
            self.pieces.remove(&start);
            if start < at {
                self.pieces.insert(start, (at - start, data));
            }
            if stop > end {
                self.pieces.insert(end, (stop - end, data.map(|data| data + (end - start))));
            }
        }
        self.pieces.insert(at, (length, data));
    }

    /// The pieces in this part of the drive, cut to it: place, length, where in the log.
    pub fn within(&self, part: Range<u64>) -> impl Iterator<Item = (u64, u64, Option<u64>)> + '_ {
        let first = self.pieces.range(..part.start).next_back().map_or(part.start, |(start, _)| *start);
        self.pieces.range(first..part.end).filter_map(move |(start, (length, data))| {
            let (from, to) = ((*start).max(part.start), (start + length).min(part.end));
            (from < to).then(|| (from, to - from, data.map(|data| data + (from - start))))
        })
    }

    /// The same for the same changes of this part, however they came about.
    pub fn fingerprint(&self, part: Range<u64>) -> u64 {
        let mut hasher = DefaultHasher::new();
        // Pieces that follow each other in the log as on the drive are one, however they were cut.
        let mut last: Option<(u64, u64, Option<u64>)> = None;
        for (at, length, data) in self.within(part) {
            match &mut last {
                Some((from, long, source)) if *from + *long == at && source.map(|source| source + *long) == data => {
                    *long += length;
                }
                _ => {
                    last.inspect(|piece| piece.hash(&mut hasher));
                    last = Some((at, length, data));
                }
            }
        }
        last.hash(&mut hasher);
        hasher.finish()
    }
}

impl Drive<'_> {
    /// Reads these bytes of it.
    pub fn read(&self, part: Range<u64>) -> std::io::Result<Vec<u8>> {
        let length = usize::try_from(part.end - part.start).map_err(std::io::Error::other)?;
        let mut bytes = vec![0; length];
        self.before.read_exact_at(&mut bytes, part.start)?;
        for (at, length, data) in self.changes.within(part.clone()) {
            let from = usize::try_from(at - part.start).map_err(std::io::Error::other)?;
            let piece = &mut bytes[from..from + usize::try_from(length).map_err(std::io::Error::other)?];
            match data {
                Some(data) => self.log.read_exact_at(piece, data)?,
                None => piece.fill(0),
            }
        }
        Ok(bytes)
    }

    /// Writes what was changed over a copy of what was there before.
    pub fn write_onto(&self, copy: &File) -> std::io::Result<()> {
        for (at, length, _) in self.changes.within(0..u64::MAX) {
            copy.write_all_at(&self.read(at..at + length)?, at)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::writes::read;
    use super::super::writes::tests::{SECTOR, made};
    use super::*;
    use std::collections::BTreeSet;
    use std::io::{Cursor, Write as _};

    const SECTORS: u64 = 24;

    /// Writes across each other, a discard, a flush after every fifth.
    fn entries() -> Vec<(u64, u64, u64)> {
        let mut chance = StdRng::seed_from_u64(1);
        let one = |index: u64| {
            let at = chance.random_range(0..SECTORS - 1);
            let length = chance.random_range(1..=SECTORS - at);
            match index % 5 {
                4 => (0, 0, 1),
                3 => (at, length, 4),
                _ => (at, length, 0),
            }
        };
        (0..60).map(one).collect()
    }

    fn file(bytes: &[u8]) -> File {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        file
    }

    #[test]
    fn a_drive_is_what_its_writes_made_of_it() {
        let bytes = made(&entries());
        let log = read(&mut Cursor::new(&bytes), SECTORS * SECTOR).unwrap();
        let before = vec![0xee; (SECTORS * SECTOR) as usize];
        let (old, logged) = (file(&before), file(&bytes));
        let mut drive = Drive { before: &old, log: &logged, changes: Changes::default() };
        let mut plain = before.clone();
        let mut seen = BTreeSet::new();
        for entry in &log {
            drive.changes.apply(entry);
            match entry.what {
                What::Write { at, length, data, .. } => plain[at as usize..(at + length) as usize]
                    .copy_from_slice(&bytes[data as usize..(data + length) as usize]),
                What::Discard { at, length } => plain[at as usize..(at + length) as usize].fill(0),
                What::Flush => {}
            }
            assert_eq!(drive.read(0..SECTORS * SECTOR).unwrap(), plain);
            assert_eq!(drive.read(700..5000).unwrap(), plain[700..5000]);
            let changed = seen.insert(drive.changes.fingerprint(0..SECTORS * SECTOR));
            assert!(changed == (entry.what != What::Flush), "{entry:?}");
        }
        let copy = file(&before);
        drive.write_onto(&copy).unwrap();
        let mut whole = vec![0; before.len()];
        copy.read_exact_at(&mut whole, 0).unwrap();
        assert_eq!(whole, plain);
    }

    #[test]
    fn lost_and_torn_writes_leave_what_was_there() {
        let bytes = made(&[(0, 4, 0), (1, 2, 0), (0, 4, 4)]);
        let log = read(&mut Cursor::new(&bytes), 4 * SECTOR).unwrap();
        let (old, logged) = (file(&[9; 4 * 512]), file(&bytes));
        let check = |fates: [Fate; 3], expect: [u8; 4]| {
            let mut drive = Drive { before: &old, log: &logged, changes: Changes::default() };
            log.iter().zip(&fates).for_each(|(entry, fate)| drive.changes.apply_as(entry, fate));
            let sectors = drive.read(0..4 * SECTOR).unwrap();
            assert_eq!(sectors.chunks(512).map(|sector| sector[0]).collect::<Vec<_>>(), expect, "{fates:?}");
        };
        use Fate::{Kept, Lost, Torn};
        check([Kept, Kept, Lost], [1, 2, 12, 31]);
        check([Lost, Kept, Lost], [9, 2, 12, 9]);
        check([Torn(3..4), Torn(0..1), Lost], [9, 2, 9, 31]);
        check([Kept, Kept, Kept], [0, 0, 0, 0]);
    }

    #[test]
    fn cuts_are_repeated_by_their_seed_and_never_lose_what_was_flushed() {
        let bytes = made(&entries());
        let log = read(&mut Cursor::new(&bytes), SECTORS * SECTOR).unwrap();
        let together = [(0, 0), (10, 5), (10, 9), (40, 9), (60, 30)];
        let cuts = choose(&log, &together, 7, 900);
        assert_eq!(cuts, choose(&log, &together, 7, 900));
        assert_ne!(cuts, choose(&log, &together, 8, 900));
        for cut in &cuts {
            let durable = flushed(&log, cut.entries);
            assert_eq!(durable + cut.fates.len(), cut.entries);
            assert!(durable.is_multiple_of(5) && cut.entries - durable < 5, "{cut:?}");
            let possible = match cut.entries {
                0..10 => 0..=5,
                10 => 0..=9,
                11..40 => 9..=9,
                40 => 9..=30,
                _ => 9..=30,
            };
            assert!(possible.contains(&cut.firmware), "{cut:?}");
        }
        // All places are hit, and every kind of fate.
        assert_eq!(cuts.iter().map(|cut| cut.entries).collect::<BTreeSet<_>>().len(), 61);
        assert_eq!(cuts.iter().map(|cut| cut.firmware).collect::<BTreeSet<_>>().len(), 31);
        let fates = || cuts.iter().flat_map(|cut| &cut.fates);
        assert!(fates().any(|fate| *fate == Fate::Lost) && fates().any(|fate| matches!(fate, Fate::Torn(_))));
    }
}
