//! When a booth may say that it is well, which ends the trial of a new system. Pure: the time is an argument.
//!
//! Well is what serves a participant: a page on the screen that can be touched, pictures of each configured camera, an open
//! reader, a queue that can keep a claim, all of it for a minute on end. The hub is not among it: an office whose line is down
//! must not lose its update.

use std::time::{Duration, Instant};

/// So long all of it has to hold.
pub const STEADY: Duration = Duration::from_secs(60);

/// What the rule looks at. `None`: the booth has no such thing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Signs {
    pub page_shown: bool,
    pub touch: Option<bool>,
    pub camera: Option<bool>,
    pub document_camera: Option<bool>,
    pub reader: Option<bool>,
    pub queue: Option<bool>,
}

impl Signs {
    fn all(self) -> bool {
        let parts = [self.touch, self.camera, self.document_camera, self.reader, self.queue];
        self.page_shown && parts.iter().all(|part| part.is_none_or(|good| good))
    }
}

/// The rule, for one start of the booth.
#[derive(Debug, Default)]
pub struct Health {
    since: Option<Instant>,
    told: bool,
}

impl Health {
    /// True once: now the machine is to be told.
    pub fn judge(&mut self, signs: Signs, now: Instant) -> bool {
        if !signs.all() {
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        let well = !self.told && now.saturating_duration_since(since) >= STEADY;
        self.told |= well;
        well
    }

    /// When to judge again.
    pub fn deadline(&self) -> Option<Instant> {
        self.since.filter(|_| !self.told).map(|since| since + STEADY)
    }

    pub fn is_told(&self) -> bool {
        self.told
    }

    /// The machine did not hear it.
    pub fn tell_again(&mut self) {
        self.told = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WELL: Signs = Signs {
        page_shown: true,
        touch: Some(true),
        camera: Some(true),
        document_camera: None,
        reader: Some(true),
        queue: Some(true),
    };

    #[test]
    fn well_for_a_minute_on_end_and_told_once() {
        let start = Instant::now();
        let no_camera = Signs { camera: Some(false), ..WELL };
        let no_touch = Signs { touch: Some(false), ..WELL };
        let no_queue = Signs { queue: Some(false), ..WELL };
        let check = |signs: &[(u64, Signs)], wanted: &[u64]| {
            let mut health = Health::default();
            let told = signs.iter().filter(|(at, signs)| health.judge(*signs, start + Duration::from_secs(*at)));
            let told: Vec<u64> = told.map(|(at, _)| *at).collect();
            assert_eq!(told, wanted, "{signs:?}");
        };
        check(&[(0, WELL), (59, WELL), (60, WELL), (61, WELL), (600, WELL)], &[60]);
        check(&[(0, WELL), (59, no_camera), (60, WELL), (119, WELL), (120, WELL)], &[120]);
        check(&[(0, WELL), (30, no_touch), (31, WELL), (90, WELL), (91, WELL)], &[91]);
        check(&[(0, no_queue), (900, no_queue)], &[]);
        check(&[(0, Signs { page_shown: false, ..WELL }), (100, WELL), (159, WELL)], &[]);
        // A booth without anything but a screen.
        check(
            &[
                (5, Signs { page_shown: true, ..Signs::default() }),
                (65, Signs { page_shown: true, ..Signs::default() }),
            ],
            &[65],
        );
    }

    #[test]
    fn the_time_to_look_again_is_known() {
        let now = Instant::now();
        let mut health = Health::default();
        assert_eq!(health.deadline(), None);
        health.judge(WELL, now);
        assert_eq!(health.deadline(), Some(now + STEADY));
        assert!(health.judge(WELL, now + STEADY));
        assert_eq!(health.deadline(), None);
        health.tell_again();
        assert!(health.judge(WELL, now + STEADY));
    }
}
