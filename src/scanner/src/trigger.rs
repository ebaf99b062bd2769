//! When a host-triggered reader is told to read and to stop.
//!
//! Such a reader reads one card per command, gives up by itself after some seconds, and some sleep until a byte wakes them. So
//! while a card is wanted the command is given anew after each result and every [`HostTrigger::rearm_ms`]; to a reader that
//! still reads it means nothing. Commands are spaced by [`AFTER_RESULT`]: a reader that answers each with an immediate "no
//! card" must not keep the line busy.
//!
//! | State | wanted | no longer wanted | result | its time comes |
//! |---|---|---|---|---|
//! | idle | due now | | | |
//! | due | | idle | | wake: waking; or start: armed |
//! | waking | | stopping | | start: armed |
//! | armed | | stopping | due after [`AFTER_RESULT`] | wake: waking; or start: armed |
//! | stopping | due now | | | stop: idle |
//!
//! Empty: nothing changes. Each opening of the line has a machine of its own, which begins due or idle. A continuous reader is
//! sent nothing, whatever the state.
//!
//! Pure: time is an argument, and the bytes to send come out of [`TriggerMachine::poll`].

use crate::profile::{HostTrigger, Trigger};
use std::time::{Duration, Instant};

/// Time from a result to the next start: the answer to the result is out by then, and a person has taken the hand back.
pub(crate) const AFTER_RESULT: Duration = Duration::from_millis(250);

/// Tells a reader when to read.
#[derive(Debug)]
pub(crate) struct TriggerMachine {
    commands: Option<HostTrigger>,
    wanted: bool,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Idle,
    Due { at: Instant },
    Waking { until: Instant },
    Armed { until: Option<Instant> },
    Stopping { since: Instant },
}

impl TriggerMachine {
    /// For a line that was opened just now.
    pub(crate) fn new(trigger: &Trigger, wanted: bool, now: Instant) -> Self {
        let commands = match trigger {
            Trigger::Continuous {} => None,
            Trigger::Host(commands) => Some(commands.clone()),
        };
        Self { commands, wanted, state: if wanted { State::Due { at: now } } else { State::Idle } }
    }

    /// Whether a card is wanted from now on. May be said again and again.
    pub(crate) fn want(&mut self, wanted: bool, now: Instant) {
        if self.wanted == wanted {
            return;
        }
        self.wanted = wanted;
        self.state = match (self.state, wanted) {
            (State::Idle | State::Stopping { .. }, true) => State::Due { at: now },
            (State::Due { .. }, false) => State::Idle,
            (State::Waking { .. } | State::Armed { .. }, false) => State::Stopping { since: now },
            (state, _) => state,
        };
    }

    /// The reader has sent a card, a frame that is none, or word that it saw none: it does not read any more.
    pub(crate) fn result(&mut self, now: Instant) {
        if let State::Armed { .. } = self.state {
            self.state = State::Due { at: now + AFTER_RESULT };
        }
    }

    /// What to send now, if anything. To be called until there is nothing.
    pub(crate) fn poll(&mut self, now: Instant) -> Option<&[u8]> {
        if self.deadline().is_none_or(|deadline| now < deadline) {
            return None;
        }
        let commands = self.commands.as_ref()?;
        let armed = State::Armed { until: commands.rearm_after().map(|after| now + after) };
        let wakes = !commands.wake.is_empty();
        let (state, bytes) = match self.state {
            State::Idle => return None,
            State::Due { .. } | State::Armed { .. } if wakes => {
                (State::Waking { until: now + commands.wake_pause() }, &commands.wake)
            }
            State::Due { .. } | State::Armed { .. } | State::Waking { .. } => (armed, &commands.start),
            State::Stopping { .. } => (State::Idle, &commands.stop),
        };
        self.state = state;
        (!bytes.is_empty()).then_some(bytes.as_slice())
    }

