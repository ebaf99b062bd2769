//! The hub: the production intake and ledger, what crashes and restored backups do to them, and the officer's word.
//!
//! The ledger lies in files in memory (tmpfs where there is one). A crash leaves a copy of these as they are between two
//! calls: with `synchronous=FULL` that is what was synced.

use super::checks::Filed;
use super::keys::{BOOTHS, OFFICER, booth_id, claim_keys, manifest_key};
use super::network::{Ask, Letter, Reply};
use super::scheduler::{Happening, Scene};
use crate::intake::{self, IntakeError, Judged};
use crate::keys::ClaimKeys;
use crate::ledger::{
    Audit as _, Booths as _, Claims as _, Enrolment, LedgerError, ORPHAN_MS, Parts as _, SessionDecision,
};
use crate::sqlite::SqliteLedger;
use bilik_claim::audit::AuditState;
use bilik_claim::filing::{CommitAnswer, Manifest, Signed};
use bilik_claim::ids::{ClaimId, Digest, SessionId, WallTime};
use rusqlite::Connection;
use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;
use tempfile::TempDir;

const DATABASE: &str = "hub.db";
/// More than any simulation keeps.
const ALL: u32 = 100_000;

/// A claim whose parts are all here and have been opened: it has to be kept.
pub struct Opened {
    letter: Letter<Ask>,
    judged: Judged,
}

