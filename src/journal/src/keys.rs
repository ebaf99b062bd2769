//! The hub's keys that count: those of the enrolment, or the newest that the hub has told since ([`HubKeys`]).
//!
//! ```text
//! receipt key of the enrolment ── signed ──► keys 1 ── one of their receipt keys signed ──► keys 2 ── ..
//! ```
//!
//! They are stored under the enrolment's receipt key, their root, and followed from there at each open: a booth that is
//! enrolled anew begins anew, and what does not verify any more is passed over. Nothing is believed because it is stored.

use crate::audit::{self, BoothAudit};
use crate::error::JournalError;
use crate::journal::Journal;
use crate::rows::integer;
use crate::seal::Sealer;
use bilik_claim::filing::{Receipt, Signable, Signed, SignedError};
use bilik_claim::ids::WallTime;
use bilik_claim::reconcile::{HubKeys, MAX_RECEIPT_KEYS};
use ed25519_dalek::VerifyingKey;
use rusqlite::{Connection, params};

/// Whom claims are sealed to, and whose receipts count.
#[derive(Clone)]
pub(crate) struct KeyRing {
    root: VerifyingKey,
    /// 0 for the keys of the enrolment.
    serial: u64,
    pub sealer: Sealer,
    receipt_keys: Vec<VerifyingKey>,
}

impl KeyRing {
    /// As a booth enrols.
    pub fn enrolled(recipient: &str, root: VerifyingKey) -> Result<Self, JournalError> {
        Ok(Self { root, serial: 0, sealer: Sealer::new(recipient)?, receipt_keys: vec![root] })
    }

    /// The newest that follow from these and are stored.
    pub fn newest(self, db: &Connection) -> Result<Self, JournalError> {
        let stored = stored(db, &self.root)?;
        Ok(stored.iter().fold(self, |keys, signed| keys.successor(signed).unwrap_or(keys)))
    }

    /// A receipt that one of the keys signed which count now.
    pub fn open(&self, receipt: &Signed<Receipt>) -> Result<Receipt, SignedError> {
        open_with(receipt, &self.receipt_keys)
    }

    /// Newer keys, if somebody signed them who may, and this program can go by them.
    fn successor(&self, signed: &Signed<HubKeys>) -> Option<Self> {
        let keys = open_with(signed, &self.receipt_keys).ok()?;
        let serial = keys.serial;
        if serial <= self.serial || i64::try_from(serial).is_err() {
            return None;
        }
        match (keys.receipt_keys(), Sealer::new(&keys.recipient)) {
            (Ok(receipt_keys), Ok(sealer)) => Some(Self { root: self.root, serial, sealer, receipt_keys }),
            (Err(error), _) => {
                tracing::error!(serial, %error, "keys of the hub are of no use");
                None
            }
            (Ok(_), Err(error)) => {
                tracing::error!(serial, %error, "keys of the hub are of no use");
                None
            }
        }
    }
}

impl Journal {
    /// Which of the hub's keys the booth goes by; 0 for those of its enrolment.
    pub fn keys_serial(&self) -> u64 {
        self.keys.serial
    }

    /// Whether a key that counts now signed this receipt.
    pub(crate) fn knows_signer(&self, receipt: &Signed<Receipt>) -> bool {
        self.keys.open(receipt).is_ok()
    }

    /// Goes by newer keys of the hub from here on, if any of those offered are: signed by a receipt key that counts now,
    /// with a higher serial, and usable. Claims that were kept stay sealed as they are. Says whether it does.
    pub fn take_keys(&mut self, offered: &[Signed<HubKeys>], at: WallTime) -> Result<bool, JournalError> {
        // Signed by each key that counted before and by the one that counts now: more is nonsense.
        let mut offered = offered.iter().take(2 * MAX_RECEIPT_KEYS);
        let Some((signed, keys)) = offered.find_map(|signed| Some((signed, self.keys.successor(signed)?))) else {
            return Ok(false);
        };
        let (root, serial) = (keys.root, keys.serial);
        self.write("take over the hub's keys", |db| {
            store(db, &root, serial, signed)?;
            audit::append(db, at, &BoothAudit::HubKeysTaken { serial })
        })?;
        self.keys = keys;
        tracing::info!(serial, "hub's keys are taken over");
        Ok(true)
    }
}

/// Every receipt key that ever counted for booths enrolled with this one.
pub(crate) fn ever(db: &Connection, root: VerifyingKey) -> Vec<VerifyingKey> {
    let (mut ever, mut now) = (vec![root], vec![root]);
    for signed in stored(db, &root).unwrap_or_default() {
        let keys = open_with(&signed, &now).ok().and_then(|keys| keys.receipt_keys().ok());
        if let Some(keys) = keys {
            ever.extend(&keys);
            now = keys;
        }
    }
    ever
}

/// The value, if one of the keys signed it.
pub(crate) fn open_with<T: Signable>(signed: &Signed<T>, keys: &[VerifyingKey]) -> Result<T, SignedError> {
    let opened =
        keys.iter().map(|key| signed.open(key)).find(|opened| !matches!(opened, Err(SignedError::WrongSignature)));
    opened.unwrap_or(Err(SignedError::WrongSignature))
}

/// Takes over what another database has stored.
///
/// # Errors
///
/// Those of the fresh one.
pub(crate) fn salvage(old: &Connection, fresh: &Connection) -> Result<(), JournalError> {
    let sql = "SELECT root, serial, body, signature FROM hub_keys ORDER BY root, serial";
    let Ok(mut statement) = old.prepare(sql) else { return Ok(()) };
    let read = |row: &rusqlite::Row<'_>| {
        Ok((row.get::<_, [u8; 32]>(0)?, row.get::<_, i64>(1)?, row.get::<_, String>(2)?, row.get::<_, String>(3)?))
    };
    let Ok(rows) = statement.query_map([], read) else { return Ok(()) };
    for (root, serial, body, signature) in rows.map_while(Result::ok) {
        let sql = "INSERT OR IGNORE INTO hub_keys (root, serial, body, signature) VALUES (?1, ?2, ?3, ?4)";
        let values = params![root, serial, body, signature];
        fresh.execute(sql, values).map_err(JournalError::sqlite("salvage the hub's keys"))?;
    }
    Ok(())
}

/// In the order in which they followed each other.
fn stored(db: &Connection, root: &VerifyingKey) -> Result<Vec<Signed<HubKeys>>, JournalError> {
    let error = "read the hub's keys";
    let sql = "SELECT body, signature FROM hub_keys WHERE root = ?1 ORDER BY serial";
    let mut statement = db.prepare_cached(sql).map_err(JournalError::sqlite(error))?;
    let read = |row: &rusqlite::Row<'_>| Ok(Signed::from_parts(row.get(0)?, row.get(1)?));
    let rows = statement.query_map([root.to_bytes()], read).map_err(JournalError::sqlite(error))?;
    rows.collect::<Result<_, _>>().map_err(JournalError::sqlite(error))
}

fn store(db: &Connection, root: &VerifyingKey, serial: u64, signed: &Signed<HubKeys>) -> Result<(), JournalError> {
    // One that stood there did not verify any more, or it would count.
    let sql = "INSERT OR REPLACE INTO hub_keys (root, serial, body, signature) VALUES (?1, ?2, ?3, ?4)";
    let values = params![root.to_bytes(), integer(serial), signed.body, signed.signature];
    db.execute(sql, values).map(drop).map_err(JournalError::sqlite("take over the hub's keys"))
}
