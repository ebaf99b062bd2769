//! When a reader reads: always, or when it is told to.

use super::{Bytes, millis};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When a reader reads.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "mode", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Trigger {
    /// Whenever it sees a card; nothing is sent to it.
    // Braces: serde refuses unknown keys only beside a variant that may have keys.
    Continuous {},
    /// When the booth tells it to.
    Host(HostTrigger),
}

/// Commands that start and stop the reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct HostTrigger {
    /// Sent before `start`, for readers that sleep.
    pub wake: Bytes,
    /// Time from `wake` to `start`, in ms.
    pub wake_ms: u16,
    /// Starts the reading of one card.
    pub start: Bytes,
    /// Ends it without a card. Empty: the reader has no such command.
    pub stop: Bytes,
    /// `start` is sent again so long after the last one, in ms, since readers give up by themselves; 0: never. After each
    /// answer of the reader it is sent again in any case.
    pub rearm_ms: u16,
}

impl HostTrigger {
    /// See [`HostTrigger::wake_ms`].
    pub fn wake_pause(&self) -> Duration {
        millis(self.wake_ms)
    }

    /// See [`HostTrigger::rearm_ms`].
    pub fn rearm_after(&self) -> Option<Duration> {
        (self.rearm_ms > 0).then(|| millis(self.rearm_ms))
    }
}

impl Default for Trigger {
    fn default() -> Self {
        Self::Continuous {}
    }
}

impl Default for HostTrigger {
    /// Commands have no default; readers wake within 50 ms and give up after 5 s or later.
    fn default() -> Self {
        Self { wake: Bytes::default(), wake_ms: 50, start: Bytes::default(), stop: Bytes::default(), rearm_ms: 4000 }
    }
}
