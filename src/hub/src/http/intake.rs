//! Claims come in: parts first, then the manifest.

use super::Shared;
use super::error::ApiError;
use super::guard::Booth;
use super::upload;
use crate::clock::wall_now;
use crate::intake::{self, IntakeError, Kept, Refused};
use crate::ledger::{LedgerError, PutPart};
use crate::metrics::Counter;
use axum::Json;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use bilik_claim::filing::{CommitAnswer, MAX_PART, Manifest, Signed, names_the_unknown};
use bilik_claim::ids::{BoothId, ClaimId, Digest};
use std::sync::Arc;
use std::time::Duration;

/// For the officers' decisions that were made before this claim.
const SCRIBE: Duration = Duration::from_secs(5);

/// 201 if it is new, 200 if it was here; 422 if the bytes are not what the name says.
pub async fn part(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Path(digest): Path<Digest>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let id = booth.booth;
    let upload::Upload { bytes, _turn } = upload::read(body, MAX_PART, &hub.uploads).await?;
    let put = hub
        .blocking(move |ledger| {
            if bytes.is_empty() || Digest::of(&bytes) != digest {
                return Err(ApiError::Mismatch);
            }
            Ok(ledger.put_part(id, digest, &bytes, wall_now())?)
        })
        .await?;
    match put {
        PutPart::Stored => {
            hub.metrics.count(Counter::PartsStored);
            Ok(StatusCode::CREATED)
        }
        PutPart::Known => Ok(StatusCode::OK),
        PutPart::Mended => {
            tracing::warn!(booth = %id, part = %digest, "a part had gone bad in the ledger and came again");
            Ok(StatusCode::CREATED)
        }
    }
}

/// The answers of [`CommitAnswer`], each with its status. 503 if the ledger fails or the booth is of a later version than
/// the hub: nothing was promised or refused then.
pub async fn claim(State(hub): State<Shared>, Booth(booth): Booth, body: Bytes) -> Result<Response, ApiError> {
    let id = booth.booth;
    let signed = match serde_json::from_slice::<Signed<Manifest>>(&body) {
        Ok(signed) => signed,
        Err(error) if names_the_unknown(&error) => return Err(ApiError::Newer),
        Err(_) => {
            let answer = CommitAnswer::Refused { reason: "not a signed manifest".into() };
            return Ok((StatusCode::UNPROCESSABLE_ENTITY, Json(answer)).into_response());
        }
    };
    let digest = signed.digest();
    // Outside of any turn: if the disk holds the scribe up, officers go on reading.
    if tokio::time::timeout(SCRIBE, hub.scribe.flush()).await.is_err() {
        return Err(LedgerError::Busy { operation: "write down what officers decided" }.into());
    }
    let answer = judge_and_keep(&hub, id, signed.clone()).await;
    let (status, answer) = match answer {
        Ok(receipt) => {
            if receipt.new {
                hub.metrics.count(Counter::ClaimsReceived);
                tracing::info!(booth = %id, manifest = %digest, "claim received");
                hub.tell_office();
            }
            (StatusCode::OK, CommitAnswer::Received { receipt: receipt.receipt })
        }
        Err(IntakeError::Missing(parts)) => (StatusCode::CONFLICT, CommitAnswer::Missing { parts }),
        Err(IntakeError::Newer(what)) => {
            tracing::error!(booth = %id, manifest = %digest, what, "a claim of a later format waits: update the hub");
            return Err(ApiError::Newer);
        }
        Err(IntakeError::Refused(reason)) => {
            hub.metrics.count(Counter::ClaimsRefused);
            let (claim, parts) = own_words(&reason, &signed);
            hub.blocking(move |ledger| ledger.refuse_claim(id, digest, claim, &parts, wall_now())).await?;
            let claim = claim.map(tracing::field::display);
            tracing::error!(booth = %id, claim, manifest = %digest, %reason, "claim refused: a technician is needed");
            (StatusCode::UNPROCESSABLE_ENTITY, CommitAnswer::Refused { reason: reason.to_string() })
        }
        Err(IntakeError::Ledger(error)) => return Err(error.into()),
    };
    Ok((status, Json(answer)).into_response())
}

/// Opening takes memory and a core, so it waits for its turn; keeping takes the disk, and goes on beside others' opening.
async fn judge_and_keep(hub: &Shared, booth: BoothId, signed: Signed<Manifest>) -> Result<Kept, IntakeError> {
    let turn = hub.opening.acquire().await.map_err(|_| LedgerError::Failed)?;
    let shared = Arc::clone(hub);
    let judged = hub.blocking(move |ledger| intake::judge(ledger, &shared.keys.claims, booth, &signed)).await?;
    drop(turn);
    let shared = Arc::clone(hub);
    hub.blocking(move |ledger| intake::keep(ledger, &shared.keys.claims, judged, wall_now())).await
}

/// The id of a refused claim, and the parts that are dropped with it: none, if the booth has not signed for them.
fn own_words(reason: &Refused, manifest: &Signed<Manifest>) -> (Option<ClaimId>, Vec<Digest>) {
    match reason {
        Refused::Signature(_) => (None, Vec::new()),
        Refused::Manifest(_)
        | Refused::Booth
        | Refused::Recipient
        | Refused::Conflict
        | Refused::Part { .. }
        | Refused::Record
        | Refused::Differs(_) => match manifest.peek() {
            Ok(manifest) => (Some(manifest.claim), manifest.parts.iter().map(|part| part.digest).collect()),
            Err(_) => (None, Vec::new()),
        },
    }
}
