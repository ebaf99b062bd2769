//! Whether the officer's browser may show each picture the moment it comes.
//!
//! A browser holds pictures back so that they can be shown at an even pace however unevenly the network brings them; on an office's
//! network nothing has to be evened out, and half of the time from the participant's face to the officer's eyes is that wait. We
//! are the only side that can forgo it (the header extension *playout delay*), and the browser's reports say when it is safe:
//!
//! - a call begins so, and the first report that says otherwise ends it;
//! - *otherwise* is jitter from [`MOST_JITTER`] on, or loss from [`MOST_LOSS`] on, whose packets come late by a round trip;
//! - it begins again once there was hardly any loss, and jitter below [`CALM_JITTER`], for [`EVEN_FOR`].
//!
//! A network that turns bad shows as pictures that stutter until the next report, which comes within a second and a half.

use std::time::{Duration, Instant};

/// A quarter of the time between two pictures: with more, two of them are at times ready for the same refresh of the officer's screen.
const MOST_JITTER: Duration = Duration::from_millis(8);
const CALM_JITTER: Duration = Duration::from_millis(4);
/// Of all packets. At 720p about one a second.
const MOST_LOSS: f32 = 0.005;
/// So long packets have to have come evenly before pictures are shown at once again.
const EVEN_FOR: Duration = Duration::from_secs(5);

/// What a browser reports of the pictures that it gets.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Report {
    /// How unevenly packets come (RFC 3550, 6.4.1).
    pub jitter: Duration,
    /// Which share of them did not come, before any was sent again.
    pub loss: f32,
}

/// Follows the reports.
#[derive(Debug)]
pub(crate) struct Evenness {
    /// Since when packets come evenly; `None` while they do not.
    since: Option<Instant>,
    at_once: bool,
}

impl Evenness {
    /// A new path counts as even: a call begins with pictures that are shown at once.
    pub fn new(now: Instant) -> Self {
        Self { since: Some(now), at_once: true }
    }

    /// Takes a report. Returns whether pictures are to be shown at once from now on, if that changes.
    pub fn report(&mut self, report: Report, now: Instant) -> Option<bool> {
        let most = if self.at_once { MOST_JITTER } else { CALM_JITTER };
        // What is no number counts as loss.
        let even = report.jitter < most && report.loss < MOST_LOSS;
        self.since = even.then(|| self.since.unwrap_or(now));
        let at_once = match self.since {
            Some(since) => self.at_once || since + EVEN_FOR <= now,
            None => false,
        };
        (at_once != self.at_once).then(|| {
            self.at_once = at_once;
            at_once
        })
    }

    pub fn at_once(&self) -> bool {
        self.at_once
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_wait_for_each_other_only_where_packets_come_unevenly() {
        let start = Instant::now();
        let mut evenness = Evenness::new(start);
        assert!(evenness.at_once());
        let steps = [
            // (second, jitter in ms, loss, told)
            (1, 0, 0.0, None),
            (2, 7, 0.004, None),
            (3, 8, 0.0, Some(false)),
            (4, 30, 0.0, None),
            (5, 3, 0.0, None),
            (9, 4, 0.0, None),
            (10, 3, 0.0, None),
            (14, 3, 0.0, None),
            (15, 3, 0.0, Some(true)),
            (16, 3, 0.005, Some(false)),
            (17, 0, 0.02, None),
            (18, 0, 0.0, None),
            (22, 0, 0.0, None),
            (23, 0, 0.0, Some(true)),
            (24, 0, f32::NAN, Some(false)),
        ];
        for (second, jitter, loss, told) in steps {
            let report = Report { jitter: Duration::from_millis(jitter), loss };
            let now = start + Duration::from_secs(second);
            assert_eq!(evenness.report(report, now), told, "second {second}");
        }
    }
}
