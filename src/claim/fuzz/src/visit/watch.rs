//! What a session has said so far, and whether the next thing it says fits.

use bilik_claim::filing::{MAX_PARTS, Standing};
use bilik_claim::ids::{ClaimId, Digest, OfficerId, SessionId};
use bilik_claim::session::claim::FinishedClaim;
use bilik_claim::session::{Effect, Ending, Event, HubNews, Overlay, Page, Session, Settings, Standby};
use bilik_claim::wire::{Assignment, BoothToHub, Decision, Outcome, decode, encode};
use std::collections::BTreeSet;
use uuid::Uuid;

#[derive(Default)]
pub(super) struct Watch {
    /// Visits that the hub has been told of; each begins and ends once.
    begun: BTreeSet<SessionId>,
    over: BTreeSet<SessionId>,
    /// Officers of the running visit, and whether one of them said that all is right.
    officers: Vec<OfficerId>,
    verified: bool,
    /// Of the newest snapshot of the running visit.
    revision: u32,
    /// The last photograph that was asked for.
    request: u32,
    kept: Option<FinishedClaim>,
    /// The journal has said that it has it.
    durable: bool,
    /// What the event that is handled was said of.
    spoken_of: Option<SessionId>,
}

impl Watch {
    pub fn revision(&self) -> u32 {
        self.revision
    }

    pub fn request(&self) -> u32 {
        self.request
    }

    /// The claim that was to be kept last, or one that never was.
    pub fn claim(&self) -> ClaimId {
        self.kept.as_ref().map_or(ClaimId(Uuid::nil()), |claim| claim.record.claim)
    }

    pub fn before(&mut self, event: &Event) {
        self.spoken_of = None;
        match event {
            Event::Hub(HubNews::Assignment { session, assignment: Assignment::Officer { officer, .. } }) => {
                self.officers.push(*officer);
                self.spoken_of = Some(*session);
            }
            Event::Hub(HubNews::Decision { session, decision }) => {
                self.verified |= *decision == Decision::Verified;
                self.spoken_of = Some(*session);
            }
            Event::Hub(
                HubNews::Assignment { session, .. }
                | HubNews::Attention { session, .. }
                | HubNews::Check { session, .. }
                | HubNews::Message { session, .. }
                | HubNews::Watched { session, .. }
                | HubNews::EndSession { session },
            ) => self.spoken_of = Some(*session),
            Event::Kept { claim, .. } => self.durable |= self.kept.is_some() && *claim == self.claim(),
            _ => {}
        }
    }

    pub fn after(&mut self, effects: &[Effect], session: &Session) {
        let running = session.visit().map(|visit| visit.id);
        for effect in effects {
            match effect {
                Effect::SessionStarted { session, .. } => {
                    assert!(self.begun.insert(*session) && running == Some(*session), "begun twice");
                    (self.officers, self.verified, self.revision) = (Vec::new(), false, 0);
                    (self.kept, self.durable) = (None, false);
                }
                Effect::Publish(snapshot) => {
                    let id = snapshot.session;
                    assert!(running == Some(id) && self.begun.contains(&id), "published without consent");
                    assert!(snapshot.revision > self.revision, "revision {} again", snapshot.revision);
                    self.revision = snapshot.revision;
                    // What a booth says of itself is within what the hub takes.
                    let frame = encode(&BoothToHub::Session { snapshot: snapshot.clone() });
                    if let Err(error) = decode::<BoothToHub>(&frame) {
                        panic!("the hub refuses this: {error}");
                    }
                }
                Effect::SessionEnded { session, outcome } if self.begun.contains(session) => {
                    let again = !self.over.insert(*session);
                    assert!(!again || self.spoken_of == Some(*session), "ended twice");
                    assert!(running != Some(*session), "ended, and still there");
                    assert!(again || self.durable == (*outcome == Outcome::Kept), "{outcome:?} is not what happened");
                }
                Effect::SessionEnded { session, outcome } => {
                    assert!(self.spoken_of == Some(*session) && *outcome == Outcome::Aborted, "never begun");
                }
                Effect::ShowPhoto { session, jpeg, .. } => {
                    assert!(running == Some(*session) && !jpeg.reveal().is_empty());
                }
                Effect::TakePhoto { request, .. } => self.request = *request,
                Effect::Keep(claim) => self.keep(claim, running),
                Effect::Rated { claim, rating } => {
                    assert!(self.durable && *claim == self.claim() && (1..=4).contains(rating), "rated too early");
                }
                Effect::Wipe => assert_eq!(running, None),
                Effect::Preview(_) | Effect::Mute(_) | Effect::Ignored(_) => {}
            }
        }
        if effects.iter().any(|effect| matches!(effect, Effect::Wipe)) {
            assert_eq!((session.overlay(), session.settings()), (Overlay::None, Settings::default()));
        }
        if running.is_none() {
            (self.kept, self.durable) = (None, false);
        }
        self.stands(session);
    }

