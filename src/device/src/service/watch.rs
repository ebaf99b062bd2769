//! When a slot is given up: pure, with the time since the start of the machine as an argument.
//!
//! A slot on trial has five minutes to get well. One that was proven is given up only when the booth's program ends again
//! and again. Both only for another that is proven: so once, never back and forth, and not at all while RAUC cannot read
//! the firmware's order and holds every slot for bad.

use bilik_device::{RollbackReason, Slot, SlotState};
use std::collections::VecDeque;
use std::time::Duration;

/// A minute of being well, and what comes before it on a slow machine.
const TRIAL: Duration = Duration::from_secs(5 * 60);
/// So many restarts of the booth's program ..
const RESTARTS: u32 = 5;
/// .. within this time are a crash loop.
const WITHIN: Duration = Duration::from_secs(3 * 60);

#[derive(Debug, Default)]
pub struct Watch {
    /// When the program was seen to have been restarted how often; as far back as [`WITHIN`].
    counts: VecDeque<(Duration, u32)>,
    /// It was said once, and the machine is on its way.
    decided: bool,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    Fine,
    /// The trial is over; the firmware starts the old slot by itself.
    EndTrial(RollbackReason),
    /// This slot is marked bad, and the other one started.
    FallBack(RollbackReason),
}

impl Watch {
    /// `restarts`: of the booth's program, since the machine started; none if unknown.
    pub fn judge(&mut self, now: Duration, slots: &[Slot], healthy: bool, restarts: Option<u32>) -> Verdict {
        let crashes = restarts.is_some_and(|restarts| self.is_loop(now, restarts));
        let Some(running) = slots.iter().find(|slot| slot.running) else { return Verdict::Fine };
        let other_is_good = slots.iter().any(|slot| !slot.running && slot.state == SlotState::Good);
        let on_trial = match running.state {
            SlotState::Trial | SlotState::Bad | SlotState::Empty => true,
            SlotState::Good => false,
        };
        if self.decided || !other_is_good {
            return Verdict::Fine;
        }
        let verdict = match (on_trial, crashes) {
            (true, true) => Verdict::EndTrial(RollbackReason::CrashLoop),
            (true, false) if !healthy && now >= TRIAL => Verdict::EndTrial(RollbackReason::NotWell),
            (false, true) => Verdict::FallBack(RollbackReason::CrashLoop),
            (true | false, false) => Verdict::Fine,
        };
        self.decided = verdict != Verdict::Fine;
        verdict
    }

    fn is_loop(&mut self, now: Duration, restarts: u32) -> bool {
        // A restart that was asked for begins to count anew.
        if self.counts.back().is_some_and(|(_, last)| *last > restarts) {
            self.counts.clear();
        }
        self.counts.push_back((now, restarts));
        while self.counts.front().is_some_and(|(then, _)| now.saturating_sub(*then) > WITHIN) {
            self.counts.pop_front();
        }
        self.counts.front().is_some_and(|(_, first)| restarts - first >= RESTARTS)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn slots(running: SlotState, other: SlotState) -> Vec<Slot> {
        let slot = |name: &str, runs, state| Slot { name: name.into(), version: None, running: runs, state };
        vec![slot("a", true, running), slot("b", false, other)]
    }

    /// Each line: second, restarts so far. The last verdict, and that none came before it.
    fn check(slots: &[Slot], healthy: bool, course: &[(u64, u32)], expect: Verdict) {
        let mut watch = Watch::default();
        for (place, (second, restarts)) in course.iter().enumerate() {
            let verdict = watch.judge(Duration::from_secs(*second), slots, healthy, Some(*restarts));
            let last = place + 1 == course.len();
            assert_eq!(verdict, if last { expect.clone() } else { Verdict::Fine }, "{second}");
        }
    }

    #[test]
    fn a_trial_has_five_minutes() {
        let on_trial = slots(SlotState::Trial, SlotState::Good);
        let late = Verdict::EndTrial(RollbackReason::NotWell);
        let crashed = Verdict::EndTrial(RollbackReason::CrashLoop);
        check(&on_trial, false, &[(10, 0), (299, 1), (300, 1)], late);
        check(&on_trial, true, &[(10, 0), (299, 0), (3000, 0)], Verdict::Fine);
        check(&on_trial, false, &[(10, 0), (20, 3), (30, 5)], crashed);
        // Nowhere to go.
        for other in [SlotState::Bad, SlotState::Empty] {
            check(&slots(SlotState::Trial, other), false, &[(10, 0), (300, 9), (3000, 99)], Verdict::Fine);
        }
        check(&[], false, &[(3000, 0), (3010, 100)], Verdict::Fine);
    }

    #[test]
    fn a_proven_slot_is_given_up_for_a_proven_one_only() {
        let back = Verdict::FallBack(RollbackReason::CrashLoop);
        let both = slots(SlotState::Good, SlotState::Good);
        check(&both, true, &[(10, 0), (60, 4), (120, 5)], back.clone());
        // Slowly is no loop, and neither is what lies further back.
        check(&both, true, &[(10, 0), (60, 4), (191, 5), (300, 7)], Verdict::Fine);
        // Asked for: counts anew.
        check(&both, true, &[(10, 0), (20, 4), (30, 0), (40, 4)], Verdict::Fine);
        for other in [SlotState::Bad, SlotState::Trial, SlotState::Empty] {
            check(&slots(SlotState::Good, other), true, &[(10, 0), (60, 50)], Verdict::Fine);
        }
        // It is said once.
        let mut watch = Watch::default();
        let at = Duration::from_secs;
        watch.judge(at(1), &both, true, Some(0));
        assert_eq!(watch.judge(at(2), &both, true, Some(5)), back);
        assert_eq!(watch.judge(at(4), &both, true, Some(6)), Verdict::Fine);
    }
}
