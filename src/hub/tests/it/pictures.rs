//! Photographs that booths send, good and bad: through the process that decodes them, and through the hub around it.

use crate::bench::Bench;
use crate::claims::{draft, file, receipt, seal};
use crate::commands::text;
use crate::consoles::{SESSION, booth_online, call, snapshot};
use bilik_claim::session::item::Check;
use bilik_hub::Role;
use bilik_hub::admin;
use image::codecs::jpeg::JpegEncoder;
use image::{ExtendedColorType, RgbImage};
use reqwest::StatusCode;
use serde_json::{Value, json};
use std::io::Write as _;
use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

/// A picture of one grey, written by hand: one bit says "as the block before", one "and nothing more".
pub struct Plain {
    pub width: u16,
    pub height: u16,
    /// 1 or 3.
    pub components: u8,
    pub progressive: bool,
    pub scans: usize,
    /// All components in each scan, or one after the other.
    pub interleaved: bool,
}

impl Plain {
    pub fn new(width: u16, height: u16, components: u8) -> Self {
        Self { width, height, components, progressive: false, scans: 1, interleaved: true }
    }

    pub fn progressive(self, scans: usize) -> Self {
        Self { progressive: true, scans, ..self }
    }

    pub fn file(&self) -> Vec<u8> {
        let mut frame = vec![8];
        frame.extend(self.height.to_be_bytes());
        frame.extend(self.width.to_be_bytes());
        frame.push(self.components);
        frame.extend((1..=self.components).flat_map(|name| [name, 0x11, 0]));
        // One code of one bit, for the symbol 0.
        let table = |class: u8| [&[class, 1][..], &[0; 15], &[0]].concat();
        let mut file = [
            vec![0xff, 0xd8],
            segment(0xdb, &[&[0][..], &[1; 64]].concat()),
            segment(if self.progressive { 0xc2 } else { 0xc0 }, &frame),
            segment(0xc4, &[table(0x00), table(0x10)].concat()),
        ]
        .concat();
        let blocks = usize::from(self.width.div_ceil(8)) * usize::from(self.height.div_ceil(8));
        let names: Vec<u8> = (1..=self.components).collect();
        for scan in 0..self.scans {
            let groups = if self.interleaved { names.chunks(3) } else { names.chunks(1) };
            for group in groups {
                let spectrum = match (self.progressive, scan) {
                    (false, _) => [0, 63, 0x00],
                    (true, 0) => [0, 0, 0x01],
                    (true, _) => [0, 0, 0x10],
                };
                let count = u8::try_from(group.len()).unwrap();
                let tables: Vec<u8> = group.iter().flat_map(|name| [*name, 0]).collect();
                file.extend(segment(0xda, &[&[count][..], &tables, &spectrum].concat()));
                let bits = blocks * group.len() * if self.progressive { 1 } else { 2 };
                file.resize(file.len() + bits / 8, 0);
                file.push(0xff >> (bits % 8));
                if bits % 8 == 0 {
                    file.pop();
                }
            }
        }
        file.extend([0xff, 0xd9]);
        file
    }
}

fn segment(marker: u8, content: &[u8]) -> Vec<u8> {
    [&[0xff, marker], &u16::try_from(content.len() + 2).unwrap().to_be_bytes()[..], content].concat()
}

/// A small good photograph.
pub fn small() -> Vec<u8> {
    Plain::new(17, 9, 3).file()
}

/// A photograph as a booth's encoder makes it, of something that is hard to compress.
fn photograph(width: u32, height: u32) -> Vec<u8> {
    let noise = |x: u32, y: u32| (x.wrapping_mul(2_654_435_761) ^ y.wrapping_mul(40_503)).to_be_bytes()[1];
    let picture = RgbImage::from_fn(width, height, |x, y| {
        [(x * 255 / width) as u8, noise(x, y) / 4, (y * 255 / height) as u8].into()
    });
    let mut file = Vec::new();
    JpegEncoder::new_with_quality(&mut file, 90).encode(&picture, width, height, ExtendedColorType::Rgb8).unwrap();
    file
}

fn cut(mut file: Vec<u8>, end: &[u8]) -> Vec<u8> {
    file.truncate(file.len() / 2);
    file.extend(end);
    file
}

fn start() -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bilik-hub"));
    command.arg("decode-image").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
}

fn decode(file: &[u8]) -> Output {
    let mut child = start();
    child.stdin.take().unwrap().write_all(file).unwrap();
    child.wait_with_output().unwrap()
}

