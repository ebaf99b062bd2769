//! Framings of packets: length, SSI, readers of machine-readable zones.

use super::Step::Silence;
use super::*;

#[test]
fn length_frames() {
    let big = LengthFraming { timeout_ms: 500, ..LengthFraming::default() };
    let table = [
        (big, "\x00\x03111"),
        (LengthFraming { order: ByteOrder::Little, ..big }, "\x03\x00111"),
        (LengthFraming { width: LengthWidth::One, ..big }, "\x03111"),
        (LengthFraming { counts_all: true, ..big }, "\x00\x05111"),
        (LengthFraming { counts_all: true, width: LengthWidth::One, ..big }, "\x04111"),
        (LengthFraming { check: FrameCheck::Lrc, ..big }, "\x00\x03111\x31"),
        (LengthFraming { check: FrameCheck::Bcc, ..big }, "\x00\x03111\x32"),
        (LengthFraming { check: FrameCheck::Bcc, counts_all: true, ..big }, "\x00\x06111\x37"),
        (LengthFraming { check: FrameCheck::Lrc, counts_all: true, width: LengthWidth::One, ..big }, "\x05111\x31"),
    ];
    for (framing, frame) in table {
        let framing = Framing::Length(framing);
        check(&framing, &[bytes(frame)], "<[111]");
        check(&framing, &[bytes(frame), bytes(frame)], "<[111]<[111]");
        check(&framing, &[bytes(&frame[..3]), Silence(499), bytes(&frame[3..])], "<[111]");
        check(&framing, &[bytes(&frame[..3]), Silence(500), bytes(frame)], "<!Cut<[111]");
    }
    check(&LENGTH_ONE, &[bytes("\x00\x00\x03111"), Silence(1000)], "<[111]");
}

#[test]
fn length_frames_out_of_step() {
    // Silence alone brings the decoder into step again.
    check(&LENGTH, &[bytes("\x00\x00\x00\x03111"), Silence(500), bytes("\x00\x03222")], "!Stray<[222]");
    check(&LENGTH, &[bytes("\x02\x01\x00\x03111"), Silence(500), bytes("\x00\x03222")], "!Stray<[222]");
    check(&LENGTH, &[bytes(b"\xff\x00\x03111"), Silence(500), bytes("\x00\x03222")], "!Stray<[222]");
    check(&LENGTH, &[bytes("\x00"), Silence(500), bytes("\x00\x03222")], "!Stray<[222]");
    check(&LENGTH_CHECKED, &[bytes("\x05222\x36")], "<!BadCheck");
    check(&LENGTH_CHECKED, &[bytes("\x05222\x37")], "<[222]");
    let script = [bytes("\x05222\x36\x05222\x37"), Silence(500), bytes("\x05222\x37")];
    check(&LENGTH_CHECKED, &script, "<!BadCheck<[222]");
    check(&LENGTH_CHECKED, &[bytes("\x05222"), Silence(500), bytes("\x05222\x37")], "<!BadCheck<[222]");
    check(&LENGTH_CHECKED, &[bytes("\x02\x05222\x37"), Silence(500)], "!Stray");
    check(&LENGTH, &[bytes([0xff; 20 * MAX_FRAME]), Silence(500), bytes("\x00\x03222")], "!Stray<[222]");
    let longest = "7".repeat(MAX_FRAME);
    check(&LENGTH, &[bytes(format!("\x02\0{longest}\0\x011"))], &format!("<[{longest}]<[1]"));
}

/// A packet from the scanner, or, with another source, an echo.
fn packet(opcode: u8, source: u8, status: u8, data: &[u8]) -> Vec<u8> {
    let mut packet = vec![u8::try_from(data.len() + 4).unwrap(), opcode, source, status];
    packet.extend(data);
    let sum = packet.iter().map(|byte| u16::from(*byte)).sum::<u16>();
    packet.extend((!sum).wrapping_add(1).to_be_bytes());
    packet
}

/// Decode data of a Code 128.
pub(super) fn decoded(status: u8, text: &str) -> Vec<u8> {
    packet(0xF3, 0, status, &[b"\x03", text.as_bytes()].concat())
}

