//! The partition `bilik-data`, where identity and queue lie: LUKS2 with ext4 inside, at /var.
//!
//! With a TPM only this machine opens it, and only when it was started with an image that the maker signed: the key is sealed
//! to a policy that the image's signature fulfils, so an update does not lock it; besides that a passphrase opens it that
//! only the hub can read ([`recovery`]). Without a TPM the passphrase is empty: the claims in it are sealed to the hub all
//! the same.
//!
//! Making it takes a while, and may be cut. A partition that is blank, or bears the label of one being made, is made anew
//! at the next start; one with anything else is never overwritten here, whatever is wrong with it.

use super::commands::Tool;
use super::disks::{self, DATA};
use super::machine::{Machine, User};
use super::refusal::Refusal;
use super::{copying, recovery, settings};
use bilik_device::{Data, DataFault, Failure, Mode};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::time::Duration;
use zeroize::Zeroizing;

/// Says to the rest of the service how it went: a word of [`Data`]; if it went wrong a word of [`DataFault`] too, and a line
/// for the log.
pub const VERDICT: &str = "/run/bilik-boot/data";
/// Kept in [`Machine::own`]: erase everything at the next start.
pub const RESET: &str = "factory-reset";

const MAPPED: &str = "/dev/mapper/bilik-data";
const KEY: &str = "/run/bilik-device/data.key";
/// A partition that is being made is mounted here, out of everybody's way.
pub const NEW: &str = "/run/bilik-device/new";
const PCR_KEY: &str = "/usr/lib/bilik/pcr-public.pem";
/// LUKS label while it is being made, and then.
const MAKING: &str = "bilik-making";
const MADE: &str = "bilik-data";
/// Formatting, checking and growing take longest on slow flash.
const LONG: Duration = Duration::from_secs(300);
/// A key of this service is random, or empty; stretching it would cost time and help nothing.
const FORMAT: [&str; 7] = [
    "--batch-mode",
    "--type=luks2",
    "--label=bilik-making",
    "--pbkdf=pbkdf2",
    "--pbkdf-force-iterations=1000",
    "--key-size=512",
    "luksFormat",
];

/// What stands in the header.
#[derive(Debug, PartialEq, Eq)]
struct Header {
    label: String,
    tpm: bool,
}

/// `bilik-device data`: gives the machine its /var. A machine whose data cannot be opened starts with an empty one in memory,
/// and says why.
pub fn mount_var(machine: &Machine) -> Result<(), Refusal> {
    let opened = match machine.mode() {
        Mode::Stick => Ok(Data::Memory),
        Mode::Booth => open_of_booth(machine),
        Mode::Debian => return Err(Refusal::new(Failure::NotHere, "this machine's /var is its own")),
    };
    let verdict = match &opened {
        Ok(data) => word(*data).to_owned(),
        Err(Unopened { fault, refusal }) => format!("{} {} {refusal}", word(Data::Memory), fault_word(*fault)),
    };
    if matches!(opened, Ok(Data::Memory) | Err(_)) {
        let options = "--options=mode=755,size=25%,nodev,nosuid,noexec";
        Tool::new("mount").args(["--types=tmpfs", options, "tmpfs"]).arg(machine.path("/var")).run()?;
    }
    if let Err(Unopened { fault, refusal }) = &opened {
        tracing::error!(?fault, %refusal, "the data partition was not opened; nothing is kept");
    }
    folders(machine)?;
    machine.write(&machine.path(VERDICT), verdict.as_bytes(), 0o644, None)?;
    settings::apply_at_start(machine);
    Ok(())
}

/// What [`mount_var`] found.
pub fn state(machine: &Machine) -> (Data, Option<DataFault>) {
    let verdict = match machine.mode() {
        Mode::Debian => return (Data::Plain, None),
        Mode::Stick | Mode::Booth => machine.fact(VERDICT).unwrap_or_default(),
    };
    let mut words = verdict.split(' ');
    let (first, second) = (words.next(), words.next());
    let all = [Data::Tpm, Data::NoTpm, Data::Plain, Data::Memory];
    let data = all.into_iter().find(|data| Some(word(*data)) == first).unwrap_or(Data::Memory);
    let fault = FAULTS.into_iter().find(|fault| Some(fault_word(*fault)) == second);
    (data, fault.filter(|_| data == Data::Memory))
}

fn word(data: Data) -> &'static str {
    match data {
        Data::Memory => "memory",
        Data::Tpm => "tpm",
        Data::NoTpm => "no-tpm",
        Data::Plain => "plain",
    }
}

