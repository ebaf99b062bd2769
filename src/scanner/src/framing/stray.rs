//! Bytes that belong to no frame, counted until a frame or silence follows.

use super::{Fault, MAX_FRAME, Output};

/// Unexplained bytes since the last frame or silence.
///
/// They are reported, once, when silence follows instead of a frame, or when there are so many that no frame is to be expected:
/// that is how a wrong profile or a wrong baud rate shows.
#[derive(Debug, Default)]
pub(super) struct Stray {
    /// Up to [`MAX_FRAME`], which stands for "reported".
    bytes: usize,
}

impl Stray {
    /// One more.
    pub(super) fn take(&mut self, out: &mut impl FnMut(Output<'_>)) {
        if self.bytes < MAX_FRAME {
            self.bytes += 1;
            if self.bytes == MAX_FRAME {
                out(Output::Fault(Fault::Stray));
            }
        }
    }

    /// A frame follows, so they mean nothing.
    pub(super) fn forget(&mut self) {
        self.bytes = 0;
    }

    /// Silence follows.
    pub(super) fn end(&mut self, out: &mut impl FnMut(Output<'_>)) {
        self.end_beyond(0, out);
    }

    /// Silence follows, and so many of them have an innocent explanation.
    pub(super) fn end_beyond(&mut self, innocent: usize, out: &mut impl FnMut(Output<'_>)) {
        if self.bytes > innocent && self.bytes < MAX_FRAME {
            out(Output::Fault(Fault::Stray));
        }
        self.bytes = 0;
    }

    /// Whether there are any, reported or not.
    pub(super) fn any(&self) -> bool {
        self.bytes > 0
    }
}
