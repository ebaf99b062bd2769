//! One call after the other for a session: a broken one is replaced, but not in a tight loop. Pure.

use bilik_claim::ids::CallId;
use std::time::{Duration, Instant};

/// After the first failure the next call comes at once; then the pause starts here and doubles.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A call that lasted this long was a good one: the next failure starts the count anew.
const GOOD: Duration = Duration::from_secs(30);

/// The calls of one session.
#[derive(Debug, Default)]
pub struct Calls {
    running: Option<(CallId, Instant)>,
    failures: u32,
    not_before: Option<Instant>,
}

impl Calls {
    pub fn running(&self) -> Option<CallId> {
        self.running.map(|(call, _)| call)
    }

    /// Whether a call could be started now.
    pub fn may_start(&self, now: Instant) -> bool {
        self.running.is_none() && self.not_before.is_none_or(|time| now >= time)
    }

    pub fn start(&mut self, call: CallId, now: Instant) {
        self.running = Some((call, now));
        self.not_before = None;
    }

    /// One end says that this call is broken. False if it is not the running one: the other end has said so before.
    pub fn failed(&mut self, call: CallId, now: Instant) -> bool {
        let Some((_, since)) = self.running.filter(|(running, _)| *running == call) else { return false };
        if now.saturating_duration_since(since) >= GOOD {
            self.failures = 0;
        }
        let pause = match self.failures {
            0 => Duration::ZERO,
            more => FIRST_PAUSE.saturating_mul(1 << (more - 1).min(16)).min(LONGEST_PAUSE),
        };
        self.failures = self.failures.saturating_add(1);
        self.not_before = Some(now + pause);
        self.running = None;
        true
    }

    /// Ends the running call, if any, for a reason that is nobody's failure.
    pub fn end(&mut self) -> Option<CallId> {
        self.not_before = None;
        self.running.take().map(|(call, _)| call)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_call_comes_back_slower_and_slower() {
        let mut now = Instant::now();
        let mut calls = Calls::default();
        for (number, pause) in [(1, 0), (2, 1), (3, 2), (4, 4), (5, 8), (6, 16), (7, 30), (8, 30)] {
            assert!(calls.may_start(now), "{number}");
            calls.start(CallId(number), now);
            assert!(!calls.may_start(now), "one at a time");
            assert!(!calls.failed(CallId(number - 1), now), "an old call cannot fail again");
            assert!(calls.failed(CallId(number), now));
            assert!(!calls.failed(CallId(number), now), "both ends say so, it counts once");
            let pause = Duration::from_secs(pause);
            assert_eq!(calls.may_start(now), pause.is_zero(), "{number}");
            now += pause;
        }
        calls.start(CallId(9), now);
        now += GOOD;
        assert!(calls.failed(CallId(9), now));
        assert!(calls.may_start(now), "a good call clears the count");
    }

    #[test]
    fn an_ended_call_leaves_no_pause() {
        let now = Instant::now();
        let mut calls = Calls::default();
        calls.start(CallId(1), now);
        calls.failed(CallId(1), now);
        calls.start(CallId(2), now);
        assert_eq!(calls.end(), Some(CallId(2)));
        assert_eq!(calls.end(), None);
        assert!(calls.may_start(now));
    }
}
