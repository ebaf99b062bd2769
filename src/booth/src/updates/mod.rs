//! The update that the hub offers, from its first byte to the restart, and the time that the hub tells. Pure: the network, the
//! disk and the machine are elsewhere ([`fetch`], [`crate::device`]), the time is an argument.
//!
//! ```text
//!  nothing ──offered──► fetching ──whole──► received ──► installing ──► installed ──► the machine restarts
//!     ▲                  │    ▲                │             │              │
//!     └──withdrawn, or   └────┘             waits for     refused:       waits for: the same, and the night
//!        it runs        broken line,        idle, queue,  bad signature,
//!                       somebody comes      machine       older, rolled back
//! ```
//!
//! | What | When |
//! |---|---|
//! | fetch | while nobody is in a session: the line belongs to the call; a broken line goes on where it stopped |
//! | install | nobody in a session for [`IDLE`], no claim unsent, no technician at the menu, the machine free and its present system proven |
//! | restart | the same, and between [`NIGHT`]'s hours by the booth's own clock, unless the operator said *now* |
//! | take the hub's time | the machine has no other, and nobody is in a session ([`clock`]) |
//!
//! Where an update stands is asked of the machine each time ([`Stage`]), so a booth that starts anew goes on from there. One that
//! was rolled back is not tried again: it needs another version, or a technician with a stick.

mod clock;
pub mod fetch;
mod report;

use crate::device::{End, MachineEvent};
use crate::hub_time::Told;
use bilik_claim::ids::Digest;
use bilik_claim::machine::{EVERY_SECONDS, Hindrance, MachineAnswer, MachineReport, Offer, Progress};
use bilik_device::{Failure, Mode, Outcome, Request, Slot, SlotState, Status, UpdateFrom};
use clock::Timekeeper;
use fetch::Fault;
use std::time::{Duration, Instant};

/// So long nobody has been in a session before an update is installed or started.
pub const IDLE: Duration = Duration::from_secs(10 * 60);
/// From this hour on and until before that one, a booth may restart by itself: local time, offices are shut.
pub const NIGHT: (i8, i8) = (20, 5);
const EVERY: Duration = Duration::from_secs(EVERY_SECONDS);
/// Between two reports, however much changes.
const APART: Duration = Duration::from_secs(5);
/// After a broken line.
const RETRY: Duration = Duration::from_secs(30);
/// After what a little time does not heal: a full disk, a refusal of the machine.
const PAUSE: Duration = Duration::from_secs(10 * 60);

/// What the rule looks at beside the machine.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Around {
    /// Somebody is in a session.
    pub session: bool,
    /// A technician is at the menu, or the menu has asked the machine for something.
    pub technician: bool,
    /// Claims that the hub has not confirmed; none until the queue is open.
    pub queued: Option<u32>,
    /// Local time, 0 to 23.
    pub hour: i8,
}

/// What is to be done outside.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    Report(MachineReport),
    Fetch(Offer),
    StopFetching,
    /// Nothing of what was fetched is of use any more.
    Clear,
    Ask(Request),
    /// [`News::Time`] follows.
    AskTime,
}

/// What comes from outside, beside what the machine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum News {
    /// The hub has answered a report, or not.
    Answered(Option<MachineAnswer>),
    /// So many bytes of the update with this digest are here.
    Fetched(Digest, u64),
    FetchEnded(Digest, Result<(), Fault>),
    /// The hub's certificate has ended by this machine's clock, or has not begun.
    OutOfDate,
    /// What the hub's clock shows; none if it did not tell.
    Time(Option<Told>),
}

