//! The state machine of one booth: who is in front of it, on which page, and what happens next.
//!
//! ```text
//!                    start            consent
//!      ┌─ Welcome ────────► Consent ─────────► Identify ◄──► TypeIdentity
//!      │   ▲  ▲                │ declined          │ card read, or typed
//!      │   │  └────────────────┘                   ▼
//!      │   │                                     Reason ► Detail(field)… ► Documents ► Review
//!      ▼   │ end, timeout, abort                   ▲          ▲               ▲          │ sends to
//!  OutOfService                                    └──────────┴── fix ────────┴──┐       ▼
//!          │                                                                     └── Verification
//!          │                                          returned with reasons          │       │ verified, or
//!          ├──────────────── Returned ◄──────────────────────────────────────────────┘       │ nobody there
//!          │                                                                                 ▼
//!          └──────────────── Finished (saving ► kept ► confirmed) ◄──────────────────────── Sign
//! ```
//!
//! Help, "are you still there?" and "do you want to leave?" lie over any page ([`Overlay`]); the officer, the hub, the
//! reader and the cameras come and go beside it ([`Surroundings`]). Whatever ends a visit ends in one place
//! ([`Session::end`]), which drops the whole [`Visit`] and with it all that is personal.
//!
//! No clock, no randomness, no I/O: [`Session::handle`] takes the time and an event and gives back [`Effect`]s.
//! [`Session::deadline`] says when to call again with [`Event::Tick`].

pub mod claim;
pub mod consent;
mod draft;
mod effect;
mod event;
mod finish;
pub mod item;
mod navigation;
mod photos;
mod reader;
mod signature;
mod snapshot;
mod timers;
mod verification;

#[cfg(test)]
mod tests;

pub use draft::{Draft, Photo, Typed};
pub use effect::{Effect, PhotoSource};
pub use event::{CallNews, Device, Event, HubNews, Key, Now, Officer, OutOfService, PhotoOutcome, ReaderNews, Tap};
pub use finish::Ending;
pub use navigation::Page;
pub use photos::PendingPhoto;
pub use reader::{CardEntry, CardReading, Cards, HELP_AFTER, ReaderProblem, SAME_CARD_FOR};
pub use signature::{Signature, Stroke};
pub use timers::{HANDED_OVER_TOLD, IDLE_ASK, IDLE_END, NO_OFFICER_OFFER};
pub use verification::{Desk, Standby};

use crate::ids::{BoothId, SessionId};
use crate::reason::Reason;
use crate::text::Language;
use crate::wire::{DeviceState, Outcome};

use item::Field;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// A booth and, while somebody sits in it, their visit.
pub struct Session {
    page: Page,
    overlay: Overlay,
    settings: Settings,
    surroundings: Surroundings,
    visit: Option<Box<Visit>>,
    last_touch: Instant,
    /// The camera that is shown on the documents page.
    preview: Option<PhotoSource>,
    booth: BoothId,
    new_id: Box<dyn FnMut() -> Uuid + Send>,
}

/// What lies over the page.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Overlay {
    #[default]
    None,
    Help,
    /// Nobody has touched the booth for a while: the visit ends at this time unless somebody does.
    StillThere {
        ends_at: Instant,
    },
    /// "Do you want to leave?"
    Leave,
}

/// How the participant wants to read. Back to the defaults after each visit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    pub language: Language,
    /// 0 normal, 1 large, 2 very large.
    pub text_size: u8,
    pub high_contrast: bool,
}

/// What the booth knows of the world around it, visit or not.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub hub_connected: bool,
    pub officers_ready: u16,
    pub expected_wait: Duration,
    pub reader: DeviceState,
    pub camera: DeviceState,
    pub document_camera: DeviceState,
    pub microphone: DeviceState,
    /// Why the booth can take nobody; none while it can.
    pub out_of_service: Option<OutOfService>,
}

/// Everything of one participant. Dropped as a whole.
pub struct Visit {
    pub id: SessionId,
    pub draft: Draft,
    /// The way back from mending one answer.
    return_to: Option<Page>,
    /// The rest of the reasons is shown.
    pub more_reasons: bool,
    pub cards: Cards,
    /// Which number the participant types on the identity page.
    pub identity_field: Field,
    /// The document on the page, and a photograph not yet taken over.
    pub document: usize,
    pub pending_photo: Option<PendingPhoto>,
    photo_requests: u32,
    pub desk: Desk,
    pub muted: bool,
    pub help_asked: bool,
    pub signature: Signature,
    pub ending: Ending,
    /// The hub has been told of this visit: from the consent on.
    announced: bool,
    revision: u32,
    published: Option<Box<crate::wire::SessionSnapshot>>,
}

impl Session {
    /// A booth that nobody sits in. `new_id` makes the ids of visits and claims.
    pub fn new(booth: BoothId, now: Instant, new_id: impl FnMut() -> Uuid + Send + 'static) -> Self {
        Self {
            page: Page::Welcome,
            overlay: Overlay::None,
            settings: Settings::default(),
            surroundings: Surroundings::default(),
            visit: None,
            last_touch: now,
            preview: None,
            booth,
            new_id: Box::new(new_id),
        }
    }

