//! What a booth lives through, and which states of its disk are looked at.

use crate::booth::{Act, Booth, Cut};
use crate::files::disk_of;
use crate::mount::Mounted;
use crate::promises::{After, Promises};
use crate::rounds::{self, Count, Depth, add, states};
use crate::sim::{Dice, Plan, Sim, lock};

/// In one state of so many another claim is kept, and in one of so many all are brought to the hub: sealing takes longer
/// than all the rest, and what the journal has just read it can add to.
const SERVING: usize = 4;
const DRAINED: usize = 64;
/// Steps of a long run. Few enough that a list shows all claims.
const STEPS: usize = 40;

/// All orders of up to three acts.
pub fn orders() -> Vec<Vec<Act>> {
    rounds::orders([Act::Keep, Act::Deliver, Act::Erase])
}

/// An empty disk, as it is before the booth's program starts for the first time.
pub fn fresh(seed: u64) -> Booth {
    Booth::start(Sim::new(seed), Promises::default(), 1, seed)
}

/// Looks at states of each cut: all choices of what survives if there are few, and so many by chance.
pub fn look(cuts: &[Cut], depth: Depth, dice: &mut Dice, count: &Count) -> Result<(), String> {
    for (place, cut) in cuts.iter().enumerate() {
        if dice.below(depth.one_in) != 0 {
            continue;
        }
        add(&count.cuts, 1);
        let result = states(&cut.disk, depth, dice, |sim, dice| {
            let mounted = Mounted::new(sim);
            count.state();
            let after = match dice.below(DRAINED) {
                0 => After::Drain,
                chance if chance.is_multiple_of(SERVING) => After::Keep,
                _ => After::Look,
            };
            cut.promises.check(&disk_of(&mounted), &mounted.directory, after).map(drop)
        });
        result.map_err(|why| format!("cut {place}, {why}"))?;
    }
    Ok(())
}

/// Lets a booth act, and power be cut wherever it could.
pub fn in_order(order: &[Act], depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let (mut booth, mut dice) = (fresh(seed), Dice::new(seed));
    order.iter().for_each(|act| booth.act(*act));
    add(&count.runs, 1);
    finish(&booth, count)?;
    look(&booth.cuts, depth, &mut dice, count).map_err(|e| format!("{order:?}, seed {seed}: {e}"))
}

fn finish(booth: &Booth, count: &Count) -> Result<(), String> {
    add(&count.kept, booth.promises.kept.len());
    booth.problem.clone().map_or(Ok(()), Err)
}

/// A longer life by chance, in which power is really cut now and then, also while the booth starts again.
pub fn by_chance(seed: u64, depth: Depth, count: &Count) -> Result<(), String> {
    let (mut booth, mut dice) = (fresh(seed), Dice::new(seed));
    let mut story = Vec::new();
    for step in 0..STEPS {
        let act = match dice.below(100) {
            0..35 => Act::Keep,
            35..60 => Act::Deliver,
            60..86 => Act::Erase,
            86..88 => Act::Hold,
            88..90 => Act::BackUp,
            90..92 => Act::Restore,
            92..95 => Act::Again,
            _ => Act::Restart,
        };
        story.push(act);
        booth.act(act);
        let cuts = std::mem::take(&mut booth.cuts);
        let told = |why: String| format!("seed {seed}, step {step} of {story:?}: {why}");
        finish(&booth, count).map_err(told)?;
        look(&cuts, depth, &mut dice, count).map_err(told)?;
        if dice.percent(12) && !cuts.is_empty() {
            let Cut { disk, promises } = &cuts[dice.below(cuts.len())];
            let after = disk.cut_by_chance(&mut dice);
            booth = Booth::start(after.clone(), promises.clone(), booth.next(), dice.next());
            // What is there once the booth has started counts as kept: that it is shown in no screen changes nothing.
            let mounted = Mounted::new(after);
            let there = promises.check(&disk_of(&mounted), &mounted.directory, After::Look).map_err(told)?;
            let cuts = std::mem::take(&mut booth.cuts);
            look(&cuts, depth, &mut dice, count).map_err(|why| told(format!("while starting: {why}")))?;
            (booth.promises.kept, booth.promises.unsaid) = (there, 0);
        }
    }
    add(&count.runs, 1);
    Ok(())
}

/// How many changes and syncs an order takes, from the first start on.
pub fn points(order: &[Act]) -> u64 {
    let mut booth = fresh(1);
    order.iter().for_each(|act| booth.act(*act));
    booth.points()
}

/// Which of these are syncs of a file.
pub fn syncs(order: &[Act]) -> Vec<u64> {
    let mut booth = fresh(1);
    order.iter().for_each(|act| booth.act(*act));
    let sim = lock(&booth.mounted.sim);
    sim.syncs.clone()
}

/// Lets one change or sync of an order fail, and so many after it; then the disk is well again, and the booth must be too.
pub fn with_fault(order: &[Act], plan: Plan, depth: Depth, seed: u64, count: &Count) -> Result<(), String> {
    let mut sim = Sim::new(seed);
    sim.plan = Some(plan);
    let (mut booth, mut dice) = (Booth::start(sim, Promises::default(), 1, seed), Dice::new(seed));
    order.iter().for_each(|act| booth.act(*act));
    booth.plan(None);
    // One to open it again, one to find that it is open.
    (0..2).for_each(|_| booth.wait());
    let before = booth.promises.kept.len();
    booth.act(Act::Keep);
    add(&count.runs, 1);
    add(&count.faults, 1);
    let told = |why: String| format!("{order:?}, {plan:?}, seed {seed}: {why}");
    finish(&booth, count).map_err(told)?;
    if booth.promises.kept.len() != before + 1 {
        return Err(told("keeps nothing once the disk is well again".into()));
    }
    // Before, it was as without.
    booth.cuts.retain(|cut| cut.disk.points >= plan.after);
    look(&booth.cuts, depth, &mut dice, count).map_err(told)
}
