//! What a visit costs its participant and its officer: how long one waited, how long the other looked. Pure.
//!
//! A *need* begins when the participant cannot go on alone, or is left alone while they cannot, and is met when an officer
//! looks. From then until it is over, or the officer looks elsewhere, it is being *handled*.
//!
//! ```text
//!   none ── needs, nobody looks ──► open ── officer looks ──► met ── over, or officer looks elsewhere ──► none, or open
//!    └──── needs, officer looks already: waited not at all ───►┘
//! ```

use crate::clock::Now;
use crate::ledger::{DecisionKind, Visit, VisitOutcome};
use bilik_claim::ids::{BoothId, OfficerId, SessionId, WallTime};
use bilik_claim::sentence::Code;
use std::time::{Duration, Instant};

/// Needs of one visit whose waiting is kept one by one; what comes after them is not counted.
const MAX_NEEDS: usize = 64;

/// The figures of a visit that goes on.
#[derive(Debug)]
pub struct Tally {
    began: Now,
    /// From the begin to the first officer.
    unseated: Option<Duration>,
    need: Need,
    /// How long each need waited.
    waits: Vec<Duration>,
    looking: Option<(OfficerId, Instant)>,
    looked_at: Duration,
    decided: Option<(DecisionKind, Vec<Code>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Need {
    None,
    Open(Instant),
    Met(Instant),
}

/// What has just come to its end.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Change {
    /// An officer has looked for so long without a break.
    pub looked: Option<(OfficerId, Duration)>,
    /// The officer has handled a need for so long.
    pub handled: Option<Duration>,
}

impl Tally {
    pub fn new(now: Now) -> Self {
        Self {
            began: now,
            unseated: None,
            need: Need::None,
            waits: Vec::new(),
            looking: None,
            looked_at: Duration::ZERO,
            decided: None,
        }
    }

    pub fn seated(&mut self, now: Instant) {
        self.unseated.get_or_insert(now.saturating_duration_since(self.began.instant));
    }

    /// The last word counts.
    pub fn decided(&mut self, decision: DecisionKind, reasons: Vec<Code>) {
        self.decided = Some((decision, reasons));
    }

    /// `by`: the officer who looks now. `needs_since`: since when the participant cannot go on alone.
    pub fn observe(&mut self, by: Option<OfficerId>, needs_since: Option<Instant>, now: Instant) -> Change {
        let mut change = Change::default();
        let before = self.looking.filter(|(officer, _)| by != Some(*officer));
        if let Some((officer, since)) = before {
            let span = now.saturating_duration_since(since);
            self.looked_at += span;
            change.looked = Some((officer, span));
            self.looking = None;
        }
        self.looking = self.looking.or(by.map(|officer| (officer, now)));
        let next = match (needs_since, by, self.need) {
            (None, _, _) => Need::None,
            (Some(_), None, Need::Open(since)) => Need::Open(since),
            (Some(since), None, Need::None | Need::Met(_)) => Need::Open(since),
            (Some(_), Some(_), Need::Met(since)) if change.looked.is_none() => Need::Met(since),
            (Some(_), Some(_), Need::None | Need::Open(_) | Need::Met(_)) => Need::Met(now),
        };
        match (self.need, next) {
            (Need::Open(since), Need::None | Need::Met(_)) => self.waited(now.saturating_duration_since(since)),
            (Need::None, Need::Met(_)) => self.waited(Duration::ZERO),
            (Need::None | Need::Open(_) | Need::Met(_), _) => {}
        }
        if let Need::Met(since) = self.need
            && next != self.need
        {
            change.handled = Some(now.saturating_duration_since(since));
        }
        self.need = next;
        change
    }

    fn waited(&mut self, wait: Duration) {
        if self.waits.len() < MAX_NEEDS {
            self.waits.push(wait);
        }
    }

    /// Since when an officer handles the need, if one does.
    pub fn met(&self) -> Option<Instant> {
        match self.need {
            Need::Met(since) => Some(since),
            Need::None | Need::Open(_) => None,
        }
    }

    /// All the time in focus so far.
    pub fn looked_at(&self) -> Duration {
        self.looked_at
    }

