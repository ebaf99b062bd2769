//! The office: who is at which booth, who serves whom, what everybody is told.
//!
//! [`Office`] is the core: it owns all state, has no clock, task or socket, and turns one event into effects. [`run`]
//! is its shell: one loop that feeds it and carries its effects out. Connection tasks only translate.
//!
//! A session, from the hub's side:
//!
//! ```text
//!            first snapshot            free desk
//!  (booth) ───────────────► waiting ─────────────► with an officer ───────┐
//!                              ▲                    │          │          │ SessionEnded, another
//!                              └── officer gone 15 s ┘          │          │ session, booth gone 60 s
//!                                                               ▼          ▼
//!                                               call: none ─► running     over
//!                                                        ◄── failed, console or booth gone
//! ```
//!
//! Nothing here outlives the process. After a restart booths reconnect and send their whole state, consoles send their
//! capacity, and all is as it was, but that sessions may find another officer. Only what booths told of their audit
//! trails is read from the ledger again.

mod assignment;
mod attention;
mod booths;
mod calls;
mod consoles;
mod day;
mod floor;
mod follow;
mod photos;
mod run;
mod team;
mod trails;
mod visit;
mod wait;

pub use floor::Seen;
pub use photos::{Look, MAX_PHOTO, PhotoRefusal};
pub use run::{CloseReason, Outbox, Outgoing, Switchboard, spawn};

use crate::clock::Now;
use crate::ledger::{AuditEvent, BoothReport, BoothTrail, Duty, Figures, Role, SessionDecision, Visit};
use crate::metrics::Status;
use attention::{Hold, View};
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::{BoothId, CallId, ClaimId, Digest, OfficerId, SessionId};
use bilik_claim::personal::{Personal, PersonalBytes};
use bilik_claim::text::Language;
use bilik_claim::wire::{
    Assignment, Attention, BoothState, CallMode, Closing, HubToBooth, HubToConsole, OfficeView, SessionSnapshot,
};
use calls::Calls;
use day::DayAttention;
use photos::Photos;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;
use trails::Trails;
use visit::Tally;
use wait::Recent;

/// A connection, counted up: a late word about an old one never hits a newer one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Connection(pub u64);

/// What does not change while the hub runs.
#[derive(Clone, Debug)]
pub struct Settings {
    pub branch_name: String,
    pub default_capacity: u8,
    pub utc_offset_hours: i64,
}

/// Who opens a console.
#[derive(Clone, Debug)]
pub struct OfficerCard {
    pub officer: OfficerId,
    pub name: String,
    pub role: Role,
    pub languages: Vec<Language>,
    /// Of which login: a page that is loaded anew has the same, a new shift another one.
    pub login: Digest,
}

/// What the shell has to do.
#[derive(Debug, PartialEq)]
pub enum Effect {
    ToBooth(Connection, HubToBooth),
    ToConsole(Connection, HubToConsole),
    Close(Connection, CloseReason),
    Audit(AuditEvent),
    /// An officer has decided a session: to be remembered, it vouches for the claim later. The note is to be sealed into
    /// it.
    Decided(SessionDecision, Option<Personal>),
    /// A visit is over.
    Visit(Box<Visit>),
    Duty(Duty),
    Rated {
        claim: ClaimId,
        booth: BoothId,
        rating: u8,
    },
    /// What a booth tells of its audit trail and its disk, and what is wrong with that.
    Trail {
        booth: BoothId,
        trail: BoothTrail,
        events: Vec<AuditEvent>,
    },
}

struct Booth {
    name: String,
    connection: Option<Connection>,
    state: BoothState,
    /// When the last frame came.
    heard: Instant,
    lost_since: Option<Instant>,
    session: Option<SessionId>,
    told_office: Option<(u16, u32)>,
}

struct Session {
    booth: BoothId,
    snapshot: SessionSnapshot,
    began: Instant,
    waiting_since: Instant,
    returned: bool,
    desk: Option<Seat>,
    hold: Hold,
    calls: Calls,
    photos: Photos,
    attention: Attention,
    attention_since: Instant,
    tally: Tally,
    told_assignment: Option<Assignment>,
    /// Mode, place in the officer's line, expected wait.
    told_attention: Option<(CallMode, u16, u32)>,
    /// Since when the participant cannot go on alone.
    needs_since: Option<Instant>,
    /// The tile has changed since the console saw it.
    dirty: bool,
    aside: team::Aside,
}

/// A session's place at an officer's desk.
struct Seat {
    officer: OfficerId,
    /// 1 to 6.
    slot: u8,
    since: Instant,
}

