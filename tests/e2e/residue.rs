//! Nothing of a person after the end of their visit: not on the booth's disk, not in its memory.
//!
//! A participant whose every answer is a canary goes through a whole visit by finger. Before the end, all canaries must be
//! found in the booth's memory: that is the proof that the search sees. Two seconds after it, none may be.
//!
//! The test cameras draw flat areas of known colours, so pixels are canaries too: as the cameras give them, and as the screen
//! gets them. A process that forbids core dumps can be read by root only, so these tests need root.

use crate::scene::{Scene, unwatched};
use bilik_tests::booth::Booth;
use bilik_tests::officer::Officer;
use bilik_tests::process::until;
use bilik_tests::specimen::KENARI;
use bilik_tests::story;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::Write as _;
use std::os::unix::fs::FileExt as _;
use std::path::Path;
use std::time::{Duration, Instant};

/// The promise: so long after the end nothing is left.
const GONE_AFTER: Duration = Duration::from_secs(2);

/// Bytes that only this visit can have brought.
#[derive(Clone, Debug)]
struct Canary {
    what: String,
    bytes: Vec<u8>,
}

fn canary(what: &str, bytes: impl Into<Vec<u8>>) -> Canary {
    Canary { what: what.to_owned(), bytes: bytes.into() }
}

/// Every answer as the program may hold it: as typed, as shown, cut off at either end, and each in UTF-16 too.
fn answers() -> Vec<Canary> {
    let person = KENARI;
    let fields = [
        ("NIK", person.nik, "3374 0257 0845 9973"),
        ("KPJ", person.kpj, person.kpj),
        ("name", person.name, person.name),
        ("phone", person.phone, person.phone),
        ("account", person.account, person.account),
        ("balance", person.balance, "47.381.926"),
    ];
    let mut all = Vec::new();
    for (field, typed, shown) in fields {
        let mut forms = vec![typed, &typed[..8], &typed[typed.len() - 8..], shown];
        // "Specimen" stands in the pages' own drafts.
        forms.retain(|form| *form != "Specimen");
        forms.sort_unstable();
        forms.dedup();
        for form in forms {
            all.push(canary(&format!("{field} {form:?}"), form));
            let wide: Vec<u8> = form.encode_utf16().flat_map(u16::to_le_bytes).collect();
            all.push(canary(&format!("{field} {form:?} in UTF-16"), wide));
        }
    }
    all
}

/// Where a canary was found.
#[derive(Debug)]
struct Find {
    what: String,
    place: String,
}

/// A part of a process's memory that the process can write or has written.
struct Region {
    start: u64,
    end: u64,
    name: String,
}

fn regions(pid: u32) -> Vec<Region> {
    let maps = std::fs::read_to_string(format!("/proc/{pid}/maps")).unwrap();
    let stacks = stacks(pid);
    let parse = |line: &str| {
        let mut words = line.split_whitespace();
        let (start, end) = words.next()?.split_once('-')?;
        let (rights, file) = (words.next()?, words.nth(2)?);
        let name = words.collect::<Vec<_>>().join(" ");
        let (start, end) = (u64::from_str_radix(start, 16).ok()?, u64::from_str_radix(end, 16).ok()?);
        // What is mapped from a file and cannot be written is the file's.
        let of_file = file != "0" && !rights.contains('w');
        let kernels = name.starts_with("[v");
        let thread = stacks.iter().find(|(pointer, _)| (start..end).contains(pointer));
        let name = thread.map_or(name, |(_, thread)| format!("stack of {thread}"));
        (rights.starts_with('r') && !of_file && !kernels).then(|| Region {
            start,
            end,
            name: format!("{rights} {name} {} KiB", (end - start) / 1024),
        })
    };
    maps.lines().filter_map(parse).collect()
}

