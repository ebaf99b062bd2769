//! Which disks there are, as `lsblk` tells it, and what may be done with them.

use super::commands::Tool;
use super::refusal::Refusal;
use bilik_device::{Disk, Failure};
use serde::Deserialize;

/// Two systems and 6 GB for the queue.
pub const SMALLEST: u64 = 8_000_000_000;

/// What the boxes of our images are called, in the partition table.
pub const STICK_ESP: &str = "bilik-stick-esp";
pub const STICK_ROOT: &str = "bilik-stick-root";
pub const DATA: &str = "bilik-data";
/// File system label of what a technician's PC writes.
const STICK_LABEL: &str = "BILIK";

// Without the name among them `lsblk` gives a list, unless it is asked for a tree.
const COLUMNS: &str =
    "PATH,TYPE,SIZE,MODEL,VENDOR,SERIAL,WWN,TRAN,RO,PTTYPE,FSTYPE,LABEL,PARTLABEL,PARTUUID,UUID,MOUNTPOINTS";

/// A disk, a partition, or what is laid over one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
pub struct Block {
    pub path: String,
    #[serde(rename = "type")]
    pub kind: String,
    /// Bytes.
    pub size: u64,
    pub model: Option<String>,
    pub vendor: Option<String>,
    pub serial: Option<String>,
    pub wwn: Option<String>,
    /// Of a disk: `usb`, `nvme`, `sata` ..
    pub tran: Option<String>,
    #[serde(default)]
    pub ro: bool,
    pub pttype: Option<String>,
    pub fstype: Option<String>,
    pub label: Option<String>,
    pub partlabel: Option<String>,
    pub partuuid: Option<String>,
    pub uuid: Option<String>,
    #[serde(default)]
    pub mountpoints: Vec<Option<String>>,
    #[serde(default)]
    pub children: Vec<Block>,
}

#[derive(Deserialize)]
struct Listing {
    blockdevices: Vec<Block>,
}

/// A partition for files of a technician.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StickPart {
    pub path: String,
    /// Of the stick, as it calls itself.
    pub name: String,
    /// Changes when another stick takes the place.
    pub uuid: String,
}

pub fn list() -> Result<Vec<Block>, Refusal> {
    parse(&Tool::new("lsblk").args(["--tree", "--json", "--bytes", "--output", COLUMNS]).run()?)
}

pub fn parse(text: &str) -> Result<Vec<Block>, Refusal> {
    let listing: Result<Listing, _> = serde_json::from_str(text);
    let listing = listing.map_err(|e| Refusal::new(Failure::Io, format!("lsblk said what is not understood: {e}")))?;
    Ok(listing.blockdevices)
}

/// The disk that the running system's root lies on.
pub fn running(disks: &[Block]) -> Option<&Block> {
    disks.iter().find(|disk| disk.any(&|block| block.mountpoints.iter().flatten().any(|at| at == "/")))
}

/// The stick that holds the system to install. The running one lies in memory, so that a stick may be pulled out.
pub fn installing(disks: &[Block]) -> Option<&Block> {
    disks.iter().find(|disk| disk.part(STICK_ROOT).is_ok() && disk.part(STICK_ESP).is_ok())
}

/// Disks that a booth can be installed on.
pub fn candidates(disks: &[Block]) -> Vec<Disk> {
    let fits = |disk: &&Block| why_not(disks, disk).is_none();
    disks.iter().filter(fits).map(Block::as_disk).collect()
}

/// The disk of this id, if a booth may be installed on it.
pub fn chosen<'a>(disks: &'a [Block], id: &str) -> Result<&'a Block, Refusal> {
    let disk = disks.iter().find(|disk| disk.id() == id);
    let bad = |detail: String| Refusal::new(Failure::BadDisk, detail);
    let disk = disk.ok_or_else(|| bad("that disk is gone; choose again".into()))?;
    match why_not(disks, disk) {
        None => Ok(disk),
        Some(reason) => Err(bad(format!("{} {reason}", disk.path))),
    }
}

fn why_not(disks: &[Block], disk: &Block) -> Option<String> {
    let virtual_ones = ["/dev/zram", "/dev/loop", "/dev/ram", "/dev/fd", "/dev/sr", "/dev/mtd", "/dev/nbd"];
    if disk.kind != "disk" || virtual_ones.iter().any(|start| disk.path.starts_with(start)) {
        return Some("is not a disk".into());
    }
    if [running(disks), installing(disks)].into_iter().flatten().any(|other| other.path == disk.path) {
        return Some("carries the running system".into());
    }
    if disk.tran.as_deref() == Some("usb") {
        return Some("is a USB stick or disk; a booth needs one inside".into());
    }
    if disk.ro {
        return Some("is read-only".into());
    }
    if disk.size < SMALLEST {
        return Some(format!("has {} MB; a booth needs 8000", disk.size / 1_000_000));
    }
    let busy = disk.any(&|block| block.mountpoints.iter().flatten().next().is_some());
    busy.then(|| "is in use".into())
}

