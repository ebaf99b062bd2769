//! What was promised to participants and booths, and whether it holds.
//!
//! | Promise | Looked at |
//! |---|---|
//! | a claim that was called kept is at its booth, or in the ledger, or the hub that had it was restored from a backup that misses it | whenever a booth starts again, and at the end |
//! | a claim that is held is erased only if it lies in a backup, or if the booth's disk was full; so nothing else that was held is missing at the end | whenever a booth starts again, whenever the hub is restored, at the end |
//! | what is missing at the end is on record at the hub, and nothing else is | at the end |
//! | only what lies in a backup is called safe, and only what the ledger lacks is called missing | at each answer to a booth's receipts |
//! | the ledger has each claim once and numbers without a gap | at each commit, whenever the hub starts again, at the end |
//! | a booth erases only for a receipt that this hub, or one before a restore, has durably given | at each confirmation, whenever a booth starts again, at the end |
//! | each claim that is signed is called kept or not kept, once | at each answer of the courier |
//! | once nothing disturbs any more, all queues are empty, and each claim in the ledger opens as it was signed | at the end |
//! | the audit trails of booths and hub are unbroken | whenever they start again, at the end |

use crate::reconcile::Compared;
use bilik_claim::ids::{ClaimId, Digest};
use bilik_claim::session::claim::ClaimRecord;
use bilik_journal::{LISTED_CONFIRMED, QueueRow, QueueState};
use std::collections::{BTreeMap, BTreeSet};

/// A place in the ledger, as a receipt says it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Filed {
    pub sequence: u64,
    pub manifest: Digest,
}

/// A claim that a participant has signed.
struct Signed {
    booth: usize,
    record: ClaimRecord,
    kept: bool,
    confirmed: bool,
}

#[derive(Default)]
pub struct Promises {
    signed: BTreeMap<ClaimId, Signed>,
    /// What the ledger must hold.
    pub ledger: BTreeMap<ClaimId, Filed>,
    /// A receipt that the hub had no time to give: it is in the ledger or is not.
    pub unsaid: Option<(usize, ClaimId, Filed)>,
    /// What hubs have held whose ledgers were replaced by a backup.
    before: BTreeMap<ClaimId, Vec<Filed>>,
    /// Seen at its booth after its receipt, since it was filed last.
    held: BTreeSet<ClaimId>,
    /// What lies in some backup.
    backed_up: BTreeSet<ClaimId>,
    /// What booths were told that nobody needs their copy of.
    safe: BTreeSet<ClaimId>,
    /// Booths whose disks were full at some time: held claims had to make room.
    pub full: BTreeSet<usize>,
}

impl Promises {
    pub fn signed(&mut self, booth: usize, record: &ClaimRecord) {
        // Signed again after it was not kept: the same one.
        let signed = Signed { booth, record: record.clone(), kept: false, confirmed: false };
        self.signed.entry(record.claim).or_insert(signed);
    }

    /// The participant was told that it is kept.
    pub fn kept(&mut self, claim: ClaimId) -> Result<(), String> {
        let signed = self.signed.get_mut(&claim).ok_or_else(|| format!("{claim} is kept, and nobody has signed it"))?;
        signed.kept = true;
        Ok(())
    }

    /// The booth has erased it.
    pub fn confirmed(&mut self, claim: ClaimId) -> Result<(), String> {
        self.receipt(claim, None)?;
        let signed = self.signed.get_mut(&claim).ok_or_else(|| format!("{claim} is confirmed, and is nobody's"))?;
        signed.confirmed = true;
        Ok(())
    }

    /// The hub gives a receipt, which is in its ledger for good.
    pub fn filed(&mut self, booth: usize, claim: ClaimId, filed: Filed, new: bool) -> Result<(), String> {
        let signed = self.signed.get(&claim).ok_or_else(|| format!("{claim} is filed, and nobody has signed it"))?;
        if signed.booth != booth {
            return Err(format!("{claim} is filed by booth {booth}, and was signed at {}", signed.booth));
        }
        match self.ledger.get(&claim) {
            Some(known) if *known == filed && !new => Ok(()),
            Some(known) => Err(format!("{claim} is in the ledger as {known:?}, and now as {filed:?}, new: {new}")),
            None if !new => Err(format!("{claim} has a receipt, and was never filed")),
            None if filed.sequence != self.ledger.len() as u64 + 1 => {
                Err(format!("{claim} gets number {} behind {}", filed.sequence, self.ledger.len()))
            }
            None => {
                self.ledger.insert(claim, filed);
                self.held.remove(&claim);
                Ok(())
            }
        }
    }

    /// The hub goes on from a backup.
    pub fn restored(&mut self, backup: BTreeMap<ClaimId, Filed>) {
        self.unsaid = None;
        for (claim, filed) in std::mem::replace(&mut self.ledger, backup) {
            // A backup of a still earlier hub may have it under another number.
            if self.ledger.get(&claim) != Some(&filed) {
                self.before.entry(claim).or_default().push(filed);
            }
        }
    }

    /// All that is in the ledger has been copied. The highest number.
    pub fn backed_up(&mut self) -> u64 {
        self.backed_up.extend(self.ledger.keys());
        self.ledger.len() as u64
    }

    /// What a booth is told about its receipts.
    pub fn compared(&mut self, compared: &Compared) -> Result<(), String> {
        if let Some(claim) = compared.safe.iter().find(|claim| !self.backed_up.contains(claim)) {
            return Err(format!("{claim} is called safe, and lies in no backup"));
        }
        if let Some(claim) = compared.missing.iter().find(|claim| self.ledger.contains_key(claim)) {
            return Err(format!("{claim} is called missing, and is in the ledger"));
        }
        self.safe.extend(&compared.safe);
        Ok(())
    }

