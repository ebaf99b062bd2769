//! The search against devices that behave as their manuals say, in virtual time.

use super::*;
use crate::profile::Profiles;

const NIK: &str = "3171011708450001";
const ZONE: &str = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<\rL898902C36UTO7408122F1204159ZE184226B<<<<<10";

/// A reader with a card before it.
struct Device {
    speed: u32,
    /// Starts on these bytes; on its own, every other second, if empty.
    start: &'static [u8],
    frame: Vec<u8>,
    /// Sends a frame three times unless it is answered.
    repeats: bool,
    parity: Parity,
    /// Sent at once when the start command comes.
    reply: &'static [u8],
    heard: Vec<u8>,
}

impl Device {
    fn new(frame: impl AsRef<[u8]>) -> Self {
        Self {
            speed: 9600,
            start: &[],
            frame: frame.as_ref().to_vec(),
            repeats: false,
            parity: Parity::None,
            reply: &[],
            heard: Vec::new(),
        }
    }

    /// The frame as a line with eight data bits and no parity shows it, at a speed.
    fn seen(&self, bytes: &[u8], speed: u32) -> Vec<u8> {
        let with_parity = |byte: &u8| {
            let odd = byte.count_ones() % 2 == 1;
            let high = match self.parity {
                Parity::None | Parity::Space => false,
                Parity::Even => odd,
                Parity::Odd => !odd,
                Parity::Mark => true,
            };
            byte | if high { 0x80 } else { 0 }
        };
        heard(&bytes.iter().map(with_parity).collect::<Vec<u8>>(), self.speed, speed)
    }
}

/// What a UART set to `at` bits per second makes of characters (8N1) that are sent back to back at `of`: it waits for the line
/// to fall, samples each bit in its middle, and if the stop bit is missing it waits for the line to rise. Such a character is
/// damaged, as is a break.
fn heard(bytes: &[u8], of: u32, at: u32) -> Vec<u8> {
    // A bit that is sent takes `2 * at` ticks, one that is sampled `2 * of`.
    let (sent, sampled) = (2 * u64::from(at), 2 * u64::from(of));
    let levels: Vec<bool> = bytes
        .iter()
        .flat_map(|byte| (0..10).map(move |bit| bit == 9 || bit > 0 && byte >> (bit - 1) & 1 == 1))
        .collect();
    let level = |tick: u64| levels.get(usize::try_from(tick / sent).unwrap()).copied().unwrap_or(true);
    let next = |from: u64, wanted: bool| {
        if level(from) == wanted {
            return Some(from);
        }
        let mut edges = (from / sent + 1..=levels.len() as u64).map(|bit| bit * sent);
        edges.find(|tick| level(*tick) == wanted)
    };
    let (mut out, mut now) = (Vec::new(), 0);
    while let Some(start) = next(now, false) {
        let sample = |bit: u64| level(start + bit * sampled + sampled / 2);
        now = start + sampled / 2;
        if sample(0) {
            // Too short for a start bit.
            continue;
        }
        now = start + 9 * sampled + sampled / 2;
        if sample(9) {
            out.push((0..8).fold(0, |byte, bit| byte | u8::from(sample(bit + 1)) << bit));
        } else {
            out.push(DAMAGED);
            now = next(now, true).unwrap_or(u64::MAX / 2);
        }
    }
    out
}

/// Runs a search and gives the names of what fits, the best first, and the virtual time it took.
fn search(mut device: Device) -> (Vec<Fit>, Duration) {
    let begun = Instant::now();
    let mut detector = Detector::new(Profiles::shipped().iter().cloned().collect(), begun);
    let (mut now, mut speed) = (begun, 0);
    let mut pending: Vec<(Instant, Vec<u8>)> = Vec::new();
    let mut next_card = begun + Duration::from_secs(1);
    for _ in 0..10_000 {
        match detector.step(now) {
            Step::Found | Step::NothingHeard => return (detector.fits(), now - begun),
            Step::Open(line) => speed = line.baud,
            Step::Send { bytes, .. } => {
                device.heard.extend_from_slice(bytes);
                if speed == device.speed && !device.start.is_empty() && device.heard.ends_with(device.start) {
                    pending.push((now + Duration::from_millis(20), device.reply.to_vec()));
                    pending.push((now + Duration::from_millis(300), device.frame.clone()));
                }
            }
            Step::Wait(until) => {
                if device.start.is_empty() && next_card <= until {
                    pending.push((next_card, device.frame.clone()));
                    if device.repeats {
                        pending.push((next_card + Duration::from_millis(400), device.frame.clone()));
                    }
                    next_card += Duration::from_secs(2);
                }
                pending.sort();
                if pending.first().is_some_and(|(at, _)| *at <= until) {
                    let (at, bytes) = pending.remove(0);
                    now = now.max(at);
                    detector.push(&device.seen(&bytes, speed), now);
                } else {
                    now = now.max(until);
                    detector.poll(now);
                }
            }
        }
    }
    panic!("the search does not end");
}

