//! Shows a session on the glass and turns touches into taps: the only place that knows both.
//!
//! [`Presenter::show`] sets every property from the session, every time; Slint redraws only what has changed. Lists keep
//! their model and change row by row, so a list does not jump while somebody scrolls it.

mod documents;
mod form;
mod pictures;
mod taps;
pub mod technician;
mod verification;
mod words;

pub use taps::connect;

use bilik_claim::document::DocumentKind;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::session::{Now, OutOfService, Overlay, Page, PhotoSource, Session, Standby, Visit};
use bilik_claim::text::Language;
use bilik_claim::wire::{CallMode, DeviceState};
use bilik_media::FrameSlots;
use bilik_ui::{AppWindow, DetailInput, OverlayKind, Screen, Tone};
use pictures::Pictures;
use slint::{ComponentHandle as _, Image, Model as _, ModelRc, VecModel};
use std::rc::Rc;
use verification::qr;
use words::words;

pub struct Presenter {
    window: slint::Weak<AppWindow>,
    lists: Lists,
    booth_name: String,
    branch_name: String,
    language: Language,
    counting: bool,
    shown_photo: Option<u32>,
    code: String,
    confirmed_at: Option<String>,
    /// The camera that photographs the document on the page.
    preview_source: Option<PhotoSource>,
    /// A technician's page over the participant's.
    cover: Option<Screen>,
    touch_missing: bool,
    pictures: Pictures,
}

/// One model for each list on the glass.
struct Lists {
    points: Rc<VecModel<bilik_ui::Point>>,
    reasons: Rc<VecModel<bilik_ui::Choice>>,
    choices: Rc<VecModel<bilik_ui::Choice>>,
    documents: Rc<VecModel<bilik_ui::DocumentItem>>,
    alternatives: Rc<VecModel<bilik_ui::Choice>>,
    review: Rc<VecModel<bilik_ui::ReviewRow>>,
    checks: Rc<VecModel<bilik_ui::CheckRow>>,
    offers: Rc<VecModel<bilik_ui::Choice>>,
    returned: Rc<VecModel<bilik_ui::ReturnReason>>,
}

impl Presenter {
    pub fn new(window: &AppWindow, booth_name: &str) -> Self {
        let lists = Lists {
            points: Rc::default(),
            reasons: Rc::default(),
            choices: Rc::default(),
            documents: Rc::default(),
            alternatives: Rc::default(),
            review: Rc::default(),
            checks: Rc::default(),
            offers: Rc::default(),
            returned: Rc::default(),
        };
        window.global::<bilik_ui::ConsentAdapter>().set_points(ModelRc::from(lists.points.clone()));
        window.global::<bilik_ui::ReasonAdapter>().set_choices(ModelRc::from(lists.reasons.clone()));
        window.global::<bilik_ui::DetailAdapter>().set_choices(ModelRc::from(lists.choices.clone()));
        let documents = window.global::<bilik_ui::DocumentsAdapter>();
        documents.set_items(ModelRc::from(lists.documents.clone()));
        documents.set_alternatives(ModelRc::from(lists.alternatives.clone()));
        window.global::<bilik_ui::ReviewAdapter>().set_rows(ModelRc::from(lists.review.clone()));
        let verification = window.global::<bilik_ui::VerificationAdapter>();
        verification.set_rows(ModelRc::from(lists.checks.clone()));
        verification.set_offers(ModelRc::from(lists.offers.clone()));
        window.global::<bilik_ui::ReturnedAdapter>().set_reasons(ModelRc::from(lists.returned.clone()));
        select_language(Language::Id);
        let mut presenter = Self {
            window: window.as_weak(),
            lists,
            booth_name: booth_name.to_owned(),
            branch_name: String::new(),
            language: Language::Id,
            counting: false,
            shown_photo: None,
            code: String::new(),
            confirmed_at: None,
            preview_source: None,
            cover: None,
            touch_missing: false,
            pictures: Pictures::default(),
        };
        // The pages come with specimens for whoever draws them.
        presenter.wipe();
        presenter
    }

    /// What the hub calls this booth and its branch.
    pub fn name(&mut self, booth: &str, branch: &str) {
        booth.clone_into(&mut self.booth_name);
        branch.clone_into(&mut self.branch_name);
    }

    /// A technician's page is shown instead of the participant's, from the next [`Presenter::show`] on.
    pub fn cover(&mut self, cover: Option<Screen>) {
        self.cover = cover;
    }

    /// Whether the glass can be touched.
    pub fn touchscreen(&mut self, there: bool) {
        self.touch_missing = !there;
    }

    /// A countdown stands on the glass: show again in a second.
    pub fn counts_seconds(&self) -> bool {
        self.counting
    }