const SSI_ACK: &str = "^04d00400ff28";
const SSI_NAK: &str = "^05d1040001ff25";

/// `+` stands for the host's ACK, `-` for its NAK.
#[track_caller]
fn check_ssi(script: &[Step], expect: &str) {
    check(&SSI, script, &expect.replace('+', SSI_ACK).replace('-', SSI_NAK));
}

fn broken(mut packet: Vec<u8>) -> Vec<u8> {
    packet[5] ^= 0x01;
    packet
}

#[test]
fn ssi_packets() {
    let card = decoded(0, "00000000011");
    // As in the guide's layout, by hand: 09 F3 00 00, Code 128, "1111": sum 01C3, complement FE3D.
    check_ssi(&[bytes(b"\x09\xf3\x00\x00\x03\x31\x31\x31\x31\xfe\x3d")], "<[1111]+");
    check_ssi(&[bytes(&card)], "<[00000000011]+");
    check_ssi(&[bytes([&[0, 0][..], &card, &[0], &card].concat()), Silence(1000)], "<[00000000011]+<[00000000011]+");
    check_ssi(&[bytes(&card[..4])], "<");
    check_ssi(&[bytes(&card[..3])], "");
    check_ssi(&[bytes(&card[..9]), Silence(499), bytes(&card[9..])], "<[00000000011]+");
    check_ssi(&[bytes(&card[..9]), Silence(500), bytes(&card)], "<!Cut-<[00000000011]+");
    check_ssi(&[bytes(packet(0xF3, 0, 0, b"\x03"))], "<!Empty+");
    check_ssi(&[bytes(packet(0xF3, 0, 0, b""))], "<!Empty+");
    check_ssi(&[bytes(packet(0xD0, 0, 0, b""))], "=Done");
    check_ssi(&[bytes(packet(0xD1, 0, 0, b"\x06"))], "=Refused");
    check_ssi(&[bytes(packet(0xF6, 0, 0, b"\x02"))], "+");
    check_ssi(&[bytes(packet(0xA4, 0, 0, b"REV"))], "+");
    // The echo of what the host sends.
    check_ssi(&[bytes(packet(0xD0, 4, 0, b"")), Silence(1000)], "!Stray");
    check_ssi(&[bytes(packet(0xE4, 4, 0, b"")), bytes(&card)], "<[00000000011]+");
    let longest = "7".repeat(250);
    check_ssi(&[bytes(decoded(0, &longest))], &format!("<[{longest}]+"));
}

#[test]
fn ssi_packets_sent_again() {
    let (card, other) = (decoded(0, "00000000011"), decoded(0, "00000000029"));
    let (again, other_again) = (decoded(1, "00000000011"), decoded(1, "00000000029"));
    check_ssi(&[bytes(&card), bytes(&again), bytes(&again)], "<[00000000011]+++");
    check_ssi(&[bytes(&card), Silence(3000), bytes(&again)], "<[00000000011]++");
    check_ssi(&[bytes(&card), bytes(packet(0xD0, 0, 0, b"")), bytes(&again)], "<[00000000011]+=Done+");
    check_ssi(&[bytes(&card), bytes(&card)], "<[00000000011]+<[00000000011]+");
    check_ssi(&[bytes(&card), bytes(&other), bytes(&again)], "<[00000000011]+<[00000000029]+<[00000000011]+");
    // The first one did not arrive.
    check_ssi(&[bytes(&again)], "<[00000000011]+");
    check_ssi(&[bytes(broken(card.clone())), bytes(&again)], "<!BadCheck-<[00000000011]+");
    check_ssi(
        &[bytes(&card), bytes(&other[..8]), Silence(500), bytes(&other_again)],
        "<[00000000011]+<!Cut-<[00000000029]+",
    );
    check_ssi(&[bytes(broken(again.clone())), Silence(500), bytes(&again)], "-!Stray<[00000000011]+");
    // The same card a second time, which only the repetition brings whole.
    let twice = "<[00000000011]+<!BadCheck-<[00000000011]+";
    check_ssi(&[bytes(&card), bytes(broken(card.clone())), bytes(&again)], twice);
    check_ssi(&[bytes(&card), bytes(broken(card.clone())), bytes(&again), bytes(&again)], &format!("{twice}+"));
    check_ssi(&[bytes(&card), bytes(&card[..8]), Silence(500), bytes(&again)], "<[00000000011]+<!Cut-<[00000000011]+");
    // Its first repetition is damaged: still the first scan.
    check_ssi(&[bytes(&card), bytes(broken(again.clone())), bytes(&again)], "<[00000000011]+-+");
}

