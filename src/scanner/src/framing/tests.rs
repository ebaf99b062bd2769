//! Decoders against tables and against chance.

use super::*;
use crate::profile::{FrameCheck, LineFraming, StxEtxFraming};
use proptest::prelude::*;
use std::time::Duration;

const LINE: Framing = Framing::Line(LineFraming { idle_gap_ms: 100 });
const TERMINATED: Framing = Framing::Line(LineFraming { idle_gap_ms: 0 });
const STX_ETX: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::None, answer: false, timeout_ms: 500 });
const CHECKED: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::Lrc, answer: true, timeout_ms: 500 });

/// Collects outputs in a short notation: `<` begun, `[..]` payload, `!X` fault, `^06` answer.
#[derive(Default)]
struct Notes(String);

impl Notes {
    fn take(&mut self, output: Output<'_>) {
        self.0 += &match output {
            Output::Begun => "<".to_owned(),
            Output::Payload(payload) => format!("[{}]", payload.bytes.escape_ascii()),
            Output::Fault(fault) => format!("!{fault:?}"),
            Output::Answer(bytes) => format!("^{}", hex(bytes)),
            Output::Reply(reply) => format!("={reply:?}"),
        };
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// One step of a script: bytes that arrive, or so many ms of silence.
#[derive(Clone, Debug)]
enum Step {
    Bytes(Vec<u8>),
    Silence(u64),
}

fn bytes(bytes: impl AsRef<[u8]>) -> Step {
    Step::Bytes(bytes.as_ref().to_vec())
}

/// Runs a script in virtual time, as a caller would: silence is polled at each deadline on its way.
fn run(framing: &Framing, script: &[Step], chunk: usize) -> String {
    let (mut decoder, mut notes, mut now) = (Decoder::new(framing), Notes::default(), Instant::now());
    for step in script {
        match step {
            Step::Bytes(bytes) => {
                for chunk in bytes.chunks(chunk) {
                    decoder.push(chunk, now, &mut |output| notes.take(output));
                }
            }
            Step::Silence(ms) => {
                let end = now + Duration::from_millis(*ms);
                while let Some(deadline) = decoder.deadline().filter(|deadline| *deadline <= end) {
                    decoder.poll(deadline, &mut |output| notes.take(output));
                    assert_ne!(decoder.deadline(), Some(deadline), "a deadline that passed is done with");
                }
                decoder.poll(end, &mut |output| notes.take(output));
                now = end;
            }
        }
    }
    notes.0
}

#[track_caller]
fn check(framing: &Framing, script: &[Step], expect: &str) {
    for chunk in [1, 2, 3, 7, usize::MAX] {
        assert_eq!(run(framing, script, chunk), expect, "{framing:?} {script:?} in chunks of {chunk}");
    }
}

#[test]
fn line_frames() {
    use Step::Silence;
    check(&LINE, &[bytes("111\r")], "<[111]");
    check(&LINE, &[bytes("111\n")], "<[111]");
    check(&LINE, &[bytes("111\r\n222\r\n")], "<[111]<[222]");
    check(&LINE, &[bytes("\r\n\r\n\n\r")], "");
    check(&LINE, &[bytes("111")], "<");
    check(&LINE, &[bytes("111"), Silence(99)], "<");
    check(&LINE, &[bytes("111"), Silence(100)], "<[111]");
    check(&LINE, &[bytes("111"), Silence(99), bytes("222"), Silence(99), bytes("3"), Silence(100)], "<[1112223]");
    check(&LINE, &[bytes("111\r"), Silence(500), bytes("\n222\r"), Silence(500)], "<[111]<[222]");
    check(&LINE, &[bytes(b"\x00\xff~"), Silence(100), bytes("222\r")], "<[\\x00\\xff~]<[222]");
    check(&TERMINATED, &[bytes("11"), Silence(100_000), bytes("1\r")], "<[111]");
}

#[test]
fn line_frames_that_are_too_long() {
    use Step::Silence;
    let (longest, longer) = ("7".repeat(MAX_FRAME), "7".repeat(MAX_FRAME + 1));
    check(&LINE, &[bytes(&longest), bytes("\r")], &format!("<[{longest}]"));
    check(&LINE, &[bytes(&longer), bytes("\r222\r")], "<!TooLong<[222]");
    check(&LINE, &[bytes(&longer), Silence(100), bytes("222\r")], "<!TooLong<[222]");
    check(&LINE, &[bytes("7".repeat(20 * MAX_FRAME)), bytes("\n222\n")], "<!TooLong<[222]");
}

#[test]
fn stx_etx_frames() {
    use Step::Silence;
    check(&STX_ETX, &[bytes("\x02111\x03")], "<[111]");
    check(&STX_ETX, &[bytes("\x02111\x03\r\n\x02222\x03\r\n"), Silence(1000)], "<[111]<[222]");
    check(&STX_ETX, &[bytes("\x02\x03\x02222\x03")], "<!Cut<[222]");
    check(&STX_ETX, &[bytes("\x0211\r1\x03")], "<[11\\r1]");
    check(&STX_ETX, &[bytes("\x02111"), Silence(499), bytes("\x03")], "<[111]");
    check(&STX_ETX, &[bytes("\x02111"), Silence(500), bytes("\x02222\x03")], "<!Cut<[222]");
    check(&STX_ETX, &[bytes("\x02111\x02222\x03")], "<[222]");
    check(&STX_ETX, &[bytes("\x03noise\x03\x02222\x03"), Silence(1000)], "<[222]");
    check(&STX_ETX, &[bytes("111\r"), Silence(1000)], "!Stray");
    check(&STX_ETX, &[bytes("111\r"), Silence(1000), bytes("\x02222\x03")], "!Stray<[222]");
    check(&STX_ETX, &[bytes("\x00\r\n"), Silence(1000)], "");
    check(&STX_ETX, &[bytes("7".repeat(20 * MAX_FRAME)), Silence(1000), bytes("\x02222\x03")], "!Stray<[222]");
    check(&STX_ETX, &[bytes("7".repeat(20 * MAX_FRAME)), bytes("\x02222\x03"), Silence(1000)], "!Stray<[222]");
}

#[test]
fn stx_etx_frames_that_are_too_long() {
    use Step::Silence;
    let longest = "7".repeat(MAX_FRAME);
    check(&STX_ETX, &[bytes(format!("\x02{longest}\x03"))], &format!("<[{longest}]"));
    check(&STX_ETX, &[bytes(format!("\x02{longest}7\x03\x02222\x03"))], "<!TooLong<[222]");
    check(&STX_ETX, &[bytes(format!("\x02{longest}{longest}{longest}")), Silence(500)], "<!TooLong");
    check(&CHECKED, &[bytes(format!("\x02{longest}77\x03\x07")), Silence(500)], "<!TooLong^15");
}

#[test]
fn checked_and_answered_frames() {
    use Step::Silence;
    // '1' ^ '1' ^ '1' ^ ETX = 0x32, '2' ^ '2' ^ '2' ^ ETX = 0x31
    check(&CHECKED, &[bytes("\x02111\x03\x32")], "<[111]^06");
    check(&CHECKED, &[bytes("\x02111\x03\x32\x02222\x03\x31")], "<[111]^06<[222]^06");
    check(&CHECKED, &[bytes("\x02111\x03\x33\x02222\x03\x31")], "<!BadCheck^15<[222]^06");
    check(&CHECKED, &[bytes("\x02111\x03"), Silence(499), bytes("\x32")], "<[111]^06");
    check(&CHECKED, &[bytes("\x02111\x03"), Silence(500)], "<!BadCheck^15");
    check(&CHECKED, &[bytes("\x02111"), Silence(500)], "<!Cut^15");
    check(&CHECKED, &[bytes("\x02111\x03\x02222\x03\x31")], "<!BadCheck^15<[222]^06");
    // '1' ^ '0' ^ ETX = STX: a checksum that looks like the next frame's start
    check(&CHECKED, &[bytes("\x0210\x03\x02"), Silence(500)], "<[10]^06");
    // '1' ^ '1' ^ ETX = ETX
    check(&CHECKED, &[bytes("\x0211\x03\x03"), Silence(500)], "<[11]^06");
}

#[test]
fn late_bytes_do_not_end_a_frame() {
    let (start, mut notes) = (Instant::now(), Notes::default());
    let mut decoder = Decoder::new(&LINE);
    decoder.push(b"31710117084", start, &mut |output| notes.take(output));
    decoder.push(b"50001", start + Duration::from_secs(5), &mut |output| notes.take(output));
    decoder.poll(start + Duration::from_secs(6), &mut |output| notes.take(output));
    assert_eq!(notes.0, "<[3171011708450001]");
}

#[test]
fn a_decoder_shows_no_digits() {
    for framing in [LINE, STX_ETX] {
        let mut decoder = Decoder::new(&framing);
        decoder.push(b"\x023171011708450001", Instant::now(), &mut |_| {});
        let shown = format!("{decoder:?}");
        assert!(shown.contains("FrameBuffer(1") && !shown.contains("3171") && !shown.contains("51, 49"), "{shown}");
    }
}

fn framing() -> impl Strategy<Value = Framing> {
    prop_oneof![Just(LINE), Just(TERMINATED), Just(STX_ETX), Just(CHECKED)]
}

/// Bytes in which delimiters and long runs are as likely as anything else.
fn line_noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        4 => prop::sample::select(vec![0x02, 0x03, b'\r', b'\n', 0x00, b'7']).prop_map(|byte| vec![byte]),
        2 => "[0-9]{1,20}".prop_map(String::into_bytes),
        1 => (500..530_usize).prop_map(|count| vec![b'7'; count]),
    ];
    prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat())
}

