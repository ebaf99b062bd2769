//! Claims that are held after their receipt, and a hub that comes back from a backup: a short version that always runs. Long
//! runs of `power` have them as well.

use crate::booth::Act::{self, BackUp, Deliver, Erase, Hold, Keep, Restart, Restore};
use crate::rounds::{Count, Depth, each, plans, setting};
use crate::runs::{by_chance, fresh, in_order, points, with_fault};

/// Each begins when the hub asks for holding.
const ORDERS: [&[Act]; 6] = [
    &[Hold, Keep, Deliver, Erase, BackUp],
    &[Hold, Keep, Deliver, Erase, Restore, Deliver, Erase],
    &[Hold, Keep, Deliver, Erase, Restore, Restart, Deliver, Erase, BackUp],
    &[Keep, Deliver, Hold, Deliver, Erase, Restore, Keep],
    &[Hold, Keep, Keep, Deliver, Erase, Deliver, Erase, BackUp, Keep, Deliver, Erase, Restore, Deliver, Erase],
    &[Hold, Keep, Deliver, Restart, Deliver, Erase, Restore, Restore, Deliver, Erase],
];

#[test]
fn held_claims_are_at_the_booth_or_in_a_backup() {
    let (count, depth) = (Count::new("held claims"), Depth { each: 1, by_chance: 2, one_in: 2 });
    each(2, |job| job < ORDERS.len() as u64, |job| in_order(ORDERS[job as usize], depth, job, &count));
}

#[test]
fn errors_of_the_disk_cost_no_held_claim() {
    let (count, depth) = (Count::new("held claims"), Depth { each: 0, by_chance: 1, one_in: 16 });
    each(
        2,
        |job| job < 3,
        |job| {
            let order = ORDERS[job as usize];
            let each = (points(&[]) + job..points(order)).step_by(11);
            each.flat_map(plans).try_for_each(|plan| with_fault(order, plan, depth, job, &count))
        },
    );
}

/// BILIK_RUNS long lives by chance.
#[test]
fn held_claims_live_through_long_runs() {
    let (count, depth) = (Count::new("held claims"), Depth { each: 1, by_chance: 1, one_in: 8 });
    let (runs, first) = (setting("BILIK_RUNS", 2), 1_000);
    each(2, |job| job < runs, |job| by_chance(first + job, depth, &count));
}

#[test]
fn orders_do_what_they_are_here_for() {
    let check = |order: &[Act], ledger: usize, confirmed: usize| {
        let mut booth = fresh(1);
        order.iter().for_each(|act| booth.act(*act));
        assert_eq!(booth.problem, None);
        assert_eq!((booth.promises.hub.ledger.len(), booth.promises.confirmed.len()), (ledger, confirmed), "{order:?}");
    };
    check(&ORDERS[1][..4], 1, 1);
    check(&ORDERS[1][..5], 0, 1);
    check(ORDERS[1], 1, 1);
    // What is in a backup is not forgotten.
    check(&[Hold, Keep, Deliver, Erase, BackUp, Restore], 1, 1);
}
