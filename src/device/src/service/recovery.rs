//! The second way into the data partition, for a disk whose mainboard is dead and took the TPM along.
//!
//! ```text
//!   made: key slot 0 has a random passphrase ──► kept in clear, within the encrypted partition
//!   enrolled: the hub's key is known ──► sealed to it, into a token of the header ──► the clear one is removed
//!   enrolled elsewhere: a new one is kept in clear ──► the TPM lets it into a slot of its own ──► sealed, as above,
//!                       in the old one's place ──► the old one's slot is removed ──► the clear one is removed
//! ```
//!
//! So it leaves the machine only sealed, and the hub's operator opens the disk on any PC ([`bilik_claim::recovery`]). The token
//! names the booth, and each hub gives a booth a name of its own: another name is another hub. At every moment the token's
//! passphrase has its slot; a cut anywhere on the way is mended at the next start, from what the header says. Without a TPM the
//! partition opens with an empty passphrase, and needs none of it.

use super::commands::Tool;
use super::machine::Machine;
use super::provisioning::Identity;
use super::refusal::Refusal;
use super::{data, machine};
use bilik_claim::ids::BoothId;
use bilik_claim::recovery::{DiskToken, PASSPHRASE, TOKEN};
use bilik_device::{Data, Failure};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Read as _;
use std::path::Path;
use std::time::Duration;
use zeroize::Zeroizing;

/// Kept in [`Machine::own`] until the hub is known.
pub const CLEAR: &str = "recovery.key";
/// How systemd marks the slot that the TPM opens.
const OF_TPM: &str = "systemd-tpm2";
/// A TPM may take its time.
const UNSEAL_LIMIT: Duration = Duration::from_secs(120);
/// What cryptsetup ends with when no slot takes a passphrase.
const NO_SLOT: i32 = 2;

/// What the header says about its slots.
#[derive(Debug, Deserialize)]
struct Header {
    keyslots: BTreeMap<String, IgnoredAny>,
    tokens: BTreeMap<String, serde_json::Value>,
}

#[derive(Deserialize)]
struct AnyToken {
    #[serde(rename = "type")]
    kind: String,
    keyslots: Vec<String>,
}

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

/// Sees to it that the hub which the booth is enrolled at, and no other, gets into the disk. Nothing to do is fine.
pub fn entrust(machine: &Machine) -> Result<(), Refusal> {
    let Some(identity) = Identity::load(machine) else { return Ok(()) };
    if data::state(machine).0 != Data::Tpm {
        return Ok(());
    }
    let device = data::own_partition(machine)?;
    let mut header = Header::read(&device)?;
    if header.booth() != Some(identity.booth()?) {
        seal(machine, &device, &identity)?;
        tracing::info!("the hub can open this disk");
        header = Header::read(&device)?;
    }
    for slot in header.left_over() {
        Tool::new("cryptsetup").args(["--batch-mode", "luksKillSlot", "--"]).arg(&device).arg(&slot).run()?;
        tracing::info!(slot, "an earlier hub can not open this disk any more");
    }
    machine.forget(CLEAR)
}

/// Afterwards the header has a passphrase that this hub can read.
fn seal(machine: &Machine, device: &Path, identity: &Identity) -> Result<(), Refusal> {
    if !machine.own(CLEAR).exists() {
        machine.write(&machine.own(CLEAR), passphrase()?.as_bytes(), 0o600, None)?;
    }
    let clear = Zeroizing::new(machine::read_foreign(&machine.own(CLEAR), PASSPHRASE)?);
    let slot = match slot_of(device, &clear)? {
        Some(slot) => slot,
        None => {
            add(machine, device, &clear)?;
            let lost = || Refusal::new(Failure::Io, "the new recovery passphrase opens no slot");
            slot_of(device, &clear)?.ok_or_else(lost)?
        }
    };
    let sealed = age::encrypt(&identity.recipient()?, &clear)
        .map_err(|error| Refusal::new(Failure::Io, format!("failed to seal: {error}")))?;
    write(device, &DiskToken::new(slot, identity.booth()?, &sealed))
}

