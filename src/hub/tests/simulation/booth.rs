//! A booth: the production session, courier and journal on a disk that is cut and full at times, put together as the booth's
//! program does it. What its courier wants and hears is in [`delivery`].

mod delivery;

use super::disks::{Crash, Volume, left};
use super::keys::{booth_id, config, manifest_key, receipt_key};
use super::scheduler::{Happening, Scene};
use super::visitor::Visitor;
use crate::sim::{Dice, Sim};
use bilik_claim::ids::{ClaimId, Digest, WallTime};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::session::{Device, Effect, Event, HubNews, Now, OutOfService, PhotoOutcome, Session};
use bilik_claim::wire::DeviceState;
use bilik_journal::courier::{Courier, Input, Trouble};
use bilik_journal::{BoothAudit, DATABASE, Journal, JournalView, Keys, Opened, chain};
use jiff::civil::Date;
use jiff::{Timestamp, tz};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

pub struct Booth {
    number: usize,
    disk: Volume,
    /// It has cameras: its claims have photographs.
    cameras: bool,
    /// Of the wall clock, in milliseconds.
    pub wall: i64,
    pub life: u32,
    /// The line to the hub.
    pub line: bool,
    /// The next thing that the courier does is its last.
    pub doomed: Option<Crash>,
    /// An end of the audit trail that was on the disk for good.
    noted: Option<Digest>,
    /// None while it is off.
    pub running: Option<Running>,
}

/// What is in memory.
pub struct Running {
    pub session: Session,
    courier: Courier,
    /// The signalling link, as the booth knows it.
    pub connected: bool,
    pub visitor: Visitor,
    /// Whether claims can be kept, as the courier says.
    ready: Option<Result<(), Trouble>>,
    queued: u32,
    /// The claim of which the participant has yet to hear whether it is kept.
    keeping: Option<ClaimId>,
    /// Requests that wait for an answer.
    asked: BTreeMap<u64, Option<ClaimId>>,
    /// When they are woken.
    session_due: Option<Duration>,
    courier_due: Option<Duration>,
}

impl Booth {
    pub fn new(number: usize, wall: i64, scene: &mut Scene) -> Self {
        Self {
            number,
            disk: Volume::new(Sim::new(scene.dice.next())),
            cameras: scene.dice.percent(10),
            wall,
            life: 0,
            line: true,
            doomed: None,
            noted: None,
            running: None,
        }
    }

    pub fn start(&mut self, scene: &mut Scene) -> Result<(), String> {
        if self.running.is_some() {
            return Ok(());
        }
        self.check(false, scene)?;
        self.life += 1;
        scene.tell(format_args!("booth {} starts", self.number));
        let (disk, directory, config) = (self.disk.disk(), self.disk.directory(), config(self.number));
        let open = move |at| Journal::open_on(disk.clone(), &directory, config.clone(), at);
        let mut ids = Dice::new(scene.dice.next());
        let new_id = move || Uuid::from_u128(u128::from(ids.next()) << 64 | u128::from(ids.next()));
        self.running = Some(Running {
            session: Session::new(booth_id(self.number), scene.instant(), new_id),
            courier: Courier::new(Box::new(open)),
            connected: false,
            visitor: Visitor::default(),
            ready: None,
            queued: 0,
            keeping: None,
            asked: BTreeMap::new(),
            session_due: None,
            courier_due: None,
        });
        let state = if self.cameras { DeviceState::Ready } else { DeviceState::Missing };
        self.feed(Event::Device { device: Device::Reader, state: DeviceState::Ready }, scene)?;
        self.feed(Event::Device { device: Device::Camera, state }, scene)?;
        self.feed(Event::Device { device: Device::DocumentCamera, state }, scene)?;
        self.follow_service(scene)?;
        let (booth, life) = (self.number, self.life);
        scene.after(Duration::ZERO, Happening::Courier { booth, life, input: Input::Tick });
        scene.after(Duration::from_secs(5), Happening::Visitor { booth, life });
        let pause = scene.pause(100, 10_000);
        scene.after(pause, Happening::Signalling { booth });
        Ok(())
    }

