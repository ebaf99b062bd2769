//! How long something will still take, said only when it can be known. Pure.

use std::time::{Duration, Instant};

/// Before that much time and work, any figure would be a guess.
const LEAST_TIME: Duration = Duration::from_secs(10);
const LEAST_WORK: u16 = 80;

/// Since when the work is watched, and from where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Pace {
    from: Option<(Instant, u16)>,
}

impl Pace {
    pub fn note(&mut self, permille: u16, now: Instant) {
        self.from.get_or_insert((now, permille));
    }

    pub fn remaining(&self, permille: u16, now: Instant) -> Option<Duration> {
        let (since, from) = self.from?;
        let (took, done) = (now.saturating_duration_since(since), permille.checked_sub(from)?);
        if took < LEAST_TIME || done < LEAST_WORK || permille >= 1000 {
            return None;
        }
        Some(took * u32::from(1000 - permille) / u32::from(done))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_only_when_there_is_one() {
        let start = Instant::now();
        let check = |from: u16, at: u64, permille: u16, wanted: Option<u64>| {
            let mut pace = Pace::default();
            pace.note(from, start);
            pace.note(permille, start + Duration::from_secs(1));
            let remaining = pace.remaining(permille, start + Duration::from_secs(at));
            assert_eq!(remaining.map(|left| left.as_secs()), wanted, "{from} {at} {permille}");
        };
        check(0, 60, 500, Some(60));
        check(200, 60, 400, Some(180));
        check(0, 9, 500, None);
        check(0, 60, 79, None);
        check(0, 60, 1000, None);
        check(500, 60, 400, None);
        assert_eq!(Pace::default().remaining(500, start), None);
    }
}
