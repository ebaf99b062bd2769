//! The one loop of the booth: Slint's own event loop, which owns the session and everything around it.
//!
//! ```text
//!   glass ───────┐                                          ┌──► presenter ──► screen
//!   card reader ─┤                                          ├──► courier (journal, delivery)
//!   cameras ─────┼──► Post ──► App::take ──► Session ──► effects ──► hub link
//!   hub ─────────┤            (one at a time)               └──► media engine
//!   courier ─────┘
//! ```
//!
//! Threads and tasks only ever call [`Post::send`]; nothing outside of this file touches the session.

mod devices;
mod facts;
mod hub;
mod standing;
mod start;
mod technician;
mod updates;

use crate::clock;
use crate::config::Config;
use crate::courier::Courier;
use crate::device::MachineEvent;
use crate::hub_http::HubHttp;
use crate::hub_link::{HubLink, LinkEvent};
use crate::identity::Identity;
use crate::presenter::Presenter;
use crate::presenter::technician::Touched;
use crate::service::pin::Tried;
use crate::updates::News;
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::{BoothId, CallId};
use bilik_claim::session::{Device, Effect, Event, Key, PhotoOutcome, PhotoSource, Session, Tap};
use bilik_claim::wire::{BoothState, BoothToHub, DeviceState};
use bilik_journal::BoothAudit;
use bilik_journal::courier::{CourierEvent, Trouble};
use bilik_media::{Media, MediaEvent, PhotoCamera, Tier};
use bilik_scanner::{Reader, ReaderEvent};
use bilik_ui::AppWindow;
use slint::ComponentHandle as _;
use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::time::{Duration, Instant};
use technician::Care;
use tokio::task::AbortHandle;
use tracing::{error, info, warn};
use updates::Upkeep;

/// Everything that can reach the loop.
#[derive(Debug)]
pub enum Incoming {
    Session(Event),
    Reader(ReaderEvent),
    Media(MediaEvent),
    Link(LinkEvent),
    Courier(CourierEvent),
    Machine(MachineEvent),
    Update(News),
    /// A key of the glass or of a real keyboard.
    Key(Key),
    Technician(Touched),
    /// The service PIN has been looked at.
    Pin(Tried),
    /// What the reader sends, masked, while a technician looks.
    Raw(String),
    /// There is a touch screen, or none any more.
    Touchscreen(bool),
    /// The first page is on the screen.
    Shown,
    /// A new picture lies in one of the mailboxes.
    Frame,
    Tick,
}

/// Sends to the loop from any thread.
#[derive(Clone, Copy, Debug)]
pub struct Post;

thread_local! {
    static APP: RefCell<Option<Rc<Shared>>> = const { RefCell::new(None) };
}

struct Shared {
    queue: RefCell<VecDeque<Incoming>>,
    app: RefCell<App>,
}

impl Post {
    pub fn send(self, incoming: Incoming) {
        // Fails only after the event loop has ended, when there is nobody to tell.
        let _ = slint::invoke_from_event_loop(move || Post::here(incoming));
    }

    /// From the loop's own thread, such as a callback of the screen. An event that comes while another is being taken
    /// waits its turn.
    pub fn here(incoming: Incoming) {
        let Some(shared) = APP.with(|app| app.borrow().clone()) else { return };
        shared.queue.borrow_mut().push_back(incoming);
        let Ok(mut app) = shared.app.try_borrow_mut() else { return };
        loop {
            let next = shared.queue.borrow_mut().pop_front();
            match next {
                Some(incoming) => app.take(incoming),
                None => break,
            }
        }
    }
}

/// Owner of all state.
pub struct App {
    session: Session,
    presenter: Presenter,
    timer: slint::Timer,
    state: BoothState,
    media: Option<Media>,
    call: Option<CallId>,
    interrupted: Option<Instant>,
    /// Pictures of the officer arrive, by the engine's word.
    officer_video: bool,
    /// Photographs on their way to the officer's screen.
    uploads: BTreeMap<DocumentKind, AbortHandle>,
    services: Option<Services>,
    wrong_hub: bool,
    /// Whether another claim could be kept; none while the queue is being opened.
    queue: Option<Result<(), Trouble>>,
    enrolled: bool,
    // Kept for its thread.
    reader: Option<Reader>,
    card_wanted: bool,
    /// Whether the reader reads only when the booth tells it to, and when it was told last.
    starts_reader: bool,
    reader_started: Option<Instant>,
    /// What the reader sends is not understood: its settings do not fit.
    reader_doubted: bool,
    speaker: DeviceState,
    /// What technicians and the machine have to do with this booth.
    care: Care,
    upkeep: Upkeep,
}

