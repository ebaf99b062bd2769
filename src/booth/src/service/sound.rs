//! What the microphone hears while a technician looks. Pure.

use std::time::{Duration, Instant};

/// Quieter than a voice at arm's length, in dB relative to full scale.
const QUIET_DB: f32 = -55.0;
/// The foot of the meter.
const FOOT_DB: f32 = -70.0;
/// So long without a sound, and it is said.
pub const SILENT_AFTER: Duration = Duration::from_secs(3);

#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Hearing {
    db: f32,
    /// When something was heard last, or the listening began.
    heard_at: Instant,
}

impl Hearing {
    pub fn new(now: Instant) -> Self {
        Self { db: FOOT_DB, heard_at: now }
    }

    /// The level of the last tenth of a second.
    pub fn level(&mut self, db: f32, now: Instant) {
        // Digital silence has no logarithm.
        self.db = if db.is_finite() { db } else { FOOT_DB };
        if self.db > QUIET_DB {
            self.heard_at = now;
        }
    }

    /// How far the meter goes, 0 to 1.
    pub fn part(&self) -> f32 {
        ((self.db - FOOT_DB) / -FOOT_DB).clamp(0.0, 1.0)
    }

    pub fn is_silent(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.heard_at) >= SILENT_AFTER
    }

    /// When it will be silent, if nothing is heard until then.
    pub fn silent_at(&self, now: Instant) -> Option<Instant> {
        (!self.is_silent(now)).then(|| self.heard_at + SILENT_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn silence_is_told_after_three_seconds_of_it() {
        let start = Instant::now();
        let check = |levels: &[(u64, f32)], at: u64, silent: bool| {
            let mut hearing = Hearing::new(start);
            levels.iter().for_each(|(at, db)| hearing.level(*db, start + Duration::from_millis(*at)));
            assert_eq!(hearing.is_silent(start + Duration::from_millis(at)), silent, "{levels:?} at {at}");
        };
        check(&[], 2_999, false);
        check(&[], 3_000, true);
        check(&[(1_000, -30.0), (2_000, -80.0)], 3_999, false);
        check(&[(1_000, -30.0), (3_000, f32::NEG_INFINITY)], 4_000, true);
        check(&[(3_500, -54.0)], 3_600, false);
        check(&[(2_900, -56.0), (3_000, f32::NAN)], 3_000, true);
    }

    #[test]
    fn the_meter_stays_on_its_scale() {
        let mut hearing = Hearing::new(Instant::now());
        for (db, part) in [(0.0, 1.0), (12.0, 1.0), (-35.0, 0.5), (-70.0, 0.0), (-200.0, 0.0), (f32::NAN, 0.0)] {
            hearing.level(db, Instant::now());
            assert_eq!(hearing.part(), part, "{db} dB");
        }
    }
}
