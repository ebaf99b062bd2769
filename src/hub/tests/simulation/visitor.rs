//! Whoever comes to a booth, and the officer: what they do next, by the page that they see.

use super::booth::Booth;
use super::hub::Hub;
use super::keys::OFFICER;
use super::scheduler::{Happening, Scene};
use bilik_claim::ids::{ClaimId, SessionId};
use bilik_claim::reason::Reason;
use bilik_claim::session::item::Field;
use bilik_claim::session::{
    CallNews, CardReading, Ending, Event, HubNews, Key, Overlay, Page, PendingPhoto, ReaderNews, Session, Standby,
    Stroke, Tap,
};
use bilik_claim::wire::{Assignment, CallMode, Decision, Verdict};
use jiff::civil::Date;
use std::time::Duration;

/// So often something is tried again before somebody gives up.
const TRIES: u32 = 5;

#[derive(Default)]
pub struct Visitor {
    /// Has walked away, and leaves the page as it is.
    away: bool,
    /// What was of no use so far.
    tries: u32,
    /// What they thought of it, until the hub has heard it.
    pub rated: Option<(ClaimId, u8)>,
}

impl Booth {
    /// Lets the visitor do something, and says when they will do the next thing.
    pub fn visited(&mut self, scene: &mut Scene) -> Result<Duration, String> {
        let today = self.today(scene);
        let Some(running) = &mut self.running else { return Ok(Duration::ZERO) };
        if running.session.visit().is_none() {
            running.visitor = Visitor { away: scene.dice.percent(3), tries: 0, rated: None };
            if scene.now >= scene.climate.closes || running.session.page() != Page::Welcome {
                return Ok(Duration::from_secs(30));
            }
            self.feed(Event::Tap(Tap::Start), scene)?;
            return Ok(scene.pause(500, 5_000));
        }
        if scene.dice.percent(1) {
            running.visitor.away = true;
        }
        if running.visitor.away {
            // The booth asks, and ends the visit by itself. Or a passer-by touches it.
            running.visitor.away = !scene.dice.percent(2);
            return Ok(scene.pause(5_000, 60_000));
        }
        let events = running.visitor.next(&running.session, today, scene);
        let typing = Duration::from_millis(events.len() as u64 * 150);
        events.into_iter().try_for_each(|event| self.feed(event, scene))?;
        let over = self.running.as_ref().is_none_or(|running| running.session.visit().is_none());
        let pause = if over { scene.climate.arrivals } else { 4_000 };
        Ok(scene.pause(200, pause) + typing)
    }

    /// The officer of a session does the next thing.
    pub fn served(&mut self, session: SessionId, hub: &Hub, scene: &mut Scene) -> Result<(), String> {
        let (booth, life) = (self.number(), self.life);
        let Some(running) = &mut self.running else { return Ok(()) };
        let Some(visit) = running.session.visit().filter(|visit| visit.id == session) else { return Ok(()) };
        let pause = scene.pause(1_000, 60_000);
        scene.after(pause, Happening::Officer { booth, life, session });
        if !running.connected || !hub.is_up() {
            return Ok(());
        }
        let say = scene.dice.below(100);
        let news = match &visit.desk.officer {
            None => {
                let assignment = match say {
                    0..50 => Assignment::Officer { officer: OFFICER, name: "Sari Specimen".into() },
                    50..75 => Assignment::Waiting { place: 1, expected_wait_s: 60 },
                    _ => Assignment::Nobody,
                };
                vec![HubNews::Assignment { session, assignment }]
            }
            Some(_) if running.session.page() != Page::Verification || visit.desk.mode != Some(CallMode::Focus) => {
                let mode = if say < 80 { CallMode::Focus } else { CallMode::Hold };
                vec![HubNews::Attention { session, mode, place: 0, expected_wait: Duration::ZERO }]
            }
            Some(_) if say < 3 => vec![HubNews::EndSession { session }],
            Some(_) if say < 10 => vec![HubNews::Assignment { session, assignment: Assignment::Nobody }],
            Some(_) => {
                let seen = running.session.published().map_or(0, |snapshot| snapshot.revision);
                let check = |item| HubNews::Check { session, item, verdict: Verdict::Correct, seen };
                let mut news: Vec<HubNews> = visit.draft.items().into_iter().map(check).collect();
                let returned = say < 20;
                if hub.decide(booth, session, !returned, scene) {
                    let reasons = vec!["synthetic reason".to_owned()];
                    let decision = if returned { Decision::Returned { reasons } } else { Decision::Verified };
                    news.push(HubNews::Decision { session, decision });
                }
                news
            }
        };
        self.feed(Event::Call(CallNews::Live), scene)?;
        news.into_iter().try_for_each(|news| self.feed(Event::Hub(news), scene))
    }
}