#[track_caller]
fn check(device: Device, expect: &str) -> Fit {
    let speed = device.speed;
    let (fits, took) = search(device);
    let names: Vec<_> = fits.iter().map(|fit| fit.profile.name.as_str()).collect();
    assert_eq!(names.first(), Some(&expect), "of {names:?}");
    assert_eq!(fits[0].profile.line.baud, speed);
    assert!(took < Duration::from_secs(180), "took {took:?}");
    fits[0].clone()
}

#[test]
fn readers_that_speak_on_their_own() {
    check(Device::new(format!("{NIK}\r\n")), "line");
    check(Device { speed: 115_200, ..Device::new(format!("{NIK}\r")) }, "line");
    check(Device { speed: 1200, ..Device::new(format!("{NIK}\r")) }, "line");
    check(Device::new("a text that is no card\r"), "line");
    check(Device::new(format!("\x02{NIK}\x03")), "stx-etx");
    check(Device { repeats: true, ..Device::new(format!("\x02{NIK}\x03")) }, "is4825");
    check(Device { parity: Parity::Even, repeats: true, ..Device::new(format!("\x02{NIK}\x03")) }, "olivetti");
    check(Device::new("%B3171011708450001^SPECIMEN/BUDI^2912?;3171011708450001=2912?\r"), "magtek");
    let bytes = [&[1, 0, 0, b'O', b'U', 2, 0], ZONE.as_bytes(), b"\r\r\x03"].concat();
    let mut frame = bytes;
    let length = u16::try_from(frame.len() - 3).unwrap();
    frame[1..3].copy_from_slice(&length.to_le_bytes());
    frame.push(frame.iter().skip(1).fold(0, |check, byte| check ^ byte));
    check(Device::new(frame), "rte6701");
}

#[test]
fn readers_that_wait_for_their_command() {
    check(Device { start: &[0x16, 0x54, 0x0d], ..Device::new(format!("{NIK}\r")) }, "honeywell-xenon");
    check(Device { start: b"T", ..Device::new(format!("{NIK}\r\n")) }, "zkteco");
    check(Device { start: b"T", ..Device::new("%%NoRead\r\n") }, "zkteco");
    let start = b"\x7e\x010000@SCNTRG1;\x03";
    check(Device { start, reply: b"\x02\x010000@SCNTRG1\x06;\x03", ..Device::new(format!("{NIK}\r")) }, "newland");
    let mut packet = [&[21, 0xf3, 0, 0, 3], NIK.as_bytes()].concat();
    let sum = packet.iter().fold(0_u16, |sum, byte| sum.wrapping_add((*byte).into()));
    packet.extend(sum.wrapping_neg().to_be_bytes());
    let start = &[0x04, 0xe4, 0x04, 0x00, 0xff, 0x14];
    let reply = &[0x04, 0xd0, 0x00, 0x00, 0xff, 0x2c];
    let fit = check(Device { start, reply, speed: 38_400, ..Device::new(&packet) }, "zebra-ssi");
    assert!(fit.why.replied);
    assert_eq!(fit.why.evidence, Evidence::Checksum);
    assert!(fit.why.started && fit.why.scan);
    assert!(fit.why.to_string().contains("checksum"), "{}", fit.why);
    let length = u16::try_from(ZONE.len()).unwrap().to_be_bytes();
    let frame = [&[0x49], &length[..], ZONE.as_bytes()].concat();
    check(Device { start: &[0x43, 0, 1, 1], ..Device::new(frame) }, "elyctis-idbox");
}

#[test]
fn a_line_without_a_reader_is_given_up() {
    let (fits, took) = search(Device { start: b"never", ..Device::new("") });
    assert_eq!(fits, []);
    assert!(took < Duration::from_secs(240), "took {took:?}");
}

#[test]
fn a_uart_at_the_right_speed_hears_what_is_sent_and_at_another_does_not() {
    let card = format!("{NIK}\r");
    for speed in SPEEDS {
        assert_eq!(heard(card.as_bytes(), speed, speed), card.as_bytes());
        for other in SPEEDS.into_iter().filter(|other| *other != speed) {
            assert_ne!(heard(card.as_bytes(), speed, other), card.as_bytes(), "{speed} at {other}");
        }
    }
    // LSB first, two bits in the time of one: '1' is 0 1000 1100 1, of which the second, fourth .. are seen.
    assert_eq!(heard(b"U", 9600, 9600), b"U");
    assert_eq!(heard(&[0x00], 9600, 19_200), [DAMAGED]);
}