    /// The figures of a visit that is over, after the last [`Tally::observe`]. `done`: it came to its proper end.
    pub fn finish(self, session: SessionId, booth: BoothId, officer: Option<OfficerId>, done: bool, now: Now) -> Visit {
        let (outcome, reasons) = match (done, self.decided) {
            (true, Some((DecisionKind::Verified, _))) => (VisitOutcome::Verified, Vec::new()),
            (true, Some((DecisionKind::Returned, reasons))) => (VisitOutcome::Returned, reasons),
            (true, None) => (VisitOutcome::Unverified, Vec::new()),
            (false, _) => (VisitOutcome::Left, Vec::new()),
        };
        let lasted = now.instant.saturating_duration_since(self.began.instant);
        Visit {
            session,
            booth,
            officer,
            ended_at: now.wall,
            began_at: WallTime(now.wall.0.saturating_sub(milliseconds(lasted))),
            outcome,
            reasons,
            unseated_ms: self.unseated.map(milliseconds),
            waits_ms: self.waits.into_iter().map(milliseconds).collect(),
            attention_ms: milliseconds(self.looked_at),
        }
    }
}

fn milliseconds(duration: Duration) -> i64 {
    i64::try_from(duration.as_millis()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const SARI: OfficerId = OfficerId(Uuid::from_u128(1));
    const BUDI: OfficerId = OfficerId(Uuid::from_u128(2));

    /// What happens to a visit: at which second, who looks, since which second it needs somebody.
    type Moment = (u64, Option<OfficerId>, Option<u64>);

    fn check(moments: &[Moment], waits_s: &[i64], looked_s: i64, handled_s: &[u64]) {
        let start = Now { instant: Instant::now(), wall: WallTime(1_000_000) };
        let at = |seconds| start.instant + Duration::from_secs(seconds);
        let mut tally = Tally::new(start);
        let mut handled = Vec::new();
        for (second, by, needs) in moments {
            handled.extend(tally.observe(*by, needs.map(at), at(*second)).handled);
        }
        let end = Now { instant: at(100), wall: WallTime(1_100_000) };
        handled.extend(tally.observe(None, None, end.instant).handled);
        let visit = tally.finish(SessionId(Uuid::nil()), BoothId(Uuid::nil()), None, false, end);
        let waits: Vec<i64> = visit.waits_ms.iter().map(|wait| wait / 1000).collect();
        assert_eq!((waits.as_slice(), visit.attention_ms / 1000), (waits_s, looked_s), "{moments:?}");
        assert_eq!(handled, handled_s.iter().copied().map(Duration::from_secs).collect::<Vec<_>>(), "{moments:?}");
        assert_eq!(visit.began_at, WallTime(1_000_000));
    }

    #[test]
    fn needs_are_waited_for_and_looks_are_counted() {
        check(&[], &[], 0, &[]);
        // Looked at for the sake of it.
        check(&[(10, Some(SARI), None), (20, None, None)], &[], 10, &[]);
        // A need that waits, is met and is over.
        check(&[(10, None, Some(10)), (25, Some(SARI), Some(10)), (40, Some(SARI), None)], &[15], 75, &[15]);
        // The officer was there already: nobody waited.
        check(&[(10, Some(SARI), None), (20, Some(SARI), Some(20)), (50, None, None)], &[0], 40, &[30]);
        // Left alone in the middle, and met again.
        let left = [(10, None, Some(10)), (12, Some(SARI), Some(10)), (20, None, Some(20)), (50, Some(SARI), Some(20))];
        check(&left, &[2, 30], 58, &[8, 50]);
        // It passed by itself: that long it was waited for all the same.
        check(&[(10, None, Some(10)), (45, None, None)], &[35], 0, &[]);
        // Another officer takes over.
        check(&[(10, Some(SARI), Some(10)), (30, Some(BUDI), Some(10))], &[0], 90, &[20, 70]);
        // Nobody ever came.
        check(&[(40, None, Some(40))], &[60], 0, &[]);
    }

    #[test]
    fn the_end_tells_what_was_decided() {
        let now = Now { instant: Instant::now(), wall: WallTime(0) };
        let check = |decided: &[DecisionKind], done, expect| {
            let mut tally = Tally::new(now);
            decided.iter().for_each(|kind| tally.decided(*kind, vec![Code::Other]));
            let visit = tally.finish(SessionId(Uuid::nil()), BoothId(Uuid::nil()), Some(SARI), done, now);
            assert_eq!(visit.outcome, expect, "{decided:?} {done}");
            assert_eq!(visit.reasons.len(), usize::from(expect == VisitOutcome::Returned));
        };
        use DecisionKind::{Returned, Verified};
        check(&[], false, VisitOutcome::Left);
        check(&[], true, VisitOutcome::Unverified);
        check(&[Verified], true, VisitOutcome::Verified);
        check(&[Verified], false, VisitOutcome::Left);
        check(&[Verified, Returned], true, VisitOutcome::Returned);
        check(&[Returned, Verified], true, VisitOutcome::Verified);
    }
}
