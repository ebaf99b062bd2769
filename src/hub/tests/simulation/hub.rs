//! The hub: the production intake and ledger, what crashes and restored backups do to them, and the officer's word.
//!
//! It is killed or cut off between two calls of the ledger or in the middle of one, before its commit is synced.

use super::checks::Filed;
use super::disks::{Crash, Volume, left};
use super::keys::{BOOTHS, OFFICER, ROTATIONS, announced, booth_id, claim_keys, manifest_key};
use super::network::{Ask, Letter, Reply};
use super::scheduler::{Happening, Scene};
use crate::intake::{self, IntakeError, Judged};
use crate::keys::ClaimKeys;
use crate::ledger::{
    Audit as _, Booths as _, Claims as _, DecisionKind, Enrolment, Health, Ledger as _, LedgerError, ORPHAN_MS,
    Parts as _, Reconciliation as _, SessionDecision, Validity,
};
use crate::reconcile::{self, Answer, Compared};
use crate::sim::Sim;
use crate::sqlite::SqliteLedger;
use bilik_claim::audit::AuditState;
use bilik_claim::filing::{CommitAnswer, Manifest, Signed};
use bilik_claim::ids::{ClaimId, Digest, SessionId, WallTime};
use bilik_claim::reconcile::{HubKeys, Reconcile, Reconciled};
use std::collections::BTreeMap;
use std::sync::OnceLock;

/// More than any simulation keeps.
const ALL: u32 = 100_000;

/// A claim whose parts are all here and have been opened: it has to be kept.
pub struct Opened {
    letter: Letter<Ask>,
    judged: Judged,
}

struct Backup {
    disk: Sim,
    ledger: BTreeMap<ClaimId, Filed>,
}

pub struct Hub {
    keys: ClaimKeys,
    /// How often the sealing key and the receipt key were replaced. Outlives a restore: keys are not in the ledger.
    rotations: (usize, usize),
    disk: Volume,
    /// None while it is down.
    ledger: Option<SqliteLedger>,
    /// The next part or claim that it keeps is its last.
    pub doomed: Option<Crash>,
    pub life: u32,
    /// Of the wall clock, in milliseconds.
    pub wall: i64,
    backups: Vec<Backup>,
    /// The end of the audit trail when it was last looked at.
    noted: Option<Digest>,
}

impl Hub {
    pub fn new(wall: i64) -> Result<Self, String> {
        static FIRST: OnceLock<Result<Sim, String>> = OnceLock::new();
        let disk = FIRST.get_or_init(enrolled).clone()?;
        let mut hub = Self {
            keys: claim_keys(0, 0),
            rotations: (0, 0),
            disk: Volume::new(disk),
            ledger: None,
            doomed: None,
            life: 0,
            wall,
            backups: Vec::new(),
            noted: None,
        };
        hub.ledger = Some(hub.disk.open_ledger().map_err(|error| format!("{error:?}"))?);
        Ok(hub)
    }

    pub fn is_up(&self) -> bool {
        self.ledger.is_some()
    }

    fn now(&self, scene: &Scene) -> WallTime {
        WallTime(self.wall + scene.now.as_millis() as i64)
    }

    pub fn set_full(&self, full: bool) {
        self.disk.set_full(full);
    }

    /// Whether nothing more is written until it is started again.
    pub fn has_failed(&self) -> bool {
        self.ledger.as_ref().is_some_and(|ledger| ledger.health() == Health::Failed)
    }

    /// Stops at once. `restore`: an earlier backup takes the place of what the disk holds.
    pub fn crash(&mut self, crash: Crash, restore: bool, scene: &mut Scene) {
        let mut disk = left(self.disk.now(), crash);
        if restore && !self.backups.is_empty() {
            let backup = self.backups.swap_remove(scene.dice.below(self.backups.len()));
            scene.count.restores += 1;
            scene.promises.restored(backup.ledger);
            disk = backup.disk;
            self.noted = None;
        }
        self.stop(disk, scene);
    }