/// What an enrolled booth has.
struct Services {
    link: HubLink,
    http: HubHttp,
    courier: Courier,
}

impl App {
    /// Puts the booth together and makes it the owner of the loop.
    pub fn install(
        config: &Config,
        identity: Option<&Identity>,
        window: &AppWindow,
        runtime: &tokio::runtime::Handle,
    ) -> anyhow::Result<()> {
        let booth = identity.map_or(BoothId(uuid::Uuid::nil()), |identity| identity.hub.booth);
        let label = identity.map_or("Bilik", |identity| identity.hub.booth_name.as_str());
        let session = Session::new(booth, Instant::now(), uuid::Uuid::new_v4);
        let mut app = Self {
            session,
            presenter: Presenter::new(window, label),
            timer: slint::Timer::default(),
            state: BoothState::default(),
            media: None,
            call: None,
            interrupted: None,
            officer_video: false,
            uploads: BTreeMap::new(),
            services: None,
            wrong_hub: false,
            queue: None,
            enrolled: identity.is_some(),
            reader: None,
            card_wanted: true,
            starts_reader: start::starts_reader(config),
            reader_started: None,
            reader_doubted: false,
            speaker: DeviceState::Absent,
            care: Care::new(config, identity, window),
            upkeep: Upkeep::new(&config.state_dir),
        };
        app.reader = start::reader(config, app.care.raw_watch());
        window.global::<bilik_ui::IdentifyAdapter>().set_gesture(start::gesture(config));
        if config.reader.is_some() {
            app.device(Device::Reader, DeviceState::Missing);
        }
        match Media::start(config.media(label), |event| Post.send(Incoming::Media(event))) {
            Ok(media) => {
                media.set_tier(Tier::Hold);
                let frames = media.frames();
                for slot in [&frames.self_view, &frames.officer, &frames.documents] {
                    slot.on_frame(|| Post.send(Incoming::Frame));
                }
                app.media = Some(media);
            }
            // Without pictures the booth still takes claims.
            Err(error) => error!(error = %crate::courier::chain(&error), "media engine cannot be started"),
        }
        if let Some(identity) = identity {
            app.services = Some(start::services(config, identity, runtime)?);
        }
        app.follow_service();
        app.care.watch_machine();
        app.take(Incoming::Tick);
        let shared = Rc::new(Shared { queue: RefCell::default(), app: RefCell::new(app) });
        APP.with(|slot| *slot.borrow_mut() = Some(shared));
        crate::presenter::connect(window);
        Ok(())
    }

    /// Stops threads, closes the journal.
    pub fn uninstall() {
        APP.with(|slot| slot.borrow_mut().take());
    }

    fn take(&mut self, incoming: Incoming) {
        match incoming {
            Incoming::Session(event) => self.feed(event),
            Incoming::Reader(event) => self.reader(event),
            Incoming::Media(event) => self.media(event),
            Incoming::Link(event) => self.link(event),
            Incoming::Courier(event) => self.courier(event),
            Incoming::Frame => {
                if let Some(media) = &self.media {
                    let slots = media.frames();
                    if self.session.visit().is_some() {
                        self.presenter.frames(&slots);
                    } else if !self.technician_frames(&slots) {
                        // The cameras take a moment to stop; what they still give is of the person who has gone.
                        for slot in [&slots.self_view, &slots.officer, &slots.documents] {
                            drop(slot.take());
                        }
                    }
                }
                return;
            }
            Incoming::Machine(event) => self.machine(event),
            Incoming::Update(news) => self.update_news(news),
            Incoming::Key(key) => {
                if !self.care.service.key(key, Instant::now()) {
                    self.feed(Event::Tap(Tap::Key(key)));
                }
            }
            Incoming::Technician(touched) => self.technician(touched),
            Incoming::Pin(tried) => {
                let orders = self.care.service.pin_tried(tried, Instant::now());
                self.follow(orders);
            }
            Incoming::Raw(rows) => self.care.show_raw(&rows),
            Incoming::Touchscreen(there) => {
                self.care.touchscreen(there);
                self.presenter.touchscreen(there);
            }
            Incoming::Shown => self.care.page_shown(),
            Incoming::Tick => {
                self.tick_technician();
                self.rejoin();
                self.feed(Event::Tick);
            }
        }
        self.judge_health();
        self.keep_up();
        self.show_technician();
        self.presenter.show(&self.session, clock::now());
        self.set_timer();
    }

