//! Decoders against tables and against chance.

mod packets;
mod text;

use super::*;
use crate::profile::{ByteOrder, FrameCheck, LengthFraming, LengthWidth, LineFraming, PacketFraming, StxEtxFraming};
use proptest::prelude::*;
use std::time::Duration;

const LINE: Framing = Framing::Line(LineFraming { idle_gap_ms: 100 });
const TERMINATED: Framing = Framing::Line(LineFraming { idle_gap_ms: 0 });
const STX_ETX: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::None, answer: false, timeout_ms: 500 });
const CHECKED: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::Lrc, answer: true, timeout_ms: 500 });
const ANSWERED: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::None, answer: true, timeout_ms: 500 });
const BCC: Framing = Framing::StxEtx(StxEtxFraming { check: FrameCheck::Bcc, answer: false, timeout_ms: 500 });
const LENGTH: Framing = Framing::Length(LengthFraming {
    width: LengthWidth::Two,
    order: ByteOrder::Big,
    counts_all: false,
    check: FrameCheck::None,
    timeout_ms: 500,
});
const LENGTH_ONE: Framing = Framing::Length(LengthFraming {
    width: LengthWidth::One,
    order: ByteOrder::Big,
    counts_all: false,
    check: FrameCheck::None,
    timeout_ms: 500,
});
/// One byte of length that counts all, and a check over all.
const LENGTH_CHECKED: Framing = Framing::Length(LengthFraming {
    width: LengthWidth::One,
    order: ByteOrder::Big,
    counts_all: true,
    check: FrameCheck::Bcc,
    timeout_ms: 500,
});
const SSI: Framing = Framing::Ssi(PacketFraming { timeout_ms: 500 });
const NEWLAND: Framing = Framing::Newland(LineFraming { idle_gap_ms: 100 });
const NEWLAND_TERMINATED: Framing = Framing::Newland(LineFraming { idle_gap_ms: 0 });
const RTE6701: Framing = Framing::Rte6701(PacketFraming { timeout_ms: 500 });
const ELYCTIS: Framing = Framing::Elyctis(PacketFraming { timeout_ms: 500 });
const MAGTEK: Framing = Framing::Magtek(LineFraming { idle_gap_ms: 100 });
const MAGTEK_TERMINATED: Framing = Framing::Magtek(LineFraming { idle_gap_ms: 0 });

const ALL: [Framing; 16] = [
    LINE,
    TERMINATED,
    STX_ETX,
    CHECKED,
    ANSWERED,
    BCC,
    LENGTH,
    LENGTH_ONE,
    LENGTH_CHECKED,
    SSI,
    NEWLAND,
    NEWLAND_TERMINATED,
    RTE6701,
    ELYCTIS,
    MAGTEK,
    MAGTEK_TERMINATED,
];

/// A good frame with these digits, and its payload.
fn frame(framing: &Framing, digits: &str) -> (Vec<u8>, String) {
    let xor = |bytes: &[u8]| bytes.iter().fold(0, |check, byte| check ^ byte);
    let length = u8::try_from(digits.len()).unwrap();
    let text = digits.as_bytes();
    let frame = match framing {
        Framing::Line(_) | Framing::Newland(_) => [text, b"\r"].concat(),
        Framing::StxEtx(settings) => {
            let frame = [b"\x02", text, b"\x03"].concat();
            match settings.check {
                FrameCheck::None => frame,
                FrameCheck::Lrc => [&frame[..], &[xor(&frame[1..])]].concat(),
                FrameCheck::Bcc => [&frame[..], &[xor(&frame)]].concat(),
            }
        }
        Framing::Length(settings) => match (settings.width, settings.check) {
            (LengthWidth::Two, _) => [&[0, length][..], text].concat(),
            (LengthWidth::One, FrameCheck::None) => [&[length][..], text].concat(),
            (LengthWidth::One, FrameCheck::Lrc | FrameCheck::Bcc) => {
                let frame = [&[length + 2][..], text].concat();
                [&frame[..], &[xor(&frame)]].concat()
            }
        },
        Framing::Ssi(_) => packets::decoded(0, digits),
        Framing::Rte6701(_) => packets::swiped_digits(digits),
        Framing::Elyctis(_) => packets::answer(b'I', digits),
        Framing::Magtek(_) => [b";", text, b"?\r"].concat(),
    };
    let payload = if matches!(framing, Framing::Magtek(_)) { format!(";{digits}?") } else { digits.to_owned() };
    (frame, payload)
}

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
fn late_bytes_do_not_end_a_frame() {
    let (start, mut notes) = (Instant::now(), Notes::default());
    let mut decoder = Decoder::new(&LINE);
    decoder.push(b"31710117084", start, &mut |output| notes.take(output));
    decoder.push(b"50001", start + Duration::from_secs(5), &mut |output| notes.take(output));
    decoder.poll(start + Duration::from_secs(6), &mut |output| notes.take(output));
    assert_eq!(notes.0, "<[3171011708450001]");
}

#[test]
fn a_decoder_shows_no_content() {
    // Letters, since the time that is shown has digits.
    let content = |shown: &str| ["QZ", "ZQ", "81, 90", "90, 81"].iter().any(|part| shown.contains(part));
    for framing in ALL {
        let (frame, _) = frame(&framing, &"QZ".repeat(8));
        let mut decoder = Decoder::new(&framing);
        for byte in frame {
            decoder.push(&[byte], Instant::now(), &mut |output| {
                assert!(!content(&format!("{output:?}")), "{output:?}");
            });
            assert!(!content(&format!("{decoder:?}")), "{decoder:?}");
        }
    }
}

