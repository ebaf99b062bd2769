//! What technicians do at the booth's own screen: install it, wait for its enrolment, look after it. Pure: the machine, the PIN
//! and the glass are elsewhere, the time is an argument.
//!
//! ```text
//!   machine runs from the stick ──────────────► Installer (for good)
//!   machine of a booth, not enrolled ─────────► Enrol ◄──► TypeCode ──enrolled──► the booth starts anew, and serves
//!                                                │
//!   name held 3 s, nobody in a session ──► Pin ──┴─right──► Menu(section) ──closed, or 3 min untouched──► where it was
//!                                           └─ not asked while the booth is not enrolled and no PIN is set
//! ```
//!
//! What cannot be undone is asked once ([`Service::question`]). One request runs at a time; whoever opens the menu later sees what
//! runs by the machine's word ([`bilik_device::Status::work`]), not by ours.

mod act;
pub mod enrol_form;
mod entry;
mod forms;
pub mod lockout;
mod look;
pub mod network_form;
pub mod pace;
pub mod pin;
pub mod sound;
#[cfg(any(test, feature = "technician"))]
pub mod specimen;
pub mod touch;

pub use act::{Act, Machine, Order, Page, Question, Section};
pub use entry::Pin;

use crate::device::{End, MachineEvent};
use act::{asked_first, turned};
use bilik_claim::provision::PIN_DIGITS;
use bilik_claim::session::Key;
use bilik_device::{Mode, Provisioning, Request, Work};
use enrol_form::{EnrolFault, EnrolForm};
use entry::waits;
use lockout::Gate;
use network_form::{FormFault, NetworkForm};
use pace::Pace;
use pin::Tried;
use sound::Hearing;
use std::time::{Duration, Instant};
use touch::TouchTest;
use zeroize::Zeroizing;

/// So long the booth's name is held to open the menu: nobody does that by chance.
pub const HOLD: Duration = Duration::from_secs(3);
/// An open menu that nobody touches closes by itself.
pub const MENU_IDLE: Duration = Duration::from_secs(180);
/// So long "ready" stands on the glass before the booth starts anew with its identity.
pub const READY_FOR: Duration = Duration::from_secs(6);

#[derive(Debug)]
pub struct Service {
    machine: Machine,
    enrolled: bool,
    pin: Option<Pin>,
    section: Option<Section>,
    question: Option<(Question, Request)>,
    running: Option<Request>,
    ended: Option<(Request, End)>,
    work: Option<Work>,
    pace: Pace,
    disk: Option<String>,
    form: Option<(NetworkForm, Option<FormFault>)>,
    enrol_form: Option<(EnrolForm, Option<EnrolFault>)>,
    touch: TouchTest,
    hearing: Hearing,
    touched_at: Instant,
    ready_since: Option<Instant>,
    name_since: Option<Instant>,
}

impl Service {
    pub fn new(enrolled: bool, now: Instant) -> Self {
        Self {
            machine: Machine::Unknown,
            enrolled,
            pin: None,
            section: None,
            question: None,
            running: None,
            ended: None,
            work: None,
            pace: Pace::default(),
            disk: None,
            form: None,
            enrol_form: None,
            touch: TouchTest::default(),
            hearing: Hearing::new(now),
            touched_at: now,
            ready_since: None,
            name_since: None,
        }
    }

    pub fn page(&self) -> Option<Page> {
        match (self.section, &self.pin, self.status().map(|status| status.mode)) {
            (Some(section), ..) => Some(Page::Menu(section)),
            (None, Some(_), _) => Some(Page::Pin),
            (None, None, Some(Mode::Stick)) => Some(Page::Installer),
            (None, None, Some(Mode::Booth | Mode::Debian)) if !self.enrolled => {
                // While the hub is asked, how far that is stands on the page.
                let types = self.enrol_form.is_some() && !self.is_busy();
                Some(if types { Page::TypeCode } else { Page::Enrol })
            }
            (None, None, Some(Mode::Booth | Mode::Debian) | None) => None,
        }
    }

    /// Poll each second.
    pub fn polls_closely(&self) -> bool {
        self.page().is_some() || (!self.enrolled && self.machine != Machine::Absent)
    }

