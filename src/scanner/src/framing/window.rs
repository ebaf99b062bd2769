//! The last few bytes of a line, in which a mark of several bytes is looked for wherever it may stand.

use std::fmt;
use zeroize::Zeroize;

/// The last `N` bytes, zeros before the first.
pub(super) struct Window<const N: usize>([u8; N]);

impl<const N: usize> Window<N> {
    pub(super) fn new() -> Self {
        Self([0; N])
    }

    pub(super) fn push(&mut self, byte: u8) {
        self.0.rotate_left(1);
        if let Some(last) = self.0.last_mut() {
            *last = byte;
        }
    }

    /// Oldest first.
    pub(super) fn bytes(&self) -> [u8; N] {
        self.0
    }

    pub(super) fn clear(&mut self) {
        self.0.zeroize();
    }
}

impl<const N: usize> Drop for Window<N> {
    fn drop(&mut self) {
        self.clear();
    }
}

/// Leaves the bytes out: they may be the end of a person's number.
impl<const N: usize> fmt::Debug for Window<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Window")
    }
}
