//! The pad on which the service PIN is typed.

use super::lockout::Gate;
use super::pin::Tried;
use bilik_claim::provision::PIN_DIGITS;
use std::time::Instant;
use zeroize::Zeroizing;

/// How the PIN stands.
#[derive(Debug, PartialEq, Eq)]
pub struct Pin {
    pub typed: Zeroizing<String>,
    pub checking: bool,
    /// How the last one ended, and since when.
    pub tried: Option<Tried>,
    /// Nothing may be typed before.
    pub opens_at: Option<Instant>,
    pub dead: bool,
    pub is_set: bool,
}

impl Pin {
    pub fn can_type(&self) -> bool {
        self.is_set && !self.dead && !self.checking && self.opens_at.is_none()
    }

    pub fn can_enter(&self) -> bool {
        self.can_type() && self.typed.len() >= *PIN_DIGITS.start()
    }
}

/// Since when one may be typed again, and whether one ever may.
pub(super) fn waits(gate: Gate, now: Instant) -> (Option<Instant>, bool) {
    match gate {
        Gate::Open { .. } => (None, false),
        Gate::Waits(left) => (Some(now + left), false),
        Gate::Dead => (None, true),
    }
}
