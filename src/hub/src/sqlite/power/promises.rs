//! What was answered, and whether a disk holds it: the production ledger opens what is left, and what it holds is compared.

use super::model::{Contents, Op};
use super::mount::Mounted;
use super::specimens::{AT, BOOTHS, OFFICER, booth, booth_key, claim, enrolment, filing, keys, secret, session};
use super::{LEDGER, disk_of};
use crate::intake;
use crate::ledger::{
    Audit as _, AuditEvent, AuditState, Booths as _, ClaimDecision, Claims as _, DecisionKind, Health, Ledger as _,
    LedgerError, Parts as _, SessionDecision, Validity,
};
use crate::sqlite::{SqliteLedger, digest};
use bilik_claim::filing::{Receipt, Signed};
use bilik_claim::ids::{Digest, OfficerId, WallTime};
use bilik_claim::wire::Decision;
use rusqlite::{Connection, Row};
use std::collections::BTreeMap;
use std::error::Error;
use uuid::Uuid;

/// The claim that is given to see that the ledger serves on.
const ANOTHER: u128 = 1 << 64;

type Failure = Box<dyn Error + Send + Sync>;

#[derive(Clone, Default)]
pub struct Promises {
    /// What is there for certain.
    pub sure: Contents,
    /// Begun since, in order, and whether it was answered as done. What was not may be there or not.
    pub open: Vec<(Op, bool)>,
    /// Refused since what is sure last changed, because the disk was full. The ledger that runs has undone it; a log that is read
    /// anew may still hold such a commit whole, until another one is written over it.
    pub refused: Vec<Vec<Op>>,
    /// All that booths have ever been given.
    pub receipts: BTreeMap<u128, Signed<Receipt>>,
}

impl Promises {
    /// What a ledger that runs may hold: all that was answered, and any of the rest. Most likely ones first.
    fn possible(&self) -> impl Iterator<Item = Contents> {
        any_of(self.sure.clone(), self.open.clone())
    }

    /// What a ledger that is opened may hold: instead of all that, perhaps what was refused, as long as nothing is kept since.
    fn possible_anew(&self) -> impl Iterator<Item = Contents> {
        let mut answered = self.sure.clone();
        self.open.iter().filter(|(_, answered)| *answered).for_each(|(op, _)| answered.apply(*op));
        let refused = if answered == self.sure { self.refused.as_slice() } else { &[] };
        let each = refused.iter().map(|ops| ops.iter().map(|op| (*op, false)).collect());
        self.possible().chain(each.flat_map(move |ops| any_of(answered.clone(), ops)))
    }

    /// Takes what a ledger that has just been opened holds for certain from now on, if it may hold that.
    pub fn settle(&mut self, ledger: &SqliteLedger) -> Result<(), String> {
        let found = self.find(ledger, self.possible_anew())?;
        (self.sure, self.open, self.refused) = (found, Vec::new(), Vec::new());
        Ok(())
    }

    /// The same of a ledger that goes on, some of whose work was not answered as done: it is undone.
    pub fn settle_running(&mut self, ledger: &SqliteLedger) -> Result<(), String> {
        let found = self.find(ledger, self.possible())?;
        let open = std::mem::take(&mut self.open).into_iter();
        self.take(found);
        if ledger.health() == Health::Full {
            self.refused.push(open.filter(|(_, answered)| !answered).map(|(op, _)| op).collect());
        }
        Ok(())
    }

    /// All that is open was answered as done.
    pub fn keep(&mut self) {
        let mut kept = self.sure.clone();
        std::mem::take(&mut self.open).iter().for_each(|(op, _)| kept.apply(*op));
        self.take(kept);
    }

    fn take(&mut self, sure: Contents) {
        if sure != self.sure {
            self.refused.clear();
        }
        self.sure = sure;
    }

    fn find(&self, ledger: &SqliteLedger, mut possible: impl Iterator<Item = Contents>) -> Result<Contents, String> {
        let found = dump(ledger).map_err(|e| format!("cannot be read: {e}"))?;
        if !possible.any(|possible| possible == found) {
            let Self { sure, open, refused, .. } = self;
            return Err(format!("holds {found:#?}\nand should {sure:#?}\nwith {open:?}, refused {refused:?}"));
        }
        Ok(found)
    }

