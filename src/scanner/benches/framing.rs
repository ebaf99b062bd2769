//! How fast frames are decoded, and how often memory is asked for: `make bench`.
//!
//! Each decoder gets [`STREAM`] bytes of good frames in the pieces in which a line brings them. The rival is what a program
//! without decoders would do with lines: `BufRead::read_until`, into a new `Vec` for each line or into the same one. Rounds of
//! all take turns, so that a busy machine is slow to all of them; rows tell medians, of ratios too.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use bilik_scanner::framing::{Decoder, Evidence, Output, Payload};
use bilik_scanner::profile::{Column, ColumnsFormat, ContentFormat, FrameCheck, LengthFraming};
use bilik_scanner::profile::{LineFraming, PacketFraming, PayloadSettings, StxEtxFraming};
use bilik_scanner::{Framing, Scan};
use std::alloc::{GlobalAlloc, Layout, System};
use std::hint::black_box;
use std::io::{BufRead, BufReader};
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Instant;

const STREAM: usize = 1 << 20;
/// Bytes that arrive at once.
const PIECE: usize = 64;
const ROUNDS: usize = 31;
/// What a row tells, apart by `|`. The fastest line that is usual has 115,200 baud: 11,520 bytes per second at 8N1.
const TITLES: &str =
    "MB/s|slowest|fastest|to reused Vec|to new Vec|allocations/scan|allocations to new Vec|times 115200 baud";
const TD3: &[u8] = b"P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\rL898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// Counts how often memory is asked for.
struct Counting;
static ALLOCATIONS: AtomicU64 = AtomicU64::new(0);
#[global_allocator]
static ALLOCATOR: Counting = Counting;

// SAFETY: everything is passed on to the system's allocator as it came, with what the caller promises.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.alloc(layout) }
    }
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ALLOCATIONS.fetch_add(1, Relaxed);
        unsafe { System.realloc(block, layout, size) }
    }
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        unsafe { System.dealloc(block, layout) }
    }
}

/// Something to measure: `run` takes the whole stream and returns how many scans it found.
struct Case {
    name: &'static str,
    scans: usize,
    bytes: usize,
    run: Box<dyn FnMut() -> usize>,
    /// MB/s of each round.
    rates: Vec<f64>,
    allocations: u64,
}

impl Case {
    fn new(name: &'static str, scans: usize, bytes: usize, run: impl FnMut() -> usize + 'static) -> Self {
        let (run, rates) = (Box::new(run), Vec::with_capacity(ROUNDS));
        Self { name, scans, bytes: scans * bytes, run, rates, allocations: 0 }
    }
    fn round(&mut self) {
        let (before, start) = (ALLOCATIONS.load(Relaxed), Instant::now());
        let (scans, time) = ((self.run)(), start.elapsed());
        self.allocations = ALLOCATIONS.load(Relaxed) - before;
        assert_eq!(scans, self.scans, "{}", self.name);
        self.rates.push(self.bytes as f64 / time.as_secs_f64() / 1e6);
    }
}

fn decoding(name: &'static str, framing: Framing, frame: &[u8]) -> Case {
    let (stream, now) = (frame.repeat(STREAM / frame.len()), Instant::now());
    Case::new(name, STREAM / frame.len(), frame.len(), move || {
        let (mut decoder, mut found) = (Decoder::new(&framing), 0);
        for piece in stream.chunks(PIECE) {
            let out = &mut |output: Output<'_>| found += usize::from(matches!(output, Output::Payload(_)));
            decoder.push(black_box(piece), now, out);
        }
        found
    })
}

fn reading(name: &'static str, content: ContentFormat, bytes: &'static [u8]) -> Case {
    let (settings, scans) = (PayloadSettings { content, ..PayloadSettings::default() }, STREAM / bytes.len());
    Case::new(name, scans, bytes.len(), move || {
        let payload = Payload { bytes, symbology: None, evidence: Evidence::Terminator };
        (0..scans).filter(|_| black_box(Scan::read(black_box(payload), &settings)).is_ok()).count()
    })
}