#[test]
fn each_file_has_its_exit_code() {
    const BROKEN: Result<&str, i32> = Err(3);
    const TOO_LARGE: Result<&str, i32> = Err(4);
    const ABORTED: Result<&str, i32> = Err(-6);
    let check = |what: &str, file: &[u8], expect: Result<&str, i32>| {
        let output = decode(file);
        let told = text(&output.stdout);
        let code = output.status.code().or_else(|| output.status.signal().map(|signal| -signal)).unwrap();
        let result = if code == 0 { Ok(told.trim_end()) } else { Err(code) };
        assert_eq!(result, expect, "{what}: {}", text(&output.stderr));
    };
    check("the smallest", &Plain::new(1, 1, 1).file(), Ok("1 1"));
    check("small", &small(), Ok("17 9"));
    check("one component after the other", &Plain { interleaved: false, ..Plain::new(17, 9, 3) }.file(), Ok("17 9"));
    check("progressive", &Plain::new(640, 480, 3).progressive(10).file(), Ok("640 480"));
    check("a booth's", &photograph(1600, 1200), Ok("1600 1200"));
    check("as large as allowed", &Plain::new(8000, 5000, 3).file(), Ok("8000 5000"));
    check("as large, progressive", &Plain::new(8000, 5000, 1).progressive(10).file(), Ok("8000 5000"));

    check("nothing", b"", BROKEN);
    check("text", b"no picture", BROKEN);
    check("another format", b"\x89PNG\r\n\x1a\n", BROKEN);
    check("cut off", &cut(photograph(320, 240), b""), BROKEN);
    check("cut off, progressive", &cut(Plain::new(640, 480, 3).progressive(10).file(), b""), BROKEN);
    // Half a picture that says it is whole: a browser shows that half too.
    check("cut off, with an end", &cut(photograph(320, 240), b"\xff\xd9"), Ok("320 240"));
    check("rubbish", &rubbish(), BROKEN);
    check("without tables", &without(&small(), 0xc4), BROKEN);
    check("without quantities", &without(&small(), 0xdb), BROKEN);
    check("something behind it", &[small(), b"<html>".to_vec()].concat(), BROKEN);

    check("a bomb", &Plain { width: 65_500, height: 65_500, ..Plain::new(1, 1, 3) }.header_only(), TOO_LARGE);
    check("too many scans", &Plain::new(8, 8, 3).progressive(65).file(), TOO_LARGE);
    check("thousands of markers", &with_markers(5000), TOO_LARGE);
    check("too long", &vec![0; (8 << 20) + 1], TOO_LARGE);

    // Within the bounds of the header, and still more than it may have.
    check("memory, progressive", &Plain::new(8000, 5000, 3).progressive(1).file(), ABORTED);
    check("memory, by components", &Plain { interleaved: false, ..Plain::new(8000, 5000, 3) }.file(), ABORTED);
}

impl Plain {
    /// Its size and no more than a few blocks.
    fn header_only(&self) -> Vec<u8> {
        let mut file = Plain::new(8, 8, self.components).file();
        let frame = file.windows(2).position(|pair| pair == [0xff, 0xc0]).unwrap();
        file[frame + 5..frame + 7].copy_from_slice(&self.height.to_be_bytes());
        file[frame + 7..frame + 9].copy_from_slice(&self.width.to_be_bytes());
        file
    }
}

/// A header that is good, and behind it bits that are no codes.
fn rubbish() -> Vec<u8> {
    let mut file = Plain::new(640, 480, 3).file();
    let end = file.len() - 2;
    file[end - 300..end].fill(0xa5);
    file
}

fn without(file: &[u8], marker: u8) -> Vec<u8> {
    let at = file.windows(2).position(|pair| pair == [0xff, marker]).unwrap();
    let length = usize::from(u16::from_be_bytes([file[at + 2], file[at + 3]]));
    [&file[..at], &file[at + 2 + length..]].concat()
}

fn with_markers(count: usize) -> Vec<u8> {
    [&small()[..2], segment(0xfe, b"").repeat(count).as_slice(), &small()[2..]].concat()
}

#[test]
fn it_gives_up_what_it_does_not_need() {
    let mut child = start();
    let limits = format!("/proc/{}/limits", child.id());
    let soft_and_hard = |name: &str| {
        let limits = std::fs::read_to_string(&limits).unwrap();
        let line = limits.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let values: Vec<String> = line.split_whitespace().take(2).map(str::to_owned).collect();
        assert_eq!(values[0], values[1], "{name}");
        values[0].clone()
    };
    let patience = Instant::now() + Duration::from_secs(20);
    // The last one of these that it sets.
    while soft_and_hard("Max file size") != "0" {
        assert!(Instant::now() < patience, "no limits");
        std::thread::yield_now();
    }
    for (name, expect) in [("Max cpu time", "5"), ("Max open files", "0"), ("Max processes", "0")] {
        assert_eq!(soft_and_hard(name), expect, "{name}");
    }
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let size = status.lines().find_map(|line| line.strip_prefix("VmSize:")?.trim().strip_suffix(" kB")).unwrap();
    let size = size.parse::<u64>().unwrap() << 10;
    let most: u64 = soft_and_hard("Max address space").parse().unwrap();
    // It may have taken some of it by now.
    assert!((size + (96 << 20)..=size + (128 << 20)).contains(&most), "{size} of {most} bytes");
    child.kill().unwrap();
    child.wait().unwrap();
}

