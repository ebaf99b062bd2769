//! How often the service PIN may be guessed. Pure: the time is an argument, the file is somebody else's.
//!
//! ```text
//!   tries on disk:  0 1 2 3 4 │  5    6    7   ..   14  │ 15
//!   then waits:     nothing   │ 15 s 30 s 60 s ..  2 h  │ for ever, until the booth is enrolled anew
//! ```
//!
//! A try is counted, and the count is durable, *before* the PIN is looked at: whoever cuts the power while it is checked has used
//! one up. Only the count is kept. After a restart the last wait begins anew, so neither a reboot nor a changed clock is a way
//! around it.

use std::time::{Duration, Instant};

/// Wrong ones in a row that cost nothing.
pub const FREE: u8 = 5;
/// From here on no PIN helps any more.
pub const DEAD: u8 = 15;
const FIRST_WAIT: Duration = Duration::from_secs(15);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lockout {
    tries: u8,
    not_before: Option<Instant>,
}

/// Whether a PIN may be tried now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gate {
    /// So many wrong ones still cost nothing, this one included.
    Open {
        free: u8,
    },
    Waits(Duration),
    Dead,
}

impl Lockout {
    /// As it was left on disk.
    pub fn load(tries: u8, now: Instant) -> Self {
        let mut lockout = Self { tries: tries.min(DEAD), not_before: None };
        lockout.wait(now);
        lockout
    }

    /// What is to be on disk.
    pub fn tries(&self) -> u8 {
        self.tries
    }

    pub fn gate(&self, now: Instant) -> Gate {
        if self.tries >= DEAD {
            return Gate::Dead;
        }
        match self.not_before.map(|at| at.saturating_duration_since(now)) {
            Some(left) if !left.is_zero() => Gate::Waits(left),
            Some(_) | None => Gate::Open { free: FREE.saturating_sub(self.tries) },
        }
    }

    /// Counts a try, if one is allowed. The new count has to be durable before the PIN is looked at.
    #[must_use]
    pub fn begin(&mut self, now: Instant) -> bool {
        let open = matches!(self.gate(now), Gate::Open { .. });
        if open {
            self.tries += 1;
            self.wait(now);
        }
        open
    }

    /// The PIN was right.
    pub fn right(&mut self) {
        *self = Self { tries: 0, not_before: None };
    }

    fn wait(&mut self, now: Instant) {
        let doublings = self.tries.checked_sub(FREE).filter(|_| self.tries < DEAD);
        self.not_before = doublings.map(|doublings| now + FIRST_WAIT * 2_u32.pow(u32::from(doublings)));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_and_end_in_death() {
        let start = Instant::now();
        let check = |wrong: u8, wanted: Gate| {
            let (mut lockout, mut now) = (Lockout::load(0, start), start);
            for _ in 0..wrong {
                if let Gate::Waits(left) = lockout.gate(now) {
                    now += left;
                }
                assert!(lockout.begin(now), "after {} wrong ones", lockout.tries());
            }
            assert_eq!(lockout.gate(now), wanted, "after {wrong} wrong ones");
        };
        let seconds = Duration::from_secs;
        for (wrong, gate) in [
            (0, Gate::Open { free: 5 }),
            (4, Gate::Open { free: 1 }),
            (5, Gate::Waits(seconds(15))),
            (6, Gate::Waits(seconds(30))),
            (7, Gate::Waits(seconds(60))),
            (14, Gate::Waits(seconds(15 << 9))),
            (15, Gate::Dead),
        ] {
            check(wrong, gate);
        }
    }

    /// Whatever is done in whatever order: never a try too early, never more than fifteen without a right one.
    #[test]
    fn no_order_of_tries_pauses_and_restarts_gains_a_try() {
        let mut chance = 0x2545_f491_4f6c_dd1d_u64;
        let mut next = |below: u64| {
            chance ^= chance << 13;
            chance ^= chance >> 7;
            chance ^= chance << 17;
            chance % below
        };
        for _ in 0..2_000 {
            let mut now = Instant::now();
            let mut lockout = Lockout::load(0, now);
            let (mut allowed, mut last): (u8, Option<Instant>) = (0, None);
            for _ in 0..60 {
                match next(4) {
                    0 => now += Duration::from_millis(next(20_000_000)),
                    // A restart, whatever the clock says then.
                    1 => lockout = Lockout::load(lockout.tries(), now),
                    _ => {
                        let before = lockout;
                        if lockout.begin(now) {
                            if let Some(last) = last
                                && allowed >= FREE
                            {
                                let least = FIRST_WAIT * 2_u32.pow(u32::from(allowed - FREE));
                                assert!(now.duration_since(last) >= least, "{allowed} tries, too early");
                            }
                            allowed += 1;
                            last = Some(now);
                        } else {
                            assert_eq!(before, lockout, "what is refused is not counted");
                        }
                    }
                }
                assert!(allowed <= DEAD);
                assert_eq!(lockout.tries(), allowed);
            }
        }
    }

    #[test]
    fn a_right_one_forgives_all() {
        let now = Instant::now();
        let mut lockout = Lockout::load(14, now);
        assert!(!lockout.begin(now), "the wait begins anew with a restart");
        let later = now + Duration::from_secs(15 << 9);
        assert!(lockout.begin(later));
        assert_eq!(lockout.gate(later), Gate::Dead, "on disk before it is checked");
        lockout.right();
        assert_eq!(lockout.gate(later), Gate::Open { free: FREE });
        assert_eq!(Lockout::load(200, now).gate(later), Gate::Dead);
    }
}
