//! The hub's time, for a machine that has no other. Pure.
//!
//! It comes with each answer to a report, over the connection that looks at dates. A clock that is behind does no harm to that
//! (the hub's certificates begin in 2020, a booth's image is younger). By one that is years ahead they have ended, and there is
//! no such connection: then the hub is asked for nothing but the time ([`crate::hub_time`]), the machine sets its clock by it,
//! and the next attempt to connect looks at dates again.

use super::{Around, Command, PAUSE, RETRY};
use crate::hub_time::Told;
use bilik_claim::ids::WallTime;
use bilik_device::{Clock, Mode, Request, Status};
use std::time::{Duration, Instant};

/// A hub that took longer to answer has told the time too late.
const PROMPT: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub struct Timekeeper {
    not_before: Instant,
    asks: bool,
}

impl Timekeeper {
    pub fn new(now: Instant) -> Self {
        Self { not_before: now, asks: false }
    }

    /// The answer to a report that was sent at `asked`.
    pub fn heard(
        &self,
        time: WallTime,
        asked: Instant,
        status: Option<&Status>,
        around: &Around,
        now: Instant,
    ) -> Option<Command> {
        let took = now.saturating_duration_since(asked);
        if took > PROMPT || !self.is_wanted(status, around, now) {
            return None;
        }
        // It was read somewhere between question and answer.
        let told = Told { unix_ms: u64::try_from(time.0).unwrap_or(0), at: asked + took / 2 };
        Some(set(told, now))
    }

    /// There is no connection to the hub, for its certificate is out of date by this machine's clock.
    pub fn out_of_date(&mut self, status: Option<&Status>, around: &Around, now: Instant) -> Option<Command> {
        if self.asks || !self.is_wanted(status, around, now) {
            return None;
        }
        self.asks = true;
        Some(Command::AskTime)
    }

    /// What came of [`Command::AskTime`].
    pub fn told(
        &mut self,
        told: Option<Told>,
        status: Option<&Status>,
        around: &Around,
        now: Instant,
    ) -> Option<Command> {
        self.asks = false;
        match told {
            Some(told) => self.is_wanted(status, around, now).then(|| {
                // Until it is seen in the machine's status that it was done.
                self.not_before = now + RETRY;
                set(told, now)
            }),
            None => {
                self.not_before = now + RETRY;
                None
            }
        }
    }

    /// The machine did not take it.
    pub fn refused(&mut self, now: Instant) {
        self.not_before = now + PAUSE;
    }

    /// Whose clock is the office's, or was set by a time server, knows it better.
    fn is_wanted(&self, status: Option<&Status>, around: &Around, now: Instant) -> bool {
        let lost = status.is_some_and(|status| status.mode == Mode::Booth && status.clock == Clock::Unsynchronised);
        lost && !around.session && now >= self.not_before
    }
}

fn set(told: Told, now: Instant) -> Command {
    Command::Ask(Request::SetClock { unix_ms: told.unix_ms(now) })
}