#[test]
fn no_card_at_another_speed_is_taken_for_a_text() {
    // Every serial number has other bits.
    let numbers = (0..60).map(|count| format!("31710117084{:05}", (count * 7919 + 1) % 100_000));
    for number in numbers.chain(["00000000011".into()]) {
        for speed in SPEEDS {
            check(Device { speed, ..Device::new(format!("{number}\r\n")) }, "line");
        }
    }
}

/// A search at its first speed, and the time.
fn listening() -> (Detector, Instant) {
    let now = Instant::now();
    let mut detector = Detector::new(Profiles::shipped().iter().cloned().collect(), now);
    assert!(matches!(detector.step(now), Step::Open(_)));
    (detector, now)
}

#[test]
fn garbage_after_a_text_shows_that_the_speed_was_wrong() {
    let step_after = |first: &[u8], then: &[u8]| {
        let (mut detector, now) = listening();
        detector.push(first, now);
        let _ = detector.step(now);
        detector.push(then, now + Duration::from_millis(200));
        detector.poll(now + Duration::from_secs(1));
        match detector.step(now + Duration::from_secs(1)) {
            Step::Open(line) => Some(line.baud),
            Step::Send { .. } | Step::Wait(_) | Step::Found | Step::NothingHeard => None,
        }
    };
    let garbage = [DAMAGED, b'J', 0xce, b'2', DAMAGED, DAMAGED, 0x8c, DAMAGED];
    assert_eq!(step_after(b"TEST\r", &garbage), Some(SPEEDS[1]));
    assert_eq!(step_after(b"TEST\r", b"TEST\r"), None);
    // A card is no accident, nor is a frame of this structure.
    assert_eq!(step_after(format!("{NIK}\r").as_bytes(), &garbage), None);
    assert_eq!(step_after(b"\x02TEST\x03", &garbage), None);
}

/// What is sent in a search on a line that answers nothing, given up at so many seconds of it.
fn sent(give_up_after: Option<u64>) -> Vec<(u32, String, Command)> {
    let (mut detector, begun) = listening();
    let (mut now, mut sent) = (begun, Vec::new());
    for _ in 0..10_000 {
        if give_up_after.is_some_and(|seconds| now >= begun + Duration::from_secs(seconds)) {
            detector.give_up();
        }
        let speed = detector.speed();
        match detector.step(now) {
            Step::Send { profile, command, bytes } => {
                assert!(!bytes.is_empty(), "{profile} {command:?}");
                sent.push((speed, profile.to_owned(), command));
            }
            Step::Open(_) => {}
            Step::Wait(until) => {
                now = until;
                detector.poll(now);
            }
            Step::Found => panic!("nothing was sent"),
            Step::NothingHeard => return sent,
        }
    }
    panic!("the search does not end");
}

#[test]
fn each_reader_is_started_once_at_each_speed_and_stopped() {
    let all = sent(None);
    let commands = |name: &str| -> Vec<Command> {
        all.iter().filter(|(_, profile, _)| profile == name).map(|(_, _, command)| *command).collect()
    };
    let shipped = Profiles::shipped();
    for profile in shipped.iter() {
        let Trigger::Host(trigger) = &profile.trigger else {
            assert_eq!(commands(&profile.name), []);
            continue;
        };
        let wake = (!trigger.wake.is_empty()).then_some(Command::Wake);
        let once: Vec<Command> = wake.into_iter().chain([Command::Start, Command::Stop]).collect();
        assert_eq!(commands(&profile.name), once.repeat(SPEEDS.len()), "{}", profile.name);
    }
    // One after the other.
    for (one, next) in all.iter().zip(all.iter().skip(1)) {
        assert!((one.1 == next.1) == (one.2 != Command::Stop), "{one:?} {next:?}");
    }
    // The first start is sent after six seconds.
    assert_eq!(sent(Some(5)), []);
    let given_up: Vec<_> = sent(Some(7)).into_iter().map(|(_, profile, command)| (profile, command)).collect();
    let name = || String::from("honeywell-xenon");
    assert_eq!(given_up, [(name(), Command::Start), (name(), Command::Stop)]);
}

#[test]
fn the_reader_that_was_found_is_stopped() {
    let (mut detector, begun) = listening();
    let (mut now, mut sent) = (begun, Vec::new());
    loop {
        match detector.step(now) {
            Step::Send { command, .. } => {
                sent.push(command);
                if command == Command::Start {
                    detector.push(format!("{NIK}\r").as_bytes(), now);
                }
            }
            Step::Wait(until) => {
                now = until;
                detector.poll(now);
            }
            Step::Found => break,
            Step::Open(_) | Step::NothingHeard => panic!("not found"),
        }
    }
    assert_eq!(sent, [Command::Start, Command::Stop]);
    assert_eq!(detector.fits()[0].profile.name, "honeywell-xenon");
}
