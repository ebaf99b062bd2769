//! Decides what goes to the hub next. Pure: no clock, no socket, no file; time and chance are arguments.
//!
//! ```text
//!            Kept                 all parts accepted
//!  ───────────────────► SENDING ─────────────────────► COMMITTING ──── Receipt ────► gone
//!                         ▲  PutPart, PutPart, ..          ▲ Commit │ ── Refused ───► gone
//!                         └────────────── Missing ─────────┼────────┘
//!  ───────────────────────────────────────────────────────►┘
//!            Found: after a start, the hub is asked which parts it lacks
//! ```
//!
//! * **Order.** Claims with the fewest failures first, among them by sequence: the oldest goes first, and one on which
//!   the hub or the line chokes does not block the others. After an outage ([`OUTAGE`]) no claim is to blame, and the
//!   oldest is first again.
//! * **Resuming.** A part that was accepted is not sent again unless the hub says that it is missing.
//! * **One at a time.** [`Outbox::next`] names one thing to do. It changes nothing, so asking twice is harmless; the
//!   answer, or its absence, comes back as an [`Event`].
//! * **Late, doubled and foreign answers** are harmless: an event changes the claim it names, as far as that is news, and
//!   nothing else. A claim leaves only by [`Event::Receipt`] or [`Event::Refused`], which the journal gives out after its
//!   own commit.
//! * **Waiting.** The n-th failure in a row waits [`FIRST_RETRY`] * 2^(n-1), at most [`MAX_RETRY`], of which a random part
//!   up to half is taken off, so that the booths of a branch do not come back all at once. A hub that answers nothing is
//!   waited for as a whole; a claim that the hub answers wrongly waits alone. Nothing is ever given up.
//!
//! Memory: about 50 bytes for each part of each claim in the queue.

use bilik_claim::ids::{ClaimId, Digest};
use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

/// Wait after the first failure.
pub const FIRST_RETRY: Duration = Duration::from_secs(1);
/// Longest wait between two attempts.
pub const MAX_RETRY: Duration = Duration::from_secs(60);
/// So many requests in a row without an answer are the hub's or the line's fault, and not that of what was sent.
pub const OUTAGE: u32 = 4;

/// What happened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A claim was kept just now: the hub has none of its parts.
    Kept { claim: ClaimId, sequence: u64, parts: Vec<Digest> },
    /// A claim lay in the queue when the booth started: the hub may have some of its parts.
    Found { claim: ClaimId, sequence: u64, parts: Vec<Digest> },
    /// The hub was heard of, for instance over the signalling link: no need to wait longer.
    HubReachable,
    /// The link to the hub is gone.
    HubUnreachable,
    /// The hub has the part.
    PartAccepted { claim: ClaimId, digest: Digest },
    /// The hub lacks these parts.
    Missing { claim: ClaimId, parts: Vec<Digest> },
    /// The journal has verified the receipt and erased the claim.
    Receipt { claim: ClaimId },
    /// The journal has marked the claim as refused.
    Refused { claim: ClaimId },
    /// The hub answered, but with none of the above.
    Failed { claim: ClaimId },
    /// No answer came: no connection, a broken one, a timeout, or a hub that takes nothing from anybody now.
    TransportFailed { claim: ClaimId },
    /// Nothing was sent: the booth could not read what it had to. Says nothing about the hub.
    NotSent { claim: ClaimId },
}

/// What to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// `PUT /api/v1/parts/{digest}` with the sealed bytes.
    PutPart { claim: ClaimId, digest: Digest },
    /// `POST /api/v1/claims` with the signed manifest.
    Commit { claim: ClaimId },
    /// Nothing before this instant, or before an event if there is none.
    Wait { until: Option<Instant> },
}

/// Claims that the hub has not confirmed, and when to try what.
#[derive(Debug, Default)]
pub struct Outbox {
    claims: BTreeMap<ClaimId, Entry>,
    /// Place in line: failures, then sequence.
    line: BTreeSet<(u32, u64, ClaimId)>,
    hub: Backoff,
    /// Claims that stand back because the hub has not answered to them since it last answered at all.
    unanswered: BTreeSet<ClaimId>,
}

#[derive(Debug)]
struct Entry {
    sequence: u64,
    /// In the order of the manifest. True: the hub has it, or has to say so first.
    parts: Vec<(Digest, bool)>,
    /// How often the hub has said that parts are missing.
    rounds: u32,
    backoff: Backoff,
}

#[derive(Clone, Copy, Debug, Default)]
struct Backoff {
    failures: u32,
    until: Option<Instant>,
}

impl Outbox {
    pub fn new() -> Self {
        Self::default()
    }

    /// Claims still to be delivered.
    pub fn len(&self) -> usize {
        self.claims.len()
    }

    pub fn is_empty(&self) -> bool {
        self.claims.is_empty()
    }

