//! Claims that the hub judges and keeps, as its server does it, beside bare commits to SQLite on the same disk.
//!
//! Sealing is done before the clock runs, and so are the parts, but where a whole delivery is measured. The rival has one
//! row for each claim, as long as what the claim adds to the ledger, and commits it alone: what a ledger costs that judges
//! nothing, numbers nothing, and signs nothing.

use crate::claims::{NOW, specimen};
use crate::{Outcome, Table, settle, timed};
use age::x25519::Identity;
use bilik_claim::filing::{CLAIM_PART, FORMAT, Manifest, Part, SIGNATURE_PART, Signed, document_part};
use bilik_claim::ids::{BoothId, Digest};
use bilik_hub::intake::{self, Judged, OPENING};
use bilik_hub::keys::ClaimKeys;
use bilik_hub::ledger::{Booths as _, Enrolment, Parts as _, Validity};
use bilik_hub::seal::Identities;
use bilik_hub::sqlite::SqliteLedger;
use bilik_journal::seal::Sealer;
use ed25519_dalek::SigningKey;
use rusqlite::Connection;
use std::fs;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;
use tokio::runtime::Runtime;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use uuid::Uuid;

const ROUNDS: usize = 15;
/// Booths that send at the same time.
const BOOTHS: usize = 32;
/// Claims of each booth in a turn. Their parts come first, and a booth may have 128 that belong to no claim yet.
const EACH: usize = 8;
const TURN: usize = BOOTHS * EACH;
/// What a claim adds to the ledger beside its manifest: the receipt, both signatures, digests and ids, the audit entry.
const BESIDE: usize = 1_000;

/// A hub without its server.
pub struct Office {
    pub ledger: Arc<SqliteLedger>,
    pub keys: Arc<ClaimKeys>,
    booths: usize,
}

/// A claim on the hub's doorstep.
struct Arrived {
    booth: BoothId,
    signed: Signed<Manifest>,
    parts: Vec<(Digest, Vec<u8>)>,
}

impl Office {
    pub fn open(dir: &Path, booths: usize) -> Outcome<Self> {
        fs::create_dir_all(dir)?;
        let ledger = Arc::new(SqliteLedger::open(&dir.join("hub.db"))?);
        let identities = Identities::new(Identity::generate(), Vec::new());
        let keys = Arc::new(ClaimKeys { identities, receipt: SigningKey::from_bytes(&[1; 32]), replaced: Vec::new() });
        let office = Self { ledger, keys, booths };
        for number in 0..booths {
            let ((booth, key), secret) = (office.booth(number)?, Digest::of(&number.to_be_bytes()));
            let enrolment = Enrolment { booth: None, name: format!("Specimen {number}") };
            office.ledger.add_enrolment_code(secret, &enrolment, Validity::TYPED, NOW)?;
            office
                .ledger
                .enrol(secret, booth, key.verifying_key().to_bytes(), NOW)?
                .ok_or("a booth is not enrolled")?;
        }
        Ok(office)
    }

    /// A booth, and what it signs its manifests with.
    pub fn booth(&self, number: usize) -> Outcome<(BoothId, SigningKey)> {
        let seed = Digest::of(format!("booth {number}").as_bytes()).0;
        Ok((BoothId(Uuid::from_u128(u128::try_from(number)? + 1)), SigningKey::from_bytes(&seed)))
    }

    pub fn recipient(&self) -> String {
        self.keys.identities.recipient().to_string()
    }

    /// Small claims, as many from each booth, sealed to this hub.
    fn arrivals(&self, numbers: Range<usize>) -> Outcome<Vec<Arrived>> {
        let sealer = Sealer::new(&self.recipient())?;
        numbers.map(|number| self.arrival(number, &sealer)).collect()
    }

    fn arrival(&self, number: usize, sealer: &Sealer) -> Outcome<Arrived> {
        let (booth, key) = self.booth(number % self.booths)?;
        let claim = specimen(u128::try_from(number)? + 1, booth, &[300], 300);
        let fields = serde_json::to_vec(&claim.record)?;
        let mut clear = vec![(CLAIM_PART.to_owned(), fields.as_slice())];
        clear.extend(claim.photos.iter().map(|(kind, photo)| (document_part(*kind), photo.reveal())));
        clear.push((SIGNATURE_PART.to_owned(), claim.signature.reveal()));
        let (mut listed, mut parts) = (Vec::new(), Vec::new());
        for (name, clear) in clear {
            let sealed = sealer.seal(&name, clear)?;
            let digest = Digest::of(&sealed);
            listed.push(Part { name, digest, size: sealed.len() as u64 });
            parts.push((digest, sealed));
        }
        let manifest = Manifest {
            format: FORMAT,
            claim: claim.record.claim,
            tracking: claim.record.tracking,
            booth,
            sequence: (number / self.booths) as u64 + 1,
            kept_at: NOW,
            standing: claim.record.standing,
            recipient: self.recipient(),
            parts: listed,
        };
        Ok(Arrived { booth, signed: Signed::sign(&manifest, &key)?, parts })
    }

