//! Both clocks at one moment: the monotonic one for timers and order, the wall clock to record and to show.

use bilik_claim::ids::WallTime;
use jiff::Unit;
use jiff::civil::{Date, date};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

/// A moment. Passed into everything that decides, so tests choose it.
#[derive(Clone, Copy, Debug)]
pub struct Now {
    pub instant: Instant,
    pub wall: WallTime,
}

impl Now {
    pub fn read() -> Self {
        Self { instant: Instant::now(), wall: wall_now() }
    }
}

/// The wall clock, in milliseconds since 1970. A clock set before 1970 reads as 1970.
pub fn wall_now() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}

/// A moment in UTC as operators read it, to the second.
pub fn utc(time: WallTime) -> String {
    jiff::Timestamp::from_millisecond(time.0)
        .map_or_else(|_| format!("{} ms", time.0), |at| at.strftime("%F %TZ").to_string())
}

/// The same for file names: in the order of time, and without signs that a shell minds.
pub fn utc_for_file(time: WallTime) -> String {
    utc(time).replace(['-', ':'], "").replace(' ', "T")
}

pub const HOUR_MS: i64 = 3_600_000;
pub const DAY_MS: i64 = 24 * HOUR_MS;

/// Number of the local day that a moment falls on, for an offset from UTC in hours.
pub fn local_day(time: WallTime, utc_offset_hours: i64) -> i64 {
    time.0.saturating_add(utc_offset_hours * HOUR_MS).div_euclid(DAY_MS)
}

/// Number of a calendar's day, as [`local_day`] counts.
pub fn day_number(day: Date) -> i64 {
    // Two days of a calendar are always a number of days apart.
    day.since((Unit::Day, date(1970, 1, 1))).map_or(0, |span| i64::from(span.get_days()))
}

/// When a local day begins.
pub fn day_start(day: i64, utc_offset_hours: i64) -> WallTime {
    WallTime(day * DAY_MS - utc_offset_hours * HOUR_MS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_is_told() {
        let time = WallTime(1_795_366_799_999);
        assert_eq!(utc(time), "2026-11-22 16:59:59Z");
        assert_eq!(utc_for_file(time), "20261122T165959Z");
        assert_eq!(utc(WallTime(i64::MAX)), format!("{} ms", i64::MAX));
    }

    #[test]
    fn a_day_turns_at_local_midnight() {
        // 2026-11-22 16:59:59.999 UTC is still Sunday in Jakarta, a millisecond later it is Monday.
        let last = WallTime(1_795_366_799_999);
        let check =
            |time: i64, offset, expect| assert_eq!(local_day(WallTime(time), offset), expect, "{time} {offset}");
        let day = local_day(last, 7);
        check(last.0 + 1, 7, day + 1);
        check(last.0 + 1, 0, day);
        check(-1, 0, -1);
        assert_eq!(day_start(day + 1, 7), WallTime(last.0 + 1));
    }

    #[test]
    fn a_day_of_the_calendar_begins_at_the_offices_midnight() {
        let check =
            |day, offset, expect| assert_eq!(day_start(day_number(day), offset), WallTime(expect), "{day} {offset}");
        check(date(1970, 1, 1), 0, 0);
        check(date(1970, 1, 2), 7, DAY_MS - 7 * HOUR_MS);
        // 2026-11-23 in Jakarta begins at 17:00 UTC the day before.
        check(date(2026, 11, 23), 7, 1_795_366_800_000);
        check(date(1969, 12, 31), 0, -DAY_MS);
    }
}