    /// When to call `poll`.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.commands.as_ref()?;
        match self.state {
            State::Idle => None,
            State::Due { at } => Some(at),
            State::Waking { until } => Some(until),
            State::Armed { until } => until,
            State::Stopping { since } => Some(since),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::profile::Bytes;

    enum Do {
        Want(bool),
        Result,
        /// Nothing but time.
        Pass,
    }
    use Do::{Pass, Result, Want};

    fn host(wake: &str, stop: &str, rearm_ms: u16) -> Trigger {
        let hex = |text| Bytes::from_hex(text).unwrap();
        Trigger::Host(HostTrigger { wake: hex(wake), wake_ms: 50, start: hex("54"), stop: hex(stop), rearm_ms })
    }

    /// At so many ms something is done, and then that is sent.
    #[track_caller]
    fn check(trigger: &Trigger, wanted: bool, steps: &[(u64, Do, &[u8])]) {
        let start = Instant::now();
        let mut machine = TriggerMachine::new(trigger, wanted, start);
        for (ms, step, expected) in steps {
            let now = start + Duration::from_millis(*ms);
            match step {
                Want(wanted) => machine.want(*wanted, now),
                Result => machine.result(now),
                Pass => {}
            }
            let due = machine.deadline().is_some_and(|deadline| deadline <= now);
            let mut sent = Vec::new();
            while let Some(bytes) = machine.poll(now) {
                sent.extend_from_slice(bytes);
            }
            assert_eq!(&sent, expected, "at {ms} ms");
            assert!(due || sent.is_empty(), "sent before its deadline at {ms} ms");
            assert!(machine.deadline().is_none_or(|deadline| deadline > now), "still due at {ms} ms");
        }
    }

    #[test]
    fn a_continuous_reader_is_sent_nothing() {
        let steps = [(0, Pass, &[][..]), (1, Result, &[]), (9999, Pass, &[]), (9999, Want(false), &[])];
        check(&Trigger::Continuous {}, true, &steps);
    }

    #[test]
    fn started_again_after_each_result_and_after_a_while() {
        let steps = [
            (0, Pass, &b"T"[..]),
            (10, Pass, b""),
            (2999, Pass, b""),
            (3000, Pass, b"T"),
            (4000, Result, b""),
            // A second result, or a flood of them, changes nothing.
            (4100, Result, b""),
            (4249, Pass, b""),
            (4250, Pass, b"T"),
            (7249, Pass, b""),
            (7250, Pass, b"T"),
            (7300, Want(true), b""),
        ];
        check(&host("", "50", 3000), true, &steps);
    }

    #[test]
    fn never_started_again_by_time_when_told_so() {
        let steps = [(0, Pass, &b"T"[..]), (99_000, Pass, b""), (99_000, Result, b""), (99_250, Pass, b"T")];
        check(&host("", "", 0), true, &steps);
    }

    #[test]
    fn woken_before_each_start() {
        let steps = [
            (0, Pass, &b"\0"[..]),
            (49, Pass, b""),
            // A card that was read by hand while the reader woke.
            (49, Result, b""),
            (50, Pass, b"T"),
            (60, Result, b""),
            (310, Pass, b"\0"),
            (360, Pass, b"T"),
            (3359, Pass, b""),
            (3360, Pass, b"\0"),
            (3370, Want(false), b"P"),
            (3410, Pass, b""),
        ];
        check(&host("00", "50", 3000), true, &steps);
    }

    #[test]
    fn stopped_when_no_longer_wanted() {
        let steps = [
            (0, Pass, &b"T"[..]),
            (1, Want(false), b"P"),
            (5000, Pass, b""),
            (5000, Want(true), b"T"),
            (5001, Want(false), b"P"),
            (5002, Want(false), b""),
            (5003, Want(true), b"T"),
            (5004, Result, b""),
            // Not reading after its result: nothing to stop.
            (5005, Want(false), b""),
            (9000, Result, b""),
            (9999, Pass, b""),
        ];
        check(&host("", "50", 3000), true, &steps);
    }

    #[test]
    fn not_started_before_it_is_wanted() {
        let steps = [(0, Pass, &b""[..]), (9000, Want(false), b""), (9001, Want(true), b"T"), (9001, Result, b"")];
        check(&host("", "50", 3000), false, &steps);
        check(&host("", "50", 3000), true, &[(0, Want(false), b""), (9999, Pass, b"")]);
    }

    #[test]
    fn a_reader_without_stop_is_left_to_end_by_itself() {
        let steps = [(0, Pass, &b"T"[..]), (1, Want(false), b""), (9000, Pass, b""), (9000, Want(true), b"T")];
        check(&host("", "", 3000), true, &steps);
    }
}