#[test]
fn ssi_messages_of_several_packets() {
    check_ssi(&[bytes(decoded(2, "111")), bytes(decoded(2, "222")), bytes(decoded(0, "333"))], "<++[111222333]+");
    check_ssi(&[bytes(decoded(2, "111")), bytes(packet(0xF3, 0, 0, b"222"))], "<+[111222]+");
    check_ssi(&[bytes(decoded(2, "111")), Silence(499), bytes(decoded(0, "222"))], "<+[111222]+");
    check_ssi(&[bytes(decoded(2, "111")), Silence(500), bytes(decoded(0, "222"))], "<+!Cut<[222]+");
    check_ssi(&[bytes(decoded(2, "111")), bytes(decoded(3, "111")), bytes(decoded(0, "222"))], "<++[111222]+");
    let script = [bytes(decoded(2, "111")), bytes(broken(decoded(0, "222"))), bytes(decoded(1, "222"))];
    check_ssi(&script, "<+-[111222]+");
    check_ssi(&[bytes(decoded(2, "111")), bytes(packet(0xF6, 0, 0, b"\x02")), bytes(decoded(0, "2"))], "<++[1112]+");
    let part = "7".repeat(200);
    let parts = |status| bytes(decoded(status, &part));
    check_ssi(&[parts(2), parts(2), bytes(decoded(0, &part[..112]))], &format!("<++[{}]+", "7".repeat(MAX_FRAME)));
    check_ssi(&[parts(2), parts(2), bytes(decoded(0, &part[..113])), bytes(decoded(0, "2"))], "<++!TooLong+<[2]+");
    check_ssi(&[parts(2), parts(2), parts(2), parts(2), parts(0), bytes(decoded(0, "2"))], "<++!TooLong+++<[2]+");
    check_ssi(&[parts(2), parts(2), parts(2), Silence(500), bytes(decoded(0, "2"))], "<++!TooLong+<[2]+");
}

#[test]
fn ssi_packets_among_noise() {
    let card = decoded(0, "00000000011");
    let after = |noise: &[u8]| bytes([noise, &card].concat());
    check_ssi(&[bytes(broken(card.clone()))], "<!BadCheck-");
    // What is left of it is no news.
    check_ssi(&[bytes(broken(card.clone())), Silence(1000)], "<!BadCheck-");
    check_ssi(&[bytes(broken(card.clone())), Silence(1000), bytes(b"77"), Silence(1000)], "<!BadCheck-!Stray");
    check_ssi(&[bytes(broken(packet(0xF6, 0, 0, b"\x02\x02"))), Silence(500)], "-!Stray");
    check_ssi(&[after(b"noise"), Silence(1000)], "<[00000000011]+");
    check_ssi(&[after(b"\x01\x02\x03\xff"), Silence(1000)], "<[00000000011]+");
    // A false length hides the packet until its bytes have come, or none come any more.
    check_ssi(&[after(b"\x08\xaa\x00"), Silence(1000)], "<[00000000011]+");
    check_ssi(&[after(b"\x30\xaa\x00"), Silence(499)], "");
    check_ssi(&[after(b"\x30\xaa\x00"), Silence(500)], "<[00000000011]+");
    check_ssi(&[after(b"\x30\xf3\x00\x00"), Silence(500)], "<[00000000011]+");
    check_ssi(&[bytes([&card[..9], &card].concat()), Silence(500)], "<[00000000011]+");
    check_ssi(&[bytes([&broken(card.clone())[..], &card].concat())], "<!BadCheck-<[00000000011]+");
    // Announced, spoiled, and what came of it was no card.
    let script = [bytes([b"\x08\xf3\x00\x00", &packet(0xD0, 0, 0, b"")[..]].concat()), Silence(500)];
    check_ssi(&script, "<!BadCheck=Done");
    check_ssi(&[bytes("7".repeat(20 * MAX_FRAME)), Silence(500), bytes(&card)], "!Stray<[00000000011]+");
}

