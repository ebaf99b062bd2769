//! The reader over real pseudo-terminals: the test holds the master and plays the device.

#![allow(clippy::unwrap_used, clippy::panic, reason = "the whole file is a test, its helpers too")]

use bilik_scanner::profile::{DataBits, LineFraming, Parity, StopBits, StxEtxFraming};
use bilik_scanner::reader::{REOPEN_EVERY, STOP_WITHIN};
use bilik_scanner::{
    CardKind, Framing, LineSettings, LostReason, Profile, Reader, ReaderConfig, ReaderEvent, Symbology, Unreadable,
};
use serialport::{SerialPort, TTYPort};
use std::io::{Read, Write};
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

/// A plugged-in reader. Both ends of the line are kept, as they would be by a driver.
struct Device {
    master: TTYPort,
    slave: TTYPort,
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
        let (mut master, slave) = TTYPort::pair().unwrap();
        master.set_timeout(SOON).unwrap();
        symlink(slave.name().unwrap(), self.path()).unwrap();
        Device { master, slave }
    }

    fn listen(&self, profile: Profile) -> Listening {
        let (sender, events) = mpsc::channel();
        let config = ReaderConfig { port: self.path(), profile };
        let reader = Reader::spawn(config, move |event| drop(sender.send(event))).unwrap();
        Listening { reader, events }
    }
}

impl Device {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.master.write_all(bytes.as_ref()).unwrap();
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
            let event = self.events.recv_timeout(SOON).unwrap_or_else(|_| panic!("no event {index}: {expected}"));
            assert_eq!(&note(&event), expected, "event {index}");
        }
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
        ReaderEvent::Card(card) => format!("{:?} {}", card.kind, *card.digits),
        ReaderEvent::Unreadable(reason) => format!("unreadable: {reason:?}"),
    }
}

fn nik() -> String {
    format!("{:?} {NIK}", CardKind::Nik)
}

fn kpj() -> String {
    format!("{:?} {KPJ}", CardKind::Kpj)
}

#[test]
fn cards_with_and_without_terminator() {
    let socket = Socket::new();
    let mut device = socket.plug();
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
    let ReaderEvent::Card(card) = listening.events.recv_timeout(SOON).unwrap() else { panic!("no card") };
    assert_eq!(card.symbology, Some(Symbology::Code128));
    listening.end();
}

