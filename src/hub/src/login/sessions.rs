//! Logins in memory. Only the digest of a cookie is kept, so what is in memory opens no door; a restart of the hub logs
//! everybody out.

use crate::ledger::Role;
use bilik_claim::ids::{Digest, OfficerId};
use std::collections::HashMap;
use std::time::{Duration, Instant};

/// Without a request or an action for this long a login ends.
pub const IDLE: Duration = Duration::from_secs(30 * 60);
/// After this long it ends in any case: a long working day.
pub const ABSOLUTE: Duration = Duration::from_secs(12 * 3600);
/// At most this many at a time; the one that was used longest ago gives way.
const MAX_LOGINS: usize = 1000;

/// Who is logged in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Login {
    pub officer: OfficerId,
    pub role: Role,
}

struct Entry {
    login: Login,
    began: Instant,
    used: Instant,
}

impl Entry {
    fn alive(&self, now: Instant) -> bool {
        now.saturating_duration_since(self.used) < IDLE && now.saturating_duration_since(self.began) < ABSOLUTE
    }
}

#[derive(Default)]
pub struct Logins {
    entries: HashMap<Digest, Entry>,
}

impl Logins {
    /// Begins a login under the digest of its cookie.
    pub fn begin(&mut self, cookie: Digest, login: Login, now: Instant) {
        self.entries.retain(|_, entry| entry.alive(now));
        if self.entries.len() >= MAX_LOGINS {
            let oldest = self.entries.iter().min_by_key(|(_, entry)| entry.used).map(|(cookie, _)| *cookie);
            oldest.map(|cookie| self.entries.remove(&cookie));
        }
        self.entries.insert(cookie, Entry { login, began: now, used: now });
    }

    /// Who it is, counting as use.
    pub fn touch(&mut self, cookie: Digest, now: Instant) -> Option<Login> {
        let entry = self.entries.get_mut(&cookie).filter(|entry| entry.alive(now))?;
        entry.used = now;
        Some(entry.login)
    }

    /// Whether it still lasts, without counting as use.
    pub fn is_alive(&self, cookie: Digest, now: Instant) -> bool {
        self.entries.get(&cookie).is_some_and(|entry| entry.alive(now))
    }

    pub fn end(&mut self, cookie: Digest) -> Option<Login> {
        self.entries.remove(&cookie).map(|entry| entry.login)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    const LOGIN: Login = Login { officer: OfficerId(Uuid::from_u128(1)), role: Role::Officer };

    #[test]
    fn a_login_ends_idle_late_or_on_request() {
        let check = |uses: &[u64], at: u64, expect: bool| {
            let start = Instant::now();
            let (mut logins, cookie) = (Logins::default(), Digest::of(b"cookie"));
            logins.begin(cookie, LOGIN, start);
            for minutes in uses {
                logins.touch(cookie, start + Duration::from_secs(minutes * 60));
            }
            let now = start + Duration::from_secs(at * 60);
            assert_eq!(logins.is_alive(cookie, now), expect, "used {uses:?}, asked {at}");
            assert_eq!(logins.touch(cookie, now), expect.then_some(LOGIN));
            logins.end(cookie);
            assert_eq!(logins.touch(cookie, now), None);
        };
        check(&[], 0, true);
        check(&[], 29, true);
        check(&[], 30, false);
        check(&[29], 58, true);
        let all_day: Vec<u64> = (1..48).map(|n| n * 15).collect();
        check(&all_day, 719, true);
        check(&all_day, 720, false);
    }

    #[test]
    fn memory_is_bounded() {
        let start = Instant::now();
        let mut logins = Logins::default();
        for number in 0..MAX_LOGINS + 5 {
            logins.begin(Digest::of(&number.to_be_bytes()), LOGIN, start + Duration::from_millis(number as u64));
        }
        assert_eq!(logins.entries.len(), MAX_LOGINS);
        assert!(!logins.is_alive(Digest::of(&0_usize.to_be_bytes()), start));
    }
}
