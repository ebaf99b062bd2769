//! A reader's session in a file, to be shown again without the reader.
//!
//! One JSON object a line: `{"ms":1204,"received":"333137.."}`. Recordings go from hand to hand, so digits and letters are
//! masked unless it is asked otherwise: what a framing does can be seen without knowing whose card it was.

use super::print::Printer;
use anyhow::Context as _;
use bilik_scanner::framing::Decoder;
use bilik_scanner::{Profile, Scan, Unreadable};
use serde::Deserialize;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::time::{Duration, Instant};

/// Longest line of a recording, in bytes.
const LONGEST: u64 = 64 * 1024;

#[derive(Deserialize)]
struct Note {
    ms: u64,
    #[serde(default)]
    received: String,
}

/// Writes a recording.
#[cfg(feature = "technician")]
pub struct Recorder {
    file: std::fs::File,
    begun: Instant,
    unmasked: bool,
}

/// A build without recordings: there is never one.
#[cfg(not(feature = "technician"))]
pub enum Recorder {}

#[cfg(feature = "technician")]
impl Recorder {
    pub fn create(path: &Path, unmasked: bool) -> anyhow::Result<Self> {
        use std::os::unix::fs::OpenOptionsExt as _;
        let mut options = std::fs::OpenOptions::new();
        let file = options.write(true).create_new(true).mode(0o600).open(path);
        let file = file.with_context(|| format!("failed to create recording {}", path.display()))?;
        Ok(Self { file, begun: Instant::now(), unmasked })
    }

    pub(super) fn note(&mut self, news: &super::News) -> anyhow::Result<()> {
        let (way, at, bytes) = match news {
            super::News::Received(at, bytes) => ("received", at, bytes),
            super::News::Sent(at, bytes) => ("sent", at, bytes),
            super::News::Stop
            | super::News::Result(_)
            | super::News::Event(_)
            | super::News::Opened(_)
            | super::News::Disturbed(_)
            | super::News::Framed(_) => {
                return Ok(());
            }
        };
        let bytes: Vec<u8> = bytes.iter().map(|byte| if self.unmasked { *byte } else { masked(*byte) }).collect();
        let note = serde_json::json!({ "ms": at.saturating_duration_since(self.begun).as_millis(), way: hex::encode_upper(bytes) });
        writeln!(self.file, "{note}").context("failed to write the recording")
    }
}

#[cfg(not(feature = "technician"))]
impl Recorder {
    pub(super) fn note(&mut self, _news: &super::News) -> anyhow::Result<()> {
        match *self {}
    }
}

/// Keeps what frames are made of, and hides what people are made of. The eighth bit stays: it may be parity.
pub(crate) fn masked(byte: u8) -> u8 {
    let hidden = match byte & 0x7f {
        b'0'..=b'9' => b'0',
        b'A'..=b'Z' | b'a'..=b'z' => b'X',
        other => other,
    };
    byte & 0x80 | hidden
}

/// Shows a recording as its profile understands it.
pub fn replay(
    path: &Path,
    profile: &Profile,
    printer: &mut Printer,
    out: &mut dyn Write,
    status: &mut dyn Write,
) -> anyhow::Result<()> {
    let file = std::fs::File::open(path).with_context(|| format!("failed to open recording {}", path.display()))?;
    let (begun, mut decoder) = (Instant::now(), Decoder::new(&profile.framing));
    let mut input = BufReader::new(file);
    let mut line = String::new();
    let mut now = begun;
    for number in 1_u64.. {
        line.clear();
        let read = std::io::Read::take(&mut input, LONGEST).read_line(&mut line);
        if read.with_context(|| format!("failed to read {}", path.display()))? == 0 {
            break;
        }
        let broken = || format!("{}, line {number}: not a line of a recording", path.display());
        let note: Note = serde_json::from_str(&line).with_context(broken)?;
        let bytes = hex::decode(&note.received).with_context(broken)?;
        let at = begun.checked_add(Duration::from_millis(note.ms)).with_context(broken)?.max(now);
        until(at, &mut decoder, profile, printer, out, status)?;
        now = at;
        printer.bytes('<', &bytes, out)?;
        let mut results = Vec::new();
        decoder.push(&bytes, now, &mut |output| results.extend(super::result(output, &profile.payload)));
        tell(results, printer, out, status)?;
    }
    until(now + Duration::from_secs(60), &mut decoder, profile, printer, out, status)
}

/// Lets the silence up to `at` pass.
fn until(
    at: Instant,
    decoder: &mut Decoder,
    profile: &Profile,
    printer: &mut Printer,
    out: &mut dyn Write,
    status: &mut dyn Write,
) -> anyhow::Result<()> {
    while let Some(deadline) = decoder.deadline().filter(|deadline| *deadline <= at) {
        let mut results = Vec::new();
        decoder.poll(deadline, &mut |output| results.extend(super::result(output, &profile.payload)));
        tell(results, printer, out, status)?;
    }
    Ok(())
}

fn tell(
    results: Vec<Result<Scan, Unreadable>>,
    printer: &mut Printer,
    out: &mut dyn Write,
    status: &mut dyn Write,
) -> anyhow::Result<()> {
    for result in results {
        printer.result(&result, out, status)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_scanner::Profiles;

    #[test]
    fn a_mask_hides_people_and_keeps_frames() {
        let masked: Vec<u8> = b"\x02]C1 NO=3171\x03\x8d".iter().map(|byte| masked(*byte)).collect();
        assert_eq!(masked, b"\x02]X0 XX=0000\x03\x8d");
    }

    #[test]
    fn a_recording_is_shown_with_its_pauses() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("recording");
        let show = |text: &str, profile: &str| {
            std::fs::write(&file, text).unwrap();
            let (mut out, mut status) = (Vec::new(), Vec::new());
            let profile = Profiles::shipped().by_name(profile).unwrap().clone();
            let mut printer = Printer::new(true, false, None);
            let shown = replay(&file, &profile, &mut printer, &mut out, &mut status);
            shown.map(|()| String::from_utf8(out).unwrap()).map_err(|error| error.to_string())
        };
        let digits = |digits: &str| hex::encode(digits);
        // The pause between the halves ends nothing in the first and something in the second.
        let halves = |ms: u64| {
            let (first, second) = (digits("31710117"), digits("08450001"));
            format!("{{\"ms\":0,\"received\":\"{first}\"}}\n{{\"ms\":{ms},\"received\":\"{second}\"}}\n")
        };
        let one = show(&halves(50), "symbol-ls").unwrap();
        assert!(one.starts_with("{\"kind\":\"NIK\",\"value\":\"3171011708450001\""), "{one}");
        let two = show(&halves(500), "symbol-ls").unwrap();
        assert_eq!(two.matches("cards have 11, 15 or 16").count(), 2, "{two}");
        let broken = show("{\"ms\":0}\nnonsense\n", "line").unwrap_err();
        assert!(broken.contains("line 2"), "{broken}");
    }
}