/// How a firmware counts and checks.
#[derive(Clone, Copy)]
struct Firmware {
    /// What the length counts beyond the bytes from `O` through ETX.
    more: u8,
    /// The first byte that BCC covers: 0 is SOH, 1 the length, 3 `O`.
    covered_from: usize,
}

const FIRMWARE: Firmware = Firmware { more: 0, covered_from: 3 };

fn swiped(lines: [&str; 3], firmware: Firmware) -> Vec<u8> {
    let body = format!("OU\x02\x31{}\r{}\r{}\r\x03", lines[0], lines[1], lines[2]);
    let length = u16::try_from(body.len()).unwrap() + u16::from(firmware.more);
    let mut message = [&[1][..], &length.to_le_bytes(), body.as_bytes()].concat();
    message.push(message[firmware.covered_from..].iter().fold(0, |bcc, byte| bcc ^ byte));
    message
}

const PASSPORT: [&str; 3] =
    ["P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10", ""];

/// A message with these digits as its only line.
pub(super) fn swiped_digits(digits: &str) -> Vec<u8> {
    swiped([digits, "", ""], FIRMWARE)
}

#[test]
fn swiped_documents() {
    let joined = format!("<[{}\\r{}]", PASSPORT[0], PASSPORT[1]);
    for more in 0..=4 {
        for covered_from in [0, 1, 3] {
            let message = swiped(PASSPORT, Firmware { more, covered_from });
            check(&RTE6701, &[bytes(&message), Silence(1000)], &joined);
            check(&RTE6701, &[bytes(message.repeat(2))], &joined.repeat(2));
        }
    }
    check(&RTE6701, &[bytes(swiped(PASSPORT, Firmware { more: 5, ..FIRMWARE }))], "<!BadCheck");
    for (lines, expect) in [
        (["A", "B", "C"], "<[A\\rB\\rC]"),
        (["A", "B", ""], "<[A\\rB]"),
        (["A", "", "C"], "<[A\\rC]"),
        (["", "B", ""], "<[B]"),
        (["", "", "C"], "<[C]"),
        (["", "", ""], "<!Empty"),
    ] {
        check(&RTE6701, &[bytes(swiped(lines, FIRMWARE))], expect);
    }
    // The flag may be anything.
    for flag in 0..=u8::MAX {
        let mut message = swiped(["A", "B", ""], FIRMWARE);
        let bcc = message.len() - 1;
        message[bcc] ^= message[6] ^ flag;
        message[6] = flag;
        check(&RTE6701, &[bytes(message)], "<[A\\rB]");
    }
}

#[test]
fn swiped_documents_among_noise() {
    let good = swiped(["A", "B", ""], FIRMWARE);
    let mut bad = good.clone();
    bad[8] ^= 0x10;
    check(&RTE6701, &[bytes(&bad), bytes(&good)], "<!BadCheck<[A\\rB]");
    check(&RTE6701, &[bytes([b"\x01\x01\x0e", &good[..]].concat()), Silence(1000)], "<[A\\rB]");
    check(&RTE6701, &[bytes(&good[..9]), Silence(499), bytes(&good[9..])], "<[A\\rB]");
    check(&RTE6701, &[bytes(&good[..9]), Silence(500), bytes(&good)], "<!Cut<[A\\rB]");
    check(&RTE6701, &[bytes(&good[..6]), Silence(500)], "<!Cut");
    check(&RTE6701, &[bytes(&good[..5]), Silence(500)], "!Stray");
    check(&RTE6701, &[bytes(&good[..good.len() - 1]), Silence(500)], "<!BadCheck");
    // The end of the first is lost; its BCC is lost.
    check(&RTE6701, &[bytes([&good[..9], &good].concat())], "<[A\\rB]");
    check(&RTE6701, &[bytes([&good[..good.len() - 1], &good].concat())], "<!BadCheck<[A\\rB]");
    let head = &good[..7];
    let endless = bytes([head, &[b'7'; 20 * MAX_FRAME]].concat());
    check(&RTE6701, &[endless.clone(), Silence(500), bytes(&good)], "<!TooLong<[A\\rB]");
    check(&RTE6701, &[endless, bytes(&good)], "<!TooLong<[A\\rB]");
    check(&RTE6701, &[bytes([head, &[b'\r'; 20 * MAX_FRAME]].concat()), bytes(&good)], "<!TooLong<[A\\rB]");
    check(&RTE6701, &[bytes("7".repeat(20 * MAX_FRAME)), Silence(500), bytes(&good)], "!Stray<[A\\rB]");
    check(&RTE6701, &[bytes("\0\r\n"), Silence(500)], "");
}

