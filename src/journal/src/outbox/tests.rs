use super::*;
use proptest::prelude::*;
use uuid::Uuid;

fn claim(number: u128) -> ClaimId {
    ClaimId(Uuid::from_u128(number))
}

fn parts(number: u128, count: u8) -> Vec<Digest> {
    (0..count).map(|part| Digest::of(&[number.to_le_bytes().as_slice(), &[part]].concat())).collect()
}

fn seconds(n: f64) -> Duration {
    Duration::from_secs_f64(n)
}

#[test]
fn waits_double_up_to_a_bound() {
    let check = |failures, random, expect| assert_eq!(delay(failures, random), seconds(expect), "{failures} {random}");
    check(1, 0.0, 1.0);
    check(1, 1.0, 0.5);
    check(2, 0.0, 2.0);
    check(4, 0.5, 6.0);
    check(6, 0.0, 32.0);
    check(7, 0.0, 60.0);
    check(u32::MAX, 1.0, 30.0);
    check(3, -9.0, 4.0);
    check(3, 9.0, 2.0);
    check(3, f64::NAN, 2.0);
}

/// Events and the action after each; time stands still.
#[test]
fn next_step_follows_from_what_happened() {
    let now = Instant::now();
    let (one, two) = (claim(1), claim(2));
    let (a, b, c) = (parts(1, 2)[0], parts(1, 2)[1], parts(2, 1)[0]);
    let kept =
        |number, count| Event::Kept { claim: claim(number), sequence: number as u64, parts: parts(number, count) };
    let found =
        |number, count| Event::Found { claim: claim(number), sequence: number as u64, parts: parts(number, count) };
    let put = |claim, digest| Action::PutPart { claim, digest };
    let accepted = |claim, digest| Event::PartAccepted { claim, digest };
    let wait = |n| Action::Wait { until: Some(now + seconds(n)) };
    let idle = Action::Wait { until: None };

    let check = |name: &str, steps: Vec<(Event, Action)>| {
        let mut outbox = Outbox::new();
        assert_eq!(outbox.next(now), idle);
        for (step, (event, expect)) in steps.into_iter().enumerate() {
            outbox.handle(event, now, &mut || 0.0);
            assert_eq!(outbox.next(now), expect, "{name}, step {step}");
            assert_eq!(outbox.next(now), expect, "{name}, step {step}, asked again");
        }
    };
    check(
        "straight through, oldest first",
        vec![
            (kept(2, 1), put(two, c)),
            (kept(1, 2), put(one, a)),
            (accepted(one, a), put(one, b)),
            (accepted(one, b), Action::Commit { claim: one }),
            (Event::Receipt { claim: one }, put(two, c)),
            (accepted(two, c), Action::Commit { claim: two }),
            (Event::Refused { claim: two }, idle),
        ],
    );
    check(
        "found: ask, then send what is missing",
        vec![
            (found(1, 2), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![b] }, put(one, b)),
            (accepted(one, b), Action::Commit { claim: one }),
        ],
    );
    check(
        "hub that loses parts again and again is not run after",
        vec![
            (found(1, 2), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![a] }, put(one, a)),
            (accepted(one, a), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![a] }, wait(1.0)),
            (accepted(one, a), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![a] }, wait(2.0)),
            (accepted(one, a), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![a] }, wait(4.0)),
        ],
    );
    check(
        "hub that misses nothing we have",
        vec![
            (found(1, 2), Action::Commit { claim: one }),
            (Event::Missing { claim: one, parts: vec![] }, wait(1.0)),
            (Event::Missing { claim: one, parts: vec![c] }, wait(2.0)),
        ],
    );
    check(
        "claim that fails lets others pass",
        vec![
            (kept(1, 2), put(one, a)),
            (kept(2, 1), put(one, a)),
            (Event::Failed { claim: one }, put(two, c)),
            (Event::Receipt { claim: two }, wait(1.0)),
            (Event::Failed { claim: one }, wait(2.0)),
        ],
    );
    check(
        "claim that can't be read lets others pass, and says nothing of the hub",
        vec![
            (kept(1, 2), put(one, a)),
            (kept(2, 1), put(one, a)),
            (Event::NotSent { claim: one }, put(two, c)),
            (Event::TransportFailed { claim: two }, wait(1.0)),
            (Event::NotSent { claim: one }, wait(1.0)),
            (Event::HubReachable, wait(1.0)),
        ],
    );
    check(
        "hub away: all wait, and news of it ends the wait",
        vec![
            (kept(1, 2), put(one, a)),
            (Event::HubUnreachable, wait(1.0)),
            (Event::HubUnreachable, wait(1.0)),
            (kept(2, 1), wait(1.0)),
            (Event::HubReachable, put(one, a)),
            (Event::TransportFailed { claim: one }, wait(1.0)),
            (Event::HubReachable, put(two, c)),
        ],
    );
    check(
        "foreign, late and doubled answers",
        vec![
            (kept(1, 2), put(one, a)),
            (accepted(one, c), put(one, a)),
            (accepted(two, c), put(one, a)),
            (Event::Missing { claim: two, parts: vec![c] }, put(one, a)),
            (Event::Receipt { claim: two }, put(one, a)),
            (Event::Failed { claim: two }, put(one, a)),
            (accepted(one, b), put(one, a)),
            (accepted(one, a), Action::Commit { claim: one }),
            (accepted(one, a), Action::Commit { claim: one }),
            (kept(1, 2), Action::Commit { claim: one }),
        ],
    );
}

