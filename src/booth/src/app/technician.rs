//! The technician's pages and the machine, carried to and from what decides about them: [`Service`] and [`Health`].

mod around;

use super::facts::{RAW_BYTES, expiry, ports, raw_row};
use super::{App, Incoming, Post};
use crate::config::Config;
use crate::device::{End, Machine, MachineEvent};
use crate::health::{Health, Signs};
use crate::identity::Identity;
use crate::presenter::technician::{Around, Technician, Touched};
use crate::service::pin::PinStore;
use crate::service::{Act, Order, Page, Section, Service};
use crate::updates::claims_allow;
use crate::watchdog::{Heart, Watchdog};
use bilik_claim::ids::BoothId;
use bilik_claim::wire::DeviceState;
use bilik_device::{Mode, Request, Slot};
use bilik_media::FrameSlots;
use bilik_scanner::{Profiles, Watch};
use bilik_ui::AppWindow;
use ed25519_dalek::SigningKey;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tracing::{error, info, warn};
use zeroize::Zeroize as _;

/// Rows of the reader's bytes that are shown.
const RAW_ROWS: usize = 14;

/// What technicians and the machine have to do with this booth.
pub(super) struct Care {
    pub(super) service: Service,
    machine: Option<Machine>,
    polls_closely: bool,
    page: Technician,
    health: Health,
    signs: Signs,
    /// Cameras are on only to see whether they give pictures.
    looking: bool,
    // Kept for its timer.
    _heart: Heart,
    /// One at a time: each try waits for the one before it.
    pins: Arc<Mutex<PinStore>>,
    raw_wanted: Arc<AtomicBool>,
    raw: Vec<String>,
    state_dir: PathBuf,
    /// Name and id.
    booth: (String, String),
    hub: Option<String>,
    certificate: Option<i64>,
    /// Id and key with which the booth signs what it says of its system.
    signer: Option<(BoothId, SigningKey)>,
    reader_set: Option<(String, String)>,
    profiles: Vec<(String, String)>,
    ports: Vec<String>,
}

impl Care {
    pub(super) fn new(config: &Config, identity: Option<&Identity>, window: &AppWindow) -> Self {
        let now = Instant::now();
        let reader = config.reader.as_ref();
        let profiles = reader.map_or_else(|| Ok(Profiles::shipped()), crate::config::Reader::profiles);
        let profiles = profiles.unwrap_or_else(|_| Profiles::shipped());
        let signs = Signs {
            camera: (config.media.camera != bilik_media::CameraSource::None).then_some(false),
            document_camera: (config.media.document_camera != bilik_media::CameraSource::None).then_some(false),
            reader: reader.map(|_| false),
            queue: identity.map(|_| false),
            touch: crate::keyboard::is_bare().then_some(false),
            page_shown: false,
        };
        Self {
            service: Service::new(identity.is_some(), now),
            machine: None,
            polls_closely: false,
            page: Technician::new(window),
            health: Health::default(),
            signs,
            looking: false,
            _heart: Heart::start(window, Watchdog::from_environment(), || Post::here(Incoming::Shown)),
            pins: Arc::new(Mutex::new(PinStore::open(&config.state_dir, now))),
            raw_wanted: Arc::default(),
            raw: Vec::new(),
            state_dir: config.state_dir.clone(),
            booth: identity
                .map_or(("-".into(), String::new()), |own| (own.hub.booth_name.clone(), own.hub.booth.to_string())),
            hub: identity.map(|own| own.hub.booth_address.clone()),
            certificate: identity.and_then(|own| expiry(&own.hub.certificate)),
            signer: identity.map(|own| (own.hub.booth, own.manifest_key())),
            reader_set: reader.map(|reader| (reader.port.to_string(), reader.profile.clone())),
            profiles: profiles.iter().map(|one| (one.name.clone(), one.title().to_owned())).collect(),
            ports: Vec::new(),
        }
    }

    /// Starts the link to the machine.
    pub(super) fn watch_machine(&mut self) {
        match Machine::start(Machine::socket(), |event| Post.send(Incoming::Machine(event))) {
            Ok(machine) => self.machine = Some(machine),
            Err(error) => error!(%error, "the device service cannot be asked"),
        }
    }

