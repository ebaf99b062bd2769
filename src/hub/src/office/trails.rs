//! Booths' own audit trails, as far as the hub can look after them: it remembers how far each went, so that nobody at a
//! booth can shorten or rewrite the trail unnoticed. And how many claims each booth's disk has lost. Pure.
//!
//! | A booth tells | Then |
//! |---|---|
//! | more entries than noted | noted, written once a minute at the most |
//! | fewer, or as many with another hash | on record as cut, at once; what it tells is noted from then on |
//! | more lost claims than before | on record, at once |
//! | fewer lost claims | its program was started anew |
//!
//! What was noted last before a cut is kept: with it a technician finds where the trail parts from what it was.

use super::Effect;
use crate::clock::Now;
use crate::ledger::{AuditEvent, BoothTrail};
use bilik_claim::audit::AuditHead;
use bilik_claim::ids::BoothId;
use bilik_claim::wire::BoothState;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// Between two writings about one booth, and between two alarms: a booth that talks nonsense fills nobody's disk.
const APART: Duration = Duration::from_secs(60);

#[derive(Default)]
pub struct Trails {
    booths: BTreeMap<BoothId, Known>,
}

#[derive(Default)]
struct Known {
    trail: BoothTrail,
    /// Not in the ledger yet.
    unwritten: bool,
    written: Option<Instant>,
    /// When an alarm was last given; for a while the booth is not listened to.
    alarmed: Option<Instant>,
}

impl Trails {
    /// What the ledger has of a booth.
    pub fn remember(&mut self, booth: BoothId, trail: BoothTrail) {
        self.booths.insert(booth, Known { trail, ..Known::default() });
    }

    /// A booth has said how it is.
    pub fn told(&mut self, booth: BoothId, state: &BoothState, now: Now) -> Option<Effect> {
        let known = self.booths.entry(booth).or_default();
        if within(known.alarmed, now) {
            return None;
        }
        let mut events = Vec::new();
        if let Some(told) = state.audit
            && known.trail.head.map(|(head, _)| head) != Some(told)
        {
            events.extend(known.follow(booth, told, now));
        }
        if state.lost != known.trail.lost {
            events.extend(known.lose(booth, state.lost));
        }
        if events.is_empty() {
            return known.due(booth, now);
        }
        known.alarmed = Some(now.instant);
        Some(known.write(booth, events, now))
    }

    /// What was told a while ago and is not written yet.
    pub fn due(&mut self, now: Now) -> Vec<Effect> {
        self.booths.iter_mut().filter_map(|(booth, known)| known.due(*booth, now)).collect()
    }
}

impl Known {
    /// Another head than before.
    fn follow(&mut self, booth: BoothId, told: AuditHead, now: Now) -> Option<AuditEvent> {
        let before = self.trail.head.replace((told, now.wall));
        self.unwritten = true;
        let (noted, at) = before.filter(|(noted, _)| told.entries <= noted.entries)?;
        self.trail.cut = Some((noted, now.wall));
        let (noted_at, entries) = (at.0, noted.entries);
        tracing::error!(%booth, entries, noted_at, told = told.entries, "a booth's audit trail was cut or changed");
        Some(AuditEvent::BoothTrailCut { booth, noted, told })
    }

    fn lose(&mut self, booth: BoothId, lost: u32) -> Option<AuditEvent> {
        let before = std::mem::replace(&mut self.trail.lost, lost);
        self.unwritten = true;
        let count = lost.checked_sub(before)?;
        tracing::error!(%booth, count, "a booth's disk has lost claims");
        Some(AuditEvent::BoothLostClaims { booth, count })
    }

    fn due(&mut self, booth: BoothId, now: Now) -> Option<Effect> {
        (self.unwritten && !within(self.written, now)).then(|| self.write(booth, Vec::new(), now))
    }

    fn write(&mut self, booth: BoothId, events: Vec<AuditEvent>, now: Now) -> Effect {
        (self.unwritten, self.written) = (false, Some(now.instant));
        Effect::Trail { booth, trail: self.trail, events }
    }
}

