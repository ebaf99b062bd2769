//! What the kernel says about single characters: wrong parity, a missing stop bit, a break.
//!
//! Without marks a character that arrived damaged is handed over as if it were sound, and a NIK may become another person's.
//! With `PARMRK` (termios(3)) the kernel puts marks between the bytes, and this takes them apart again:
//!
//! ```text
//!            FF            00             x = 00: Break
//!   Plain ───────▶ Escape ───────▶ Marked ─────────────────▶ Plain
//!     │              │                    x > 00: Damaged
//!     │ other: Data  │ FF: Data(FF)
//!     ▼              ▼    other: Data(other), which no kernel sends
//!   Plain          Plain
//! ```
//!
//! A break and a damaged NUL look alike. One byte in, at most one mark out, so the cuts between reads do not matter.
//!
//! Seven data bits: bit 7 is taken off here. A driver that knows no seven bits leaves the parity bit in it and does not look at
//! it, so that is done here too: a character with the wrong one is as damaged as one that the kernel has marked.

use crate::port::with_parity;
use crate::profile::{DataBits, Parity};

/// Stands in a frame for a character that arrived damaged. It occurs in no text (UTF-8 has no such byte), so the frame cannot
/// be read as a shorter or another number; of a frame with a checksum it spoils that.
pub(crate) const DAMAGED: u8 = 0xff;

/// A character of the line.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// A sound one.
    Data(u8),
    /// One with wrong parity or without its stop bit.
    Damaged,
    /// The line was held at 0 for longer than a character: the cable was moved, or the reader switched on or off.
    Break,
}

/// Takes marks apart.
#[derive(Debug)]
pub(crate) struct Marks {
    mask: u8,
    /// The parity in bit 7, where the driver does not check it.
    own_parity: Option<Parity>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain,
    Escape,
    Marked,
}

impl Marks {
    /// `own_parity`: the parity that the driver leaves in bit 7.
    pub(crate) fn new(bits: DataBits, own_parity: Option<Parity>) -> Self {
        let mask = match bits {
            DataBits::Seven => 0x7f,
            DataBits::Eight => 0xff,
        };
        // Without parity it is the stop bit, which the driver has taken for data; the next character tells if it was missing.
        let own_parity = own_parity.filter(|parity| *parity != Parity::None);
        Self { mask, own_parity, state: State::Plain }
    }

    /// Takes the next byte that was read. `None`: it is part of a mark that goes on.
    pub(crate) fn take(&mut self, byte: u8) -> Option<Mark> {
        let (state, mark) = match (self.state, byte) {
            (State::Plain, 0xff) => (State::Escape, None),
            (State::Escape, 0x00) => (State::Marked, None),
            (State::Plain | State::Escape, _) => (State::Plain, Some(self.character(byte))),
            (State::Marked, 0x00) => (State::Plain, Some(Mark::Break)),
            (State::Marked, _) => (State::Plain, Some(Mark::Damaged)),
        };
        self.state = state;
        mark
    }

    fn character(&self, byte: u8) -> Mark {
        match self.own_parity {
            Some(parity) if with_parity(byte, parity) != byte => Mark::Damaged,
            Some(_) | None => Mark::Data(byte & self.mask),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Break, Damaged, Data};
    use proptest::prelude::*;

    #[track_caller]
    fn check(bits: DataBits, bytes: &[u8], expected: &[Mark]) {
        check_own(bits, None, bytes, expected);
    }

    #[track_caller]
    fn check_own(bits: DataBits, own_parity: Option<Parity>, bytes: &[u8], expected: &[Mark]) {
        let mut marks = Marks::new(bits, own_parity);
        let found: Vec<Mark> = bytes.iter().filter_map(|&byte| marks.take(byte)).collect();
        assert_eq!(found, expected, "{bytes:02x?}");
    }

    #[test]
    fn marks_between_bytes() {
        let eight = |bytes: &[u8], expected: &[Mark]| check(DataBits::Eight, bytes, expected);
        eight(b"31", &[Data(b'3'), Data(b'1')]);
        eight(&[0xff, 0xff], &[Data(0xff)]);
        eight(&[0xff, 0x00, b'3', b'1'], &[Damaged, Data(b'1')]);
        eight(&[0xff, 0x00, 0x00, b'1'], &[Break, Data(b'1')]);
        eight(&[0xff, 0x00, 0xff, 0xff, 0xff], &[Damaged, Data(0xff)]);
        eight(&[0x00, 0xff, 0x00, 0x00, 0xff, 0x00, 0x80], &[Data(0), Break, Damaged]);
        eight(&[0xff, b'1', b'2'], &[Data(b'1'), Data(b'2')]);
        eight(&[0xff], &[]);
        eight(&[0xff, 0x00], &[]);
        // Digits with even parity in bit 7.
        check(DataBits::Seven, &[0x33, 0xb1, 0xb7, 0xff, 0xff], &[Data(b'3'), Data(b'1'), Data(b'7'), Data(0x7f)]);
    }

    #[test]
    fn parity_that_the_driver_leaves_is_checked() {
        let seven = |parity, bytes: &[u8], expected: &[Mark]| check_own(DataBits::Seven, Some(parity), bytes, expected);
        // '3' has four ones, '1' has three.
        seven(Parity::Even, &[0x33, 0xb1, 0x31, 0xb3], &[Data(b'3'), Data(b'1'), Damaged, Damaged]);
        seven(Parity::Odd, &[0xb3, 0x31, 0x33, 0xb1], &[Data(b'3'), Data(b'1'), Damaged, Damaged]);
        seven(Parity::Space, &[0x33, 0xb3], &[Data(b'3'), Damaged]);
        seven(Parity::Mark, &[0xb3, 0x33], &[Data(b'3'), Damaged]);
        seven(Parity::None, &[0x33, 0xb3], &[Data(b'3'), Data(b'3')]);
        // Any one bit that flips in a digit.
        for bit in 0..8 {
            seven(Parity::Even, &[0x33 ^ (1 << bit)], &[Damaged]);
        }
        // The kernel's marks are as ever, and its true 0xFF is a DEL with its parity bit.
        seven(Parity::Even, &[0xff, 0x00, 0x33, 0xff, 0xff, 0xff, 0x00, 0x00], &[Damaged, Data(0x7f), Break]);
        seven(Parity::Odd, &[0xff, 0xff], &[Damaged]);
    }

    proptest! {
        #[test]
        fn what_the_kernel_marks_is_understood(sent in prop::collection::vec((any::<u8>(), 0..3u8), 0..200)) {
            let (mut bytes, mut expected) = (Vec::new(), Vec::new());
            for (byte, kind) in sent {
                match (kind, byte) {
                    (0, 0xff) => bytes.extend([0xff, 0xff]),
                    (0, _) => bytes.push(byte),
                    (1, _) => bytes.extend([0xff, 0x00, byte.max(1)]),
                    (_, _) => bytes.extend([0xff, 0x00, 0x00]),
                }
                expected.push(match kind { 0 => Data(byte), 1 => Damaged, _ => Break });
            }
            check(DataBits::Eight, &bytes, &expected);
        }
    }
}
