//! What a ledger holds, and what each thing that is done to it changes there: all of it, or nothing.

use super::specimens::{OFFICER, booth, claim, filing, secret, session};
use crate::ledger::{AuditEvent, DecisionKind};
use bilik_claim::filing::Standing;
use bilik_claim::ids::{BoothId, ClaimId, Digest, OfficerId};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// One transaction of the ledger. Claims, booths, sessions and entries are numbered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Op {
    Code(u128),
    Enrol(u128),
    Put {
        claim: u128,
        part: usize,
    },
    Keep(u128),
    /// A claim is refused: its parts go.
    Refuse(u128),
    DropOrphans,
    /// An officer has phoned the participant.
    Decide(u128),
    /// An officer decides in the call.
    DecideSession(u128),
    Rate {
        claim: u128,
        rating: u8,
    },
    Note(u128),
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Contents {
    pub codes: BTreeSet<Digest>,
    pub booths: BTreeSet<String>,
    /// Whole parts, and the claim that each belongs to.
    pub parts: BTreeMap<(String, Digest), Option<String>>,
    /// In order of their numbers, which count from 1: claim, manifest, whether the officer's word is here.
    pub claims: Vec<(String, Digest, bool)>,
    pub decided: BTreeSet<String>,
    pub sessions: BTreeSet<String>,
    pub ratings: BTreeMap<String, u8>,
    pub audit: Vec<String>,
}

impl Contents {
    pub fn has(&self, id: ClaimId) -> bool {
        let id = id.to_string();
        self.claims.iter().any(|(claim, _, _)| *claim == id)
    }

    /// Whether a booth has not enrolled.
    pub fn lacks(&self, number: u128) -> bool {
        !self.booths.contains(&booth(number).to_string())
    }

    pub fn apply(&mut self, op: Op) {
        match op {
            Op::Code(number) => {
                self.codes.insert(secret(number));
                self.note(&AuditEvent::EnrolmentCodeMade);
            }
            Op::Enrol(number) => {
                let booth = booth(number);
                if self.codes.remove(&secret(number)) {
                    self.booths.insert(booth.to_string());
                    self.note(&AuditEvent::BoothEnrolled { booth });
                }
            }
            Op::Put { claim, part } => {
                let filing = filing(claim);
                self.parts.entry(key(filing.booth, filing.parts[part].0)).or_insert(None);
            }
            Op::Keep(number) => self.keep(number),
            Op::Refuse(number) => {
                let filing = filing(number);
                for (digest, _) in &filing.parts {
                    let key = key(filing.booth, *digest);
                    if self.parts.get(&key) == Some(&None) {
                        self.parts.remove(&key);
                    }
                }
                let (booth, manifest) = (filing.booth, filing.signed.digest());
                self.note(&AuditEvent::ClaimRefused { booth, manifest, claim: Some(claim(number)) });
            }
            Op::DropOrphans => self.parts.retain(|_, claim| claim.is_some()),
            Op::Decide(number) => {
                let id = claim(number);
                let open = self.claims.iter().any(|(claim, _, vouched)| *claim == id.to_string() && !vouched);
                if open && self.decided.insert(id.to_string()) {
                    let decision = DecisionKind::Verified;
                    self.note(&AuditEvent::ClaimDecided {
                        claim: id,
                        officer: OFFICER,
                        decision,
                        reasons: vec![],
                        noted: false,
                    });
                }
            }
            Op::DecideSession(number) => {
                let session = session(number);
                self.sessions.insert(session.to_string());
                self.note(&AuditEvent::Decided {
                    session,
                    officer: OFFICER,
                    decision: DecisionKind::Verified,
                    reasons: vec![],
                    noted: false,
                });
            }
            Op::Rate { claim: number, rating } => drop(self.ratings.insert(claim(number).to_string(), rating)),
            Op::Note(number) => self.note(&AuditEvent::Login { officer: OfficerId(Uuid::from_u128(number)) }),
        }
    }

    fn keep(&mut self, number: u128) {
        let (filing, id) = (filing(number), claim(number));
        let keys: Vec<_> = filing.parts.iter().map(|(digest, _)| key(filing.booth, *digest)).collect();
        if self.has(id) || keys.iter().any(|key| !self.parts.contains_key(key)) {
            return;
        }
        let vouched = match &filing.standing {
            Standing::Unverified { .. } => false,
            Standing::Verified { session, .. } => self.sessions.contains(&session.to_string()),
        };
        let manifest = filing.signed.digest();
        self.claims.push((id.to_string(), manifest, vouched));
        for key in keys {
            self.parts.entry(key).and_modify(|owner| *owner = owner.take().or(Some(id.to_string())));
        }
        self.note(&AuditEvent::ClaimReceived { claim: id, booth: filing.booth, manifest });
    }

    fn note(&mut self, event: &AuditEvent) {
        self.audit.push(serde_json::to_string(event).unwrap());
    }
}

fn key(booth: BoothId, digest: Digest) -> (String, Digest) {
    (booth.to_string(), digest)
}