    fn put(&self, claim: &Arrived) -> Outcome<()> {
        for (digest, sealed) in &claim.parts {
            self.ledger.put_part(claim.booth, *digest, sealed, NOW)?;
        }
        Ok(())
    }

    fn judge(&self, claim: &Arrived) -> Outcome<Judged> {
        Ok(intake::judge(self.ledger.as_ref(), &self.keys, claim.booth, &claim.signed)?)
    }

    fn keep(&self, judged: Judged) -> Outcome<()> {
        let kept = intake::keep(self.ledger.as_ref(), &self.keys, judged, NOW)?;
        if kept.new { Ok(()) } else { Err("a claim was there before".into()) }
    }
}

/// What happens while the clock runs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Run {
    /// Parts are put, then the claim is judged and kept.
    Deliver,
    Receive,
    /// The claim is judged before.
    Keep,
}

/// Lets all booths work at the same time: opening in turns, keeping not, as the server does it.
fn together(runtime: &Runtime, office: &Arc<Office>, claims: Vec<Arrived>, run: Run) -> Outcome<f64> {
    let opening = Arc::new(Semaphore::new(OPENING));
    let mut lines: Vec<Vec<(Arrived, Option<Judged>)>> = (0..BOOTHS).map(|_| Vec::new()).collect();
    runtime.block_on(parts_first(office, &claims, run))?;
    for (place, claim) in claims.into_iter().enumerate() {
        let judged = if run == Run::Keep { Some(office.judge(&claim)?) } else { None };
        lines[place % BOOTHS].push((claim, judged));
    }
    let work = async {
        let mut booths = JoinSet::new();
        for line in lines {
            let (office, opening) = (Arc::clone(office), Arc::clone(&opening));
            booths.spawn(async move {
                for (claim, judged) in line {
                    let judged = match judged {
                        Some(judged) => judged,
                        None => receive(&office, claim, run, &opening).await?,
                    };
                    let office = Arc::clone(&office);
                    spawn_blocking(move || office.keep(judged)).await??;
                }
                Outcome::Ok(())
            });
        }
        booths.join_all().await.into_iter().collect::<Outcome<()>>()
    };
    Ok(timed(|| runtime.block_on(work))?.0)
}

async fn receive(office: &Arc<Office>, claim: Arrived, run: Run, opening: &Semaphore) -> Outcome<Judged> {
    let shared = Arc::clone(office);
    let claim = spawn_blocking(move || {
        if run == Run::Deliver {
            shared.put(&claim)?;
        }
        Outcome::Ok(claim)
    })
    .await??;
    let _turn = opening.acquire().await?;
    let shared = Arc::clone(office);
    spawn_blocking(move || shared.judge(&claim)).await?
}

/// Puts what has to be there before the clock runs.
async fn parts_first(office: &Arc<Office>, claims: &[Arrived], run: Run) -> Outcome<()> {
    if run == Run::Deliver {
        return Ok(());
    }
    let mut puts = JoinSet::new();
    for claim in claims {
        for (digest, sealed) in claim.parts.clone() {
            let (ledger, booth) = (Arc::clone(&office.ledger), claim.booth);
            puts.spawn_blocking(move || ledger.put_part(booth, digest, &sealed, NOW));
        }
    }
    puts.join_all().await.into_iter().try_for_each(|put| put.map(drop).map_err(Into::into))
}

/// SQLite with the ledger's settings, and nothing else.
struct Bare(Connection);

impl Bare {
    fn open(dir: &Path) -> Outcome<Self> {
        let connection = Connection::open(dir.join("bare.db"))?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        connection.pragma_update(None, "synchronous", "FULL")?;
        connection.pragma_update(None, "foreign_keys", true)?;
        connection.pragma_update(None, "secure_delete", true)?;
        connection.execute_batch("CREATE TABLE bare (id INTEGER PRIMARY KEY, bytes BLOB NOT NULL) STRICT")?;
        Ok(Self(connection))
    }

    /// So many rows, each in a transaction of its own.
    fn commit(&self, rows: usize, bytes: usize) -> Outcome<f64> {
        let row = vec![7; bytes];
        let mut insert = self.0.prepare("INSERT INTO bare (bytes) VALUES (?1)")?;
        Ok(timed(|| Ok((0..rows).try_for_each(|_| insert.execute([&row]).map(drop))?))?.0)
    }
}