    pub fn page(&self) -> Page {
        self.page
    }

    pub fn overlay(&self) -> Overlay {
        self.overlay
    }

    pub fn settings(&self) -> Settings {
        self.settings
    }

    pub fn surroundings(&self) -> &Surroundings {
        &self.surroundings
    }

    pub fn visit(&self) -> Option<&Visit> {
        self.visit.as_deref()
    }

    /// Takes one event. What comes back has to be carried out in order.
    pub fn handle(&mut self, event: Event, now: Now) -> Vec<Effect> {
        let mut effects = Vec::new();
        let page = self.page;
        let idle_limit = self.idle_limit();
        match event {
            Event::Tap(tap) => self.tapped(tap, now, &mut effects),
            Event::Reader(news) => self.reader_says(news, now),
            Event::Hub(news) => self.hub_says(news, now, &mut effects),
            Event::Call(news) => self.call_says(news),
            Event::Photo { request, outcome } => self.photo_taken(request, outcome),
            Event::Device { device, state } => *self.surroundings.device_mut(device) = state,
            Event::OutOfService(reason) => self.surroundings.out_of_service = reason,
            Event::Kept { claim, tracking } => self.kept(claim, tracking),
            Event::KeepFailed { claim } => self.keep_failed(claim),
            Event::Confirmed { claim } => self.confirmed(claim),
            Event::Tick => {}
        }
        if self.idle_limit().is_none() && matches!(self.overlay, Overlay::StillThere { .. }) {
            // The officer is here, or the claim is being written: the question has answered itself.
            self.overlay = Overlay::None;
        }
        if self.idle_limit() != idle_limit {
            // Nobody could be idle before, or for longer: the time begins now.
            self.last_touch = now.instant;
        }
        self.run_timers(now, &mut effects);
        self.follow_service();
        self.follow_page(page, now, &mut effects);
        self.publish(now, &mut effects);
        effects
    }

    fn tapped(&mut self, tap: Tap, now: Now, effects: &mut Vec<Effect>) {
        self.last_touch = now.instant;
        if let Overlay::StillThere { .. } = self.overlay {
            // Any touch says "yes, I am", and does nothing else: it was meant for the question.
            self.overlay = Overlay::None;
            if tap != Tap::LeaveConfirmed {
                return;
            }
        }
        match tap {
            Tap::Language => self.settings.language = self.settings.language.other(),
            Tap::TextSize => self.settings.text_size = (self.settings.text_size + 1) % 3,
            Tap::Contrast => self.settings.high_contrast = !self.settings.high_contrast,
            Tap::Start => self.start(),
            Tap::AcceptConsent => self.consented(now, effects),
            Tap::DeclineConsent if self.page == Page::Consent => self.end(Outcome::Declined, effects),
            Tap::DeclineConsent => {}
            Tap::Help if self.visit.is_some() => self.overlay = Overlay::Help,
            Tap::Help => {}
            Tap::CloseOverlay | Tap::StillHere => self.overlay = Overlay::None,
            Tap::CallOfficer => {
                if let Some(visit) = &mut self.visit {
                    visit.help_asked = visit.announced;
                }
            }
            Tap::Leave if self.visit.is_some() => self.overlay = Overlay::Leave,
            Tap::Leave => {}
            // A claim that is being written is waited for, a moment at the most.
            Tap::LeaveConfirmed | Tap::Finish if self.is_saving() => {}
            Tap::LeaveConfirmed => self.end(self.outcome_of_ending(Outcome::Left), effects),
            // The one thing to do about a claim that could not be kept is to try again.
            Tap::Finish if self.visit.as_ref().is_some_and(|visit| matches!(visit.ending, Ending::Failed { .. })) => {
                self.keep_again(effects);
            }
            Tap::Finish if matches!(self.page, Page::Finished | Page::Returned) => {
                self.end(self.outcome_of_ending(Outcome::Left), effects);
            }
            Tap::Finish => {}
            Tap::Back => self.back(now),
            Tap::Next => self.next(now, effects),
            Tap::Skip => self.skip(now),
            Tap::Key(key) => self.key(key),
            Tap::TypeInstead if self.page == Page::Identify => self.page = Page::TypeIdentity,
            Tap::TypeInstead => {}
            Tap::IdentityField(field) => self.choose_identity_field(field),
            Tap::ChooseReason(reason) => self.choose_reason(reason),
            Tap::MoreReasons => {
                if let Some(visit) = &mut self.visit {
                    visit.more_reasons = !visit.more_reasons;
                }
            }
            Tap::ChooseBank(code) => self.choose_bank(code, now),
            Tap::SelectDocument(index) => self.select_document(index),
            Tap::ChooseAlternative(kind) => self.choose_alternative(kind),
            Tap::TakePhoto => self.take_photo(effects),
            Tap::RetakePhoto => self.retake_photo(),
            Tap::UsePhoto => self.use_photo(now, effects),
            Tap::Fix(item) => self.fix(item),
            Tap::ToggleMute => self.toggle_mute(effects),
            Tap::ContinueAlone => self.continue_alone(now),
            Tap::Stroke(stroke) => self.stroke(stroke),
            Tap::ClearSignature => self.clear_signature(),
            Tap::Rate(rating) => self.rate(rating, effects),
        }
    }

