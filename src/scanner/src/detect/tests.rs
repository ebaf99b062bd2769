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
        // At another speed: garbage that depends on what was sent.
        let garbage = |byte: &u8| byte.rotate_left(3) | 0x80 | 1;
        bytes.iter().map(|byte| if speed == self.speed { with_parity(byte) } else { garbage(byte) }).collect()
    }
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
                    detector.push(&device.seen(&bytes, speed), 0, now);
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
