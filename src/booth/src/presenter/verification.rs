//! The officer's checks, the signature, the end.

use super::words::{Word, words};
use super::{Presenter, item_id, sync};
use crate::clock;
use bilik_claim::session::item::{Check, Item};
use bilik_claim::session::{Ending, Session, Standby, Visit};
use bilik_claim::text::Language;
use bilik_claim::wire::CallMode;
use bilik_ui::{AppWindow, CheckRow, CheckState, Choice, FinishedState, ReturnReason, VerificationMode};
use qrcode::{Color, EcLevel, QrCode};
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};

/// Pixels for each module of a QR code, and the quiet zone around it in modules (ISO/IEC 18004, 7.3.8).
const QR_PIXELS: usize = 8;
const QR_QUIET: usize = 4;

impl Presenter {
    pub(super) fn verification(&self, window: &AppWindow, session: &Session, visit: &Visit) {
        let language = session.settings().language;
        let page = window.global::<bilik_ui::VerificationAdapter>();
        let standby = session.standby();
        page.set_mode(match standby {
            Standby::Waiting => VerificationMode::Waiting,
            Standby::Focus => VerificationMode::Focus,
            Standby::Hold => VerificationMode::Hold,
            Standby::Nobody => VerificationMode::NoOfficer,
        });
        let items = visit.draft.items();
        let correct = items.iter().filter(|item| *visit.desk.check(**item) == Check::Correct).count();
        page.set_checklist_title(super::words::checklist(correct, items.len(), language).into());
        let mut rows: Vec<_> = items.iter().map(|item| check_row(visit, *item, language)).collect();
        // What the participant has to do stands on top, where nobody has to scroll for it.
        rows.sort_by_key(|row| !row.fixable);
        sync(&self.lists.checks, rows);
        page.set_officer_message(visit.desk.message.as_deref().unwrap_or_default().into());
        page.set_muted(visit.muted);
        let camera_off = visit.desk.mode != Some(CallMode::Tile);
        page.set_camera_off(camera_off);

        let officer = visit.desk.officer.as_ref().map_or("", |officer| officer.name.as_str());
        let (heading, text) = super::words::standby(standby, officer, camera_off, session.surroundings(), language);
        page.set_heading(heading.into());
        page.set_text(text.into());
        let place = visit.desk.place;
        page.set_place(if place == 0 { "".into() } else { super::words::place(place, language).into() });
        page.set_expected_wait(if place == 0 {
            "".into()
        } else {
            super::words::minutes(visit.desk.expected_wait, language).into()
        });
        let offers = items.iter().filter(|item| matches!(visit.desk.check(**item), Check::AskedAgain { .. })).take(2);
        let offers = offers.map(|item| Choice {
            id: item_id(*item),
            title: super::words::again(*item, language).into(),
            subtitle: "".into(),
            selected: false,
        });
        sync(&self.lists.offers, offers.collect());
    }

