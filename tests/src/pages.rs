//! How a session gets to each page, for pictures of all of them.

mod list;

pub use list::PAGES;

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
    CallNews, CardReading, Device, Effect, Event, HubNews, Key, Now, Page, PendingPhoto, PhotoOutcome, ReaderNews,
    Session, Stroke, Tap,
};
use bilik_claim::wire::{Assignment, CallMode, Decision, DeviceState, Verdict};
use bilik_ui::{AppWindow, DocumentsAdapter, Gesture, IdentifyAdapter, Officer};
use image::codecs::jpeg::JpegEncoder;
use image::{Rgb, RgbImage};
use jiff::civil::date;
use slint::{ComponentHandle as _, Image, Rgb8Pixel, SharedPixelBuffer};
use std::time::{Duration, Instant};
use uuid::Uuid;

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

    fn officer(&mut self, id: u128, name: &str) {
        self.assignment(Assignment::Officer { officer: OfficerId(Uuid::from_u128(id)), name: name.into() });
    }

    fn watched(&mut self) -> anyhow::Result<()> {
        let session = self.session_id()?;
        self.hub(HubNews::Watched { session, watched: true });
        Ok(())
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
        self.officer(5, "Sari");
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
