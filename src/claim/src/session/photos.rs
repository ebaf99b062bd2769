//! The documents page: one photograph after the other.

use super::draft::Photo;
use super::effect::{Effect, PhotoSource};
use super::event::{Now, PhotoOutcome};
use super::navigation::Page;
use super::{Session, Visit};
use crate::document::DocumentKind;
use crate::identity::PhotoDoubt;
use crate::personal::PersonalBytes;
use crate::session::item::Item;
use crate::wire::DeviceState;

/// A photograph on its way.
#[derive(Clone, Debug)]
pub enum PendingPhoto {
    /// The camera has been asked.
    Asked { request: u32 },
    /// It lies before the participant: use it, or take it again.
    Shown { jpeg: PersonalBytes, doubt: Option<PhotoDoubt> },
    /// The camera gave none.
    Failed,
}

impl Visit {
    /// The document that the page asks for.
    pub fn current_document(&self) -> Option<DocumentKind> {
        self.draft.documents().get(self.document).copied()
    }
}

impl Session {
    /// Which camera photographs this document. The face always comes from the camera that sees it; a document may come
    /// from there too when the one above the table is missing.
    pub fn photo_source(&self, kind: DocumentKind) -> PhotoSource {
        if kind == DocumentKind::Face || self.surroundings.document_camera != DeviceState::Ready {
            PhotoSource::Face
        } else {
            PhotoSource::Documents
        }
    }

    pub(super) fn select_document(&mut self, index: usize) {
        let (Page::Documents, Some(visit)) = (self.page, &mut self.visit) else { return };
        if index < visit.draft.documents().len() {
            visit.document = index;
            visit.pending_photo = None;
        }
    }

    pub(super) fn choose_alternative(&mut self, kind: DocumentKind) {
        let (Page::Documents, Some(visit)) = (self.page, &mut self.visit) else { return };
        let offered = visit.draft.reason.is_some_and(|reason| reason.row().any_one_of.contains(&kind));
        if offered && visit.draft.alternative != Some(kind) {
            // A photograph of the paper that was chosen before is not part of this claim any more.
            let before = visit.draft.documents();
            visit.draft.alternative = Some(kind);
            let after = visit.draft.documents();
            for gone in before.iter().filter(|kind| !after.contains(kind)) {
                visit.draft.photos.remove(gone);
                visit.desk.forget(Item::Document(*gone));
            }
            visit.document = after.iter().position(|other| *other == kind).unwrap_or(0);
            visit.pending_photo = None;
        }
    }

    pub(super) fn take_photo(&mut self, effects: &mut Vec<Effect>) {
        let kind = match (self.page, &self.visit) {
            (Page::Documents, Some(visit)) if !matches!(visit.pending_photo, Some(PendingPhoto::Asked { .. })) => {
                visit.current_document()
            }
            _ => None,
        };
        let Some(kind) = kind else { return };
        let source = self.photo_source(kind);
        if let Some(visit) = &mut self.visit {
            visit.photo_requests += 1;
            visit.pending_photo = Some(PendingPhoto::Asked { request: visit.photo_requests });
            effects.push(Effect::TakePhoto { request: visit.photo_requests, source });
        }
    }

    pub(super) fn photo_taken(&mut self, request: u32, outcome: PhotoOutcome) {
        let Some(visit) = &mut self.visit else { return };
        match visit.pending_photo {
            Some(PendingPhoto::Asked { request: asked }) if asked == request => {}
            _ => return,
        }
        let face = visit.current_document() == Some(DocumentKind::Face);
        visit.pending_photo = Some(match outcome {
            PhotoOutcome::Taken { jpeg, doubt } => {
                // A white shirt is no lamp mirrored in a laminated card.
                let glare_on_face = face && doubt == Some(PhotoDoubt::Glare);
                PendingPhoto::Shown { jpeg, doubt: doubt.filter(|_| !glare_on_face) }
            }
            PhotoOutcome::Failed => PendingPhoto::Failed,
        });
    }

    pub(super) fn retake_photo(&mut self) {
        if let (Page::Documents, Some(visit)) = (self.page, &mut self.visit) {
            visit.pending_photo = None;
        }
    }

    pub(super) fn use_photo(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let (Page::Documents, Some(visit)) = (self.page, &mut self.visit) else { return };
        let Some(kind) = visit.current_document() else { return };
        let Some(PendingPhoto::Shown { jpeg, doubt }) = visit.pending_photo.take() else { return };
        let number = visit.photo_requests;
        effects.push(Effect::ShowPhoto { session: visit.id, kind, photo: number, jpeg: jpeg.clone() });
        visit.draft.photos.insert(kind, Photo { number, jpeg, doubt });
        visit.changed(Item::Document(kind));
        // The page may well stay.
        visit.desk.given(|item| item == Item::Document(kind));
        if visit.return_to.is_some() {
            self.advance(now);
            return;
        }
        let documents = visit.draft.documents();
        // On to the next one that is missing, in order and round.
        let after = (visit.document + 1..documents.len()).chain(0..visit.document);
        let open = after.into_iter().find(|index| !visit.draft.photos.contains_key(&documents[*index]));
        visit.document = open.unwrap_or(visit.document);
    }
}
