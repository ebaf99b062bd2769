//! The documents page.

use super::words::{Word, words};
use super::{Presenter, sync};
use bilik_claim::document::DocumentKind;
use bilik_claim::identity::Doubt;
use bilik_claim::session::item::{Check, Item};
use bilik_claim::session::{Page, PendingPhoto, PhotoSource, Session, Visit};
use bilik_media::VideoFrame;
use bilik_ui::{AppWindow, Choice, DocumentItem, DocumentState, DocumentsAdapter, Tone};
use slint::{ComponentHandle as _, Image};

impl Presenter {
    pub(super) fn documents(&mut self, window: &AppWindow, session: &Session, visit: &Visit) {
        let language = session.settings().language;
        let page = window.global::<DocumentsAdapter>();
        let source = visit
            .current_document()
            .filter(|_| session.page() == Page::Documents)
            .map(|kind| session.photo_source(kind));
        if self.preview_source != source {
            // The last picture is another camera's, or from before the page was left.
            self.preview_source = source;
            self.shown_photo = None;
            page.set_preview(Image::default());
            page.set_has_preview(false);
        }
        if source.is_none() {
            return;
        }
        let kinds = visit.draft.documents();
        let current = visit.current_document();
        page.set_title(current.map_or("", |kind| kind.title().get(language)).into());
        let instruction = match (current, source) {
            (Some(DocumentKind::Face), _) => Word::FaceInstruction,
            (_, Some(PhotoSource::Face)) => Word::HoldInstruction,
            _ => Word::FlatInstruction,
        };
        page.set_instruction(words(instruction).get(language).into());
        let missing = if current.is_some_and(|kind| !session.can_photograph(kind)) {
            words(Word::NoCamera).get(language)
        } else {
            ""
        };
        page.set_camera_missing(missing.into());

        page.set_busy(matches!(visit.pending_photo, Some(PendingPhoto::Asked { .. })));
        let kept = current.and_then(|kind| visit.draft.photos.get(&kind));
        match &visit.pending_photo {
            Some(PendingPhoto::Shown { jpeg, doubt }) => {
                self.show_photo(&page, u32::MAX, jpeg.reveal());
                page.set_taken(true);
                let (text, tone) = match doubt {
                    Some(doubt) => (super::words::retake(Doubt::Photo(*doubt), language), Tone::Attention),
                    None => (words(Word::Sharp).get(language).to_owned(), Tone::Good),
                };
                page.set_quality(text.into());
                page.set_quality_tone(tone);
            }
            Some(PendingPhoto::Failed) => {
                self.live_preview(&page);
                page.set_quality(words(Word::PhotoFailed).get(language).into());
                page.set_quality_tone(Tone::Attention);
            }
            Some(PendingPhoto::Asked { .. }) | None => {
                self.live_preview(&page);
                let done = if kept.is_some() { words(Word::AlreadyTaken).get(language) } else { "" };
                page.set_quality(done.into());
                page.set_quality_tone(if kept.is_some() { Tone::Good } else { Tone::None });
            }
        }

        let items = (0..).zip(&kinds).map(|(id, kind)| {
            let again = matches!(visit.desk.check(Item::Document(*kind)), Check::AskedAgain { .. });
            let photo = visit.draft.photos.get(kind);
            let state = if Some(*kind) == current {
                DocumentState::Current
            } else if again {
                DocumentState::Again
            } else if photo.is_some() {
                DocumentState::Done
            } else {
                DocumentState::Todo
            };
            let subtitle = match visit.desk.check(Item::Document(*kind)) {
                Check::AskedAgain { reason } => reason.clone(),
                Check::Pending | Check::Correct | Check::Corrected => photo
                    .and_then(|photo| photo.doubt)
                    .map(|doubt| Doubt::Photo(doubt).explain(language))
                    .unwrap_or_default(),
            };
            DocumentItem { id, title: kind.title().get(language).into(), subtitle: subtitle.into(), state }
        });
        sync(&self.lists.documents, items.collect());

        let any_one_of = visit.draft.reason.map_or(&[][..], |reason| reason.row().any_one_of);
        let chosen = kinds.iter().find(|kind| any_one_of.contains(kind));
        // Offered while the paper itself is asked for, not with every other document.
        let offered = if current.is_some_and(|kind| any_one_of.contains(&kind)) { any_one_of } else { &[] };
        let alternatives = offered.iter().filter_map(|kind| {
            let id = DocumentKind::ALL.iter().position(|other| other == kind)?;
            Some(Choice {
                id: i32::try_from(id).ok()?,
                title: kind.title().get(language).into(),
                subtitle: "".into(),
                selected: Some(kind) == chosen,
            })
        });
        sync(&self.lists.alternatives, alternatives.collect());
        page.set_alternative(
            chosen.filter(|_| !offered.is_empty()).map_or("", |kind| kind.title().get(language)).into(),
        );
    }

    /// A new picture of a camera: shown if it is the one that photographs, and no photograph lies over it.
    pub(super) fn preview(&mut self, window: &AppWindow, face: bool, frame: &VideoFrame) {
        let page = window.global::<DocumentsAdapter>();
        let source = if face { PhotoSource::Face } else { PhotoSource::Documents };
        if self.preview_source == Some(source) && self.shown_photo.is_none() {
            page.set_preview(self.pictures.preview.turn(frame));
            page.set_has_preview(true);
        }
    }

    fn show_photo(&mut self, page: &DocumentsAdapter<'_>, number: u32, jpeg: &[u8]) {
        if self.shown_photo == Some(number) {
            return;
        }
        match Image::load_from_data(jpeg, Some("jpeg")) {
            Ok(image) => {
                page.set_preview(image);
                page.set_has_preview(true);
            }
            Err(error) => tracing::error!(%error, "photograph cannot be shown"),
        }
        self.shown_photo = Some(number);
    }

    fn live_preview(&mut self, page: &DocumentsAdapter<'_>) {
        page.set_taken(false);
        if self.shown_photo.take().is_some() {
            page.set_preview(Image::default());
            page.set_has_preview(false);
        }
    }
}