const FAULTS: [DataFault; 5] =
    [DataFault::NotFound, DataFault::TpmMissing, DataFault::TpmRefuses, DataFault::Damaged, DataFault::DiskFails];

fn fault_word(fault: DataFault) -> &'static str {
    match fault {
        DataFault::NotFound => "not-found",
        DataFault::TpmMissing => "tpm-missing",
        DataFault::TpmRefuses => "tpm-refuses",
        DataFault::Damaged => "damaged",
        DataFault::DiskFails => "disk-fails",
    }
}

/// Why there is nothing to keep anything in.
struct Unopened {
    fault: DataFault,
    refusal: Refusal,
}

fn because(fault: DataFault) -> impl FnOnce(Refusal) -> Unopened {
    move |refusal| Unopened { fault, refusal }
}

fn open_of_booth(machine: &Machine) -> Result<Data, Unopened> {
    // What is late with another device is no reason to go without this one.
    let device = settle(Duration::from_secs(15))
        .and_then(|()| own_partition(machine))
        .or_else(|_| settle(LONG).and_then(|()| own_partition(machine)))
        .map_err(because(DataFault::NotFound))?;
    let mut data = open_or_make(machine, &device)?;
    let var = machine.path("/var");
    check(machine).and_then(|()| mount(machine, &var)).map_err(because(DataFault::Damaged))?;
    if machine.own(RESET).exists() {
        data = make_anew(machine, &device, &var).map_err(because(DataFault::DiskFails))?;
    }
    // The partition may have come from a smaller disk.
    if let Err(error) = Tool::new("resize2fs").arg(machine.path(MAPPED)).limit(LONG).run() {
        tracing::warn!(%error, "the file system was not grown");
    }
    Ok(data)
}

/// Until every device that there is has its names, or that long.
fn settle(longest: Duration) -> Result<(), Refusal> {
    let option = format!("--timeout={}", longest.as_secs());
    Tool::new("udevadm").args(["settle", &option]).limit(longest * 2).ask().map(drop)
}

/// Where the data of the running booth lie.
pub fn own_partition(machine: &Machine) -> Result<PathBuf, Refusal> {
    let disks = disks::list()?;
    let disk = disks::running(&disks).ok_or_else(|| Refusal::new(Failure::Io, "the disk of the root was not found"))?;
    Ok(machine.path(&disk.part(DATA)?.path))
}

/// Of an open and mounted one.
fn make_anew(machine: &Machine, device: &Path, var: &Path) -> Result<Data, Refusal> {
    tracing::info!("erasing everything, as was asked");
    Tool::new("umount").arg(var).run()?;
    close()?;
    // From here on, whatever is cut, the next start makes it anew.
    Tool::new("cryptsetup").args(["config", "--label", MAKING, "--"]).arg(device).run()?;
    let data = make(machine, device)?;
    mount(machine, var)?;
    Ok(data)
}

fn open_or_make(machine: &Machine, device: &Path) -> Result<Data, Unopened> {
    let fails = || because(DataFault::DiskFails);
    match header(device).map_err(fails())? {
        Some(header) if header.label != MAKING => {
            let fault = match (header.tpm, has_tpm(machine)) {
                (true, true) => DataFault::TpmRefuses,
                (true, false) => DataFault::TpmMissing,
                (false, _) => DataFault::Damaged,
            };
            open(machine, device, &header).map_err(because(fault))
        }
        Some(_) => make(machine, device).map_err(fails()),
        None if is_blank(device).map_err(fails())? => make(machine, device).map_err(fails()),
        None => {
            let refusal = Refusal::new(Failure::Io, "the data partition's header is damaged");
            Err(Unopened { fault: DataFault::Damaged, refusal })
        }
    }
}

/// Makes it from nothing, opens it, and leaves it open as [`MAPPED`], not mounted.
pub fn make(machine: &Machine, device: &Path) -> Result<Data, Refusal> {
    copying::blank(device)?;
    let sealed = match has_tpm(machine) {
        true => make_sealed(machine, device).inspect_err(|error| tracing::error!(%error, "the TPM did not take a key")),
        false => Err(Refusal::new(Failure::Io, "there is no TPM")),
    };
    let data = if sealed.is_ok() { Data::Tpm } else { Data::NoTpm };
    if sealed.is_err() {
        // What was made for the TPM, recovery included, is gone with this.
        let key = Key::of(machine, &[])?;
        Tool::new("cryptsetup").args(FORMAT).args(["--key-file"]).args([&key.path, device]).limit(LONG).run()?;
    }
    open(machine, device, &Header { label: MAKING.into(), tpm: data == Data::Tpm })?;
    let quiet = ["-q", "-F", "-m", "1", "-L", MADE];
    Tool::new("mkfs.ext4").args(quiet).arg(machine.path(MAPPED)).limit(LONG).run()?;
    if let Ok(passphrase) = sealed {
        keep_within(machine, &passphrase)?;
    }
    Tool::new("cryptsetup").args(["config", "--label", MADE, "--"]).arg(device).run()?;
    Ok(data)
}