impl Visitor {
    fn next(&mut self, session: &Session, today: Date, scene: &mut Scene) -> Vec<Event> {
        let tap = |tap| vec![Event::Tap(tap)];
        let dice = &mut scene.dice;
        let Some(visit) = session.visit() else { return Vec::new() };
        match session.overlay() {
            Overlay::None => {}
            Overlay::StillThere { .. } => return tap(Tap::StillHere),
            Overlay::Help => return tap(Tap::CloseOverlay),
            Overlay::Leave => return tap(if dice.percent(30) { Tap::LeaveConfirmed } else { Tap::CloseOverlay }),
        }
        if dice.percent(5) {
            let any = [
                Tap::Language,
                Tap::TextSize,
                Tap::Contrast,
                Tap::Help,
                Tap::CallOfficer,
                Tap::Leave,
                Tap::Back,
                Tap::Skip,
                Tap::MoreReasons,
                Tap::ToggleMute,
                Tap::Finish,
                Tap::Next,
                Tap::ClearSignature,
                Tap::LeaveConfirmed,
            ];
            // To leave at once is for few.
            let sides = if dice.percent(10) { any.len() } else { any.len() - 1 };
            return tap(any[dice.below(sides)].clone());
        }
        self.tries += 1;
        if self.tries > 60 {
            return tap(Tap::LeaveConfirmed);
        }
        match session.page() {
            Page::Welcome | Page::OutOfService => Vec::new(),
            Page::Consent => tap(if dice.percent(3) { Tap::DeclineConsent } else { Tap::AcceptConsent }),
            Page::Identify if dice.percent(30) => tap(Tap::TypeInstead),
            Page::Identify => {
                let reading = CardReading::number("3171011708450001");
                vec![Event::Reader(ReaderNews::Card { reading, lay_there: false })]
            }
            Page::TypeIdentity => answer(visit.identity_field, session, today),
            Page::Reason => {
                let reasons =
                    [Reason::RetirementAge, Reason::ContractEnded, Reason::CompanyRetirement, Reason::Resigned];
                vec![Event::Tap(Tap::ChooseReason(reasons[dice.below(4)])), Event::Tap(Tap::Next)]
            }
            Page::Detail(Field::Balance) if dice.percent(90) => tap(Tap::Next),
            Page::Detail(field) => answer(field, session, today),
            Page::Documents if session.can_go_on(today) => tap(Tap::Next),
            Page::Documents => match &visit.pending_photo {
                None => tap(Tap::TakePhoto),
                Some(PendingPhoto::Asked { .. }) => Vec::new(),
                Some(PendingPhoto::Shown { .. }) => tap(Tap::UsePhoto),
                Some(PendingPhoto::Failed) => tap(Tap::RetakePhoto),
            },
            Page::Review => tap(Tap::Next),
            Page::Verification => {
                // In line, people wait.
                self.tries -= 1;
                if session.standby() == Standby::Nobody { tap(Tap::ContinueAlone) } else { tap(Tap::StillHere) }
            }
            Page::Sign if visit.signature.is_empty() => {
                let strokes = [Stroke::Start { x: 0.1, y: 0.5 }, Stroke::Move { x: 0.9, y: 0.4 }];
                strokes.map(|stroke| Event::Tap(Tap::Stroke(stroke))).into()
            }
            Page::Sign => tap(Tap::Next),
            Page::Finished => match &visit.ending {
                Ending::Open | Ending::Saving { .. } => Vec::new(),
                // Tried again, and at last given up.
                Ending::Failed { .. } if dice.below(TRIES as usize) == 0 => tap(Tap::LeaveConfirmed),
                Ending::Failed { .. } => tap(Tap::Finish),
                Ending::Kept { .. } | Ending::Confirmed { .. } if dice.percent(30) => {
                    tap(Tap::Rate(1 + dice.below(4) as u8))
                }
                Ending::Kept { .. } | Ending::Confirmed { .. } => tap(Tap::Finish),
            },
            Page::Returned => tap(Tap::Finish),
        }
    }
}

/// Types an answer, or goes on if it stands there.
fn answer(field: Field, session: &Session, today: Date) -> Vec<Event> {
    if session.can_go_on(today) {
        return vec![Event::Tap(Tap::Next)];
    }
    let text = match field {
        Field::Nik => "3171011708450001",
        Field::Kpj => "12345678901",
        Field::Name | Field::AccountHolder => "budi specimen",
        Field::EventDate => "03102026",
        Field::Phone => "08123456789",
        Field::Bank => return vec![Event::Tap(Tap::ChooseBank("BRI")), Event::Tap(Tap::Next)],
        Field::AccountNumber => "012345678901234",
        Field::Balance => "60000000",
        Field::TaxNumber => "123456782901000",
        Field::Reason => "",
    };
    let keys = text.chars().map(|key| Event::Tap(Tap::Key(Key::Character(key))));
    [Event::Tap(Tap::Key(Key::Clear))].into_iter().chain(keys).chain([Event::Tap(Tap::Next)]).collect()
}
