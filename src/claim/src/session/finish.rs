//! From the signature to the receipt.

use super::claim::{ClaimRecord, DocumentRecord, Entry, FinishedClaim};
use super::effect::Effect;
use super::event::Now;
use super::navigation::Page;
use super::{Session, Visit};
use crate::filing::{FORMAT, Standing};
use crate::ids::{BoothId, ClaimId, Digest, TrackingCode};
use crate::personal::PersonalBytes;
use crate::text::Language;

/// How far the end of a visit has come. The screen says what is true: *kept* after the durable commit, *confirmed* after
/// the receipt.
#[derive(Debug)]
pub enum Ending {
    /// Not signed yet.
    Open,
    /// On its way into the journal; the claim stays here until it is durable.
    Saving {
        claim: Box<FinishedClaim>,
    },
    /// The journal could not take it: it can be tried again.
    Failed {
        claim: Box<FinishedClaim>,
    },
    Kept {
        claim: ClaimId,
        tracking: TrackingCode,
        rating: Option<u8>,
    },
    Confirmed {
        claim: ClaimId,
        tracking: TrackingCode,
        rating: Option<u8>,
    },
}

impl Session {
    pub(super) fn sign(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let id = ClaimId((self.new_id)());
        let language = self.settings.language;
        let booth = self.booth;
        let Some(visit) = &mut self.visit else { return };
        // Nothing is asked to sign without consent; were it so, there would be nothing to file.
        let Some(claim) = finished(visit, id, booth, language, now) else { return };
        effects.push(Effect::Keep(Box::new(claim.clone())));
        visit.ending = Ending::Saving { claim: Box::new(claim) };
        self.page = Page::Finished;
    }

    pub(super) fn keep_again(&mut self, effects: &mut Vec<Effect>) {
        let Some(visit) = &mut self.visit else { return };
        if let Ending::Failed { claim } = &visit.ending {
            let claim = claim.clone();
            effects.push(Effect::Keep(claim.clone()));
            visit.ending = Ending::Saving { claim };
        }
    }

    pub(super) fn kept(&mut self, kept: ClaimId, tracking: TrackingCode) {
        let Some(visit) = &mut self.visit else { return };
        match &visit.ending {
            Ending::Saving { claim } | Ending::Failed { claim } if claim.record.claim == kept => {
                visit.ending = Ending::Kept { claim: kept, tracking, rating: None };
                // It is sealed in the queue now: the clear copy goes.
                visit.draft.photos.clear();
                visit.signature = super::Signature::default();
            }
            Ending::Open
            | Ending::Saving { .. }
            | Ending::Failed { .. }
            | Ending::Kept { .. }
            | Ending::Confirmed { .. } => {}
        }
    }

    pub(super) fn keep_failed(&mut self, failed: ClaimId) {
        let Some(visit) = &mut self.visit else { return };
        if let Ending::Saving { claim } = &visit.ending
            && claim.record.claim == failed
        {
            visit.ending = Ending::Failed { claim: claim.clone() };
        }
    }

    pub(super) fn confirmed(&mut self, confirmed: ClaimId) {
        let Some(visit) = &mut self.visit else { return };
        if let Ending::Kept { claim, tracking, rating } = &visit.ending
            && *claim == confirmed
        {
            visit.ending = Ending::Confirmed { claim: confirmed, tracking: tracking.clone(), rating: *rating };
        }
    }

    pub(super) fn rate(&mut self, stars: u8, effects: &mut Vec<Effect>) {
        let Some(visit) = &mut self.visit else { return };
        if let Ending::Kept { claim, rating, .. } | Ending::Confirmed { claim, rating, .. } = &mut visit.ending
            && (1..=4).contains(&stars)
            && *rating != Some(stars)
        {
            *rating = Some(stars);
            effects.push(Effect::Rated { claim: *claim, rating: stars });
        }
    }
}

fn finished(visit: &Visit, claim: ClaimId, booth: BoothId, language: Language, now: Now) -> Option<FinishedClaim> {
    let draft = &visit.draft;
    let standing = match visit.desk.verified_by {
        Some(officer) => Standing::Verified { officer, session: visit.id },
        None => Standing::Unverified { session: visit.id },
    };
    let entries = draft
        .fields()
        .into_iter()
        .filter(|field| *field != super::Field::Reason)
        .filter_map(|field| {
            let answer = draft.judge(field, now.today).ok()?;
            let doubts = answer.doubts.iter().map(|doubt| doubt.explain(Language::Id)).collect();
            Some(Entry { field, value: answer.stored, source: draft.source(field), doubts })
        })
        .collect();
    let photos: Vec<_> = draft
        .documents()
        .into_iter()
        .filter_map(|kind| draft.photos.get(&kind).map(|photo| (kind, photo.jpeg.clone())))
        .collect();
    let documents = photos
        .iter()
        .map(|(kind, jpeg)| DocumentRecord {
            kind: *kind,
            digest: Digest::of(jpeg.reveal()),
            size: jpeg.reveal().len() as u64,
        })
        .collect();
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth,
        session: visit.id,
        language,
        consent: draft.consent.clone()?,
        reason: draft.reason?,
        entries,
        documents,
        standing,
        signed_at: now.wall,
    };
    Some(FinishedClaim { record, photos, signature: PersonalBytes::new(visit.signature.svg().into_bytes()) })
}
