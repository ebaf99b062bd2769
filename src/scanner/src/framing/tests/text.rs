//! Framings of text: lines, STX .. ETX, Newland, tracks.

use super::Step::Silence;
use super::*;

#[test]
fn line_frames() {
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
    let (longest, longer) = ("7".repeat(MAX_FRAME), "7".repeat(MAX_FRAME + 1));
    check(&LINE, &[bytes(&longest), bytes("\r")], &format!("<[{longest}]"));
    check(&LINE, &[bytes(&longer), bytes("\r222\r")], "<!TooLong<[222]");
    check(&LINE, &[bytes(&longer), Silence(100), bytes("222\r")], "<!TooLong<[222]");
    check(&LINE, &[bytes("7".repeat(20 * MAX_FRAME)), bytes("\n222\n")], "<!TooLong<[222]");
}

#[test]
fn stx_etx_frames() {
    check(&STX_ETX, &[bytes("\x02111\x03")], "<[111]");
    check(&STX_ETX, &[bytes("\x02111\x03\r\n\x02222\x03\r\n"), Silence(1000)], "<[111]<[222]");
    check(&STX_ETX, &[bytes("\x02\x03\x02222\x03")], "<!Empty<[222]");
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
    let longest = "7".repeat(MAX_FRAME);
    check(&STX_ETX, &[bytes(format!("\x02{longest}\x03"))], &format!("<[{longest}]"));
    check(&STX_ETX, &[bytes(format!("\x02{longest}7\x03\x02222\x03"))], "<!TooLong<[222]");
    check(&STX_ETX, &[bytes(format!("\x02{longest}{longest}{longest}")), Silence(500)], "<!TooLong");
    check(&CHECKED, &[bytes(format!("\x02{longest}77\x03\x07")), Silence(500)], "<!TooLong^15");
}

