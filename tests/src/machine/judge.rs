//! What becomes of a booth when power was cut: said of its drives, without starting them, by what a start would find.
//!
//! ```text
//!   firmware: BootNext, BootOrder ──► a slot's loader: signed? ──► its root: whole? ──► its data: opened, mended, claims counted
//!        ▲         next entry ◄──────────── no                        no
//!        └───────────────────── BootNext = other slot ◄───────────────┘
//! ```
//!
//! The same tools answer as in the booth (`sfdisk`, `cryptsetup`, `e2fsck`, `veritysetup`) and as in the firmware's place
//! `sbverify`. A part of the disk that was not changed since it was last asked about is not asked about again, so thousands of
//! cuts take minutes. Sectors of the data partition that were never written count as zeros inside.

mod data;
mod slots;
mod start;

use self::data::DataJudge;
use self::slots::{Loader, Slots};
use self::start::start;
pub use self::start::{Slot, Start};
use super::drives::{self, Drives, Partition};
use super::firmware;
use super::recording::Recording;
use super::replay::{Changes, Cut, Drive, flushed};
use super::tools::{script, tests};
use anyhow::Context as _;
use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt as _;

/// Both tables of partitions lie within this much of the disk's ends, in bytes.
const ENDS: u64 = 1 << 20;
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Data {
    /// The next start makes it.
    NotMade,
    /// Nothing can be kept there, for this reason.
    Closed(String),
    /// How many claims it has, and whether the file system needed more than its journal.
    Open { claims: usize, mended: bool },
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    pub start: Start,
    pub data: Data,
}

/// What had been promised before the cut.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Promised {
    /// There is a booth on this disk.
    pub installed: bool,
    /// Claims of which the screen had said that they are kept.
    pub claims: usize,
}

impl Verdict {
    /// Why this must not be, if it must not.
    pub fn broken(&self, promised: Promised) -> Option<String> {
        let starts = match &self.start {
            Start::Slot { .. } => true,
            Start::Nothing if promised.installed => return Some("nothing on the disk starts".into()),
            Start::Nothing | Start::Unknown(_) => false,
            Start::Never => return Some("it starts again and again".into()),
        };
        match &self.data {
            Data::Closed(why) if starts || promised.installed => Some(format!("the data is not opened: {why}")),
            Data::NotMade if promised.installed => Some("the data would be made anew".into()),
            Data::Open { claims, .. } if *claims < promised.claims => {
                Some(format!("{} claims were called kept, {claims} are there", promised.claims))
            }
            Data::NotMade | Data::Closed(_) if promised.claims > 0 => Some("kept claims are gone".into()),
            Data::NotMade | Data::Closed(_) | Data::Open { .. } => None,
        }
    }

    /// The higher, the more is to be learned from starting it.
    pub fn doubt(&self) -> usize {
        let start = match &self.start {
            Start::Slot { tries, .. } => 4 * tries,
            Start::Nothing => 1,
            Start::Never | Start::Unknown(_) => 100,
        };
        let data = match &self.data {
            Data::Open { mended, .. } => usize::from(*mended) * 2,
            Data::NotMade => 1,
            Data::Closed(_) => 50,
        };
        start + data
    }
}

/// Judges the cuts of one recording, in their order.
pub struct Judge<'a> {
    recording: &'a Recording,
    before: File,
    size: u64,
    /// All that was flushed before the last cut, and how many entries that were.
    durable: Changes,
    entries: usize,
    memory: Vec<u8>,
    memory_before: Vec<u8>,
    memory_entries: usize,
    tables: HashMap<u64, Vec<Partition>>,
    slots: Slots,
    data: DataJudge,
    folder: String,
}

impl<'a> Judge<'a> {
    /// Works in a folder of this name, on a recording of a machine that had these drives before.
    pub fn new(folder: &str, recording: &'a Recording, before: &Drives) -> anyhow::Result<Self> {
        let at = tests().join(folder);
        let _ = fs::remove_dir_all(&at);
        fs::create_dir_all(&at)?;
        let disk = File::open(before.disk()).context("failed to open the disk as it was before")?;
        let memory = fs::read(before.firmware()).context("failed to read the firmware's memory as it was before")?;
        Ok(Self {
            recording,
            size: disk.metadata()?.len(),
            before: disk,
            durable: Changes::default(),
            entries: 0,
            memory: memory.clone(),
            memory_before: memory,
            memory_entries: 0,
            tables: HashMap::new(),
            slots: Slots::new(folder),
            data: DataJudge::new(folder),
            folder: folder.to_owned(),
        })
    }

