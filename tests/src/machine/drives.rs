//! What is plugged into a machine: its disk, its firmware's memory, technicians' sticks. Plain files, sparse.

use super::tools::{inside, kiosk, script, tests, version};
use crate::process::output;
use anyhow::Context as _;
use serde::Deserialize;
use std::fs::{self, File};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Of the emulated disk, in bytes. The file takes only what was written.
const DISK: u64 = 8 << 30;
const SECTOR: u64 = 512;
/// What was written, of a machine that is recorded.
pub const DISK_LOG: &str = "disk.log";
pub const FIRMWARE_LOG: &str = "firmware.log";
/// A sleeping machine's memory, beside its drives.
pub const MEMORY: &str = "memory";

/// Firmware with Secure Boot on that knows the image's keys and no others.
const ENROL: &str = r#"
	virt-fw-vars --input /usr/share/OVMF/OVMF_VARS_4M.fd --output firmware.fd --secure-boot \
		--set-pk "$1" /opt/keys/platform.crt --add-kek "$1" /opt/keys/platform.crt \
		--add-db "$1" /opt/keys/secure-boot.crt 2>&1
"#;
/// Owner of these keys, as the firmware wants one named.
const OWNER: &str = "2d1f9c52-6a0b-4d7e-9b1a-62696c696b21";

/// The drives of one machine, in a folder of [`tests`].
#[derive(Clone, Debug)]
pub struct Drives {
    pub name: String,
    pub folder: PathBuf,
}

impl Drives {
    /// A computer from the shop: blank disk, firmware that knows the image's keys.
    pub fn blank(name: &str) -> anyhow::Result<Self> {
        let drives = Self::empty(name)?;
        File::create(drives.disk())?.set_len(DISK)?;
        script(name, ENROL, &[OWNER])?;
        Ok(drives)
    }

    /// The same as another machine has, which is off.
    pub fn copy_of(name: &str, other: &Drives) -> anyhow::Result<Self> {
        let drives = Self::empty(name)?;
        drives.copy_from(other)?;
        Ok(drives)
    }

    fn empty(name: &str) -> anyhow::Result<Self> {
        let folder = tests().join(name);
        let _ = fs::remove_dir_all(&folder);
        fs::create_dir_all(&folder)?;
        Ok(Self { name: name.to_owned(), folder })
    }

    /// Puts another machine's disk, firmware, TPM and memory in the place of these.
    pub fn copy_from(&self, other: &Drives) -> anyhow::Result<()> {
        let mut copy = Command::new("cp");
        copy.args(["--recursive", "--sparse=always", "--"]).args([other.disk(), other.firmware()]);
        copy.args([other.tpm(), other.folder.join(MEMORY)].into_iter().filter(|part| part.exists()));
        output(copy.arg(&self.folder))?;
        Ok(())
    }

    pub fn disk(&self) -> PathBuf {
        self.folder.join("disk.img")
    }

    pub fn firmware(&self) -> PathBuf {
        self.folder.join("firmware.fd")
    }

    pub fn tpm(&self) -> PathBuf {
        self.folder.join("tpm")
    }

    /// What the installer's stick is when it was just written, perhaps with a provisioning file put there.
    pub fn installer_stick(&self, provisioning: Option<&Path>) -> anyhow::Result<PathBuf> {
        let (image, stick) = (kiosk().join(format!("bilik-{}.img", version()?)), self.folder.join("stick.img"));
        fs::copy(&image, &stick).with_context(|| format!("failed to copy {}", image.display()))?;
        if let Some(file) = provisioning {
            let at = self.partition("stick.img", "BILIK")?.bytes().start;
            self.put(&format!("stick.img@@{at}"), file, "bilik.toml")?;
        }
        Ok(stick)
    }

    /// A technician's own stick, named BILIK, with these files.
    pub fn plain_stick(&self, files: &[(&Path, &str)]) -> anyhow::Result<PathBuf> {
        let stick = self.folder.join("files.img");
        let _ = fs::remove_file(&stick);
        File::create(&stick)?.set_len(1 << 30)?;
        output(inside(&self.name, "mkfs.vfat").args(["-F", "32", "-n", "BILIK", "files.img"]))?;
        for (file, name) in files {
            self.put("files.img", file, name)?;
        }
        Ok(stick)
    }

    fn put(&self, drive: &str, file: &Path, name: &str) -> anyhow::Result<()> {
        let source = file.canonicalize().with_context(|| format!("failed to find {}", file.display()))?;
        let seen = [(tests(), "/mnt"), (kiosk(), "/opt")].into_iter().find_map(|(outside, inside)| {
            let outside = outside.canonicalize().ok()?;
            Some(Path::new(inside).join(source.strip_prefix(outside).ok()?))
        });
        let seen = seen.with_context(|| format!("{} is not seen inside", source.display()))?;
        output(inside(&self.name, "mcopy").args(["-o", "-i", drive]).arg(seen).arg(format!("::{name}")))?;
        Ok(())
    }

    /// Whether these bytes stand anywhere on the disk.
    pub fn holds(&self, text: &str) -> anyhow::Result<bool> {
        let mut grep = Command::new("grep");
        grep.args(["--binary", "--text", "--quiet", "--fixed-strings", "-e", text, "--"]).arg(self.disk());
        match grep.status().context("failed to run grep")?.code() {
            Some(0) => Ok(true),
            Some(1) => Ok(false),
            other => anyhow::bail!("grep ended with {other:?}"),
        }
    }

    /// Turns one bit of a partition over: the disk ages.
    pub fn flip(&self, label: &str, offset: u64) -> anyhow::Result<()> {
        let part = self.partition("disk.img", label)?.bytes();
        anyhow::ensure!(offset < part.end - part.start, "{label} is shorter than {offset} bytes");
        let disk = File::options().read(true).write(true).open(self.disk())?;
        let mut byte = [0];
        disk.read_exact_at(&mut byte, part.start + offset)?;
        disk.write_all_at(&[byte[0] ^ 1], part.start + offset)?;
        Ok(())
    }

    /// The partition of this label on one of these drives.
    pub fn partition(&self, drive: &str, label: &str) -> anyhow::Result<Partition> {
        let said = output(inside(&self.name, "sfdisk").args(["--json", "--", drive]))?;
        let mut found = partitions(&said)?.into_iter().filter(|part| part.name.as_deref() == Some(label));
        found.next().with_context(|| format!("{drive} has no partition {label}"))
    }
}

/// In sectors.
#[derive(Clone, Debug, Deserialize)]
pub struct Partition {
    pub name: Option<String>,
    #[serde(default)]
    pub uuid: String,
    pub start: u64,
    pub size: u64,
}

#[derive(Deserialize)]
struct Listing {
    partitiontable: Table,
}

#[derive(Deserialize)]
struct Table {
    partitions: Vec<Partition>,
}

impl Partition {
    /// Where it lies on its drive.
    pub fn bytes(&self) -> std::ops::Range<u64> {
        self.start * SECTOR..(self.start + self.size) * SECTOR
    }
}

/// What `sfdisk --json` has said.
pub fn partitions(said: &str) -> anyhow::Result<Vec<Partition>> {
    let listing: Listing = serde_json::from_str(said).context("sfdisk said what is not understood")?;
    Ok(listing.partitiontable.partitions)
}