    pub fn show(&mut self, session: &Session, now: Now) {
        let Some(window) = self.window.upgrade() else { return };
        let language = session.settings().language;
        if self.language != language {
            self.language = language;
            select_language(language);
        }
        self.frame(&window, session, now);
        self.overlay(&window, session, now);
        self.officer(&window, session);
        self.welcome(&window, session);
        form::consent(&self.lists, language);
        if let Some(visit) = session.visit() {
            form::identify(&window, session, visit);
            form::type_identity(&window, visit, now, language);
            form::reason(&self.lists, visit, language);
            form::detail(&window, &self.lists, session, visit, now);
            self.documents(&window, session, visit);
            form::review(&window, &self.lists, visit, now, language);
            self.verification(&window, session, visit);
            self.ending(&window, session, visit);
        }
        window.global::<bilik_ui::App>().set_screen(self.cover.unwrap_or_else(|| screen(session)));
    }

    /// New pictures, if any.
    pub fn frames(&mut self, slots: &FrameSlots) {
        let Some(window) = self.window.upgrade() else { return };
        let officer = window.global::<bilik_ui::Officer>();
        slots.self_view.show(|frame| {
            officer.set_self_view(self.pictures.own.turn(frame));
            officer.set_has_self_view(true);
            self.preview(&window, true, frame);
        });
        slots.officer.show(|frame| {
            if officer.get_live() {
                officer.set_picture(self.pictures.officer.turn(frame));
                officer.set_has_picture(true);
            }
        });
        slots.documents.show(|frame| self.preview(&window, false, frame));
    }

    /// Nothing of the last visit stays in any property, hidden or not.
    pub fn wipe(&mut self) {
        self.shown_photo = None;
        self.code.clear();
        self.confirmed_at = None;
        self.counting = false;
        self.pictures = Pictures::default();
        let Some(window) = self.window.upgrade() else { return };
        let officer = window.global::<bilik_ui::Officer>();
        officer.set_picture(Image::default());
        officer.set_has_picture(false);
        officer.set_self_view(Image::default());
        officer.set_has_self_view(false);
        officer.set_assigned(false);
        officer.set_name("".into());
        officer.set_status("".into());
        let identity = window.global::<bilik_ui::TypeIdentityAdapter>();
        identity.set_value("".into());
        identity.set_message("".into());
        window.global::<bilik_ui::IdentifyAdapter>().set_problem("".into());
        let detail = window.global::<bilik_ui::DetailAdapter>();
        detail.set_value("".into());
        detail.set_message("".into());
        let documents = window.global::<bilik_ui::DocumentsAdapter>();
        documents.set_preview(Image::default());
        documents.set_has_preview(false);
        documents.set_taken(false);
        documents.set_quality("".into());
        documents.set_title("".into());
        documents.set_alternative("".into());
        window.global::<bilik_ui::ReviewAdapter>().set_tax_estimate("".into());
        let verification = window.global::<bilik_ui::VerificationAdapter>();
        verification.set_officer_message("".into());
        verification.set_heading("".into());
        verification.set_muted(false);
        let sign = window.global::<bilik_ui::SignAdapter>();
        sign.set_path_commands("".into());
        sign.set_has_ink(false);
        let finished = window.global::<bilik_ui::FinishedAdapter>();
        finished.set_code("".into());
        finished.set_qr(Image::default());
        finished.set_has_qr(false);
        finished.set_text("".into());
        finished.set_rating(0);
        self.lists.review.set_vec(Vec::new());
        self.lists.checks.set_vec(Vec::new());
        self.lists.returned.set_vec(Vec::new());
        self.lists.offers.set_vec(Vec::new());
        self.lists.documents.set_vec(Vec::new());
        self.lists.alternatives.set_vec(Vec::new());
        self.lists.reasons.set_vec(Vec::new());
        self.lists.choices.set_vec(Vec::new());
    }

    fn frame(&self, window: &AppWindow, session: &Session, now: Now) {
        let settings = session.settings();
        let language = settings.language;
        let app = window.global::<bilik_ui::App>();
        let theme = window.global::<bilik_ui::Theme>();
        theme.set_scale([1.0, 1.25, 1.5][usize::from(settings.text_size.min(2))]);
        theme.set_high_contrast(settings.high_contrast);
        app.set_booth_name(self.booth_name.as_str().into());
        app.set_branch_name(self.branch_name.as_str().into());
        app.set_language(language.code().into());
        app.set_text_size(i32::from(settings.text_size));
        app.set_contrast(settings.high_contrast);
        app.set_progress(session.visit().map_or(0.0, |visit| session.page().progress(visit)));
        app.set_can_go_back(session.can_go_back());
        app.set_next_enabled(session.can_go_on(now.today));
        let page = session.page();
        app.set_next_visible(!matches!(page, Page::Identify | Page::Verification | Page::OutOfService));
        app.set_next_label(words(next_label(session)).get(language).into());
        let notice = if self.touch_missing { Some(words::Word::TouchMissing) } else { notice(session) };
        app.set_notice(notice.map_or("", |text| words(text).get(language)).into());
        app.set_notice_tone(notice.map_or(Tone::Attention, words::notice_tone));
    }

