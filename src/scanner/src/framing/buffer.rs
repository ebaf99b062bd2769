//! The bytes of one frame, in place: no allocation, and nothing stays behind when the frame is done.

use super::MAX_FRAME;
use std::fmt;
use zeroize::Zeroize;

/// Holds at most [`MAX_FRAME`] bytes.
pub(super) struct FrameBuffer {
    bytes: [u8; MAX_FRAME],
    len: usize,
}

/// The buffer is full; the byte was not taken.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Full;

impl FrameBuffer {
    pub(super) fn new() -> Self {
        Self { bytes: [0; MAX_FRAME], len: 0 }
    }

    pub(super) fn push(&mut self, byte: u8) -> Result<(), Full> {
        let slot = self.bytes.get_mut(self.len).ok_or(Full)?;
        *slot = byte;
        self.len += 1;
        Ok(())
    }

    pub(super) fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Takes the first `count` bytes out; the others move up, and the room they leave is overwritten.
    pub(super) fn drop_front(&mut self, count: usize) {
        let count = count.min(self.len);
        self.bytes.copy_within(count..self.len, 0);
        let left = self.len - count;
        self.bytes.get_mut(left..self.len).unwrap_or_default().zeroize();
        self.len = left;
    }

    /// Empties the buffer and overwrites what was in it.
    pub(super) fn clear(&mut self) {
        self.bytes.get_mut(..self.len).unwrap_or_default().zeroize();
        self.len = 0;
    }
}

impl Drop for FrameBuffer {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Shows the length only: the content may be a person's number.
impl fmt::Debug for FrameBuffer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FrameBuffer({} bytes)", self.len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_its_capacity_and_no_more_and_forgets_all() {
        let mut buffer = FrameBuffer::new();
        for _ in 0..MAX_FRAME {
            assert_eq!(buffer.push(b'7'), Ok(()));
        }
        assert_eq!(buffer.push(b'8'), Err(Full));
        assert_eq!(buffer.as_slice(), [b'7'; MAX_FRAME]);
        assert_eq!(format!("{buffer:?}"), "FrameBuffer(512 bytes)");
        buffer.clear();
        assert_eq!(buffer.as_slice(), b"");
        assert_eq!(buffer.bytes, [0; MAX_FRAME]);
    }

    #[test]
    fn drops_its_front_and_forgets_it() {
        let mut buffer = FrameBuffer::new();
        for byte in *b"31710117" {
            assert_eq!(buffer.push(byte), Ok(()));
        }
        buffer.drop_front(0);
        assert_eq!(buffer.as_slice(), b"31710117");
        buffer.drop_front(3);
        assert_eq!((buffer.as_slice(), &buffer.bytes[5..]), (&b"10117"[..], &[0; MAX_FRAME - 5][..]));
        buffer.drop_front(9);
        assert!(buffer.is_empty() && buffer.bytes == [0; MAX_FRAME]);
    }
}
