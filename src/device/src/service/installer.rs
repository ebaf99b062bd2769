//! Makes a booth of a bare disk: from the stick that the machine runs from, byte for byte.
//!
//! Both slots get the system, so a booth has a second one from its first day, when blocks of the first go bad.
//!
//! The order makes a cut at any point harmless. First the old booth is made unable to start: its entries in the firmware, its
//! partition table, the heads of its loaders. What then comes is not startable until all of it is there: the loaders'
//! heads come after everything else, and the firmware's entries after those. Until then the machine starts from the stick.

use super::commands::Tool;
use super::disks::{self, Block, DATA, STICK_ESP, STICK_ROOT};
use super::machine::Machine;
use super::refusal::Refusal;
use super::work::Report;
use super::{boot_entries, copying, data, sticks};
use bilik_claim::provision;
use bilik_device::{Data, Failure, Mode, Step};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Kept on the new booth's data partition: what both its slots were made from.
pub const INSTALLED: &str = "installed.json";
/// Kept on the new booth's data partition: the provisioning file of the stick it came from.
pub const PROVISION: &str = "provision.toml";

/// As `sfdisk` reads it. Sizes are those that an update's images must fit into, for ever.
const LAYOUT: &str = "label: gpt
start=1MiB, size=128MiB, type=uefi, name=bilik-esp-a
size=128MiB, type=uefi, name=bilik-esp-b
size=512MiB, type=linux, name=bilik-root-a
size=512MiB, type=linux, name=bilik-root-b
type=linux, name=bilik-data
";
const LONG: Duration = Duration::from_secs(120);

/// Thousandths of the whole: what comes before, the copying, what comes after.
const PREPARED: u16 = 100;
const COPIED: u16 = 960;

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    pub version: String,
}

pub fn install(machine: &Machine, id: &str, report: Report<'_>) -> Result<(), Refusal> {
    if machine.mode() != Mode::Stick {
        return Err(Refusal::new(Failure::NotHere, "only a machine that runs from the stick installs"));
    }
    report(Step::Checking, 0);
    let before = disks::list()?;
    let disk = disks::chosen(&before, id)?;
    let stick = disks::installing(&before)
        .ok_or_else(|| Refusal::new(Failure::Io, "the stick was not found; pull it out, put it in and start again"))?;
    let (esp, root) = (stick.part(STICK_ESP)?, stick.part(STICK_ROOT)?);
    let provisioning = provisioning(machine, &before);

    report(Step::Partitioning, 20);
    boot_entries::remove()?;
    let disk = partition(machine, disk, &before, id)?;
    let at = |label: &str| disk.part(label).map(|part| machine.path(&part.path));
    for label in ["bilik-esp-a", "bilik-esp-b", "bilik-root-a", "bilik-root-b"] {
        copying::blank(&at(label)?)?;
    }

    report(Step::Partitioning, 50);
    let kind = data::make(machine, &at(DATA)?)?;
    let left = leave(machine, provisioning.as_deref());
    // It must not stay open, whatever happened: the next attempt makes it anew.
    let closed = data::close();
    left.and(closed)?;
    if kind == Data::NoTpm {
        tracing::warn!("the data partition is not bound to this machine: it has no TPM, or none that works");
    }

    let (esp_from, root_from) = (machine.path(&esp.path), machine.path(&root.path));
    let copies = [
        (&root_from, at("bilik-root-a")?, "a's system"),
        (&root_from, at("bilik-root-b")?, "b's system"),
        (&esp_from, at("bilik-esp-b")?, "b's loader"),
        (&esp_from, at("bilik-esp-a")?, "a's loader"),
    ];
    copy_all(&copies, 2 * (2 * esp.size + 2 * root.size), report)?;

    report(Step::Finishing, COPIED);
    boot_entries::ensure(&disk, "bilik-a", Some("bilik-b"))?;
    report(Step::Finishing, 1000);
    tracing::info!(disk = disk.path, "installed");
    Ok(())
}

fn copy_all(copies: &[(&PathBuf, PathBuf, &str)], total: u64, report: Report<'_>) -> Result<(), Refusal> {
    let mut done = 0_u64;
    let mut unfinished = Vec::new();
    for (from, to, name) in copies {
        tracing::info!(name, "copying");
        unfinished.push(copying::copy(from, to, |step, bytes| {
            done += bytes;
            report(step, share(done, total));
        })?);
    }
    report(Step::Verifying, share(done, total));
    for each in unfinished {
        done += each.finish()?;
        report(Step::Verifying, share(done, total));
    }
    Ok(())
}

fn share(done: u64, total: u64) -> u16 {
    let span = u64::from(COPIED - PREPARED);
    let part = u16::try_from(done.min(total) * span / total.max(1)).unwrap_or(COPIED - PREPARED);
    PREPARED + part
}

/// Writes the partition table, and gives the disk with its new partitions.
fn partition(machine: &Machine, disk: &Block, before: &[Block], id: &str) -> Result<Block, Refusal> {
    // What lay there must not be found again, neither by firmware nor by the next look at the disk.
    for part in before.iter().filter(|each| each.path == disk.path).flat_map(|each| &each.children) {
        copying::blank(&machine.path(&part.path))?;
    }
    let path = machine.path(&disk.path);
    let options = ["--quiet", "--lock=yes", "--wipe=always", "--wipe-partitions=always", "--"];
    Tool::new("sfdisk").args(options).arg(&path).input(LAYOUT.into()).limit(LONG).run()?;
    Tool::new("udevadm").args(["settle", "--timeout=15"]).run()?;
    let after = disks::list()?;
    Ok(disks::chosen(&after, id)?.clone())
}

/// The provisioning file of any stick, if there is one. A bad one does not stop an installation: the booth itself says
/// what is wrong with it, and takes another.
fn provisioning(machine: &Machine, disks: &[Block]) -> Option<Vec<u8>> {
    disks::sticks(disks).iter().find_map(|part| {
        let mounted = sticks::mount(machine, part, sticks::Access::Read).ok()?;
        let read = mounted.provisioning();
        read.inspect_err(|error| tracing::info!(%error, file = provision::FILE, "not taken along")).ok()
    })
}

/// What the new booth finds at its first start.
fn leave(machine: &Machine, provisioning: Option<&[u8]>) -> Result<(), Refusal> {
    let at = machine.path(data::NEW);
    std::fs::create_dir_all(&at).map_err(Refusal::io("create", &at))?;
    data::mount(machine, &at)?;
    let written = write_into(machine, &at, provisioning);
    Tool::new("umount").arg(&at).run()?;
    written
}

fn write_into(machine: &Machine, at: &Path, provisioning: Option<&[u8]>) -> Result<(), Refusal> {
    let own = at.join("lib/bilik-device");
    data::own_folder(&own, 0o755, None)?;
    let installed = serde_json::to_vec(&Installed { version: machine.version() });
    let installed = installed.map_err(Refusal::io("encode", &own))?;
    machine.write(&own.join(INSTALLED), &installed, 0o600, None)?;
    match provisioning {
        Some(bytes) => machine.write(&own.join(PROVISION), bytes, 0o600, None),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shares_rise_to_the_end() {
        let total = 1_300_000_000;
        let mut last = 0;
        for done in (0..=total).step_by(1 << 20) {
            let now = share(done, total);
            assert!(now >= last);
            last = now;
        }
        assert_eq!((share(0, total), share(total, total), share(u64::MAX >> 10, total)), (PREPARED, COPIED, COPIED));
        assert_eq!(share(0, 0), PREPARED);
    }
}
