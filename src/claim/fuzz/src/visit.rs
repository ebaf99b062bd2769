//! A booth to which anything may happen, and what must hold all the while.
//!
//! One byte is one thing that happens, so that a seed can be written by hand and a finding be read. Lower-case letters,
//! digits and the blank are keys of the keyboard on the screen; the others are listed in [`Booth::happens`], where `next`
//! stands for a byte that says which.

mod watch;

use bilik_claim::document::DocumentKind;
use bilik_claim::identity::PhotoDoubt;
use bilik_claim::ids::{BoothId, ClaimId, OfficerId, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::{Personal, PersonalBytes};
use bilik_claim::reason::REASONS;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::session::{
    CallNews, CardEntry, CardReading, Device, Event, HubNews, Key, Now, OutOfService, PhotoOutcome, ReaderNews,
    Session, Stroke, Tap,
};
use bilik_claim::wire::{Assignment, CallMode, Decision, DeviceState, MAX_MESSAGE, MAX_VALUE, Verdict};
use jiff::civil::date;
use std::time::{Duration, Instant};
use uuid::Uuid;
use watch::Watch;

/// Longer than any wait of a session.
const LONG: Duration = Duration::from_secs(400);

/// A booth on a clock of its own, and what it has done so far.
pub struct Booth {
    session: Session,
    now: Instant,
    elapsed: Duration,
    watch: Watch,
}

impl Default for Booth {
    fn default() -> Self {
        Self::new()
    }
}

impl Booth {
    /// In service, with everything connected.
    pub fn new() -> Self {
        let (now, mut ids) = (Instant::now(), 0);
        let new_id = move || {
            ids += 1;
            Uuid::from_u128(ids)
        };
        let session = Session::new(BoothId(Uuid::from_u128(99)), now, new_id);
        let mut booth = Self { session, now, elapsed: Duration::ZERO, watch: Watch::default() };
        for device in [Device::Reader, Device::Camera, Device::DocumentCamera, Device::Microphone] {
            booth.handle(Event::Device { device, state: DeviceState::Ready });
        }
        booth.hub(HubNews::Connected);
        booth
    }

    /// Lets happen what a byte stands for.
    pub fn happens(&mut self, byte: u8, rest: &mut impl Iterator<Item = u8>) {
        let mut next = || usize::from(rest.next().unwrap_or(b'0'));
        match byte {
            b'a'..=b'z' | b'0'..=b'9' | b' ' => self.tap(Tap::Key(Key::Character(char::from(byte)))),
            b'`' => self.tap(Tap::Key(Key::Character(char::from_u32(next() as u32 * 0x135).unwrap_or('\u{202e}')))),
            b'<' => self.tap(Tap::Key(Key::Backspace)),
            b'~' => self.tap(Tap::Key(Key::Clear)),
            b'S' => self.tap(Tap::Start),
            b'A' => self.tap(Tap::AcceptConsent),
            b'D' => self.tap(Tap::DeclineConsent),
            b'N' => self.tap(Tap::Next),
            b'B' => self.tap(Tap::Back),
            b'K' => self.tap(Tap::Skip),
            b'T' => self.tap(Tap::TypeInstead),
            b'I' => self.tap(Tap::IdentityField(field(next()))),
            b'R' => self.tap(Tap::ChooseReason(REASONS[next() % REASONS.len()].reason)),
            b'"' => self.tap(Tap::MoreReasons),
            b'J' => self.tap(Tap::ChooseBank(["BRI", "BCA", "", "no such bank"][next() % 4])),
            b'G' => self.tap(Tap::SelectDocument(next())),
            b'V' => self.tap(Tap::ChooseAlternative(kind(next()))),
            b'P' => self.tap(Tap::TakePhoto),
            b'Q' => self.tap(Tap::RetakePhoto),
            b'U' => self.tap(Tap::UsePhoto),
            b'*' => self.photo(next()),
            b'M' => self.tap(Tap::Fix(item(next()))),
            b'E' => self.tap(Tap::ContinueAlone),
            b'Z' => self.draw(next()),
            b'!' => self.tap(Tap::ClearSignature),
            b'O' => self.tap(Tap::Rate(next() as u8 & 7)),
            b'F' => self.tap(Tap::Finish),
            b'L' => self.tap(Tap::Leave),
            b'X' => self.tap(Tap::LeaveConfirmed),
            b'Y' => self.tap(Tap::StillHere),
            b'H' => self.tap(Tap::Help),
            b'W' => self.tap(Tap::CallOfficer),
            b'C' => self.tap(Tap::CloseOverlay),
            b'$' => self.tap(Tap::ToggleMute),
            b'(' => self.tap(Tap::Language),
            b')' => self.tap(Tap::TextSize),
            b'|' => self.tap(Tap::Contrast),
            b'#' => self.card(next()),
            b'@' => self.wait(Duration::from_secs(next() as u64)),
            b'{' => self.hub(HubNews::Connected),
            b'}' => self.hub(HubNews::Disconnected),
            b'[' => self.assignment(next()),
            b']' => self.attention(next()),
            b'?' => self.check(item(next()), Verdict::Correct, self.watch.revision()),
            b'/' => self.check(item(next()), Verdict::AskAgain { reason: words(MAX_MESSAGE) }, self.watch.revision()),
            b'_' => self.check(item(next()), Verdict::Pending, 0),
            b'\\' => (0..ITEMS).for_each(|n| self.check(item(n), Verdict::Correct, self.watch.revision())),
            b'.' => self.decide(Decision::Verified),
            b',' => self.decide(Decision::Returned { reasons: vec![words(MAX_MESSAGE); next() % 65] }),
            b'\'' => self.hub(HubNews::Message { session: self.id(), text: words(next() * 4 % MAX_MESSAGE) }),
            b'>' => self.hub(HubNews::EndSession { session: self.id() }),
            b'=' => self.stale(next()),
            b'&' => {
                let news = [CallNews::Connecting, CallNews::Live, CallNews::Interrupted, CallNews::Ended];
                self.handle(Event::Call(news[next() % 4]));
            }
            b'%' => self.device(next()),
            b'^' => self.handle(Event::OutOfService((next() % 2 == 1).then_some(OutOfService::QueueFailed))),
            b'+' => self.kept(self.watch.claim()),
            b'-' => self.handle(Event::KeepFailed { claim: self.watch.claim() }),
            b':' => self.handle(Event::Confirmed { claim: self.watch.claim() }),
            b';' => self.kept(ClaimId(Uuid::from_u128(u128::MAX))),
            _ => self.handle(Event::Tick),
        }
    }

    /// Nobody comes, and nothing happens any more: the booth finds back to its first page by itself.
    pub fn is_left_alone(&mut self) {
        for _ in 0..4 {
            self.wait(LONG);
        }
        self.watch.is_over(&self.session);
    }

    fn handle(&mut self, event: Event) {
        let now =
            Now { instant: self.now + self.elapsed, wall: WallTime(1_795_000_000_000), today: date(2026, 11, 22) };
        self.watch.before(&event);
        let effects = self.session.handle(event, now);
        self.watch.after(&effects, &self.session);
    }

    fn tap(&mut self, tap: Tap) {
        self.handle(Event::Tap(tap));
    }

    fn hub(&mut self, news: HubNews) {
        self.handle(Event::Hub(news));
    }

    /// The running visit, or one that never was.
    fn id(&self) -> SessionId {
        self.session.visit().map_or(SessionId(Uuid::nil()), |visit| visit.id)
    }

    /// Time passes, with a tick whenever the session has asked for one.
    fn wait(&mut self, time: Duration) {
        let until = self.elapsed + time;
        let mut ticks = 0;
        while let Some(due) = self.session.deadline().map(|due| due.saturating_duration_since(self.now)) {
            if due > until {
                break;
            }
            ticks += 1;
            assert!(ticks < 100, "asks to be woken again and again");
            self.elapsed = self.elapsed.max(due);
            self.handle(Event::Tick);
        }
        self.elapsed = until;
        self.handle(Event::Tick);
    }

    fn card(&mut self, which: usize) {
        let entry = |field, text: &str| CardEntry { field, text: Personal::new(text) };
        let entries = match which % 8 {
            0 => vec![entry(None, "3171011708450001")],
            1 => vec![entry(None, "12345678901")],
            2 => vec![entry(None, "123456782901000")],
            3 => vec![entry(None, "9999999999999999")],
            4 => vec![entry(Some(Field::Nik), "3171011708450001"), entry(Some(Field::Name), "BUDI SPECIMEN")],
            5 => vec![entry(Some(Field::Name), &words(4 * MAX_VALUE)), entry(Some(field(which)), &words(MAX_VALUE))],
            6 => vec![entry(Some(Field::Kpj), "12345678901"), entry(Some(Field::AccountHolder), "\u{202e}")],
            _ => Vec::new(),
        };
        let news = match which {
            0x80..0x90 => ReaderNews::Reading,
            0x90..0xa0 => ReaderNews::Unreadable,
            0xa0..0xb0 => ReaderNews::Lost,
            0xb0..0xc0 => ReaderNews::Ready,
            _ => ReaderNews::Card { reading: CardReading { entries }, lay_there: which & 0x40 != 0 },
        };
        self.handle(Event::Reader(news));
    }

    /// The camera answers, perhaps to a question that was asked before.
    fn photo(&mut self, which: usize) {
        let doubt = [None, None, Some(PhotoDoubt::Blurred), Some(PhotoDoubt::Glare)][which % 4];
        let jpeg = PersonalBytes::new(vec![which as u8; 1 + which]);
        let outcome = if which & 4 == 0 { PhotoOutcome::Taken { jpeg, doubt } } else { PhotoOutcome::Failed };
        let request = if which & 8 == 0 { self.watch.request() } else { which as u32 };
        self.handle(Event::Photo { request, outcome });
    }

    fn draw(&mut self, byte: usize) {
        let part = |bits: usize| [0.0, 0.25, 0.9, 1.0, -1.0, 7.0, f32::NAN, f32::INFINITY][bits & 7];
        let (x, y) = (part(byte), part(byte >> 3));
        self.tap(Tap::Stroke(if byte & 0x40 == 0 { Stroke::Start { x, y } } else { Stroke::Move { x, y } }));
    }

    fn assignment(&mut self, which: usize) {
        let name = words(if which & 4 == 0 { 8 } else { MAX_VALUE });
        let assignment = match which % 4 {
            0 | 1 => Assignment::Officer { officer: OfficerId(Uuid::from_u128(500 + (which % 2) as u128)), name },
            2 => Assignment::Waiting { place: which as u16, expected_wait_s: u32::MAX },
            _ => Assignment::Nobody,
        };
        self.hub(HubNews::Assignment { session: self.id(), assignment });
    }

    fn attention(&mut self, which: usize) {
        let mode = [CallMode::Focus, CallMode::Tile, CallMode::Hold][which % 3];
        let expected_wait = Duration::from_secs(which as u64);
        self.hub(HubNews::Attention { session: self.id(), mode, place: which as u16, expected_wait });
    }

    fn check(&mut self, item: Item, verdict: Verdict, seen: u32) {
        self.hub(HubNews::Check { session: self.id(), item, verdict, seen });
    }

    fn decide(&mut self, decision: Decision) {
        self.hub(HubNews::Decision { session: self.id(), decision });
    }

    /// The hub speaks of a visit that is over, or of none.
    fn stale(&mut self, which: usize) {
        let session = SessionId(Uuid::from_u128(if which & 8 == 0 { 1 } else { u128::MAX }));
        self.hub(match which % 4 {
            0 => HubNews::EndSession { session },
            1 => HubNews::Decision { session, decision: Decision::Verified },
            2 => HubNews::Message { session, text: words(9) },
            _ => HubNews::Office { officers_ready: which as u16, expected_wait: Duration::from_secs(which as u64) },
        });
    }

    fn device(&mut self, which: usize) {
        let device = [Device::Reader, Device::Camera, Device::DocumentCamera, Device::Microphone][which % 4];
        let state = [DeviceState::Absent, DeviceState::Ready, DeviceState::Missing][which / 4 % 3];
        self.handle(Event::Device { device, state });
    }

    fn kept(&mut self, claim: ClaimId) {
        self.handle(Event::Kept { claim, tracking: TrackingCode::of(claim) });
    }
}

/// Rows that a checklist may have.
const ITEMS: usize = Field::ALL.len() + DocumentKind::ALL.len();

fn field(number: usize) -> Field {
    Field::ALL[number % Field::ALL.len()]
}

fn kind(number: usize) -> DocumentKind {
    DocumentKind::ALL[number % DocumentKind::ALL.len()]
}

fn item(number: usize) -> Item {
    let number = number % ITEMS;
    if number < Field::ALL.len() { Item::Field(field(number)) } else { Item::Document(kind(number - Field::ALL.len())) }
}

/// A text of so many characters, none of them of one byte.
fn words(length: usize) -> String {
    "é".repeat(length)
}
