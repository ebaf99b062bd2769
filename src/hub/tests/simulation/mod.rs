//! A branch office for some hours, by chance with a seed, on virtual time: one hub and up to four booths, with whoever comes
//! to them. Sessions, couriers, journals, intake and ledger are the production code; clock, network, disks and people are not.
//!
//! ```text
//!  visitor ──► session ──► courier + journal ──► network ──► intake + ledger
//!  officer ──►    ▲              │     ▲             │
//!                 └──────────────┘     └─────────────┘        faults: everywhere
//! ```
//!
//! | Module | Holds |
//! |---|---|
//! | [`scheduler`] | time, chance, what comes next, and the story as a hash: the same seed is the same story |
//! | [`faults`] | crashes, full disks, broken lines, jumping wall clocks, restored backups; how often, by seed |
//! | [`network`] | what is lost, doubled, late |
//! | [`booth`], [`visitor`], [`hub`], [`disks`], [`keys`] | who takes part |
//! | [`checks`] | what has to hold, and when it is looked at |
//!
//! When the office closes, everything that is broken is mended and nobody comes any more. Then all must be delivered.
//! `make simulate SEED=7 SEEDS=1` tells the story of one seed.

mod booth;
mod checks;
mod disks;
mod faults;
mod hub;
mod keys;
mod network;
mod scheduler;
mod visitor;

use booth::Booth;
use hub::Hub;
use keys::BOOTHS;
use network::Weather;
use scheduler::{Count, Happening, Scene};
use std::collections::BTreeSet;
use std::io::Write as _;
use std::panic::AssertUnwindSafe;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// How long all may take to be delivered once nothing goes wrong any more.
const CALM: Duration = Duration::from_secs(2 * 3_600);
/// Midday of some day in Jakarta.
const MIDDAY: i64 = 1_795_323_600_000;

pub struct Office {
    scene: Scene,
    hub: Hub,
    booths: Vec<Booth>,
}

/// A story that went well.
struct Told {
    hash: u64,
    count: Count,
}

impl Office {
    fn open(seed: u64, print: bool) -> Result<Self, String> {
        let mut scene = Scene::new(seed, print);
        let booths = 1 + scene.dice.below(BOOTHS);
        let hub = Hub::new(MIDDAY)?;
        let booths: Vec<Booth> = (0..booths).map(|number| Booth::new(number, MIDDAY, &mut scene)).collect();
        let mut office = Self { scene, hub, booths };
        for booth in &mut office.booths {
            booth.start(&mut office.scene)?;
        }
        office.first_faults();
        Ok(office)
    }

    /// Until the office closes, and until all is delivered.
    fn run(&mut self) -> Result<(), String> {
        let closes = self.scene.climate.closes;
        while let Some(happening) = self.scene.next(closes) {
            self.happens(happening)?;
        }
        self.scene.weather = Weather::default();
        self.scene.tell(format_args!("the office closes"));
        while let Some(happening) = self.scene.next(closes + CALM) {
            self.happens(happening)?;
            // What was mended in the last moment has yet to be noticed.
            let settled = self.scene.now > closes + Duration::from_secs(60);
            if settled && self.hub.is_up() && self.booths.iter().all(Booth::is_quiet) && self.hub.knows_all(&self.scene)
            {
                return self.check_end();
            }
        }
        Err(format!("after {CALM:?} of calm not all is delivered"))
    }

    fn happens(&mut self, happening: Happening) -> Result<(), String> {
        let Self { scene, hub, booths } = self;
        match happening {
            Happening::Visitor { booth, life } if booths[booth].is_alive(life) => {
                let pause = booths[booth].visited(scene)?;
                if let Some((claim, rating)) = booths[booth].rating() {
                    hub.rate(booth, claim, rating, scene);
                }
                scene.after(pause, Happening::Visitor { booth, life });
                Ok(())
            }
            Happening::Session { booth, life, event } if booths[booth].is_alive(life) => {
                booths[booth].feed(event, scene)
            }
            Happening::Courier { booth, life, input } if booths[booth].is_alive(life) => {
                booths[booth].carry(input, scene)
            }
            Happening::SessionDue { booth, life } if booths[booth].is_alive(life) => booths[booth].session_due(scene),
            Happening::CourierDue { booth, life } if booths[booth].is_alive(life) => booths[booth].courier_due(scene),
            Happening::Officer { booth, life, session } if booths[booth].is_alive(life) => {
                booths[booth].served(session, hub, scene)
            }
            Happening::Timeout { booth, life, request } if booths[booth].is_alive(life) => {
                booths[booth].timeout(request, scene)
            }
            // Their booth has been started anew since.
            Happening::Visitor { .. }
            | Happening::Session { .. }
            | Happening::Courier { .. }
            | Happening::SessionDue { .. }
            | Happening::CourierDue { .. }
            | Happening::Officer { .. }
            | Happening::Timeout { .. } => Ok(()),
            Happening::Signalling { booth } => booths[booth].follow_link(hub.is_up(), scene),
            // What is on its way over a broken line is gone.
            Happening::Request(letter) if booths[letter.booth].line => hub.receive(letter, scene),
            Happening::Answer(letter) if booths[letter.booth].line => booths[letter.booth].answered(letter, scene),
            Happening::Request(_) | Happening::Answer(_) => Ok(()),
            Happening::Opened { life, opened } => hub.keep(life, *opened, scene),
            Happening::Fault(fault) => self.fault(fault),
        }
    }