    fn start(&mut self) {
        if self.page != Page::Welcome || self.visit.is_some() {
            return;
        }
        let id = SessionId((self.new_id)());
        self.visit = Some(Box::new(Visit::new(id)));
        self.page = Page::Consent;
    }

    /// Ends the visit, however it came to its end. The only place where a visit goes.
    fn end(&mut self, outcome: Outcome, effects: &mut Vec<Effect>) {
        let Some(visit) = self.visit.take() else { return };
        if visit.announced {
            effects.push(Effect::SessionEnded { session: visit.id, outcome });
        }
        effects.push(Effect::Wipe);
        self.page = Page::Welcome;
        self.overlay = Overlay::None;
        self.settings = Settings::default();
    }

    fn is_saving(&self) -> bool {
        self.visit.as_ref().is_some_and(|visit| matches!(visit.ending, Ending::Saving { .. }))
    }

    /// A visit that is over when its claim is kept or returned stays so, whoever walks away.
    fn outcome_of_ending(&self, otherwise: Outcome) -> Outcome {
        let ending = self.visit.as_ref().map(|visit| &visit.ending);
        if matches!(ending, Some(Ending::Kept { .. } | Ending::Confirmed { .. })) {
            Outcome::Kept
        } else if self.page == Page::Returned {
            Outcome::Returned
        } else {
            otherwise
        }
    }

    /// Out of service is a page of its own, but never in the middle of a visit.
    fn follow_service(&mut self) {
        match (self.page, &self.surroundings.out_of_service) {
            (Page::Welcome, Some(_)) => self.page = Page::OutOfService,
            (Page::OutOfService, None) => self.page = Page::Welcome,
            _ => {}
        }
    }

    /// What leaving one page and entering another means.
    fn follow_page(&mut self, before: Page, now: Now, effects: &mut Vec<Effect>) {
        if before != self.page
            && let Some(visit) = &mut self.visit
        {
            let Visit { desk, draft, .. } = &mut **visit;
            desk.given(|item| draft.has(item, now.today));
            visit.pending_photo = None;
            visit.document = visit.document.min(visit.draft.documents().len().saturating_sub(1));
            if self.page != Page::Identify {
                visit.cards.problem = None;
                visit.cards.failed = 0;
            }
        }
        let document =
            self.visit.as_ref().filter(|_| self.page == Page::Documents).and_then(|visit| visit.current_document());
        let preview = document.map(|kind| self.photo_source(kind));
        if self.preview != preview {
            self.preview = preview;
            effects.push(Effect::Preview(preview));
        }
    }

    fn consented(&mut self, now: Now, effects: &mut Vec<Effect>) {
        let language = self.settings.language;
        let (Page::Consent, Some(visit)) = (self.page, &mut self.visit) else { return };
        visit.draft.consent = Some(claim::Consent { version: consent::VERSION, language, given_at: now.wall });
        visit.announced = true;
        self.page = Page::Identify;
        effects.push(Effect::SessionStarted { session: visit.id, language });
    }

    fn choose_reason(&mut self, reason: Reason) {
        if let (Page::Reason, Some(visit)) = (self.page, &mut self.visit)
            && visit.draft.reason != Some(reason)
        {
            visit.draft.reason = Some(reason);
            visit.draft.alternative = None;
            visit.document = 0;
            visit.changed(item::Item::Field(Field::Reason));
        }
    }
}

impl Visit {
    /// The participant has changed an answer; the next snapshot shows it.
    fn changed(&mut self, item: item::Item) {
        self.desk.changed(item, self.revision + 1);
    }

    fn new(id: SessionId) -> Self {
        Self {
            id,
            draft: Draft::default(),
            return_to: None,
            more_reasons: false,
            cards: Cards::default(),
            identity_field: Field::Nik,
            document: 0,
            pending_photo: None,
            photo_requests: 0,
            desk: Desk::default(),
            muted: false,
            help_asked: false,
            signature: Signature::default(),
            ending: Ending::Open,
            announced: false,
            revision: 0,
            published: None,
        }
    }

    /// A single answer is being mended; going on leads back to where it was asked for.
    pub fn is_mending(&self) -> bool {
        self.return_to.is_some()
    }
}

impl Surroundings {
    fn device_mut(&mut self, device: event::Device) -> &mut DeviceState {
        match device {
            event::Device::Camera => &mut self.camera,
            event::Device::DocumentCamera => &mut self.document_camera,
            event::Device::Microphone => &mut self.microphone,
            event::Device::Reader => &mut self.reader,
        }
    }
}
