//! From frames to events, at a pace that a person could cause.
//!
//! A defective reader, a wrong baud rate or a mischievous cable can produce thousands of frames a second. Whoever receives the
//! events must not have to defend itself, so the gate lets pass what a participant can use and counts the rest:
//!
//! - A frame is announced (`Reading`) if the pace of frames allows it: [`FRAMES_BURST`] at once, then one per [`FRAME_EVERY`].
//!   The result of an announced frame always follows, so that no screen stays at "reading".
//! - The result of any other frame is held back if it is a fault. If it is a card it passes at a pace of its own,
//!   [`CARDS_BURST`] at once, then one per [`CARD_EVERY`]: a good card gets through a flood of noise.
//! - A doubt about the line passes once per [`DOUBT_EVERY`].
//!
//! A thousand good cards in a second are a flood too: a booth has one participant at a time, so most are held back. What the
//! decoder found is seen in full by whoever watches the reader ([`Watch::Framed`](crate::Watch::Framed)).
//!
//! Pure: time is an argument.

use crate::framing::{Fault, Output};
use crate::profile::PayloadSettings;
use crate::reader::ReaderEvent;
use crate::scan::{Scan, Unreadable};
use std::time::{Duration, Instant};

/// Frames that may be announced at once.
const FRAMES_BURST: u32 = 8;
/// Sustained interval of announced frames, and of reports on bytes outside of frames.
const FRAME_EVERY: Duration = Duration::from_millis(250);
/// Cards from unannounced frames that may pass at once.
const CARDS_BURST: u32 = 2;
/// Sustained interval of cards from unannounced frames.
const CARD_EVERY: Duration = Duration::from_millis(500);
/// Shortest interval of doubts about the line.
const DOUBT_EVERY: Duration = Duration::from_secs(10);

/// Turns what a decoder found into events.
#[derive(Debug)]
pub(crate) struct Gate {
    frames: Pace,
    cards: Pace,
    doubts: Pace,
    announced: bool,
    held_back: u64,
    payload: PayloadSettings,
}

impl Gate {
    pub(crate) fn new(payload: PayloadSettings) -> Self {
        Self {
            frames: Pace::new(FRAMES_BURST, FRAME_EVERY),
            cards: Pace::new(CARDS_BURST, CARD_EVERY),
            doubts: Pace::new(1, DOUBT_EVERY),
            announced: false,
            held_back: 0,
            payload,
        }
    }

    /// The event for `output`, if one is due. Answers to the reader are none of the gate's business.
    pub(crate) fn pass(&mut self, output: Output<'_>, now: Instant) -> Option<ReaderEvent> {
        match output {
            Output::Begun => {
                self.announced = self.frames.admits(now);
                self.announced.then_some(ReaderEvent::Reading)
            }
            Output::Payload(payload) => match Scan::read(payload, &self.payload) {
                Ok(scan) => {
                    let due = self.take_announced() || self.cards.admits(now);
                    self.due(due, ReaderEvent::Scan(scan))
                }
                Err(reason) => {
                    let due = self.take_announced();
                    self.due(due, ReaderEvent::Unreadable(reason))
                }
            },
            Output::Fault(fault) => {
                let due = match fault {
                    Fault::Stray => self.frames.admits(now),
                    Fault::TooLong | Fault::BadCheck | Fault::Damaged | Fault::Cut | Fault::Empty => {
                        self.take_announced()
                    }
                };
                self.due(due, ReaderEvent::Unreadable(Unreadable::from(fault)))
            }
            Output::Reply(_) | Output::Answer(_) => None,
        }
    }

    /// Whether a doubt about the line may be reported now.
    pub(crate) fn admits_doubt(&mut self, now: Instant) -> bool {
        self.doubts.admits(now)
    }

    /// The line is lost: the frame under way will have no result.
    pub(crate) fn reset_frame(&mut self) {
        self.announced = false;
    }

    /// How many results were held back since the last call.
    pub(crate) fn take_held_back(&mut self) -> u64 {
        std::mem::take(&mut self.held_back)
    }

    fn take_announced(&mut self) -> bool {
        std::mem::take(&mut self.announced)
    }

    fn due(&mut self, due: bool, event: ReaderEvent) -> Option<ReaderEvent> {
        if !due {
            self.held_back = self.held_back.saturating_add(1);
        }
        due.then_some(event)
    }
}

/// Admits `burst` things at once and one per `every` in the long run.
#[derive(Debug)]
struct Pace {
    every: Duration,
    /// How far `booked` may run ahead of the clock.
    ahead: Duration,
    /// Up to when the admitted things use up the time, at one per `every`.
    booked: Option<Instant>,
}