    /// Stops at once; what the disk holds then is left.
    pub fn crash(&mut self, crash: Crash, scene: &mut Scene) {
        if self.running.is_some() {
            let disk = self.disk.now();
            self.stop(left(disk, crash), crash, scene);
        }
    }

    fn stop(&mut self, disk: Sim, crash: Crash, scene: &mut Scene) {
        scene.count.booth_crashes += 1;
        scene.tell(format_args!("booth {} stops: {crash:?}", self.number));
        let full = self.disk.is_full();
        // What closing does is done to a disk that nobody has any more.
        self.disk = Volume::new(disk);
        self.disk.set_full(full);
        (self.running, self.doomed) = (None, None);
    }

    pub fn number(&self) -> usize {
        self.number
    }

    /// Whether it runs, and has not been started anew since.
    pub fn is_alive(&self, life: u32) -> bool {
        self.running.is_some() && self.life == life
    }

    /// What the visitor thought of it, once.
    pub fn rating(&mut self) -> Option<(ClaimId, u8)> {
        self.running.as_mut().filter(|running| running.connected)?.visitor.rated.take()
    }

    pub fn set_full(&self, full: bool) {
        self.disk.set_full(full);
    }

    /// The hub is heard of over the signalling link, or no longer.
    pub fn follow_link(&mut self, hub: bool, scene: &mut Scene) -> Result<(), String> {
        let there = hub && self.line;
        let Some(running) = self.running.as_mut().filter(|running| running.connected != there) else { return Ok(()) };
        running.connected = there;
        scene.tell(format_args!("booth {} connected: {there}", self.number));
        self.feed(Event::Hub(if there { HubNews::Connected } else { HubNews::Disconnected }), scene)?;
        let (booth, life) = (self.number, self.life);
        scene.after(Duration::ZERO, Happening::Courier { booth, life, input: Input::Hub(there) });
        Ok(())
    }

    pub fn today(&self, scene: &Scene) -> Date {
        let time = Timestamp::from_millisecond(self.wall(scene).0).unwrap_or_default();
        tz::Offset::constant(7).to_datetime(time).date()
    }

    fn wall(&self, scene: &Scene) -> WallTime {
        WallTime(self.wall + scene.now.as_millis() as i64)
    }

    /// Something for the session.
    pub fn feed(&mut self, event: Event, scene: &mut Scene) -> Result<(), String> {
        let now = Now { instant: scene.instant(), wall: self.wall(scene), today: self.today(scene) };
        let (booth, life) = (self.number, self.life);
        let Some(running) = &mut self.running else { return Ok(()) };
        let page = running.session.page();
        let effects = running.session.handle(event, now);
        if running.session.page() != page {
            scene.tell(format_args!("booth {booth} shows {:?}", running.session.page()));
        }
        for effect in effects {
            let note = |event| Happening::Courier { booth, life, input: Input::Note(event) };
            match effect {
                Effect::SessionStarted { session, .. } => {
                    scene.count.visits += 1;
                    scene.after(Duration::ZERO, note(BoothAudit::SessionBegan { session }));
                    let pause = scene.pause(1_000, 90_000);
                    scene.after(pause, Happening::Officer { booth, life, session });
                }
                Effect::SessionEnded { session, outcome } => {
                    scene.tell(format_args!("booth {booth} ends {session}: {outcome:?}"));
                    scene.after(Duration::ZERO, note(BoothAudit::SessionEnded { session, outcome }));
                }
                Effect::TakePhoto { request, .. } => {
                    let jpeg = PersonalBytes::new(vec![0xff, 0xd8, scene.dice.below(256) as u8]);
                    let taken = PhotoOutcome::Taken { jpeg, doubt: None };
                    let outcome = if scene.dice.percent(5) { PhotoOutcome::Failed } else { taken };
                    let (pause, event) = (scene.pause(50, 500), Event::Photo { request, outcome });
                    scene.after(pause, Happening::Session { booth, life, event });
                }
                Effect::Keep(claim) => {
                    scene.tell(format_args!("booth {booth} signs {}", claim.record.claim));
                    scene.promises.signed(booth, &claim.record);
                    running.keeping = Some(claim.record.claim);
                    // The courier may be busy with the disk.
                    let pause = if scene.dice.percent(20) { scene.pause(1, 5_000) } else { Duration::ZERO };
                    scene.after(pause, Happening::Courier { booth, life, input: Input::Keep(claim) });
                }
                Effect::Rated { claim, rating } => running.visitor.rated = Some((claim, rating)),
                Effect::Wipe => {
                    if let Some(claim) = running.keeping {
                        return Err(format!("a visit is over, and nobody was told whether {claim} is kept"));
                    }
                }
                Effect::Publish(_)
                | Effect::ShowPhoto { .. }
                | Effect::Preview(_)
                | Effect::Mute(_)
                | Effect::Ignored(_) => {}
            }
        }
        if let Some(due) = running.session.deadline().map(|deadline| scene.time_of(deadline))
            && running.session_due.is_none_or(|known| known > due || known <= scene.now)
        {
            running.session_due = Some(due);
            scene.at(due, Happening::SessionDue { booth, life });
        }
        Ok(())
    }