fn script() -> impl Strategy<Value = Vec<Step>> {
    prop::collection::vec(prop_oneof![line_noise().prop_map(Step::Bytes), (0..700_u64).prop_map(Step::Silence)], 0..8)
}

proptest! {
    #[test]
    fn chunking_makes_no_difference(framing in framing(), script in script(), chunk in 1..600_usize) {
        prop_assert_eq!(run(&framing, &script, chunk), run(&framing, &script, usize::MAX));
    }

    #[test]
    fn each_announcement_has_one_result(framing in framing(), script in script()) {
        let script = [script, vec![Step::Silence(1000), bytes("\r"), Step::Silence(1000)]].concat();
        let mut announced = false;
        let (mut decoder, mut now) = (Decoder::new(&framing), Instant::now());
        let mut see = |output: Output<'_>| match output {
            Output::Begun => assert!(!std::mem::replace(&mut announced, true), "announced twice"),
            Output::Payload(payload) => {
                assert!((1..=MAX_FRAME).contains(&payload.bytes.len()));
                assert!(std::mem::take(&mut announced), "a payload from nowhere");
            }
            Output::Fault(Fault::Stray) => assert!(!announced, "stray bytes inside a frame"),
            Output::Fault(_) => assert!(std::mem::take(&mut announced), "a fault from nowhere"),
            Output::Answer(bytes) => assert!(!bytes.is_empty()),
            Output::Reply(_) => {},
        };
        for step in &script {
            match step {
                Step::Bytes(bytes) => decoder.push(bytes, now, &mut see),
                Step::Silence(ms) => now += Duration::from_millis(*ms),
            }
            decoder.poll(now, &mut see);
        }
        prop_assert!(!announced, "no result");
        prop_assert_eq!(decoder.deadline(), None);
    }

    #[test]
    fn lines_are_what_splitting_gives(noise in line_noise()) {
        let mut expected = String::new();
        for line in noise.split(|byte| b"\r\n".contains(byte)).filter(|line| !line.is_empty()) {
            expected += &match line.len() {
                0..=MAX_FRAME => format!("<[{}]", line.escape_ascii()),
                _ => "<!TooLong".to_owned(),
            };
        }
        prop_assert_eq!(run(&LINE, &[Step::Bytes(noise), Step::Silence(100)], 64), expected);
    }

    #[test]
    fn a_good_frame_after_noise_is_found(noise in line_noise(), digits in "[0-9]{16}") {
        let tail = format!("[{digits}]");
        for (framing, frame, pause) in [
            (LINE, format!("{digits}\r"), 100),
            (STX_ETX, format!("\x02{digits}\x03"), 0),
            (CHECKED, format!("\x02{digits}\x03{}", char::from(digits.bytes().fold(3, |check, byte| check ^ byte))), 500),
        ] {
            let found = run(&framing, &[bytes(&noise), Step::Silence(pause), bytes(&frame)], 64);
            prop_assert!(found.trim_end_matches("^06").ends_with(&tail), "{framing:?}: {found}");
        }
    }
}
