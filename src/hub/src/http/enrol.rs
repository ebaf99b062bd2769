//! A booth gets its identity: `POST /api/v1/enrol`.

use super::Shared;
use super::error::ApiError;
use crate::authority::year_of;
use crate::clock::wall_now;
use axum::Json;
use axum::extract::State;
use bilik_claim::enrolment::{EnrolAnswer, EnrolRequest};
use bilik_claim::ids::{BoothId, Digest};
use bilik_claim::wire::PROTOCOL;
use ed25519_dalek::VerifyingKey;
use std::sync::PoisonError;
use std::time::{Duration, Instant};
use uuid::Uuid;

/// 200; 403 if the code is unknown, used or too old; 400 if key or request make no sense; 426 for another protocol.
pub async fn enrol(
    State(hub): State<Shared>,
    Json(request): Json<EnrolRequest>,
) -> Result<Json<EnrolAnswer>, ApiError> {
    if !hub.enrolments.lock().unwrap_or_else(PoisonError::into_inner).admit(Instant::now()) {
        return Err(ApiError::TooMany { wait: Duration::from_secs(60) });
    }
    if request.protocol != PROTOCOL {
        return Err(ApiError::Protocol);
    }
    let mut bytes = [0; 16];
    hex::decode_to_slice(&request.secret, &mut bytes).map_err(|_| ApiError::Malformed)?;
    // The ledger finds the digest: how long that takes says nothing about the secret.
    let secret = Digest::of(&bytes);
    let manifest_key = manifest_key(&request.manifest_key)?;
    let now = wall_now();
    let Some(enrolment) = hub.blocking(move |ledger| ledger.enrolment(secret, now)).await? else {
        tracing::warn!("enrolment refused: no such code, or no longer");
        return Err(ApiError::Forbidden);
    };
    // First the certificate, then the code is used up: a request that makes no sense costs the technician nothing.
    // A booth that is known keeps its id, and with it what its queue holds.
    let booth = enrolment.booth.unwrap_or_else(|| BoothId(Uuid::new_v4()));
    let year = year_of(now.0 / 1000);
    let certificate = hub.keys.authority.issue_booth(&request.csr, booth, year).map_err(|error| {
        tracing::warn!(%error, "enrolment refused");
        ApiError::Malformed
    })?;
    let name = hub.blocking(move |ledger| ledger.enrol(secret, booth, manifest_key, now)).await?;
    let booth_name = name.ok_or(ApiError::Forbidden)?;
    tracing::info!(%booth, again = enrolment.booth.is_some(), "booth enrolled");
    hub.tell_office();
    Ok(Json(EnrolAnswer {
        booth,
        booth_name,
        branch_name: hub.config.branch_name.clone(),
        certificate,
        authority: hub.keys.authority.pem().to_owned(),
        booth_address: hub.config.booth_address(hub.booths_port),
        recipient: hub.keys.claims.identities.recipient().to_string(),
        receipt_key: hex::encode(hub.keys.receipt_verifier().to_bytes()),
    }))
}

fn manifest_key(text: &str) -> Result<[u8; 32], ApiError> {
    let mut bytes = [0; 32];
    hex::decode_to_slice(text, &mut bytes).map_err(|_| ApiError::Malformed)?;
    let key = VerifyingKey::from_bytes(&bytes).map_err(|_| ApiError::Malformed)?;
    // With a weak key anybody's signature would pass.
    if key.is_weak() { Err(ApiError::Malformed) } else { Ok(bytes) }
}