    fn stop(&mut self, disk: Sim, scene: &mut Scene) {
        scene.count.hub_crashes += u64::from(self.is_up());
        scene.tell(format_args!("hub stops"));
        let full = self.disk.is_full();
        // What closing does is done to a disk that nobody has any more.
        self.disk = Volume::new(disk);
        self.disk.set_full(full);
        (self.ledger, self.doomed) = (None, None);
    }

    /// False if it cannot start now: the disk is full.
    pub fn start(&mut self, scene: &mut Scene) -> Result<bool, String> {
        if self.is_up() {
            return Ok(true);
        }
        match self.disk.open_ledger() {
            Ok(ledger) => self.ledger = Some(ledger),
            Err(_) if self.disk.is_full() => return Ok(false),
            Err(error) => return Err(format!("ledger does not open: {error:?}")),
        }
        self.life += 1;
        scene.tell(format_args!("hub starts"));
        self.check(scene)?;
        Ok(true)
    }

    /// One of the keys is replaced, and counts on as an old one.
    pub fn rotate(&mut self, scene: &mut Scene) {
        let (sealing, receipt) = &mut self.rotations;
        let which = if scene.dice.percent(50) { sealing } else { receipt };
        if *which < ROTATIONS {
            *which += 1;
            scene.count.rotations += 1;
            self.keys = claim_keys(self.rotations.0, self.rotations.1);
        }
    }

    /// As the operator's command does it: noted, copied, and noted as done, unless something comes between.
    pub fn back_up(&mut self, scene: &mut Scene) {
        let now = self.now(scene);
        let Some((ledger, Ok(number))) = self.ledger.as_ref().map(|ledger| (ledger, ledger.begin_backup(now))) else {
            return;
        };
        let disk = left(self.disk.now(), Crash::Killed);
        self.backups.push(Backup { disk, ledger: scene.promises.ledger.clone() });
        if scene.dice.percent(90) {
            let horizon = scene.promises.backed_up();
            let done = ledger.finish_backup(number, horizon, now).is_ok();
            scene.tell(format_args!("hub has a backup up to {horizon}, noted: {done}"));
        }
    }

    /// Whether each claim that was kept is in the ledger, or on record as missing.
    pub fn knows_all(&self, scene: &Scene) -> bool {
        let missing = self.ledger.as_ref().and_then(|ledger| ledger.missing().ok());
        missing.is_some_and(|missing| scene.promises.are_known(&missing.iter().map(|row| row.claim).collect()))
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
        let decision = if verified { DecisionKind::Verified } else { DecisionKind::Returned };
        let booth = Some(booth_id(booth));
        let decision = SessionDecision { session, booth, officer: OFFICER, decision, reasons: vec![], note: None };
        self.ledger.as_ref().is_some_and(|ledger| ledger.decide_session(&decision, self.now(scene)).is_ok())
    }

    pub fn rate(&self, booth: usize, claim: ClaimId, rating: u8, scene: &Scene) {
        if let Some(ledger) = &self.ledger {
            // One that gets lost is lost: it is no claim.
            let _ = ledger.rate_claim(claim, booth_id(booth), rating, self.now(scene));
        }
    }

    /// A request arrives.
    pub fn receive(&mut self, letter: Letter<Ask>, scene: &mut Scene) -> Result<(), String> {
        let Some(ledger) = &self.ledger else {
            letter.answer(Reply::NoConnection).send(scene, Happening::Answer);
            return Ok(());
        };
        let reply = match &letter.content {
            Ask::Part { digest, sealed } if sealed.is_empty() || Digest::of(sealed) != *digest => {
                return Err(format!("part {digest} is not what it is called"));
            }
            Ask::Part { digest, sealed } => {
                if self.doomed.is_some() {
                    self.disk.note_cuts();
                }
                match ledger.put_part(booth_id(letter.booth), *digest, sealed, self.now(scene)) {
                    _ if self.doomed.is_some() => return self.cut(scene),
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
                    Err(error) => refused(&letter, error)?,
                }
            }
            Ask::Reconcile { json } => {
                let told: Reconcile = serde_json::from_str(json).map_err(|error| error.to_string())?;
                match reconcile::reconcile(ledger, booth_id(letter.booth), &told, self.now(scene)) {
                    Ok(answer) if answer.compared.conflicts.is_empty() => {
                        scene.promises.compared(&answer.compared)?;
                        let Compared { missing, gone, .. } = &answer.compared;
                        scene.count.recalled += (missing.len() - gone.len()) as u64;
                        reconciled_reply(answer, announced(&self.keys, (self.rotations.0 + self.rotations.1) as u64)?)?
                    }
                    Ok(answer) => return Err(format!("receipts of other claims: {:?}", answer.compared.conflicts)),
                    Err(error) => unavailable(&error),
                }
            }
        };
        self.reply(&letter, reply, scene);
        Ok(())
    }