fn read_until(name: &'static str, reuse: bool) -> Case {
    let stream = b"3171011708450001\r\n".repeat(STREAM / 18);
    Case::new(name, STREAM / 18, 18, move || {
        let (mut lines, mut line, mut found) = (BufReader::with_capacity(PIECE, &stream[..]), Vec::new(), 0);
        while lines.read_until(b'\n', &mut line).is_ok_and(|count| count > 0) {
            found += usize::from(black_box(&line).len() > 2);
            if reuse { line.clear() } else { line = Vec::new() }
        }
        found
    })
}

fn main() -> std::io::Result<()> {
    let (gap, timeout) = (LineFraming::default(), PacketFraming::default());
    let stx = StxEtxFraming { check: FrameCheck::Lrc, answer: true, ..StxEtxFraming::default() };
    let columns = ColumnsFormat { columns: vec![Column::Nik, Column::Kpj, Column::Name], ..ColumnsFormat::default() };
    let mut cases = [
        read_until("read_until, reused Vec", true),
        read_until("read_until, new Vec", false),
        decoding("line", Framing::Line(gap), b"3171011708450001\r\n"),
        decoding("stx-etx, LRC", Framing::StxEtx(stx), b"\x023171011708450001\x03\x08"),
        decoding("length", Framing::Length(LengthFraming::default()), b"\x00\x103171011708450001"),
        decoding("ssi", Framing::Ssi(timeout), b"\x15\xf3\x00\x00\x033171011708450001\xfb\xce"),
        decoding("newland", Framing::Newland(gap), b"3171011708450001\r"),
        decoding("rte6701", Framing::Rte6701(timeout), &[b"\x01\x60\x00OU\x02\x00", TD3, b"\r\r\x03\x1d"].concat()),
        decoding("elyctis", Framing::Elyctis(timeout), &[b"I\x00\x59", TD3].concat()),
        decoding("magtek", Framing::Magtek(gap), b";3171011708450001?\r"),
        reading("Scan::read, number", ContentFormat::Plain {}, b"3171011708450001"),
        reading("Scan::read, passport", ContentFormat::Plain {}, TD3),
        reading("Scan::read, columns", ContentFormat::Columns(columns), b"3171011708450001|00000000011|ANNA"),
        reading("Scan::read, tracks", ContentFormat::Tracks {}, b"%B3171011708450001^?;3171011708450001=25?"),
    ];
    (0..ROUNDS).for_each(|_| cases.iter_mut().for_each(Case::round));
    println!("{:23}  {}", "", TITLES.replace('|', "  "));
    let ([reused, new, ..], mut rows) = (&cases, Vec::new());
    for case in &cases {
        let (slowest, rate, fastest) = spread(case.rates.iter().copied());
        let to = |rival: &Case| spread(case.rates.iter().zip(&rival.rates).map(|(own, rival)| own / rival)).1;
        let [own, other] = [case, new].map(|case| case.allocations as f64 / case.scans as f64);
        let row = [rate, slowest, fastest, to(reused), to(new), own, own / other, rate * 1e6 / 11_520.0];
        let cells = TITLES.split('|').zip(row).map(|(title, value)| format!("  {value:>0$.2}", title.len()));
        println!("{:23}{}", case.name, cells.collect::<String>());
        rows.push(format!("  {{\"name\": \"{}\", \"row\": {row:.3?}}}", case.name));
    }
    let (titles, rows) = (TITLES.replace('|', "\", \""), rows.join(",\n"));
    let json = format!("{{\"titles\": [\"{titles}\"], \"rows\": [\n{rows}\n]}}\n");
    std::fs::create_dir_all("../../target/bench")?;
    std::fs::write("../../target/bench/scanner.json", json)
}

/// The least, the median and the greatest.
fn spread(values: impl Iterator<Item = f64>) -> (f64, f64, f64) {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    (values[0], values[values.len() / 2], values[values.len() - 1])
}
