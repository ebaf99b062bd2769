//! Two systems, of which one runs; the other is where an update goes. RAUC writes, checks and chooses; this says what it did.
//!
//! ```text
//!            Update                     restart                Healthy
//!   a runs ───────────► a runs, b next ─────────► b on trial ──────────► b runs (`Updated`)
//!     ▲                                               │ 5 minutes, crashes, power cut
//!     └───────────────────────────────────────────────┘ (`RolledBack`)
//! ```
//!
//! The firmware tries the new one once: whatever ends the trial other than `Healthy`, the next start is the old one's.
//! What was tried is kept in [`TRIAL`] from before RAUC begins, so each start knows what it is.

use super::commands::Tool;
use super::disks::Block;
use super::machine::Machine;
use super::refusal::Refusal;
use super::work::Report;
use super::{boot_entries, disks, installer, received, sticks};
use bilik_device::{Failure, Mode, Outcome, RollbackReason, Slot, SlotState, Step, UpdateFrom};
use serde::{Deserialize, Serialize};
use std::time::Duration;

pub const TRIAL: &str = "trial.json";
/// How the last one ended: [`Outcome`].
pub const LAST: &str = "last.json";
const INSTALL_LIMIT: Duration = Duration::from_secs(30 * 60);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trial {
    /// Where the new version is.
    pub slot: String,
    pub from: String,
    pub to: String,
    /// The start in which it was installed.
    pub boot_id: String,
    /// RAUC has finished.
    pub installed: bool,
    /// It came up so far that this service ran.
    #[serde(default)]
    pub began: bool,
    /// Why it was given up, if something was seen.
    pub why: Option<RollbackReason>,
}

/// What this start is, seen from what was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Start {
    Usual,
    /// An update waits for the next start.
    Waiting,
    OnTrial(Trial),
    RolledBack(Trial),
    /// The update was cut; the slot holds nothing that starts.
    Interrupted,
}

pub fn start(trial: Option<Trial>, slot: &str, boot_id: &str) -> Start {
    match trial {
        None => Start::Usual,
        Some(trial) if trial.boot_id == boot_id && trial.installed => Start::Waiting,
        Some(trial) if trial.boot_id == boot_id => Start::Interrupted,
        Some(trial) if trial.slot == slot => Start::OnTrial(trial),
        Some(trial) if trial.installed => Start::RolledBack(trial),
        Some(_) => Start::Interrupted,
    }
}

/// Puts an update into the slot that does not run.
pub fn update(machine: &Machine, from: UpdateFrom, report: Report<'_>) -> Result<(), Refusal> {
    if machine.mode() != Mode::Booth {
        return Err(Refusal::new(Failure::NotHere, "only a booth's own disk is updated"));
    }
    report(Step::Checking, 0);
    match from {
        UpdateFrom::Stick => from_stick(machine, report),
        UpdateFrom::Hub => {
            let taken = received::take(machine, |thousandth| report(Step::Checking, thousandth * 4 / 100))?;
            let done = sticks::bundle(taken.path()).and_then(|bundle| install(machine, &bundle, report));
            taken.end(done)
        }
    }
}

/// The newest of all sticks'.
fn from_stick(machine: &Machine, report: Report<'_>) -> Result<(), Refusal> {
    let found = disks::list()?;
    let parts = disks::sticks(&found);
    let mut last = Refusal::new(Failure::NoStick, "no stick with a FAT file system called BILIK is in");
    for part in &parts {
        let tried = sticks::mount(machine, part, sticks::Access::Read).and_then(|mounted| {
            let bundle = mounted.update()?;
            install(machine, &bundle, report)
        });
        match tried {
            Err(refusal @ Refusal { why: Failure::NoFile | Failure::NoStick, .. }) => last = refusal,
            other => return other,
        }
    }
    Err(last)
}

