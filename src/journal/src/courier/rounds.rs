//! When the hub is asked about receipts, and about which.
//!
//! ```text
//! link comes up, EVERY while it is, or hurried ──► newest page ── answered ──► older pages, then those held ──► over
//! ```
//!
//! A round tells the newest page of receipts, older ones as long as the hub lacks any of the last page, and every claim that
//! is held. So a hub that was restored from a backup hears of all that it has forgotten: what it took last is lost first.

use crate::holding::Receipts;
use bilik_claim::ids::ClaimId;
use bilik_claim::reconcile::{MAX_NOTES, ReceiptNote};
use std::time::{Duration, Instant};

/// From the end of one round to the next, while the link is up.
pub const EVERY: Duration = Duration::from_secs(15 * 60);
/// From the start of a round to that of the next at least, unless the link has come up meanwhile.
pub const AGAIN: Duration = Duration::from_secs(60);

/// A page of receipts: those with numbers below `before`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Page {
    pub before: u64,
    pub which: Receipts,
}

/// What was asked.
#[derive(Debug)]
pub(super) struct Asked {
    page: Page,
    notes: Vec<(u64, ReceiptNote)>,
}

#[derive(Debug, Default)]
pub(super) struct Rounds {
    up: bool,
    /// When the next round begins.
    due: Option<Instant>,
    /// When the last one began.
    began: Option<Instant>,
    /// Of a round under way, what comes next.
    page: Option<Page>,
    asked: Option<(u64, Asked)>,
}

impl Rounds {
    pub fn link_is_up(&mut self, now: Instant) {
        (self.up, self.due) = (true, Some(now));
    }

    pub fn link_is_down(&mut self) {
        (self.up, self.due) = (false, None);
    }

    /// Something tells that the hub has changed.
    pub fn hurry(&mut self, now: Instant) {
        let soon = self.began.map_or(now, |began| now.max(began + AGAIN));
        self.due = Some(self.due.map_or(soon, |due| due.min(soon)));
    }

    /// When there is something to ask; none while an answer is awaited.
    pub fn due(&self) -> Option<Instant> {
        match (&self.asked, self.page) {
            (Some(_), _) => None,
            (None, Some(_)) => self.began,
            (None, None) => self.due,
        }
    }

    /// What to ask now. The first page of a round is asked even if there are no receipts.
    pub fn next(&mut self, now: Instant) -> Option<Page> {
        if self.due().is_none_or(|due| now < due) {
            return None;
        }
        if self.page.is_none() {
            (self.due, self.began) = (None, Some(now));
            self.page = Some(Page { before: u64::MAX, which: Receipts::All });
        }
        self.page
    }

    pub fn ask(&mut self, request: u64, page: Page, notes: Vec<(u64, ReceiptNote)>) {
        (self.page, self.asked) = (None, Some((request, Asked { page, notes })));
    }

    /// What was asked in this request, unless it was answered before.
    pub fn answered(&mut self, request: u64) -> Option<Asked> {
        let (_, asked) = self.asked.take_if(|(number, _)| *number == request)?;
        Some(asked)
    }

    /// The hub has given a good answer.
    pub fn go_on(&mut self, asked: &Asked, lacks_any: bool, now: Instant) {
        self.page = asked.next_page(lacks_any);
        if self.page.is_none() {
            self.wait_until(now + EVERY);
        }
    }

    /// There is nothing more to tell: the round is over.
    pub fn end(&mut self, now: Instant) {
        self.page = None;
        self.wait_until(now + EVERY);
    }

    /// The round could not be ended: it is begun anew.
    pub fn give_up(&mut self, now: Instant) {
        self.page = None;
        self.wait_until(now + AGAIN);
    }

    fn wait_until(&mut self, at: Instant) {
        if self.up && self.due.is_none() {
            self.due = Some(at);
        }
    }
}

impl Page {
    pub fn is_first(self) -> bool {
        self.before == u64::MAX
    }
}

impl Asked {
    /// Of these ids, those that were named in the request, each once; and only those held then, if so wanted.
    pub fn named(&self, claims: &[ClaimId], held: bool) -> Vec<ClaimId> {
        let wanted = |note: &ReceiptNote| (note.held || !held) && claims.contains(&note.claim);
        self.notes.iter().map(|(_, note)| note).filter(|note| wanted(note)).map(|note| note.claim).collect()
    }

