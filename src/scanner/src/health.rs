//! Whether the line's settings fit the reader, as far as its bytes tell.
//!
//! A participant can do nothing about a wrong speed, and "please try again" for ever helps nobody. So when several frames in a
//! row are disturbed, the bytes since the last good one are looked at:
//!
//! | The line is set to | What came | Judgement |
//! |---|---|---|
//! | 8 bits, no parity | text below bit 7, bit 7 makes all bytes even (odd, is always set) | [`LineDoubt::LooksLike`] 7 bits with that parity |
//! | no parity | many characters without stop bit | [`LineDoubt::WrongSpeed`] |
//! | any | many characters that are no text | [`LineDoubt::WrongSpeed`] |
//! | parity | wrong parity, but text | [`LineDoubt::Errors`] |
//! | any | text, but no whole frame | [`LineDoubt::Errors`] |
//!
//! Space parity needs no hint: its bit 7 is 0, which is the same as text of 8 bits. Framings that carry binary data are judged
//! by their faults and the marks only, since any byte is in order there.
//!
//! Pure, and it keeps counts only, never a byte of what was read.

use crate::framing::Fault;
use crate::marks::Mark;
use crate::profile::{DataBits, Framing, LineSettings, Parity};
use std::fmt;

/// Disturbed frames in a row that raise a doubt. Fewer happen: a cable that is touched, a card pulled away.
const FRAMES: u32 = 3;
/// Fewest bytes from which a parity is inferred. Of random bytes of text one in 2^12 times so many look alike.
const SAMPLE: u32 = 12;

/// What seems wrong with the line. Reported once until a good frame comes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineDoubt {
    /// The speed differs from the reader's, or both its data bits and its parity do.
    WrongSpeed,
    /// The reader seems to send characters of this kind.
    LooksLike(DataBits, Parity),
    /// Frame after frame is damaged or not of the profile's kind, though speed and characters seem right: a bad cable, or
    /// another framing.
    Errors,
}

/// As a technician needs it.
impl fmt::Display for LineDoubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::WrongSpeed => write!(f, "the speed of the line does not fit the reader"),
            Self::LooksLike(bits, parity) => {
                write!(f, "the reader seems to send {} data bits with {} parity", u8::from(*bits), parity_name(*parity))
            }
            Self::Errors => write!(f, "the frames of the reader are damaged or of another kind"),
        }
    }
}

fn parity_name(parity: Parity) -> &'static str {
    match parity {
        Parity::None => "no",
        Parity::Even => "even",
        Parity::Odd => "odd",
        Parity::Space => "space",
        Parity::Mark => "mark",
    }
}

/// Judges a line.
#[derive(Debug)]
pub(crate) struct Health {
    line: LineSettings,
    /// Whether any byte is in order.
    binary: bool,
    counts: Counts,
    told: bool,
}

/// Counts since the last good frame, or the last doubt.
#[derive(Clone, Copy, Debug, Default)]
struct Counts {
    bad_frames: u32,
    bytes: u32,
    damaged: u32,
    /// Bytes that are neither text nor a control character of framings.
    garbled: u32,
    /// Bytes that are garbled even without bit 7.
    garbled_below: u32,
    odd: u32,
    high: u32,
}

impl Health {
    pub(crate) fn new(line: LineSettings, framing: &Framing) -> Self {
        let binary = match framing {
            Framing::Line(_) | Framing::StxEtx(_) | Framing::Newland(_) | Framing::Magtek(_) => false,
            Framing::Length(_) | Framing::Ssi(_) | Framing::Rte6701(_) | Framing::Elyctis(_) => true,
        };
        Self { line, binary, counts: Counts::default(), told: false }
    }

    /// A character has arrived.
    pub(crate) fn character(&mut self, mark: Mark) {
        let counts = &mut self.counts;
        let count = |counter: &mut u32, yes: bool| *counter = counter.saturating_add(yes.into());
        match mark {
            Mark::Data(byte) => {
                count(&mut counts.bytes, true);
                count(&mut counts.garbled, !is_text(byte));
                count(&mut counts.garbled_below, !is_text(byte & 0x7f));
                count(&mut counts.odd, byte.count_ones() % 2 == 1);
                count(&mut counts.high, byte >= 0x80);
            }
            Mark::Damaged => count(&mut counts.damaged, true),
            Mark::Break => {}
        }
    }

