//! The loop that owns the service's state.

use super::connection;
use super::look::{Looker, Seen};
use super::machine::Machine;
use super::provisioning::{self, Identity};
use super::refusal::Refusal;
use super::retry::Retry;
use super::update::{self, Start, Trial};
use super::watch::{Verdict, Watch};
use super::work::After;
use super::{data, disks, jobs, notify, received, recovery, sticks};
use bilik_device::client::PROGRESS_EVERY;
use bilik_device::{Answer, Clock, Failure, Mode, Outcome, Provisioning, Request, Status, Step, Work};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

pub enum Event {
    Asked { request: Request, reply: Sender<Answer> },
    Seen { seen: Box<Seen>, all: bool },
    Progress(Work),
    Ended(Result<After, Refusal>),
}

impl From<(Seen, bool)> for Event {
    fn from((seen, all): (Seen, bool)) -> Self {
        Self::Seen { seen: Box::new(seen), all }
    }
}

/// What is being done.
struct Job {
    asker: Option<Sender<Answer>>,
    work: Work,
    request: Request,
    /// It is over, and is answered once the machine has been looked at again.
    ended: Option<Result<After, Refusal>>,
}

struct Service {
    machine: Arc<Machine>,
    events: Sender<Event>,
    look: Sender<()>,
    /// Time since the machine started, when this program did.
    uptime: Duration,
    begun: Instant,
    seen: Seen,
    job: Option<Job>,
    /// Why the last attempt to enrol failed.
    refused: Option<Refusal>,
    retry: Retry,
    watch: Watch,
    healthy: bool,
    /// By the hub's word, since this program runs; it says it again.
    clock_set: bool,
    last: Option<Outcome>,
}

/// Runs until it is killed.
pub fn serve(machine: Machine, socket: &Path) -> anyhow::Result<()> {
    let machine = Arc::new(machine);
    data::folders(&machine)?;
    sticks::release(&machine);
    received::release(&machine);
    begin(&machine);
    recovery::try_to_entrust(&machine);
    let mut looker = Looker::new(machine.clone());
    let seen = looker.look(true);
    let (events, incoming) = channel();
    let (look, asked) = channel();
    let listener = connection::listen(&machine, socket)?;
    std::thread::spawn({
        let events = events.clone();
        move || looker.run(&asked, &events)
    });
    std::thread::spawn({
        let events = events.clone();
        move || connection::accept(&listener, &events)
    });
    let uptime = machine.fact("/proc/uptime").and_then(|text| text.split('.').next()?.parse().ok()).unwrap_or(0);
    let last = machine.recall(update::LAST);
    let mut service = Service {
        machine,
        events,
        look,
        uptime: Duration::from_secs(uptime),
        begun: Instant::now(),
        seen,
        job: None,
        refused: None,
        retry: Retry::default(),
        watch: Watch::default(),
        healthy: false,
        clock_set: false,
        last,
    };
    service.watch_slots();
    notify::tell("READY=1");
    tracing::info!(mode = ?service.machine.mode(), version = service.machine.version(), "ready");
    let mut shown = Instant::now();
    loop {
        match incoming.recv_timeout(PROGRESS_EVERY) {
            Ok(event) => service.take(event),
            Err(RecvTimeoutError::Timeout) => {}
            // The loop itself holds a sender.
            Err(RecvTimeoutError::Disconnected) => return Ok(()),
        }
        // Also while others ask for the status each second: whoever waits for work takes silence for a fault.
        if shown.elapsed() >= PROGRESS_EVERY {
            service.show_progress();
            shown = Instant::now();
        }
        notify::tell("WATCHDOG=1");
    }
}

/// What this start is, before anybody asks. Nothing here keeps the service from running.
fn begin(machine: &Machine) {
    if machine.mode() != Mode::Booth {
        return;
    }
    let mended = disks::list().and_then(|found| update::mend_entries(machine, &found));
    if let Err(error) = mended {
        tracing::error!(%error, "the firmware's entries were not mended");
    }
    let trial: Option<Trial> = machine.recall(update::TRIAL);
    let ended = match update::start(trial, &machine.slot().unwrap_or_default(), &machine.boot_id()) {
        Start::Usual => {
            if let Err(error) = update::give_up_what_did_not_start(machine) {
                tracing::error!(%error, "a slot that does not start was not given up");
            }
            return;
        }
        Start::Waiting => return,
        Start::OnTrial(trial) => {
            if let Err(error) = update::begin_trial(machine, trial) {
                tracing::error!(%error, "it was not noted that the trial has begun");
            }
            return;
        }
        Start::RolledBack(trial) => update::rolled_back(&trial),
        Start::Interrupted => {
            Outcome::Failed { why: Failure::Io, detail: "the update was cut before it was whole".into() }
        }
    };
    update::remember(machine, &ended);
    if let Err(error) = machine.forget(update::TRIAL) {
        tracing::error!(%error, "the trial was not forgotten");
    }
}

impl Service {
    fn take(&mut self, event: Event) {
        match event {
            Event::Asked { request: Request::Status, reply } => {
                // Who has gone does not want to know.
                let _ = reply.send(Answer::Status { status: Box::new(self.status()) });
            }
            Event::Asked { reply, .. } if self.job.is_some() => {
                let detail = "something else is being done".into();
                let _ = reply.send(Answer::Failed { why: Failure::Busy, detail });
            }
            Event::Asked { request, reply } => self.start(request, Some(reply)),
            Event::Seen { seen, all } => {
                self.seen = *seen;
                if all {
                    self.answer();
                }
                self.watch_slots();
                self.provision_by_itself();
            }
            Event::Progress(work) => {
                if let Some(job) = &mut self.job {
                    job.work = Work { step: work.step, permille: work.permille.max(job.work.permille) };
                }
                self.show_progress();
            }
            Event::Ended(result) => {
                if let Some(job) = &mut self.job {
                    job.ended = Some(result);
                }
                // The looker runs as long as the loop.
                let _ = self.look.send(());
            }
        }
    }