struct Officer {
    card: OfficerCard,
    connection: Option<Connection>,
    gone_since: Option<Instant>,
    capacity: u8,
    /// The shift ends with the last session: kept here, so that a page that is loaded anew goes on with it.
    ending: bool,
    focus: Option<SessionId>,
    /// Since when they have taken participants, as far as it is not told yet.
    duty_since: Option<Now>,
    told_office: Option<OfficeView>,
    team: team::Team,
}

/// See the module head.
pub struct Office {
    settings: Settings,
    booths: BTreeMap<BoothId, Booth>,
    sessions: BTreeMap<SessionId, Session>,
    officers: BTreeMap<OfficerId, Officer>,
    next_call: u32,
    service: Recent,
    /// How long officers handle one need.
    handling: Recent,
    day: DayAttention,
    figures: Figures,
    trails: Trails,
    /// What supervisors said of a booth; after a restart of the hub, its own word.
    closings: BTreeMap<BoothId, Option<Closing>>,
    /// Booths that are lost for longer: when they were heard last, and how they were.
    seen: BTreeMap<BoothId, (Instant, BoothState)>,
    /// Since the start.
    calls_begun: u64,
    calls_broken: u64,
    effects: Vec<Effect>,
}

impl Office {
    /// `first_call` should be above every call of an earlier run of the hub, so that a late signal meets no other call.
    pub fn new(settings: Settings, first_call: u32) -> Self {
        Self {
            settings,
            booths: BTreeMap::new(),
            sessions: BTreeMap::new(),
            officers: BTreeMap::new(),
            next_call: first_call,
            service: Recent::new(wait::SERVICE),
            handling: Recent::new(wait::HANDLING),
            day: DayAttention::default(),
            figures: Figures::default(),
            trails: Trails::default(),
            closings: BTreeMap::new(),
            seen: BTreeMap::new(),
            calls_begun: 0,
            calls_broken: 0,
            effects: Vec::new(),
        }
    }

    /// What booths told an earlier run of the hub.
    pub fn remember(&mut self, reports: impl IntoIterator<Item = (BoothId, BoothReport)>) {
        reports.into_iter().for_each(|(booth, report)| self.trails.remember(booth, report.trail));
    }

    /// Lets time pass: losses, grace, pauses.
    pub fn tick(&mut self, now: Now) {
        self.effects.extend(self.trails.due(now));
        self.turn_day(now);
        self.sweep_booths(now);
        self.sweep_officers(now);
        self.follow(now);
    }

    /// What has to be done, in order. Drained after each event.
    pub fn drain(&mut self) -> Vec<Effect> {
        std::mem::take(&mut self.effects)
    }

    pub fn set_figures(&mut self, figures: Figures, now: Now) {
        self.figures = figures;
        self.follow(now);
    }

    /// Closes who may no longer be here: revoked booths, disabled officers.
    pub fn shut_out(&mut self, booths: &[BoothId], officers: &[OfficerId], now: Now) {
        let booths = booths.iter().filter_map(|id| self.booths.get(id)?.connection);
        let shut: Vec<Connection> =
            booths.chain(officers.iter().filter_map(|id| self.officers.get(id)?.connection)).collect();
        for connection in shut {
            self.effects.push(Effect::Close(connection, CloseReason::LoggedOut));
            self.connection_lost(connection, now.instant, now);
        }
    }

    /// A connection is gone, whichever kind it was, and nothing was heard of it since: whoever waits for an officer has
    /// waited since then.
    pub fn connection_lost(&mut self, connection: Connection, heard: Instant, now: Now) {
        self.booth_lost(connection, now);
        self.console_lost(connection, heard, now);
        self.follow(now);
    }

    pub fn put_photo(
        &mut self,
        booth: BoothId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
        photo: Arc<PersonalBytes>,
    ) -> Result<(), PhotoRefusal> {
        let known = self.sessions.get_mut(&session).filter(|session| session.booth == booth);
        known.ok_or(PhotoRefusal::NotYours)?.photos.put(kind, number, photo)
    }

    /// Whether the session is this booth's and has just this photograph.
    pub fn has_photo(&self, booth: BoothId, session: SessionId, kind: DocumentKind, number: u32) -> bool {
        let known = self.sessions.get(&session).filter(|session| session.booth == booth);
        known.is_some_and(|session| session.photos.get(kind, number).is_some())
    }

    /// A photograph for an officer's eyes: of an own session, or of the one that they read along.
    pub fn photo(
        &mut self,
        officer: OfficerId,
        session: SessionId,
        kind: DocumentKind,
        number: u32,
    ) -> Result<Option<Look>, PhotoRefusal> {
        let own = self.sessions.get(&session).and_then(Session::officer) == Some(officer);
        if !own && !self.watchers(session).contains(&officer) {
            return Err(PhotoRefusal::NotYours);
        }
        let photos = &mut self.sessions.get_mut(&session).ok_or(PhotoRefusal::NotYours)?.photos;
        let photo = photos.get(kind, number);
        // Of who reads along, each look is recorded before it is given out.
        if own && photo.is_some() && photos.first_shown(officer, kind, number) {
            let shown = AuditEvent::PhotoShown { session, officer, document: kind, photo: number };
            self.effects.push(Effect::Audit(shown));
        }
        Ok(photo.map(|photo| Look { photo, watched: !own }))
    }

