//! Power cuts and failing disks, simulated: short versions that always run, and the long one.

use crate::booth::Act;
use crate::runs::{Count, Depth, by_chance, in_order, orders, plans, points, syncs, with_fault};
use crate::sim::{Fault, Plan};
use crate::{report, setting};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

const EVERYWHERE: Depth = Depth { each: 6, by_chance: 64, one_in: 1 };
const AFTER_ERRORS: Depth = Depth { each: 0, by_chance: 2, one_in: 8 };
const IN_LONG_RUNS: Depth = Depth { each: 4, by_chance: 32, one_in: 1 };

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

fn cores() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

fn tell(title: &str, count: &Count, since: Instant) {
    let get = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
    let (states, seconds) = (get(&count.states), since.elapsed().as_secs_f64());
    report(&format!(
        "{title}: {states} states of {} places in {} runs, {} of them with errors; {seconds:.0} s, {:.0} states/s",
        get(&count.cuts),
        get(&count.runs),
        get(&count.faults),
        states as f64 / seconds,
    ));
}

/// Every point of an order's last act, each kind of error; those before are points of shorter orders.
fn faults(order: &[Act], step: usize, depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let from = if order.len() > 1 { points(&order[..order.len() - 1]) } else { 0 };
    for after in (from + seed % step as u64..points(order)).step_by(step) {
        plans(after).try_for_each(|plan| with_fault(order, plan, depth, seed, count))?;
    }
    Ok(())
}

#[test]
fn power_cuts_cost_nothing() {
    let (count, since) = (Count::default(), Instant::now());
    let orders = orders();
    assert_eq!(orders.len(), 3 + 9 + 27);
    let depth = Depth { each: 1, by_chance: 1, one_in: 4 };
    each(cores(), |job| job < orders.len() as u64, |job| in_order(&orders[job as usize], depth, job, &count));
    each(cores(), |job| job < 2, |job| by_chance(job, depth, &count));
    tell("power cuts", &count, since);
}

#[test]
fn errors_of_the_disk_cost_nothing() {
    let (count, since) = (Count::default(), Instant::now());
    let orders = orders();
    let depth = Depth { each: 0, by_chance: 1, one_in: 16 };
    each(cores(), |job| job < orders.len() as u64, |job| faults(&orders[job as usize], 17, depth, job, &count));
    tell("errors", &count, since);
}

/// Linux says once that a sync failed, and then lets everybody read what never reached the disk.
#[test]
fn a_sync_that_failed_is_not_believed() {
    let (count, since) = (Count::default(), Instant::now());
    let depth = Depth { each: 0, by_chance: 8, one_in: 1 };
    let order = [Act::Keep];
    let syncs: Vec<u64> = syncs(&order).into_iter().filter(|point| *point >= points(&[])).collect();
    each(
        cores(),
        |job| job < syncs.len() as u64,
        |job| {
            let plan = Plan { fault: Fault::Io, after: syncs[job as usize], lasting: 1 };
            with_fault(&order, plan, depth, job, &count)
        },
    );
    tell("failed syncs", &count, since);
}

/// `make crash-power`. BILIK_STATES is how many states are looked at, at least.
#[test]
#[ignore = "takes minutes"]
fn a_million_states() {
    let least = setting("BILIK_STATES", 1_000_000);
    let first = setting("BILIK_SEED", 0);
    let (orders, since) = (orders(), Instant::now());

    let count = Count::default();
    each(
        cores(),
        |job| job < orders.len() as u64,
        |job| in_order(&orders[job as usize], EVERYWHERE, first + job, &count),
    );
    tell("power cuts, orders of up to three", &count, since);
    let mut states = count.states.into_inner();

    let (count, start) = (Count::default(), Instant::now());
    each(
        cores(),
        |job| job < orders.len() as u64,
        |job| faults(&orders[job as usize], 1, AFTER_ERRORS, first + job, &count),
    );
    tell("errors at every point of these, then power cuts", &count, start);
    states += count.states.into_inner();

    let (count, start) = (Count::default(), Instant::now());
    let enough = || count.states.load(Ordering::Relaxed) + states >= least;
    each(cores(), |_| !enough(), |job| by_chance(first + job, IN_LONG_RUNS, &count));
    tell("power cuts, long runs by chance", &count, start);
    states += count.states.into_inner();
    report(&format!("{states} states, 0 lost, 0 doubled; {:.0} s", since.elapsed().as_secs_f64()));
}
