//! Every shipped profile against a device that behaves as its data sheet says: it sleeps, is started and stopped, waits for its
//! answer and repeats what was not answered.

use crate::device::Device;
use crate::{Listening, NIK, SOON, Socket, nik};
use bilik_scanner::{Profile, Profiles};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender, TryRecvError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// How long a device waits for its answer.
const ANSWERED_WITHIN: Duration = Duration::from_millis(900);
/// A passport of ICAO 9303, part 4.
const PASSPORT: [&str; 2] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10"];

/// What a device does. Commands that it does not know are empty.
#[derive(Clone, Default)]
struct Conduct {
    wake: Vec<u8>,
    start: Vec<u8>,
    stop: Vec<u8>,
    /// What it answers to `start` and `stop`.
    replies: [Vec<u8>; 2],
    frame: Vec<u8>,
    /// How it repeats the frame, and whether that is the frame as it was, which cannot be told from a second card.
    again: Option<Vec<u8>>,
    ack: Vec<u8>,
    nak: Vec<u8>,
    no_read: Vec<u8>,
    /// What it sends for a card of which it can read nothing.
    blank: Vec<u8>,
    /// The even or space parity that it has in bit 7.
    parity: Option<fn(u32) -> bool>,
    event: String,
}

fn hex(text: &str) -> Vec<u8> {
    text.split(' ').map(|byte| u8::from_str_radix(byte, 16).unwrap()).collect()
}

/// Decode data of 16 digits. Kind of code 3 is Code 128.
pub fn ssi(number: &str, status: u8) -> Vec<u8> {
    let mut packet = [&[4 + 1 + 16, 0xf3, 0, status, 3], number.as_bytes()].concat();
    let sum = packet.iter().fold(0u16, |sum, byte| sum.wrapping_sub(u16::from(*byte)));
    packet.extend(sum.to_be_bytes());
    packet
}

/// A message of an RTE6701 with so many of its three lines.
pub fn swiped(lines: &[&str]) -> Vec<u8> {
    let text: String = (0..3).map(|line| format!("{}\r", lines.get(line).unwrap_or(&""))).collect();
    let body = [b"OU\x02\x00", text.as_bytes(), b"\x03"].concat();
    let mut message = [&[1], &u16::try_from(body.len()).unwrap().to_le_bytes()[..], &body].concat();
    message.push(message.iter().fold(0, |check, byte| check ^ byte));
    message
}

/// An answer of an Elyctis reader.
pub fn inquired(lines: &[&str]) -> Vec<u8> {
    let lines = lines.join("\r");
    [b"I", &u16::try_from(lines.len()).unwrap().to_be_bytes()[..], lines.as_bytes()].concat()
}

/// A profile that is not here fails the tests.
fn conduct(profile: &str) -> Conduct {
    let number = |before: &str, after: &str| Conduct {
        frame: format!("{before}{NIK}{after}").into_bytes(),
        event: nik(),
        ..Conduct::default()
    };
    let document = |frame| Conduct { frame, event: "document Td3".into(), ..Conduct::default() };
    let answered = |conduct| Conduct { ack: vec![0x06], nak: vec![0x15], ..conduct };
    match profile {
        "line" => number("", "\r\n"),
        "stx-etx" => Conduct { blank: b"\x02\x03".into(), ..number("\x02", "\x03") },
        "symbol-ls" => Conduct { no_read: b"NR".into(), ..number("", "") },
        "is4825" => Conduct { parity: Some(|_| false), ..answered(number("\x02", "\x03")) },
        "olivetti" => Conduct { parity: Some(|ones| ones % 2 == 1), ..answered(number("\x02", "\x03")) },
        "magtek" => Conduct { blank: b"\x02\r\x03".into(), ..number("\x02%BUDI?;", "?+E?\r\x03") },
        "honeywell-xenon" => Conduct { start: hex("16 54 0D"), stop: hex("16 55 0D"), ..number("", "\r") },
        "zkteco" => {
            Conduct { start: hex("54"), stop: hex("50"), no_read: hex("25 25 4E 6F 52 65 61 64"), ..number("", "\r\n") }
        }
        "newland" => Conduct {
            start: b"~\x010000@SCNTRG1;\x03".into(),
            stop: b"~\x010000@SCNTRG0;\x03".into(),
            replies: [b"\x02\x010000@SCNTRG1\x06;\x03".into(), b"\x02\x010000@SCNTRG0\x06;\x03".into()],
            ..number("", "\r")
        },
        "zebra-ssi" => Conduct {
            wake: hex("00"),
            start: hex("04 E4 04 00 FF 14"),
            stop: hex("04 E5 04 00 FF 13"),
            replies: [hex("04 D0 00 00 FF 2C"), hex("04 D0 00 00 FF 2C")],
            frame: ssi(NIK, 0),
            again: Some(ssi(NIK, 1)),
            ack: hex("04 D0 04 00 FF 28"),
            nak: hex("05 D1 04 00 01 FF 25"),
            event: nik(),
            ..Conduct::default()
        },
        "rte6701" => Conduct { blank: swiped(&[]), ..document(swiped(&PASSPORT)) },
        "elyctis-idbox" => Conduct {
            start: hex("43 00 01 01"),
            stop: hex("43 00 01 00"),
            replies: [hex("43 00 01 01"), hex("43 00 01 00")],
            blank: inquired(&[]),
            ..document(inquired(&PASSPORT))
        },
        _ => panic!("no device for {profile}"),
    }
}

