//! How a session gets to each page, for pictures of all of them.

use crate::officer::drawing;
use crate::specimen;
use anyhow::bail;
use bilik_claim::document::DocumentKind;
use bilik_claim::identity::PhotoDoubt;
use bilik_claim::ids::{BoothId, OfficerId, TrackingCode, WallTime};
use bilik_claim::personal::PersonalBytes;
use bilik_claim::reason::Reason;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::session::{
    CallNews, CardReading, Device, Effect, Event, HELP_AFTER, HubNews, Key, Now, OutOfService, Page, PendingPhoto,
    PhotoOutcome, ReaderNews, SAME_CARD_FOR, Session, Stroke, Tap,
};
use bilik_claim::wire::{Assignment, CallMode, Decision, DeviceState, Verdict};
use bilik_ui::{AppWindow, DocumentsAdapter, Gesture, IdentifyAdapter, Officer};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use jiff::civil::date;
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};
use std::time::{Duration, Instant};
use uuid::Uuid;

type Play = fn(&mut Visit) -> anyhow::Result<()>;

/// Every page in every state that looks different.
pub const PAGES: &[(&str, Play)] = &[
    ("welcome", |_| Ok(())),
    ("welcome-no-officer", |v| {
        v.hub(HubNews::Office { officers_ready: 0, expected_wait: Duration::ZERO });
        Ok(())
    }),
    ("out-of-service", |v| {
        v.event(Event::OutOfService(Some(OutOfService::DiskFull)));
        Ok(())
    }),
    ("consent", |v| v.taps(&[Tap::Start])),
    ("identify", Visit::identify),
    ("identify-problem", |v| {
        v.identify()?;
        v.card("0071011708450001");
        Ok(())
    }),
    ("identify-help", |v| {
        v.identify()?;
        for _ in 0..HELP_AFTER {
            v.event(Event::Reader(ReaderNews::Unreadable));
            v.elapsed += SAME_CARD_FOR;
        }
        Ok(())
    }),
    ("identify-hold", |v| {
        v.gesture = Gesture::Hold;
        v.identify()
    }),
    ("identify-swipe", |v| {
        v.gesture = Gesture::Swipe;
        v.identify()
    }),
    ("identify-no-reader", |v| {
        v.identify()?;
        v.event(Event::Reader(ReaderNews::Lost));
        Ok(())
    }),
    ("type-identity", |v| {
        v.identify()?;
        v.taps(&[Tap::TypeInstead])?;
        v.keys("31710117084500");
        Ok(())
    }),
    ("reason", |v| v.reason(Reason::LaidOff)),
    ("reason-more", |v| {
        v.reason(Reason::LaidOff)?;
        v.taps(&[Tap::MoreReasons])
    }),
    ("detail-kpj", |v| v.detail(Field::Kpj)),
    ("detail-name", |v| v.detail(Field::Name)),
    ("detail-date", |v| v.detail(Field::EventDate)),
    ("detail-phone", |v| v.detail(Field::Phone)),
    ("detail-bank", |v| v.detail(Field::Bank)),
    ("detail-account", |v| v.detail(Field::AccountNumber)),
    ("detail-holder", |v| v.detail(Field::AccountHolder)),
    ("detail-balance", |v| v.detail(Field::Balance)),
    ("detail-tax-number", |v| v.detail(Field::TaxNumber)),
    ("documents", |v| v.documents(2, None)),
    ("documents-blurred", |v| v.documents(2, Some(PhotoDoubt::Blurred))),
    ("documents-choice", |v| v.documents(4, None)),
    ("review", Visit::review),
    ("verification-waiting", |v| {
        v.review()?;
        v.assignment(Assignment::Waiting { place: 2, expected_wait_s: 170 });
        v.taps(&[Tap::Next])
    }),
    ("verification-seen", |v| v.verification(CallMode::Tile)),
    ("verification-hold", |v| {
        v.verification(CallMode::Hold)?;
        v.ask_again();
        Ok(())
    }),
    ("verification-focus", |v| {
        v.verification(CallMode::Focus)?;
        v.check(Item::Field(Field::Nik), Verdict::Correct);
        v.check(Item::Field(Field::Kpj), Verdict::Correct);
        v.ask_again();
        let session = v.session_id()?;
        v.hub(HubNews::Message { session, text: "Tolong perlihatkan buku tabungan lebih dekat ke kamera.".into() });
        Ok(())
    }),
    ("verification-nobody", |v| {
        v.review()?;
        v.hub(HubNews::Disconnected);
        v.taps(&[Tap::Next])
    }),
    ("sign", Visit::sign),
    ("finished-saving", |v| {
        v.sign()?;
        v.taps(&[Tap::Next])
    }),
    ("finished-kept", |v| v.finished(false)),
    ("finished-confirmed", |v| v.finished(true)),
    ("finished-failed", |v| {
        v.sign()?;
        v.taps(&[Tap::Next])?;
        let claim = v.claim()?;
        v.event(Event::KeepFailed { claim });
        Ok(())
    }),
    ("returned", |v| {
        v.verification(CallMode::Focus)?;
        v.ask_again();
        let session = v.session_id()?;
        let reasons = vec!["Bawa buku tabungan atas nama Anda sendiri.".into()];
        v.hub(HubNews::Decision { session, decision: Decision::Returned { reasons } });
        Ok(())
    }),
    ("help", |v| {
        v.detail(Field::Phone)?;
        v.taps(&[Tap::Help])
    }),
    ("still-there", |v| {
        v.detail(Field::Phone)?;
        v.elapsed += Duration::from_secs(60);
        v.event(Event::Tick);
        Ok(())
    }),
    ("leave", |v| {
        v.detail(Field::Phone)?;
        v.taps(&[Tap::Leave])
    }),
    ("notice", |v| {
        v.detail(Field::Phone)?;
        v.hub(HubNews::Disconnected);
        Ok(())
    }),
];

