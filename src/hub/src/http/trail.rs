//! The audit trail, for auditors: page by page, and as a whole.

use super::Shared;
use super::error::ApiError;
use super::guard::Auditor;
use crate::clock::{DAY_MS, day_number, day_start, wall_now};
use crate::ledger::{AuditEvent, AuditState, Ledger, LedgerError, Role, TrailFilter};
use axum::Json;
use axum::extract::{Query, State};
use bilik_claim::ids::{BoothId, Digest, OfficerId, SessionId, WallTime};
use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;

/// Entries in one answer.
const PAGE: usize = 100;

/// `GET /api/v1/audit`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TrailQuery {
    /// Only entries with a smaller number: the next page.
    before: Option<i64>,
    /// A day of the office, `YYYY-MM-DD`.
    day: Option<String>,
    booth: Option<BoothId>,
    officer: Option<OfficerId>,
    session: Option<SessionId>,
}

#[derive(Serialize)]
pub struct Trail {
    /// The newest first.
    entries: Vec<Entry>,
    /// `before` of the next page; none at the trail's beginning. A page can be short, or empty, and not be the last: so
    /// much was looked through for it.
    next: Option<i64>,
}

#[derive(Serialize)]
struct Entry {
    sequence: i64,
    at: WallTime,
    /// As it was written; of a text that is no JSON, the text.
    event: Value,
}

/// Names for the ids of the trail.
#[derive(Serialize)]
pub struct Names {
    officers: Vec<OfficerName>,
    booths: Vec<BoothName>,
}

#[derive(Serialize)]
struct OfficerName {
    officer: OfficerId,
    name: String,
    role: Role,
}

#[derive(Serialize)]
struct BoothName {
    booth: BoothId,
    name: String,
}

/// `POST /api/v1/audit/verify`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VerifyRequest {
    /// A head that was noted earlier: has to be part of the chain.
    head: Option<Digest>,
}

#[derive(Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Verified {
    Intact {
        entries: i64,
        head: Digest,
        /// Whether the noted head is part of it.
        noted: bool,
    },
    Broken {
        /// The first entry that does not follow.
        sequence: i64,
    },
}

/// 400 for what is no day or no id.
pub async fn read(
    State(hub): State<Shared>,
    _: Auditor,
    Query(query): Query<TrailQuery>,
) -> Result<Json<Trail>, ApiError> {
    settled(&hub).await;
    let day: Option<Date> = query.day.map(|day| day.parse()).transpose().map_err(|_| ApiError::Malformed)?;
    let begin = day.map(|day| day_start(day_number(day), hub.config.time_zone.utc_offset_hours()));
    let ids = [query.booth.map(|id| id.0), query.officer.map(|id| id.0), query.session.map(|id| id.0)];
    let filter = TrailFilter {
        from: begin,
        until: begin.map(|begin| WallTime(begin.0.saturating_add(DAY_MS))),
        ids: ids.into_iter().flatten().collect(),
    };
    let page = hub.blocking::<_, LedgerError>(move |ledger| ledger.trail(&filter, query.before, PAGE)).await?;
    let entry = |entry: bilik_claim::audit::AuditEntry| Entry {
        sequence: entry.sequence,
        at: entry.at,
        event: serde_json::from_str(&entry.text).unwrap_or(Value::String(entry.text)),
    };
    Ok(Json(Trail { entries: page.entries.into_iter().map(entry).collect(), next: page.next }))
}

/// What has happened is written behind the office's loop: waits a moment for it, so that who looks finds what they have
/// just seen happen.
async fn settled(hub: &Shared) {
    const PATIENCE: Duration = Duration::from_secs(2);
    // With a full disk nothing new is written; what is there can be read.
    let _ = tokio::time::timeout(PATIENCE, hub.scribe.flush()).await;
}

pub async fn names(State(hub): State<Shared>, _: Auditor) -> Result<Json<Names>, ApiError> {
    let names = hub
        .blocking(|ledger: &dyn Ledger| {
            let officers = ledger.officers()?.into_iter();
            let booths = ledger.booths()?.into_iter();
            Ok::<_, LedgerError>(Names {
                officers: officers
                    .map(|row| OfficerName { officer: row.officer, name: row.name, role: row.role })
                    .collect(),
                booths: booths.map(|row| BoothName { booth: row.booth, name: row.name }).collect(),
            })
        })
        .await?;
    Ok(Json(names))
}

/// 200 whatever is found; 503 while another one has it checked.
pub async fn verify(
    State(hub): State<Shared>,
    Auditor(officer): Auditor,
    Json(request): Json<VerifyRequest>,
) -> Result<Json<Verified>, ApiError> {
    let wait = Duration::from_secs(5);
    let _turn = hub.verifying.try_acquire().map_err(|_| ApiError::Occupied { wait })?;
    settled(&hub).await;
    let officer = officer.row.officer;
    let state = hub
        .blocking(move |ledger| {
            let state = ledger.verify_audit(request.head)?;
            let (intact, entries) = match &state {
                AuditState::Intact { entries, .. } => (true, *entries),
                AuditState::Broken { sequence } => (false, sequence - 1),
            };
            let event = AuditEvent::TrailVerified { officer, intact, entries };
            ledger.record(&[(wall_now(), event)])?;
            Ok::<_, LedgerError>(state)
        })
        .await?;
    if let AuditState::Broken { sequence } = state {
        tracing::error!(sequence, "the audit trail is broken");
    }
    Ok(Json(match state {
        AuditState::Intact { entries, head, noted } => Verified::Intact { entries, head, noted },
        AuditState::Broken { sequence } => Verified::Broken { sequence },
    }))
}
