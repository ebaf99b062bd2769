//! The machine's clock where no time server is reached: the hub's word sets it.
//!
//! A wrong clock makes certificates of both sides seem too old or not yet good. A time server that is reached has the better
//! word. A hub whose own clock has lost its battery must not take the booths along, so times before this image was made,
//! and far beyond, are refused.

use super::commands::Tool;
use super::machine::Machine;
use super::refusal::Refusal;
use bilik_device::{Failure, Mode};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Off by at most this is right, in milliseconds: the hub's word has travelled.
const RIGHT: u64 = 2000;
/// No image was made before 2026-01-01, whatever its files say.
const FIRST: u64 = 1_767_225_600_000;
/// No image runs for longer than 15 years.
const LONGEST: u64 = 15 * 365 * 24 * 3600 * 1000;
/// A mainboard's clock that waits for its next second, on an old bus.
const LIMIT: Duration = Duration::from_secs(10);
/// Its time is that of the build, or of the source date that the build was given.
const MADE: &str = "/etc/os-release";

/// Sets the clock to this, if nobody knows it better: milliseconds since 1970.
pub fn set(machine: &Machine, hub: u64) -> Result<(), Refusal> {
    if machine.mode() != Mode::Booth {
        return Err(Refusal::new(Failure::NotHere, "this machine's clock is not the booth's"));
    }
    let now = millis(SystemTime::now());
    let made = std::fs::metadata(machine.path(MADE)).and_then(|about| about.modified()).map_or(0, millis);
    match judge(hub, now, made, is_synchronised()) {
        Verdict::Leave => Ok(()),
        Verdict::Refuse(detail) => Err(Refusal::new(Failure::BadTime, detail)),
        Verdict::Set => {
            let (seconds, rest) = (hub / 1000, hub % 1000);
            tracing::warn!(was = now, is = hub, "the clock is set by the hub's word");
            Tool::new("date").arg("--utc").arg(format!("--set=@{seconds}.{rest:03}")).limit(LIMIT).run()?;
            let kept = Tool::new("hwclock").args(["--systohc", "--utc", "--noadjfile"]).limit(LIMIT).run();
            if let Err(error) = kept {
                tracing::warn!(%error, "the mainboard's clock was not set; the next start asks again");
            }
            Ok(())
        }
    }
}

/// Whether a time server has set the clock, of late.
pub fn is_synchronised() -> bool {
    let said = Tool::new("timedatectl").args(["show", "--property=NTPSynchronized", "--value"]).run();
    said.is_ok_and(|said| said.trim() == "yes")
}

#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Leave,
    Set,
    Refuse(&'static str),
}

/// All in milliseconds since 1970; `made`: when this image was.
fn judge(hub: u64, now: u64, made: u64, synchronised: bool) -> Verdict {
    let made = made.max(FIRST);
    if synchronised {
        Verdict::Leave
    } else if hub < made {
        Verdict::Refuse("the hub's time is before this image was made: the hub's clock is wrong")
    } else if hub - made > LONGEST {
        Verdict::Refuse("the hub's time is more than 15 years after this image was made: the hub's clock is wrong")
    } else if hub.abs_diff(now) <= RIGHT {
        Verdict::Leave
    } else {
        Verdict::Set
    }
}

fn millis(time: SystemTime) -> u64 {
    time.duration_since(UNIX_EPOCH).ok().and_then(|since| u64::try_from(since.as_millis()).ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whose_word_counts() {
        let day = 24 * 3600 * 1000;
        let made = FIRST + 100 * day;
        let check = |hub, now, synchronised, expect: fn(&Verdict) -> bool| {
            let verdict = judge(hub, now, made, synchronised);
            assert!(expect(&verdict), "{hub} {now} {synchronised}: {verdict:?}");
        };
        let (leave, set) = (|v: &Verdict| *v == Verdict::Leave, |v: &Verdict| *v == Verdict::Set);
        let refuse = |v: &Verdict| matches!(v, Verdict::Refuse(_));
        let now = made + day;
        check(now + RIGHT, now, false, leave);
        check(now - RIGHT, now, false, leave);
        check(now + RIGHT + 1, now, false, set);
        check(now - RIGHT - 1, now, false, set);
        // An empty battery.
        check(now, 0, false, set);
        check(now, now + 10 * 365 * day, false, set);
        check(made, now, false, set);
        for hub in [0, made - 1, made + LONGEST + 1, u64::MAX] {
            check(hub, now, false, refuse);
            check(hub, hub, false, refuse);
            check(hub, now, true, leave);
        }
        check(now + day, now, true, leave);
        // Files without a time of their own.
        assert!(refuse(&judge(FIRST - 1, now, 0, false)));
        assert_eq!(judge(FIRST, now, 0, false), Verdict::Set);
    }
}