/// An answer with this letter.
pub(super) fn answer(letter: u8, data: &str) -> Vec<u8> {
    [&[letter][..], &u16::try_from(data.len()).unwrap().to_be_bytes(), data.as_bytes()].concat()
}

#[test]
fn inquired_documents() {
    let lines = format!("{}\r{}", PASSPORT[0], PASSPORT[1]);
    let result = format!("<[{}\\r{}]", PASSPORT[0], PASSPORT[1]);
    check(&ELYCTIS, &[bytes(answer(b'I', &lines)), Silence(1000)], &result);
    check(&ELYCTIS, &[bytes(answer(b'I', &lines).repeat(2))], &result.repeat(2));
    check(&ELYCTIS, &[bytes(answer(b'I', "A\r\n"))], "<[A\\r\\n]");
    check(&ELYCTIS, &[bytes(b"I\0\0"), Silence(1000)], "<!Empty");
    check(&ELYCTIS, &[bytes(answer(b'I', "\r\r")), Silence(1000)], "<!Empty");
    check(&ELYCTIS, &[bytes(b"I\0\x03"), Silence(499), bytes("111")], "<[111]");
    check(&ELYCTIS, &[bytes(b"I\0\x03"), Silence(500), bytes(answer(b'I', "222"))], "<!Cut<[222]");
    check(&ELYCTIS, &[bytes(b"C\0\x01\x01"), Silence(1000)], "=Done");
    check(&ELYCTIS, &[bytes(b"C\0\0"), bytes(answer(b'I', "222")), bytes(b"C\0\x01\0")], "=Done<[222]=Done");
    check(&ELYCTIS, &[bytes(b"C\0\x05\x01"), Silence(500), bytes(answer(b'I', "222"))], "<[222]");
    check(&ELYCTIS, &[bytes(b"C\0\x11"), Silence(500)], "!Stray");
    let longest = "7".repeat(MAX_FRAME);
    check(&ELYCTIS, &[bytes(answer(b'I', &longest))], &format!("<[{longest}]"));
    check(&ELYCTIS, &[bytes(b"I\x02\x01"), Silence(500)], "!Stray");
}

#[test]
fn inquired_documents_among_noise() {
    let good = answer(b'I', "222");
    check(&ELYCTIS, &[bytes(b"I"), bytes(&good), Silence(1000)], "<[222]");
    check(&ELYCTIS, &[bytes(b"I\0"), bytes(&good), Silence(1000)], "<!Cut<[222]");
    check(&ELYCTIS, &[bytes(b"I\0\x50"), bytes(&good), Silence(1000)], "<!Cut<[222]");
    check(&ELYCTIS, &[bytes(b"I\0\x50P<UTO"), bytes(&good)], "<!Cut<[222]");
    check(&ELYCTIS, &[bytes(b"I\0\x50P<U\xffO"), Silence(500), bytes(&good)], "<!Cut<[222]");
    check(&ELYCTIS, &[bytes(b"I\0\x50P<U\xffO"), bytes(b"C\0\x01\x01"), Silence(500)], "<!Cut");
    check(&ELYCTIS, &[bytes(b"C\0\x0f"), bytes(&good)], "<[222]");
    check(&ELYCTIS, &[bytes(b"noise"), Silence(500), bytes(&good)], "!Stray<[222]");
    check(&ELYCTIS, &[bytes("7".repeat(20 * MAX_FRAME)), Silence(500), bytes(&good)], "!Stray<[222]");
}
