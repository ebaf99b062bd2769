//! Claims come in: parts first, then the manifest.

use super::Shared;
use super::error::ApiError;
use super::guard::Booth;
use crate::clock::wall_now;
use crate::intake::{self, IntakeError};
use crate::ledger::{AuditEvent, PutPart};
use crate::metrics::Counter;
use crate::scribe::Entry;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bilik_claim::filing::{CommitAnswer, MAX_PART, Manifest, Signed};
use bilik_claim::ids::Digest;
use futures_util::StreamExt as _;
use std::sync::Arc;

/// 201 if it is new, 200 if it was here; 422 if the bytes are not what the name says.
pub async fn part(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Path(digest): Path<Digest>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let _turn = hub.uploads.acquire().await.map_err(|_| ApiError::Internal)?;
    let bytes = read_body(body, MAX_PART).await?;
    let put = hub
        .blocking(move |ledger| {
            if bytes.is_empty() || Digest::of(&bytes) != digest {
                return Err(ApiError::Mismatch);
            }
            Ok(ledger.put_part(booth.booth, digest, &bytes, wall_now())?)
        })
        .await?;
    match put {
        PutPart::Stored => {
            hub.metrics.count(Counter::PartsStored);
            Ok(StatusCode::CREATED)
        }
        PutPart::Known => Ok(StatusCode::OK),
        PutPart::Full => Err(ApiError::Full),
    }
}

/// The answers of [`CommitAnswer`], each with its status; 503 if the ledger fails: nothing was promised then.
pub async fn claim(State(hub): State<Shared>, Booth(booth): Booth, body: Bytes) -> Result<Response, ApiError> {
    let id = booth.booth;
    let Ok(signed) = serde_json::from_slice::<Signed<Manifest>>(&body) else {
        let answer = CommitAnswer::Refused { reason: "not a signed manifest".into() };
        return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response());
    };
    let digest = signed.digest();
    let _turn = hub.opening.acquire().await.map_err(|_| ApiError::Internal)?;
    hub.scribe.flush().await;
    let shared = Arc::clone(&hub);
    let answer = hub.blocking(move |ledger| intake::take_in(ledger, &shared.keys, &booth, &signed, wall_now())).await;
    let (status, answer) = match answer {
        Ok(receipt) => {
            if receipt.new {
                hub.metrics.count(Counter::ClaimsReceived);
                tracing::info!(booth = %id, manifest = %digest, "claim received");
                if let Err(error) = crate::server::tell_office(&hub).await {
                    tracing::warn!(%error, "the counts follow later");
                }
            }
            (StatusCode::OK, CommitAnswer::Received { receipt: receipt.receipt })
        }
        Err(IntakeError::Missing(parts)) => (StatusCode::CONFLICT, CommitAnswer::Missing { parts }),
        Err(IntakeError::Refused(reason)) => {
            hub.metrics.count(Counter::ClaimsRefused);
            hub.scribe.write(Entry::Audit(AuditEvent::ClaimRefused { booth: id, manifest: digest }));
            tracing::error!(booth = %id, manifest = %digest, %reason, "claim refused: a technician is needed");
            (StatusCode::UNPROCESSABLE_ENTITY, CommitAnswer::Refused { reason: reason.to_string() })
        }
        Err(IntakeError::Ledger(error)) => return Err(error.into()),
    };
    Ok((status, Json(answer)).into_response())
}

/// Reads a body, as long as it is no longer than it may be.
pub(super) async fn read_body(body: Body, max: usize) -> Result<Vec<u8>, ApiError> {
    let mut stream = body.into_data_stream();
    let mut bytes = Vec::new();
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| ApiError::Malformed)?;
        if bytes.len() + chunk.len() > max {
            return Err(ApiError::TooLarge);
        }
        bytes.extend_from_slice(&chunk);
    }
    Ok(bytes)
}