#[tokio::test]
async fn officers_see_what_was_decoded_and_nothing_else() {
    let bench = Bench::start().await;
    let test_booth = bench.enrol("Bilik 1").await;
    let mut booth = booth_online(&test_booth).await;
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let _console = crate::consoles::console_open(&bench, &cookie).await;
    booth.send(&snapshot(1, Check::Pending)).await;
    call(&mut booth).await;
    let mut number = 0;
    let mut check = async |photo: Vec<u8>, expect: Result<(), &str>| {
        number += 1;
        let path = format!("/api/v1/sessions/{SESSION}/documents/face/{number}");
        let put = test_booth.http.put(bench.booths_url(&path)).body(photo.clone()).send().await.unwrap();
        let status = put.status();
        let shown = bench.get(&cookie, &path).await;
        match expect {
            Ok(()) => {
                assert_eq!((status, shown.status()), (StatusCode::NO_CONTENT, StatusCode::OK));
                assert_eq!(shown.bytes().await.unwrap(), photo);
            }
            Err(reason) => {
                let told: Value = put.json().await.unwrap();
                assert_eq!(status, StatusCode::UNPROCESSABLE_ENTITY);
                assert_eq!(told, json!({ "error": "picture", "reason": format!("the photograph {reason}") }));
                assert_eq!(shown.status(), StatusCode::NOT_FOUND);
            }
        }
    };
    check(small(), Ok(())).await;
    check(b"no picture".to_vec(), Err("is no JPEG file")).await;
    let bomb = Plain { width: 65_500, height: 65_500, ..Plain::new(1, 1, 3) }.header_only();
    check(bomb, Err("is of 65500 x 65500 pixels, at most 40000000 are allowed")).await;
    check(rubbish(), Err("cannot be decoded")).await;
    let heavy = Plain::new(8000, 5000, 3).progressive(1).file();
    check(heavy, Err("took its decoder's memory, time or life")).await;
    check(photograph(640, 480), Ok(())).await;
}

#[tokio::test]
async fn a_claim_with_a_bad_photograph_is_kept_and_the_photograph_not_shown() {
    let bench = Bench::start().await;
    let booth = bench.enrol("Bilik 1").await;
    let mut bad = draft(&booth, 10);
    bad.photo = rubbish();
    bad.record.documents[0].digest = bilik_claim::ids::Digest::of(&bad.photo);
    bad.record.documents[0].size = bad.photo.len() as u64;
    receipt(file(&bench, &booth, &seal(&bad)).await);
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let claim = bad.record.claim;
    let get = async |path: &str| bench.get(&cookie, &format!("/api/v1/claims/{claim}{path}")).await;
    let photo = get("/parts/face.jpg").await;
    assert_eq!(photo.status(), StatusCode::UNPROCESSABLE_ENTITY);
    let told: Value = photo.json().await.unwrap();
    assert_eq!(told, json!({ "error": "picture", "reason": "the photograph cannot be decoded" }));
    for path in ["", "/parts/signature.svg"] {
        assert_eq!(get(path).await.status(), StatusCode::OK);
    }
    let target = bench.dir.path().join("export");
    admin::export(&bench.config, claim, &target).unwrap();
    assert_eq!(std::fs::read(target.join("face.jpg")).unwrap(), bad.photo);
}

#[tokio::test]
async fn without_a_decoder_nothing_is_shown_and_the_hub_serves_on() {
    let bench = Bench::with_decoder("/nonexistent").await;
    let booth = bench.enrol("Bilik 1").await;
    receipt(file(&bench, &booth, &seal(&draft(&booth, 10))).await);
    let cookie = bench.login(&bench.officer("sari", Role::Officer)).await;
    let claim = draft(&booth, 10).record.claim;
    for (path, expect) in [("/parts/face.jpg", StatusCode::SERVICE_UNAVAILABLE), ("", StatusCode::OK)] {
        assert_eq!(bench.get(&cookie, &format!("/api/v1/claims/{claim}{path}")).await.status(), expect, "{path}");
    }
}

/// Milliseconds for one photograph, of which the process itself: to be measured with `--release --ignored --nocapture`.
#[test]
#[ignore = "measures"]
#[allow(clippy::print_stderr, reason = "its figures are what it is for")]
fn what_decoding_costs() {
    let measure = |file: &[u8]| {
        let mut times: Vec<_> = (0..15)
            .map(|_| {
                let start = Instant::now();
                decode(file);
                start.elapsed()
            })
            .collect();
        times.sort();
        times[times.len() / 2]
    };
    for (what, file) in [
        ("start of the process", b"no picture".to_vec()),
        ("1600 x 1200", photograph(1600, 1200)),
        ("4000 x 3000", photograph(4000, 3000)),
        ("8000 x 5000, plain", Plain::new(8000, 5000, 3).file()),
        ("8000 x 5000, plain, progressive, 64 scans", Plain::new(8000, 5000, 1).progressive(64).file()),
    ] {
        eprintln!("{what}: {} bytes, {:.1?}", file.len(), measure(&file));
    }
}