/// Stack pointers and names of a process's threads.
fn stacks(pid: u32) -> Vec<(u64, String)> {
    let tasks = std::fs::read_dir(format!("/proc/{pid}/task")).unwrap().flatten();
    let thread = |task: std::fs::DirEntry| {
        let name = std::fs::read_to_string(task.path().join("comm")).ok()?;
        let call = std::fs::read_to_string(task.path().join("syscall")).ok()?;
        let pointer = call.split_whitespace().rev().nth(1)?.trim_start_matches("0x");
        Some((u64::from_str_radix(pointer, 16).ok()?, name.trim().to_owned()))
    };
    tasks.filter_map(thread).collect()
}

/// Calls back with everything in memory that is not zero, in pieces that overlap.
fn read_memory(pid: u32, mut piece: impl FnMut(&Region, u64, &[u8])) {
    const PIECE: usize = 1 << 20;
    const OVERLAP: usize = 4096;
    let memory = File::open(format!("/proc/{pid}/mem")).unwrap_or_else(|error| {
        panic!("the booth's memory can be read by root only, run this test as root: {error}");
    });
    let zeros = vec![0; PIECE + OVERLAP];
    let mut bytes = vec![0; PIECE + OVERLAP];
    for region in regions(pid) {
        let mut at = region.start;
        while at < region.end {
            let length = bytes.len().min((region.end - at) as usize);
            // A region may end while it is read.
            let Ok(read) = memory.read_at(&mut bytes[..length], at) else { break };
            if read == 0 {
                break;
            }
            if bytes[..read] != zeros[..read] {
                piece(&region, at, &bytes[..read]);
            }
            at += PIECE as u64;
        }
    }
}

fn position(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    // Safe: both lengths are those of the slices. The tests are built without optimisation, so the C library's search.
    let found = unsafe { libc::memmem(haystack.as_ptr().cast(), haystack.len(), needle.as_ptr().cast(), needle.len()) };
    (!found.is_null()).then(|| found as usize - haystack.as_ptr() as usize)
}

/// The first find of every canary in every region.
fn in_memory(pid: u32, canaries: &[Canary]) -> Vec<Find> {
    let mut finds: Vec<Find> = Vec::new();
    read_memory(pid, |region, start, bytes| {
        for canary in canaries {
            if let Some(at) = position(bytes, &canary.bytes) {
                let around = &bytes[at.saturating_sub(48)..(at + canary.bytes.len() + 48).min(bytes.len())];
                let place = format!("{} at {:#x}: {}", region.name, start + at as u64, around.escape_ascii());
                finds.push(Find { what: canary.what.clone(), place });
            }
        }
    });
    finds
}

/// Every file below a folder: journal, its log and reserve, the program's log, temporary files, a core dump.
fn on_disk(folder: &Path, canaries: &[Canary]) -> Vec<Find> {
    let mut finds = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap().flatten() {
        let (path, kind) = (entry.path(), entry.file_type().unwrap());
        if kind.is_dir() {
            finds.extend(on_disk(&path, canaries));
        } else if kind.is_file() {
            let bytes = std::fs::read(&path).unwrap_or_default();
            let held = canaries.iter().filter(|canary| position(&bytes, &canary.bytes).is_some());
            let find = |canary: &Canary| Find { what: canary.what.clone(), place: path.display().to_string() };
            finds.extend(held.map(find));
        }
    }
    finds
}

fn list(finds: &[Find]) -> String {
    let mut text = String::new();
    for find in finds {
        let _ = writeln!(text, "{} in {}", find.what, find.place);
    }
    text
}

/// Pieces of every photograph that the program holds, away from the headers that all files share.
fn photographs(pid: u32) -> Vec<Canary> {
    const BEGINNING: &[u8] = b"\xff\xd8\xff\xe0\x00\x10JFIF";
    let mut found: Vec<Canary> = Vec::new();
    read_memory(pid, |_, _, bytes| {
        let mut from = 0;
        while let Some(at) = position(&bytes[from..], BEGINNING).map(|at| at + from) {
            from = at + BEGINNING.len();
            for offset in [2_000, 20_000, 60_000] {
                let Some(window) = bytes.get(at + offset..at + offset + 24) else { continue };
                let distinct = window.windows(2).filter(|pair| pair[0] != pair[1]).count() > 16;
                if distinct && !found.iter().any(|canary| canary.bytes == window) {
                    found.push(canary(&format!("photograph from byte {offset}"), window));
                }
            }
        }
    });
    found
}

