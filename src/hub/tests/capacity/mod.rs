//! How many claims one officer finishes, and how long participants wait, for 1 to 6 booths at a time: a branch on virtual time.
//! Assignment, attention, waiting times and the figures of each visit are the hub's own ([`crate::office`]); people are not.
//!
//! What people need, for want of published times, is assumed here and nowhere else:
//!
//! | What | How long | Why |
//! |---|---|---|
//! | work on a claim, participant's and officer's | [`CLAIM`], 12 min | 11 questions, 5 to 8 photographs, a call. The *self-service share* of it is done by the participant alone |
//! | officer, each claim | first look 1 unit; after a correction 1/4; help in the middle 1/4 | the first look goes through the whole checklist. The unit follows from the share |
//! | corrections | [`CORRECTED`], 35 of 100 claims; [`CORRECTED_AGAIN`], 10 of 100 twice | most papers are photographed well enough after the booth's own check of blur and glare |
//! | help | [`HELPED`], 30 of 100 claims | people at a new machine |
//! | participant | before the call 85 parts, a correction 15, the signature 10 | the form and the photographs are nearly all of it |
//! | how people differ | Erlang with [`PHASES`] phases: a standard deviation of 41 % of the mean | nobody is the mean, few take thrice as long |
//! | turning to another booth | [`SWITCH`], 6 s of the officer's time for each look; nothing for one booth | reading the tile, greeting, finding the place |
//! | next participant | [`TURNOVER`], 40 s | getting up, sitting down; the same for one booth as for six |
//!
//! An officer takes who has needed them longest, never leaves in the middle, and rests when nobody needs them. With one booth
//! they stay with their participant from begin to end, as at a counter. Each officer has as many booths as the capacity.
//!
//! Left out: breaks, claims that are given up, work behind the scenes, tired officers. A day's figure is a bound, not a promise.

mod branch;
mod plot;

use bilik_claim::statistics::{ALARM_MS, Waits};
use branch::{Branch, Demand, Outcome, Promise};
use serde::Serialize;
use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

const CLAIM: Duration = Duration::from_secs(12 * 60);
const CORRECTED: usize = 35;
const CORRECTED_AGAIN: usize = 10;
const HELPED: usize = 30;
const PHASES: u32 = 6;
const SWITCH: Duration = Duration::from_secs(6);
const TURNOVER: Duration = Duration::from_secs(40);
/// A working day.
const DAY: Duration = Duration::from_secs(8 * 3600);
/// A usual day brings so much of what can be done, in per cent.
const USUAL_LOAD: u32 = 85;
const CAPACITIES: [u8; 6] = [1, 2, 3, 4, 5, 6];
/// Of the work on a claim, in per cent.
const SHARES: [u32; 7] = [60, 65, 70, 75, 80, 85, 90];

/// What came out for one capacity and one self-service share.
#[derive(Clone, Copy, Serialize)]
struct Cell {
    share_percent: u32,
    capacity: u8,
    /// With always somebody waiting for a booth.
    claims_per_officer_hour: f64,
    times_one_to_one: f64,
    officer_busy: f64,
    attention_s: f64,
    /// For the officer's eyes, each need by itself.
    eyes: Waits,
    /// Of those, beyond the console's alarm.
    alarmed: f64,
    /// The same on a usual day, and before a booth is free.
    usual_eyes: Waits,
    usual_outside: Waits,
}

/// What participants were told of their waiting, and what came.
#[derive(Clone, Copy, Serialize)]
struct Judged {
    count: usize,
    told_mean_s: f64,
    came_mean_s: f64,
    /// Mean distance between the two.
    off_by_s: f64,
}

#[derive(Serialize)]
struct Report {
    seed: u64,
    days: u32,
    cells: Vec<Cell>,
    told_for_a_seat: Judged,
    told_for_eyes: Judged,
}

#[test]
#[ignore = "takes minutes: make bench-capacity"]
fn table() {
    let number = |name, otherwise| std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(otherwise);
    let (seed, days) = (number("BILIK_SEED", 1), u32::try_from(number("BILIK_DAYS", 20)).unwrap());
    let report = measure(&SHARES, seed, days);
    let text = report.text();
    let target = std::env::var("CARGO_TARGET_DIR").unwrap_or_else(|_| "../../target".into());
    let dir = Path::new(&target).join("bench");
    std::fs::create_dir_all(&dir).unwrap();
    std::fs::write(dir.join("capacity.json"), serde_json::to_string_pretty(&report).unwrap()).unwrap();
    std::fs::write(dir.join("capacity.svg"), plot::draw(&report.cells)).unwrap();
    std::io::Write::write_all(&mut std::io::stderr(), text.as_bytes()).unwrap();
}

#[test]
fn one_officer_serves_more_people_the_more_they_do_alone() {
    let day = |share, capacity| Branch::new(1, capacity, capacity.into(), share, Demand::Endless, 7).day();
    let check = |share, times: std::ops::Range<f64>| {
        let (one, six) = (day(share, 1), day(share, 6));
        let found = six.claims as f64 / one.claims as f64;
        assert!(times.contains(&found), "{share} %: {found} times");
        assert!(one.eyes_ms.iter().all(|wait| *wait == 0), "at a counter nobody waits for eyes");
        assert!(six.busy <= six.officer_time && six.eyes_ms.iter().any(|wait| *wait > ALARM_MS));
        let again = day(share, 6);
        assert_eq!((again.claims, again.eyes_ms), (six.claims, six.eyes_ms), "the same seed tells the same");
    };
    // The officer's own work is the bound: 2.5 and 10 times, less what is lost between booths. One day is not many.
    check(60, 2.0..3.0);
    check(90, 4.0..6.5);
}

