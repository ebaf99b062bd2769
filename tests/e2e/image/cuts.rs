//! Power cuts: a booth's first hours are recorded write by write, thousands of cuts are made of that and judged, and some of
//! them are started.
//!
//! `BILIK_CUTS` says how many are judged of each recording, `BILIK_STARTS` how many of those are started, `BILIK_SEED` repeats
//! them. A recording is kept for as long as the image is the same.

use super::claim;
use super::fixture::{INSTALLED, INSTALLER, NOT_ENROLLED, WELCOME, image, install, installed_drives, kept, ready};
use super::update::{OWN, Repack, bring, look_at_updates, restart};
use bilik_tests::machine::Machine;
use bilik_tests::machine::drives::Drives;
use bilik_tests::machine::judge::{Data, Judge, Promised, Slot, Start, Verdict};
use bilik_tests::machine::recording::Recording;
use bilik_tests::machine::replay::{Cut, Fate, SECTOR, choose};
use bilik_tests::machine::tools::tests;
use bilik_tests::machine::writes::{Entry, What};
use std::collections::BTreeMap;
use std::fs::{self, File};
use std::hash::{BuildHasher as _, RandomState};
use std::io::Write as _;
use std::time::Instant;

/// Folder of its files.
const JUDGE: &str = "judge";
const BLANK: &str = "cuts-blank";
const KEPT: &str = "a claim is kept";
const UPDATED: &str = "an update is installed";
const COMMITTED: &str = "an update is committed";

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok()?.parse().ok()
}

/// What a machine does while its writes are recorded.
struct Life {
    name: &'static str,
    before: fn() -> Drives,
    live: fn(&mut Machine),
    /// What the page is after a cut: with nothing promised yet, and then.
    pages: [&'static [&'static str]; 2],
}

const INSTALLATION: Life = Life {
    name: "installation",
    before: blank,
    live: |machine| {
        let stick = machine.drives.installer_stick(None).unwrap();
        machine.power_on(&[&stick]).unwrap();
        install(machine);
        machine.see(INSTALLED).unwrap();
        machine.mark(INSTALLED).unwrap();
        machine.pull_out(&stick).unwrap();
        machine.tap_on("Nyalakan ulang").unwrap();
        machine.see(NOT_ENROLLED).unwrap();
        fs::remove_file(&stick).unwrap();
    },
    pages: [&[INSTALLER, NOT_ENROLLED], &[NOT_ENROLLED]],
};

const CLAIM: Life = Life {
    name: "claim",
    before: ready,
    live: |machine| {
        machine.wake().unwrap();
        machine.mark(INSTALLED).unwrap();
        machine.plug_in_reader().unwrap();
        machine.see(WELCOME).unwrap();
        claim::leave(machine);
        machine.mark(KEPT).unwrap();
    },
    pages: [&[WELCOME], &[WELCOME]],
};

const UPDATE: Life = Life {
    name: "update",
    before: ready,
    live: |machine| {
        let bundle = Repack { version: "0.9.4", keys: OWN, ..Repack::default() }.make();
        machine.wake().unwrap();
        machine.mark(INSTALLED).unwrap();
        machine.plug_in_reader().unwrap();
        let stick = bring(machine, &bundle);
        machine.tap_on("dari stik").unwrap();
        machine.see("Akan dicoba pada").unwrap();
        machine.mark(UPDATED).unwrap();
        machine.pull_out(&stick).unwrap();
        restart(machine);
        machine.see(WELCOME).unwrap();
        look_at_updates(machine);
        machine.see("Diperbarui dari").unwrap();
        machine.mark(COMMITTED).unwrap();
    },
    pages: [&[WELCOME], &[WELCOME]],
};

/// The same one for as long as the image is the same: a recording goes with it.
fn blank() -> Drives {
    kept(BLANK).unwrap_or_else(|| {
        let drives = Drives::blank(BLANK).unwrap();
        fs::write(drives.folder.join("of"), image()).unwrap();
        drives
    })
}

impl Life {
    /// Records it, if that was not done before with the same image and the same drives.
    fn recording(&self, before: &Drives) -> Recording {
        let stage = format!("cuts-{}", self.name);
        let changed = |file| fs::metadata(file).and_then(|found| found.modified()).unwrap();
        if let Some(drives) = kept(&stage)
            && changed(drives.folder.join("of")) >= changed(before.disk())
        {
            return Recording::of(&drives, before).unwrap();
        }
        let mut machine = Machine::recorded(Drives::copy_of(&stage, before).unwrap());
        (self.live)(&mut machine);
        machine.end_recording().unwrap();
        let drives = machine.drives.clone();
        machine.scrap();
        fs::write(drives.folder.join("of"), image()).unwrap();
        Recording::of(&drives, before).unwrap()
    }