/// What a person does at the device.
enum Order {
    Card,
    /// The first time it is sent, the last byte is lost.
    DamagedCard,
    /// The answer to it is lost once.
    UnheardCard,
    /// Nobody shows a card until the device gives up.
    NoCard,
    /// The wrong way round.
    BlankCard,
}

/// A device that acts by itself. Dropping it unplugs it.
struct Scripted {
    orders: Option<Sender<Order>>,
    heard: Receiver<&'static str>,
    thread: Option<JoinHandle<Device>>,
}

impl Scripted {
    fn new(device: Device, conduct: Conduct) -> Self {
        let ((orders, inbox), (log, heard)) = (mpsc::channel(), mpsc::channel());
        let thread =
            std::thread::spawn(move || Script::new(&device, &conduct, &log).run(&inbox).then_some(device).unwrap());
        Self { orders: Some(orders), heard, thread: Some(thread) }
    }

    fn present(&self, order: Order) {
        self.orders.as_ref().unwrap().send(order).unwrap();
    }

    /// Waits until the device has understood this, and returns what it understood before.
    #[track_caller]
    fn hears(&self, expected: &str) -> Vec<&'static str> {
        let mut before = Vec::new();
        loop {
            match self.heard.recv_timeout(SOON) {
                Ok(heard) if heard == expected => return before,
                Ok(heard) => before.push(heard),
                Err(_) => panic!("{expected} not heard, but {before:?}"),
            }
        }
    }

    /// Nothing is heard for as long as no start is due.
    #[track_caller]
    fn hears_nothing(&self) {
        assert_eq!(self.heard.recv_timeout(Duration::from_millis(400)), Err(RecvTimeoutError::Timeout));
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        drop(self.orders.take());
        let ended = self.thread.take().unwrap().join();
        assert!(ended.is_ok() || std::thread::panicking());
    }
}

struct Script<'a> {
    device: &'a Device,
    conduct: &'a Conduct,
    log: &'a Sender<&'static str>,
    heard: Vec<u8>,
    awake: bool,
    armed: bool,
    card: Option<Order>,
    /// Until when an answer is awaited, and whether the first is not heard.
    awaiting: Option<(Instant, bool)>,
}

impl<'a> Script<'a> {
    fn new(device: &'a Device, conduct: &'a Conduct, log: &'a Sender<&'static str>) -> Self {
        let (awake, armed) = (conduct.wake.is_empty(), conduct.start.is_empty());
        Self { device, conduct, log, heard: Vec::new(), awake, armed, card: None, awaiting: None }
    }

    fn run(mut self, orders: &Receiver<Order>) -> bool {
        loop {
            match orders.try_recv() {
                Ok(order) => self.card = Some(order),
                Err(TryRecvError::Disconnected) => return true,
                Err(TryRecvError::Empty) => {}
            }
            for byte in self.device.receive(1, Duration::from_millis(2)) {
                self.take(byte);
            }
            if self.awaiting.is_some_and(|(until, _)| Instant::now() >= until) {
                self.repeat();
            }
            if self.armed && self.awaiting.is_none() {
                self.read();
            }
        }
    }

