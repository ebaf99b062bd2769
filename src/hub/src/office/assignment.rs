//! Who serves whom. Pure: sessions and desks in, decisions out, time as an argument.
//!
//! * Whoever waits longest comes first. Who asked for help or waits for an officer's eyes counts as if they had waited
//!   [`URGENT_BONUS`] longer: a bounded lead, so nobody is overtaken for ever. Whoever lost their officer stands at the
//!   head, since they had been served already.
//! * Among the desks with room, one that speaks the participant's language comes first, then the least loaded. A
//!   language is a wish: nobody waits for it while another desk is free.
//! * A session keeps its officer: over reconnects, when the desk lowers its capacity, and for [`GRACE`] after the
//!   officer vanished.

use bilik_claim::ids::{OfficerId, SessionId};
use bilik_claim::text::Language;
use std::collections::BTreeMap;
use std::time::{Duration, Instant};

/// An officer who vanished keeps the sessions for this long.
pub const GRACE: Duration = Duration::from_secs(15);
/// How much longer an urgent session counts as having waited.
pub const URGENT_BONUS: Duration = Duration::from_secs(120);

/// A session that has, or needs, an officer.
#[derive(Clone, Debug)]
pub struct Case {
    pub session: SessionId,
    pub officer: Option<OfficerId>,
    pub waiting_since: Instant,
    pub language: Language,
    /// The participant cannot go on alone.
    pub urgent: bool,
    /// Its officer vanished.
    pub returned: bool,
}

/// An officer who is on duty, or was a moment ago.
#[derive(Clone, Debug)]
pub struct Desk {
    pub officer: OfficerId,
    /// 0: takes no new sessions.
    pub capacity: u8,
    pub languages: Vec<Language>,
    pub presence: Presence,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    Here,
    GoneSince(Instant),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    Assign { session: SessionId, officer: OfficerId },
    Release { session: SessionId, officer: OfficerId },
}

/// Everything that has to change now, in order.
pub fn decide(cases: &[Case], desks: &[Desk], now: Instant) -> Vec<Decision> {
    let mut decisions = Vec::new();
    let mut load: BTreeMap<OfficerId, usize> = BTreeMap::new();
    let mut waiting = Vec::new();
    for case in cases {
        match case.officer {
            Some(officer) if keeps(desks, officer, now) => *load.entry(officer).or_default() += 1,
            Some(officer) => {
                decisions.push(Decision::Release { session: case.session, officer });
                waiting.push(Case { officer: None, returned: true, ..case.clone() });
            }
            None => waiting.push(case.clone()),
        }
    }
    for case in in_order(waiting, now) {
        let load_of = |desk: &Desk| load.get(&desk.officer).copied().unwrap_or(0);
        let free = desks
            .iter()
            .filter(|desk| desk.presence == Presence::Here && load_of(desk) < usize::from(desk.capacity))
            .min_by_key(|desk| (!desk.languages.contains(&case.language), load_of(desk), desk.officer));
        // Without a free desk for the first, there is none for the others either.
        let Some(desk) = free else { break };
        *load.entry(desk.officer).or_default() += 1;
        decisions.push(Decision::Assign { session: case.session, officer: desk.officer });
    }
    decisions
}

/// The sessions without an officer, the next one first.
pub fn line(cases: &[Case], now: Instant) -> Vec<SessionId> {
    let waiting = cases.iter().filter(|case| case.officer.is_none()).cloned().collect();
    in_order(waiting, now).into_iter().map(|case| case.session).collect()
}

fn in_order(mut waiting: Vec<Case>, now: Instant) -> Vec<Case> {
    let counted = |case: &Case| {
        let bonus = if case.urgent { URGENT_BONUS } else { Duration::ZERO };
        now.saturating_duration_since(case.waiting_since) + bonus
    };
    waiting.sort_by_key(|case| (!case.returned, std::cmp::Reverse(counted(case)), case.session));
    waiting
}

