//! Rounds of jobs on all cores, what they count, and how far they are; and which orders, errors and states there are.

use super::sim::{Dice, Fault, Plan, Sim};
use std::io::Write as _;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// Between two words on how far it is: seconds.
const PAUSE: u64 = 10;

/// What was counted, by all threads.
pub struct Count {
    title: &'static str,
    since: Instant,
    /// What the process had worked by then.
    worked: f64,
    /// Words said so far.
    told: AtomicU64,
    pub states: AtomicU64,
    pub cuts: AtomicU64,
    pub runs: AtomicU64,
    pub faults: AtomicU64,
    pub kept: AtomicU64,
}

impl Count {
    pub fn new(title: &'static str) -> Self {
        let [told, states, cuts, runs, faults, kept] = std::array::from_fn(|_| AtomicU64::new(0));
        Self { title, since: Instant::now(), worked: worked(), told, states, cuts, runs, faults, kept }
    }

    /// One more state is looked at.
    pub fn state(&self) {
        let states = self.states.fetch_add(1, Ordering::Relaxed) + 1;
        let (seconds, told) = (self.since.elapsed().as_secs(), self.told.load(Ordering::Relaxed));
        let due = seconds / PAUSE > told;
        if due && self.told.compare_exchange(told, seconds / PAUSE, Ordering::Relaxed, Ordering::Relaxed).is_ok() {
            let _ = writeln!(std::io::stderr(), "{}: {states} states so far, {seconds} s", self.title);
        }
    }

    /// Says what it comes to. The states.
    pub fn tell(&self) -> u64 {
        let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let (states, seconds) = (get(&self.states), self.since.elapsed().as_secs_f64());
        report(&format!(
            "{}: {states} states of {} places in {} runs, {} of them with errors; {} claims kept; {seconds:.0} s, \
             {:.0} states/s, {:.0} per second of a core",
            self.title,
            get(&self.cuts),
            get(&self.runs),
            get(&self.faults),
            get(&self.kept),
            states as f64 / seconds,
            states as f64 / (worked() - self.worked),
        ));
        states
    }
}

/// Seconds that the process has had a core, for itself or for its calls: other programs on the machine change them little.
fn worked() -> f64 {
    /// The unit (proc_pid_stat(5)), in seconds; Linux gives it so everywhere.
    const TICK: f64 = 0.01;
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // Behind the name, which may hold anything, the state is the first field.
    let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
    fields.skip(11).take(2).filter_map(|ticks| ticks.parse::<f64>().ok()).sum::<f64>() * TICK
}

pub fn add(counter: &AtomicU64, more: usize) {
    counter.fetch_add(more as u64, Ordering::Relaxed);
}

/// How closely is looked.
#[derive(Clone, Copy)]
pub struct Depth {
    /// Up to so many changes that are not synced, each choice of them is a state.
    pub each: usize,
    /// States by chance for each place.
    pub by_chance: usize,
    /// Of so many places, one is looked at.
    pub one_in: usize,
}

/// All orders of up to three of these acts.
pub fn orders<A: Copy>(acts: [A; 3]) -> Vec<Vec<A>> {
    let mut orders: Vec<Vec<A>> = vec![Vec::new()];
    let mut from = 0;
    for _ in 0..3 {
        let to = orders.len();
        for place in from..to {
            orders.extend(acts.map(|act| [orders[place].as_slice(), &[act]].concat()));
        }
        from = to;
    }
    orders.split_off(1)
}

/// States of one disk: all choices of what survives if there are few, and so many by chance.
pub fn states(
    disk: &Sim,
    depth: Depth,
    dice: &mut Dice,
    mut look: impl FnMut(Sim, &mut Dice) -> Result<(), String>,
) -> Result<(), String> {
    let unsynced = disk.unsynced();
    let failed = |state: String, why: String| format!("{unsynced} changes, {state}: {why}");
    let each = if unsynced <= depth.each { 1_u64 << unsynced } else { 0 };
    for kept in 0..each {
        look(disk.cut_exactly(kept), dice).map_err(|why| failed(format!("kept {kept:b}"), why))?;
    }
    // Without changes there is nothing to choose.
    for number in 0..if unsynced == 0 { 0 } else { depth.by_chance } {
        let cut = disk.cut_by_chance(dice);
        look(cut, dice).map_err(|why| failed(format!("chance {number}"), why))?;
    }
    Ok(())
}

/// The errors of a point: once, and as long as anything is tried.
pub fn plans(after: u64) -> impl Iterator<Item = Plan> {
    let each = move |fault| [1, 1_000].map(|lasting| Plan { fault, after, lasting });
    [Fault::Io, Fault::Full].into_iter().flat_map(each)
}

/// Runs jobs 0, 1, 2 .. as long as there are more and none fails.
pub fn each(workers: usize, more: impl Fn(u64) -> bool + Sync, job: impl Fn(u64) -> Result<(), String> + Sync) {
    let (next, failed) = (AtomicU64::new(0), AtomicBool::new(false));
    let work = || loop {
        let number = next.fetch_add(1, Ordering::Relaxed);
        if failed.load(Ordering::Relaxed) || !more(number) {
            return Ok(());
        }
        job(number).inspect_err(|_| failed.store(true, Ordering::Relaxed))?;
    };
    let failures: Vec<String> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..workers).map(|_| scope.spawn(work)).collect();
        workers.into_iter().filter_map(|worker| worker.join().unwrap().err()).collect()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

pub fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Figures go past the test harness, which swallows what is printed by its macros.
pub fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A number from the environment, by which the long versions are told how long.
pub fn setting(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}
