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
//! Seven data bits: bit 7 is taken off here, as drivers that know no seven bits leave the parity bit in it.

use crate::profile::DataBits;

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
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Plain,
    Escape,
    Marked,
}

impl Marks {
    pub(crate) fn new(bits: DataBits) -> Self {
        let mask = match bits {
            DataBits::Seven => 0x7f,
            DataBits::Eight => 0xff,
        };
        Self { mask, state: State::Plain }
    }

    /// Takes the next byte that was read. `None`: it is part of a mark that goes on.
    pub(crate) fn take(&mut self, byte: u8) -> Option<Mark> {
        let (state, mark) = match (self.state, byte) {
            (State::Plain, 0xff) => (State::Escape, None),
            (State::Escape, 0x00) => (State::Marked, None),
            (State::Plain | State::Escape, _) => (State::Plain, Some(Mark::Data(byte & self.mask))),
            (State::Marked, 0x00) => (State::Plain, Some(Mark::Break)),
            (State::Marked, _) => (State::Plain, Some(Mark::Damaged)),
        };
        self.state = state;
        mark
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use Mark::{Break, Damaged, Data};
    use proptest::prelude::*;

    #[track_caller]
    fn check(bits: DataBits, bytes: &[u8], expected: &[Mark]) {
        let mut marks = Marks::new(bits);
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