#[test]
fn a_decoder_is_of_bounded_size() {
    assert!(size_of::<Decoder>() <= 2048, "{} bytes", size_of::<Decoder>());
}

#[test]
fn a_good_frame_is_announced_read_and_done_with() {
    for framing in ALL {
        let (frame, payload) = frame(&framing, "3171011708450001");
        let outputs = |chunk| run(&framing, &[bytes(&frame), Step::Silence(1000)], chunk);
        let found = outputs(usize::MAX);
        assert!(found.starts_with(&format!("<[{payload}]")) && !found.contains('!'), "{framing:?}: {found}");
        for chunk in 1..frame.len() {
            assert_eq!(outputs(chunk), found, "{framing:?}");
        }
    }
}

#[test]
fn evidence_and_symbology() {
    let check = |framing: &Framing, input: &[u8], expect: (Evidence, Option<Symbology>)| {
        let (mut decoder, now, mut found) = (Decoder::new(framing), Instant::now(), None);
        let mut see = |output: Output<'_>| {
            if let Output::Payload(payload) = output {
                found = Some((payload.evidence, payload.symbology));
            }
        };
        decoder.push(input, now, &mut see);
        decoder.poll(now + Duration::from_secs(1), &mut see);
        assert_eq!(found, Some(expect), "{framing:?}");
    };
    for framing in ALL {
        let evidence = match framing {
            Framing::Line(_) | Framing::Newland(_) => Evidence::Terminator,
            Framing::StxEtx(StxEtxFraming { check: FrameCheck::None, .. })
            | Framing::Length(LengthFraming { check: FrameCheck::None, .. })
            | Framing::Elyctis(_)
            | Framing::Magtek(_) => Evidence::Structure,
            Framing::StxEtx(_) | Framing::Length(_) | Framing::Ssi(_) | Framing::Rte6701(_) => Evidence::Checksum,
        };
        let symbology = matches!(framing, Framing::Ssi(_)).then_some(Symbology::Code128);
        check(&framing, &frame(&framing, "00000000011").0, (evidence, symbology));
    }
    for framing in [LINE, NEWLAND] {
        check(&framing, b"00000000011", (Evidence::Silence, None));
    }
    check(&MAGTEK, b";00000000011?", (Evidence::Structure, None));
    assert!(Evidence::Silence < Evidence::Terminator && Evidence::Structure < Evidence::Checksum);
}

fn framing() -> impl Strategy<Value = Framing> {
    prop::sample::select(ALL.to_vec())
}

/// Bytes in which delimiters and long runs are as likely as anything else.
fn line_noise() -> impl Strategy<Value = Vec<u8>> {
    let piece = prop_oneof![
        4 => any::<u8>().prop_map(|byte| vec![byte]),
        4 => prop::sample::select(b"\x00\x01\x02\x03\x04\x06\x10\r\n%;+?@CIOU7\xd0\xf3".to_vec()).prop_map(|byte| vec![byte]),
        2 => "[0-9]{1,20}".prop_map(String::into_bytes),
        4 => (framing(), "[0-9]{1,16}", 0..40_usize).prop_map(|(framing, digits, end)| {
            // Frames, whole or broken off.
            let (frame, _) = frame(&framing, &digits);
            frame[..end.min(frame.len())].to_vec()
        }),
        1 => prop::sample::select(vec![&b"\x02\x010000@A"[..], b"\x06;\x03", b"\x15;\x03", b"\x08\xf3\x00\x02"])
            .prop_map(<[u8]>::to_vec),
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
    fn a_good_frame_after_noise_is_found(framing in framing(), noise in line_noise(), digits in "[0-9]{16}") {
        let (frame, payload) = frame(&framing, &digits);
        // Where silence ends nothing, a terminator does.
        let end = if [TERMINATED, NEWLAND_TERMINATED, MAGTEK_TERMINATED].contains(&framing) { "\r" } else { "" };
        let script = [bytes(&noise), Step::Silence(500), bytes(end), Step::Silence(500), bytes(&frame)];
        let found = run(&framing, &script, 64);
        prop_assert!(found.contains(&format!("<[{payload}]")) && !found.ends_with('<'), "{framing:?}: {found}");
        prop_assert!(found.rfind(&payload) > found.rfind('!'), "{framing:?}: {found}");
    }

    #[test]
    fn noise_does_not_take_a_good_frame_away(framing in framing(), digits in "[0-9]{16}", noise in line_noise()) {
        let (frame, payload) = frame(&framing, &digits);
        let found = run(&framing, &[bytes([frame, noise].concat()), Step::Silence(1000)], 64);
        prop_assert!(found.starts_with(&format!("<[{payload}]")), "{framing:?}: {found}");
    }

    #[test]
    fn frames_in_a_row_are_all_found(framing in framing(), cards in prop::collection::vec("[0-9]{11}", 1..6)) {
        let frames: Vec<_> = cards.iter().map(|digits| frame(&framing, digits)).collect();
        let stream = frames.iter().map(|(frame, _)| &frame[..]).collect::<Vec<_>>().concat();
        let found = run(&framing, &[bytes(stream), Step::Silence(1000)], 64);
        let expected = frames.iter().map(|(_, payload)| format!("<[{payload}]")).collect::<String>();
        let without_answers: String = found.replace("^06", "").replace("^04d00400ff28", "");
        prop_assert_eq!(without_answers, expected);
    }
}