#[test]
fn frames_are_answered() {
    let profile = Profile {
        framing: Framing::StxEtx(StxEtxFraming { lrc: true, answer: true, ..StxEtxFraming::default() }),
        ..Profile::stx_etx()
    };
    let check = NIK.bytes().fold(3, |check, byte| check ^ byte);
    let (socket, mut answer) = (Socket::new(), [0]);
    let mut device = socket.plug();
    let listening = socket.listen(profile);
    listening.expect(&["ready"]);
    for (check, answered, expected) in
        [(check ^ 1, 0x15, format!("unreadable: {:?}", Unreadable::BadCheck)), (check, 0x06, nik())]
    {
        device.send([b"\x02", NIK.as_bytes(), &[0x03, check]].concat());
        listening.expect(&["reading", &expected]);
        device.master.read_exact(&mut answer).unwrap();
        assert_eq!(answer, [answered]);
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
    let mut device = socket.plug();
    listening.expect(&["ready"]);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

#[test]
fn a_reader_unplugged_in_the_middle_of_a_card_comes_back() {
    let socket = Socket::new();
    let mut device = socket.plug();
    let listening =
        socket.listen(Profile { framing: Framing::Line(LineFraming { idle_gap_ms: 0 }), ..Profile::line() });
    listening.expect(&["ready"]);
    for _ in 0..2 {
        device.send(&NIK[..5]);
        listening.expect(&["reading"]);
        drop(device);
        socket.unplug();
        listening.expect(&["lost: Unplugged"]);
        let unplugged = Instant::now();
        device = socket.plug();
        listening.expect(&["ready"]);
        assert!(unplugged.elapsed() < Duration::from_secs(1), "back after {:?}", unplugged.elapsed());
        // Had the beginning been kept, this would be 16 digits.
        device.send(format!("{KPJ}\r"));
        listening.expect(&["reading", &kpj()]);
    }
    listening.end();
}

#[test]
fn a_name_that_moved_is_followed() {
    let socket = Socket::new();
    let mut old = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    socket.unplug();
    let mut new = socket.plug();
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
    let mut device = socket.plug();
    device.send(format!("{KPJ}\r"));
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    device.send(format!("{NIK}\r"));
    listening.expect(&["reading", &nik()]);
    listening.end();
}

#[test]
fn a_flood_neither_fills_the_inbox_nor_hides_a_card() {
    const FLOOD: usize = 40_000;
    let (socket, began) = (Socket::new(), Instant::now());
    let mut device = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    device.send("junk\r".repeat(FLOOD));
    device.send(format!("{NIK}\r"));
    let mut events = 0;
    while note(&listening.events.recv_timeout(SOON).unwrap()) != nik() {
        events += 1;
    }
    // Two events for each of a burst of eight frames and of four frames a second.
    let most = 2 * (8 + 4 * (began.elapsed().as_secs() + 1));
    assert!((2..=most).contains(&events), "{events} events, at most {most}");
    listening.end();
}

#[test]
fn stopping_is_quick_in_every_state() {
    let socket = Socket::new();
    let missing = socket.listen(Profile::line());
    missing.expect(&["lost: NotFound"]);
    missing.end();

    let mut device = socket.plug();
    let silent = socket.listen(Profile::line());
    silent.expect(&["ready"]);
    silent.end();

    // A device that never stops sending and never takes its answers.
    let answering = socket.listen(Profile::stx_etx());
    answering.expect(&["ready"]);
    let frame = format!("\x02{NIK}\x03");
    let flood = std::thread::spawn(move || {
        device.master.set_timeout(Duration::from_millis(100)).unwrap();
        while device.master.write_all(frame.as_bytes()).is_ok() {}
        device
    });
    answering.expect(&["reading", &nik()]);
    let asked = Instant::now();
    drop(answering.reader);
    assert!(asked.elapsed() < STOP_WITHIN, "took {:?}", asked.elapsed());
    drop(flood.join().unwrap());
}

#[test]
fn the_line_has_the_settings_of_the_profile() {
    for line in [
        LineSettings::default(),
        LineSettings { baud: 115_200, data_bits: DataBits::Eight, parity: Parity::None, stop_bits: StopBits::Two },
        LineSettings { baud: 9600, data_bits: DataBits::Seven, parity: Parity::Even, stop_bits: StopBits::One },
        LineSettings { baud: 1200, data_bits: DataBits::Seven, parity: Parity::Odd, stop_bits: StopBits::Two },
    ] {
        // Linux keeps the speed and the stop bits of a pseudo-terminal and forces eight data bits without parity. So the line
        // is compared with one that was set by hand, which is as much as this kernel shows.
        let (_master, mut reference) = TTYPort::pair().unwrap();
        reference.set_baud_rate(line.baud).unwrap();
        reference.set_data_bits(if line.data_bits == DataBits::Seven { SEVEN } else { EIGHT }).unwrap();
        reference
            .set_parity(match line.parity {
                Parity::None => serialport::Parity::None,
                Parity::Even => serialport::Parity::Even,
                Parity::Odd => serialport::Parity::Odd,
            })
            .unwrap();
        reference.set_stop_bits(if line.stop_bits == StopBits::Two { TWO } else { ONE }).unwrap();

        let socket = Socket::new();
        let device = socket.plug();
        let listening = socket.listen(Profile { line, ..Profile::line() });
        listening.expect(&["ready"]);
        assert_eq!(settings(&device.slave), settings(&reference), "{line:?}");
        assert_eq!(device.slave.baud_rate().unwrap(), line.baud);
        assert_eq!(device.slave.stop_bits().unwrap() == TWO, line.stop_bits == StopBits::Two);
        listening.end();
    }
}

const SEVEN: serialport::DataBits = serialport::DataBits::Seven;
const EIGHT: serialport::DataBits = serialport::DataBits::Eight;
const ONE: serialport::StopBits = serialport::StopBits::One;
const TWO: serialport::StopBits = serialport::StopBits::Two;

fn settings(
    tty: &TTYPort,
) -> (u32, serialport::DataBits, serialport::Parity, serialport::StopBits, serialport::FlowControl) {
    (
        tty.baud_rate().unwrap(),
        tty.data_bits().unwrap(),
        tty.parity().unwrap(),
        tty.stop_bits().unwrap(),
        tty.flow_control().unwrap(),
    )
}

#[test]
fn a_profile_out_of_bounds_starts_no_reader() {
    let profile = Profile { line: LineSettings { baud: 1, ..LineSettings::default() }, ..Profile::line() };
    let config = ReaderConfig { port: "/dev/null".into(), profile };
    let error = Reader::spawn(config, |_| {}).unwrap_err();
    assert_eq!(error.to_string(), "failed to start card reader");
    assert!(std::error::Error::source(&error).unwrap().to_string().contains("line.baud is 1"));
}