/// The desk under the document, as the test camera draws it.
const DESK: [u8; 3] = [107, 104, 96];

/// Its luma (BT.709, limited range), in which cameras and encoder have their pictures. The mark in the face's picture has the
/// same, so one canary stands for both.
const LUMA: u8 = 105;

/// A row of pixels of the colour on the glass that is nearest to the camera's: as cameras' pictures and as the window's.
/// Conversion and JPEG move it a little.
fn pixels(booth: &mut Booth, what: &str, colour: [u8; 3]) -> Vec<Canary> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("glass.png");
    booth.photograph(&file).unwrap();
    let mut counts = BTreeMap::<[u8; 3], usize>::new();
    for pixel in image::open(&file).unwrap().to_rgb8().pixels() {
        if pixel.0.iter().zip(colour).all(|(shown, drawn)| shown.abs_diff(drawn) <= 8) {
            *counts.entry(pixel.0).or_default() += 1;
        }
    }
    let Some((&[red, green, blue], _)) = counts.iter().max_by_key(|(_, count)| **count) else { return Vec::new() };
    vec![
        canary(&format!("{what}, RGB"), [red, green, blue].repeat(12)),
        canary(&format!("{what}, BGRX"), [blue, green, red, 0].repeat(12)),
        canary(&format!("{what}, BGRA"), [blue, green, red, 255].repeat(12)),
        canary(&format!("{what}, RGBA"), [red, green, blue, 255].repeat(12)),
    ]
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum End {
    Finished,
    LeftAlone,
    EndedByOfficer,
    Left,
    Killed,
    Crashed,
}

/// Fills in everything, photographs everything, talks to the officer. Gives back what was seen in memory meanwhile.
fn visit(booth: &mut Booth, officer: &mut Officer) -> Vec<Canary> {
    story::consent(booth, &mut unwatched).unwrap();
    story::fill_in_as(booth, &KENARI, &mut unwatched).unwrap();
    let (mut document, mut seen) = (Vec::new(), Vec::new());
    let mut look = |booth: &mut Booth, page: &str| {
        if page == "documents" {
            document = pixels(booth, "document", DESK);
            seen = in_memory(booth.pid(), &document);
        }
        Ok(())
    };
    story::photograph(booth, &mut look).unwrap();
    officer.tile_is_taken(1).unwrap();
    officer.focus(1).unwrap();
    booth.sees("Langsung · Sari").unwrap();
    officer.sees_moving("focus-video").unwrap();

    let photographs = photographs(booth.pid());
    assert!(photographs.len() > 3, "the photographs are in memory");
    let mut others = answers();
    others.extend(photographs);
    others.push(canary("luma", [LUMA; 48]));
    seen.extend(in_memory(booth.pid(), &others));
    let kinds = ["NIK", "KPJ", "name", "phone", "account", "balance", "photograph", "document", "luma"];
    for kind in kinds {
        assert!(seen.iter().any(|find| find.what.starts_with(kind)), "{kind} is not seen during the visit");
    }
    others.extend(document);
    others
}