/// A session on a day that is always the same.
pub struct Visit {
    pub session: Session,
    start: Instant,
    elapsed: Duration,
    effects: Vec<Effect>,
    gesture: Gesture,
}

impl Visit {
    pub fn new(english: bool, contrast: bool, text_size: usize) -> anyhow::Result<Self> {
        let start = Instant::now();
        let mut next = 0_u128;
        let ids = move || {
            next += 1;
            Uuid::from_u128(next)
        };
        let session = Session::new(BoothId(Uuid::from_u128(99)), start, ids);
        let mut visit = Self { session, start, elapsed: Duration::ZERO, effects: Vec::new(), gesture: Gesture::Lay };
        for device in [Device::Reader, Device::Camera, Device::DocumentCamera, Device::Microphone] {
            visit.event(Event::Device { device, state: DeviceState::Ready });
        }
        visit.hub(HubNews::Connected);
        visit.hub(HubNews::Office { officers_ready: 2, expected_wait: Duration::from_secs(160) });
        if english {
            visit.taps(&[Tap::Language])?;
        }
        if contrast {
            visit.taps(&[Tap::Contrast])?;
        }
        for _ in 0..text_size {
            visit.taps(&[Tap::TextSize])?;
        }
        Ok(visit)
    }

    pub fn now(&self) -> Now {
        Now { instant: self.start + self.elapsed, wall: WallTime(1_795_000_000_000), today: date(2026, 11, 22) }
    }

    /// What the cameras would show, and how the reader is used.
    pub fn pictures(&self, window: &AppWindow) {
        window.global::<IdentifyAdapter>().set_gesture(self.gesture);
        let officer = window.global::<Officer>();
        if officer.get_live() {
            officer.set_picture(picture(&drawing(8)));
            officer.set_has_picture(true);
            officer.set_self_view(picture(&drawing(20)));
            officer.set_has_self_view(true);
        }
        let documents = window.global::<DocumentsAdapter>();
        if self.session.page() == Page::Documents && !documents.get_has_preview() {
            documents.set_preview(picture(&paper()));
            documents.set_has_preview(true);
        }
    }