    /// Opens a ledger and compares. `serve`: also gives it each claim again that any booth may have, and one more.
    pub fn check(&self, mounted: &Mounted, serve: bool) -> Result<(), String> {
        let ledger = SqliteLedger::open_on(&disk_of(mounted), &mounted.directory.join(LEDGER))
            .map_err(|error| format!("does not open: {}", chain(&error)))?;
        let mut now = self.clone();
        now.settle(&ledger)?;
        whole(&ledger).map_err(|error| format!("is not whole: {error}"))?;
        for (number, receipt) in &self.receipts {
            let stored = ledger.receipt(claim(*number)).map_err(|error| chain(&error))?;
            if stored.as_ref().map(|(_, stored)| stored) != Some(receipt) {
                return Err(format!("claim {number} has a receipt, and the ledger has {stored:?}"));
            }
        }
        if serve { now.serve(&ledger) } else { Ok(()) }
    }

    fn serve(&self, ledger: &SqliteLedger) -> Result<(), String> {
        let mut contents = self.sure.clone();
        // What the next start does, too.
        let booths = (0..BOOTHS).flat_map(|number| [Op::Code(number), Op::Enrol(number)]);
        let due = |op: &Op| match op {
            Op::Code(number) => self.sure.lacks(*number) && !self.sure.codes.contains(&secret(*number)),
            Op::Enrol(number) => self.sure.lacks(*number),
            Op::Put { .. }
            | Op::Keep(_)
            | Op::Refuse(_)
            | Op::DropOrphans
            | Op::Decide(_)
            | Op::DecideSession(_)
            | Op::Rate { .. }
            | Op::Note(_) => true,
        };
        let known = (1..).take_while(|number| self.sure.has(claim(*number)) || self.receipts.contains_key(number));
        let next = known.clone().count() as u128 + 1;
        let claims = known.chain([next, ANOTHER]).collect::<Vec<_>>();
        let ops = booths.chain(claims.iter().flat_map(|number| give(*number))).filter(due);
        for op in ops {
            let receipt = run(ledger, op).map_err(|error| format!("serves no more, at {op:?}: {}", chain(&*error)))?;
            contents.apply(op);
            if let Op::Keep(number) = op
                && self.receipts.get(&number).is_some_and(|promised| receipt.as_ref() != Some(promised))
            {
                return Err(format!("claim {number} has another receipt now"));
            }
        }
        let after = Self { sure: contents, ..Self::default() };
        after.clone().settle(ledger).map_err(|why| format!("serving on: {why}"))?;
        whole(ledger).map_err(|error| format!("is not whole after serving on: {error}"))
    }
}

/// A ledger after all of these that were answered, and any of the rest.
fn any_of(sure: Contents, ops: Vec<(Op, bool)>) -> impl Iterator<Item = Contents> {
    let unsure = ops.iter().filter(|(_, answered)| !answered).count();
    (0..1_u64 << unsure).map(move |chosen| {
        let (mut contents, mut number) = (sure.clone(), 0);
        for (op, answered) in &ops {
            if *answered || !chosen >> number & 1 == 1 {
                contents.apply(*op);
            }
            number += u32::from(!answered);
        }
        contents
    })
}

/// How a booth brings a claim: all parts, then the manifest.
pub fn give(number: u128) -> impl Iterator<Item = Op> {
    let parts = filing(number).parts.len();
    (0..parts).map(move |part| Op::Put { claim: number, part }).chain([Op::Keep(number)])
}

/// Does one thing as the hub does it. The receipt, where there is one.
pub fn run(ledger: &SqliteLedger, op: Op) -> Result<Option<Signed<Receipt>>, Failure> {
    match op {
        Op::Code(number) => ledger.add_enrolment_code(secret(number), &enrolment(number), Validity::TYPED, AT)?,
        Op::Enrol(number) => {
            let key = booth_key().verifying_key().to_bytes();
            ledger.enrol(secret(number), booth(number), key, AT)?;
        }
        Op::Put { claim, part } => {
            let filing = filing(claim);
            let (digest, bytes) = &filing.parts[part];
            ledger.put_part(filing.booth, *digest, bytes, AT)?;
        }
        Op::Keep(number) => {
            let filing = filing(number);
            let judged = intake::judge(ledger, keys(), filing.booth, &filing.signed)?;
            return Ok(Some(intake::keep(ledger, keys(), judged, AT)?.receipt));
        }
        Op::Refuse(number) => {
            let filing = filing(number);
            let parts: Vec<Digest> = filing.parts.iter().map(|(digest, _)| *digest).collect();
            ledger.refuse_claim(filing.booth, filing.signed.digest(), Some(claim(number)), &parts, AT)?;
        }
        Op::DropOrphans => drop(ledger.drop_orphans(WallTime(AT.0 + 1))?),
        Op::Decide(number) => {
            let decision = ClaimDecision { officer: OFFICER, at: AT, decision: Decision::Verified };
            ledger.decide_claim(claim(number), &decision, None)?;
        }
        Op::DecideSession(number) => {
            let booth = Some(filing(number).booth);
            let decision = SessionDecision {
                session: session(number),
                booth,
                officer: OFFICER,
                decision: DecisionKind::Verified,
                reasons: vec![],
                note: None,
            };
            ledger.decide_session(&decision, AT)?;
        }
        Op::Rate { claim: number, rating } => ledger.rate_claim(claim(number), filing(number).booth, rating, AT)?,
        Op::Note(number) => {
            ledger.record(&[(AT, AuditEvent::Login { officer: OfficerId(Uuid::from_u128(number)) })])?;
        }
    }
    Ok(None)
}