    /// A claim that was held may go when it lies in a backup, or when its room is needed.
    fn may_be_erased(&self, claim: ClaimId, booth: usize) -> bool {
        !self.held.contains(&claim) || self.safe.contains(&claim) || self.full.contains(&booth)
    }

    /// Whether each claim that was kept is in the ledger, or among those that the hub knows to be missing.
    pub fn are_known(&self, missing: &BTreeSet<ClaimId>) -> bool {
        let known = |claim: &ClaimId| self.ledger.contains_key(claim) != missing.contains(claim);
        self.signed.iter().filter(|(_, signed)| signed.kept).all(|(claim, _)| known(claim))
    }

    /// Whether some hub has given a receipt for it, with this number if one is known.
    fn receipt(&self, claim: ClaimId, sequence: Option<u64>) -> Result<(), String> {
        let given = self.ledger.get(&claim).into_iter().chain(self.before.get(&claim).into_iter().flatten());
        let fits = |filed: &Filed| sequence.is_none_or(|sequence| sequence == filed.sequence);
        if given.into_iter().any(fits) {
            return Ok(());
        }
        Err(format!("{claim} is erased at its booth, and no hub has given a receipt for it"))
    }

    /// What a booth's journal holds. At the `end`, what it has erased counts as confirmed, whoever was told.
    pub fn check_journal(&mut self, booth: usize, rows: &[QueueRow], end: bool) -> Result<(), String> {
        let there: BTreeSet<ClaimId> = rows.iter().map(|row| row.claim).collect();
        // A long list leaves out what was confirmed long ago.
        let whole = rows.len() < LISTED_CONFIRMED as usize;
        let numbers = rows.iter().map(|row| row.sequence);
        let ordered = if whole { numbers.eq(1..=rows.len() as u64) } else { numbers.is_sorted() };
        if there.len() != rows.len() || !ordered {
            return Err(format!("booth {booth} has a claim twice, or its numbers have a gap: {rows:?}"));
        }
        let own = self.signed.iter().filter(|(_, signed)| signed.booth == booth);
        let mut kept = own.filter(|(_, signed)| signed.kept && (whole || !signed.confirmed)).map(|(claim, _)| claim);
        if let Some(claim) = kept.find(|claim| !there.contains(claim)) {
            return Err(format!("{claim} was kept, and booth {booth} does not have it"));
        }
        for QueueRow { claim, state, .. } in rows {
            if let QueueState::Confirmed { ledger_sequence } | QueueState::Held { ledger_sequence } = state {
                self.receipt(*claim, Some(*ledger_sequence))?;
            }
            match state {
                QueueState::Held { .. } => drop(self.held.insert(*claim)),
                QueueState::Confirmed { .. } if !self.may_be_erased(*claim, booth) => {
                    return Err(format!("{claim} was held, lies in no backup, and is erased"));
                }
                QueueState::Queued | QueueState::Refused { .. } | QueueState::Confirmed { .. } => {}
            }
            let signed = self.signed.get_mut(claim).filter(|signed| signed.booth == booth);
            let signed = signed.ok_or_else(|| format!("{claim} of nobody is at booth {booth}"))?;
            match state {
                QueueState::Confirmed { .. } | QueueState::Held { .. } => signed.confirmed |= end,
                QueueState::Refused { reason } => return Err(format!("{claim} is refused: {reason}")),
                QueueState::Queued if signed.confirmed && !self.before.contains_key(claim) => {
                    return Err(format!("{claim} was confirmed and is back"));
                }
                QueueState::Queued => {}
            }
        }
        Ok(())
    }

    /// What the ledger holds.
    pub fn check_ledger(&mut self, rows: &[(ClaimId, u64)]) -> Result<(), String> {
        let held: BTreeMap<ClaimId, u64> = rows.iter().copied().collect();
        if let Some((booth, claim, filed)) = self.unsaid.take().filter(|(_, claim, _)| held.contains_key(claim)) {
            self.filed(booth, claim, filed, !self.ledger.contains_key(&claim))?;
        }
        let numbers: BTreeSet<u64> = held.values().copied().collect();
        if held.len() != rows.len() || !numbers.into_iter().eq(1..=rows.len() as u64) {
            return Err(format!("the ledger has a claim twice, or its numbers have a gap: {rows:?}"));
        }
        let promised = self.ledger.iter().map(|(claim, filed)| (*claim, filed.sequence));
        if !held.into_iter().eq(promised) {
            return Err(format!("the ledger holds {rows:?}, and promised was {:?}", self.ledger));
        }
        Ok(())
    }

    pub fn check_record(&self, record: &ClaimRecord) -> Result<(), String> {
        match self.signed.get(&record.claim) {
            Some(signed) if signed.record == *record => Ok(()),
            Some(_) => Err(format!("{} is not what was signed", record.claim)),
            None => Err(format!("{} is in the ledger, and nobody has signed it", record.claim)),
        }
    }

    /// When all is delivered that can be: each claim that was called kept is in the ledger, but for those that are reported.
    /// How many these are.
    pub fn check_end(&self) -> Result<u64, String> {
        let mut reported = 0;
        for (claim, signed) in self.signed.iter().filter(|(_, signed)| signed.kept) {
            match (self.ledger.contains_key(claim), signed.confirmed && self.before.contains_key(claim)) {
                (true, _) => {}
                (false, true) if self.may_be_erased(*claim, signed.booth) => reported += 1,
                (false, true) => return Err(format!("{claim} was held, and is not in the ledger")),
                (false, false) => return Err(format!("{claim} was kept, and is not in the ledger")),
            }
        }
        Ok(reported)
    }

    pub fn delivered(&self) -> u64 {
        self.ledger.len() as u64
    }
}