    /// The disk after this cut. Cuts have to come in their order.
    pub fn disk(&mut self, cut: &Cut) -> anyhow::Result<Drive<'_>> {
        let (durable, log) = (flushed(&self.recording.disk, cut.entries), &self.recording.disk);
        anyhow::ensure!(self.entries <= durable, "cuts have to be judged in their order");
        log[self.entries..durable].iter().for_each(|entry| self.durable.apply(entry));
        self.entries = durable;
        let mut changes = self.durable.clone();
        log[durable..].iter().zip(&cut.fates).for_each(|(entry, fate)| changes.apply_as(entry, fate));
        Ok(Drive { before: &self.before, log: &self.recording.disk_log, changes })
    }

    /// The firmware's memory after this cut.
    pub fn memory(&mut self, cut: &Cut) -> anyhow::Result<&[u8]> {
        if cut.firmware < self.memory_entries {
            self.memory.clone_from(&self.memory_before);
            self.memory_entries = 0;
        }
        let mut changes = Changes::default();
        self.recording.firmware[self.memory_entries..cut.firmware].iter().for_each(|entry| changes.apply(entry));
        for (at, length, data) in changes.within(0..u64::MAX) {
            let (from, to) = (usize::try_from(at)?, usize::try_from(at + length)?);
            let piece = self.memory.get_mut(from..to).context("the log is of a larger memory")?;
            match data {
                Some(data) => self.recording.firmware_log.read_exact_at(piece, data)?,
                None => piece.fill(0),
            }
        }
        self.memory_entries = cut.firmware;
        Ok(&self.memory)
    }

    /// What the next start after this cut ends in.
    ///
    /// # Errors
    ///
    /// If a tool fails in a way that is not an answer.
    pub fn judge(&mut self, cut: &Cut) -> anyhow::Result<Verdict> {
        let boot = firmware::read(self.memory(cut)?);
        let changes = self.disk(cut)?.changes;
        let drive = Drive { before: &self.before, log: &self.recording.disk_log, changes };
        let partitions = partitions(&drive, self.size, &mut self.tables, &self.folder)?;
        let part = |label: &str| partitions.iter().find(|part| part.name.as_deref() == Some(label));
        let place = |label: &str| part(label).map(Partition::bytes);
        let of = |slot: Slot, kind: &str| match slot {
            Slot::A => place(&format!("bilik-{kind}-a")),
            Slot::B => place(&format!("bilik-{kind}-b")),
        };
        let loaders = [(Slot::A, "bilik-esp-a"), (Slot::B, "bilik-esp-b")];
        let known = loaders.iter().filter_map(|(slot, label)| Some((*slot, part(label)?.uuid.to_lowercase())));
        let slots = std::cell::RefCell::new(&mut self.slots);
        let start = match boot {
            Err(error) => Start::Unknown(format!("{error:#}")),
            Ok(boot) => start(
                &boot,
                &known.collect::<Vec<_>>(),
                |slot| of(slot, "esp").map_or(Ok(Loader::None), |at| slots.borrow_mut().loader(&drive, at)),
                |slot, hash| of(slot, "root").map_or(Ok(false), |at| slots.borrow_mut().root(&drive, at, hash)),
            )?,
        };
        let data = match place("bilik-data") {
            Some(at) => self.data.judge(&drive, &self.recording.disk, at)?,
            None => Data::Closed("there is no partition for it".into()),
        };
        Ok(Verdict { start, data })
    }
}

fn partitions(
    drive: &Drive<'_>,
    size: u64,
    tables: &mut HashMap<u64, Vec<Partition>>,
    folder: &str,
) -> anyhow::Result<Vec<Partition>> {
    let ends: [Range<u64>; 2] = [0..ENDS, size - ENDS..size];
    let [first, last] = ends.clone().map(|end| drive.changes.fingerprint(end));
    let key = first ^ last.rotate_left(1);
    if let Some(known) = tables.get(&key) {
        return Ok(known.clone());
    }
    let file = File::create(tests().join(folder).join("table.img"))?;
    file.set_len(size)?;
    for end in ends {
        file.write_all_at(&drive.read(end.clone())?, end.start)?;
    }
    // It falls back to the second table, as firmware and kernel do, and fails without any.
    let said =
        script(folder, "sfdisk --json table.img 2>/dev/null || echo '{\"partitiontable\":{\"partitions\":[]}}'", &[])?;
    let found = drives::partitions(&said)?;
    tables.insert(key, found.clone());
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_must_not_be() {
        let starts = Start::Slot { slot: Slot::A, tries: 0 };
        let open = |claims| Data::Open { claims, mended: false };
        let check = |start: &Start, data: Data, installed, claims, expect: bool| {
            let verdict = Verdict { start: start.clone(), data };
            assert_eq!(verdict.broken(Promised { installed, claims }).is_some(), expect, "{verdict:?}");
        };
        let closed = || Data::Closed("specimen".into());
        check(&starts, open(1), true, 1, false);
        check(&starts, open(2), true, 1, false);
        check(&starts, open(0), true, 1, true);
        check(&starts, closed(), true, 0, true);
        check(&starts, closed(), false, 0, true);
        check(&starts, Data::NotMade, true, 0, true);
        check(&starts, Data::NotMade, false, 0, false);
        check(&Start::Nothing, open(0), false, 0, false);
        check(&Start::Nothing, closed(), false, 0, false);
        check(&Start::Nothing, open(0), true, 0, true);
        check(&Start::Never, open(0), false, 0, true);
        check(&Start::Unknown("specimen".into()), open(1), true, 1, false);
        check(&Start::Unknown("specimen".into()), open(0), true, 1, true);
    }
}