/// The rest of the world on virtual time: a hub that keeps the contract, and a line and a booth that keep little.
struct World {
    chance: u64,
    /// Nothing goes wrong from here on.
    calm: Instant,
    now: Instant,
    outbox: Outbox,
    /// What the journal holds: never erased before the ledger has it.
    journal: BTreeMap<ClaimId, (u64, Vec<Digest>)>,
    hub_parts: BTreeSet<Digest>,
    /// Times that a claim was entered in the ledger.
    ledger: BTreeMap<ClaimId, u32>,
    /// Answers still on their way: late ones and repeated ones.
    late: Vec<(Instant, Event)>,
    requests: u32,
}

const REQUEST: Duration = Duration::from_millis(40);
const TIMEOUT: Duration = Duration::from_secs(10);

impl World {
    fn new(chance: u64, trouble: Duration) -> Self {
        let now = Instant::now();
        Self {
            chance,
            calm: now + trouble,
            now,
            outbox: Outbox::new(),
            journal: BTreeMap::new(),
            hub_parts: BTreeSet::new(),
            ledger: BTreeMap::new(),
            late: Vec::new(),
            requests: 0,
        }
    }

    /// SplitMix64.
    fn random(&mut self) -> f64 {
        self.chance = self.chance.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.chance;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn trouble(&mut self, probability: f64) -> bool {
        let random = self.random();
        self.now < self.calm && random < probability
    }

    fn handle(&mut self, event: Event) {
        if let Event::Receipt { claim } = &event {
            assert_eq!(self.ledger.get(claim), Some(&1), "erased, and not in the ledger exactly once");
            self.journal.remove(claim);
        }
        let jitter = self.random();
        self.outbox.handle(event, self.now, &mut || jitter);
    }

    fn keep(&mut self, number: u128) {
        let parts = parts(number, 1 + (number % 5) as u8);
        self.journal.insert(claim(number), (number as u64, parts.clone()));
        self.handle(Event::Kept { claim: claim(number), sequence: number as u64, parts });
    }

    fn restart(&mut self) {
        self.outbox = Outbox::new();
        for (claim, (sequence, parts)) in self.journal.clone() {
            self.handle(Event::Found { claim, sequence, parts });
        }
    }

    /// The hub's side of one request.
    fn hub(&mut self, action: Action) -> Option<Event> {
        if self.trouble(0.05) {
            // A hub that has not committed a claim may clear its parts away.
            let open: Vec<_> = self.journal.iter().filter(|(c, _)| !self.ledger.contains_key(c)).collect();
            self.hub_parts = open.iter().flat_map(|(_, (_, p))| p.iter().skip(1).copied()).collect();
        }
        match action {
            Action::PutPart { claim, digest } => {
                self.hub_parts.insert(digest);
                Some(Event::PartAccepted { claim, digest })
            }
            Action::Commit { claim } if self.ledger.contains_key(&claim) => Some(Event::Receipt { claim }),
            Action::Commit { claim } => {
                let (_, parts) = self.journal.get(&claim)?;
                let missing: Vec<_> = parts.iter().filter(|d| !self.hub_parts.contains(d)).copied().collect();
                if !missing.is_empty() {
                    return Some(Event::Missing { claim, parts: missing });
                }
                *self.ledger.entry(claim).or_default() += 1;
                Some(Event::Receipt { claim })
            }
            Action::Wait { .. } => None,
        }
    }

    /// One turn of the courier. False if there is nothing to wait for.
    fn turn(&mut self, limit: Instant) -> bool {
        while let Some(at) = self.late.iter().position(|(due, _)| *due <= self.now) {
            let (_, event) = self.late.swap_remove(at);
            self.handle(event);
        }
        if self.trouble(0.02) {
            self.restart();
        }
        if self.trouble(0.02) {
            self.handle(Event::HubUnreachable);
        }
        if self.trouble(0.02) {
            self.handle(Event::HubReachable);
        }
        let (claim, action) = match self.outbox.next(self.now) {
            Action::Wait { until } => {
                let next = self.late.iter().map(|(due, _)| *due).chain(until).min();
                self.now = next.unwrap_or(limit).max(self.now + Duration::from_nanos(1)).min(limit);
                return next.is_some();
            }
            action @ (Action::PutPart { claim, .. } | Action::Commit { claim }) => (claim, action),
        };
        self.requests += 1;
        if self.trouble(0.2) {
            self.now += TIMEOUT;
            self.handle(Event::TransportFailed { claim });
            return true;
        }
        self.now += REQUEST;
        if self.trouble(0.1) {
            self.handle(Event::Failed { claim });
            return true;
        }
        let Some(event) = self.hub(action) else { return true };
        if self.trouble(0.2) {
            let delay = TIMEOUT.mul_f64(self.random() * 9.0);
            self.late.push((self.now + delay, event.clone()));
        }
        if self.trouble(0.2) {
            self.now += TIMEOUT;
            self.handle(Event::TransportFailed { claim });
            return true;
        }
        self.handle(event);
        true
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn every_claim_is_committed_once_and_erased_after(
        chance in any::<u64>(),
        count in 1u128..25,
        minutes in 0u64..30,
    ) {
        let mut world = World::new(chance, Duration::from_secs(60 * minutes));
        for number in 1..=count {
            world.keep(number);
            let until = world.now + seconds(world.random() * 120.0);
            while world.now < until && world.turn(until) {}
        }
        // Once the line is good, the longest wait that is running is the only one, and answers may still be late.
        let start = world.now.max(world.calm);
        let limit = start + 2 * MAX_RETRY + 9 * TIMEOUT + seconds(30.0);
        while world.now < limit && world.turn(limit) {}
        prop_assert!(world.journal.is_empty(), "{} claims are left", world.journal.len());
        prop_assert!(world.outbox.is_empty());
        prop_assert_eq!(world.ledger.len() as u128, count);
        prop_assert!(world.ledger.values().all(|times| *times == 1));
    }
}

#[test]
fn weekend_without_hub_costs_little_and_ends_in_order() {
    let mut world = World::new(7, Duration::ZERO);
    for number in 1..=300 {
        world.keep(number);
    }
    let start = world.now;
    let mut requests = 0;
    while world.now < start + Duration::from_secs(3600) {
        match world.outbox.next(world.now) {
            Action::Wait { until } => world.now = until.unwrap(),
            Action::PutPart { claim, .. } | Action::Commit { claim } => {
                requests += 1;
                world.handle(Event::TransportFailed { claim });
            }
        }
    }
    // Each wait is 30 to 60 seconds after the first six.
    assert!((60..=126).contains(&requests), "{requests} requests in an hour");

    let (mut order, limit) = (Vec::new(), start + seconds(4000.0));
    while world.now < limit && !world.journal.is_empty() {
        let before: Vec<_> = world.journal.keys().copied().collect();
        world.turn(limit);
        order.extend(before.into_iter().filter(|claim| !world.journal.contains_key(claim)));
    }
    // The first to get through was the one whose turn it was; from then on the oldest goes first.
    assert_eq!(order.len(), 300);
    assert_eq!(order.iter().position(|c| *c == claim(1)), Some(0), "{order:?}");
    assert!(order.is_sorted(), "{order:?}");
    assert_eq!(world.requests, (1..=300).map(|n: u32| 1 + n % 5 + 1).sum::<u32>(), "each part once, then one commit");
}

/// Two of three claims never get an answer, as a photograph too large for the line.
#[test]
fn claims_that_choke_the_line_do_not_starve_others() {
    let mut world = World::new(7, Duration::ZERO);
    (1..=20).for_each(|number| world.keep(number));
    let bad = [claim(1), claim(2), claim(7)];
    let limit = world.now + Duration::from_secs(600);
    while world.now < limit && world.journal.len() > bad.len() {
        match world.outbox.next(world.now) {
            Action::PutPart { claim, .. } | Action::Commit { claim } if bad.contains(&claim) => {
                world.now += TIMEOUT;
                world.handle(Event::TransportFailed { claim });
            }
            Action::PutPart { .. } | Action::Commit { .. } | Action::Wait { .. } => drop(world.turn(limit)),
        }
    }
    assert_eq!(world.journal.keys().copied().collect::<Vec<_>>(), bad);
    assert!(world.now < limit - Duration::from_secs(500), "took {:?}", world.now);
}
