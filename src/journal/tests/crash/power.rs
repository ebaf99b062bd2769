//! Power cuts and failing disks, simulated: short versions that always run, and the long one.

use crate::booth::Act;
use crate::rounds::{Count, Depth, cores, each, plans, report, setting};
use crate::runs::{by_chance, in_order, orders, points, syncs, with_fault};
use crate::sim::{Fault, Plan};
use std::sync::atomic::Ordering;
use std::time::Instant;

const EVERYWHERE: Depth = Depth { each: 6, by_chance: 64, one_in: 1 };
const AFTER_ERRORS: Depth = Depth { each: 0, by_chance: 2, one_in: 8 };
const IN_LONG_RUNS: Depth = Depth { each: 4, by_chance: 32, one_in: 1 };

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
    let count = Count::new("power cuts");
    let orders = orders();
    assert_eq!(orders.len(), 3 + 9 + 27);
    let depth = Depth { each: 1, by_chance: 1, one_in: 4 };
    each(cores(), |job| job < orders.len() as u64, |job| in_order(&orders[job as usize], depth, job, &count));
    each(cores(), |job| job < 2, |job| by_chance(job, depth, &count));
    count.tell();
}

#[test]
fn errors_of_the_disk_cost_nothing() {
    let count = Count::new("errors");
    let orders = orders();
    let depth = Depth { each: 0, by_chance: 1, one_in: 16 };
    each(cores(), |job| job < orders.len() as u64, |job| faults(&orders[job as usize], 17, depth, job, &count));
    count.tell();
}

/// Linux says once that a sync failed, and then lets everybody read what never reached the disk.
#[test]
fn a_sync_that_failed_is_not_believed() {
    let count = Count::new("failed syncs");
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
    count.tell();
}

/// `make crash-power`. BILIK_STATES is how many states are looked at, at least.
#[test]
#[ignore = "takes minutes"]
fn a_million_states() {
    let least = setting("BILIK_STATES", 1_000_000);
    let first = setting("BILIK_SEED", 0);
    let (orders, since) = (orders(), Instant::now());

    let count = Count::new("power cuts, orders of up to three");
    each(
        cores(),
        |job| job < orders.len() as u64,
        |job| in_order(&orders[job as usize], EVERYWHERE, first + job, &count),
    );
    let mut states = count.tell();

    let count = Count::new("errors at every point of these, then power cuts");
    each(
        cores(),
        |job| job < orders.len() as u64,
        |job| faults(&orders[job as usize], 1, AFTER_ERRORS, first + job, &count),
    );
    states += count.tell();

    let count = Count::new("power cuts, long runs by chance");
    let enough = || count.states.load(Ordering::Relaxed) + states >= least;
    each(cores(), |_| !enough(), |job| by_chance(first + job, IN_LONG_RUNS, &count));
    states += count.tell();
    report(&format!("{states} states, 0 lost, 0 doubled; {:.0} s", since.elapsed().as_secs_f64()));
}
