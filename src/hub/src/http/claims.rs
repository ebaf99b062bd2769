//! Claims for officers: above all those that were kept while nobody could be reached.
//!
//! Whatever of a person leaves here is in the audit trail first: the entry is in the ledger before the first byte goes
//! out, and without it nothing does.

use super::Shared;
use super::error::ApiError;
use super::guard::Serving;
use crate::clock::wall_now;
use crate::intake::{self, IntakeError};
use crate::ledger::{
    AuditEvent, ClaimDecision, ClaimRow, DecideClaim, Ledger, LedgerError, ReopenClaim, Reopening, SealedNote, written,
};
use crate::seal::OpenedNote;
use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::filing::{CLAIM_PART, SIGNATURE_PART};
use bilik_claim::ids::{BoothId, ClaimId, OfficerId, TrackingCode, WallTime};
use bilik_claim::personal::Personal;
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::ClaimRecord;
use bilik_claim::session::item::Field;
use bilik_claim::wire::{Bounded as _, Decision, MAX_MESSAGE, limit_text};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// Claims in one answer: each has to be opened.
const PAGE: u32 = 100;

#[derive(Deserialize)]
pub struct ListQuery {
    #[serde(default)]
    standing: Wanted,
    /// Only those with a smaller sequence: the next page.
    before: Option<u64>,
    /// The one with this tracking code, whatever became of it; written as people write it.
    tracking: Option<String>,
}

#[derive(Clone, Copy, Default, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Wanted {
    /// That no officer has decided yet.
    #[default]
    Unverified,
    All,
}

/// One row of the list.
#[derive(Serialize)]
pub struct ClaimSummary {
    claim: ClaimId,
    tracking: TrackingCode,
    sequence: u64,
    booth: BoothId,
    booth_name: String,
    kept_at: WallTime,
    received_at: WallTime,
    standing: SummaryStanding,
    decision: Option<SummaryDecision>,
    /// Empty where the claim cannot be opened.
    name: Personal,
    phone: Personal,
    reason: Option<Reason>,
}

#[derive(Clone, Copy, Serialize)]
#[serde(rename_all = "snake_case")]
enum SummaryStanding {
    Verified,
    Unverified,
}

#[derive(Serialize)]
struct SummaryDecision {
    officer: OfficerId,
    at: WallTime,
    decision: Decision,
}

/// A claim opened, with what officers have noted about it.
#[derive(Serialize)]
pub struct OpenedClaim {
    #[serde(flatten)]
    record: ClaimRecord,
    /// The newest first.
    notes: Vec<OpenedNote>,
}

#[derive(Deserialize)]
pub struct Deciding {
    #[serde(flatten)]
    decision: Decision,
    note: Option<Personal>,
}

#[derive(Deserialize)]
pub struct WhyReopened {
    note: Option<Personal>,
}

/// The newest first.
pub async fn list(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Query(query): Query<ListQuery>,
) -> Result<Json<Vec<ClaimSummary>>, ApiError> {
    let unverified = match query.standing {
        Wanted::Unverified => true,
        Wanted::All => false,
    };
    let tracking = query.tracking.as_deref().map(read_code).transpose()?;
    let _turn = hub.opening.acquire().await.map_err(|_| ApiError::Internal)?;
    let shared = Arc::clone(&hub);
    let list = hub
        .blocking(move |ledger| {
            let rows = match tracking {
                Some(code) => ledger.claim_by_code(&code)?.into_iter().collect(),
                None => ledger.claims(unverified, query.before, PAGE)?,
            };
            if let Some(first) = rows.first() {
                let count = u32::try_from(rows.len()).unwrap_or(PAGE);
                let officer = officer.row.officer;
                record(ledger, AuditEvent::ClaimsListed { officer, from: first.sequence, count })?;
            }
            Ok::<_, ApiError>(rows.into_iter().map(|row| summary(ledger, &shared, row)).collect())
        })
        .await?;
    Ok(Json(list))
}

