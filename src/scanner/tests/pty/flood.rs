//! More than any person could cause.

use crate::profiles::{inquired, ssi as ssi_packet, swiped};
use crate::{NIK, SOON, Socket, nik, note};
use bilik_scanner::framing::Output;
use bilik_scanner::profile::{FrameCheck, LengthFraming, LineFraming, PacketFraming, StxEtxFraming};
use bilik_scanner::{Framing, Profile, Watch};
use std::sync::mpsc;
use std::time::Instant;

#[test]
fn a_flood_neither_fills_the_inbox_nor_hides_a_card() {
    const FLOOD: usize = 40_000;
    let (socket, began) = (Socket::new(), Instant::now());
    let device = socket.plug();
    let listening = socket.listen(Profile::line());
    listening.expect(&["ready"]);
    device.send("junk\r".repeat(FLOOD));
    device.send(format!("{NIK}\r"));
    let mut events = 0;
    while note(&listening.next()) != nik() {
        events += 1;
    }
    // Two events for each of a burst of eight frames and of four frames a second.
    let most = 2 * (8 + 4 * (began.elapsed().as_secs() + 1));
    assert!((2..=most).contains(&events), "{events} events, at most {most}");
    listening.end();
}

/// The gate thins what it reports to what a participant can use, so this looks at what the decoder finds.
#[test]
fn a_thousand_cards_at_full_rate_are_each_found_once() {
    for framing in framings() {
        check(&framing, None);
    }
}

/// A device that waits for ACK before the next card.
#[test]
fn a_thousand_cards_are_each_answered() {
    let ssi = Framing::Ssi(PacketFraming::default());
    let plain = StxEtxFraming { answer: true, ..StxEtxFraming::default() };
    let lrc = StxEtxFraming { check: FrameCheck::Lrc, ..plain };
    check(&ssi, Some(&[0x04, 0xd0, 0x04, 0x00, 0xff, 0x28]));
    for framing in [plain, lrc] {
        check(&Framing::StxEtx(framing), Some(&[6]));
    }
}

/// Each kind, with whatever changes what is on the line.
fn framings() -> Vec<Framing> {
    let (line, packet) = (LineFraming::default(), PacketFraming::default());
    let (stx_etx, length) = (StxEtxFraming::default(), LengthFraming::default());
    vec![
        Framing::Line(line),
        Framing::Line(LineFraming { idle_gap_ms: 0 }),
        Framing::Newland(line),
        Framing::Magtek(line),
        Framing::StxEtx(stx_etx),
        Framing::StxEtx(StxEtxFraming { answer: true, ..stx_etx }),
        Framing::StxEtx(StxEtxFraming { check: FrameCheck::Lrc, answer: true, ..stx_etx }),
        Framing::StxEtx(StxEtxFraming { check: FrameCheck::Bcc, ..stx_etx }),
        Framing::Length(length),
        Framing::Length(LengthFraming { check: FrameCheck::Bcc, ..length }),
        Framing::Ssi(packet),
        Framing::Rte6701(packet),
        Framing::Elyctis(packet),
    ]
}

/// What a device sends for a number of 16 digits, and the payload.
fn framed(framing: &Framing, number: &str) -> (Vec<u8>, String) {
    let xor = |bytes: &[u8]| bytes.iter().fold(0, |check, byte| check ^ byte);
    let text = number.as_bytes();
    let frame = match framing {
        Framing::Line(_) | Framing::Newland(_) => [text, b"\r\n"].concat(),
        Framing::Magtek(_) => return (format!(";{number}?\r").into_bytes(), format!(";{number}?")),
        Framing::StxEtx(settings) => {
            let frame = [b"\x02", text, b"\x03"].concat();
            match settings.check {
                FrameCheck::None => frame,
                FrameCheck::Lrc => [&frame[..], &[xor(&frame[1..])]].concat(),
                FrameCheck::Bcc => [&frame[..], &[xor(&frame)]].concat(),
            }
        }
        Framing::Length(settings) => {
            let frame = [&[0, 16], text].concat();
            match settings.check {
                FrameCheck::None => frame,
                FrameCheck::Lrc => [&frame[..], &[xor(text)]].concat(),
                FrameCheck::Bcc => [&frame[..], &[xor(&frame)]].concat(),
            }
        }
        Framing::Ssi(_) => ssi_packet(number, 0),
        Framing::Rte6701(_) => swiped(&[number]),
        Framing::Elyctis(_) => inquired(&[number]),
    };
    (frame, number.to_owned())
}

fn check(framing: &Framing, ack: Option<&[u8]>) {
    let numbers = (0..1000).map(|count| format!("317101170845{count:04}"));
    let (frames, payloads): (Vec<_>, Vec<_>) = numbers.map(|number| framed(framing, &number)).unzip();
    let (socket, (sender, found)) = (Socket::new(), mpsc::channel());
    let device = socket.plug();
    let profile = Profile { framing: *framing, ..Profile::line() };
    let listening = socket.listen_watched(profile, move |watch| {
        if let Watch::Framed(Output::Payload(payload)) = watch {
            sender.send(String::from_utf8(payload.bytes.to_vec()).unwrap()).unwrap();
        }
    });
    listening.expect(&["ready"]);
    match ack {
        Some(ack) => {
            for (frame, payload) in frames.iter().zip(&payloads) {
                device.send(frame);
                assert_eq!(device.receive(ack.len(), SOON), ack, "{payload} {framing:?}");
            }
        }
        None => device.send(frames.concat()),
    }
    let all: Vec<String> = payloads.iter().map(|_| found.recv_timeout(SOON).unwrap()).collect();
    assert!(all == payloads, "{framing:?}");
    drop(listening);
    assert_eq!(found.try_iter().count(), 0, "{framing:?}");
}