    /// Passes on what the reader sends while a technician looks: masked before it leaves the reader's thread.
    pub(super) fn raw_watch(&self) -> impl FnMut(Watch<'_>) + Send + 'static {
        let wanted = Arc::clone(&self.raw_wanted);
        move |watch| {
            if !wanted.load(Ordering::Relaxed) {
                return;
            }
            let (sign, bytes) = match watch {
                Watch::Received(bytes) => ('<', bytes),
                Watch::Sent(bytes) => ('>', bytes),
                Watch::Opened { .. } | Watch::Errors(_) | Watch::Framed(_) => return,
            };
            // The screen holds so many rows; a reader that floods is not waited for.
            for row in bytes.chunks(RAW_BYTES).take(RAW_ROWS) {
                Post.send(Incoming::Raw(raw_row(sign, row)));
            }
        }
    }

    pub(super) fn show_raw(&mut self, row: &str) {
        if self.raw_wanted.load(Ordering::Relaxed) {
            self.raw.push(row.to_owned());
            let surplus = self.raw.len().saturating_sub(RAW_ROWS);
            self.raw.drain(..surplus);
        }
    }

    pub(super) fn page_shown(&mut self) {
        self.signs.page_shown = true;
    }

    pub(super) fn touchscreen(&mut self, there: bool) {
        match there {
            true => info!("touch screen found"),
            false => warn!("touch screen missing"),
        }
        self.signs.touch = Some(there);
    }

    pub(super) fn deadline(&self, now: Instant) -> Option<Instant> {
        [self.service.deadline(now), self.health.deadline()].into_iter().flatten().min()
    }

    pub(super) fn ask(&self, request: Request) {
        match &self.machine {
            Some(machine) => machine.ask(request),
            None => warn!("there is no device service to ask"),
        }
    }

    fn try_pin(&self, pin: zeroize::Zeroizing<String>) {
        let pins = Arc::clone(&self.pins);
        let started = std::thread::Builder::new().name("service-pin".into()).spawn(move || {
            let tried = {
                let mut pins = pins.lock().unwrap_or_else(PoisonError::into_inner);
                pins.attempt(&pin, Instant::now())
            };
            info!(?tried, "service PIN");
            Post.send(Incoming::Pin(tried));
        });
        if let Err(error) = started {
            error!(%error, "the service PIN cannot be checked");
            Post.send(Incoming::Pin(crate::service::pin::Tried::Disk));
        }
    }
}

impl App {
    pub(super) fn machine(&mut self, event: MachineEvent) {
        if let MachineEvent::Ended { request: Request::Healthy, end } = &event {
            if *end != End::Done {
                self.care.health.tell_again();
            }
            return;
        }
        self.upkeep.machine(&event);
        let orders = self.care.service.hear(event, Instant::now());
        self.follow(orders);
        self.follow_service();
    }

    /// The running version is new and has not been well for its minute.
    pub(super) fn is_on_trial(&self) -> bool {
        let status = self.care.service.status();
        let trial = status.is_some_and(|status| status.slots.iter().any(Slot::is_on_trial));
        trial && !self.care.health.is_told()
    }

    pub(super) fn technician(&mut self, touched: Touched) {
        let now = Instant::now();
        let orders = match touched {
            Touched::Name { down } => {
                self.care.service.name_pressed(down, now);
                Vec::new()
            }
            Touched::At { x, y, aspect, down } => {
                self.care.service.touched(x, y, aspect, down, now);
                Vec::new()
            }
            Touched::Disk(_)
            | Touched::Line(_)
            | Touched::Action(_)
            | Touched::Section(_)
            | Touched::Field(_)
            | Touched::EnterPin
            | Touched::Leave
            | Touched::Confirm
            | Touched::Cancel => match self.care.page.meaning(touched) {
                Some(act) => {
                    if act == Act::Section(Section::Reader) {
                        self.care.ports = ports(self.care.reader_set.as_ref());
                    }
                    self.care.service.act(act, now)
                }
                None => Vec::new(),
            },
        };
        self.follow(orders);
    }

    pub(super) fn tick_technician(&mut self) {
        let now = Instant::now();
        if self.care.service.takes_hold(now) {
            // While a PIN is being checked the menu is not being opened.
            let (is_set, gate) = {
                let pins = self.care.pins.lock().unwrap_or_else(PoisonError::into_inner);
                (pins.is_set(), pins.gate(now))
            };
            let orders = self.care.service.name_held(self.session.visit().is_none(), is_set, gate, now);
            self.follow(orders);
        }
        let orders = self.care.service.tick(now);
        self.follow(orders);
    }

