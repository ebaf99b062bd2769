//! What a receipt was given for is in the ledger, whole and once, whatever is cut, killed or full.
//!
//! A simulated disk (that of the journal's tests) loses, reorders and tears what was not synced, at every sync, under the
//! production ledger: several booths' parts and claims, alone and in group commits, through the production intake; decisions,
//! ratings, audit entries, refusals, parts that nobody needs; a change of layout with its copy; a hub that starts again, also
//! on an older image of its disk. Then the production code opens what is left. Short versions run always, the long one
//! only when asked for (`make crash-power`).

mod hub;
#[path = "../../../../journal/tests/crash/locks.rs"]
mod locks;
mod model;
#[path = "../../../../journal/tests/crash/mount.rs"]
pub(crate) mod mount;
mod promises;
#[path = "../../../../journal/tests/crash/rounds.rs"]
mod rounds;
mod runs;
#[path = "../../../../journal/tests/crash/sim.rs"]
pub(crate) mod sim;
mod specimens;
#[path = "../../../../journal/tests/crash/vfs.rs"]
pub(crate) mod vfs;

use super::disk::{Disk, Files};
use hub::Act;
use mount::Mounted;
use rounds::{Count, Depth, cores, each, report, setting};
use runs::{by_chance, every_fault, in_order, migration, orders};
use sim::{Shared, lock};
use std::io;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Instant;

pub const LEDGER: &str = "hub.db";

const EVERYWHERE: Depth = Depth { each: 6, by_chance: 64, one_in: 1 };
const AFTER_ERRORS: Depth = Depth { each: 0, by_chance: 2, one_in: 4 };
const IN_LONG_RUNS: Depth = Depth { each: 4, by_chance: 32, one_in: 1 };

/// A simulated disk, as the ledger sees it.
pub(crate) fn disk_of(mounted: &Mounted) -> Disk {
    Disk { files: Box::new(SimFiles(Arc::clone(&mounted.sim))), vfs: Some(vfs::name()) }
}

struct SimFiles(Shared);

fn name(path: &Path) -> &str {
    path.file_name().and_then(|name| name.to_str()).unwrap_or_default()
}

impl Files for SimFiles {
    fn make_anew(&self, path: &Path) -> io::Result<()> {
        let mut sim = lock(&self.0);
        if sim.find(name(path)).is_some() {
            sim.remove(name(path))?;
        }
        sim.make(name(path))?;
        Ok(())
    }

    fn keep_as(&self, path: &Path, to: &Path) -> io::Result<()> {
        let mut sim = lock(&self.0);
        let inode = sim.find(name(path)).ok_or(io::ErrorKind::NotFound)?;
        sim.sync(inode)?;
        sim.rename(name(path), name(to))?;
        Ok(sim.sync_names()?)
    }

    fn renew(&self, path: &Path) -> io::Result<()> {
        let mut sim = lock(&self.0);
        let Some(inode) = sim.find(name(path)) else { return Ok(()) };
        let bytes = sim.contents(inode).to_vec();
        if !bytes.is_empty() {
            sim.write(inode, 0, &bytes)?;
        }
        sim.sync(inode)?;
        Ok(sim.sync_names()?)
    }
}

#[test]
fn power_cuts_cost_nothing() {
    let count = Count::new("hub: power cuts");
    let (orders, depth) = (orders(), Depth { each: 1, by_chance: 1, one_in: 8 });
    each(cores(), |job| job < orders.len() as u64, |job| in_order(&orders[job as usize], depth, job, &count));
    each(cores(), |job| job < 2, |job| by_chance(job, depth, &count));
    count.tell();
}

#[test]
fn a_change_of_layout_is_all_or_nothing() {
    let count = Count::new("hub: change of layout");
    migration(Depth { each: 4, by_chance: 6, one_in: 1 }, 1, &count).unwrap();
    count.tell();
}

#[test]
fn errors_of_the_disk_cost_nothing() {
    let count = Count::new("hub: errors");
    let (orders, depth) = (orders(), Depth { each: 0, by_chance: 1, one_in: 8 });
    each(cores(), |job| job < orders.len() as u64, |job| every_fault(&orders[job as usize], 211, depth, job, &count));
    count.tell();
}

/// Linux says once that a sync failed, and then lets everybody read what never reached the disk.
#[test]
fn a_sync_that_failed_is_not_believed() {
    let count = Count::new("hub: failed syncs");
    runs::every_failed_sync(Depth { each: 0, by_chance: 4, one_in: 1 }, &count).unwrap();
    count.tell();
}

/// The log of a hub that starts again has to be there under its name, or a power cut takes what was read of it.
#[test]
fn a_log_without_a_durable_name_is_not_believed() {
    let count = Count::new("hub: unnamed log");
    for after in 299..306 {
        let plan = sim::Plan { fault: sim::Fault::Io, after, lasting: 1_000 };
        runs::with_fault(&[Act::File, Act::File, Act::Work], plan, AFTER_ERRORS, 14, &count).unwrap();
    }
    count.tell();
}

/// What was refused for want of room may be found kept by whoever reads the log anew: the last write of a commit has begun, and
/// the rest of what it should have written stood there before. What was answered is there all the same.
#[test]
fn a_refused_commit_may_stay_in_the_log() {
    let count = Count::new("hub: refused commits");
    each(
        cores(),
        |job| job < 2,
        |job| {
            let order = [[Act::Crowd].as_slice(), &[Act::File, Act::Work]][job as usize];
            runs::every_refusal(order, Depth { each: 0, by_chance: 1, one_in: 8 }, job, &count)
        },
    );
    count.tell();
}

/// Part of `make crash-power`. BILIK_STATES is how many states are looked at, at least.
#[test]
#[ignore = "takes minutes"]
fn a_million_states() {
    let (least, first) = (setting("BILIK_STATES", 1_000_000), setting("BILIK_SEED", 0));
    let (orders, since) = (orders(), Instant::now());
    let all = |job: u64| job < orders.len() as u64;

    let count = Count::new("hub: power cuts, orders of up to three");
    each(cores(), all, |job| in_order(&orders[job as usize], EVERYWHERE, first + job, &count));
    migration(EVERYWHERE, first, &count).unwrap();
    let mut states = count.tell();

    let count = Count::new("hub: errors at every point of these, then power cuts");
    each(cores(), all, |job| every_fault(&orders[job as usize], 1, AFTER_ERRORS, first + job, &count));
    states += count.tell();

    let count = Count::new("hub: power cuts, long runs by chance");
    let enough = || count.states.load(Ordering::Relaxed) + states >= least;
    each(cores(), |_| !enough(), |job| by_chance(first + job, IN_LONG_RUNS, &count));
    states += count.tell();
    report(&format!("hub: {states} states, 0 lost, 0 doubled; {:.0} s", since.elapsed().as_secs_f64()));
}
