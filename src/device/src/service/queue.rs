//! Claims that wait at the booth: copied to a stick, and what they forbid.

use super::disks;
use super::machine::{BOOTH_STATE, Machine};
use super::provisioning::{Identity, as_booth};
use super::refusal::Refusal;
use super::sticks::{self, Access, Mounted};
use super::work::Report;
use bilik_device::{Failure, Step};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::time::Duration;

/// Which claims a stick has a copy of.
const EXPORTED: &str = "exported.json";
/// A booth that was offline for weeks, onto a slow stick.
const EXPORT_LIMIT: Duration = Duration::from_secs(30 * 60);
const LIST_LIMIT: Duration = Duration::from_secs(120);

/// What the queue holds that the hub has not for good.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Waiting {
    claims: BTreeSet<String>,
    /// Rows that name no claim any more.
    unreadable: u64,
}

/// A stick that is in, to write to.
pub fn writable(machine: &Machine) -> Result<Mounted, Refusal> {
    let found = disks::list()?;
    let mut refusal = Refusal::new(Failure::NoStick, "no stick with a FAT file system called BILIK is in");
    for part in disks::sticks(&found) {
        match sticks::mount(machine, &part, Access::Write(machine.booth_user()?)) {
            Ok(mounted) => return Ok(mounted),
            Err(error) => refusal = error,
        }
    }
    Err(refusal)
}

/// Copies the sealed claims to a stick.
pub fn export(machine: &Machine, report: Report<'_>) -> Result<(), Refusal> {
    report(Step::Checking, 0);
    let mounted = writable(machine)?;
    // What comes into the queue from now on may not be in the copy.
    let waiting = waiting(machine)?;
    report(Step::Writing, 100);
    let id = Identity::load(machine).map_or_else(|| "unknown".into(), |identity| identity.short_id());
    let folder = mounted.path().join(format!("bilik-queue-{id}"));
    as_booth(machine, &["queue", "export"]).arg(&folder).limit(EXPORT_LIMIT).run()?;
    report(Step::Finishing, 900);
    mounted.unmount()?;
    machine.keep(EXPORTED, &waiting)
}

/// Refuses while claims wait that exist nowhere else.
pub fn check_empty(machine: &Machine) -> Result<(), Refusal> {
    let waiting = waiting(machine)?;
    let exported: Waiting = machine.recall(EXPORTED).unwrap_or_default();
    let missing = waiting.claims.difference(&exported.claims).count();
    if missing == 0 && waiting.unreadable <= exported.unreadable {
        return Ok(());
    }
    let unreadable = waiting.unreadable.saturating_sub(exported.unreadable);
    let detail = format!("{missing} claims wait that no stick has a copy of, {unreadable} more cannot be read");
    Err(Refusal::new(Failure::ClaimsWait, detail))
}

fn waiting(machine: &Machine) -> Result<Waiting, Refusal> {
    let state = machine.path(BOOTH_STATE);
    let entries = std::fs::read_dir(&state).map_err(Refusal::io("read", &state))?;
    let is_queue = |name: &std::ffi::OsStr| name.to_string_lossy().starts_with("journal.db");
    if !entries.filter_map(Result::ok).any(|entry| is_queue(&entry.file_name())) {
        return Ok(Waiting::default());
    }
    Ok(understand(&as_booth(machine, &["queue", "list"]).limit(LIST_LIMIT).run()?))
}

/// Of the lines of `bilik-booth queue list`. A claim that the hub has, but not yet in a backup, still waits here.
fn understand(list: &str) -> Waiting {
    let mut found = Waiting::default();
    for line in list.lines() {
        if let Some(count) = line.trim().strip_suffix(" cannot be read").and_then(|count| count.parse::<u64>().ok()) {
            found.unreadable += count;
        } else if let Some((row, state)) = line.split_once(" bytes  ") {
            let kept_by_hub = state.trim_start().starts_with("confirmed as") && !state.contains("still here");
            let claim = row.split_whitespace().nth(2).filter(|_| !kept_by_hub);
            found.claims.extend(claim.map(str::to_owned));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_wait() {
        let list = "/var/lib/bilik/journal.db:\n\
            \u{20}    1  AAAA-1111  018f0000-0000-7000-8000-000000000001   5 parts      1200 bytes  waits for the hub\n\
            \u{20}    2  AAAA-2222  018f0000-0000-7000-8000-000000000002  12 parts 123456789 bytes  refused: too large\n\
            \u{20}    3  AAAA-3333  018f0000-0000-7000-8000-000000000003   5 parts      1200 bytes  confirmed as 7, still here until the hub has it in a backup\n\
            \u{20}    4  AAAA-4444  018f0000-0000-7000-8000-000000000004   5 parts      1200 bytes  confirmed as 6\n\
            2 not confirmed by the hub, 4 in all\n3 cannot be read\n";
        let found = understand(list);
        let ends: Vec<_> = found.claims.iter().map(|claim| &claim[claim.len() - 1..]).collect();
        assert_eq!((ends, found.unreadable), (vec!["1", "2", "3"], 3));
        assert_eq!(understand(""), Waiting::default());
        assert_eq!(understand("0 not confirmed by the hub, 0 in all\n"), Waiting::default());
    }
}