    /// Left alone for long, nobody's visit is on the screen, unless it is the journal's or the officer's turn.
    pub fn is_over(&self, session: &Session) {
        let Some(visit) = session.visit() else { return };
        let turn = matches!(visit.ending, Ending::Saving { .. }) || session.standby() == Standby::Focus;
        assert!(turn, "the visit goes on and on at {:?}", session.page());
    }

    /// The claim is what was consented to, checked and photographed in this visit.
    fn keep(&mut self, claim: &FinishedClaim, running: Option<SessionId>) {
        let record = &claim.record;
        assert_eq!(Some(record.session), running);
        if let Some(before) = &self.kept {
            assert!(before.record == *record && before.photos.len() == claim.photos.len(), "another claim at once");
        }
        match &record.standing {
            Standing::Verified { officer, session } => {
                assert!(self.verified && self.officers.contains(officer) && *session == record.session);
            }
            Standing::Unverified { session } => assert_eq!(*session, record.session),
        }
        let kinds: BTreeSet<_> = record.documents.iter().map(|document| document.kind).collect();
        assert!(kinds.len() == record.documents.len() && kinds.len() + 2 <= MAX_PARTS, "a document twice");
        assert_eq!(record.documents.len(), claim.photos.len());
        for (document, (kind, photo)) in record.documents.iter().zip(&claim.photos) {
            let photo = photo.reveal();
            let told = (document.kind, document.size, document.digest);
            assert_eq!(told, (*kind, photo.len() as u64, Digest::of(photo)));
        }
        let fields: BTreeSet<_> = record.entries.iter().map(|entry| entry.field).collect();
        assert!(fields.len() == record.entries.len() && record.entries.iter().all(|e| !e.value.is_empty()));
        crate::round_trip(record);
        let svg = std::str::from_utf8(claim.signature.reveal()).expect("SVG is text");
        let path = svg.split("d=\"").nth(1).and_then(|rest| rest.split('"').next()).expect("a path");
        let plain = |c: char| c.is_ascii_digit() || matches!(c, 'M' | 'L' | ' ');
        assert!(path.contains('L') && path.chars().all(plain), "signed with {path:?}");
        self.kept = Some(claim.clone());
    }

    /// What the screen shows is true.
    fn stands(&self, session: &Session) {
        let Some(visit) = session.visit() else {
            assert!(matches!(session.page(), Page::Welcome | Page::OutOfService), "{:?} of nobody", session.page());
            assert!(session.published().is_none() && session.overlay() == Overlay::None);
            return;
        };
        assert!(!matches!(session.page(), Page::Welcome | Page::OutOfService));
        assert_eq!(visit.draft.consent.is_some(), self.begun.contains(&visit.id));
        assert!(visit.draft.consent.is_some() || session.published().is_none());
        match &visit.ending {
            Ending::Kept { claim, .. } | Ending::Confirmed { claim, .. } => {
                assert!(self.durable && *claim == self.claim(), "called kept, and is not");
                assert!(visit.draft.photos.is_empty() && visit.signature.is_empty(), "the clear copy is still there");
            }
            Ending::Saving { claim } | Ending::Failed { claim } => assert_eq!(claim.record.claim, self.claim()),
            Ending::Open => assert!(!self.durable, "kept, and the screen says nothing of it"),
        }
    }
}