fn within(since: Option<Instant>, now: Now) -> bool {
    since.is_some_and(|since| now.instant.saturating_duration_since(since) < APART)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::ids::{Digest, WallTime};
    use uuid::Uuid;

    const BOOTH: BoothId = BoothId(Uuid::from_u128(1));

    fn head(entries: i64, text: &str) -> AuditHead {
        AuditHead { entries, hash: Digest::of(text.as_bytes()) }
    }

    fn state(audit: Option<AuditHead>, lost: u32) -> BoothState {
        BoothState { audit, lost, ..BoothState::default() }
    }

    /// What one effect says: the head that is written, and the events.
    fn words(effect: Option<Effect>) -> Option<(Option<i64>, Vec<String>)> {
        let Some(Effect::Trail { trail, events, .. }) = effect else { return None };
        let word = |event: &AuditEvent| serde_json::to_value(event).unwrap()["event"].as_str().unwrap().to_owned();
        Some((trail.head.map(|(head, _)| head.entries), events.iter().map(word).collect()))
    }

    #[test]
    fn each_word_of_a_booth_has_its_consequence() {
        const CUT: &str = "booth_trail_cut";
        const LOST: &str = "booth_lost_claims";
        type Told = (u64, Option<(i64, &'static str)>, u32);
        type Expect = Option<(i64, &'static [&'static str])>;
        let start = Instant::now();
        let check = |name: &str, script: &[(Told, Expect)]| {
            let mut trails = Trails::default();
            trails.remember(BOOTH, BoothTrail { head: Some((head(5, "five"), WallTime(1))), cut: None, lost: 1 });
            for (step, ((second, audit, lost), expect)) in script.iter().enumerate() {
                let now = Now { instant: start + Duration::from_secs(*second), wall: WallTime(9) };
                let audit = audit.map(|(entries, text)| head(entries, text));
                let told = words(trails.told(BOOTH, &state(audit, *lost), now));
                let expect = expect
                    .map(|(entries, events)| (Some(entries), events.iter().map(|event| (*event).to_owned()).collect()));
                assert_eq!(told, expect, "{name}, step {step}");
            }
        };
        let (five, six, nine) = (Some((5, "five")), Some((6, "six")), Some((9, "nine")));
        check("the same", &[((0, five, 1), None), ((100, None, 1), None), ((200, five, 1), None)]);
        check(
            "on and on",
            &[
                ((0, six, 1), Some((6, &[]))),
                ((59, Some((7, "seven")), 1), None),
                ((61, Some((8, "eight")), 1), Some((8, &[]))),
            ],
        );
        check("cut", &[((0, Some((4, "four")), 1), Some((4, &[CUT]))), ((60, five, 1), Some((5, &[])))]);
        check("changed", &[((0, Some((5, "other")), 1), Some((5, &[CUT])))]);
        check("an empty one", &[((0, Some((0, "")), 1), Some((0, &[CUT]))), ((70, Some((0, "")), 1), None)]);
        check(
            "cut, before the longer one was written",
            &[((0, six, 1), Some((6, &[]))), ((5, nine, 1), None), ((6, Some((8, "eight")), 1), Some((8, &[CUT])))],
        );
        check(
            "to and fro",
            &[
                ((0, Some((4, "four")), 1), Some((4, &[CUT]))),
                ((1, five, 1), None),
                ((2, Some((3, "three")), 1), None),
                ((61, Some((3, "three")), 1), Some((3, &[CUT]))),
            ],
        );
        check(
            "lost",
            &[((0, five, 3), Some((5, &[LOST]))), ((70, five, 3), None), ((140, five, 4), Some((5, &[LOST])))],
        );
        check("started anew", &[((0, five, 0), Some((5, &[]))), ((70, five, 1), Some((5, &[LOST])))]);
        check("both", &[((0, Some((4, "four")), 2), Some((4, &[CUT, LOST])))]);
        check(
            "told within the pause, kept for after it",
            &[((0, five, 2), Some((5, &[LOST]))), ((5, five, 4), None), ((60, five, 4), Some((5, &[LOST])))],
        );
    }

    #[test]
    fn what_waits_is_written_once_and_what_was_cut_is_kept() {
        let start = Instant::now();
        let now = |second| Now { instant: start + Duration::from_secs(second), wall: WallTime(second as i64) };
        let mut trails = Trails::default();
        assert!(trails.told(BOOTH, &state(Some(head(1, "one")), 0), now(0)).is_some());
        assert_eq!(trails.told(BOOTH, &state(Some(head(2, "two")), 0), now(1)), None);
        assert!(trails.due(now(59)).is_empty());
        assert_eq!(trails.due(now(60)).len(), 1);
        assert!(trails.due(now(600)).is_empty());
        let effect = trails.told(BOOTH, &state(Some(head(1, "one")), 0), now(700));
        let Some(Effect::Trail { booth, trail, events }) = effect else { panic!("nothing") };
        let (noted, told) = (head(2, "two"), head(1, "one"));
        assert_eq!(events, [AuditEvent::BoothTrailCut { booth, noted, told }]);
        assert_eq!(trail, BoothTrail { head: Some((told, WallTime(700))), cut: Some((noted, WallTime(700))), lost: 0 });
    }
}