    fn take(&mut self, byte: u8) {
        if let Some(parity) = self.conduct.parity {
            assert_eq!(byte >> 7 == 1, parity((byte & 0x7f).count_ones()), "{byte:02x} has wrong parity");
        }
        self.heard.push(if self.conduct.parity.is_some() { byte & 0x7f } else { byte });
        let Conduct { wake, start, stop, ack, nak, replies, .. } = self.conduct;
        let known = [("wake", wake), ("start", start), ("stop", stop), ("ack", ack), ("nak", nak)];
        let Some((name, _)) = known.iter().find(|(_, command)| **command == self.heard) else {
            assert!(
                known.iter().any(|(_, command)| command.starts_with(&self.heard)),
                "{:02x?} means nothing",
                self.heard
            );
            return;
        };
        self.heard.clear();
        let _ = self.log.send(name);
        match *name {
            "wake" => self.awake = true,
            "start" if self.awake => {
                self.armed = true;
                self.send(&replies[0]);
            }
            "stop" => {
                (self.armed, self.awake) = (false, self.conduct.wake.is_empty());
                self.send(&replies[1]);
            }
            "ack" => self.awaiting = self.awaiting.filter(|(_, deaf)| *deaf).map(|(until, _)| (until, false)),
            "nak" => self.repeat(),
            _ => {}
        }
    }

    fn read(&mut self) {
        let Some(card) = self.card.take() else { return };
        let (frame, mut deaf) = (&self.conduct.frame, false);
        match card {
            Order::Card => self.send(frame),
            Order::DamagedCard => self.send(&frame[..frame.len() - 1]),
            Order::UnheardCard => {
                self.send(frame);
                deaf = true;
            }
            Order::NoCard => self.send(&self.conduct.no_read),
            Order::BlankCard => self.send(&self.conduct.blank),
        }
        (self.armed, self.awake) = (self.conduct.start.is_empty(), self.conduct.wake.is_empty());
        self.awaiting = (!self.conduct.ack.is_empty()).then(|| (Instant::now() + ANSWERED_WITHIN, deaf));
    }

    fn repeat(&mut self) {
        let _ = self.log.send("repeat");
        self.send(self.conduct.again.as_ref().unwrap_or(&self.conduct.frame));
        self.awaiting = Some((Instant::now() + ANSWERED_WITHIN, false));
    }

    fn send(&self, bytes: &[u8]) {
        let bit_7 = |byte: &u8| self.conduct.parity.is_some_and(|parity| parity(byte.count_ones()));
        self.device.send(bytes.iter().map(|byte| byte | (u8::from(bit_7(byte)) << 7)).collect::<Vec<u8>>());
    }
}

/// Runs `test` with the device of each shipped profile that `fits`, all at once since they mostly wait.
#[track_caller]
fn each(fits: impl Fn(&Conduct) -> bool, test: impl Fn(&Conduct, &Listening, &Scripted) + Sync) {
    let shipped = Profiles::shipped();
    let fitting: Vec<_> =
        shipped.iter().map(|profile| (profile, conduct(&profile.name))).filter(|(_, c)| fits(c)).collect();
    assert!(fitting.len() > 1);
    let one = |profile: &Profile, conduct: Conduct| {
        let socket = Socket::new();
        let device = Scripted::new(socket.plug(), conduct.clone());
        let listening = socket.listen(profile.clone());
        listening.expect(&["ready"]);
        test(&conduct, &listening, &device);
        listening.end();
    };
    let one = &one;
    let failed: Vec<&str> = std::thread::scope(|scope| {
        let running: Vec<_> =
            fitting.into_iter().map(|(p, conduct)| (&p.name, scope.spawn(move || one(p, conduct)))).collect();
        running.into_iter().filter_map(|(name, thread)| thread.join().is_err().then_some(name.as_str())).collect()
    });
    assert_eq!(failed, [""; 0]);
}