    fn check_end(&mut self) -> Result<(), String> {
        for booth in &mut self.booths {
            booth.check(true, &mut self.scene)?;
        }
        self.hub.check(&mut self.scene)?;
        self.hub.check_contents(&self.scene)?;
        let scene = &mut self.scene;
        scene.count.reported = scene.promises.check_end()?;
        scene.count.delivered = scene.promises.delivered();
        scene.count.booth_seconds = scene.now.as_secs() * self.booths.len() as u64;
        Ok(())
    }
}

fn simulate(seed: u64, print: bool) -> Result<Told, String> {
    let story = || {
        let mut office = Office::open(seed, print)?;
        office.run().map_err(|why| format!("after {:.3} s: {why}", office.scene.now.as_secs_f64()))?;
        Ok(Told { hash: office.scene.story.hash, count: office.scene.count })
    };
    let told = std::panic::catch_unwind(AssertUnwindSafe(story)).unwrap_or_else(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        Err(text.or_else(|| panic.downcast_ref::<&str>().map(|text| (*text).to_owned())).unwrap_or_default())
    });
    told.map_err(|why: String| format!("seed {seed} {why}\nagain: make simulate SEED={seed} SEEDS=1"))
}

/// All of these seeds, on all cores.
fn simulate_all(first: u64, seeds: u64) -> Count {
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let (next, failed) = (AtomicU64::new(first), AtomicBool::new(false));
    let (total, since) = (Mutex::new((Count::default(), Instant::now())), Instant::now());
    let work = || {
        while !failed.load(Ordering::Relaxed) {
            let seed = next.fetch_add(1, Ordering::Relaxed);
            if seed >= first + seeds {
                break;
            }
            let told = simulate(seed, seeds == 1).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
            let mut total = total.lock().unwrap();
            total.0.add(&told.count);
            if total.1.elapsed() > Duration::from_secs(10) {
                total.1 = Instant::now();
                report(&format!("{} seeds, {:.0} s", seed - first, since.elapsed().as_secs_f64()));
            }
        }
        Ok(())
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..cores).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
    let (count, seconds) = (total.into_inner().unwrap().0, since.elapsed().as_secs_f64());
    report(&format!("{seeds} seeds in {seconds:.0} s on {cores} cores\n{}", count.told(seconds)));
    count
}

/// Past the test harness, which swallows what is printed by its macros.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

#[test]
fn nothing_is_lost_or_doubled() {
    let count = simulate_all(1_000, 10);
    // A simulation in which nothing happens would find nothing.
    let happened = [
        count.kept,
        count.delivered,
        count.booth_crashes,
        count.hub_crashes,
        count.restores,
        count.lost,
        count.recalled,
        count.rotations,
    ];
    assert!(happened.iter().all(|number| *number > 0), "{count:?}");
}

#[test]
fn a_seed_is_always_the_same_story() {
    let hash = |seed| simulate(seed, false).unwrap_or_else(|why| panic!("{why}")).hash;
    let stories: BTreeSet<u64> = (0..2).map(hash).collect();
    assert_eq!(stories.len(), 2, "each is another one");
    for seed in 0..2 {
        assert!(stories.contains(&hash(seed)), "seed {seed}");
    }
}

/// `make simulate`. BILIK_SEEDS is how many, BILIK_SEED the first of them.
#[test]
#[ignore = "takes minutes"]
fn many_seeds() {
    simulate_all(setting("BILIK_SEED", 0), setting("BILIK_SEEDS", 10_000));
}
