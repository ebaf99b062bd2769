//! What a hub lives through, and which states of its disk are looked at.

use super::hub::{Act, Cut, Hub};
use super::mount::Mounted;
use super::promises::{Promises, dump};
use super::rounds::{self, Count, Depth, add, plans, states};
use super::sim::{Dice, Fault, Plan, Sim, lock};
use super::{LEDGER, disk_of, vfs};
use crate::sqlite::SqliteLedger;
use rusqlite::{Connection, OpenFlags};

/// In one state of so many all claims are given again, and one more.
const SERVING: usize = 8;
/// Steps of a long run.
const STEPS: usize = 20;
/// What the first release wrote.
const VERSION_1: &str = include_str!("../fixtures/1.sql");

/// All orders of up to three acts.
pub fn orders() -> Vec<Vec<Act>> {
    rounds::orders([Act::File, Act::Crowd, Act::Work])
}

fn look(cuts: &[Cut], depth: Depth, dice: &mut Dice, count: &Count) -> Result<(), String> {
    for (place, cut) in cuts.iter().enumerate() {
        if dice.below(depth.one_in) != 0 {
            continue;
        }
        add(&count.cuts, 1);
        let result = states(&cut.disk, depth, dice, |sim, dice| {
            count.state();
            cut.promises.check(&Mounted::new(sim), dice.below(SERVING) == 0)
        });
        result.map_err(|why| format!("cut {place}, {why}"))?;
    }
    Ok(())
}

fn finish(hub: &Hub, count: &Count) -> Result<(), String> {
    add(&count.kept, hub.promises.receipts.len());
    hub.problem.clone().map_or(Ok(()), Err)
}

/// Lets a hub act, and power be cut wherever it could.
pub fn in_order(order: &[Act], depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let (mut hub, mut dice) = (Hub::start(Sim::new(seed), Promises::default(), 1), Dice::new(seed));
    order.iter().for_each(|act| hub.act(*act));
    add(&count.runs, 1);
    finish(&hub, count)
        .and_then(|()| look(&hub.cuts, depth, &mut dice, count))
        .map_err(|e| format!("{order:?}, seed {seed}: {e}"))
}

/// A longer life by chance, in which power is really cut now and then, also while the hub starts again; at its end an older
/// image of the disk is put under it, and it serves.
pub fn by_chance(seed: u64, depth: Depth, count: &Count) -> Result<(), String> {
    let (mut hub, mut dice) = (Hub::start(Sim::new(seed), Promises::default(), 1), Dice::new(seed));
    let (mut story, mut images) = (Vec::new(), Vec::new());
    for step in 0..STEPS {
        let act = match dice.below(100) {
            0..35 => Act::File,
            35..60 => Act::Crowd,
            60..80 => Act::Work,
            80..90 => Act::Again,
            90..95 => Act::Restart,
            _ => Act::Kill,
        };
        story.push(act);
        hub.act(act);
        let cuts = std::mem::take(&mut hub.cuts);
        let told = |why: String| format!("seed {seed}, step {step} of {story:?}: {why}");
        hub.problem.clone().map_or(Ok(()), Err).map_err(told)?;
        look(&cuts, depth, &mut dice, count).map_err(told)?;
        if let Some(cut) = cuts.get(dice.below(cuts.len())) {
            images.push(cut.clone());
            if dice.percent(15) {
                let promises = cut.promises.clone();
                hub = Hub::start(cut.disk.cut_by_chance(&mut dice), promises, hub.next());
                let cuts = std::mem::take(&mut hub.cuts);
                hub.problem.clone().map_or(Ok(()), Err).map_err(told)?;
                look(&cuts, depth, &mut dice, count).map_err(|why| told(format!("while starting: {why}")))?;
            }
        }
    }
    add(&count.runs, 1);
    finish(&hub, count)?;
    let Some(old) = images.get(dice.below(images.len())) else { return Ok(()) };
    count.state();
    // The booths have receipts that this image knows nothing of; all their claims are taken in again.
    let mut restored = Hub::start(old.disk.cut_by_chance(&mut dice), old.promises.clone(), hub.next());
    [Act::File, Act::Crowd, Act::Work, Act::Restart].into_iter().for_each(|act| restored.act(act));
    let Promises { sure, .. } = restored.promises.clone();
    let left = Mounted::new(lock(&restored.mounted.sim).clone());
    let all = Promises { sure, ..Promises::default() };
    restored
        .problem
        .map_or(Ok(()), Err)
        .and_then(|()| all.check(&left, true))
        .map_err(|e| format!("seed {seed}, restored: {e}"))
}

/// How many changes and syncs an order takes, from the first start on; and which of these are syncs of a file.
fn points(order: &[Act]) -> (u64, Vec<u64>) {
    let mut hub = Hub::start(Sim::new(1), Promises::default(), 1);
    order.iter().for_each(|act| hub.act(*act));
    let sim = lock(&hub.mounted.sim);
    (sim.points, sim.syncs.clone())
}