#[test]
fn cards_are_read() {
    each(
        |_| true,
        |conduct, listening, device| {
            for _ in 0..3 {
                device.present(Order::Card);
                listening.expect(&["reading", &conduct.event]);
                if !conduct.ack.is_empty() {
                    device.hears("ack");
                }
            }
        },
    );
}

#[test]
fn readers_are_started_while_a_card_is_wanted() {
    let host = |conduct: &Conduct| !conduct.start.is_empty();
    each(host, |conduct, listening, device| {
        let woken: &[&str] = if conduct.wake.is_empty() { &[] } else { &["wake"] };
        assert_eq!(device.hears("start"), woken);
        listening.reader.want(false);
        assert_eq!(device.hears("stop"), [""; 0]);
        device.present(Order::Card);
        device.hears_nothing();
        listening.reader.want(true);
        assert_eq!(device.hears("start"), woken);
        listening.expect(&["reading", &conduct.event]);
        // The next one without being asked for.
        device.hears("start");
        device.present(Order::Card);
        listening.expect(&["reading", &conduct.event]);
        device.hears("start");
    });
}

#[test]
fn a_reader_is_stopped_at_the_end() {
    let host = Profiles::shipped().by_name("honeywell-xenon").unwrap().clone();
    let socket = Socket::new();
    let device = Scripted::new(socket.plug(), conduct(&host.name));
    let listening = socket.listen(host);
    device.hears("start");
    listening.expect(&["ready"]);
    listening.end();
    assert_eq!(device.hears("stop"), [""; 0]);
}

#[test]
fn what_is_damaged_is_sent_again() {
    let answered = |conduct: &Conduct| !conduct.ack.is_empty();
    each(answered, |conduct, listening, device| {
        device.present(Order::DamagedCard);
        listening.expect(&["reading"]);
        let refused = crate::note(&listening.next());
        assert!(refused.starts_with("unreadable"), "{refused}");
        listening.expect(&["reading", &conduct.event]);
        device.hears("nak");
        assert_eq!(device.hears("ack"), ["repeat"]);
    });
}

#[test]
fn what_was_not_answered_is_sent_again() {
    let answered = |conduct: &Conduct| !conduct.ack.is_empty();
    each(answered, |conduct, listening, device| {
        device.present(Order::UnheardCard);
        listening.expect(&["reading", &conduct.event]);
        device.hears("ack");
        device.hears("repeat");
        if conduct.again.is_none() {
            // Cannot be told from the same card shown again; whoever asks for cards takes one.
            listening.expect(&["reading", &conduct.event]);
        }
        device.hears("ack");
    });
}

#[test]
fn no_card_is_no_number() {
    let tells = |conduct: &Conduct| !conduct.no_read.is_empty();
    each(tells, |conduct, listening, device| {
        device.present(Order::NoCard);
        listening.expect(&["reading", "unreadable: NoRead"]);
        device.present(Order::Card);
        listening.expect(&["reading", &conduct.event]);
    });
}

#[test]
fn a_card_that_cannot_be_read_is_no_missing_one() {
    let tells = |conduct: &Conduct| !conduct.blank.is_empty();
    each(tells, |conduct, listening, device| {
        device.present(Order::BlankCard);
        listening.expect(&["reading", "unreadable: Blank"]);
        device.present(Order::Card);
        listening.expect(&["reading", &conduct.event]);
    });
}

#[test]
fn readers_come_back_as_they_went() {
    for name in ["zebra-ssi", "olivetti"] {
        let profile = Profiles::shipped().by_name(name).unwrap().clone();
        let (socket, conduct) = (Socket::new(), conduct(name));
        let mut device = Scripted::new(socket.plug(), conduct.clone());
        let listening = socket.listen(profile);
        listening.expect(&["ready"]);
        for _ in 0..2 {
            device.present(Order::DamagedCard);
            listening.expect(&["reading"]);
            socket.unplug();
            drop(device);
            listening.expect(&["lost: Unplugged"]);
            device = Scripted::new(socket.plug(), conduct.clone());
            listening.expect(&["ready"]);
            device.present(Order::Card);
            listening.expect(&["reading", &conduct.event]);
        }
        listening.end();
    }
}
