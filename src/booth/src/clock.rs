//! The only place of the booth that asks what time it is for the session.

use bilik_claim::ids::WallTime;
use bilik_claim::session::Now;
use std::time::{Instant, SystemTime, UNIX_EPOCH};

pub fn now() -> Now {
    let wall = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| i64::try_from(since.as_millis()).unwrap_or(i64::MAX));
    Now { instant: Instant::now(), wall: WallTime(wall), today: jiff::Zoned::now().date() }
}

/// `10.42`, as times are written in Indonesia.
pub fn time_of_day() -> String {
    let now = jiff::Zoned::now();
    format!("{:02}.{:02}", now.hour(), now.minute())
}

/// `22-11-2026`.
pub fn date(at: &jiff::Zoned) -> String {
    format!("{:02}-{:02}-{:04}", at.day(), at.month(), at.year())
}