/// Every `step`th point of an order's last act, each kind of error; those before are points of shorter orders.
pub fn every_fault(order: &[Act], step: usize, depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let from = if order.len() > 1 { points(&order[..order.len() - 1]).0 } else { 0 };
    for after in (from + seed % step as u64..points(order).0).step_by(step) {
        plans(after).try_for_each(|plan| with_fault(order, plan, depth, seed, count))?;
    }
    Ok(())
}

/// Every sync of a file fails once.
pub fn every_failed_sync(depth: Depth, count: &Count) -> Result<(), String> {
    let order = [Act::Crowd];
    let start = points(&[]).0;
    let syncs = points(&order).1.into_iter().filter(|point| *point >= start);
    syncs
        .into_iter()
        .try_for_each(|after| with_fault(&order, Plan { fault: Fault::Io, after, lasting: 1 }, depth, after, count))
}

/// Every change of an order's last act is refused, on a disk that has done it all the same.
pub fn every_refusal(order: &[Act], depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    for after in points(&order[..order.len() - 1]).0..points(order).0 {
        for lasting in [1, 1_000] {
            let mut sim = Sim::new(seed);
            sim.fails_late = true;
            with_fault_on(sim, order, Plan { fault: Fault::Full, after, lasting }, depth, seed, count)?;
        }
    }
    Ok(())
}

/// Lets one change or sync of an order fail, and so many after it; then the disk is well again, and the hub must be too.
pub fn with_fault(order: &[Act], plan: Plan, depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    with_fault_on(Sim::new(seed), order, plan, depth, seed, count)
}

fn with_fault_on(
    mut sim: Sim,
    order: &[Act],
    plan: Plan,
    depth: Depth,
    seed: u64,
    count: &Count,
) -> Result<(), String> {
    let mut dice = Dice::new(seed);
    sim.plan = Some(plan);
    let mut hub = Hub::start(sim, Promises::default(), 1);
    order.iter().for_each(|act| hub.act(*act));
    hub.plan(None);
    let before = hub.promises.receipts.len();
    hub.act(Act::File);
    add(&count.runs, 1);
    add(&count.faults, 1);
    let told = |why: String| format!("{order:?}, {plan:?}, seed {seed}: {why}");
    finish(&hub, count).map_err(told)?;
    if hub.promises.receipts.len() != before + 1 {
        return Err(told("keeps nothing once the disk is well again".into()));
    }
    // Before, it was as without.
    hub.cuts.retain(|cut| cut.disk.points >= plan.after);
    look(&hub.cuts, depth, &mut dice, count).map_err(told)
}

fn open(mounted: &Mounted) -> Result<SqliteLedger, String> {
    SqliteLedger::open_on(&disk_of(mounted), &mounted.directory.join(LEDGER))
        .map_err(|error| format!("does not open: {}", super::promises::chain(&error)))
}

fn ask<T: rusqlite::types::FromSql>(mounted: &Mounted, file: &str, sql: &str) -> Result<T, String> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    Connection::open_with_flags_and_vfs(mounted.directory.join(file), flags, vfs::name())
        .and_then(|db| db.query_row(sql, [], |row| row.get(0)))
        .map_err(|error| format!("{file}: {error}"))
}

/// A ledger of the first release is brought to the present version: whole, or not yet; and once it is, its copy is there.
pub fn migration(depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let mounted = Mounted::new(Sim::new(seed));
    let path = mounted.directory.join(LEDGER);
    let old = Connection::open_with_flags_and_vfs(&path, OpenFlags::default(), vfs::name()).unwrap();
    old.execute_batch(VERSION_1).unwrap();
    drop(old);
    // Without it the rollback journal, which the first release's log has none of, could be back.
    lock(&mounted.sim).sync_names().map_err(|fault| format!("{fault:?}"))?;
    lock(&mounted.sim).cuts = Some(Vec::new());
    let ledger = open(&mounted)?;
    let expect = dump(&ledger).map_err(|error| error.to_string())?;
    drop(ledger);
    let cuts = lock(&mounted.sim).cuts.take().unwrap_or_default();
    let mut dice = Dice::new(seed);
    for (place, cut) in cuts.iter().enumerate() {
        add(&count.cuts, 1);
        let result = states(cut, depth, &mut dice, |sim, _| {
            count.state();
            let mounted = Mounted::new(sim);
            let there = lock(&mounted.sim).find("hub.db.v1").is_some();
            let ask_copy = |sql| ask::<String>(&mounted, "hub.db.v1", sql);
            if there
                && ask_copy("SELECT integrity_check || (SELECT count(*) FROM claims) FROM pragma_integrity_check")?
                    != "ok3"
            {
                return Err("the copy is not whole".into());
            }
            let version: i64 = ask(&mounted, LEDGER, "PRAGMA user_version")?;
            if version != 1 && !there {
                return Err(format!("version {version}, and no copy"));
            }
            let ledger = open(&mounted)?;
            if dump(&ledger).map_err(|error| error.to_string())? != expect {
                return Err("not all has come along".into());
            }
            Ok(())
        });
        result.map_err(|why| format!("change of layout, seed {seed}, cut {place}, {why}"))?;
    }
    add(&count.runs, 1);
    Ok(())
}
