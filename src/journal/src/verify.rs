//! Whether a queue holds together: each claim, each part, each receipt, the numbers, and the audit trail.

use crate::audit::{self, BoothAudit};
use crate::disk::Disk;
use crate::error::JournalError;
use crate::files::Place;
use crate::rows::ClaimRow;
use crate::salvage::Looked;
use crate::view::JournalView;
use crate::{DATABASE, keys, rows, schema};
use bilik_claim::audit::AuditState;
use bilik_claim::ids::{ClaimId, Digest};
use ed25519_dalek::VerifyingKey;

/// Who must have signed what lies in a queue.
#[derive(Clone, Debug)]
pub struct Keys {
    /// The booth's, for manifests.
    pub manifest: VerifyingKey,
    /// The hub's of the enrolment, for receipts and for the keys that came after it.
    pub receipt: VerifyingKey,
}

/// What a check found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Claims that could be read, confirmed ones among them.
    pub claims: u64,
    /// Parts that are as they were sealed.
    pub parts: u64,
    pub audit_entries: i64,
    /// What SQLite found, if anything.
    pub database: Option<String>,
    /// Claims with something that is not what was stored.
    pub damaged: Vec<ClaimId>,
    /// Claims that can't be read at all.
    pub unreadable: u64,
    /// Claims whose manifest or receipt the given keys did not sign; after a new enrolment, the older ones.
    pub foreign: Vec<ClaimId>,
    /// Numbers that were given out, that no claim here has, and of whose loss the audit trail says nothing.
    pub missing: u64,
    pub audit: AuditState,
}

impl Report {
    pub fn is_sound(&self) -> bool {
        self.problems().is_empty()
    }

    /// One line for each kind of trouble.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        problems.extend(self.database.as_ref().map(|detail| format!("database: {detail}")));
        problems.extend(self.damaged.iter().map(|claim| format!("{claim} is not as it was stored")));
        problems.extend(self.foreign.iter().map(|claim| format!("{claim} is signed by another key")));
        if self.unreadable > 0 {
            problems.push(format!("{} claims cannot be read", self.unreadable));
        }
        if self.missing > 0 {
            problems.push(format!("{} claims are missing, and the audit trail does not say why", self.missing));
        }
        match &self.audit {
            AuditState::Intact { noted: true, .. } => {}
            AuditState::Intact { noted: false, .. } => {
                problems.push("audit trail: the head that was noted is not part of it".into());
            }
            AuditState::Broken { sequence } => problems.push(format!("audit trail: entry {sequence} does not follow")),
        }
        problems
    }
}

impl JournalView {
    /// Looks at everything; takes as long as reading the whole file twice. `keys` are those that must have signed,
    /// `head` the hash of a head of the audit trail that was noted earlier.
    pub fn verify(&self, keys: Option<&Keys>, head: Option<Digest>) -> Result<Report, JournalError> {
        let mut accounted = 0;
        let count = |event| match event {
            // The number that was begun when the database broke is given up with it.
            BoothAudit::SetAside { left, .. } => accounted += left + 1,
            BoothAudit::Lost { from, to } => accounted += (to + 1).saturating_sub(from),
            BoothAudit::Enrolled { .. }
            | BoothAudit::SessionBegan { .. }
            | BoothAudit::SessionEnded { .. }
            | BoothAudit::ClaimKept { .. }
            | BoothAudit::ClaimConfirmed { .. }
            | BoothAudit::ClaimHeld { .. }
            | BoothAudit::ClaimErased { .. }
            | BoothAudit::ClaimRecalled { .. }
            | BoothAudit::ReceiptUnknownToHub { .. }
            | BoothAudit::HubKeysTaken { .. }
            | BoothAudit::ClaimRefused { .. }
            | BoothAudit::ClaimQueuedAgain { .. } => {}
        };
        let (database, audit) = match self.queue.db() {
            Some(db) => {
                let problem = schema::check_integrity(db).err().map(|error| error.to_string());
                (problem, audit::verify(db, head, count))
            }
            None => (Some("SQLite can't open it".into()), AuditState::Broken { sequence: 1 }),
        };
        let audit_entries = match audit {
            AuditState::Intact { entries, .. } => entries,
            AuditState::Broken { sequence } => sequence - 1,
        };
        let mut report = Report {
            claims: 0,
            parts: 0,
            audit_entries,
            database,
            damaged: Vec::new(),
            unreadable: 0,
            foreign: Vec::new(),
            missing: 0,
            audit,
        };
        let absent = self.verify_claims(keys, &mut report)?;
        report.missing = absent.saturating_sub(accounted);
        Ok(report)
    }

    /// Whether this is the queue that the booth works with, not one that was set aside.
    pub fn is_in_use(&self) -> bool {
        self.queue.path().file_name().is_some_and(|name| name == DATABASE)
    }

    /// How many numbers no claim has.
    fn verify_claims(&self, keys: Option<&Keys>, report: &mut Report) -> Result<u64, JournalError> {
        let mut absent = 0;
        let receipt_keys = keys.map(|keys| match self.queue.db() {
            Some(db) => keys::ever(db, keys.receipt),
            None => vec![keys.receipt],
        });
        for sequence in rows::looked_up(self.last_given_out()?) {
            match self.queue.claim(sequence) {
                Looked::Good(row, parts) => {
                    report.claims += 1;
                    let whole = parts.iter().filter(|p| self.queue.part(p.digest).is_some()).count();
                    report.parts += whole as u64;
                    if whole < parts.len() && !self.erased_meanwhile(row.listed.claim) {
                        report.damaged.push(row.listed.claim);
                    }
                    let foreign = |(keys, receipt): (&Keys, &Vec<_>)| !signed_by(&keys.manifest, receipt, &row);
                    if keys.zip(receipt_keys.as_ref()).is_some_and(foreign) {
                        report.foreign.push(row.listed.claim);
                    }
                }
                Looked::Bad(row) => {
                    report.claims += 1;
                    report.damaged.push(row.listed.claim);
                }
                Looked::Unknown => report.unreadable += 1,
                Looked::Absent => absent += 1,
            }
        }
        Ok(absent)
    }

    /// The file beside the queue in use may know of claims that the database does not.
    fn last_given_out(&self) -> Result<u64, JournalError> {
        let last = self.queue.last().max(self.queue.db().and_then(|db| rows::base(db).ok()).unwrap_or(0));
        match self.queue.path().parent().filter(|_| self.is_in_use()) {
            Some(directory) => Ok(last.max(Place::new(Disk::real(), directory).read_head()?.kept())),
            None => Ok(last),
        }
    }
}

fn signed_by(manifest_key: &VerifyingKey, receipt_keys: &[VerifyingKey], row: &ClaimRow) -> bool {
    let manifest = row.manifest.as_ref().is_none_or(|signed| signed.open(manifest_key).is_ok());
    let receipt = row.receipt.as_ref().is_none_or(|signed| keys::open_with(signed, receipt_keys).is_ok());
    manifest && receipt
}