    /// A frame has ended with this payload.
    pub(crate) fn payload(&mut self, bytes: &[u8]) {
        // Names may have letters beyond ASCII.
        let good = self.binary || std::str::from_utf8(bytes).is_ok_and(|text| text.bytes().all(is_text_or_beyond));
        if good { self.good_frame() } else { self.bad_frame() }
    }

    /// A frame has ended with this fault.
    pub(crate) fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::TooLong | Fault::BadCheck | Fault::Damaged | Fault::Cut | Fault::Stray => self.bad_frame(),
            // A whole frame, with nothing in it.
            Fault::Empty => self.good_frame(),
        }
    }

    fn good_frame(&mut self) {
        self.counts = Counts::default();
        self.told = false;
    }

    fn bad_frame(&mut self) {
        self.counts.bad_frames = self.counts.bad_frames.saturating_add(1);
    }

    /// The doubt that is due, until it [was told](Health::told).
    pub(crate) fn doubt(&self) -> Option<LineDoubt> {
        (!self.told && self.counts.bad_frames >= FRAMES).then(|| self.judge())
    }

    /// The doubt was reported: no further one before a good frame.
    pub(crate) fn told(&mut self) {
        self.told = true;
    }

    fn judge(&self) -> LineDoubt {
        let Counts { bytes, damaged, garbled, .. } = self.counts;
        let share = |part: u32, whole: u32| part > whole / 4;
        if let Some(parity) = self.inferred_parity() {
            return LineDoubt::LooksLike(DataBits::Seven, parity);
        }
        // Marks of a line without parity are missing stop bits. With parity every second character of another one is marked.
        let strange = match self.line.parity {
            Parity::None => damaged > 0 && share(damaged, bytes.saturating_add(damaged)),
            Parity::Even | Parity::Odd | Parity::Space | Parity::Mark => false,
        };
        if strange || (!self.binary && share(garbled, bytes)) { LineDoubt::WrongSpeed } else { LineDoubt::Errors }
    }

    /// The parity that bit 7 of characters read as 8N seems to be.
    fn inferred_parity(&self) -> Option<Parity> {
        let Counts { bytes, damaged, garbled_below, odd, high, .. } = self.counts;
        let eight = self.line.data_bits == DataBits::Eight && self.line.parity == Parity::None;
        if self.binary || !eight || damaged > 0 || garbled_below > 0 || bytes < SAMPLE || high == 0 {
            return None;
        }
        if high == bytes {
            Some(Parity::Mark)
        } else if odd == 0 {
            Some(Parity::Even)
        } else if odd == bytes {
            Some(Parity::Odd)
        } else {
            None
        }
    }
}

/// Text, and the control characters that readers put in or around it: STX, ETX, EOT, ACK, HT, LF, CR, NAK, FS, GS, RS, US.
fn is_text(byte: u8) -> bool {
    matches!(byte, 0x20..=0x7e | 0x02..=0x04 | 0x06 | 0x09 | 0x0a | 0x0d | 0x15 | 0x1c..=0x1f)
}