/// The slot that a passphrase opens. The TPM is left out of it: cryptsetup would ask it first, and take its word for any
/// passphrase.
fn slot_of(device: &Path, passphrase: &[u8]) -> Result<Option<u8>, Refusal> {
    let said = Tool::new("cryptsetup")
        .args(["open", "--disable-external-tokens", "--test-passphrase", "--verbose", "--key-file=-"])
        .arg(device)
        .input(passphrase.to_vec())
        .ask()?;
    if said.status.code() == Some(NO_SLOT) {
        return Ok(None);
    }
    let out = said.into_success("cryptsetup")?;
    let number = out.lines().find_map(|line| line.strip_prefix("Key slot ")?.strip_suffix(" unlocked.")?.parse().ok());
    let odd = || Refusal::new(Failure::Io, format!("cryptsetup said what is not understood: {}", out.trim()));
    number.map(Some).ok_or_else(odd)
}

/// Lets a passphrase in by the key that the TPM gives.
fn add(machine: &Machine, device: &Path, passphrase: &[u8]) -> Result<(), Refusal> {
    let key = data::Key::of(machine, passphrase)?;
    let options = ["--batch-mode", "--token-only", "--pbkdf=pbkdf2", "--pbkdf-force-iterations=1000"];
    Tool::new("cryptsetup")
        .args(options)
        .arg(format!("--token-type={OF_TPM}"))
        .args(["luksAddKey", "--"])
        .args([device, &key.path])
        .limit(UNSEAL_LIMIT)
        .run()
        .map(drop)
}

impl Header {
    fn read(device: &Path) -> Result<Self, Refusal> {
        let json = Tool::new("cryptsetup").args(["luksDump", "--dump-json-metadata", "--"]).arg(device).run()?;
        serde_json::from_str(&json).map_err(Refusal::io("understand the header of", device))
    }

    /// Whose token it is.
    fn booth(&self) -> Option<BoothId> {
        let json = serde_json::to_vec(self.tokens.get(&TOKEN.to_string())?).ok()?;
        DiskToken::read(&json).ok().map(|token| token.booth)
    }

    /// Slots that are neither the TPM's nor the token's. None while the TPM has none: it is not for us to lock this machine out.
    fn left_over(&self) -> Vec<String> {
        let own = TOKEN.to_string();
        let (mut of_tpm, mut kept) = (false, Vec::new());
        for (number, token) in &self.tokens {
            let Ok(token) = serde_json::from_value::<AnyToken>(token.clone()) else { return Vec::new() };
            of_tpm |= token.kind == OF_TPM && !token.keyslots.is_empty();
            if token.kind == OF_TPM || *number == own {
                kept.extend(token.keyslots);
            }
        }
        let slots = self.keyslots.keys().filter(|slot| of_tpm && !kept.contains(slot));
        slots.cloned().collect()
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_slots_that_nobody_needs_are_removed() {
        let check = |tokens: &str, expect: &[&str]| {
            let json = format!(
                r#"{{"keyslots": {{"0": {{}}, "1": {{}}, "2": {{}}}}, "tokens": {{{tokens}}}, "config": {{}}}}"#
            );
            let header: Header = serde_json::from_str(&json).unwrap();
            assert_eq!(header.left_over(), expect, "{tokens}");
        };
        let tpm = r#""0": {"type": "systemd-tpm2", "keyslots": ["1"], "tpm2-pcrs": []}"#;
        let token = |slots: &str| format!(r#"{tpm}, "7": {{"type": "bilik-recovery", "keyslots": [{slots}]}}"#);
        check(&token(r#""2""#), &["0"]);
        check(&token(r#""0""#), &["2"]);
        check(&token(r#""0", "2""#), &[]);
        check(tpm, &["0", "2"]);
        // Without the TPM's slot, or with one that is not understood, nothing is taken away.
        check(r#""7": {"type": "bilik-recovery", "keyslots": ["0"]}"#, &[]);
        check(r#""0": {"type": "systemd-tpm2", "keyslots": []}, "7": {"type": "x", "keyslots": ["0"]}"#, &[]);
        check(&format!(r#"{tpm}, "3": {{"type": 3}}"#), &[]);
        check("", &[]);
    }
}