    fn start(&mut self, request: Request, asker: Option<Sender<Answer>>) {
        let work = Work { step: Step::Checking, permille: 0 };
        let status = self.status();
        self.job = Some(Job { asker, work, request: request.clone(), ended: None });
        let (machine, events) = (self.machine.clone(), self.events.clone());
        std::thread::spawn(move || {
            let report = |step, permille| {
                let _ = events.send(Event::Progress(Work { step, permille }));
            };
            // A fault of this program in a piece of work must not leave the service busy for ever.
            let work = std::panic::AssertUnwindSafe(|| jobs::carry_out(&machine, &request, &status, &report));
            let lost = |_| Err(Refusal::new(Failure::Io, "the service has a fault here; see its log"));
            let result = std::panic::catch_unwind(work).unwrap_or_else(lost);
            let _ = events.send(Event::Ended(result));
        });
    }

    fn show_progress(&mut self) {
        if let Some(Job { asker: asker @ Some(_), work, .. }) = &mut self.job
            && asker.as_ref().is_some_and(|to| to.send(Answer::Progress { work: work.clone() }).is_err())
        {
            *asker = None;
        }
    }

    /// The work is over and its effects have been seen: now its asker may know.
    fn answer(&mut self) {
        if self.job.as_ref().is_none_or(|job| job.ended.is_none()) {
            return;
        }
        let Some(Job { asker, request, ended: Some(result), .. }) = self.job.take() else { return };
        self.last = self.machine.recall(update::LAST);
        if let Err(refusal) = &result {
            tracing::warn!(why = ?refusal.why, %refusal, "not done");
        }
        match &request {
            Request::Provision | Request::Enrol { .. } => {
                let failure = result.as_ref().err().map(|refusal| refusal.why);
                self.refused = result.as_ref().err().cloned();
                self.retry.ended(self.uptime(), &self.seen.provisioning, failure);
            }
            Request::Healthy => self.healthy |= result.is_ok(),
            Request::Status | Request::Install { .. } | Request::SetNetwork { .. } | Request::SetReader { .. } => {}
            Request::SetClock { .. } => self.clock_set |= result.is_ok(),
            Request::Update { .. } => {}
            Request::Diagnostics | Request::FactoryReset | Request::ExportQueue => {}
            Request::Restart | Request::PowerOff => {}
        }
        let answer = match &result {
            Ok(_) => Answer::Done,
            Err(Refusal { why, detail }) => Answer::Failed { why: *why, detail: detail.clone() },
        };
        if let Some(asker) = asker {
            let _ = asker.send(answer);
        }
        if let Ok(after) = result
            && let Err(error) = jobs::afterwards(after)
        {
            tracing::error!(%error, ?after, "what was to follow did not");
        }
    }

    fn watch_slots(&mut self) {
        if self.job.is_some() || self.machine.mode() != Mode::Booth {
            return;
        }
        let verdict = self.watch.judge(self.uptime(), &self.seen.slots, self.healthy, self.seen.restarts);
        let done = match verdict {
            Verdict::Fine => return,
            Verdict::EndTrial(why) => update::end_trial(&self.machine, why),
            Verdict::FallBack(why) => update::fall_back(&self.machine, &self.seen.slots, why),
        };
        match done.and_then(|()| jobs::afterwards(After::Reboot)) {
            Ok(()) => tracing::error!("the other slot is started"),
            Err(error) => tracing::error!(%error, "the other slot was not started"),
        }
    }

    /// A booth that nobody has enrolled yet takes what it finds.
    fn provision_by_itself(&mut self) {
        let elsewhere = self.machine.mode() != Mode::Booth || jobs::can_keep(&self.machine).is_err();
        if self.job.is_some() || elsewhere || Identity::load(&self.machine).is_some() {
            return;
        }
        let waits = provisioning::waits(&self.machine);
        let now = self.uptime();
        if self.retry.is_due(now, &self.seen.provisioning, waits) {
            self.start(Request::Provision, None);
        }
    }

    fn uptime(&self) -> Duration {
        self.uptime + self.begun.elapsed()
    }

    fn status(&self) -> Status {
        let seen = self.seen.clone();
        let request = self.job.as_ref().map(|job| &job.request);
        let enrolling = matches!(request, Some(Request::Provision | Request::Enrol { .. }));
        let provisioning = match (Identity::load(&self.machine), enrolling, &self.refused) {
            (_, true, _) => Provisioning::Underway,
            (Some(identity), false, _) => identity.as_provisioning(),
            (None, false, Some(Refusal { why, detail })) => Provisioning::Failed { why: *why, detail: detail.clone() },
            (None, false, None) => Provisioning::Missing,
        };
        let (data, data_fault) = data::state(&self.machine);
        let clock = if self.clock_set { Clock::Synchronised } else { seen.clock };
        Status {
            mode: self.machine.mode(),
            version: self.machine.version(),
            root_hash: self.machine.boot_word("roothash").unwrap_or_default(),
            development: self.machine.boot_word("bilik.development").is_some(),
            slots: seen.slots,
            data,
            data_fault,
            network: seen.network,
            clock,
            provisioning,
            disks: seen.disks,
            sticks: seen.sticks,
            work: self.job.as_ref().map(|job| job.work.clone()),
            last: self.last.clone(),
        }
    }
}