fn keeps(desks: &[Desk], officer: OfficerId, now: Instant) -> bool {
    desks.iter().find(|desk| desk.officer == officer).is_some_and(|desk| match desk.presence {
        Presence::Here => true,
        Presence::GoneSince(since) => now.saturating_duration_since(since) < GRACE,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use uuid::Uuid;

    fn session(number: u128) -> SessionId {
        SessionId(Uuid::from_u128(number))
    }

    fn officer(number: u128) -> OfficerId {
        OfficerId(Uuid::from_u128(number))
    }

    fn waiting(number: u128, seconds: u64, now: Instant) -> Case {
        Case {
            session: session(number),
            officer: None,
            waiting_since: now - Duration::from_secs(seconds),
            language: Language::Id,
            urgent: false,
            returned: false,
        }
    }

    fn desk(number: u128, capacity: u8) -> Desk {
        Desk { officer: officer(number), capacity, languages: vec![Language::Id], presence: Presence::Here }
    }

    fn start() -> Instant {
        Instant::now() + Duration::from_secs(100_000)
    }

    #[test]
    fn the_line_has_one_order() {
        let now = start();
        let check = |cases: &[Case], expect: &[u128]| {
            let expect: Vec<SessionId> = expect.iter().map(|number| session(*number)).collect();
            assert_eq!(line(cases, now), expect);
        };
        let urgent = |case: Case| Case { urgent: true, ..case };
        let returned = |case: Case| Case { returned: true, ..case };
        check(&[waiting(1, 10, now), waiting(2, 20, now)], &[2, 1]);
        check(&[waiting(1, 10, now), waiting(2, 10, now)], &[1, 2]);
        check(&[urgent(waiting(1, 10, now)), waiting(2, 20, now)], &[1, 2]);
        check(&[urgent(waiting(1, 10, now)), waiting(2, 131, now)], &[2, 1]);
        check(&[returned(waiting(1, 0, now)), urgent(waiting(2, 500, now))], &[1, 2]);
        check(&[Case { officer: Some(officer(1)), ..waiting(1, 10, now) }], &[]);
    }

    #[test]
    fn desks_are_chosen_by_language_then_load() {
        let now = start();
        let check = |cases: &[Case], desks: &[Desk], expect: &[(u128, u128)]| {
            let expect: Vec<Decision> =
                expect.iter().map(|(s, o)| Decision::Assign { session: session(*s), officer: officer(*o) }).collect();
            assert_eq!(decide(cases, desks, now), expect);
        };
        let english = |case: Case| Case { language: Language::En, ..case };
        let both = |desk: Desk| Desk { languages: vec![Language::Id, Language::En], ..desk };
        let three = [waiting(1, 30, now), waiting(2, 20, now), waiting(3, 10, now)];
        check(&three, &[desk(1, 6), desk(2, 6)], &[(1, 1), (2, 2), (3, 1)]);
        check(&three, &[desk(1, 1)], &[(1, 1)]);
        check(&three, &[desk(1, 0)], &[]);
        check(&three, &[], &[]);
        check(&[english(waiting(1, 1, now))], &[desk(1, 6), both(desk(2, 6))], &[(1, 2)]);
        check(&[english(waiting(1, 1, now))], &[desk(1, 6), both(desk(2, 0))], &[(1, 1)]);
    }

    #[test]
    fn a_vanished_officer_keeps_the_sessions_for_a_while() {
        let now = start();
        let gone = |seconds| Desk { presence: Presence::GoneSince(now - Duration::from_secs(seconds)), ..desk(1, 6) };
        let held = [Case { officer: Some(officer(1)), ..waiting(1, 60, now) }, waiting(2, 300, now)];
        let release = Decision::Release { session: session(1), officer: officer(1) };
        let assign = |s, o| Decision::Assign { session: session(s), officer: officer(o) };
        assert_eq!(decide(&held, &[gone(14)], now), []);
        assert_eq!(decide(&held, &[gone(14), desk(2, 1)], now), [assign(2, 2)]);
        assert_eq!(decide(&held, &[gone(15)], now), [release]);
        assert_eq!(decide(&held, &[gone(15), desk(2, 1)], now), [release, assign(1, 2)]);
        assert_eq!(decide(&held, &[], now), [release]);
    }

    fn cases(now: Instant) -> impl Strategy<Value = Vec<Case>> {
        let case = (0..600_u64, prop::option::of(0..5_u128), any::<[bool; 3]>());
        prop::collection::vec(case, 0..30).prop_map(move |list| {
            let build =
                |(number, (seconds, held_by, [urgent, returned, english])): (usize, (u64, Option<u128>, [bool; 3]))| {
                    Case {
                        officer: held_by.map(officer),
                        language: if english { Language::En } else { Language::Id },
                        urgent,
                        returned,
                        ..waiting(number as u128, seconds, now)
                    }
                };
            list.into_iter().enumerate().map(build).collect()
        })
    }

    fn desks(now: Instant) -> impl Strategy<Value = Vec<Desk>> {
        let one = (0..=6_u8, prop::option::of(0..30_u64), any::<bool>());
        prop::collection::vec(one, 0..5).prop_map(move |list| {
            let build = |(number, (capacity, gone, english)): (usize, (u8, Option<u64>, bool))| Desk {
                languages: if english { vec![Language::Id, Language::En] } else { vec![Language::Id] },
                presence: gone
                    .map_or(Presence::Here, |seconds| Presence::GoneSince(now - Duration::from_secs(seconds))),
                ..desk(number as u128, capacity)
            };
            list.into_iter().enumerate().map(build).collect()
        })
    }

    /// The cases after the decisions.
    fn apply(mut cases: Vec<Case>, decisions: &[Decision]) -> Vec<Case> {
        for decision in decisions {
            let (session, officer, returned) = match decision {
                Decision::Assign { session, officer } => (session, Some(*officer), false),
                Decision::Release { session, .. } => (session, None, true),
            };
            let case = cases.iter_mut().find(|case| case.session == *session).unwrap();
            case.returned |= returned;
            case.officer = officer;
        }
        cases
    }

    fn load(cases: &[Case], of: OfficerId) -> usize {
        cases.iter().filter(|case| case.officer == Some(of)).count()
    }

    proptest! {
        #[test]
        fn capacity_order_and_loyalty_hold(
            (now, before, desks) in Just(start()).prop_flat_map(|now| (Just(now), cases(now), desks(now)))
        ) {
            let decisions = decide(&before, &desks, now);
            let after = apply(before.clone(), &decisions);
            for desk in &desks {
                let (was, is) = (load(&before, desk.officer), load(&after, desk.officer));
                prop_assert!(is <= was.max(usize::from(desk.capacity)), "{desk:?} took too many");
            }
            // Nobody waits while a desk has room.
            let room = desks
                .iter()
                .any(|desk| desk.presence == Presence::Here && load(&after, desk.officer) < usize::from(desk.capacity));
            prop_assert!(!room || after.iter().all(|case| case.officer.is_some()));
            // Who had an officer that is here, or was a moment ago, keeps that one.
            for (old, new) in before.iter().zip(&after) {
                if let Some(officer) = old.officer && keeps(&desks, officer, now) {
                    prop_assert_eq!(new.officer, Some(officer));
                }
            }
            // Who is served now stood before everybody who is not.
            let released = apply(before, &decisions.iter().filter(|d| matches!(d, Decision::Release { .. })).copied().collect::<Vec<_>>());
            let served: Vec<bool> = line(&released, now)
                .iter()
                .map(|id| after.iter().any(|case| case.session == *id && case.officer.is_some()))
                .collect();
            prop_assert!(served.is_sorted_by(|a, b| a >= b), "somebody was overtaken: {served:?}");
            // And it is settled: the same again changes nothing.
            prop_assert_eq!(decide(&after, &desks, now), []);
        }

        #[test]
        fn nobody_starves(urgent in prop::collection::vec(any::<bool>(), 60)) {
            // One desk serves one at a time, a minute each; each minute another one comes.
            let (begin, desks) = (start(), [desk(1, 1)]);
            let mut cases: Vec<Case> = Vec::new();
            for (minute, urgent) in urgent.into_iter().enumerate() {
                let now = begin + Duration::from_secs(60 * minute as u64);
                cases.retain(|case| case.officer.is_none());
                cases.push(Case { urgent, ..waiting(minute as u128, 0, now) });
                cases = apply(cases.clone(), &decide(&cases, &desks, now));
                for case in &cases {
                    prop_assert!(now - case.waiting_since <= URGENT_BONUS + Duration::from_secs(60));
                }
            }
        }
    }
}