/// Claims a second of each round.
#[derive(Default)]
struct Rates {
    bare: Vec<f64>,
    bare_whole: Vec<f64>,
    receive: Vec<f64>,
    keep: Vec<f64>,
    deliver: Vec<f64>,
    alone: Vec<f64>,
    open: Vec<f64>,
    judge: Vec<f64>,
    keep_alone: Vec<f64>,
}

#[derive(Clone, Copy)]
enum Turn {
    Bare,
    BareWhole,
    Together(Run),
    Alone,
}

pub fn measure(dir: &Path, table: &mut Table) -> Outcome<()> {
    let (office, bare) = (Arc::new(Office::open(dir, BOOTHS)?), Bare::open(dir)?);
    let runtime = Runtime::new()?;
    let mut next = 0;
    let mut arrivals = || {
        next += TURN;
        office.arrivals(next - TURN..next)
    };
    let first = arrivals()?;
    let manifest = first.iter().map(|claim| claim.signed.body.len()).max().unwrap_or_default();
    let parts: usize =
        first.iter().map(|claim| claim.parts.iter().map(|(_, sealed)| sealed.len()).sum()).max().unwrap_or(0);
    let mut rates = Rates::default();
    for _ in 0..ROUNDS {
        // Bare commits, receive, keep, deliver, whole, one after the other; open, judge and keep of that.
        let mut seconds = [0.0; 9];
        let there = [
            Turn::Bare,
            Turn::Together(Run::Receive),
            Turn::Together(Run::Keep),
            Turn::Alone,
            Turn::Together(Run::Deliver),
            Turn::BareWhole,
        ];
        let back = there.into_iter().rev();
        for turn in there.into_iter().chain(back) {
            let claims = arrivals()?;
            settle(dir)?;
            match turn {
                Turn::Bare => seconds[0] += bare.commit(TURN, manifest + BESIDE)?,
                Turn::BareWhole => seconds[1] += bare.commit(TURN, manifest + BESIDE + parts)?,
                Turn::Together(run) => {
                    let place = match run {
                        Run::Receive => 2,
                        Run::Keep => 3,
                        Run::Deliver => 4,
                    };
                    seconds[place] += together(&runtime, &office, claims, run)?;
                }
                Turn::Alone => {
                    runtime.block_on(parts_first(&office, &claims, Run::Receive))?;
                    for claim in &claims {
                        for (place, time) in (6..).zip(alone(&office, claim)?) {
                            seconds[place] += time;
                        }
                    }
                    seconds[5] = seconds[7] + seconds[8];
                }
            }
        }
        let Rates { bare, bare_whole, receive, keep, deliver, alone, open, judge, keep_alone } = &mut rates;
        let columns = [bare, bare_whole, receive, keep, deliver, alone, open, judge, keep_alone];
        columns.into_iter().zip(seconds).for_each(|(column, time)| column.push(2.0 * TURN as f64 / time));
    }
    tell(&rates, table);
    Ok(())
}

/// One claim by itself: seconds of opening its parts, of judging it (which opens them too), and of keeping it.
fn alone(office: &Office, claim: &Arrived) -> Outcome<[f64; 3]> {
    let open = |(_, sealed): &(Digest, Vec<u8>)| office.keys.identities.open(sealed).map(drop);
    let (opened, ()) = timed(|| Ok(claim.parts.iter().try_for_each(open)?))?;
    let (judge, judged) = timed(|| office.judge(claim))?;
    let (keep, ()) = timed(|| office.keep(judged))?;
    Ok([opened, judge, keep])
}

fn tell(rates: &Rates, table: &mut Table) {
    let Rates { bare, bare_whole, receive, keep, deliver, alone, open, judge, keep_alone } = rates;
    table.row("bare commits, bytes of manifest and receipt", "/s", bare, bare, "");
    table.row("receipts, 32 booths at a time", "/s", receive, bare, ">= 0.8");
    table.row("of that: kept only, 32 booths at a time", "/s", keep, bare, "");
    table.row("receipts, one after the other", "/s", alone, bare, "");
    table.row("of that: opening 3 parts", "/s", open, bare, "");
    table.row("of that: judging, with opening", "/s", judge, bare, "");
    table.row("of that: keeping", "/s", keep_alone, bare, "");
    table.row("bare commits, bytes of the parts too", "/s", bare_whole, bare_whole, "");
    table.row("3 parts and receipt, 32 booths at a time", "/s", deliver, bare_whole, "");
}