/// The same in a text that is known to be UTF-8.
fn is_text_or_beyond(byte: u8) -> bool {
    is_text(byte) || byte >= 0x80
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::{LineFraming, PacketFraming, StopBits, StxEtxFraming};

    const CARD: &[u8] = b"3171011708450001\r";
    const KPJ: &[u8] = b"00000000011\r";

    fn line(data_bits: DataBits, parity: Parity) -> LineSettings {
        LineSettings { data_bits, parity, stop_bits: StopBits::One, ..LineSettings::default() }
    }

    fn coded(text: &[u8], bit_7: impl Fn(u32) -> bool) -> Vec<u8> {
        text.iter().map(|&byte| byte | (u8::from(bit_7(byte.count_ones())) << 7)).collect()
    }

    fn frame(health: &mut Health, bytes: &[u8]) {
        bytes.iter().for_each(|&byte| health.character(Mark::Data(byte)));
        health.payload(bytes.split_last().unwrap().1);
    }

    /// The doubt after so many frames of these bytes, and none before.
    #[track_caller]
    fn check(line: LineSettings, bytes: &[u8], expected: Option<LineDoubt>) {
        let mut health = Health::new(line, &Framing::Line(LineFraming::default()));
        for _ in 1..FRAMES {
            frame(&mut health, bytes);
            assert_eq!(health.doubt(), None);
        }
        frame(&mut health, bytes);
        assert_eq!(health.doubt(), expected, "{bytes:02x?}");
    }

    #[test]
    fn parity_in_bit_7_is_recognized() {
        let eight = line(DataBits::Eight, Parity::None);
        let looks_like = |parity| Some(LineDoubt::LooksLike(DataBits::Seven, parity));
        for text in [CARD, KPJ] {
            check(eight, text, None);
            check(eight, &coded(text, |ones| ones % 2 == 1), looks_like(Parity::Even));
            check(eight, &coded(text, |ones| ones % 2 == 0), looks_like(Parity::Odd));
            check(eight, &coded(text, |_| true), looks_like(Parity::Mark));
        }
        // Space parity is text as it is, and so are letters beyond ASCII.
        check(eight, "Ré|3171011708450001\r".as_bytes(), None);
    }

    #[test]
    fn other_speeds_give_no_text() {
        let eight = line(DataBits::Eight, Parity::None);
        check(
            eight,
            &[0x9e, 0x86, 0x00, 0xf8, 0x80, 0x1f, 0x66, 0xe6, 0x98, 0x00, 0x78, 0x06, 0x00],
            Some(LineDoubt::WrongSpeed),
        );
        check(line(DataBits::Seven, Parity::Even), &[0x00, 0x78, 0x00, 0x10, 0x00, 0x0d], Some(LineDoubt::WrongSpeed));
        check(eight, &[0x01, b'3', b'1', b'7', b'1', b'0', 0x0d], Some(LineDoubt::Errors));
    }

    #[test]
    fn marks_and_faults() {
        // Settings, damaged characters per frame beside sixteen good ones, fault.
        for (line, damaged, expected) in [
            (line(DataBits::Eight, Parity::None), 12, LineDoubt::WrongSpeed),
            (line(DataBits::Eight, Parity::None), 1, LineDoubt::Errors),
            (line(DataBits::Seven, Parity::Even), 12, LineDoubt::Errors),
        ] {
            for framing in [Framing::StxEtx(StxEtxFraming::default()), Framing::Ssi(PacketFraming::default())] {
                let mut health = Health::new(line, &framing);
                for _ in 0..FRAMES {
                    assert_eq!(health.doubt(), None);
                    CARD.iter().for_each(|&byte| health.character(Mark::Data(byte)));
                    (0..damaged).for_each(|_| health.character(Mark::Damaged));
                    health.fault(Fault::Cut);
                }
                assert_eq!(health.doubt(), Some(expected), "{line} {framing:?}");
            }
        }
    }

    #[test]
    fn binary_frames_may_hold_anything() {
        let mut health = Health::new(LineSettings::default(), &Framing::Ssi(PacketFraming::default()));
        for _ in 0..100 {
            frame(&mut health, &[0xf3, 0x80, 0x00, 0xff, 0x91, 0xb1, 0xb7]);
            assert_eq!(health.doubt(), None);
        }
    }

    #[test]
    fn told_once_until_a_good_frame() {
        let mut health = Health::new(LineSettings::default(), &Framing::Line(LineFraming::default()));
        let bad = |health: &mut Health| (0..FRAMES).for_each(|_| health.fault(Fault::Stray));
        bad(&mut health);
        assert_eq!(health.doubt(), Some(LineDoubt::Errors));
        health.told();
        bad(&mut health);
        assert_eq!(health.doubt(), None);
        frame(&mut health, CARD);
        assert_eq!(health.doubt(), None);
        health.fault(Fault::Cut);
        frame(&mut health, CARD);
        bad(&mut health);
        assert_eq!(health.doubt(), Some(LineDoubt::Errors));
    }
}