fn install(machine: &Machine, bundle: &sticks::Bundle, report: Report<'_>) -> Result<(), Refusal> {
    let now = machine.version();
    if sticks::newer(&now, &bundle.version) {
        let detail = format!("{now} runs, the update is {}", bundle.version);
        return Err(Refusal::new(Failure::Older, detail));
    }
    let slot = machine.slot().unwrap_or_default();
    let other = if slot == "a" { "b" } else { "a" };
    let mut trial = Trial {
        slot: other.to_owned(),
        from: now,
        to: bundle.version.clone(),
        boot_id: machine.boot_id(),
        installed: false,
        began: false,
        why: None,
    };
    machine.keep(TRIAL, &trial)?;
    report(Step::Checking, 50);
    let mut reached = 50;
    let said = Tool::new("rauc").args(["install", "--"]).arg(&bundle.path).limit(INSTALL_LIMIT).watch(|line| {
        if let Some((step, permille)) = progress(line) {
            reached = permille.max(reached);
            report(step, reached);
        }
    });
    let failed = match &said {
        Ok(said) if said.status.success() => None,
        Ok(said) => Some(why_not(last_error(&said.out).unwrap_or(said.last_word()))),
        Err(refusal) => Some(refusal.clone()),
    };
    if let Some(refusal) = failed {
        machine.forget(TRIAL)?;
        remember(machine, &Outcome::Failed { why: refusal.why, detail: refusal.detail.clone() });
        return Err(refusal);
    }
    report(Step::Finishing, 980);
    trial.installed = true;
    machine.keep(TRIAL, &trial)
}

/// Of a line such as ` 40% Copying image to rootfs.1`.
fn progress(line: &str) -> Option<(Step, u16)> {
    let (percent, what) = line.trim().split_once('%')?;
    let percent: u16 = percent.trim().parse().ok().filter(|percent| *percent <= 100)?;
    let writes = what.contains("Copying") || what.contains("Updating");
    Some((if writes { Step::Writing } else { Step::Checking }, 50 + percent * 9))
}

/// What RAUC calls the reason stands among its progress.
fn last_error(out: &str) -> Option<&str> {
    out.lines().rev().find_map(|line| line.strip_prefix("LastError: "))
}

fn why_not(word: &str) -> Refusal {
    let why = if word.contains("signature verification failed") || word.contains("Compatible mismatch") {
        Failure::BadSignature
    } else if word.contains("Invalid bundle") || word.contains("verity") {
        Failure::BadFile
    } else {
        Failure::Io
    };
    Refusal::new(why, word)
}

/// Ends the trial well. Also of a slot that RAUC does not hold for good without a trial being known.
pub fn commit(machine: &Machine, trial: Option<&Trial>, running_is_good: bool) -> Result<(), Refusal> {
    if !running_is_good {
        Tool::new("rauc").args(["status", "mark-good"]).run()?;
    }
    let Some(trial) = trial else { return Ok(()) };
    let outcome = Outcome::Updated { from: trial.from.clone(), to: trial.to.clone() };
    remember(machine, &outcome);
    machine.forget(TRIAL)
}

/// On the first start of a slot on trial. If this is all that is ever noted of it, it was cut.
pub fn begin_trial(machine: &Machine, trial: Trial) -> Result<(), Refusal> {
    if trial.began { Ok(()) } else { machine.keep(TRIAL, &Trial { began: true, ..trial }) }
}

/// Gives the slot on trial up. The next start is the old one's.
pub fn end_trial(machine: &Machine, why: RollbackReason) -> Result<(), Refusal> {
    match machine.recall::<Trial>(TRIAL) {
        Some(trial) => machine.keep(TRIAL, &Trial { why: Some(why), ..trial }),
        None => Ok(()),
    }
}

/// Gives a proven slot up for the other one.
pub fn fall_back(machine: &Machine, slots: &[Slot], why: RollbackReason) -> Result<(), Refusal> {
    Tool::new("rauc").args(["status", "mark-bad"]).run()?;
    tracing::error!(%why, "this slot is given up");
    let other = slots.iter().find(|slot| !slot.running).and_then(|slot| slot.version.clone());
    let running = other.unwrap_or_else(|| "unknown".into());
    remember(machine, &Outcome::RolledBack { failed: machine.version(), running, why });
    Ok(())
}

pub fn rolled_back(trial: &Trial) -> Outcome {
    let unseen = if trial.began { RollbackReason::CutOff } else { RollbackReason::NotStarted };
    let why = trial.why.unwrap_or(unseen);
    tracing::warn!(%why, "the update was given up");
    Outcome::RolledBack { failed: trial.to.clone(), running: trial.from.clone(), why }
}

/// How it ended is for people to read: that it can't be kept does not undo anything.
pub fn remember(machine: &Machine, outcome: &Outcome) {
    tracing::info!(?outcome, "ended");
    if let Err(error) = machine.keep(LAST, outcome) {
        tracing::error!(%error, "the outcome was not kept");
    }
}

#[derive(Deserialize)]
struct RaucStatus {
    boot_primary: Option<String>,
    #[serde(default)]
    slots: Vec<std::collections::BTreeMap<String, RaucSlot>>,
}