/// The fields of one claim, and its notes.
pub async fn open(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Path(claim): Path<ClaimId>,
) -> Result<Json<OpenedClaim>, ApiError> {
    let _turn = hub.opening.acquire().await.map_err(|_| ApiError::Internal)?;
    let shared = Arc::clone(&hub);
    let record = hub
        .blocking(move |ledger| {
            let row = ledger.claim(claim)?.ok_or(ApiError::NotFound)?;
            let opened = intake::open_record(ledger, &shared.keys.claims, &row).map_err(unreadable)?;
            let identities = &shared.keys.claims.identities;
            let notes = ledger.notes(claim)?.into_iter().map(|note| identities.read_note(note)).collect();
            let opened = OpenedClaim { record: opened, notes };
            record(ledger, AuditEvent::ClaimOpened { claim, officer: officer.row.officer })?;
            Ok::<_, ApiError>(opened)
        })
        .await?;
    Ok(Json(record))
}

/// One document or the signature of a claim. The fields have a path of their own. 422 with the reason if a document cannot be
/// decoded within bounds: the claim is kept all the same, and `bilik-hub export` gives out the file.
pub async fn part(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Path((claim, name)): Path<(ClaimId, String)>,
) -> Result<Response, ApiError> {
    let _turn = hub.opening.acquire().await.map_err(|_| ApiError::Internal)?;
    let shared = Arc::clone(&hub);
    let wanted = name.clone();
    let bytes = hub
        .blocking(move |ledger| {
            let row = ledger.claim(claim)?.ok_or(ApiError::NotFound)?;
            if wanted == CLAIM_PART || !row.manifest.parts.iter().any(|part| part.name == wanted) {
                return Err(ApiError::NotFound);
            }
            let opened = intake::open_part(ledger, &shared.keys.claims, &row.manifest, &wanted).map_err(unreadable)?;
            let officer = officer.row.officer;
            record(ledger, AuditEvent::ClaimPartOpened { claim, part: wanted, officer })?;
            Ok::<_, ApiError>(opened)
        })
        .await?;
    let kind = if name == SIGNATURE_PART {
        "image/svg+xml"
    } else {
        hub.pictures.look(bytes.reveal()).await.map_err(|unfit| {
            tracing::warn!(%claim, part = name, %unfit, "a photograph is kept from the officer");
            ApiError::Picture(unfit)
        })?;
        "image/jpeg"
    };
    // A drawing from a booth must not run anything, even if somebody opens it as a page.
    let policy = "default-src 'none'; style-src 'unsafe-inline'; sandbox";
    let headers = [(header::CONTENT_TYPE, kind), (header::CONTENT_SECURITY_POLICY, policy)];
    Ok((headers, bytes.reveal().to_vec()).into_response())
}

/// 204; 409 if it was decided before.
pub async fn decide(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Path(claim): Path<ClaimId>,
    Json(Deciding { decision, note }): Json<Deciding>,
) -> Result<StatusCode, ApiError> {
    let sensible = match &decision {
        Decision::Verified => true,
        Decision::Returned { reasons } => !reasons.is_empty(),
    };
    if !sensible || decision.check().is_err() {
        return Err(ApiError::Malformed);
    }
    let note = seal_note(&hub, note)?;
    let decision = ClaimDecision { officer: officer.row.officer, at: wall_now(), decision };
    let done = hub.blocking(move |ledger| ledger.decide_claim(claim, &decision, note.as_ref())).await?;
    hub.tell_office();
    match done {
        DecideClaim::Done => Ok(StatusCode::NO_CONTENT),
        DecideClaim::Unknown => Err(ApiError::NotFound),
        DecideClaim::Already => Err(ApiError::Conflict),
    }
}

/// 204; 409 if it is open; 403 or 400 if it was verified and this is no supervisor, or one without a note.
pub async fn reopen(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Path(claim): Path<ClaimId>,
    Json(WhyReopened { note }): Json<WhyReopened>,
) -> Result<StatusCode, ApiError> {
    let oversees = officer.row.role.oversees();
    let by = Reopening { officer: officer.row.officer, oversees, note: seal_note(&hub, note)? };
    let reopened = hub.blocking(move |ledger| ledger.reopen_claim(claim, &by, wall_now())).await?;
    hub.tell_office();
    match reopened {
        ReopenClaim::Done => Ok(StatusCode::NO_CONTENT),
        ReopenClaim::Unknown => Err(ApiError::NotFound),
        ReopenClaim::Open => Err(ApiError::Conflict),
        ReopenClaim::NotSo if oversees => Err(ApiError::Malformed),
        ReopenClaim::NotSo => Err(ApiError::Forbidden),
    }
}

