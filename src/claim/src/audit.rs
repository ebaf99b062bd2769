//! The chain that binds the entries of an audit trail, at the booth and at the hub.
//!
//! The hash of an entry covers its text, its time, its number and the hash before it. A changed, removed, inserted or moved
//! entry breaks the chain at that place. A chain that was cut off at its end, or written anew, is noticed by comparing with a
//! head that was noted earlier, somewhere else.

use crate::ids::{Digest, WallTime};
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use ts_rs::TS;

/// The hash before the first entry.
pub const AUDIT_ROOT: Digest = Digest([0; 32]);

/// The hash of one entry. Numbers count from 1.
pub fn audit_hash(previous: Digest, sequence: i64, at: WallTime, text: &str) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update(b"bilik audit 1\0");
    hasher.update(previous.0);
    hasher.update(sequence.to_be_bytes());
    hasher.update(at.0.to_be_bytes());
    hasher.update(text.as_bytes());
    Digest(hasher.finalize().into())
}

/// How far a chain goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, TS)]
#[serde(deny_unknown_fields)]
pub struct AuditHead {
    #[ts(type = "number")]
    pub entries: i64,
    /// Of the last entry; [`AUDIT_ROOT`] if there is none.
    pub hash: Digest,
}

impl Default for AuditHead {
    fn default() -> Self {
        Self { entries: 0, hash: AUDIT_ROOT }
    }
}

impl AuditHead {
    /// The head once this entry is added.
    pub fn after(self, at: WallTime, text: &str) -> Self {
        let entries = self.entries.saturating_add(1);
        Self { entries, hash: audit_hash(self.hash, entries, at, text) }
    }
}

/// An entry as it was stored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    pub sequence: i64,
    pub at: WallTime,
    pub text: String,
    pub hash: Digest,
}

/// What a chain looks like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// Unbroken; `noted` tells whether the head that was asked for is part of it.
    Intact { entries: i64, head: Digest, noted: bool },
    /// This entry does not follow from the one before.
    Broken { sequence: i64 },
}

/// Follows a chain from its first entry, one entry at a time.
#[derive(Clone, Copy, Debug)]
pub struct AuditWalk {
    head: AuditHead,
    wanted: Option<Digest>,
    noted: bool,
    broken: bool,
}

impl AuditWalk {
    /// `wanted` is the hash of a head that was noted earlier.
    pub fn new(wanted: Option<Digest>) -> Self {
        let noted = wanted.is_none_or(|hash| hash == AUDIT_ROOT);
        Self { head: AuditHead::default(), wanted, noted, broken: false }
    }

    /// False if the entry does not follow: then the walk is over.
    pub fn step(&mut self, entry: &AuditEntry) -> bool {
        let next = self.head.after(entry.at, &entry.text);
        if self.broken || (entry.sequence, entry.hash) != (next.entries, next.hash) {
            self.broken = true;
            return false;
        }
        self.head = next;
        self.noted |= self.wanted == Some(next.hash);
        true
    }

    /// The head of what holds.
    pub fn head(&self) -> AuditHead {
        self.head
    }

    pub fn state(&self) -> AuditState {
        let AuditHead { entries, hash: head } = self.head;
        if self.broken {
            AuditState::Broken { sequence: entries + 1 }
        } else {
            AuditState::Intact { entries, head, noted: self.noted }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain(texts: &[&str]) -> Vec<AuditEntry> {
        let mut head = AuditHead::default();
        let entry = |text: &&str| {
            head = head.after(WallTime(1000), text);
            AuditEntry { sequence: head.entries, at: WallTime(1000), text: (*text).to_owned(), hash: head.hash }
        };
        texts.iter().map(entry).collect()
    }

    fn walk(entries: &[AuditEntry], wanted: Option<Digest>) -> AuditState {
        let mut walk = AuditWalk::new(wanted);
        let _ = entries.iter().all(|entry| walk.step(entry));
        walk.state()
    }

    /// Chains that are stored somewhere rest on this.
    #[test]
    fn hash_never_changes() {
        let hash = audit_hash(AUDIT_ROOT, 1, WallTime(1_790_000_000_000), r#"{"event":"logout"}"#);
        assert_eq!(hash.to_string(), "b99a55e5186709010a38f742d0535a1b2d5793b9fe4d8703be2a2cc4fa1c2750");
    }

    #[test]
    fn any_change_breaks_the_chain_where_it_is() {
        let check = |name: &str, change: &dyn Fn(&mut Vec<AuditEntry>), expect: Option<i64>| {
            let mut entries = chain(&["a", "b", "c", "d"]);
            change(&mut entries);
            let broken = match walk(&entries, None) {
                AuditState::Broken { sequence } => Some(sequence),
                AuditState::Intact { .. } => None,
            };
            assert_eq!(broken, expect, "{name}");
        };
        check("nothing", &|_| {}, None);
        check("text", &|e| e[2].text = "x".into(), Some(3));
        check("time", &|e| e[1].at = WallTime(1), Some(2));
        check("hash", &|e| e[3].hash = AUDIT_ROOT, Some(4));
        check("removed", &|e| drop(e.remove(1)), Some(2));
        check("first removed", &|e| drop(e.remove(0)), Some(1));
        check("swapped", &|e| e.swap(1, 2), Some(2));
        check(
            "swapped with their numbers",
            &|e| {
                e.swap(1, 2);
                (e[1].sequence, e[2].sequence) = (2, 3);
            },
            Some(2),
        );
        check("doubled", &|e| e.insert(2, e[1].clone()), Some(3));
        check("inserted", &|e| e.insert(1, chain(&["x", "y"]).remove(1)), Some(2));
        check("cut off", &|e| e.truncate(2), None);
    }

    #[test]
    fn noted_head_tells_of_a_cut_and_of_a_chain_written_anew() {
        let entries = chain(&["a", "b", "c"]);
        let noted =
            |entries: &[AuditEntry], hash| matches!(walk(entries, Some(hash)), AuditState::Intact { noted: true, .. });
        assert!(noted(&entries, entries[2].hash) && noted(&entries, entries[0].hash) && noted(&entries, AUDIT_ROOT));
        assert!(!noted(&entries[..2], entries[2].hash));
        assert!(!noted(&chain(&["a", "x", "c"]), entries[2].hash));
    }
}