    pub fn status(&self) -> Status {
        let online = || self.booths.values().filter(|booth| booth.connection.is_some());
        let qualities = || online().filter_map(|booth| booth.state.call);
        Status {
            booths: online().count(),
            consoles: self.officers.values().filter(|officer| officer.connection.is_some()).count(),
            sessions: self.sessions.len(),
            waiting: self.sessions.values().filter(|session| session.desk.is_none()).count(),
            calls: self.sessions.values().filter(|session| session.calls.running().is_some()).count(),
            calls_narrow: qualities().filter(|call| call.is_narrow()).count(),
            pictures_kbps: qualities().map(|call| u64::from(call.picture_kbps)).sum(),
            calls_begun: self.calls_begun,
            calls_broken: self.calls_broken,
        }
    }

    fn is_online(&self, booth: BoothId) -> bool {
        self.booths.get(&booth).is_some_and(|booth| booth.connection.is_some())
    }

    fn view(&self, id: SessionId, session: &Session) -> View {
        let focus = session.officer().and_then(|officer| self.officers.get(&officer)).and_then(|officer| officer.focus);
        View {
            online: self.is_online(session.booth),
            focus: focus == Some(id),
            hold: session.hold,
            step: session.snapshot.step,
            turn: session.snapshot.turn,
        }
    }

    /// The session, if it is in this officer's hands.
    fn own(&mut self, officer: OfficerId, session: SessionId) -> Option<&mut Session> {
        self.sessions.get_mut(&session).filter(|session| session.officer() == Some(officer))
    }

    fn tell_booth(&mut self, booth: BoothId, message: HubToBooth) {
        if let Some(connection) = self.booths.get(&booth).and_then(|booth| booth.connection) {
            self.effects.push(Effect::ToBooth(connection, message));
        }
    }

    fn tell_console(&mut self, officer: OfficerId, message: HubToConsole) {
        if let Some(connection) = self.officers.get(&officer).and_then(|officer| officer.connection) {
            self.effects.push(Effect::ToConsole(connection, message));
        }
    }

    /// Takes the session out: nothing of it stays here.
    fn end_session(&mut self, id: SessionId, now: Now) {
        self.stop_all_watching(id);
        let Some(session) = self.sessions.remove(&id) else { return };
        if let Some(booth) = self.booths.get_mut(&session.booth)
            && booth.session == Some(id)
        {
            booth.session = None;
        }
        if let Some(seat) = &session.desk {
            if let Some(officer) = self.officers.get_mut(&seat.officer)
                && officer.focus == Some(id)
            {
                officer.focus = None;
            }
            self.tell_console(seat.officer, HubToConsole::TileGone { session: id });
        }
        self.close_visit(id, session, now);
    }

    fn end_call(&mut self, id: SessionId) {
        let Some(session) = self.sessions.get_mut(&id) else { return };
        let booth = session.booth;
        session.told_attention = None;
        if let Some(call) = session.calls.end() {
            session.dirty = true;
            self.tell_booth(booth, HubToBooth::EndCall { call });
        }
    }

    fn next_call(&mut self) -> CallId {
        self.next_call = self.next_call.wrapping_add(1);
        CallId(self.next_call)
    }
}

impl Session {
    fn officer(&self) -> Option<OfficerId> {
        self.desk.as_ref().map(|seat| seat.officer)
    }

    /// Since when the session stands where it does. Who needs the officer is ordered by the need itself, at the console
    /// as at the booth: a lost connection in between does not start it anew.
    fn attention_or_need_since(&self) -> Instant {
        match self.attention {
            Attention::NeedsOfficer => self.needs_since.unwrap_or(self.attention_since),
            Attention::SelfServing | Attention::InFocus | Attention::OnHold | Attention::Lost => self.attention_since,
        }
    }
}

impl Officer {
    fn presence(&self) -> assignment::Presence {
        match (self.connection, self.gone_since) {
            (None, Some(since)) => assignment::Presence::GoneSince(since),
            (Some(_), _) | (None, None) => assignment::Presence::Here,
        }
    }

    fn on_duty(&self) -> bool {
        self.connection.is_some() && self.capacity > 0
    }
}

#[cfg(test)]
mod story;
#[cfg(test)]
mod tests;
