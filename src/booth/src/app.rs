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

use crate::config::Config;
use crate::courier::{Courier, CourierConfig, CourierEvent, Trouble};
use crate::hub_http::HubHttp;
use crate::hub_link::{HubLink, LinkEvent};
use crate::identity::Identity;
use crate::presenter::Presenter;
use crate::{clock, tls};
use bilik_claim::ids::{BoothId, CallId};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::item::Field;
use bilik_claim::session::{CallNews, Device, Effect, Event, HubNews, PhotoOutcome, PhotoSource, ReaderNews, Session};
use bilik_claim::wire::{BoothState, BoothToHub, CallMode, DeviceState, HubToBooth, Signal};
use bilik_journal::{JournalConfig, RESERVE};
use bilik_media::quality::Verdict;
use bilik_media::{Availability, CallState, EndReason, Media, MediaEvent, PhotoCamera, Tier};
use bilik_scanner::{CardKind, Profile, Reader, ReaderConfig, ReaderEvent};
use bilik_ui::AppWindow;
use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;
use std::time::{Duration, Instant};
use tracing::{error, info, warn};

/// A call that hears nothing for so long is made anew.
const REJOIN_AFTER: Duration = Duration::from_secs(10);

/// Everything that can reach the loop.
#[derive(Debug)]
pub enum Incoming {
    Session(Event),
    Reader(ReaderEvent),
    Media(MediaEvent),
    Link(LinkEvent),
    Courier(CourierEvent),
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
    services: Option<Services>,
    wrong_hub: bool,
    trouble: Option<Trouble>,
    enrolled: bool,
    // Kept for its thread.
    _reader: Option<Reader>,
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
            services: None,
            wrong_hub: false,
            trouble: None,
            enrolled: identity.is_some(),
            _reader: start_reader(config),
        };
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
            app.services = Some(start_services(config, identity, runtime)?);
        }
        app.follow_service();
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
                    self.presenter.frames(&media.frames());
                }
                return;
            }
            Incoming::Tick => {
                self.rejoin();
                self.feed(Event::Tick);
            }
        }
        self.presenter.show(&self.session, clock::now());
        self.set_timer();
    }

    fn feed(&mut self, event: Event) {
        for effect in self.session.handle(event, clock::now()) {
            self.carry_out(effect);
        }
    }

    fn carry_out(&mut self, effect: Effect) {
        match effect {
            Effect::SessionStarted { session, .. } => {
                info!(%session, "session started");
                self.set_tier(Tier::Tile);
            }
            Effect::Publish(snapshot) => self.send(BoothToHub::Session { snapshot }),
            Effect::SessionEnded { session, outcome } => {
                info!(%session, ?outcome, "session ended");
                self.send(BoothToHub::SessionEnded { session, outcome });
            }
            Effect::ShowPhoto { session, kind, photo, jpeg } => {
                if let Some(services) = &self.services {
                    services.http.show_photo(session, kind, photo, jpeg);
                }
            }
            Effect::PreviewDocuments(on) => self.with_media(|media| media.preview_documents(on)),
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
                Some(services) => services.courier.keep(claim, clock::now().wall),
                None => self.feed(Event::KeepFailed { claim: claim.record.claim }),
            },
            Effect::Rated { claim, rating } => self.send(BoothToHub::Rated { claim, rating }),
            Effect::Wipe => {
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

    fn reader(&mut self, event: ReaderEvent) {
        let news = match event {
            ReaderEvent::Ready => ReaderNews::Ready,
            ReaderEvent::Lost { reason } => {
                warn!(%reason, "card reader lost");
                ReaderNews::Lost
            }
            ReaderEvent::Reading => ReaderNews::Reading,
            ReaderEvent::Card(card) => {
                let field = match card.kind {
                    CardKind::Nik => Field::Nik,
                    CardKind::Kpj => Field::Kpj,
                };
                ReaderNews::Card { field, digits: bilik_claim::personal::Personal::new(card.digits.as_str()) }
            }
            ReaderEvent::Unreadable(why) => {
                info!(%why, "card not readable");
                ReaderNews::Unreadable
            }
        };
        let state = match news {
            ReaderNews::Lost => DeviceState::Missing,
            ReaderNews::Ready | ReaderNews::Reading | ReaderNews::Card { .. } | ReaderNews::Unreadable => {
                DeviceState::Ready
            }
        };
        self.device(Device::Reader, state);
        self.feed(Event::Reader(news));
    }

    fn media(&mut self, event: MediaEvent) {
        match event {
            MediaEvent::Camera(state) => self.device(Device::Camera, device_state("camera", &state)),
            MediaEvent::DocumentCamera(state) => {
                self.device(Device::DocumentCamera, device_state("document camera", &state))
            }
            MediaEvent::Microphone(state) => self.device(Device::Microphone, device_state("microphone", &state)),
            MediaEvent::Speaker(state) => {
                device_state("speaker", &state);
            }
            MediaEvent::Offer { call, sdp } => {
                if let Some(call) = self.current_call(call) {
                    self.send(BoothToHub::Signal { call, signal: Signal::Offer { sdp } });
                }
            }
            MediaEvent::Call { call, state } => {
                let Some(call) = self.current_call(call) else { return };
                info!(call = call.0, ?state, "call");
                self.interrupted = None;
                match state {
                    CallState::Connecting => self.feed(Event::Call(CallNews::Connecting)),
                    CallState::Live => {}
                    CallState::Interrupted => {
                        self.interrupted = Some(Instant::now());
                        self.feed(Event::Call(CallNews::Interrupted));
                    }
                    CallState::Ended(reason) => {
                        self.call = None;
                        self.feed(Event::Call(CallNews::Ended));
                        match reason {
                            EndReason::Local | EndReason::Replaced => {}
                            EndReason::Remote
                            | EndReason::TimedOut
                            | EndReason::Lost
                            | EndReason::BadAnswer(_)
                            | EndReason::Failed(_) => self.send(BoothToHub::CallFailed { call }),
                        }
                    }
                }
            }
            MediaEvent::OfficerVideo(arrives) => {
                let news = if arrives { CallNews::Live } else { CallNews::Interrupted };
                self.feed(Event::Call(news));
            }
            MediaEvent::Photo { request, result } => {
                let outcome = match result {
                    Ok(photo) => {
                        let doubt = doubt(photo.quality.verdict);
                        PhotoOutcome::Taken { jpeg: PersonalBytes::new(photo.jpeg), doubt }
                    }
                    Err(error) => {
                        warn!(error = %crate::courier::chain(&error), "no photograph");
                        PhotoOutcome::Failed
                    }
                };
                // The engine gives back the number it was given.
                self.feed(Event::Photo { request: u32::try_from(request).unwrap_or(u32::MAX), outcome });
            }
        }
    }

    fn link(&mut self, event: LinkEvent) {
        match event {
            LinkEvent::Connected { booth_name, branch_name } => {
                self.presenter.name(&booth_name, &branch_name);
                self.wrong_hub = false;
                self.follow_service();
                self.send(BoothToHub::State { state: self.state.clone() });
                self.feed(Event::Hub(HubNews::Connected));
                self.resend();
                self.tell_courier(true);
            }
            LinkEvent::Disconnected => {
                self.feed(Event::Hub(HubNews::Disconnected));
                self.tell_courier(false);
            }
            LinkEvent::WrongCertificate => {
                if !self.wrong_hub {
                    error!(
                        "the hub's certificate is not from the authority this booth was enrolled with; no connection"
                    );
                }
                self.wrong_hub = true;
                self.follow_service();
            }
            LinkEvent::Heartbeat => self.send(BoothToHub::State { state: self.state.clone() }),
            LinkEvent::Message(message) => self.message(*message),
        }
    }

    /// After a reconnect the hub gets the running session and its photographs anew.
    fn resend(&mut self) {
        let (Some(services), Some(visit)) = (&self.services, self.session.visit()) else { return };
        if let Some(snapshot) = self.session.published() {
            services.link.send(BoothToHub::Session { snapshot: Box::new(snapshot.clone()) });
            for (kind, photo) in &visit.draft.photos {
                services.http.show_photo(visit.id, *kind, photo.number, photo.jpeg.clone());
            }
        }
    }

    fn message(&mut self, message: HubToBooth) {
        let wait = |seconds| Duration::from_secs(u64::from(seconds));
        let news = match message {
            HubToBooth::Welcome { .. } => return,
            HubToBooth::Office { officers_ready, expected_wait_s } => {
                HubNews::Office { officers_ready, expected_wait: wait(expected_wait_s) }
            }
            HubToBooth::Assignment { session, assignment } => HubNews::Assignment { session, assignment },
            HubToBooth::Call { session, call } => {
                if self.session.visit().is_some_and(|visit| visit.id == session) {
                    self.call = Some(call);
                    self.interrupted = None;
                    self.with_media(|media| media.start_call(bilik_media::CallId(u64::from(call.0))));
                }
                return;
            }
            HubToBooth::Attention { session, mode, place, expected_wait_s } => {
                if self.session.visit().is_some_and(|visit| visit.id == session) {
                    self.set_tier(match mode {
                        CallMode::Focus => Tier::Focus,
                        CallMode::Tile => Tier::Tile,
                        CallMode::Hold => Tier::Hold,
                    });
                }
                HubNews::Attention { session, mode, place, expected_wait: wait(expected_wait_s) }
            }
            HubToBooth::Signal { call, signal } => {
                if self.call == Some(call) {
                    let media_call = bilik_media::CallId(u64::from(call.0));
                    self.with_media(|media| match signal {
                        Signal::Answer { sdp } => media.accept_answer(media_call, &sdp),
                        Signal::Candidate { candidate } => media.add_candidate(media_call, &candidate),
                        Signal::Offer { .. } => warn!("offer from the console ignored: the booth offers"),
                    });
                }
                return;
            }
            HubToBooth::EndCall { call } => {
                if self.call == Some(call) {
                    self.end_call();
                    self.feed(Event::Call(CallNews::Ended));
                }
                return;
            }
            HubToBooth::Check { session, item, verdict } => HubNews::Check { session, item, verdict },
            HubToBooth::Message { session, text } => HubNews::Message { session, text },
            HubToBooth::Decision { session, decision } => HubNews::Decision { session, decision },
            HubToBooth::EndSession { session } => HubNews::EndSession { session },
        };
        self.feed(Event::Hub(news));
    }

    fn courier(&mut self, event: CourierEvent) {
        match event {
            CourierEvent::Kept { claim, tracking } => self.feed(Event::Kept { claim, tracking }),
            CourierEvent::KeepFailed { claim } => self.feed(Event::KeepFailed { claim }),
            CourierEvent::Confirmed { claim } => self.feed(Event::Confirmed { claim }),
            CourierEvent::Queue { queued } => {
                self.state.queued = queued;
                self.send(BoothToHub::State { state: self.state.clone() });
            }
            CourierEvent::Ready(ready) => {
                self.trouble = ready.err();
                self.follow_service();
            }
        }
    }

    /// Why nobody can be served, by what weighs most.
    fn follow_service(&mut self) {
        let reason = if !self.enrolled {
            Some("B-01: not enrolled; run bilik-booth enrol")
        } else if self.trouble == Some(Trouble::Failed) {
            Some("B-03: the queue of claims has failed; see the log")
        } else if self.trouble == Some(Trouble::Full) {
            Some("B-04: no room on the disk for another claim")
        } else if self.wrong_hub {
            Some("B-02: the hub's certificate is not the enrolled one")
        } else {
            None
        };
        let reason = reason.map(str::to_owned);
        if self.state.out_of_service != reason {
            self.state.out_of_service.clone_from(&reason);
            self.send(BoothToHub::State { state: self.state.clone() });
        }
        self.feed(Event::OutOfService(reason));
    }

    fn device(&mut self, device: Device, state: DeviceState) {
        let known = match device {
            Device::Reader => &mut self.state.reader,
            Device::Camera => &mut self.state.camera,
            Device::DocumentCamera => &mut self.state.document_camera,
            Device::Microphone => &mut self.state.microphone,
        };
        if *known != state {
            *known = state;
            self.send(BoothToHub::State { state: self.state.clone() });
        }
        self.feed(Event::Device { device, state });
    }

    fn send(&self, message: BoothToHub) {
        if let Some(services) = &self.services {
            services.link.send(message);
        }
    }

    fn tell_courier(&self, reachable: bool) {
        if let Some(services) = &self.services {
            services.courier.hub_reachable(reachable);
        }
    }

    fn with_media(&self, act: impl FnOnce(&Media)) {
        if let Some(media) = &self.media {
            act(media);
        }
    }

    fn set_tier(&self, tier: Tier) {
        self.with_media(|media| media.set_tier(tier));
    }

    fn end_call(&mut self) {
        self.interrupted = None;
        if let Some(call) = self.call.take() {
            self.with_media(|media| media.end_call(bilik_media::CallId(u64::from(call.0))));
        }
    }

    /// The wire's name of a call of the engine, while it is the running one.
    fn current_call(&self, call: bilik_media::CallId) -> Option<CallId> {
        self.call.filter(|current| u64::from(current.0) == call.0)
    }

    /// A call that stays silent is given up: the hub starts a new one.
    fn rejoin(&mut self) {
        if self.interrupted.is_some_and(|since| since.elapsed() >= REJOIN_AFTER)
            && let Some(call) = self.call
        {
            self.end_call();
            self.send(BoothToHub::CallFailed { call });
        }
    }

    fn set_timer(&self) {
        let rejoin = self.interrupted.map(|since| since + REJOIN_AFTER);
        let counting = self.presenter.counts_seconds().then(|| Instant::now() + Duration::from_secs(1));
        match [self.session.deadline(), rejoin, counting].into_iter().flatten().min() {
            Some(at) => {
                // One millisecond late rather than early: an early tick would only set the timer again.
                let pause = at.saturating_duration_since(Instant::now()) + Duration::from_millis(1);
                self.timer.start(slint::TimerMode::SingleShot, pause, || Post::here(Incoming::Tick));
            }
            None => self.timer.stop(),
        }
    }
}

fn start_reader(config: &Config) -> Option<Reader> {
    let reader = config.reader.as_ref()?;
    // The configuration was checked for this.
    let profile = Profile::by_name(&reader.profile)?;
    let reader = ReaderConfig { port: reader.port.clone(), profile };
    match Reader::spawn(reader, |event| Post.send(Incoming::Reader(event))) {
        Ok(reader) => Some(reader),
        Err(error) => {
            error!(error = %crate::courier::chain(&error), "card reader cannot be started");
            None
        }
    }
}

fn start_services(config: &Config, identity: &Identity, runtime: &tokio::runtime::Handle) -> anyhow::Result<Services> {
    let _guard = runtime.enter();
    let tls = tls::enrolled(identity)?;
    let http = HubHttp::new(&identity.hub.booth_address, &tls, runtime.clone())?;
    let receipt_key =
        identity.receipt_key().ok_or_else(|| anyhow::anyhow!("identity has no receipt key; enrol the booth again"))?;
    let journal = JournalConfig {
        recipient: identity.hub.recipient.clone(),
        booth: identity.hub.booth,
        manifest_key: identity.manifest_key(),
        reserve: RESERVE,
    };
    let courier = CourierConfig { state_dir: config.state_dir.clone(), journal, receipt_key, http: http.clone() };
    let courier = Courier::start(courier, |event| Post.send(Incoming::Courier(event)))?;
    let link = HubLink::start(identity.hub.booth_address.clone(), tls, |event| Post.send(Incoming::Link(event)));
    Ok(Services { link, http, courier })
}

fn device_state(device: &str, availability: &Availability) -> DeviceState {
    match availability {
        Availability::Present => DeviceState::Ready,
        Availability::Missing { reason } => {
            warn!(device, %reason, "device missing");
            DeviceState::Missing
        }
        Availability::NotConfigured => DeviceState::Absent,
    }
}

fn doubt(verdict: Verdict) -> Option<bilik_claim::identity::PhotoDoubt> {
    use bilik_claim::identity::PhotoDoubt;
    match verdict {
        Verdict::Sharp => None,
        Verdict::Blurred => Some(PhotoDoubt::Blurred),
        Verdict::Glare => Some(PhotoDoubt::Glare),
        Verdict::Dark => Some(PhotoDoubt::Dark),
    }
}