    /// Before the first of these entries, nothing had been promised.
    fn promised(recording: &Recording, cut: &Cut) -> Promised {
        let seen = |mark| recording.mark(mark).is_some_and(|entries| entries <= cut.entries);
        Promised { installed: seen(INSTALLED), claims: usize::from(seen(KEPT)) }
    }

    #[allow(clippy::print_stdout, reason = "whoever repeats a run needs its seed, and its figures are for people")]
    fn check(&self) {
        let before = (self.before)();
        let recording = self.recording(&before);
        let seed = number("BILIK_SEED").unwrap_or_else(|| (RandomState::new().hash_one(self.name) >> 32) as usize);
        let cuts = choose(&recording.disk, &recording.together, seed as u64, number("BILIK_CUTS").unwrap_or(300));
        let flushes = recording.disk.iter().filter(|entry| entry.what == What::Flush).count();
        println!(
            "{}: {} writes, {flushes} flushes, {} writes of the firmware's memory; BILIK_SEED={seed} repeats these cuts",
            self.name,
            recording.disk.len() - flushes,
            recording.firmware.len()
        );
        let (began, mut judge) = (Instant::now(), Judge::new(JUDGE, &recording, &before).unwrap());
        let (mut counted, mut broken) = (BTreeMap::new(), Vec::new());
        let mut verdicts: Vec<(Cut, Verdict)> = Vec::new();
        for cut in cuts {
            let verdict = judge.judge(&cut).unwrap();
            *counted.entry(kind(&verdict)).or_insert(0) += 1;
            if let Some(why) = verdict.broken(Self::promised(&recording, &cut)) {
                broken.push(format!("{why}: {cut:?}"));
            }
            verdicts.push((cut, verdict));
        }
        let seconds = began.elapsed().as_secs();
        println!("{}: {} cuts judged in {seconds} s, {} broken: {counted:?}", self.name, verdicts.len(), broken.len());
        assert!(broken.is_empty(), "{}", broken.join("\n"));
        verdicts.sort_by_key(|(_, verdict)| std::cmp::Reverse(verdict.doubt()));
        let starts = number("BILIK_STARTS").unwrap_or(2);
        // Half of them where most is in doubt, half from anywhere.
        let step = (verdicts.len() / starts.max(1)).max(1);
        let chosen: Vec<_> = (0..starts).map(|index| if index % 2 == 0 { index / 2 } else { index * step }).collect();
        for (index, (cut, verdict)) in chosen.into_iter().filter_map(|at| verdicts.get(at)).enumerate() {
            println!("{}: starting {verdict:?} after {} writes and flushes", self.name, cut.entries);
            self.start(index, cut, verdict, &before, &recording);
        }
    }

    /// Makes the drives of a cut, and switches the machine on.
    fn start(&self, index: usize, cut: &Cut, verdict: &Verdict, before: &Drives, recording: &Recording) {
        let drives = Drives::copy_of(&format!("cut-{}-{index}", self.name), before).unwrap();
        let mut judge = Judge::new(JUDGE, recording, before).unwrap();
        let disk = File::options().write(true).open(drives.disk()).unwrap();
        judge.disk(cut).unwrap().write_onto(&disk).unwrap();
        fs::write(drives.firmware(), judge.memory(cut).unwrap()).unwrap();
        let promised = Self::promised(recording, cut);
        let mut machine = Machine::new(drives);
        // As it was left: the stick is in until it may be pulled out.
        let stick = (!promised.installed).then(|| machine.drives.installer_stick(None).unwrap());
        machine.power_on(&stick.iter().map(|stick| stick.as_path()).collect::<Vec<_>>()).unwrap();
        let page = machine.see_any(self.pages[usize::from(promised.installed)]).unwrap().0;
        assert!(page == 0 || verdict.start != Start::Nothing, "a booth starts that was judged not to: {cut:?}");
        machine.scrap();
    }
}