#[test]
fn checked_and_answered_frames() {
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
fn a_checksum_that_is_not_expected_does_no_harm() {
    // Whatever its value, behind a frame a single byte is passed over.
    for byte in 0..=u8::MAX {
        let frame = [b"\x02111\x03", &[byte][..]].concat();
        check(&ANSWERED, &[bytes(&frame), Silence(1000)], "<[111]^06");
        check(&ANSWERED, &[bytes(&frame), bytes("\r\n"), Silence(1000)], "<[111]^06");
        check(&ANSWERED, &[bytes(&frame), bytes("\x02222\x03"), Silence(1000)], "<[111]^06<[222]^06");
        check(&ANSWERED, &[bytes(&frame), Silence(1000), bytes("\x02222\x03")], "<[111]^06<[222]^06");
    }
    check(&ANSWERED, &[bytes("\x02111\x0377"), Silence(1000)], "<[111]^06!Stray");
    check(&ANSWERED, &[bytes("\x02111\x037"), Silence(1000), bytes("7"), Silence(1000)], "<[111]^06!Stray");
    check(&ANSWERED, &[bytes("\x02111\x03\r7"), Silence(1000)], "<[111]^06!Stray");
    check(&ANSWERED, &[bytes("7\x02111\x03"), Silence(1000)], "<[111]^06");
    // Where one is expected, a further byte is stray.
    check(&CHECKED, &[bytes("\x02111\x03\x327"), Silence(1000)], "<[111]^06!Stray");
}

#[test]
fn a_damaged_frame_that_waits_for_its_answer_is_refused() {
    check(&ANSWERED, &[bytes(b"\x02111\xff1\x03"), Silence(1000)], "<!Damaged^15");
    check(&ANSWERED, &[bytes(b"\x02\xff\x03\x02222\x03")], "<!Damaged^15<[222]^06");
    // With a checksum that is not expected behind it.
    check(&ANSWERED, &[bytes(b"\x02111\xff1\x037"), Silence(1000)], "<!Damaged^15");
    check(&ANSWERED, &[bytes(b"\x0211\xff"), Silence(1000)], "<!Cut^15");
    // Begun anew: the damage belongs to the frame whose end was lost.
    check(&ANSWERED, &[bytes(b"\x0211\xff\x02222\x03")], "<[222]^06");
    // A reader that waits for nothing repeats nothing; one with a checksum is refused for that.
    check(&STX_ETX, &[bytes(b"\x02111\xff1\x03")], "<[111\\xff1]");
    check(&CHECKED, &[bytes(b"\x02111\xff\x03\x03")], "<!BadCheck^15");
}

#[test]
fn checks_that_cover_stx() {
    // '1' ^ '1' ^ '1' ^ ETX ^ STX = 0x30
    check(&BCC, &[bytes("\x02111\x03\x30")], "<[111]");
    check(&BCC, &[bytes("\x02111\x03\x32")], "<!BadCheck");
}

const DONE: &str = "\x02\x010000@SCNTRG1\x06;\x03";
const UNKNOWN: &str = "\x02\x010000@SCNTRG9\x15;\x03";
const OUT_OF_RANGE: &str = "\x02\x010000#SCNTRG9\x05;\x03";

#[test]
fn newland_answers() {
    check(&NEWLAND, &[bytes(DONE)], "=Done");
    check(&NEWLAND, &[bytes(UNKNOWN)], "=Refused");
    check(&NEWLAND, &[bytes(OUT_OF_RANGE)], "=Refused");
    check(&NEWLAND, &[bytes(DONE), Silence(1000), bytes(DONE)], "=Done=Done");
    // Several commands; data that hold what looks like an end; no verdict.
    check(&NEWLAND, &[bytes("\x02\x010000@AAA1\x06;BBB1\x06;\x03")], "=Done");
    check(&NEWLAND, &[bytes("\x02\x010000@AAA1\x06;BBB1\x15;\x03")], "=Refused");
    check(&NEWLAND, &[bytes("\x02\x010000@AAA1\x15;BBB1\x06;\x03")], "=Refused");
    check(&NEWLAND, &[bytes("\x02\x010000@QRY;\x03\r\x06x\x15\x06;\x03")], "=Done");
    check(&NEWLAND, &[bytes("\x02\x010000@AAA1;\x03111\r"), Silence(100), bytes("222\r")], "<[222]");
}

#[test]
fn newland_lines_and_answers() {
    check(&NEWLAND, &[bytes("111\r222"), Silence(100)], "<[111]<[222]");
    check(&NEWLAND, &[bytes(format!("{DONE}111\r{UNKNOWN}222\r\n{DONE}"))], "=Done<[111]=Refused<[222]=Done");
    // An answer in the middle of a line splits nothing.
    check(&NEWLAND, &[bytes(format!("111{DONE}222\r"))], "<=Done[111222]");
    check(&NEWLAND, &[bytes("111"), Silence(60), bytes(DONE), Silence(60), bytes("2"), Silence(100)], "<=Done[1112]");
    check(&NEWLAND, &[bytes("111"), Silence(99), bytes(DONE), Silence(100), bytes("2\r")], "<=Done[111]<[2]");
    // One that breaks off ends with silence, and no other byte of it is a card.
    check(&NEWLAND, &[bytes(&DONE[..12]), Silence(99), bytes(&DONE[12..])], "=Done");
    check(&NEWLAND, &[bytes(&DONE[..12]), Silence(100), bytes("111\r")], "<[111]");
    check(&NEWLAND_TERMINATED, &[bytes(&DONE[..12]), Silence(500), bytes("111\r")], "<[111]");
    check(&NEWLAND, &[bytes(&DONE[..7]), bytes("7".repeat(MAX_FRAME)), bytes("\r111\r")], "<[777777]<[111]");
    // What only begins like one is text.
    check(&NEWLAND, &[bytes("\x02111\r")], "<[\\x02111]");
    check(&NEWLAND, &[bytes("\x02\x01111\r")], "<[\\x02\\x01111]");
    check(&NEWLAND, &[bytes("\x02\x02\x010000@A\x06;\x03\r")], "<=Done[\\x02]");
    check(&NEWLAND, &[bytes("\x02"), Silence(100), bytes("111\r")], "<[\\x02]<[111]");
    check(&NEWLAND_TERMINATED, &[bytes("\x02"), Silence(500), bytes("111\r")], "<[\\x02111]");
}

#[test]
fn newland_lines_that_are_too_long() {
    check(&NEWLAND, &[bytes("7".repeat(MAX_FRAME + 1)), bytes(format!("{DONE}\r222\r"))], "<!TooLong=Done<[222]");
}

#[test]
fn tracks() {
    let all = "%B1^UTO/ERIKSSON?;00000000011=99?+0011?";
    let result = format!("<[{all}]");
    for (before, after) in
        [("", "\r"), ("\x02", "\x03"), ("\x02", "\r\x03"), ("", "\r\x03"), ("\x02", "\r\n"), ("", "\n")]
    {
        check(&MAGTEK, &[bytes(format!("{before}{all}{after}")), Silence(1000)], &result);
        check(&MAGTEK_TERMINATED, &[bytes(format!("{before}{all}{after}")), Silence(1000)], &result);
    }
    check(&MAGTEK, &[bytes(all), Silence(99)], "<");
    check(&MAGTEK, &[bytes(all), Silence(100)], &result);
    check(&MAGTEK, &[bytes(all), Silence(100), bytes("\r\x03"), Silence(1000)], &result);
    check(&MAGTEK_TERMINATED, &[bytes(all), Silence(10_000), bytes("\r")], &result);
    for subset in ["%A?", ";1?", "+2?", "%A?;1?", "%A?+2?", ";1?+2?", "%E?;1?", "%E?", "%A;B+C?"] {
        check(&MAGTEK, &[bytes(format!("{subset}\r"))], &format!("<[{subset}]"));
    }
    check(&MAGTEK, &[bytes(";1?\r;2?\r")], "<[;1?]<[;2?]");
}

#[test]
fn tracks_that_are_none() {
    check(&MAGTEK, &[bytes("\x02\r\x03"), Silence(1000)], "<!Empty");
    check(&MAGTEK, &[bytes("\x02\x03")], "<!Empty");
    check(&MAGTEK, &[bytes("\x02"), Silence(100)], "<!Empty");
    check(&MAGTEK, &[bytes("%A\r;1?\r")], "<!Cut<[;1?]");
    check(&MAGTEK, &[bytes("%A"), Silence(100), bytes("?\r"), Silence(100)], "<!Cut!Stray");
    // The last track broke off, the first ones count; what stands between tracks does not.
    check(&MAGTEK, &[bytes("%A?;1"), Silence(100)], "<[%A?]");
    check(&MAGTEK, &[bytes("%A?\x7f;1?xyz\r")], "<[%A?;1?]");
    check(&MAGTEK, &[bytes("%A?;1\x02%B?\r")], "<[%B?]");
    check(&MAGTEK, &[bytes("xyz"), Silence(100)], "!Stray");
    check(&MAGTEK, &[bytes("xyz%A?\r"), Silence(1000)], "<[%A?]");
    check(&MAGTEK_TERMINATED, &[bytes("xyz"), Silence(500)], "!Stray");
    check(&MAGTEK, &[bytes("\0\r\n\x03"), Silence(1000)], "");
    let longest = format!("%{}?", "7".repeat(MAX_FRAME - 2));
    check(&MAGTEK, &[bytes(format!("{longest}\r"))], &format!("<[{longest}]"));
    check(&MAGTEK, &[bytes(format!("%7{}\r;1?\r", &longest[1..]))], "<!TooLong<[;1?]");
    check(&MAGTEK, &[bytes(format!("%{}\x02;1?\r", "7".repeat(20 * MAX_FRAME)))], "<!TooLong<[;1?]");
    check(&MAGTEK, &[bytes("7".repeat(20 * MAX_FRAME)), Silence(1000), bytes(";1?\r")], "!Stray<[;1?]");
}