/// All that a ledger holds, as those see it who read it.
pub fn dump(ledger: &SqliteLedger) -> Result<Contents, LedgerError> {
    fn all<T, C: FromIterator<T>>(
        db: &Connection,
        sql: &str,
        row: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> rusqlite::Result<C> {
        db.prepare_cached(sql)?.query_map([], row)?.collect()
    }
    ledger.read("read all", |db| {
        // A part that is not what it is called is none.
        let parts: Vec<(String, Digest, Option<String>, Vec<u8>)> =
            all(db, "SELECT booth, digest, claim, bytes FROM parts", |row| {
                Ok((row.get(0)?, digest(row, 1)?, row.get(2)?, row.get(3)?))
            })?;
        let whole = parts.into_iter().filter(|(_, digest, _, bytes)| Digest::of(bytes) == *digest);
        let claim = |row: &Row<'_>| Ok((row.get(0)?, digest(row, 1)?, row.get(2)?));
        let word = |row: &Row<'_>| row.get(0);
        Ok(Contents {
            codes: all(db, "SELECT secret_digest FROM enrolment_codes", |row| digest(row, 0))?,
            booths: all(db, "SELECT b.booth FROM booths b JOIN booth_keys k ON k.booth = b.booth", word)?,
            parts: whole.map(|(booth, digest, claim, _)| ((booth, digest), claim)).collect(),
            claims: all(db, "SELECT claim, manifest_digest, vouched FROM claims ORDER BY sequence", claim)?,
            decided: all(db, "SELECT claim FROM claims WHERE decided_at IS NOT NULL", word)?,
            sessions: all(db, "SELECT session FROM session_decisions", word)?,
            ratings: all(db, "SELECT claim, rating FROM ratings", |row| Ok((row.get(0)?, row.get(1)?)))?,
            audit: all(db, "SELECT text FROM audit ORDER BY sequence", |row| row.get(0))?,
        })
    })
}

/// The file is sound, the trail unbroken, numbers are without a gap, each claim has the receipt that it was given.
fn whole(ledger: &SqliteLedger) -> Result<(), Failure> {
    let verdict =
        ledger.read("check", |db| db.query_row("PRAGMA integrity_check(1)", [], |row| row.get::<_, String>(0)))?;
    if verdict != "ok" {
        return Err(verdict.into());
    }
    match ledger.verify_audit(None)? {
        AuditState::Intact { .. } => {}
        AuditState::Broken { sequence } => return Err(format!("audit entry {sequence} does not follow").into()),
    }
    let rows: Vec<(u64, String, String, String)> = ledger.read("list claims", |db| {
        db.prepare_cached("SELECT sequence, claim, receipt, receipt_signature FROM claims ORDER BY sequence")?
            .query_map([], |row| Ok((row.get::<_, i64>(0)?.unsigned_abs(), row.get(1)?, row.get(2)?, row.get(3)?)))?
            .collect()
    })?;
    for (place, (sequence, claim, body, signature)) in rows.into_iter().enumerate() {
        let receipt = Signed::<Receipt>::from_parts(body, signature).open(&keys().receipt.verifying_key())?;
        let number = place as u64 + 1;
        if (sequence, receipt.ledger_sequence, receipt.claim.to_string()) != (number, number, claim) {
            return Err(format!("number {sequence} is at place {number}, and its receipt is {receipt:?}").into());
        }
    }
    Ok(())
}

pub fn chain(error: &dyn Error) -> String {
    error.source().map_or(error.to_string(), |source| format!("{error}: {}", chain(source)))
}