    pub(super) fn follow(&mut self, orders: Vec<Order>) {
        for order in orders {
            match order {
                Order::Ask(request @ Request::Update { .. }) => match claims_allow(self.unsent()) {
                    Ok(()) => self.care.ask(request),
                    Err(why) => {
                        let end = End::Failed { why, detail: "claims are not sent yet".into() };
                        self.care.service.hear(MachineEvent::Ended { request, end }, Instant::now());
                    }
                },
                Order::Ask(request) => self.care.ask(request),
                Order::CheckPin(pin) => self.care.try_pin(pin),
                Order::PlayTone => self.with_media(bilik_media::Media::play_tone),
                Order::Media(on) => {
                    self.care.looking = false;
                    self.with_media(|media| {
                        media.preview_face(on);
                        media.preview_documents(on);
                        media.check_sound(on);
                    });
                    if !on {
                        self.with_media(bilik_media::Media::wipe);
                        self.care.page.forget_pictures();
                    }
                }
                Order::Raw(on) => {
                    self.care.raw_wanted.store(on, Ordering::Relaxed);
                    self.care.raw.iter_mut().for_each(String::zeroize);
                    self.care.raw.clear();
                    if let Some(reader) = &self.reader {
                        reader.want(on || self.card_wanted);
                    }
                }
                Order::StartAnew => self.start_anew(),
            }
        }
    }

    /// Ends the program, which its service starts again: with the identity that there is now.
    fn start_anew(&self) {
        match Identity::load(&self.care.state_dir) {
            Ok(Some(_)) => {
                info!("enrolled: the booth starts anew");
                // Fails only when the loop has ended already.
                let _ = slint::quit_event_loop();
            }
            // Starting anew would only lead here again.
            Ok(None) => error!("the machine says that this booth is enrolled, but it has no identity"),
            Err(error) => error!(error = %crate::chain(&error), "the booth's new identity cannot be used"),
        }
    }

    pub(super) fn show_technician(&mut self) {
        let care = &mut self.care;
        let closely = care.service.polls_closely();
        if let Some(machine) = &care.machine
            && closely != std::mem::replace(&mut care.polls_closely, closely)
        {
            machine.watch_closely(closely);
        }
        self.presenter.cover(Technician::screen(&care.service));
        let around = match care.service.page() {
            Some(Page::Menu(_)) => self.around(),
            Some(Page::Installer | Page::Enrol | Page::TypeCode | Page::Pin) | None => Around::default(),
        };
        let language = self.session.settings().language;
        let care = &mut self.care;
        care.page.show(&care.service, &around, Instant::now(), language);
    }

    /// Pictures that arrive while nobody is in a session. True if somebody looks at them.
    pub(super) fn technician_frames(&mut self, slots: &FrameSlots) -> bool {
        let signs = &mut self.care.signs;
        if self.care.service.page() == Some(Page::Menu(Section::Media)) {
            self.care.page.frames(slots);
            return true;
        }
        if self.care.looking {
            // A picture was given; nobody has to see it.
            if slots.self_view.take().is_some() {
                signs.camera = signs.camera.map(|_| true);
            }
            if slots.documents.take().is_some() {
                signs.document_camera = signs.document_camera.map(|_| true);
            }
            if [signs.camera, signs.document_camera].iter().all(|seen| seen.unwrap_or(true)) {
                self.stop_looking();
                self.judge_health();
                self.set_timer();
            }
        }
        false
    }

    /// Opens the cameras for a moment, to see that they give pictures, while somebody still waits to hear that all is well.
    fn look_for_pictures(&mut self) {
        let (signs, care) = (self.care.signs, &self.care);
        let unseen = |seen: Option<bool>, state| seen == Some(false) && state != DeviceState::Missing;
        let face = unseen(signs.camera, self.state.camera);
        let documents = unseen(signs.document_camera, self.state.document_camera);
        let free = self.session.visit().is_none() && care.service.page() != Some(Page::Menu(Section::Media));
        if care.looking || !free || !(face || documents) {
            return;
        }
        self.care.looking = true;
        self.with_media(|media| {
            media.preview_face(signs.camera.is_some());
            media.preview_documents(signs.document_camera.is_some());
        });
    }

    pub(super) fn stop_looking(&mut self) {
        if std::mem::take(&mut self.care.looking) {
            self.with_media(|media| {
                media.preview_face(false);
                media.preview_documents(false);
            });
        }
    }

    pub(super) fn judge_health(&mut self) {
        let care = &mut self.care;
        care.signs.reader = care.signs.reader.map(|_| self.state.reader == DeviceState::Ready);
        care.signs.queue = care.signs.queue.map(|_| self.queue == Some(Ok(())));
        // A camera that goes has to give a picture again.
        care.signs.camera = care.signs.camera.map(|seen| seen && self.state.camera != DeviceState::Missing);
        care.signs.document_camera =
            care.signs.document_camera.map(|seen| seen && self.state.document_camera != DeviceState::Missing);
        let booth = care.service.status().is_some_and(|status| status.mode == Mode::Booth);
        if booth && !care.health.is_told() {
            self.look_for_pictures();
        }
        let care = &mut self.care;
        if booth && care.health.judge(care.signs, Instant::now()) {
            info!("this booth is well");
            care.ask(Request::Healthy);
            self.follow_service();
        }
    }
}