/// With a key of the TPM's, and one for recovery, which it gives: only in memory until the partition is open.
fn make_sealed(machine: &Machine, device: &Path) -> Result<Zeroizing<String>, Refusal> {
    let passphrase = recovery::passphrase()?;
    let key = Key::of(machine, passphrase.as_bytes())?;
    Tool::new("cryptsetup").args(FORMAT).arg("--key-file").args([&key.path, device]).limit(LONG).run()?;
    Tool::new("systemd-cryptenroll")
        .args(["--tpm2-device=auto", "--tpm2-pcrs=", "--tpm2-public-key-pcrs=11"])
        .arg(format!("--tpm2-public-key={}", machine.path(PCR_KEY).display()))
        .arg(format!("--unlock-key-file={}", key.path.display()))
        .arg(device)
        .limit(LONG)
        .run()?;
    Ok(passphrase)
}

/// In the file system that is being made, before the partition counts as made.
fn keep_within(machine: &Machine, passphrase: &str) -> Result<(), Refusal> {
    let at = machine.path(NEW);
    std::fs::create_dir_all(&at).map_err(Refusal::io("create", &at))?;
    mount(machine, &at)?;
    let own = at.join("lib/bilik-device");
    let kept = own_folder(&own, 0o755, None)
        .and_then(|()| machine.write(&own.join(recovery::CLEAR), passphrase.as_bytes(), 0o600, None));
    Tool::new("umount").arg(&at).run()?;
    kept
}

fn open(machine: &Machine, device: &Path, header: &Header) -> Result<Data, Refusal> {
    if header.tpm {
        let options = "luks,tpm2-device=auto,headless=1,token-timeout=20";
        Tool::new("systemd-cryptsetup").args(["attach", MADE]).arg(device).args(["-", options]).limit(LONG).run()?;
        return Ok(Data::Tpm);
    }
    let key = Key::of(machine, &[])?;
    // It waits until udev knows the new device, behind all that it learns at a start.
    let open = Tool::new("cryptsetup").args(["open", "--type=luks2", "--key-file"]).args([&key.path, device]).arg(MADE);
    open.limit(LONG).run()?;
    Ok(Data::NoTpm)
}

pub fn close() -> Result<(), Refusal> {
    Tool::new("cryptsetup").args(["close", MADE]).run().map(drop)
}

/// Mounts what is open.
pub fn mount(machine: &Machine, at: &Path) -> Result<(), Refusal> {
    let options = "--options=nodev,nosuid,noexec";
    Tool::new("mount").args(["--types=ext4", options]).args([&machine.path(MAPPED), at]).run().map(drop)
}

/// Mends the file system without asking: nobody is there to answer. What it cannot mend, the booth's queue notices.
fn check(machine: &Machine) -> Result<(), Refusal> {
    let mapped = machine.path(MAPPED);
    let careful = Tool::new("e2fsck").arg("-p").arg(&mapped).limit(LONG).ask()?;
    // 0: clean, 1: mended.
    if matches!(careful.status.code(), Some(0 | 1)) {
        return Ok(());
    }
    tracing::error!(word = careful.last_word(), "the file system is damaged and is being mended");
    let said = Tool::new("e2fsck").args(["-f", "-y"]).arg(&mapped).limit(LONG).ask()?;
    match said.status.code() {
        Some(0 | 1) => Ok(()),
        _ => said.into_success("e2fsck").map(drop),
    }
}

/// The folders that this service and the booth need before either runs.
pub fn folders(machine: &Machine) -> Result<(), Refusal> {
    for (path, mode, owner) in
        [("/var/lib/bilik-device", 0o755, None), (super::machine::BOOTH_STATE, 0o700, Some(machine.booth_user()?))]
    {
        own_folder(&machine.path(path), mode, owner)?;
    }
    Ok(())
}