    /// When [`Service::tick`] has something to do.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let idle = (self.section.is_some() || self.pin.is_some()).then(|| self.touched_at + MENU_IDLE);
        let ready = self.ready_since.map(|since| since + READY_FOR);
        let name = self.name_since.map(|since| since + HOLD);
        let silent = if self.section == Some(Section::Media) { self.hearing.silent_at(now) } else { None };
        [idle, ready, name, silent, self.pin.as_ref().and_then(|pin| pin.opens_at)].into_iter().flatten().min()
    }

    /// A wait is counted down on the glass.
    pub fn counts_seconds(&self) -> bool {
        self.pin.as_ref().is_some_and(|pin| pin.opens_at.is_some())
    }

    pub fn tick(&mut self, now: Instant) -> Vec<Order> {
        if let Some(pin) = &mut self.pin
            && pin.opens_at.is_some_and(|at| at <= now)
        {
            pin.opens_at = None;
            pin.tried = None;
        }
        if self.ready_since.is_some_and(|since| now.saturating_duration_since(since) >= READY_FOR) {
            self.ready_since = None;
            return vec![Order::StartAnew];
        }
        if self.is_busy() {
            self.touched_at = now;
        }
        let open = self.section.is_some() || self.pin.is_some();
        if open && now.saturating_duration_since(self.touched_at) >= MENU_IDLE {
            return self.close();
        }
        Vec::new()
    }

    /// A finger has come to the booth's name, or has gone.
    pub fn name_pressed(&mut self, down: bool, now: Instant) {
        self.name_since = down.then_some(now);
    }

    /// True once, when the name was held long enough: [`Service::name_held`] is due.
    pub fn takes_hold(&mut self, now: Instant) -> bool {
        let held = self.name_since.is_some_and(|since| now.saturating_duration_since(since) >= HOLD);
        if held {
            self.name_since = None;
        }
        held
    }

    /// The booth's name was held. `free`: nobody is in a session. The menu opens, or asks for the PIN, or nothing happens.
    pub fn name_held(&mut self, free: bool, is_set: bool, gate: Gate, now: Instant) -> Vec<Order> {
        let here = matches!(self.page(), None | Some(Page::Enrol | Page::TypeCode));
        if !free || !here {
            return Vec::new();
        }
        self.touched_at = now;
        if !is_set && !self.enrolled {
            return self.open(Section::Overview, now);
        }
        let (opens_at, dead) = waits(gate, now);
        let typed = Zeroizing::new(String::with_capacity(*PIN_DIGITS.end()));
        self.pin = Some(Pin { typed, checking: false, tried: None, opens_at, dead, is_set });
        Vec::new()
    }

    /// The PIN that was typed has been looked at, or not.
    pub fn pin_tried(&mut self, tried: Tried, now: Instant) -> Vec<Order> {
        let Some(pin) = &mut self.pin else { return Vec::new() };
        pin.checking = false;
        pin.tried = Some(tried);
        match tried {
            Tried::Right => {
                self.pin = None;
                self.touched_at = now;
                return self.open(Section::Overview, now);
            }
            Tried::Wrong(gate) | Tried::Refused(gate) => (pin.opens_at, pin.dead) = waits(gate, now),
            Tried::Disk => {}
        }
        Vec::new()
    }

    /// A key of the pad on the glass. True if it was for this page.
    pub fn key(&mut self, key: Key, now: Instant) -> bool {
        self.touched_at = now;
        if let Some(pin) = self.pin.as_mut().filter(|_| self.section.is_none()) {
            if pin.can_type() {
                match key {
                    Key::Character(digit) if digit.is_ascii_digit() && pin.typed.len() < *PIN_DIGITS.end() => {
                        pin.typed.push(digit);
                    }
                    Key::Character(_) => {}
                    Key::Backspace => drop(pin.typed.pop()),
                    Key::Clear => pin.typed.clear(),
                }
            }
        } else {
            self.type_in_form(key);
        }
        self.page().is_some()
    }

    /// A finger on the field of the touch test; see [`TouchTest::touched`].
    pub fn touched(&mut self, x: f32, y: f32, aspect: f32, down: bool, now: Instant) {
        self.touched_at = now;
        self.touch.touched(x, y, aspect, down);
    }

    /// The microphone's level, in dB relative to full scale.
    pub fn heard(&mut self, db: f32, now: Instant) {
        self.hearing.level(db, now);
    }

    pub fn act(&mut self, act: Act, now: Instant) -> Vec<Order> {
        self.touched_at = now;
        match act {
            Act::Disk(place) => {
                let chosen = self.status().and_then(|status| status.disks.get(place)).map(|disk| disk.id.clone());
                self.disk = chosen.or(self.disk.take());
            }
            Act::Section(section) if self.section.is_some() => return self.open(section, now),
            Act::Section(_) => {}
            // Also from the page of a booth that is not enrolled, where a button does what the gesture does.
            Act::OpenMenu if self.page() == Some(Page::Enrol) => return self.open(Section::Overview, now),
            Act::OpenMenu => {}
            Act::CloseMenu => return self.close(),
            Act::EnterPin => return self.enter(),
            Act::ClearTouch => self.touch = TouchTest::default(),
            Act::PlayTone if self.section == Some(Section::Media) => return vec![Order::PlayTone],
            Act::PlayTone => {}
            Act::EditNetwork => {
                self.form = self.status().map(|status| (NetworkForm::new(&status.network), None));
                self.ended = None;
            }
            Act::Field(field) => {
                if let Some((form, _)) = &mut self.form {
                    form.field = field;
                }
            }
            Act::StopEditing => (self.form, self.enrol_form, self.ended) = (None, None, None),
            Act::SaveNetwork => return self.save_network(),
            Act::TypeCode if self.page() == Some(Page::Enrol) && !self.is_busy() => {
                self.enrol_form = Some((EnrolForm::default(), None));
                self.ended = None;
            }
            Act::TypeCode => {}
            Act::EnrolField(field) => {
                if let Some((form, _)) = &mut self.enrol_form {
                    form.field = field;
                }
            }
            Act::SendCode => return self.send_code(),
            Act::TryAgain => self.ended = None,
            Act::Serve => return vec![Order::StartAnew],
            Act::Request(request) if self.is_busy() => drop(request),
            Act::Request(request) => match asked_first(&request, self.page()) {
                Some(question) => self.question = Some((question, request)),
                None => return self.ask(request),
            },
            Act::Confirm => {
                if let Some((_, request)) = self.question.take() {
                    return self.ask(request);
                }
            }
            Act::Cancel => self.question = None,
        }
        Vec::new()
    }

    /// What the machine says.
    pub fn hear(&mut self, event: MachineEvent, now: Instant) -> Vec<Order> {
        match event {
            MachineEvent::Absent => {
                self.machine = Machine::Absent;
                self.follow_work(None, now);
            }
            MachineEvent::Status(status) => {
                let done = matches!(status.provisioning, Provisioning::Done { .. });
                let serves = matches!(status.mode, Mode::Booth | Mode::Debian);
                self.follow_work(status.work.clone(), now);
                self.machine = Machine::Known(status);
                if done {
                    self.enrol_form = None;
                }
                // Not while somebody is in the menu.
                if done && serves && self.page() == Some(Page::Enrol) {
                    self.ready_since.get_or_insert(now);
                } else {
                    self.ready_since = None;
                }
            }
            MachineEvent::Progress(work) => self.follow_work(Some(work), now),
            MachineEvent::Ended { request, end } => {
                if self.running.as_ref() == Some(&request) {
                    self.running = None;
                    self.follow_work(None, now);
                    self.touched_at = now;
                    if end == End::Done && matches!(request, Request::SetNetwork { .. }) {
                        self.form = None;
                    }
                    if end == End::Done && matches!(request, Request::Enrol { .. }) {
                        self.enrol_form = None;
                    }
                    self.ended = Some((request, end));
                }
            }
        }
        Vec::new()
    }

    fn follow_work(&mut self, work: Option<Work>, now: Instant) {
        match &work {
            Some(work) => self.pace.note(work.permille, now),
            None => self.pace = Pace::default(),
        }
        self.work = work;
    }

    fn ask(&mut self, request: Request) -> Vec<Order> {
        if self.is_busy() {
            return Vec::new();
        }
        self.ended = None;
        self.running = Some(request.clone());
        vec![Order::Ask(request)]
    }

    fn enter(&mut self) -> Vec<Order> {
        let Some(pin) = self.pin.as_mut().filter(|pin| pin.can_enter()) else { return Vec::new() };
        pin.checking = true;
        let typed = std::mem::replace(&mut pin.typed, Zeroizing::new(String::with_capacity(*PIN_DIGITS.end())));
        vec![Order::CheckPin(typed)]
    }

    fn open(&mut self, section: Section, now: Instant) -> Vec<Order> {
        let before = self.section.replace(section);
        (self.question, self.form) = (None, None);
        if self.running.is_none() {
            self.ended = None;
        }
        self.touch = TouchTest::default();
        if before != Some(section) {
            self.hearing = Hearing::new(now);
        }
        turned(before, Some(section))
    }

    fn close(&mut self) -> Vec<Order> {
        let before = self.section.take();
        (self.pin, self.question, self.form) = (None, None, None);
        if self.running.is_none() {
            self.ended = None;
        }
        turned(before, None)
    }
}

#[cfg(test)]
mod tests;