    fn event(&mut self, event: Event) {
        let effects = self.session.handle(event, self.now());
        self.effects.extend(effects);
    }

    fn hub(&mut self, news: HubNews) {
        self.event(Event::Hub(news));
    }

    fn taps(&mut self, taps: &[Tap]) -> anyhow::Result<()> {
        for tap in taps {
            self.event(Event::Tap(tap.clone()));
        }
        Ok(())
    }

    fn keys(&mut self, text: &str) {
        for character in text.chars() {
            self.event(Event::Tap(Tap::Key(Key::Character(character))));
        }
    }

    fn card(&mut self, digits: &str) {
        self.event(Event::Reader(ReaderNews::Card { reading: CardReading::number(digits), lay_there: false }));
    }

    fn session_id(&self) -> anyhow::Result<bilik_claim::ids::SessionId> {
        self.session.visit().map(|visit| visit.id).ok_or_else(|| anyhow::anyhow!("no visit"))
    }

    fn assignment(&mut self, assignment: Assignment) {
        if let Ok(session) = self.session_id() {
            self.hub(HubNews::Assignment { session, assignment });
        }
    }

    fn check(&mut self, item: Item, verdict: Verdict) {
        if let Ok(session) = self.session_id() {
            self.hub(HubNews::Check { session, item, verdict, seen: u32::MAX });
        }
    }

    fn ask_again(&mut self) {
        let reason = "Nomor tidak sama dengan buku tabungan.".into();
        self.check(Item::Field(Field::AccountNumber), Verdict::AskAgain { reason });
        self.check(Item::Document(DocumentKind::BankBook), Verdict::AskAgain { reason: "Foto terpotong.".into() });
    }

    fn identify(&mut self) -> anyhow::Result<()> {
        self.taps(&[Tap::Start, Tap::AcceptConsent])?;
        self.assignment(Assignment::Officer { officer: OfficerId(Uuid::from_u128(5)), name: "Sari".into() });
        self.event(Event::Call(CallNews::Live));
        Ok(())
    }

    fn reason(&mut self, reason: Reason) -> anyhow::Result<()> {
        self.identify()?;
        self.card(specimen::NIK);
        self.taps(&[Tap::ChooseReason(reason)])
    }

    /// To the page of a field, which is half filled in.
    fn detail(&mut self, wanted: Field) -> anyhow::Result<()> {
        self.reason(Reason::LaidOff)?;
        self.taps(&[Tap::Next])?;
        while let Page::Detail(field) = self.session.page() {
            let text = match field {
                Field::Kpj => specimen::KPJ,
                Field::Name => specimen::NAME,
                Field::EventDate => "01112026",
                Field::Phone => specimen::PHONE,
                Field::AccountNumber => specimen::ACCOUNT,
                Field::Balance => "60000000",
                Field::TaxNumber => "123456782901000",
                Field::Bank | Field::AccountHolder | Field::Nik | Field::Reason => "",
            };
            if field == wanted {
                // A date within the waiting period and a foreign name show what a doubt looks like.
                let whole = matches!(field, Field::EventDate | Field::Balance | Field::Name);
                self.keys(if whole { text } else { &text[..text.len() * 4 / 5] });
                if field == Field::AccountHolder {
                    self.keys(" Wati");
                }
                if field == Field::Bank {
                    self.taps(&[Tap::ChooseBank("BRI")])?;
                }
                return Ok(());
            }
            self.keys(text);
            if field == Field::Bank {
                self.taps(&[Tap::ChooseBank("BRI")])?;
            }
            self.taps(&[Tap::Next])?;
            if self.session.page() == Page::Detail(field) {
                bail!("{field:?} was not accepted");
            }
        }
        if wanted == Field::Nik { Ok(()) } else { bail!("{wanted:?} has no page") }
    }

