//! The reader over real pseudo-terminals: the test holds the master and plays the device.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole file is a test, its helpers too")]

mod device;
mod flood;
mod line;
mod profiles;

use bilik_scanner::profile::{FrameCheck, LineFraming, StxEtxFraming};
use bilik_scanner::reader::{REOPEN_EVERY, STOP_WITHIN};
use bilik_scanner::{
    Content, Framing, LineSettings, LostReason, Profile, Reader, ReaderConfig, ReaderEvent, Symbology, Unreadable,
    Watch,
};
use device::Device;
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::sync::mpsc;
use std::time::{Duration, Instant};
use tempfile::TempDir;

const NIK: &str = "3171011708450001";
const KPJ: &str = "00000000011";
/// Longest wait for an event that must come. Only a failing test waits for it.
const SOON: Duration = Duration::from_secs(10);

/// A socket for readers: a fixed name, as udev would give it.
struct Socket {
    folder: TempDir,
}

impl Socket {
    fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("card-reader")
    }

    fn unplug(&self) {
        std::fs::remove_file(self.path()).unwrap();
    }

    fn plug(&self) -> Device {
        let device = Device::new();
        symlink(device.name(), self.path()).unwrap();
        device
    }

    fn listen(&self, profile: Profile) -> Listening {
        self.listen_watched(profile, |_| {})
    }

    fn listen_watched(&self, profile: Profile, watch: impl FnMut(Watch<'_>) + Send + 'static) -> Listening {
        let (sender, events) = mpsc::channel();
        let config = ReaderConfig { port: self.path().into(), profile };
        let reader = Reader::spawn_watched(config, move |event| drop(sender.send(event)), watch).unwrap();
        Listening { reader, events }
    }
}

struct Listening {
    reader: Reader,
    events: mpsc::Receiver<ReaderEvent>,
}

impl Listening {
    /// The next events in a short notation. Cards are told with their digits, which their `Debug` would hide.
    #[track_caller]
    fn expect(&self, expected: &[&str]) {
        for (index, expected) in expected.iter().enumerate() {
            assert_eq!(&note(&self.next()), expected, "event {index}");
        }
    }

    #[track_caller]
    fn next(&self) -> ReaderEvent {
        self.events.recv_timeout(SOON).unwrap()
    }

    /// Stops the reader; nothing was left to tell.
    #[track_caller]
    fn end(self) {
        let asked = Instant::now();
        drop(self.reader);
        assert!(asked.elapsed() < STOP_WITHIN, "took {:?}", asked.elapsed());
        let rest: Vec<String> = self.events.try_iter().map(|event| note(&event)).collect();
        assert_eq!(rest, [""; 0]);
    }
}

fn note(event: &ReaderEvent) -> String {
    match event {
        ReaderEvent::Ready => "ready".into(),
        ReaderEvent::Lost { reason } => format!("lost: {reason:?}"),
        ReaderEvent::Reading => "reading".into(),
        ReaderEvent::Scan(scan) => match &scan.content {
            Content::Number(digits) => format!("number {}", **digits),
            Content::Document(mrz) => format!("document {:?}", mrz.format),
            Content::Fields(fields) => {
                fields.iter().map(|(name, text)| format!("{name:?} {}", **text)).collect::<Vec<_>>().join(", ")
            }
        },
        ReaderEvent::Unreadable(reason) => format!("unreadable: {reason:?}"),
        ReaderEvent::Doubt(doubt) => format!("doubt: {doubt:?}"),
    }
}

fn nik() -> String {
    format!("number {NIK}")
}

fn kpj() -> String {
    format!("number {KPJ}")
}

#[test]
fn cards_with_and_without_terminator() {
    let socket = Socket::new();
    let device = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    device.send(format!("{NIK}\r\n"));
    listening.expect(&["reading", &nik()]);
    device.send(KPJ);
    listening.expect(&["reading", &kpj()]);
    device.send("12345\r");
    listening.expect(&["reading", "unreadable: WrongLength(5)"]);
    device.send(format!("]C1{NIK}\r"));
    listening.expect(&["reading"]);
    let ReaderEvent::Scan(scan) = listening.next() else { panic!("no scan") };
    assert_eq!(scan.symbology, Some(Symbology::Code128));
    listening.end();
}