    fn overlay(&mut self, window: &AppWindow, session: &Session, now: Now) {
        let language = session.settings().language;
        let overlay = window.global::<bilik_ui::Overlay>();
        self.counting = false;
        overlay.set_kind(match session.overlay() {
            Overlay::None => OverlayKind::None,
            Overlay::Help => OverlayKind::Help,
            Overlay::Leave => OverlayKind::Leave,
            Overlay::StillThere { ends_at } => {
                self.counting = true;
                let left = ends_at.saturating_duration_since(now.instant);
                overlay.set_seconds_left(i32::try_from(left.as_millis().div_ceil(1000)).unwrap_or(0));
                OverlayKind::StillThere
            }
        });
        let (title, text) = words::help(session.page());
        overlay.set_help_title(title.get(language).into());
        overlay.set_help_text(text.get(language).into());
        let visit = session.visit();
        let announced = visit.is_some_and(|visit| visit.draft.consent.is_some());
        overlay.set_officer_available(
            announced && session.surroundings().hub_connected && session.surroundings().officers_ready > 0,
        );
        overlay.set_officer_called(visit.is_some_and(|visit| visit.help_asked));
    }

    fn officer(&self, window: &AppWindow, session: &Session) {
        let language = session.settings().language;
        let adapter = window.global::<bilik_ui::Officer>();
        let desk = session.visit().map(|visit| &visit.desk);
        let officer = desk.and_then(|desk| desk.officer.as_ref());
        adapter.set_assigned(officer.is_some());
        adapter.set_name(officer.map_or("", |officer| officer.name.as_str()).into());
        let live = desk.is_some_and(|desk| desk.is_live());
        adapter.set_live(live);
        let status = match session.standby() {
            _ if officer.is_none() => words::Word::Nothing,
            Standby::Focus => words::Word::OfficerWithYou,
            _ if live && desk.and_then(|desk| desk.mode) == Some(CallMode::Hold) => words::Word::OfficerElsewhere,
            Standby::Hold | Standby::Waiting | Standby::Nobody if live => words::Word::OfficerSeesYou,
            Standby::Hold | Standby::Waiting | Standby::Nobody => words::Word::OfficerConnecting,
        };
        adapter.set_status(words(status).get(language).into());
        if !live {
            adapter.set_has_picture(false);
            adapter.set_picture(Image::default());
        }
    }

    fn welcome(&self, window: &AppWindow, session: &Session) {
        let language = session.settings().language;
        let surroundings = session.surroundings();
        let welcome = window.global::<bilik_ui::WelcomeAdapter>();
        let (text, tone) = words::officers(surroundings, language);
        welcome.set_officers(text.into());
        welcome.set_officers_tone(tone);
        let out = window.global::<bilik_ui::OutOfServiceAdapter>();
        let word = match surroundings.out_of_service {
            Some(OutOfService::Closed(_)) => words::Word::ClosedByOffice,
            _ => words::Word::OutOfService,
        };
        out.set_reason(words(word).get(language).into());
        let told = surroundings.out_of_service.map(|reason| words::out_of_service(reason, language));
        out.set_code(told.unwrap_or_default().into());
    }
}

fn screen(session: &Session) -> Screen {
    match session.page() {
        Page::OutOfService => Screen::OutOfService,
        Page::Welcome => Screen::Welcome,
        Page::Consent => Screen::Consent,
        Page::Identify => Screen::Identify,
        Page::TypeIdentity => Screen::TypeIdentity,
        Page::Reason => Screen::Reason,
        Page::Detail(_) => Screen::Detail,
        Page::Documents => Screen::Documents,
        Page::Review => Screen::Review,
        Page::Verification => Screen::Verification,
        Page::Sign => Screen::Sign,
        Page::Finished => Screen::Finished,
        Page::Returned => Screen::Returned,
    }
}

fn next_label(session: &Session) -> words::Word {
    let mending = session.visit().is_some_and(Visit::is_mending);
    match session.page() {
        Page::Review => words::Word::ToOfficer,
        Page::Sign => words::Word::SignAndSend,
        Page::Reason | Page::Detail(_) | Page::Documents if mending => words::Word::Save,
        Page::OutOfService
        | Page::Welcome
        | Page::Consent
        | Page::Identify
        | Page::TypeIdentity
        | Page::Reason
        | Page::Detail(_)
        | Page::Documents
        | Page::Verification
        | Page::Finished
        | Page::Returned => words::Word::Next,
    }
}