/// What an officer has written, if anything, sealed.
fn seal_note(hub: &Shared, note: Option<Personal>) -> Result<Option<SealedNote>, ApiError> {
    let Some(note) = written(note) else { return Ok(None) };
    limit_text("note", note.reveal(), MAX_MESSAGE).map_err(|_| ApiError::Malformed)?;
    hub.keys.claims.identities.sealer().note(&note).map(Some).ok_or(ApiError::Internal)
}

/// A code as somebody reads it out or types it: in any case, with or without what stands between its groups, and with the
/// letters that it leaves out for the digits that they look like.
fn read_code(text: &str) -> Result<TrackingCode, ApiError> {
    let like = |letter: char| match letter.to_ascii_uppercase() {
        'O' => '0',
        'I' | 'L' => '1',
        other => other,
    };
    let letters: Vec<char> = text.chars().filter(|c| !c.is_whitespace() && *c != '-').take(16).map(like).collect();
    let groups: Vec<String> = letters.chunks(3).map(|group| group.iter().collect()).collect();
    TrackingCode::try_from(groups.join("-")).map_err(|_| ApiError::Malformed)
}

fn record(ledger: &dyn Ledger, event: AuditEvent) -> Result<(), LedgerError> {
    ledger.record(&[(wall_now(), event)])
}

fn summary(ledger: &dyn Ledger, hub: &Shared, row: ClaimRow) -> ClaimSummary {
    let record = intake::open_record(ledger, &hub.keys.claims, &row)
        .inspect_err(|error| tracing::error!(claim = %row.manifest.claim, %error, "a claim cannot be opened"))
        .ok();
    let value = |field: Field| {
        let entries = record.as_ref().map(|record| record.entries.as_slice()).unwrap_or_default();
        entries.iter().find(|entry| entry.field == field).map(|entry| entry.value.clone()).unwrap_or_default()
    };
    ClaimSummary {
        claim: row.manifest.claim,
        tracking: row.manifest.tracking.clone(),
        sequence: row.sequence,
        booth: row.manifest.booth,
        booth_name: row.booth_name.clone(),
        kept_at: row.manifest.kept_at,
        received_at: row.received_at,
        standing: if row.is_verified_in_call() { SummaryStanding::Verified } else { SummaryStanding::Unverified },
        decision: row.decision.map(|made| SummaryDecision {
            officer: made.officer,
            at: made.at,
            decision: made.decision,
        }),
        name: value(Field::Name),
        phone: value(Field::Phone),
        reason: record.as_ref().map(|record| record.reason),
    }
}

/// A claim was opened before it was kept; if it cannot be now, the ledger has lost something.
fn unreadable(error: IntakeError) -> ApiError {
    match error {
        IntakeError::Ledger(error) => error.into(),
        IntakeError::Missing(_) | IntakeError::Newer(_) | IntakeError::Refused(_) => {
            tracing::error!(%error, "a claim in the ledger cannot be opened");
            ApiError::Internal
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_read_as_people_write_it() {
        let check = |text: &str, expect: Option<&str>| {
            let read = read_code(text).ok();
            assert_eq!(read.as_ref().map(TrackingCode::as_str), expect, "{text}");
        };
        check("JK7-4QF-2MX", Some("JK7-4QF-2MX"));
        check(" jk7 4qf2mx ", Some("JK7-4QF-2MX"));
        check("oil-4qf-2mx", Some("011-4QF-2MX"));
        check("JK7-4QF-2M", None);
        check("JK7-4QF-2MXX", None);
        check("JK7-4QF-2MU", None);
        check("", None);
        check(&"J".repeat(10_000), None);
    }
}
