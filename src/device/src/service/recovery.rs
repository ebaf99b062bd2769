//! The second way into the data partition, for a disk whose mainboard is dead and took the TPM along.
//!
//! ```text
//!   made: key slot 0 has a random passphrase ──► kept in clear, within the encrypted partition
//!   enrolled: the hub's key is known ──► sealed to it, into a token of the header ──► the clear one is removed
//! ```
//!
//! So it leaves the machine only sealed, and the hub's operator opens the disk on any PC ([`bilik_claim::recovery`]). A cut
//! anywhere on the way repeats the last step. Without a TPM the partition opens with an empty passphrase, and needs none of it.

use super::commands::Tool;
use super::machine::Machine;
use super::provisioning::Identity;
use super::refusal::Refusal;
use super::{data, machine};
use bilik_claim::recovery::{DiskToken, PASSPHRASE, TOKEN};
use bilik_device::{Data, Failure};
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use zeroize::Zeroizing;

/// Kept in [`Machine::own`] until the hub is known.
pub const CLEAR: &str = "recovery.key";
/// What `luksFormat` fills first.
const KEY_SLOT: u8 = 0;

/// 256 random bits, hexadecimal: nothing that anybody could guess, so it is not stretched.
pub fn passphrase() -> Result<Zeroizing<String>, Refusal> {
    let mut random = Zeroizing::new([0; PASSPHRASE / 2]);
    let urandom = Path::new("/dev/urandom");
    let read = std::fs::File::open(urandom).and_then(|mut file| file.read_exact(random.as_mut()));
    read.map_err(Refusal::io("read", urandom))?;
    let mut text = Zeroizing::new(String::with_capacity(PASSPHRASE));
    for byte in random.iter() {
        // Writing to a text cannot fail, and this one does not grow.
        let _ = write!(text, "{byte:02x}");
    }
    Ok(text)
}

/// Seals the passphrase to the hub, once there is a hub. Nothing to do is fine.
pub fn entrust(machine: &Machine) -> Result<(), Refusal> {
    let Some(identity) = Identity::load(machine) else { return Ok(()) };
    if data::state(machine).0 != Data::Tpm || !machine.own(CLEAR).exists() {
        return Ok(());
    }
    let clear = Zeroizing::new(machine::read_foreign(&machine.own(CLEAR), PASSPHRASE)?);
    let sealed = age::encrypt(&identity.recipient()?, &clear)
        .map_err(|error| Refusal::new(Failure::Io, format!("failed to seal: {error}")))?;
    let token = DiskToken::new(KEY_SLOT, identity.booth()?, &sealed);
    let device = data::own_partition(machine)?;
    write(&device, &token)?;
    machine.forget(CLEAR)?;
    tracing::info!("the hub can open this disk");
    Ok(())
}

/// As [`entrust`], where going on matters more: the next start tries again.
pub fn try_to_entrust(machine: &Machine) {
    if let Err(error) = entrust(machine) {
        tracing::error!(%error, "the disk's recovery passphrase was not sealed to the hub");
    }
}

/// Into the header, and sure that it is there.
fn write(device: &Path, token: &DiskToken) -> Result<(), Refusal> {
    let json = serde_json::to_vec(token).map_err(Refusal::io("encode the token for", device))?;
    let id = format!("--token-id={TOKEN}");
    Tool::new("cryptsetup")
        .args(["token", "import", "--token-replace", "--json-file=-"])
        .arg(&id)
        .arg(device)
        .input(json)
        .run()?;
    std::fs::File::open(device).and_then(|file| file.sync_all()).map_err(Refusal::io("sync", device))?;
    let back = Tool::new("cryptsetup").args(["token", "export"]).arg(&id).arg(device).run()?;
    if DiskToken::read(back.as_bytes()).is_ok_and(|back| back == *token) {
        return Ok(());
    }
    Err(Refusal::new(Failure::Io, format!("the header of {} does not hold what was written", device.display())))
}