    fn next_page(&self, lacks_any: bool) -> Option<Page> {
        let (before, _) = self.notes.get(MAX_NOTES - 1)?;
        let which = if lacks_any { self.page.which } else { Receipts::Held };
        Some(Page { before: *before, which })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::ids::Digest;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use uuid::Uuid;

    /// As the journal has it.
    fn page(receipts: &[(u64, ReceiptNote)], page: Page) -> Vec<(u64, ReceiptNote)> {
        let wanted =
            |(number, note): &&(u64, ReceiptNote)| *number < page.before && (note.held || page.which == Receipts::All);
        receipts.iter().rev().filter(wanted).take(MAX_NOTES).cloned().collect()
    }

    fn receipt(number: u64, held: bool) -> (u64, ReceiptNote) {
        let claim = ClaimId(Uuid::from_u128(number.into()));
        (number, ReceiptNote { claim, manifest: Digest([0; 32]), ledger_sequence: number, held })
    }

    /// One round: what was told, and in how many pages.
    fn round(receipts: &[(u64, ReceiptNote)], lacks: impl Fn(u64) -> bool) -> (Vec<u64>, usize) {
        let (mut rounds, now) = (Rounds::default(), Instant::now());
        rounds.link_is_up(now);
        let (mut told, mut pages) = (Vec::new(), 0);
        while let Some(next) = rounds.next(now) {
            let notes = page(receipts, next);
            if notes.is_empty() && !next.is_first() {
                rounds.end(now);
                break;
            }
            pages += 1;
            told.extend(notes.iter().map(|(number, _)| *number));
            let lacks_any = notes.iter().any(|(number, _)| lacks(*number));
            rounds.ask(pages, next, notes);
            assert_eq!((rounds.next(now), rounds.due()), (None, None), "one at a time");
            let asked = rounds.answered(pages).unwrap();
            assert!(rounds.answered(pages).is_none());
            rounds.go_on(&asked, lacks_any, now);
        }
        assert_eq!(rounds.due(), Some(now + EVERY));
        (told, usize::try_from(pages).unwrap())
    }

    proptest! {
        #[test]
        fn all_that_matters_is_told(
            held in proptest::collection::vec(prop::bool::weighted(0.3), 0..1500),
            lost in 0u64..1500,
        ) {
            let receipts: Vec<_> = (1..).zip(&held).map(|(number, held)| receipt(number, *held)).collect();
            // A hub from a backup lacks the last ones.
            let last = held.len() as u64;
            let lacks = |number| number > last.saturating_sub(lost);
            let (told, pages) = round(&receipts, lacks);
            let set: BTreeSet<u64> = told.iter().copied().collect();
            prop_assert_eq!(set.len(), told.len(), "nothing twice");
            prop_assert!(told.is_sorted_by(|a, b| a > b));
            for (number, note) in &receipts {
                prop_assert!(set.contains(number) || !note.held && !lacks(*number));
            }
            prop_assert!(pages <= told.len() / MAX_NOTES + 1);
        }
    }

    #[test]
    fn healthy_hub_is_told_little() {
        let check = |count: u64, held: u64, told: usize, pages: usize| {
            let receipts: Vec<_> = (1..=count).map(|number| receipt(number, number <= held)).collect();
            let (all, in_pages) = round(&receipts, |_| false);
            assert_eq!((all.len(), in_pages), (told, pages), "{count} {held}");
        };
        check(0, 0, 0, 1);
        check(9, 0, 9, 1);
        check(256, 0, 256, 1);
        check(10_000, 0, 256, 1);
        check(10_000, 3, 259, 2);
        check(10_000, 256, 512, 2);
        check(10_000, 10_000, 10_000, 40);
    }

    #[test]
    fn hurry_is_bounded() {
        let (mut rounds, start) = (Rounds::default(), Instant::now());
        rounds.hurry(start);
        let page = rounds.next(start).unwrap();
        rounds.ask(1, page, vec![]);
        rounds.hurry(start);
        let asked = rounds.answered(1).unwrap();
        rounds.go_on(&asked, false, start);
        assert_eq!(rounds.due(), Some(start + AGAIN));
        assert_eq!(rounds.next(start + AGAIN / 2), None);
        rounds.link_is_up(start + AGAIN / 2);
        assert!(rounds.next(start + AGAIN / 2).is_some(), "a link that comes up does not wait");
    }
}