    fn follow_service(&mut self, scene: &mut Scene) -> Result<(), String> {
        let ready = self.running.as_ref().and_then(|running| running.ready);
        let reason = (ready != Some(Ok(()))).then_some(OutOfService::QueueFailed);
        self.feed(Event::OutOfService(reason), scene)
    }

    /// The session had asked to be woken by now.
    pub fn session_due(&mut self, scene: &mut Scene) -> Result<(), String> {
        let due = self.running.as_ref().is_some_and(|running| running.session_due == Some(scene.now));
        if due { self.feed(Event::Tick, scene) } else { Ok(()) }
    }

    /// Nobody sits there, and the hub has everything.
    pub fn is_quiet(&self) -> bool {
        let quiet = |running: &Running| running.queued == 0 && running.session.visit().is_none() && running.connected;
        self.running.as_ref().is_some_and(quiet)
    }

    /// Looks at what is on the disk with the eyes of the production journal, on a copy. Not while the disk is full: then it
    /// may rightly not open.
    pub fn check(&mut self, end: bool, scene: &mut Scene) -> Result<(), String> {
        if self.disk.is_full() {
            return Ok(());
        }
        let copy = Volume::new(left(self.disk.now(), Crash::Killed));
        let (disk, directory, at) = (copy.disk(), copy.directory(), self.wall(scene));
        let text = |error| format!("journal of booth {}: {}", self.number, chain(&error));
        let opened = Journal::open_on(disk.clone(), &directory, config(self.number), at).map_err(text)?;
        let Opened { journal, set_aside, lost } = opened;
        if set_aside.is_some() || lost.is_some() {
            return Err(format!("booth {} is damaged: {set_aside:?}, lost {lost:?}", self.number));
        }
        scene.promises.check_journal(self.number, &journal.list().map_err(text)?, end)?;
        if end && journal.stats().map_err(text)?.queued > 0 {
            return Err(format!("booth {} has not delivered everything: {:?}", self.number, journal.stats()));
        }
        let noted = self.noted;
        if self.disk.now().unsynced() == 0 {
            self.noted = Some(journal.audit_head().map_err(text)?.hash);
        }
        drop(journal);
        let keys = Keys { manifest: manifest_key(self.number).verifying_key(), receipt: receipt_key() };
        let view = JournalView::open_on(&disk, &directory.join(DATABASE)).map_err(text)?;
        let problems = view.verify(end.then_some(&keys), noted).map_err(text)?.problems();
        if problems.is_empty() { Ok(()) } else { Err(format!("booth {}: {}", self.number, problems.join(", "))) }
    }
}