/// In another place than /var: that of a booth being installed.
pub fn own_folder(path: &Path, mode: u32, owner: Option<User>) -> Result<(), Refusal> {
    std::fs::create_dir_all(path).map_err(Refusal::io("create", path))?;
    let permissions = std::os::unix::fs::PermissionsExt::from_mode(mode);
    std::fs::set_permissions(path, permissions).map_err(Refusal::io("set the mode of", path))?;
    match owner {
        Some(User { uid, gid }) => {
            rustix::fs::chown(path, Some(uid), Some(gid)).map_err(Refusal::io("give away", path))
        }
        None => Ok(()),
    }
}

fn has_tpm(machine: &Machine) -> bool {
    machine.path("/dev/tpmrm0").exists() && machine.path(PCR_KEY).exists()
}

/// None if it has none.
fn header(device: &Path) -> Result<Option<Header>, Refusal> {
    let said = Tool::new("cryptsetup").args(["luksDump", "--"]).arg(device).ask()?;
    Ok(said.status.success().then(|| understand(&said.out)))
}

fn understand(dump: &str) -> Header {
    let label = dump.lines().find_map(|line| line.strip_prefix("Label:")).unwrap_or_default();
    let tokens = dump.split_once("\nTokens:").map_or("", |(_, rest)| rest);
    let tokens = tokens.split_once("\nDigests:").map_or(tokens, |(tokens, _)| tokens);
    Header { label: label.trim().to_owned(), tpm: tokens.contains("systemd-tpm2") }
}

/// Whether nothing was ever made there, or [`make`] was cut at its beginning.
fn is_blank(device: &Path) -> Result<bool, Refusal> {
    let mut head = [0; 4096];
    let read = std::fs::File::open(device).and_then(|mut file| file.read_exact(&mut head));
    read.map_err(Refusal::io("read", device))?;
    Ok(head.iter().all(|byte| *byte == 0))
}

/// A key in a file in memory, while a tool needs it.
pub struct Key {
    pub path: PathBuf,
}

impl Key {
    pub fn of(machine: &Machine, bytes: &[u8]) -> Result<Self, Refusal> {
        let path = machine.path(KEY);
        let folder = path.parent().unwrap_or(&path);
        std::fs::create_dir_all(folder).map_err(Refusal::io("create", folder))?;
        machine.write(&path, bytes, 0o600, None)?;
        Ok(Self { path })
    }
}

impl Drop for Key {
    fn drop(&mut self) {
        // It lies in memory; the next start has none.
        let _ = std::fs::remove_file(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stands_in_a_header() {
        let dump = |label: &str, tokens: &str| {
            format!(
                "LUKS header information\nVersion:       \t2\nLabel:         \t{label}\nSubsystem:     \t(no subsystem)\n\nKeyslots:\n  0: luks2\nTokens:\n{tokens}Digests:\n  0: pbkdf2\n"
            )
        };
        let check = |label, tokens, tpm| {
            assert_eq!(understand(&dump(label, tokens)), Header { label: label.to_owned(), tpm }, "{label}");
        };
        check("bilik-data", "", false);
        check("bilik-making", "  0: systemd-tpm2\n\tKeyslot:    1\n", true);
        check("systemd-tpm2", "  0: luks2-keyring\n", false);
    }

    #[test]
    fn the_verdict_survives_the_file() {
        let dir = tempfile::tempdir().unwrap();
        let machine = Machine::new(dir.path().to_owned());
        std::fs::create_dir_all(machine.path("/run/bilik-boot")).unwrap();
        assert_eq!(state(&machine), (Data::Plain, None));
        std::fs::write(machine.path("/run/bilik-boot/slot"), "a").unwrap();
        assert_eq!(state(&machine), (Data::Memory, None));
        let faults = FAULTS.map(|fault| (format!("memory {} specimen of a line", fault_word(fault)), Some(fault)));
        for (text, fault) in faults {
            std::fs::write(machine.path(VERDICT), &text).unwrap();
            assert_eq!(state(&machine), (Data::Memory, fault), "{text}");
        }
        for (text, data) in [
            ("tpm", Data::Tpm),
            ("no-tpm", Data::NoTpm),
            ("tpm damaged", Data::Tpm),
            ("memory", Data::Memory),
            ("memory of an older version", Data::Memory),
            ("garbage", Data::Memory),
        ] {
            std::fs::write(machine.path(VERDICT), text).unwrap();
            assert_eq!(state(&machine), (data, None), "{text}");
        }
    }
}
