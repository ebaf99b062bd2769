//! The booths, for technicians: how each does, codes that let one in, and the way out for good. Nothing here says anything
//! about a participant but that somebody is inside.

use super::Shared;
use super::error::ApiError;
use super::guard::Technician;
use crate::admin::{self, EnrolCode, MAX_NAME};
use crate::clock::wall_now;
use crate::ledger::{AuditEvent, BoothRow, CodeId, Enrolment, Ledger, LedgerError, OpenCode, TechnicianAct, Validity};
use crate::office::Seen;
use crate::update;
use axum::Json;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use bilik_claim::ids::{BoothId, OfficerId, WallTime};
use bilik_claim::machine::{MachineReport, Offer};
use bilik_claim::wire::BoothState;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::sync::Arc;

/// `GET /api/v1/fleet`.
#[derive(Serialize)]
pub struct Fleet {
    /// The hub's clock: ages are counted from it.
    time: WallTime,
    booths: Vec<FleetBooth>,
    codes: Vec<Code>,
    /// The update that every booth is to have.
    offer: Option<Offer>,
}

#[derive(Serialize)]
struct FleetBooth {
    booth: BoothId,
    name: String,
    enrolled_at: WallTime,
    revoked: bool,
    online: bool,
    /// Somebody is inside.
    occupied: bool,
    /// When it was heard last, as far as the hub remembers.
    last_seen: Option<WallTime>,
    /// How it was then. None if it has not been heard since the hub was started.
    state: Option<BoothState>,
    machine: Option<MachineReport>,
    machine_at: Option<WallTime>,
    /// When its audit trail was last found shorter or changed.
    trail_cut_at: Option<WallTime>,
}

/// An enrolment code that nobody has used yet; its secret is nowhere.
#[derive(Serialize)]
struct Code {
    id: String,
    /// None: for a new booth.
    booth: Option<BoothId>,
    name: String,
    expires_at: WallTime,
}

/// `POST /api/v1/fleet/codes`: for a new booth by its name, or for a known one.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CodeRequest {
    name: Option<String>,
    booth: Option<BoothId>,
    /// 1 to [`Validity::MAX_HOURS`]; none: ten minutes, to be typed at once.
    hours: Option<u16>,
}

/// The only time that a code is told.
#[derive(Serialize)]
pub struct MadeCode {
    id: String,
    code: String,
    name: String,
    expires_at: WallTime,
}

pub async fn list(State(hub): State<Shared>, _: Technician) -> Result<Json<Fleet>, ApiError> {
    let seen = hub.office.fleet().await;
    let now = wall_now();
    let shared = Arc::clone(&hub);
    let fleet = hub
        .blocking(move |ledger| {
            let offer = update::offered(&shared.config.state_dir).unwrap_or_else(|error| {
                tracing::error!(%error, "the offered update cannot be read");
                None
            });
            let booths = booths(ledger, &seen, now)?;
            let codes = ledger.enrolment_codes(now)?.into_iter().map(Code::from).collect();
            Ok::<_, LedgerError>(Fleet { time: now, booths, codes, offer })
        })
        .await?;
    Ok(Json(fleet))
}

fn booths(ledger: &dyn Ledger, seen: &BTreeMap<BoothId, Seen>, now: WallTime) -> Result<Vec<FleetBooth>, LedgerError> {
    let mut machines: BTreeMap<_, _> =
        ledger.machines()?.into_iter().map(|(booth, at, report)| (booth, (at, report))).collect();
    let reports: BTreeMap<_, _> = ledger.reports()?.into_iter().collect();
    let fleet = ledger.booths()?.into_iter().map(|row| {
        let seen = seen.get(&row.booth);
        let silent = seen.and_then(|seen| i64::try_from(seen.silent.as_millis()).ok());
        let heard = silent.map(|silent| WallTime(now.0.saturating_sub(silent)));
        let (machine_at, machine) = machines.remove(&row.booth).unzip();
        let report = reports.get(&row.booth);
        let keys_at = report.and_then(|report| report.keys).map(|(_, at)| at);
        let trail = report.map(|report| report.trail).unwrap_or_default();
        FleetBooth {
            booth: row.booth,
            name: row.name,
            enrolled_at: row.enrolled_at,
            revoked: row.revoked,
            online: seen.is_some_and(|seen| seen.online),
            occupied: seen.is_some_and(|seen| seen.occupied),
            last_seen: [heard, machine_at, keys_at, trail.head.map(|(_, at)| at)].into_iter().flatten().max(),
            state: seen.map(|seen| seen.state.clone()),
            machine,
            machine_at,
            trail_cut_at: trail.cut.map(|(_, at)| at),
        }
    });
    Ok(fleet.collect())
}