impl Pace {
    fn new(burst: u32, every: Duration) -> Self {
        Self { every, ahead: every * burst.saturating_sub(1), booked: None }
    }

    fn admits(&mut self, now: Instant) -> bool {
        let booked = self.booked.map_or(now, |booked| booked.max(now));
        let admitted = booked.duration_since(now) <= self.ahead;
        if admitted {
            self.booked = Some(booked + self.every);
        }
        admitted
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::framing::{Evidence, Payload};

    const CARD: Output<'static> = line(b"3171011708450001");
    const JUNK: Output<'static> = line(b"junk");

    const fn line(bytes: &[u8]) -> Output<'_> {
        Output::Payload(Payload { bytes, symbology: None, evidence: Evidence::Terminator })
    }

    /// One letter per event that passes.
    fn letters(gate: &mut Gate, outputs: &[Output<'_>], now: Instant) -> String {
        outputs
            .iter()
            .filter_map(|output| gate.pass(*output, now))
            .map(|event| match event {
                ReaderEvent::Reading => 'r',
                ReaderEvent::Scan(_) => 'C',
                ReaderEvent::Unreadable(_) => 'u',
                ReaderEvent::Ready | ReaderEvent::Lost { .. } | ReaderEvent::Doubt(_) => {
                    panic!("the gate knows no line")
                }
            })
            .collect()
    }

    #[test]
    fn what_people_do_passes() {
        let (start, mut gate) = (Instant::now(), Gate::new(PayloadSettings::default()));
        for second in 0..100 {
            let now = start + Duration::from_secs(second);
            assert_eq!(letters(&mut gate, &[Output::Begun, CARD], now), "rC");
            assert_eq!(letters(&mut gate, &[Output::Begun, JUNK], now), "ru");
            assert_eq!(letters(&mut gate, &[Output::Begun, Output::Fault(Fault::Cut)], now), "ru");
            assert_eq!(letters(&mut gate, &[Output::Answer(&[6])], now), "");
        }
        assert_eq!(gate.take_held_back(), 0);
    }

    #[test]
    fn a_flood_is_thinned_and_a_card_gets_through_it() {
        let (start, mut gate) = (Instant::now(), Gate::new(PayloadSettings::default()));
        let mut passed = String::new();
        for ms in 0..10_000 {
            let now = start + Duration::from_millis(ms);
            passed += &letters(&mut gate, &[Output::Begun, JUNK, Output::Fault(Fault::Stray)], now);
        }
        let events = passed.len() as u64;
        // Ten seconds: the burst and 40 more, each with at most two events.
        assert!((40..=2 * (40 + u64::from(FRAMES_BURST))).contains(&events), "{events}");
        assert_eq!(passed.matches('r').count(), passed.matches("ru").count(), "an announced frame has its result");
        let held_back = gate.take_held_back();
        assert_eq!(held_back + passed.matches('u').count() as u64, 20_000);
        assert_eq!(gate.take_held_back(), 0);

        let now = start + Duration::from_millis(9_999);
        assert_eq!(letters(&mut gate, &[Output::Begun, CARD], now), "C");
        let cards = (0..1000).map(|_| letters(&mut gate, &[Output::Begun, CARD], now)).collect::<String>();
        assert_eq!(cards.len(), CARDS_BURST as usize - 1);
        assert_eq!(letters(&mut gate, &[Output::Begun, CARD], now + CARD_EVERY), "rC");
    }

    #[test]
    fn a_lost_line_ends_the_announcement() {
        let (now, mut gate) = (Instant::now(), Gate::new(PayloadSettings::default()));
        assert_eq!(letters(&mut gate, &[Output::Begun], now), "r");
        gate.reset_frame();
        assert_eq!(letters(&mut gate, &[JUNK], now), "");
    }

    #[test]
    fn doubts_are_rare() {
        let (now, mut gate) = (Instant::now(), Gate::new(PayloadSettings::default()));
        let admitted = (0..30_000).filter(|ms| gate.admits_doubt(now + Duration::from_millis(*ms))).count();
        assert_eq!(admitted, 3);
    }

    #[test]
    fn pace() {
        let start = Instant::now();
        let at = |ms| start + Duration::from_millis(ms);
        let mut pace = Pace::new(3, Duration::from_millis(100));
        let table = [(0, true), (0, true), (0, true), (0, false), (99, false), (100, true), (100, false), (900, true)];
        for (ms, expected) in table {
            assert_eq!(pace.admits(at(ms)), expected, "at {ms} ms");
        }
    }
}