    /// The second half of a commit.
    pub fn keep(&mut self, life: u32, opened: Opened, scene: &mut Scene) -> Result<(), String> {
        let Opened { letter, judged } = opened;
        let Some(claim) = letter.claim else { return Err("a manifest without a claim".into()) };
        let Some(ledger) = self.ledger.as_ref().filter(|_| self.life == life) else { return Ok(()) };
        if self.doomed.is_some() {
            self.disk.note_cuts();
        }
        let reply = match intake::keep(ledger, &self.keys, judged, self.now(scene)) {
            Ok(kept) => {
                let receipt = kept.receipt.peek().map_err(|error| error.to_string())?;
                let filed = Filed { sequence: receipt.ledger_sequence, manifest: receipt.manifest };
                if self.doomed.is_some() {
                    scene.promises.unsaid = Some((letter.booth, claim, filed));
                    return self.cut(scene);
                }
                scene.tell(format_args!("hub has {claim} as {}, new: {}", filed.sequence, kept.new));
                scene.promises.filed(letter.booth, claim, filed, kept.new)?;
                commit_reply(&CommitAnswer::Received { receipt: kept.receipt })?
            }
            Err(_) if self.doomed.is_some() => return self.cut(scene),
            Err(error) => refused(&letter, error)?,
        };
        self.reply(&letter, reply, scene);
        Ok(())
    }

    /// It stops before what it has just written is synced, or before it can say so.
    fn cut(&mut self, scene: &mut Scene) -> Result<(), String> {
        let Some(crash) = self.doomed else { return Ok(()) };
        let before = self.disk.cuts().into_iter().next().filter(|_| scene.dice.percent(50));
        let disk = before.unwrap_or_else(|| self.disk.now());
        self.stop(left(disk, crash), scene);
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
fn refused(letter: &Letter<Ask>, error: IntakeError) -> Result<Reply, String> {
    let claim = letter.claim.map(|claim| claim.to_string()).unwrap_or_default();
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

fn reconciled_reply(answer: Answer, keys: Vec<Signed<HubKeys>>) -> Result<Reply, String> {
    let Answer { compared: Compared { missing, safe, .. }, hold, .. } = answer;
    let answer = Reconciled { missing, safe, hold, keys };
    Ok(Reply::Reconciled { json: serde_json::to_string(&answer).map_err(|error| error.to_string())? })
}

fn unavailable(_: &LedgerError) -> Reply {
    Reply::Status(503)
}

/// A disk with a ledger that knows the booths and nothing else.
fn enrolled() -> Result<Sim, String> {
    let disk = Volume::new(Sim::new(1));
    let ledger = disk.open_ledger().map_err(|error| format!("{error:?}"))?;
    for booth in 0..BOOTHS {
        let secret = Digest::of(&booth.to_be_bytes());
        let enrolment = Enrolment { booth: None, name: format!("Bilik {booth}") };
        let key = manifest_key(booth).verifying_key().to_bytes();
        let done = ledger
            .add_enrolment_code(secret, &enrolment, Validity::TYPED, WallTime(0))
            .and_then(|()| ledger.enrol(secret, booth_id(booth), key, WallTime(0)));
        done.map_err(|error| format!("{error:?}"))?;
    }
    drop(ledger);
    Ok(disk.now())
}
