//! What the courier does about receipts: tells the hub of them, and does what the answer asks for.

use super::rounds::Asked;
use super::{Answer, Courier, Output, Turn};
use crate::error::JournalError;
use crate::outbox::Event;
use bilik_claim::reconcile::{MAX_NOTES, Reconcile, Reconciled};

impl Courier {
    /// Starts the next request about receipts, if there is to be one now.
    pub(super) fn reconcile_if_due(&mut self, turn: &mut Turn<'_>) {
        let now = turn.now.instant;
        if self.in_flight.is_some() {
            return;
        }
        let Some(journal) = &self.journal else { return };
        let Some(page) = self.rounds.next(now) else { return };
        match journal.receipts(page.before, page.which, MAX_NOTES) {
            Ok(notes) if notes.is_empty() && !page.is_first() => self.rounds.end(now),
            Ok(notes) => {
                let receipts = notes.iter().map(|(_, note)| note.clone()).collect();
                let note = Reconcile { keys: journal.keys_serial(), receipts };
                let request = self.start();
                self.rounds.ask(request, page, notes);
                turn.out.push(Output::Reconcile { request, note });
            }
            Err(error) => {
                self.rounds.give_up(now);
                self.failed("read receipts", &error, turn);
            }
        }
    }

    pub(super) fn reconciled(&mut self, request: u64, answer: Answer, turn: &mut Turn<'_>) {
        let Some(asked) = self.rounds.answered(request) else { return };
        self.in_flight = None;
        let now = turn.now.instant;
        match answer {
            Answer::Reconciled(answer) => match self.settle(&asked, &answer, turn) {
                Ok(()) => self.rounds.go_on(&asked, !asked.named(&answer.missing, false).is_empty(), now),
                Err(error) => {
                    self.rounds.give_up(now);
                    self.failed("do what the hub says of receipts", &error, turn);
                }
            },
            Answer::Unreachable(why) => {
                tracing::warn!(%why, "the hub was not reached about receipts");
                self.rounds.give_up(now);
            }
            Answer::Failed(why) => {
                tracing::warn!(%why, "the hub says nothing of receipts");
                self.rounds.end(now);
            }
            Answer::PartAccepted(_) | Answer::Commit(_) => self.rounds.end(now),
        }
    }

    /// Keys first: receipts that come next may be signed by them. What is missing before what is safe, for a hub that says
    /// both of a claim does not have it. Nothing is done about claims that were not named in the request.
    fn settle(&mut self, asked: &Asked, answer: &Reconciled, turn: &mut Turn<'_>) -> Result<(), JournalError> {
        let at = turn.now.wall;
        let closed = || JournalError::Failed("it was closed meanwhile".into());
        let journal = self.journal.as_mut().ok_or_else(closed)?;
        journal.take_keys(&answer.keys, at)?;
        journal.set_hold(answer.hold)?;
        let recalled = journal.recall(&asked.named(&answer.missing, false), at)?;
        let mut events: Vec<Event> = Vec::new();
        for claim in &recalled {
            events.extend(journal.found(*claim, at)?);
        }
        self.safe.retain(|claim| !recalled.contains(claim));
        for claim in asked.named(&answer.safe, true) {
            if !recalled.contains(&claim) && !self.safe.contains(&claim) {
                self.safe.push(claim);
            }
        }
        events.into_iter().for_each(|event| self.outbox_event(event, turn));
        if !recalled.is_empty() {
            self.tell_queue(turn);
        }
        Ok(())
    }

    /// Erases some of the claims that need not be held any more. Not while somebody waits: it takes a while.
    pub(super) fn erase_safe(&mut self, turn: &mut Turn<'_>) {
        let Some(journal) = &mut self.journal else { return };
        if self.safe.is_empty() {
            return;
        }
        match journal.safe(&self.safe, turn.now.wall) {
            Ok(done) => drop(self.safe.drain(..done)),
            Err(error) => {
                // They are named again in the next round.
                self.safe.clear();
                self.failed("erase held claims", &error, turn);
            }
        }
    }
}