#[test]
fn frames_are_answered() {
    let profile = Profile {
        framing: Framing::StxEtx(StxEtxFraming { check: FrameCheck::Lrc, answer: true, ..StxEtxFraming::default() }),
        ..Profile::line()
    };
    let check = NIK.bytes().fold(3, |check, byte| check ^ byte);
    let socket = Socket::new();
    let device = socket.plug();
    let listening = socket.listen(profile);
    listening.expect(&["ready"]);
    for (check, answered, expected) in
        [(check ^ 1, 0x15, format!("unreadable: {:?}", Unreadable::BadCheck)), (check, 0x06, nik())]
    {
        device.send([b"\x02", NIK.as_bytes(), &[0x03, check]].concat());
        listening.expect(&["reading", &expected]);
        assert_eq!(device.receive(1, SOON), [answered]);
    }
    listening.end();
}

#[test]
fn a_missing_reader_is_awaited() {
    let socket = Socket::new();
    let listening = socket.listen(Profile::line());
    listening.expect(&["lost: NotFound"]);
    // Several attempts go by, and the loss is told once.
    assert!(listening.events.recv_timeout(3 * REOPEN_EVERY).is_err());
    let device = socket.plug();
    listening.expect(&["ready"]);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

#[test]
fn a_reader_unplugged_in_the_middle_of_a_card_comes_back() {
    // A driver lets its line fail, or keeps it alive while only the name goes.
    for keeps_alive in [false, true] {
        let socket = Socket::new();
        let mut device = socket.plug();
        let framing = Framing::Line(LineFraming { idle_gap_ms: 0 });
        let listening = socket.listen(Profile { framing, ..Profile::line() });
        listening.expect(&["ready"]);
        for _ in 0..2 {
            device.send(&NIK[..5]);
            listening.expect(&["reading"]);
            let kept = keeps_alive.then_some(device);
            socket.unplug();
            listening.expect(&["lost: Unplugged"]);
            let lost = Instant::now();
            device = socket.plug();
            listening.expect(&["ready"]);
            assert!(lost.elapsed() < Duration::from_secs(1), "back after {:?}", lost.elapsed());
            drop(kept);
            // Had the beginning been kept, this would be 16 digits.
            device.send(format!("{KPJ}\r"));
            listening.expect(&["reading", &kpj()]);
        }
        listening.end();
    }
}

#[test]
fn a_name_that_moved_is_followed() {
    let socket = Socket::new();
    let old = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    socket.unplug();
    let new = socket.plug();
    listening.expect(&["lost: Unplugged", "ready"]);
    old.send(format!("{KPJ}\r"));
    new.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

#[test]
fn one_reader_of_a_line_at_a_time() {
    let socket = Socket::new();
    let _device = socket.plug();
    let first = socket.listen(Profile::line());
    first.expect(&["ready"]);
    let second = socket.listen(Profile::line());
    second.expect(&[&format!("lost: {:?}", LostReason::Busy)]);
    first.end();
    second.expect(&["ready"]);
    second.end();
}

#[test]
fn a_card_from_before_is_not_read() {
    let socket = Socket::new();
    let device = socket.plug();
    device.send(format!("{KPJ}\r"));
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

#[test]
fn a_continuous_reader_is_heard_even_when_no_card_is_wanted() {
    let socket = Socket::new();
    let device = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    listening.reader.want(false);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    assert_eq!(device.receive(1, Duration::from_millis(100)), b"");
    listening.end();
}

#[test]
fn stopping_is_quick_in_every_state() {
    let socket = Socket::new();
    let missing = socket.listen(Profile::line());
    missing.expect(&["lost: NotFound"]);
    missing.end();

    let device = socket.plug();
    let silent = socket.listen(Profile::line());
    silent.expect(&["ready"]);
    silent.end();

    // A device that never stops sending and never takes its answers.
    let framing = Framing::StxEtx(StxEtxFraming { answer: true, ..StxEtxFraming::default() });
    let answering = socket.listen(Profile { framing, ..Profile::line() });
    answering.expect(&["ready"]);
    let frame = format!("\x02{NIK}\x03");
    let flood = std::thread::spawn(move || {
        while device.try_send(&frame, Duration::from_millis(100)) {}
        device
    });
    answering.expect(&["reading", &nik()]);
    let asked = Instant::now();
    drop(answering.reader);
    assert!(asked.elapsed() < STOP_WITHIN, "took {:?}", asked.elapsed());
    drop(flood.join().unwrap());
}

#[test]
fn a_profile_out_of_bounds_starts_no_reader() {
    let profile = Profile { line: LineSettings { baud: 1, ..LineSettings::default() }, ..Profile::line() };
    let config = ReaderConfig { port: "/dev/null".parse().unwrap(), profile };
    let error = Reader::spawn(config, |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "failed to start card reader");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("line.baud is 1"));
}