/// 201 with the code, told this once; 400 for a name of no or too many characters, or a validity out of bounds; 404 for a
/// booth that is not known, 409 for one that is revoked.
pub async fn make_code(
    State(hub): State<Shared>,
    Technician(officer): Technician,
    Json(request): Json<CodeRequest>,
) -> Result<(StatusCode, Json<MadeCode>), ApiError> {
    let validity = match request.hours {
        None => Validity::TYPED,
        Some(hours) => Validity::hours(hours).ok_or(ApiError::Malformed)?,
    };
    let by = officer.row.officer;
    let shared = Arc::clone(&hub);
    let made = hub
        .blocking(move |ledger| {
            let enrolment = match (request.booth, request.name) {
                (Some(booth), None) => Enrolment { booth: Some(booth), name: active(ledger, booth)?.name },
                (None, Some(name)) => {
                    let name = admin::trimmed("booth name", &name, MAX_NAME).map_err(|_| ApiError::Malformed)?;
                    Enrolment { booth: None, name: name.to_owned() }
                }
                (Some(_), Some(_)) | (None, None) => return Err(ApiError::Malformed),
            };
            acted(ledger, by, TechnicianAct::MakeCode { booth: enrolment.booth })?;
            let made = admin::issue(ledger, &shared.keys.authority, enrolment, validity)?;
            let EnrolCode { code, id, booth_name, expires_at } = made;
            Ok(MadeCode { id: id.to_string(), code: code.to_string(), name: booth_name, expires_at })
        })
        .await?;
    tracing::info!(officer = %by, code = made.id, "enrolment code made");
    Ok((StatusCode::CREATED, Json(made)))
}

/// 204; 404 if it was used, is too old, or never was.
pub async fn revoke_code(
    State(hub): State<Shared>,
    Technician(officer): Technician,
    Path(id): Path<String>,
) -> Result<StatusCode, ApiError> {
    let id: CodeId = id.parse().map_err(|_| ApiError::Malformed)?;
    let by = officer.row.officer;
    hub.blocking(move |ledger| {
        let now = wall_now();
        if !ledger.enrolment_codes(now)?.iter().any(|code| code.id == id) {
            return Err(ApiError::NotFound);
        }
        acted(ledger, by, TechnicianAct::RevokeCode)?;
        if ledger.revoke_enrolment_code(id, now)? { Ok(StatusCode::NO_CONTENT) } else { Err(ApiError::NotFound) }
    })
    .await
}

/// 204, and the booth's connection is closed; 404 for one that is not known, 409 if it is revoked already.
pub async fn revoke_booth(
    State(hub): State<Shared>,
    Technician(officer): Technician,
    Path(booth): Path<BoothId>,
) -> Result<StatusCode, ApiError> {
    let by = officer.row.officer;
    hub.blocking(move |ledger| {
        active(ledger, booth)?;
        acted(ledger, by, TechnicianAct::RevokeBooth { booth })?;
        if ledger.revoke_booth(booth, wall_now())? { Ok(()) } else { Err(ApiError::Conflict) }
    })
    .await?;
    tracing::info!(%booth, officer = %by, "booth revoked");
    hub.tell_office();
    Ok(StatusCode::NO_CONTENT)
}

fn active(ledger: &dyn Ledger, booth: BoothId) -> Result<BoothRow, ApiError> {
    let row = ledger.booth(booth)?.ok_or(ApiError::NotFound)?;
    if row.revoked { Err(ApiError::Conflict) } else { Ok(row) }
}

/// Who wanted it is on record before it is done.
fn acted(ledger: &dyn Ledger, officer: OfficerId, act: TechnicianAct) -> Result<(), LedgerError> {
    ledger.record(&[(wall_now(), AuditEvent::TechnicianActed { officer, act })])
}

impl From<OpenCode> for Code {
    fn from(code: OpenCode) -> Self {
        let Enrolment { booth, name } = code.enrolment;
        Self { id: code.id.to_string(), booth, name, expires_at: code.expires_at }
    }
}