/// The files of a ledger.
type Image = Vec<(&'static str, Vec<u8>)>;

struct Backup {
    image: Image,
    ledger: BTreeMap<ClaimId, Filed>,
}

pub struct Hub {
    keys: ClaimKeys,
    directory: TempDir,
    /// None while it is down.
    ledger: Option<SqliteLedger>,
    /// Holds the ledger's lock while the disk takes nothing.
    blocker: Option<Connection>,
    pub blocked: bool,
    pub life: u32,
    /// Of the wall clock, in milliseconds.
    pub wall: i64,
    backups: Vec<Backup>,
    /// The end of the audit trail when it was last looked at.
    noted: Option<Digest>,
}

impl Hub {
    pub fn new(wall: i64) -> Result<Self, String> {
        static FIRST: OnceLock<Result<Image, String>> = OnceLock::new();
        let mut hub = Self {
            keys: claim_keys(),
            directory: put(FIRST.get_or_init(enrolled).as_ref()?)?,
            ledger: None,
            blocker: None,
            blocked: false,
            life: 0,
            wall,
            backups: Vec::new(),
            noted: None,
        };
        hub.open()?;
        Ok(hub)
    }

    pub fn is_up(&self) -> bool {
        self.ledger.is_some()
    }

    fn now(&self, scene: &Scene) -> WallTime {
        WallTime(self.wall + scene.now.as_millis() as i64)
    }

    fn open(&mut self) -> Result<(), String> {
        let path = self.directory.path().join(DATABASE);
        let ledger = SqliteLedger::open(&path).map_err(|error| format!("ledger does not open: {error:?}"))?;
        ledger.set_busy_timeout(Duration::ZERO);
        self.ledger = Some(ledger);
        self.set_blocked(self.blocked)
    }

    /// The disk takes nothing for a while: another program holds the file. To booths that is the same as a full disk.
    pub fn set_blocked(&mut self, blocked: bool) -> Result<(), String> {
        self.blocked = blocked;
        self.blocker = None;
        if blocked && self.is_up() {
            let text = |error: rusqlite::Error| error.to_string();
            let blocker = Connection::open(self.directory.path().join(DATABASE)).map_err(text)?;
            blocker.execute_batch("BEGIN IMMEDIATE").map_err(text)?;
            self.blocker = Some(blocker);
        }
        Ok(())
    }

    /// Drops it without a clean close. `restore`: an earlier backup takes the place of what it had.
    pub fn crash(&mut self, restore: bool, scene: &mut Scene) -> Result<(), String> {
        let Some(ledger) = self.ledger.take() else { return Ok(()) };
        scene.count.hub_crashes += 1;
        let mut image = self.image()?;
        if restore && !self.backups.is_empty() {
            let backup = self.backups.swap_remove(scene.dice.below(self.backups.len()));
            scene.count.restores += 1;
            scene.promises.restored(backup.ledger);
            image = backup.image;
            self.noted = None;
        }
        self.blocker = None;
        // What closing does now is done to files that nobody opens any more.
        self.directory = put(&image)?;
        drop(ledger);
        Ok(())
    }

    pub fn start(&mut self, scene: &mut Scene) -> Result<(), String> {
        if self.is_up() {
            return Ok(());
        }
        self.life += 1;
        self.open()?;
        self.check(scene)
    }

    pub fn back_up(&mut self, scene: &Scene) -> Result<(), String> {
        if self.is_up() {
            let backup = Backup { image: self.image()?, ledger: scene.promises.ledger.clone() };
            self.backups.push(backup);
        }
        Ok(())
    }

    fn image(&self) -> Result<Image, String> {
        let read = |name| match fs::read(self.directory.path().join(name)) {
            Ok(bytes) => Ok((name, bytes)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok((name, Vec::new())),
            Err(error) => Err(format!("{name}: {error}")),
        };
        [DATABASE, "hub.db-wal"].into_iter().map(read).collect()
    }

    /// What the hub does by the hour.
    pub fn clean_up(&self, scene: &mut Scene) {
        if let Some(ledger) = &self.ledger {
            let dropped = ledger.drop_orphans(WallTime(self.now(scene).0.saturating_sub(ORPHAN_MS)));
            scene.tell(format_args!("hub drops {dropped:?} parts"));
        }
    }

    /// The officer's word is written down before the booth hears it. False if it could not be.
    pub fn decide(&self, booth: usize, session: SessionId, verified: bool, scene: &Scene) -> bool {
        let decision = SessionDecision { session, booth: Some(booth_id(booth)), officer: OFFICER, verified };
        self.ledger.as_ref().is_some_and(|ledger| ledger.decide_session(&decision, self.now(scene)).is_ok())
    }

    pub fn rate(&self, booth: usize, claim: ClaimId, rating: u8, scene: &Scene) {
        if let Some(ledger) = &self.ledger {
            // One that gets lost is lost: it is no claim.
            let _ = ledger.rate_claim(claim, booth_id(booth), rating, self.now(scene));
        }
    }

    /// A request arrives.
    pub fn receive(&self, letter: Letter<Ask>, scene: &mut Scene) -> Result<(), String> {
        let Some(ledger) = &self.ledger else {
            letter.answer(Reply::NoConnection).send(scene, Happening::Answer);
            return Ok(());
        };
        let reply = match &letter.content {
            Ask::Part { digest, sealed } if sealed.is_empty() || Digest::of(sealed) != *digest => {
                return Err(format!("part {digest} is not what it is called"));
            }
            Ask::Part { digest, sealed } => {
                match ledger.put_part(booth_id(letter.booth), *digest, sealed, self.now(scene)) {
                    Ok(_) => Reply::PartAccepted(*digest),
                    Err(error) => unavailable(&error),
                }
            }
            Ask::Commit { json } => {
                let signed: Signed<Manifest> = serde_json::from_str(json).map_err(|error| error.to_string())?;
                match intake::judge(ledger, &self.keys, booth_id(letter.booth), &signed) {
                    Ok(judged) => {
                        let pause = scene.pause(1, 2_000);
                        let opened = Box::new(Opened { letter, judged });
                        scene.after(pause, Happening::Opened { life: self.life, opened });
                        return Ok(());
                    }
                    Err(error) => refused(letter.claim, error)?,
                }
            }
        };
        self.reply(&letter, reply, scene);
        Ok(())
    }

    /// The second half of a commit.
    pub fn keep(&self, life: u32, opened: Opened, scene: &mut Scene) -> Result<(), String> {
        let Opened { letter, judged } = opened;
        let Some(ledger) = self.ledger.as_ref().filter(|_| self.life == life) else { return Ok(()) };
        let reply = match intake::keep(ledger, &self.keys, judged, self.now(scene)) {
            Ok(kept) => {
                let receipt = kept.receipt.peek().map_err(|error| error.to_string())?;
                let filed = Filed { sequence: receipt.ledger_sequence, manifest: receipt.manifest };
                scene.tell(format_args!("hub has {} as {}, new: {}", letter.claim, filed.sequence, kept.new));
                scene.promises.filed(letter.booth, letter.claim, filed, kept.new)?;
                commit_reply(&CommitAnswer::Received { receipt: kept.receipt })?
            }
            Err(error) => refused(letter.claim, error)?,
        };
        self.reply(&letter, reply, scene);
        Ok(())
    }

    fn reply(&self, letter: &Letter<Ask>, reply: Reply, scene: &mut Scene) {
        scene.tell(format_args!("hub answers {}.{}: {}", letter.booth, letter.request, reply.name()));
        letter.answer(reply).send(scene, Happening::Answer);
    }

    /// Whether the ledger holds exactly what was promised, each claim once, numbers without a gap, the trail unbroken.
    pub fn check(&mut self, scene: &mut Scene) -> Result<(), String> {
        let Some(ledger) = &self.ledger else { return Ok(()) };
        let rows = ledger.claims(false, None, ALL).map_err(|error| format!("ledger cannot be read: {error:?}"))?;
        let filed = rows.iter().map(|row| (row.manifest.claim, row.sequence));
        scene.promises.check_ledger(&filed.collect::<Vec<_>>())?;
        match ledger.verify_audit(self.noted) {
            Ok(AuditState::Intact { noted: true, head, .. }) => self.noted = Some(head),
            state => return Err(format!("audit trail of the hub: {state:?}")),
        }
        Ok(())
    }

    /// At the end: whether each claim opens, and is what was signed.
    pub fn check_contents(&self, scene: &Scene) -> Result<(), String> {
        let Some(ledger) = &self.ledger else { return Err("the hub is down at the end".into()) };
        let rows = ledger.claims(false, None, ALL).map_err(|error| format!("ledger cannot be read: {error:?}"))?;
        for row in &rows {
            let claim = row.manifest.claim;
            let record = intake::open_record(ledger, &self.keys, row).map_err(|error| format!("{claim}: {error}"))?;
            scene.promises.check_record(&record)?;
        }
        Ok(())
    }
}

/// As the hub's web server answers. Every claim here is sound, so a refusal is a fault.
fn refused(claim: ClaimId, error: IntakeError) -> Result<Reply, String> {
    match error {
        IntakeError::Missing(parts) => commit_reply(&CommitAnswer::Missing { parts }),
        IntakeError::Newer(what) => Err(format!("hub takes {what} of {claim} for a later format")),
        IntakeError::Refused(reason) => Err(format!("hub refuses {claim}: {reason}")),
        IntakeError::Ledger(error) => Ok(unavailable(&error)),
    }
}

fn commit_reply(answer: &CommitAnswer) -> Result<Reply, String> {
    Ok(Reply::Commit { json: serde_json::to_string(answer).map_err(|error| error.to_string())? })
}

fn unavailable(_: &LedgerError) -> Reply {
    Reply::Status(503)
}

/// A ledger that knows the booths and nothing else.
fn enrolled() -> Result<Image, String> {
    let directory = put(&Vec::new())?;
    let path = directory.path().join(DATABASE);
    let ledger = SqliteLedger::open(&path).map_err(|error| format!("{error:?}"))?;
    for booth in 0..BOOTHS {
        let secret = Digest::of(&booth.to_be_bytes());
        let enrolment = Enrolment { booth: None, name: format!("Bilik {booth}") };
        let key = manifest_key(booth).verifying_key().to_bytes();
        let done = ledger
            .add_enrolment_code(secret, &enrolment, WallTime(0))
            .and_then(|()| ledger.enrol(secret, booth_id(booth), key, WallTime(0)));
        done.map_err(|error| format!("{error:?}"))?;
    }
    drop(ledger);
    Ok(vec![(DATABASE, fs::read(path).map_err(|error| error.to_string())?)])
}

/// Files in a directory of their own, in memory if the machine has such a place.
fn put(image: &Image) -> Result<TempDir, String> {
    let text = |error: std::io::Error| error.to_string();
    let memory = PathBuf::from("/dev/shm");
    let directory = if memory.is_dir() { TempDir::new_in(memory) } else { TempDir::new() }.map_err(text)?;
    for (name, bytes) in image.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        fs::write(directory.path().join(name), bytes).map_err(text)?;
    }
    Ok(directory)
}