/// Every partition (or disk without partitions) that is a technician's.
pub fn sticks(disks: &[Block]) -> Vec<StickPart> {
    let mut found = Vec::new();
    for disk in disks {
        for part in std::iter::once(disk).chain(&disk.children) {
            let ours = part.label.as_deref().is_some_and(|label| label.eq_ignore_ascii_case(STICK_LABEL));
            if ours && part.fstype.as_deref() == Some("vfat") {
                let uuid = part.uuid.clone().unwrap_or_default();
                found.push(StickPart { path: part.path.clone(), name: disk.name(), uuid });
            }
        }
    }
    found
}

impl Block {
    /// The partition of this label on this disk.
    pub fn part(&self, label: &str) -> Result<&Block, Refusal> {
        let found = self.children.iter().find(|part| part.partlabel.as_deref() == Some(label));
        found.ok_or_else(|| Refusal::new(Failure::Io, format!("{} has no partition {label}", self.path)))
    }

    fn any(&self, holds: &dyn Fn(&Block) -> bool) -> bool {
        holds(self) || self.children.iter().any(|child| child.any(holds))
    }

    /// The place as well as the disk: neither another disk in the same place nor the same number on another disk will do.
    fn id(&self) -> String {
        let number = self.wwn.as_ref().or(self.serial.as_ref()).map_or("", |number| number.trim());
        format!("{} {number} {}", self.path.trim_start_matches("/dev/"), self.size)
    }

    fn name(&self) -> String {
        // Without a name of its own a disk gives the number of its maker.
        let vendor = self.vendor.as_deref().unwrap_or_default().trim();
        let vendor = if vendor.starts_with("0x") { "" } else { vendor };
        let name = format!("{vendor} {}", self.model.as_deref().unwrap_or_default().trim());
        if name.trim().is_empty() { self.path.trim_start_matches("/dev/").to_owned() } else { name.trim().to_owned() }
    }

    fn as_disk(&self) -> Disk {
        Disk { id: self.id(), name: self.name(), bytes: self.size, holds: self.holds() }
    }

    fn holds(&self) -> Option<String> {
        if self.children.iter().any(|part| part.partlabel.as_deref() == Some(DATA)) {
            return Some("Bilik".into());
        }
        let mut parts: Vec<String> = Vec::new();
        for part in std::iter::once(self).chain(&self.children) {
            let label = part.label.as_ref().or(part.partlabel.as_ref());
            let kind = part.fstype.as_ref();
            match (kind, label) {
                (Some(kind), Some(label)) => parts.push(format!("{kind} \"{label}\"")),
                (Some(kind), None) => parts.push(kind.clone()),
                (None, Some(label)) => parts.push(format!("\"{label}\"")),
                (None, None) => {}
            }
        }
        let described = self.pttype.is_some() || !self.children.is_empty() || !parts.is_empty();
        described.then(|| if parts.is_empty() { "?".to_owned() } else { parts.join(", ") })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As util-linux 2.41 prints it, for a made-up PC that runs from the stick.
    const RECORDED: &str = include_str!("recorded/lsblk.json");

    #[test]
    fn disks_are_told_apart() {
        let disks = parse(RECORDED).unwrap();
        assert_eq!(running(&disks).unwrap().path, "/dev/sdb");
        let found = candidates(&disks);
        let told: Vec<_> = found.iter().map(|disk| (disk.name.as_str(), disk.bytes, disk.holds.as_deref())).collect();
        assert_eq!(
            told,
            [
                ("ATA Specimen SSD", 128_035_676_160, Some("ntfs \"Windows\"")),
                ("vda", 274_877_906_944, None),
                ("Specimen NVMe", 64_023_257_088, Some("Bilik")),
            ]
        );
        assert_eq!(sticks(&disks).iter().map(|part| part.path.as_str()).collect::<Vec<_>>(), ["/dev/sdb3", "/dev/sdd"]);
        for disk in &found {
            assert!(chosen(&disks, &disk.id).is_ok(), "{}", disk.id);
        }
    }

    #[test]
    fn a_wrong_disk_is_refused_with_its_reason() {
        let disks = parse(RECORDED).unwrap();
        let check = |path: &str, reason: &str| {
            let disk = disks.iter().find(|disk| disk.path == path).unwrap();
            let refusal = chosen(&disks, &disk.id()).unwrap_err();
            assert_eq!(refusal.why, Failure::BadDisk);
            assert!(refusal.detail.contains(reason), "{path}: {refusal}");
        };
        check("/dev/sdb", "running system");
        check("/dev/sdc", "has 4000 MB");
        check("/dev/sdd", "USB");
        check("/dev/zram0", "not a disk");
        check("/dev/sr0", "not a disk");
        check("/dev/sde", "in use");
        for id in ["", "/dev/sda", "sda", "../sda", "--help", "sda 0x5000c500a1b2c3d4 128035676161"] {
            assert!(chosen(&disks, id).unwrap_err().detail.contains("gone"), "{id}");
        }
    }

    #[test]
    fn what_is_no_listing_is_an_error() {
        for text in ["", "{}", "[]", "{\"blockdevices\": [{\"path\": 3}]}"] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