/// Where the offered update stands.
#[derive(Debug, PartialEq, Eq)]
enum Stage<'a> {
    /// Nothing is offered that does not run already, or this machine takes none.
    Nothing,
    Missing(&'a Offer),
    Received(&'a Offer),
    Installed(&'a Offer),
    Refused(String),
}

#[derive(Debug)]
pub struct Updates {
    offer: Option<Offer>,
    /// The hub has been heard since the start: what it does not offer is not offered.
    heard: bool,
    fetching: Option<u64>,
    /// All of it is in its place.
    there: bool,
    cleared: bool,
    /// What the machine was asked for, until it has ended and been looked at.
    asked: Option<Request>,
    ended: bool,
    refused: Option<(Digest, String)>,
    /// What went wrong and is tried again.
    trouble: Option<String>,
    not_before: Instant,
    in_session: bool,
    session_at: Instant,
    report_at: Instant,
    reported_at: Option<Instant>,
    answered: bool,
    told: Option<MachineReport>,
    clock: Timekeeper,
}

/// Whether an update may go to the machine at all: what [`Hindrance::ClaimsWait`] stands for. Also for one from a stick.
///
/// # Errors
/// [`Failure::ClaimsWait`] while a claim is here that the hub has not confirmed, or while nobody knows.
pub fn claims_allow(queued: Option<u32>) -> Result<(), Failure> {
    if queued == Some(0) { Ok(()) } else { Err(Failure::ClaimsWait) }
}

impl Updates {
    pub fn new(now: Instant) -> Self {
        Self {
            offer: None,
            heard: false,
            fetching: None,
            there: false,
            cleared: false,
            asked: None,
            ended: false,
            refused: None,
            trouble: None,
            not_before: now,
            in_session: false,
            session_at: now,
            report_at: now + APART,
            reported_at: None,
            answered: true,
            told: None,
            clock: Timekeeper::new(now),
        }
    }

    /// The hub can be reached: tell it soon.
    pub fn hub_is_there(&mut self, now: Instant) {
        self.report_at = self.report_at.min(now);
    }

    /// What the machine says, whoever asked it.
    pub fn machine(&mut self, event: &MachineEvent, now: Instant) {
        match event {
            MachineEvent::Status(_) if self.ended => (self.asked, self.ended) = (None, false),
            MachineEvent::Ended { request: Request::SetClock { .. }, end } if *end != End::Done => {
                self.clock.refused(now);
            }
            MachineEvent::Ended { request, end } if self.asked.as_ref() == Some(request) => {
                self.ended = true;
                self.end(request == &Request::Restart, end, now);
            }
            MachineEvent::Status(_) | MachineEvent::Absent | MachineEvent::Progress(_) | MachineEvent::Ended { .. } => {
            }
        }
    }

    fn end(&mut self, restart: bool, end: &End, now: Instant) {
        // The machine takes the file away when it has begun with it; what it left is found by its digest.
        self.there &= restart;
        match end {
            End::Done if restart => self.not_before = now + PAUSE,
            End::Done => self.trouble = None,
            End::Failed { why, detail } if !restart && is_final(*why) => {
                self.refused = self.offer.as_ref().map(|offer| (offer.digest, format!("{why:?}: {detail}")));
            }
            End::Failed { detail, .. } | End::Lost { detail } => {
                self.trouble = Some(detail.clone());
                self.not_before = now + PAUSE;
            }
        }
    }

    /// What the network and the disk say.
    pub fn hear(&mut self, news: News, status: Option<&Status>, around: &Around, now: Instant) -> Vec<Command> {
        match news {
            News::Answered(answer) => {
                self.answered = true;
                if let Some(answer) = answer {
                    return self.answered(answer, status, around, now);
                }
            }
            News::Fetched(digest, bytes) if self.offers(digest) => {
                self.fetching = self.fetching.map(|_| bytes);
                self.trouble = None;
            }
            // It was our own will, and another one may be under way already.
            News::FetchEnded(_, Err(Fault::Stopped)) => {}
            News::FetchEnded(digest, end) if self.offers(digest) && self.fetching.is_some() => {
                self.fetching = None;
                match end {
                    Ok(()) => (self.there, self.trouble) = (true, None),
                    Err(Fault::Line(_) | Fault::Occupied | Fault::Stopped) => self.not_before = now + RETRY,
                    Err(fault @ (Fault::NoRoom { .. } | Fault::Disk(_) | Fault::WrongDigest | Fault::Refused(_))) => {
                        self.trouble = Some(fault.to_string());
                        self.not_before = now + PAUSE;
                    }
                }
            }
            News::OutOfDate => return self.clock.out_of_date(status, around, now).into_iter().collect(),
            News::Time(told) => return self.clock.told(told, status, around, now).into_iter().collect(),
            News::Fetched(..) | News::FetchEnded(..) => {}
        }
        Vec::new()
    }

    fn answered(
        &mut self,
        answer: MachineAnswer,
        status: Option<&Status>,
        around: &Around,
        now: Instant,
    ) -> Vec<Command> {
        let mut commands = Vec::new();
        commands.extend(self.reported_at.and_then(|at| self.clock.heard(answer.time, at, status, around, now)));
        let digest = |offer: &Option<Offer>| offer.as_ref().map(|offer| offer.digest);
        if !self.heard || digest(&self.offer) != digest(&answer.offer) {
            if self.fetching.take().is_some() {
                commands.push(Command::StopFetching);
            }
            (self.there, self.cleared) = (false, false);
            (self.refused, self.trouble, self.not_before) = (None, None, now);
        }
        (self.heard, self.offer) = (true, answer.offer);
        commands
    }

    /// What is due now.
    pub fn tick(&mut self, software: &str, status: Option<&Status>, around: &Around, now: Instant) -> Vec<Command> {
        // It lasted until now, also if it has just ended.
        if std::mem::replace(&mut self.in_session, around.session) || around.session {
            self.session_at = now;
        }
        let mut commands: Vec<Command> = self.go_on(status, around, now).into_iter().collect();
        let report = report::report(software, status, self.progress(status, around, now));
        let changed = self.told.as_ref().is_none_or(|told| report::differ(told, &report));
        let rested = self.reported_at.is_none_or(|at| now.saturating_duration_since(at) >= APART);
        // The first one waits for the machine's own word, a little while.
        let due = now >= self.report_at || (changed && rested && self.reported_at.is_some());
        if self.answered && due {
            (self.answered, self.reported_at, self.report_at) = (false, Some(now), now + EVERY);
            self.told = Some(report.clone());
            commands.push(Command::Report(report));
        }
        commands
    }

    /// When [`Updates::tick`] has something to do.
    pub fn deadline(&self, now: Instant) -> Option<Instant> {
        let waits = self.offer.is_some().then(|| [self.not_before, self.session_at + IDLE]);
        let ahead = waits.into_iter().flatten().filter(|at| *at > now);
        ahead.chain(self.answered.then_some(self.report_at)).min()
    }

    fn go_on(&mut self, status: Option<&Status>, around: &Around, now: Instant) -> Option<Command> {
        if self.asked.is_some() || !self.heard {
            return None;
        }
        if around.session || status.is_none() {
            return self.fetching.take().map(|_| Command::StopFetching);
        }
        let waits = self.waits(status, around, now);
        match self.stage(status) {
            Stage::Nothing | Stage::Refused(_) => {
                if self.fetching.take().is_some() {
                    return Some(Command::StopFetching);
                }
                self.there = false;
                (!std::mem::replace(&mut self.cleared, true)).then_some(Command::Clear)
            }
            Stage::Missing(_) if self.fetching.is_some() || now < self.not_before => None,
            Stage::Missing(offer) => {
                let offer = offer.clone();
                (self.fetching, self.cleared) = (Some(0), false);
                Some(Command::Fetch(offer))
            }
            Stage::Received(_) | Stage::Installed(_) if self.fetching.is_some() => {
                self.fetching = None;
                Some(Command::StopFetching)
            }
            Stage::Received(_) if waits == Hindrance::None && now >= self.not_before => {
                self.ask(Request::Update { from: UpdateFrom::Hub })
            }
            Stage::Installed(offer) if self.waits_for_night(offer, waits, around) == Hindrance::None => {
                if now >= self.not_before { self.ask(Request::Restart) } else { None }
            }
            Stage::Received(_) | Stage::Installed(_) => None,
        }
    }

    fn ask(&mut self, request: Request) -> Option<Command> {
        (self.asked, self.ended) = (Some(request.clone()), false);
        Some(Command::Ask(request))
    }

    fn stage(&self, status: Option<&Status>) -> Stage<'_> {
        let Some(status) = status.filter(|status| status.mode == Mode::Booth) else { return Stage::Nothing };
        let Some(offer) = self.offer.as_ref().filter(|offer| offer.version != status.version) else {
            return Stage::Nothing;
        };
        if let Some((_, why)) = self.refused.as_ref().filter(|(digest, _)| *digest == offer.digest) {
            return Stage::Refused(why.clone());
        }
        let mut others = status.slots.iter().filter(|slot| !slot.running);
        match others.find(|slot| slot.version.as_ref() == Some(&offer.version)).map(|slot| slot.state) {
            Some(SlotState::Trial) => return Stage::Installed(offer),
            Some(SlotState::Bad) => return Stage::Refused("it did not get well here before".into()),
            // As it was before the present one: the machine does not go back.
            Some(SlotState::Good) => return Stage::Refused("the booth had it before the version that runs".into()),
            Some(SlotState::Empty) | None => {}
        }
        match &status.last {
            Some(Outcome::RolledBack { failed, why, .. }) if *failed == offer.version => {
                Stage::Refused(format!("it was rolled back here: {why}"))
            }
            // Its system has another version than its label: it would be fetched and installed for ever.
            Some(Outcome::Updated { to, .. }) if *to == offer.version => {
                Stage::Refused(format!("it is installed and calls itself {}: it was labelled wrongly", status.version))
            }
            Some(Outcome::RolledBack { .. } | Outcome::Updated { .. } | Outcome::Failed { .. }) | None => {
                if self.there { Stage::Received(offer) } else { Stage::Missing(offer) }
            }
        }
    }

    /// What installing waits for.
    fn waits(&self, status: Option<&Status>, around: &Around, now: Instant) -> Hindrance {
        let proven = |status: &Status| !status.slots.iter().any(Slot::is_on_trial);
        let free = status.is_some_and(|status| status.work.is_none() && proven(status));
        if around.session || now.saturating_duration_since(self.session_at) < IDLE {
            Hindrance::Session
        } else if claims_allow(around.queued).is_err() {
            Hindrance::ClaimsWait
        } else if around.technician || !free {
            Hindrance::Machine
        } else {
            Hindrance::None
        }
    }

    fn waits_for_night(&self, offer: &Offer, waits: Hindrance, around: &Around) -> Hindrance {
        let night = around.hour >= NIGHT.0 || around.hour < NIGHT.1;
        if waits == Hindrance::None && !night && !offer.now { Hindrance::Day } else { waits }
    }

    /// What has become of the offer.
    pub fn progress(&self, status: Option<&Status>, around: &Around, now: Instant) -> Progress {
        if matches!(self.asked, Some(Request::Update { .. })) {
            return Progress::Installing;
        }
        let hindrance = self.waits(status, around, now);
        match (self.stage(status), &self.trouble) {
            (Stage::Nothing, _) => Progress::None,
            (Stage::Refused(why), _) => Progress::Refused { why: report::line(&why) },
            (Stage::Missing(_) | Stage::Received(_), Some(why)) => Progress::Refused { why: report::line(why) },
            (Stage::Missing(_), None) => Progress::Fetching { bytes: self.fetching.unwrap_or(0) },
            (Stage::Received(_), None) => Progress::Received { hindrance },
            (Stage::Installed(offer), _) => {
                Progress::Installed { hindrance: self.waits_for_night(offer, hindrance, around) }
            }
        }
    }

    fn offers(&self, digest: Digest) -> bool {
        self.offer.as_ref().is_some_and(|offer| offer.digest == digest)
    }
}

/// Whether the same bytes would be refused again.
fn is_final(why: Failure) -> bool {
    use Failure::{BadDisk, BadFile, BadSignature, NotHere, NotUnderstood, Older};
    matches!(why, BadSignature | BadFile | Older | NotHere | NotUnderstood | BadDisk)
}

#[cfg(test)]
mod tests;