    /// Takes an event in. `random` gives numbers from 0 up to 1 for the jitter.
    pub fn handle(&mut self, event: Event, now: Instant, random: &mut dyn FnMut() -> f64) {
        match event {
            Event::Kept { claim, sequence, parts } => self.insert(claim, sequence, parts, false),
            Event::Found { claim, sequence, parts } => self.insert(claim, sequence, parts, true),
            Event::HubReachable => self.answered(),
            Event::HubUnreachable => {
                // While waiting already this is no news, and must not lengthen the wait.
                if self.hub.is_over(now) {
                    self.hub.fail(now, random);
                }
            }
            Event::PartAccepted { claim, digest } => {
                self.answered();
                if let Some(part) = self.part(claim, digest)
                    && !*part
                {
                    *part = true;
                    // The claim moves on: what failed before is over.
                    self.change_backoff(claim, |backoff| *backoff = Backoff::default());
                }
            }
            Event::Missing { claim, parts } => self.missing(claim, &parts, now, random),
            Event::Receipt { claim } | Event::Refused { claim } => {
                self.answered();
                if let Some(entry) = self.claims.remove(&claim) {
                    self.line.remove(&entry.place(claim));
                }
            }
            Event::Failed { claim } => {
                self.answered();
                self.change_backoff(claim, |backoff| backoff.fail(now, random));
            }
            Event::NotSent { claim } => self.change_backoff(claim, |backoff| backoff.fail(now, random)),
            Event::TransportFailed { claim } => {
                // While waiting already this is old news.
                if self.hub.is_over(now) {
                    self.hub.fail(now, random);
                    self.unanswered.insert(claim);
                    self.change_backoff(claim, |backoff| backoff.fail(now, random));
                }
            }
        }
    }

    /// What to do now. The same until time passes or an event comes.
    pub fn next(&self, now: Instant) -> Action {
        if self.claims.is_empty() {
            return Action::Wait { until: None };
        }
        if !self.hub.is_over(now) {
            return Action::Wait { until: self.hub.until };
        }
        let mut soonest: Option<Instant> = None;
        for (_, _, claim) in &self.line {
            let Some(entry) = self.claims.get(claim) else { continue };
            if entry.backoff.is_over(now) {
                return entry.action(*claim);
            }
            soonest = match (soonest, entry.backoff.until) {
                (Some(a), Some(b)) => Some(a.min(b)),
                (a, b) => a.or(b),
            };
        }
        Action::Wait { until: soonest }
    }

    /// The hub is there. After an outage those that were tried meanwhile get their places back.
    fn answered(&mut self) {
        let outage = self.hub.failures >= OUTAGE;
        self.hub = Backoff::default();
        for claim in std::mem::take(&mut self.unanswered) {
            if outage {
                self.change_backoff(claim, |backoff| *backoff = Backoff::default());
            }
        }
    }

    fn insert(&mut self, claim: ClaimId, sequence: u64, parts: Vec<Digest>, ask_first: bool) {
        if self.claims.contains_key(&claim) {
            return;
        }
        let parts = parts.into_iter().map(|digest| (digest, ask_first)).collect();
        let entry = Entry { sequence, parts, rounds: 0, backoff: Backoff::default() };
        self.line.insert(entry.place(claim));
        self.claims.insert(claim, entry);
    }

    fn missing(&mut self, claim: ClaimId, missing: &[Digest], now: Instant, random: &mut dyn FnMut() -> f64) {
        self.answered();
        let Some(entry) = self.claims.get_mut(&claim) else { return };
        let mut ours = false;
        for (_, there) in entry.parts.iter_mut().filter(|(digest, _)| missing.contains(digest)) {
            ours = true;
            *there = false;
        }
        entry.rounds = entry.rounds.saturating_add(1);
        // The first answer to a claim that was found is what we asked for. A hub that asks for nothing we have, or loses
        // again and again what it took, would keep us busy for ever: further rounds wait, each longer than the last.
        if !ours || entry.rounds > 1 {
            let rounds = entry.rounds.saturating_sub(2);
            self.change_backoff(claim, |backoff| {
                backoff.failures = backoff.failures.max(rounds);
                backoff.fail(now, random);
            });
        }
    }

    fn part(&mut self, claim: ClaimId, digest: Digest) -> Option<&mut bool> {
        self.claims.get_mut(&claim)?.parts.iter_mut().find(|(d, _)| *d == digest).map(|(_, there)| there)
    }

    fn change_backoff(&mut self, claim: ClaimId, change: impl FnOnce(&mut Backoff)) {
        let Some(entry) = self.claims.get_mut(&claim) else { return };
        self.line.remove(&entry.place(claim));
        change(&mut entry.backoff);
        self.line.insert(entry.place(claim));
    }
}

impl Entry {
    fn place(&self, claim: ClaimId) -> (u32, u64, ClaimId) {
        (self.backoff.failures, self.sequence, claim)
    }

    fn action(&self, claim: ClaimId) -> Action {
        match self.parts.iter().find(|(_, there)| !there) {
            Some((digest, _)) => Action::PutPart { claim, digest: *digest },
            None => Action::Commit { claim },
        }
    }
}

impl Backoff {
    fn is_over(&self, now: Instant) -> bool {
        self.until.is_none_or(|until| until <= now)
    }

    fn fail(&mut self, now: Instant, random: &mut dyn FnMut() -> f64) {
        self.failures = self.failures.saturating_add(1);
        self.until = Some(now + delay(self.failures, random()));
    }
}

/// Wait after so many failures in a row. `random` outside of 0 to 1 is taken as the nearer end.
fn delay(failures: u32, random: f64) -> Duration {
    let doublings = failures.saturating_sub(1).min(16);
    let full = FIRST_RETRY.saturating_mul(1 << doublings).min(MAX_RETRY);
    let random = if random.is_finite() { random.clamp(0.0, 1.0) } else { 1.0 };
    full.mul_f64(1.0 - random / 2.0)
}

#[cfg(test)]
mod tests;
