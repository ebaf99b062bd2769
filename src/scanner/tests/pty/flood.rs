//! More than any person could cause.

use crate::profiles::ssi as ssi_packet;
use crate::{NIK, SOON, Socket, nik, note};
use bilik_scanner::framing::Output;
use bilik_scanner::profile::{FrameCheck, StxEtxFraming, Trigger};
use bilik_scanner::{Framing, Profile, Profiles, Watch};
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
    let lrc = StxEtxFraming { check: FrameCheck::Lrc, answer: true, ..StxEtxFraming::default() };
    let stx_etx =
        |number: &str| [b"\x02", number.as_bytes(), &[3, number.bytes().fold(3, |check, byte| check ^ byte)]].concat();
    let ssi = Profiles::shipped().by_name("zebra-ssi").unwrap().clone();
    check(Profile { trigger: Trigger::Continuous {}, ..ssi }, &[0x04, 0xd0, 0x04, 0x00, 0xff, 0x28], |number| {
        ssi_packet(number, 0)
    });
    check(Profile::line(), &[], |number| format!("{number}\r\n").into_bytes());
    check(Profile { framing: Framing::StxEtx(lrc), ..Profile::line() }, &[6], stx_etx);
}

fn check(profile: Profile, ack: &[u8], frame: impl Fn(&str) -> Vec<u8>) {
    let numbers: Vec<String> = (0..1000).map(|count| format!("317101170845{count:04}")).collect();
    let (socket, (sender, found)) = (Socket::new(), mpsc::channel());
    let device = socket.plug();
    let framing = format!("{:?}", profile.framing);
    let listening = socket.listen_watched(profile, move |watch| {
        if let Watch::Framed(Output::Payload(payload)) = watch {
            sender.send(String::from_utf8(payload.bytes.to_vec()).unwrap()).unwrap();
        }
    });
    listening.expect(&["ready"]);
    if !ack.is_empty() {
        // A device that waits for ACK before the next card.
        for number in &numbers {
            device.send(frame(number));
            assert_eq!(device.receive(ack.len(), SOON), ack, "{number} {framing}");
        }
    } else {
        device.send(numbers.iter().flat_map(|number| frame(number)).collect::<Vec<u8>>());
    }
    let all: Vec<String> = numbers.iter().map(|_| found.recv_timeout(SOON).unwrap()).collect();
    assert!(all == numbers, "{framing}");
    drop(listening);
    assert_eq!(found.try_iter().count(), 0, "{framing}");
}