    fn photograph(&mut self, doubt: Option<PhotoDoubt>) -> anyhow::Result<()> {
        self.taps(&[Tap::TakePhoto])?;
        let pending = self.session.visit().and_then(|visit| visit.pending_photo.clone());
        let Some(PendingPhoto::Asked { request }) = pending else { bail!("no camera was asked") };
        let mut jpeg = Vec::new();
        JpegEncoder::new_with_quality(&mut jpeg, 85).encode_image(&paper())?;
        self.event(Event::Photo { request, outcome: PhotoOutcome::Taken { jpeg: PersonalBytes::new(jpeg), doubt } });
        Ok(())
    }

    /// To the documents page with so many taken, and one more lying there to be used or taken again.
    fn documents(&mut self, taken: usize, doubt: Option<PhotoDoubt>) -> anyhow::Result<()> {
        self.detail(Field::Nik)?;
        for _ in 0..taken {
            self.photograph(None)?;
            self.taps(&[Tap::UsePhoto])?;
        }
        // Where there is a choice of papers, the live picture is shown.
        if taken == 4 { Ok(()) } else { self.photograph(doubt) }
    }

    fn review(&mut self) -> anyhow::Result<()> {
        self.detail(Field::Nik)?;
        while self.session.page() == Page::Documents && !self.session.can_go_on(date(2026, 11, 22)) {
            self.photograph(None)?;
            self.taps(&[Tap::UsePhoto])?;
        }
        self.taps(&[Tap::Next])
    }

    fn verification(&mut self, mode: CallMode) -> anyhow::Result<()> {
        self.review()?;
        self.taps(&[Tap::Next])?;
        let session = self.session_id()?;
        self.hub(HubNews::Attention { session, mode, place: 1, expected_wait: Duration::from_secs(50) });
        Ok(())
    }

    fn sign(&mut self) -> anyhow::Result<()> {
        self.verification(CallMode::Focus)?;
        let items = self.session.visit().map(|visit| visit.draft.items()).unwrap_or_default();
        for item in items {
            self.check(item, Verdict::Correct);
        }
        let session = self.session_id()?;
        self.hub(HubNews::Decision { session, decision: Decision::Verified });
        for step in 0..60_u8 {
            let (x, y) = (0.2 + f32::from(step) * 0.01, 0.3 + 0.1 * (f32::from(step) * 0.35).sin());
            let stroke = if step == 0 { Stroke::Start { x, y } } else { Stroke::Move { x, y } };
            self.taps(&[Tap::Stroke(stroke)])?;
        }
        Ok(())
    }

    fn claim(&self) -> anyhow::Result<bilik_claim::ids::ClaimId> {
        let kept = self
            .effects
            .iter()
            .find_map(|effect| if let Effect::Keep(claim) = effect { Some(claim.record.claim) } else { None });
        kept.ok_or_else(|| anyhow::anyhow!("no claim was made"))
    }

    fn finished(&mut self, confirmed: bool) -> anyhow::Result<()> {
        self.sign()?;
        self.taps(&[Tap::Next])?;
        let claim = self.claim()?;
        self.event(Event::Kept { claim, tracking: TrackingCode::of(claim) });
        if confirmed {
            self.event(Event::Confirmed { claim });
            self.taps(&[Tap::Rate(3)])?;
        }
        Ok(())
    }
}

fn picture(image: &RgbImage) -> Image {
    Image::from_rgb8(SharedPixelBuffer::<Rgb8Pixel>::clone_from_slice(image.as_raw(), image.width(), image.height()))
}

/// A sheet with lines on a desk.
fn paper() -> RgbImage {
    RgbImage::from_fn(960, 540, |x, y| {
        let sheet = (200..760).contains(&x) && (40..500).contains(&y);
        let line = sheet && (260..700).contains(&x) && y > 90 && y < 440 && y % 34 < 8;
        Rgb(match (sheet, line) {
            (true, true) => [120, 120, 120],
            (true, false) => [250, 249, 244],
            (false, _) => [109, 106, 98],
        })
    })
}