fn end(booth: &mut Booth, officer: &mut Officer, end: End) {
    match end {
        End::Finished => {
            approved(booth, officer);
            story::sign(booth, &mut unwatched).unwrap();
            booth.sees("Klaim Anda sudah diterima").unwrap();
            booth.press("Selesai").unwrap();
        }
        End::LeftAlone => {
            approved(booth, officer);
            // Nobody touches the glass any more: asked after a minute, ended twenty seconds later.
            let question = "Anda masih di sini?";
            booth.sees(question).or_else(|_| booth.sees(question)).unwrap();
        }
        End::EndedByOfficer => {
            officer.page.key("e").unwrap();
            // The dialog's button; another of the same name opens it.
            let find =
                "[...document.querySelectorAll('[role=dialog] button')].find(b => b.innerText === 'Akhiri sesi')";
            officer.page.wait_for(&format!("{find} !== undefined")).unwrap();
            officer.page.evaluate(&format!("{find}.click()")).unwrap();
        }
        End::Left => {
            booth.press("Akhiri").unwrap();
            booth.press("Hapus dan keluar").unwrap();
        }
        End::Killed => booth.power_cycle(1.0).unwrap(),
        End::Crashed => {
            let stat = format!("/proc/{}/stat", booth.pid());
            // As a failed assertion in a C library does. Safe: a signal to a child of ours.
            unsafe { libc::kill(booth.pid() as i32, libc::SIGABRT) };
            // A zombie until it is waited for.
            until("the booth has crashed", || Ok(std::fs::read_to_string(&stat)?.contains(") Z ").then_some(())))
                .unwrap();
            booth.power_cycle(1.0).unwrap();
        }
    }
    booth.sees("Selamat datang.").unwrap();
}

fn approved(booth: &mut Booth, officer: &mut Officer) {
    officer.correct_all().unwrap();
    officer.approve().unwrap();
    booth.sees("Tanda tangani klaim Anda").unwrap();
}

/// The robot's finger has its own buffer for orders; a long one that means nothing takes the place of what was typed.
fn rinse(booth: &mut Booth) {
    assert!(booth.draw("nowhere", &vec![(0.5, 0.5); 1_000]).is_err());
}

/// Core dumps as large as they may be, for the booths that this process starts.
fn allow_core_dumps() {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // Safe: both calls concern the limits of this process only.
    unsafe {
        assert_eq!(libc::getrlimit(libc::RLIMIT_CORE, &mut limit), 0);
        limit.rlim_cur = limit.rlim_max;
        assert_eq!(libc::setrlimit(libc::RLIMIT_CORE, &limit), 0);
    }
}

fn check(ends: &[End]) {
    allow_core_dumps();
    let mut scene = Scene::new();
    let account = scene.account("sari", "Sari");
    let mut officer = scene.officer(&account);
    let mut booth = scene.booth("Bilik 1");
    for way in ends {
        booth.sees("1 petugas siap").unwrap();
        let before = in_memory(booth.pid(), &answers());
        assert!(before.is_empty(), "before the visit:\n{}", list(&before));
        let canaries = visit(&mut booth, &mut officer);
        let asked = Instant::now();
        end(&mut booth, &mut officer, *way);
        let welcome = asked.elapsed();
        rinse(&mut booth);
        // The promise is about time, so time passes.
        std::thread::sleep(GONE_AFTER);
        let memory = in_memory(booth.pid(), &canaries);
        let disk = on_disk(&booth.folder, &canaries);
        let _ = writeln!(
            std::io::stderr(),
            "{way:?}: {} canaries, {} left in memory, {} on disk, {} ms to the welcome page",
            canaries.len(),
            memory.len(),
            disk.len(),
            welcome.as_millis()
        );
        assert!(memory.is_empty() && disk.is_empty(), "after {way:?}:\n{}{}", list(&memory), list(&disk));
        let scratch = std::fs::read_dir(booth.folder.join("tmp")).unwrap().flatten().map(|entry| entry.path());
        assert_eq!(scratch.collect::<Vec<_>>(), Vec::<std::path::PathBuf>::new(), "no core dump, no temporary file");
    }
}

#[test]
fn nothing_stays_when_the_officer_ends_the_visit() {
    check(&[End::EndedByOfficer]);
}

/// `make residue`.
#[test]
#[ignore = "takes minutes: make residue"]
fn nothing_stays_however_a_visit_ends() {
    check(&[End::Finished, End::EndedByOfficer, End::Left, End::Killed, End::Crashed]);
}

/// `make residue`.
#[test]
#[ignore = "waits for a minute and a half: make residue"]
fn nothing_stays_when_nobody_touches_the_glass() {
    check(&[End::LeftAlone]);
}