/// In a few words.
fn kind(verdict: &Verdict) -> String {
    let start = match &verdict.start {
        Start::Slot { slot, tries: 0 } => format!("{slot:?}"),
        Start::Slot { slot, .. } => format!("{slot:?} after another"),
        Start::Nothing => "no booth".into(),
        Start::Never => "never".into(),
        Start::Unknown(_) => "not judged".into(),
    };
    let data = match &verdict.data {
        Data::NotMade => "data to be made".into(),
        Data::Closed(_) => "data closed".into(),
        Data::Open { claims, mended } => format!("{claims} claims{}", if *mended { ", mended" } else { "" }),
    };
    format!("{start}, {data}")
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_an_installation() {
    INSTALLATION.check();
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_a_claim() {
    CLAIM.check();
}

#[test]
#[ignore = "make image-test"]
fn cuts_of_an_update() {
    UPDATE.check();
}

/// What the booth owes to its flushes: a drive that takes none for what it is loses booths, and the judge sees it.
#[test]
#[ignore = "make image-test"]
fn a_drive_that_ignores_flushes_is_noticed() {
    let before = (INSTALLATION.before)();
    let mut recording = INSTALLATION.recording(&before);
    for entry in recording.disk.iter_mut().filter(|entry| entry.what == What::Flush) {
        entry.what = What::Discard { at: 0, length: 0 };
    }
    let mut judge = Judge::new(JUDGE, &recording, &before).unwrap();
    let mut broken = choose(&recording.disk, &recording.together, 1, 60).into_iter().filter(|cut| {
        let verdict = judge.judge(cut).unwrap();
        verdict.broken(Life::promised(&recording, cut)).is_some()
    });
    assert!(broken.next().is_some(), "the judge takes anything");
}

/// An installed booth's disk with some of these sectors overwritten.
#[test]
#[ignore = "make image-test"]
fn the_judge_sees_what_is_broken() {
    const TABLE: (&str, u64) = ("", 512);
    const SECOND_TABLE: (&str, u64) = ("", u64::MAX);
    const HEADER: (&str, u64) = ("bilik-data", 0);
    const SECOND_HEADER: (&str, u64) = ("bilik-data", 16 << 10);
    const ROOT_A: (&str, u64) = ("bilik-root-a", 100 << 20);
    const ROOT_B: (&str, u64) = ("bilik-root-b", 3 << 20);
    const KERNEL_A: (&str, u64) = ("bilik-esp-a", 20 << 20);
    const FAT_A: (&str, u64) = ("bilik-esp-a", 0);
    const FAT_B: (&str, u64) = ("bilik-esp-b", 0);
    const ALL: [(&str, u64); 9] = [TABLE, SECOND_TABLE, HEADER, SECOND_HEADER, ROOT_A, ROOT_B, KERNEL_A, FAT_A, FAT_B];

    let before = installed_drives();
    let size = before.disk().metadata().unwrap().len();
    let place = |(label, offset): (&str, u64)| match (label, offset) {
        ("", u64::MAX) => size - SECTOR,
        ("", offset) => offset,
        (label, offset) => before.partition("disk.img", label).unwrap().bytes().start + offset,
    };
    let write = |at| Entry { what: What::Write { at, length: SECTOR, data: 0, through: false }, end: SECTOR };
    let disk = ALL.map(|sector| write(place(sector))).to_vec();
    let mut disk_log = tempfile::tempfile().unwrap();
    disk_log.write_all(&[0xa5; SECTOR as usize]).unwrap();
    let (firmware_log, together) = (tempfile::tempfile().unwrap(), vec![(0, 0), (ALL.len(), 0)]);
    let recording = Recording { disk, disk_log, firmware: vec![], firmware_log, together, marks: vec![] };
    let mut judge = Judge::new(JUDGE, &recording, &before).unwrap();

    let mut check = |written: &[(&str, u64)], start: Start, opens: bool| {
        let fate = |sector| if written.contains(sector) { Fate::Kept } else { Fate::Lost };
        let cut = Cut { entries: ALL.len(), fates: ALL.iter().map(fate).collect(), firmware: 0 };
        let verdict = judge.judge(&cut).unwrap();
        assert_eq!(verdict.start, start, "{written:?}");
        assert_eq!(matches!(verdict.data, Data::Open { .. }), opens, "{written:?}: {verdict:?}");
    };
    let of = |slot, tries| Start::Slot { slot, tries };
    check(&[], of(Slot::A, 0), true);
    check(&[ROOT_A], of(Slot::B, 1), true);
    check(&[ROOT_B], of(Slot::A, 0), true);
    check(&[KERNEL_A], of(Slot::B, 1), true);
    check(&[FAT_A], of(Slot::B, 0), true);
    check(&[ROOT_A, ROOT_B], Start::Never, true);
    check(&[KERNEL_A, ROOT_B], Start::Never, true);
    check(&[FAT_A, FAT_B], Start::Nothing, true);
    check(&[TABLE], of(Slot::A, 0), true);
    check(&[TABLE, SECOND_TABLE], Start::Nothing, false);
    check(&[HEADER], of(Slot::A, 0), true);
    check(&[HEADER, SECOND_HEADER], of(Slot::A, 0), false);
    let _ = fs::remove_dir_all(tests().join(JUDGE));
}