    fn feed(&mut self, event: Event) {
        for effect in self.session.handle(event, clock::now()) {
            self.carry_out(effect);
        }
        let wanted = self.session.wants_card();
        if wanted != self.card_wanted {
            self.card_wanted = wanted;
            if let Some(reader) = &self.reader {
                reader.want(wanted);
                self.reader_started = (wanted && self.starts_reader).then(Instant::now);
            }
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::SessionStarted { session, .. } => {
                info!(%session, "session started");
                self.record(BoothAudit::SessionBegan { session });
                self.stop_looking();
                self.set_tier(Tier::Tile);
            }
            Effect::Publish(snapshot) => self.send(BoothToHub::Session { snapshot }),
            Effect::SessionEnded { session, outcome } => {
                info!(%session, ?outcome, "session ended");
                self.record(BoothAudit::SessionEnded { session, outcome });
                self.send(BoothToHub::SessionEnded { session, outcome });
            }
            Effect::ShowPhoto { session, kind, photo, jpeg } => {
                self.show_photo(session, kind, photo, jpeg, false);
            }
            Effect::Preview(source) => self.with_media(|media| {
                media.preview_documents(source == Some(PhotoSource::Documents));
                media.preview_face(source == Some(PhotoSource::Face));
            }),
            Effect::TakePhoto { request, source } => {
                let camera = match source {
                    PhotoSource::Documents => PhotoCamera::Documents,
                    PhotoSource::Face => PhotoCamera::Face,
                };
                match &self.media {
                    Some(media) => media.take_photo(u64::from(request), camera),
                    None => self.feed(Event::Photo { request, outcome: PhotoOutcome::Failed }),
                }
            }
            Effect::Mute(muted) => self.with_media(|media| media.set_muted(muted)),
            Effect::Keep(claim) => match &self.services {
                Some(services) => services.courier.keep(claim),
                None => self.feed(Event::KeepFailed { claim: claim.record.claim }),
            },
            Effect::Rated { claim, rating } => self.send(BoothToHub::Rated { claim, rating }),
            Effect::Wipe => {
                self.stop_uploads();
                self.end_call();
                self.set_tier(Tier::Hold);
                self.with_media(|media| {
                    media.set_muted(false);
                    media.wipe();
                });
                self.presenter.wipe();
            }
            Effect::Ignored(what) => warn!(what, "ignored"),
        }
    }

    /// In the audit trail.
    fn record(&self, event: BoothAudit) {
        if let Some(services) = &self.services {
            services.courier.note(event);
        }
    }

    fn send(&self, message: BoothToHub) {
        if let Some(services) = &self.services {
            services.link.send(message);
        }
    }

    fn set_timer(&self) {
        let rejoin = self.interrupted.map(|since| since + devices::REJOIN_AFTER);
        let counts = self.presenter.counts_seconds() || self.care.service.counts_seconds();
        let counting = counts.then(|| Instant::now() + Duration::from_secs(1));
        // A booth without a hub has nothing to keep up with, and would find it overdue for ever.
        let upkeep = self.services.as_ref().and_then(|_| self.upkeep.deadline());
        match [self.session.deadline(), rejoin, counting, self.care.deadline(Instant::now()), upkeep]
            .into_iter()
            .flatten()
            .min()
        {
            Some(at) => {
                // One millisecond late rather than early: an early tick would only set the timer again.
                let pause = at.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                self.timer.start(slint::TimerMode::SingleShot, pause, || Post::here(Incoming::Tick));
            }
            None => self.timer.stop(),
        }
    }
}
