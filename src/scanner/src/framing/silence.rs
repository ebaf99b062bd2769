//! The silence that a decoder with a time limit waits for, while it waits for anything.

use std::time::{Duration, Instant};

/// Runs from the last byte on, as long as a frame or stray bytes are without an end.
#[derive(Debug)]
pub(super) struct Silence {
    limit: Duration,
    last_byte: Option<Instant>,
}

impl Silence {
    pub(super) fn new(limit: Duration) -> Self {
        Self { limit, last_byte: None }
    }

    /// Bytes have come; silence means something only while something is `unfinished`.
    pub(super) fn heard(&mut self, unfinished: bool, now: Instant) {
        self.last_byte = unfinished.then_some(now);
    }

    /// Nothing is waited for any more.
    pub(super) fn forget(&mut self) {
        self.last_byte = None;
    }

    /// When it is long enough, if nothing comes before.
    pub(super) fn deadline(&self) -> Option<Instant> {
        self.last_byte.map(|last| last + self.limit)
    }

    /// Whether it is long enough by now.
    pub(super) fn is_over(&self, now: Instant) -> bool {
        self.deadline().is_some_and(|deadline| now >= deadline)
    }
}