#[test]
fn what_participants_are_told_of_their_wait_is_what_comes() {
    let (seat, eyes) = judge(3, 2);
    for judged in [seat, eyes] {
        assert!(judged.count > 100, "{}", judged.count);
        let bias = judged.told_mean_s / judged.came_mean_s;
        assert!((0.8..1.3).contains(&bias), "told {} s, came {} s", judged.told_mean_s, judged.came_mean_s);
    }
}

fn measure(shares: &[u32], seed: u64, days: u32) -> Report {
    let mut cells: Vec<Cell> = Vec::new();
    for share in shares {
        let mut one_to_one = None;
        for capacity in CAPACITIES {
            let booths = usize::from(capacity);
            let busy =
                (0..days).map(|day| Branch::new(1, capacity, booths, *share, Demand::Endless, mix(seed, day)).day());
            let full = Outcome::all(busy);
            let rate = full.claims as f64 / (full.officer_time.as_secs_f64() / 3600.0);
            let demand = Demand::PerHour(rate * f64::from(USUAL_LOAD) / 100.0);
            let usual = (0..days).map(|day| Branch::new(1, capacity, booths, *share, demand, mix(seed, day)).day());
            let usual = Outcome::all(usual);
            let alarms = full.eyes_ms.iter().filter(|wait| **wait > ALARM_MS).count();
            cells.push(Cell {
                share_percent: *share,
                capacity,
                claims_per_officer_hour: rate,
                times_one_to_one: rate / *one_to_one.get_or_insert(rate),
                officer_busy: full.busy.as_secs_f64() / full.officer_time.as_secs_f64(),
                attention_s: full.attention_ms as f64 / 1000.0 / full.claims.max(1) as f64,
                alarmed: alarms as f64 / full.eyes_ms.len().max(1) as f64,
                eyes: Waits::of(full.eyes_ms),
                usual_eyes: Waits::of(usual.eyes_ms),
                usual_outside: Waits::of(usual.outside_ms),
            });
        }
    }
    let (told_for_a_seat, told_for_eyes) = judge(seed, days);
    Report { seed, days, cells, told_for_a_seat, told_for_eyes }
}

/// What is told of waiting for a seat, and for the officer's eyes, in a branch with more booths than seats: two officers with
/// four booths each, fourteen booths.
fn judge(seed: u64, days: u32) -> (Judged, Judged) {
    let day = |day| Branch::new(2, 4, 14, 75, Demand::PerHour(36.0), mix(seed, day)).day();
    let (seat, eyes): (Vec<Promise>, Vec<Promise>) =
        Outcome::all((0..days).map(day)).promises.into_iter().partition(|promise| promise.seat);
    (Judged::of(&seat), Judged::of(&eyes))
}

impl Judged {
    fn of(promises: &[Promise]) -> Self {
        let mean = |of: fn(&Promise) -> f64| promises.iter().map(of).sum::<f64>() / promises.len().max(1) as f64;
        Self {
            count: promises.len(),
            told_mean_s: mean(|promise| promise.told_s),
            came_mean_s: mean(|promise| promise.came_s),
            off_by_s: mean(|promise| (promise.told_s - promise.came_s).abs()),
        }
    }
}

fn mix(seed: u64, day: u32) -> u64 {
    seed.wrapping_mul(1_000_003).wrapping_add(u64::from(day))
}

impl Report {
    fn text(&self) -> String {
        let mut text = format!("{} days of 8 hours each, seed {}\n\n", self.days, self.seed);
        text += "self- | booths | claims per  | times one | officer | attention | wait for eyes | beyond | usual day: eyes | outside\n";
        text += "serv. |        | officer-hour| to one    | busy    | per claim | p50     p95 s | 30 s   | p50       p95 s | p95 s\n";
        for cell in &self.cells {
            let s = |wait: Option<f64>| wait.unwrap_or_default();
            let _ = writeln!(
                text,
                "{:4} % | {:6} | {:11.2} | {:9.2} | {:5.0} % | {:7.0} s | {:5.0} {:7.0} | {:4.0} % | {:7.0} {:7.0} | {:7.0}",
                cell.share_percent,
                cell.capacity,
                cell.claims_per_officer_hour,
                cell.times_one_to_one,
                cell.officer_busy * 100.0,
                cell.attention_s,
                s(cell.eyes.median_s),
                s(cell.eyes.p95_s),
                cell.alarmed * 100.0,
                s(cell.usual_eyes.median_s),
                s(cell.usual_eyes.p95_s),
                s(cell.usual_outside.p95_s),
            );
        }
        text += "\n";
        let mut shares: Vec<u32> = self.cells.iter().map(|cell| cell.share_percent).collect();
        shares.dedup();
        for share in shares {
            let of_share = || self.cells.iter().filter(|cell| cell.share_percent == share);
            let _ = match of_share().find(|cell| cell.times_one_to_one >= 5.0) {
                Some(cell) => writeln!(text, "{share} %: five times is reached with {} booths", cell.capacity),
                None => {
                    let best = of_share().map(|cell| cell.times_one_to_one).fold(0.0, f64::max);
                    writeln!(text, "{share} %: five times is NOT reached; {best:.1} times at most")
                }
            };
        }
        for (what, judged) in [("a seat", self.told_for_a_seat), ("the officer's eyes", self.told_for_eyes)] {
            let _ = writeln!(
                text,
                "waiting for {what}: told {:.0} s, came {:.0} s on average of {}; {:.0} s apart",
                judged.told_mean_s, judged.came_mean_s, judged.count, judged.off_by_s
            );
        }
        text
    }
}
