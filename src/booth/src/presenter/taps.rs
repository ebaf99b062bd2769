//! Touches on the glass, as taps.

use super::item_of;
use super::technician::Touched;
use crate::app::{Incoming, Post};
use bilik_claim::identity::BANKS;
use bilik_claim::reason::REASONS;
use bilik_claim::session::item::Field;
use bilik_claim::session::{Event, Key, Stroke, Tap};
use bilik_ui::{AppWindow, IdentityKind};
use slint::ComponentHandle as _;

/// The card "another reason" on the page of reasons.
pub(super) const MORE_REASONS: i32 = 1_000;

/// Connects every callback.
pub fn connect(window: &AppWindow) {
    let app = window.global::<bilik_ui::App>();
    app.on_language_tapped(|| tap(Tap::Language));
    app.on_text_size_tapped(|| tap(Tap::TextSize));
    app.on_contrast_tapped(|| tap(Tap::Contrast));
    app.on_back(|| tap(Tap::Back));
    app.on_next(|| tap(Tap::Next));
    app.on_help(|| tap(Tap::Help));
    app.on_end_session(|| tap(Tap::Leave));
    app.on_name_pressed(|down| touch(Touched::Name { down }));

    let overlay = window.global::<bilik_ui::Overlay>();
    overlay.on_call_officer(|| tap(Tap::CallOfficer));
    overlay.on_close(|| tap(Tap::CloseOverlay));
    overlay.on_continue(|| tap(Tap::StillHere));
    overlay.on_finish(|| tap(Tap::LeaveConfirmed));
    overlay.on_wipe(|| tap(Tap::LeaveConfirmed));
    overlay.on_stay(|| tap(Tap::CloseOverlay));

    window.global::<bilik_ui::Keyboard>().on_key(|key| {
        let key = match key.as_str() {
            "backspace" => Some(Key::Backspace),
            "clear" => Some(Key::Clear),
            text => text.chars().next().filter(|c| !c.is_control()).map(Key::Character),
        };
        if let Some(key) = key {
            Post::here(Incoming::Key(key));
        }
    });

    window.global::<bilik_ui::WelcomeAdapter>().on_start(|| tap(Tap::Start));
    let consent = window.global::<bilik_ui::ConsentAdapter>();
    consent.on_accept(|| tap(Tap::AcceptConsent));
    consent.on_decline(|| tap(Tap::DeclineConsent));
    window.global::<bilik_ui::IdentifyAdapter>().on_type_instead(|| tap(Tap::TypeInstead));
    window.global::<bilik_ui::TypeIdentityAdapter>().on_kind_tapped(|kind| {
        tap(Tap::IdentityField(match kind {
            IdentityKind::Nik => Field::Nik,
            IdentityKind::Kpj => Field::Kpj,
        }));
    });
    window.global::<bilik_ui::ReasonAdapter>().on_chosen(|id| match id {
        MORE_REASONS => tap(Tap::MoreReasons),
        id => tap_at(REASONS, id, |row| Tap::ChooseReason(row.reason)),
    });
    let detail = window.global::<bilik_ui::DetailAdapter>();
    detail.on_chosen(|id| tap_at(BANKS, id, |bank| Tap::ChooseBank(bank.code)));
    detail.on_skip(|| tap(Tap::Skip));

    let documents = window.global::<bilik_ui::DocumentsAdapter>();
    documents.on_take(|| tap(Tap::TakePhoto));
    documents.on_retake(|| tap(Tap::RetakePhoto));
    documents.on_use(|| tap(Tap::UsePhoto));
    documents.on_select(|id| tap(Tap::SelectDocument(usize::try_from(id).unwrap_or(usize::MAX))));
    documents.on_alternative_chosen(|id| {
        tap_at(bilik_claim::document::DocumentKind::ALL, id, |kind| Tap::ChooseAlternative(*kind));
    });
    window.global::<bilik_ui::ReviewAdapter>().on_fix(fix);

    let verification = window.global::<bilik_ui::VerificationAdapter>();
    verification.on_fix(fix);
    verification.on_offer(fix);
    verification.on_mute_tapped(|| tap(Tap::ToggleMute));
    verification.on_end(|| tap(Tap::Leave));
    verification.on_continue_without_officer(|| tap(Tap::ContinueAlone));

    let sign = window.global::<bilik_ui::SignAdapter>();
    sign.on_stroke_start(|x, y| tap(Tap::Stroke(Stroke::Start { x, y })));
    sign.on_stroke_move(|x, y| tap(Tap::Stroke(Stroke::Move { x, y })));
    sign.on_clear(|| tap(Tap::ClearSignature));

    let finished = window.global::<bilik_ui::FinishedAdapter>();
    finished.on_rate(|rating| tap(Tap::Rate(u8::try_from(rating).unwrap_or(0))));
    finished.on_finish(|| tap(Tap::Finish));
    window.global::<bilik_ui::ReturnedAdapter>().on_finish(|| tap(Tap::Finish));
    connect_technician(window);
}

fn connect_technician(window: &AppWindow) {
    let ask = window.global::<bilik_ui::Ask>();
    ask.on_confirm(|| touch(Touched::Confirm));
    ask.on_cancel(|| touch(Touched::Cancel));
    let setup = window.global::<bilik_ui::SetupAdapter>();
    setup.on_disk(|id| touch(Touched::Disk(id)));
    setup.on_line(|id| touch(Touched::Line(id)));
    setup.on_action(|id| touch(Touched::Action(id)));
    let code = window.global::<bilik_ui::CodeAdapter>();
    code.on_field(|id| touch(Touched::Field(id)));
    code.on_action(|id| touch(Touched::Action(id)));
    let pin = window.global::<bilik_ui::PinAdapter>();
    pin.on_enter(|| touch(Touched::EnterPin));
    pin.on_leave(|| touch(Touched::Leave));
    let service = window.global::<bilik_ui::ServiceAdapter>();
    service.on_section(|id| touch(Touched::Section(id)));
    service.on_line(|id| touch(Touched::Line(id)));
    service.on_action(|id| touch(Touched::Action(id)));
    service.on_field(|id| touch(Touched::Field(id)));
    service.on_leave(|| touch(Touched::Leave));
    service.on_touched(|x, y, aspect, down| touch(Touched::At { x, y, aspect, down }));
}

fn touch(touched: Touched) {
    Post::here(Incoming::Technician(touched));
}

fn tap(tap: Tap) {
    Post::here(Incoming::Session(Event::Tap(tap)));
}

fn tap_at<T>(table: &[T], id: i32, make: impl FnOnce(&T) -> Tap) {
    if let Some(row) = usize::try_from(id).ok().and_then(|index| table.get(index)) {
        tap(make(row));
    }
}

fn fix(id: i32) {
    if let Some(item) = item_of(id) {
        tap(Tap::Fix(item));
    }
}
