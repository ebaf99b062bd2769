//! Two small decisions about time, kept apart from the clock: when a keyframe may be made, and when a path counts as dead.

use std::time::{Duration, Instant};

/// Least time between two keyframes on request. A keyframe is many times the size of another picture: answering every request
/// of a lossy path would make the loss worse.
pub(crate) const KEYFRAME_LEAST: Duration = Duration::from_millis(300);

/// Lets keyframe requests through at a limited rate. A request that comes too early is not lost but served when it is due.
#[derive(Debug, Default)]
pub(crate) struct KeyframeGate {
    last: Option<Instant>,
    due: Option<Instant>,
}

impl KeyframeGate {
    /// Notes a request. `true` if the keyframe is to be made now.
    pub fn request(&mut self, now: Instant) -> bool {
        let earliest = self.last.map_or(now, |last| last + KEYFRAME_LEAST);
        self.due = Some(self.due.map_or(earliest, |due| due.min(earliest)));
        self.poll(now)
    }

    /// `true` if a keyframe that was put off is to be made now.
    pub fn poll(&mut self, now: Instant) -> bool {
        let open = self.due.is_some_and(|due| due <= now);
        if open {
            self.due = None;
            self.last = Some(now);
        }
        open
    }

    /// When [`KeyframeGate::poll`] is next worth calling.
    pub fn due(&self) -> Option<Instant> {
        self.due
    }
}

/// Silence after which a path that carries media counts as interrupted. An officer's small picture comes every 125 ms, and browsers
/// report four times a second or more often on what we send; people should read that the call is cut within 1.5 s.
pub(crate) const SILENCE_WITH_MEDIA: Duration = Duration::from_millis(1000);

/// Silence after which a path that carried only keep-alives counts as interrupted. Browsers check the path about every 2.5 s
/// (RFC 7675 asks for 5 s with a spread of 20 %): this allows for one lost check.
pub(crate) const SILENCE_WITHOUT_MEDIA: Duration = Duration::from_secs(8);

/// How much older than the last packet the last media packet may be if media is still "flowing".
const MEDIA_RECENT: Duration = Duration::from_millis(600);

/// Tells a dead path from an officer who stopped sending.
///
/// That streams pause does not say that the path is dead: an officer who puts the booth on hold stops them too. What counts is
/// whether *anything* is heard, and how soon something should have been.
#[derive(Debug)]
pub(crate) struct PathWatch {
    last_packet: Instant,
    last_media: Option<Instant>,
    held: bool,
}

impl PathWatch {
    /// Starts with a path that works now.
    pub fn new(now: Instant) -> Self {
        Self { last_packet: now, last_media: None, held: false }
    }

    /// Any packet of the peer arrived.
    pub fn packet(&mut self, now: Instant) {
        self.last_packet = now;
    }

    /// A media packet of the peer arrived.
    pub fn media(&mut self, now: Instant) {
        self.last_packet = now;
        self.last_media = Some(now);
    }

    /// A packet of our pictures left: the browser reports what it gets.
    pub fn sent(&mut self, now: Instant) {
        if !self.held {
            self.last_media = Some(now);
        }
    }

    /// On hold neither side sends media, and nothing of ours is reported on: only keep-alives are to be expected.
    pub fn hold(&mut self, held: bool) {
        self.held = held;
        self.last_media = None;
    }

    /// Whether the path counts as interrupted.
    pub fn interrupted(&self, now: Instant) -> bool {
        self.interrupted_from() <= now
    }

    /// From when on the path counts as interrupted if nothing is heard until then.
    pub fn interrupted_from(&self) -> Instant {
        let flowing = !self.held && self.last_media.is_some_and(|media| media + MEDIA_RECENT >= self.last_packet);
        self.last_packet + if flowing { SILENCE_WITH_MEDIA } else { SILENCE_WITHOUT_MEDIA }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn ms(millis: u64) -> Duration {
        Duration::from_millis(millis)
    }

    #[test]
    fn keyframes_are_spaced_and_none_is_lost() {
        let start = Instant::now();
        let mut gate = KeyframeGate::default();
        let cases = [
            // (time, request or poll, made now)
            (0, true, true),
            (50, true, false),
            (100, true, false),
            (250, false, false),
            (300, false, true),
            (350, false, false),
            (1000, true, true),
            (1001, false, false),
        ];
        for (at, request, expect) in cases {
            let now = start + ms(at);
            let made = if request { gate.request(now) } else { gate.poll(now) };
            assert_eq!(made, expect, "at {at} ms");
        }
        assert_eq!(gate.due(), None);
    }

    #[test]
    fn silence_is_judged_by_what_was_heard_before() {
        /// `heard`: (ms, media?); `probe`: (ms, interrupted?)
        fn check(heard: &[(u64, bool)], probes: &[(u64, bool)]) {
            let start = Instant::now();
            let mut watch = PathWatch::new(start);
            for &(at, media) in heard {
                if media { watch.media(start + ms(at)) } else { watch.packet(start + ms(at)) }
            }
            for &(at, expect) in probes {
                assert_eq!(watch.interrupted(start + ms(at)), expect, "{heard:?} at {at} ms");
            }
        }
        check(&[], &[(7999, false), (8000, true)]);
        check(&[(100, true)], &[(1099, false), (1100, true)]);
        // Media stopped, keep-alives go on: a held booth, not a dead path.
        check(&[(100, true), (2500, false)], &[(4100, false), (10_499, false), (10_500, true)]);
        // From the moment of the hold on.
        let start = Instant::now();
        let mut watch = PathWatch::new(start);
        watch.media(start + ms(100));
        watch.hold(true);
        watch.media(start + ms(200));
        assert!(!watch.interrupted(start + ms(8199)) && watch.interrupted(start + ms(8200)));
        watch.hold(false);
        watch.media(start + ms(9000));
        assert!(watch.interrupted(start + ms(10_000)));
        // A report just after the last media packet does not hide the outage.
        check(&[(100, true), (400, false)], &[(1399, false), (1400, true)]);
    }

    #[test]
    fn what_we_send_is_reported_on_unless_the_booth_is_held() {
        let start = Instant::now();
        let mut watch = PathWatch::new(start);
        // An officer without camera and microphone.
        for at in (0..=5000).step_by(100) {
            watch.sent(start + ms(at));
            watch.packet(start + ms(at));
        }
        // The pictures go on into the void.
        for at in (5100..=7000).step_by(100) {
            watch.sent(start + ms(at));
        }
        assert!(!watch.interrupted(start + ms(5999)) && watch.interrupted(start + ms(6000)));
        watch.packet(start + ms(7000));
        watch.hold(true);
        // What was still on its way.
        watch.sent(start + ms(7010));
        assert!(!watch.interrupted(start + ms(14_999)) && watch.interrupted(start + ms(15_000)));
    }

    #[test]
    fn a_twentieth_of_all_packets_lost_is_no_cut() {
        // Small pictures of the officer, a report on ours in between; the same chances in each run.
        let (start, mut seed) = (Instant::now(), 1_u64);
        let mut watch = PathWatch::new(start);
        let mut lost = 0;
        for at in (0..3_600_000).step_by(125) {
            watch.sent(start + ms(at));
            seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            if (seed >> 33).is_multiple_of(20) {
                lost += 1;
            } else if at % 250 == 0 {
                watch.media(start + ms(at));
            }
            assert!(!watch.interrupted(start + ms(at + 124)), "at {at} ms");
        }
        assert!((1200..1700).contains(&lost), "{lost} of 28800");
    }
}