/// What is wrong around the participant, if they should know: the gravest only.
fn notice(session: &Session) -> Option<words::Word> {
    let visit = session.visit()?;
    let around = session.surroundings();
    visit.draft.consent.as_ref()?;
    let page = session.page();
    if matches!(page, Page::Finished | Page::Returned) {
        None
    } else if !around.hub_connected && page != Page::Verification {
        Some(words::Word::HubLost)
    } else if page == Page::Verification && around.camera == DeviceState::Missing {
        Some(words::Word::CameraMissing)
    } else if page == Page::Verification && around.microphone == DeviceState::Missing {
        Some(words::Word::MicrophoneMissing)
    } else if visit.desk.handed_over.is_some() && visit.desk.officer.is_some() {
        Some(words::Word::HandedOver)
    } else if visit.desk.watched {
        Some(words::Word::Watched)
    } else {
        None
    }
}

/// Changes a model to these rows, touching only those that differ.
fn sync<T: Clone + PartialEq + 'static>(model: &VecModel<T>, rows: Vec<T>) {
    if model.row_count() != rows.len() {
        model.set_vec(rows);
        return;
    }
    for (index, row) in rows.into_iter().enumerate() {
        if model.row_data(index).as_ref() != Some(&row) {
            model.set_row_data(index, row);
        }
    }
}

/// An item as a number that the glass gives back.
fn item_id(item: Item) -> i32 {
    let place = |place: Option<usize>| place.and_then(|place| i32::try_from(place).ok()).unwrap_or(-1);
    match item {
        Item::Field(field) => place(Field::ALL.iter().position(|other| *other == field)),
        Item::Document(kind) => 100 + place(DocumentKind::ALL.iter().position(|other| *other == kind)),
    }
}

fn item_of(id: i32) -> Option<Item> {
    let place = usize::try_from(id).ok()?;
    match place.checked_sub(100) {
        Some(place) => DocumentKind::ALL.get(place).copied().map(Item::Document),
        None => Field::ALL.get(place).copied().map(Item::Field),
    }
}

fn select_language(language: Language) {
    if let Err(error) = slint::select_bundled_translation(language.code()) {
        tracing::error!(%error, "translation is not in the program");
    }
}

/// What kind of keyboard a field needs.
fn detail_input(field: Field) -> DetailInput {
    match field.input() {
        bilik_claim::field::Input::Digits { .. } => DetailInput::Digits,
        bilik_claim::field::Input::Letters { .. } => DetailInput::Text,
        bilik_claim::field::Input::Choice => DetailInput::Choice,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bilik_claim::ids::{BoothId, OfficerId, SessionId, WallTime};
    use bilik_claim::session::{Event, HubNews, Tap};
    use bilik_claim::wire::Assignment;
    use jiff::civil::date;
    use std::time::Instant;
    use uuid::Uuid;

    #[test]
    fn item_ids_lead_back() {
        let fields = Field::ALL.iter().copied().map(Item::Field);
        for item in fields.chain(DocumentKind::ALL.iter().copied().map(Item::Document)) {
            assert_eq!(item_of(item_id(item)), Some(item));
        }
        assert_eq!(item_of(-1), None);
        assert_eq!(item_of(99), None);
        assert_eq!(item_of(1_000), None);
    }

    #[test]
    fn the_participant_is_told_who_goes_on_and_who_reads_along() {
        let now = Now { instant: Instant::now(), wall: WallTime(0), today: date(2026, 11, 23) };
        let mut session = Session::new(BoothId(Uuid::nil()), now.instant, || Uuid::from_u128(7));
        let mut told = |event: Event| {
            session.handle(event, now);
            notice(&session)
        };
        let id = SessionId(Uuid::from_u128(7));
        let officer = |number| {
            let assignment = Assignment::Officer { officer: OfficerId(Uuid::from_u128(number)), name: "Sari".into() };
            Event::Hub(HubNews::Assignment { session: id, assignment })
        };
        let watched = |watched| Event::Hub(HubNews::Watched { session: id, watched });
        for event in [Event::Hub(HubNews::Connected), Event::Tap(Tap::Start), Event::Tap(Tap::AcceptConsent)] {
            assert_eq!(told(event), None);
        }
        assert_eq!(told(officer(1)), None);
        assert_eq!(told(watched(true)), Some(words::Word::Watched));
        assert_eq!(told(officer(2)), Some(words::Word::HandedOver), "for a while");
        assert_eq!(told(watched(false)), Some(words::Word::HandedOver));
        assert_eq!(told(Event::Hub(HubNews::Disconnected)), Some(words::Word::HubLost));
        for (word, tone) in [
            (words::Word::HandedOver, Tone::Hint),
            (words::Word::Watched, Tone::Hint),
            (words::Word::HubLost, Tone::Attention),
        ] {
            assert_eq!(words::notice_tone(word), tone);
        }
    }
}