    pub(super) fn ending(&mut self, window: &AppWindow, session: &Session, visit: &Visit) {
        let language = session.settings().language;
        let sign = window.global::<bilik_ui::SignAdapter>();
        sign.set_statement(words(Word::Statement).get(language).into());
        sign.set_path_commands(visit.signature.commands().into());
        sign.set_has_ink(!visit.signature.is_empty());

        let page = window.global::<bilik_ui::FinishedAdapter>();
        let bank = visit.draft.shown(bilik_claim::session::item::Field::Bank, language);
        let (state, heading, text) = match &visit.ending {
            Ending::Open | Ending::Saving { .. } => {
                (FinishedState::Saving, Word::SavingHeading, words(Word::SavingText).get(language).to_owned())
            }
            Ending::Failed { .. } => {
                (FinishedState::Failed, Word::FailedHeading, words(Word::FailedText).get(language).to_owned())
            }
            Ending::Kept { .. } => {
                (FinishedState::Kept, Word::KeptHeading, super::words::kept(visit.desk.is_verified(), language))
            }
            Ending::Confirmed { .. } => {
                let at = self.confirmed_at.get_or_insert_with(clock::time_of_day);
                let text = super::words::confirmed(at, bank.reveal(), visit.desk.is_verified(), language);
                (FinishedState::Confirmed, Word::ConfirmedHeading, text)
            }
        };
        page.set_state(state);
        page.set_heading(words(heading).get(language).into());
        page.set_text(text.into());
        if let Ending::Kept { tracking, rating, .. } | Ending::Confirmed { tracking, rating, .. } = &visit.ending {
            page.set_rating(i32::from(rating.unwrap_or(0)));
            if self.code != tracking.as_str() {
                self.code = tracking.as_str().to_owned();
                page.set_code(tracking.as_str().into());
                let image = qr(tracking.as_str());
                page.set_has_qr(image.is_some());
                page.set_qr(image.unwrap_or_default());
            }
            page.set_qr_caption(words(Word::QrCaption).get(language).into());
        } else {
            // A code stands for a claim that is kept: none before.
            self.code.clear();
            page.set_code("".into());
            page.set_has_qr(false);
            page.set_rating(0);
        }

        let returned = window.global::<bilik_ui::ReturnedAdapter>();
        returned.set_heading(words(Word::ReturnedHeading).get(language).into());
        let asked = visit.draft.items().into_iter().filter_map(|item| match visit.desk.check(item) {
            Check::AskedAgain { reason } => Some((item.title().get(language).to_owned(), reason.clone())),
            Check::Pending | Check::Correct | Check::Corrected => None,
        });
        let general = words(Word::OfficerSays).get(language);
        let said = visit.desk.returned.iter().map(|reason| (general.to_owned(), reason.clone()));
        let rows = said.chain(asked).map(|(label, reason)| ReturnReason { label: label.into(), reason: reason.into() });
        sync(&self.lists.returned, rows.collect());
    }
}

fn check_row(visit: &Visit, item: Item, language: Language) -> CheckRow {
    let (state, reason) = match visit.desk.check(item) {
        Check::Pending => (CheckState::Pending, ""),
        Check::Correct => (CheckState::Correct, ""),
        Check::AskedAgain { reason } => (CheckState::Again, reason.as_str()),
        Check::Corrected => (CheckState::Corrected, ""),
    };
    let value = match item {
        Item::Field(field) => visit.draft.shown(field, language).reveal().to_owned(),
        Item::Document(kind) => {
            let word = if visit.draft.photos.contains_key(&kind) { Word::PhotoTaken } else { Word::NoPhoto };
            words(word).get(language).to_owned()
        }
    };
    CheckRow {
        id: item_id(item),
        label: item.title().get(language).into(),
        value: value.into(),
        state,
        reason: reason.into(),
        fixable: state == CheckState::Again,
    }
}

/// A code that any phone reads as text.
pub(super) fn qr(text: &str) -> Option<Image> {
    let code = QrCode::with_error_correction_level(text.as_bytes(), EcLevel::M).ok()?;
    let modules = code.width();
    let side = (modules + 2 * QR_QUIET) * QR_PIXELS;
    let size = u32::try_from(side).ok()?;
    let mut buffer = SharedPixelBuffer::<Rgb8Pixel>::new(size, size);
    let colors = code.to_colors();
    for (index, pixel) in buffer.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (index % side / QR_PIXELS, index / side / QR_PIXELS);
        let module = |place: usize| place.checked_sub(QR_QUIET).filter(|place| *place < modules);
        let dark = module(x).zip(module(y)).is_some_and(|(x, y)| colors[y * modules + x] == Color::Dark);
        *pixel = if dark { Rgb8Pixel::new(0, 0, 0) } else { Rgb8Pixel::new(255, 255, 255) };
    }
    Some(Image::from_rgb8(buffer))
}
