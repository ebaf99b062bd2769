//! All pages, each with the way to it.

use super::Visit;
use bilik_claim::identity::PhotoDoubt;
use bilik_claim::reason::Reason;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::session::{Event, HELP_AFTER, HubNews, OutOfService, ReaderNews, SAME_CARD_FOR, Tap};
use bilik_claim::wire::{Assignment, CallMode, Closing, Decision, Verdict};
use bilik_ui::Gesture;
use std::time::Duration;

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
    ("mend-number", |v| {
        v.verification(CallMode::Focus)?;
        v.ask_again();
        v.taps(&[Tap::Fix(Item::Field(Field::AccountNumber))])
    }),
    ("mend-text", |v| {
        v.verification(CallMode::Focus)?;
        let reason = "Nama di sini lain dari nama di KTP. ".repeat(5);
        v.check(Item::Field(Field::Name), Verdict::AskAgain { reason });
        v.taps(&[Tap::Fix(Item::Field(Field::Name))])
    }),
    ("mend-choice", |v| {
        v.verification(CallMode::Focus)?;
        let reason = "Buku tabungan dari bank lain.".into();
        v.check(Item::Field(Field::Bank), Verdict::AskAgain { reason });
        v.taps(&[Tap::Fix(Item::Field(Field::Bank))])
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
    ("closed", |v| {
        v.event(Event::OutOfService(Some(OutOfService::Closed(Closing::Cleaning))));
        Ok(())
    }),
    ("handed-over", |v| {
        v.verification(CallMode::Focus)?;
        v.officer(6, "Agus");
        Ok(())
    }),
    ("handed-over-typing", |v| {
        v.detail(Field::Name)?;
        v.officer(6, "Agus");
        Ok(())
    }),
    ("watched", |v| {
        v.verification(CallMode::Focus)?;
        v.ask_again();
        v.watched()
    }),
    ("watched-typing", |v| {
        v.detail(Field::Name)?;
        v.watched()
    }),
    ("notice", |v| {
        v.detail(Field::Phone)?;
        v.hub(HubNews::Disconnected);
        Ok(())
    }),
];