#[derive(Deserialize)]
struct RaucSlot {
    bootname: Option<String>,
    state: Option<String>,
    boot_status: Option<String>,
    slot_status: Option<SlotStatus>,
}

#[derive(Deserialize)]
struct SlotStatus {
    bundle: Option<BundleStatus>,
    status: Option<String>,
}

#[derive(Deserialize)]
struct BundleStatus {
    version: Option<String>,
}

/// Both slots, as RAUC sees them.
pub fn slots(machine: &Machine) -> Result<Vec<Slot>, Refusal> {
    if machine.mode() != Mode::Booth {
        return Ok(Vec::new());
    }
    let text = Tool::new("rauc").args(["status", "--detailed", "--output-format=json"]).run()?;
    let installed: Option<installer::Installed> = machine.recall(installer::INSTALLED);
    let running = machine.slot().unwrap_or_default();
    understand(&text, &running, &machine.version(), installed.as_ref().map(|installed| installed.version.as_str()))
}

fn understand(text: &str, running: &str, version: &str, installed: Option<&str>) -> Result<Vec<Slot>, Refusal> {
    let odd = |error| Refusal::new(Failure::Io, format!("rauc said what is not understood: {error}"));
    let status: RaucStatus = serde_json::from_str(text).map_err(odd)?;
    let mut found = Vec::new();
    for (key, slot) in status.slots.iter().flatten() {
        let Some(name) = slot.bootname.as_deref().and_then(|name| name.strip_prefix("bilik-")) else { continue };
        let runs = slot.state.as_deref() == Some("booted") || name == running;
        let written = slot.slot_status.as_ref();
        let bundle = written.and_then(|status| status.bundle.as_ref()?.version.clone());
        let whole = written.and_then(|status| status.status.as_deref()).is_none_or(|status| status == "ok");
        let of_slot = bundle.or_else(|| installed.map(str::to_owned)).filter(|_| whole);
        let good = slot.boot_status.as_deref() == Some("good");
        let next = status.boot_primary.as_deref() == Some(key);
        let state = match (good, runs || next, of_slot.is_some()) {
            (true, _, _) => SlotState::Good,
            (false, true, _) => SlotState::Trial,
            (false, false, true) => SlotState::Bad,
            (false, false, false) => SlotState::Empty,
        };
        let version = if runs { Some(version.to_owned()) } else { of_slot };
        found.push(Slot { name: name.to_owned(), version, running: runs, state });
    }
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

/// At each start: the firmware knows both slots, whatever it has forgotten.
pub fn mend_entries(machine: &Machine, disks: &[Block]) -> Result<(), Refusal> {
    let (Some(disk), Some(slot)) = (disks::running(disks), machine.slot()) else { return Ok(()) };
    let other = if slot == "a" { "bilik-b" } else { "bilik-a" };
    // An update that was cut, or that is on trial, has left nothing that may be started by chance.
    let second = machine.recall::<Trial>(TRIAL).is_none().then_some(other);
    boot_entries::ensure(disk, &format!("bilik-{slot}"), second)
}

/// At a usual start: if the firmware was to start the other slot, that one could not be started, for the firmware or the first
/// program refused it. It is given up, so that no further start is lost on it; an update mends it.
pub fn give_up_what_did_not_start(machine: &Machine) -> Result<(), Refusal> {
    let Some(slot) = machine.slot() else { return Ok(()) };
    if boot_entries::first()?.is_some_and(|first| first != format!("bilik-{slot}")) {
        let why = RollbackReason::BlocksChanged;
        tracing::error!(%why, "the slot that comes first is given up");
        let slots = slots(machine).unwrap_or_default();
        let other = slots.into_iter().find(|slot| !slot.running).and_then(|slot| slot.version);
        Tool::new("rauc").args(["status", "mark-bad", "other"]).run()?;
        let failed = other.unwrap_or_else(|| "unknown".into());
        remember(machine, &Outcome::RolledBack { failed, running: machine.version(), why });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial(installed: bool) -> Trial {
        let (slot, from, to) = ("b".to_owned(), "0.2.0".to_owned(), "0.3.0".to_owned());
        Trial { slot, from, to, boot_id: "first".into(), installed, began: false, why: None }
    }

    #[test]
    fn each_start_knows_what_it_is() {
        let check = |kept: Option<Trial>, slot: &str, boot: &str, expect: Start| {
            assert_eq!(start(kept, slot, boot), expect);
        };
        check(None, "a", "first", Start::Usual);
        check(Some(trial(true)), "a", "first", Start::Waiting);
        check(Some(trial(false)), "a", "first", Start::Interrupted);
        check(Some(trial(true)), "b", "second", Start::OnTrial(trial(true)));
        // RAUC had finished, and then the power went.
        check(Some(trial(false)), "b", "second", Start::OnTrial(trial(false)));
        check(Some(trial(true)), "a", "second", Start::RolledBack(trial(true)));
        check(Some(trial(false)), "a", "second", Start::Interrupted);
    }

    #[test]
    fn what_rauc_says_of_the_slots() {
        let status = |primary: &str, a: &str, b: &str, b_status: &str| {
            format!(
                r#"{{"compatible":"bilik","variant":"","booted":"bilik-a","boot_primary":"{primary}","slots":[
                {{"esp.1":{{"class":"esp","device":"/dev/x","type":"raw","bootname":null,"state":"inactive","parent":"rootfs.1","mountpoint":null,"boot_status":null}}}},
                {{"rootfs.1":{{"class":"rootfs","device":"/dev/x","type":"raw","bootname":"bilik-b","state":"inactive","parent":null,"mountpoint":null,"boot_status":"{b}"{b_status}}}}},
                {{"rootfs.0":{{"class":"rootfs","device":"/dev/x","type":"raw","bootname":"bilik-a","state":"booted","parent":null,"mountpoint":null,"boot_status":"{a}"}}}}]}}"#
            )
        };
        let check = |text: &str, installed, a: (&str, SlotState), b: (Option<&str>, SlotState)| {
            let slots = understand(text, "a", "0.2.0", installed).unwrap();
            let told: Vec<_> =
                slots.iter().map(|s| (s.name.as_str(), s.version.as_deref(), s.running, s.state)).collect();
            assert_eq!(told, [("a", Some(a.0), true, a.1), ("b", b.0, false, b.1)]);
        };
        let new = r#","slot_status":{"bundle":{"compatible":"bilik","version":"0.3.0"},"status":"ok"}"#;
        let half = r#","slot_status":{"bundle":{"compatible":"bilik","version":"0.3.0"},"status":"pending"}"#;
        let (good, bad, trial, empty) = (SlotState::Good, SlotState::Bad, SlotState::Trial, SlotState::Empty);
        check(&status("rootfs.0", "good", "good", ""), Some("0.2.0"), ("0.2.0", good), (Some("0.2.0"), good));
        check(&status("rootfs.1", "good", "bad", new), Some("0.2.0"), ("0.2.0", good), (Some("0.3.0"), trial));
        check(&status("rootfs.0", "good", "bad", new), Some("0.2.0"), ("0.2.0", good), (Some("0.3.0"), bad));
        check(&status("rootfs.0", "good", "bad", half), Some("0.2.0"), ("0.2.0", good), (None, empty));
        check(&status("rootfs.0", "bad", "good", ""), None, ("0.2.0", trial), (None, good));
        // As RAUC 1.13 says it of slots that it has never written.
        let never = r#","slot_status":{"bundle":{"compatible":null}}"#;
        check(&status("rootfs.0", "good", "good", never), Some("0.2.0"), ("0.2.0", good), (Some("0.2.0"), good));
        check(&status("rootfs.0", "good", "bad", never), None, ("0.2.0", good), (None, empty));
        assert!(understand("", "a", "0.2.0", None).is_err());
        assert_eq!(understand("{}", "a", "0.2.0", None).unwrap(), []);
    }

    #[test]
    fn lines_of_an_installation() {
        let check = |line: &str, expect| assert_eq!(progress(line), expect, "{line}");
        check("  0% Installing", Some((Step::Checking, 50)));
        check(" 40% Copying image to rootfs.1", Some((Step::Writing, 410)));
        check("100% Installing done.", Some((Step::Checking, 950)));
        for line in ["", "installing", "%", "999% x", "-1% x", "Installing `/x.raucb` succeeded"] {
            check(line, None);
        }
        let failed = "100% Installing failed.\nLastError: Failed mounting bundle: No such device\nidle\n";
        assert_eq!(last_error(failed), Some("Failed mounting bundle: No such device"));
        assert_eq!(last_error("idle\n"), None);
        assert_eq!(why_not("LastError: signature verification failed: x").why, Failure::BadSignature);
        assert_eq!(why_not("LastError: Failed to write: No space").why, Failure::Io);
    }
}
