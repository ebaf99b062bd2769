//! `POST /api/v1/reconcile`: see [`bilik_claim::reconcile`].

use super::Shared;
use super::error::ApiError;
use super::guard::Booth;
use crate::clock::wall_now;
use crate::reconcile::{self, Answer, Compared};
use axum::Json;
use axum::body::Bytes;
use axum::extract::State;
use bilik_claim::filing::names_the_unknown;
use bilik_claim::reconcile::{MAX_NOTES, Reconcile, Reconciled};
use std::sync::Arc;

/// 200; 422 for more than [`MAX_NOTES`] receipts; 503 if the ledger fails or the booth is of a later version. The booth
/// that asks is the one of the certificate: there is no way to ask for another.
pub async fn reconcile(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    body: Bytes,
) -> Result<Json<Reconciled>, ApiError> {
    let told = read(&body)?;
    let (id, shared) = (booth.booth, Arc::clone(&hub));
    let (answer, keys) = hub
        .blocking(move |ledger| {
            let now = wall_now();
            if let Err(error) = ledger.note_keys(id, told.keys, now) {
                // It is told again; the answer does not depend on it.
                tracing::warn!(booth = %id, %error, "which keys a booth goes by is not noted");
            }
            let keys = shared.keys.announced(told.keys, now.0 / 1000);
            Ok::<_, ApiError>((reconcile::reconcile(ledger, id, &told, now)?, keys))
        })
        .await?;
    let Answer { compared: Compared { missing, safe, .. }, hold, newly_missing } = answer;
    if !missing.is_empty() {
        tracing::warn!(booth = %id, missing = missing.len(), newly_missing, "a booth has receipts for claims that are not here");
    }
    if newly_missing > 0 {
        hub.tell_office();
    }
    Ok(Json(Reconciled { missing, safe, hold, keys }))
}

fn read(body: &[u8]) -> Result<Reconcile, ApiError> {
    let told: Reconcile = serde_json::from_slice(body)
        .map_err(|error| if names_the_unknown(&error) { ApiError::Newer } else { ApiError::Malformed })?;
    if told.receipts.len() > MAX_NOTES { Err(ApiError::BeyondLimit) } else { Ok(told) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::MAX_JSON;
    use bilik_claim::ids::{ClaimId, Digest};
    use bilik_claim::reconcile::ReceiptNote;
    use uuid::Uuid;

    #[test]
    fn as_many_as_may_be_find_room_and_more_are_told() {
        let (claim, manifest) = (ClaimId(Uuid::nil()), Digest::of(b""));
        let note = ReceiptNote { claim, manifest, ledger_sequence: u64::MAX, held: false };
        let body = |notes| {
            let told = Reconcile { keys: u64::MAX, receipts: vec![note.clone(); notes] };
            serde_json::to_vec(&told).unwrap()
        };
        assert!(body(MAX_NOTES + 1).len() < MAX_JSON);
        assert_eq!(read(&body(MAX_NOTES)).unwrap().receipts.len(), MAX_NOTES);
        assert!(matches!(read(&body(MAX_NOTES + 1)), Err(ApiError::BeyondLimit)));
        assert!(matches!(read(b"{\"keys\":1,\"receipts\":[],\"more\":1}"), Err(ApiError::Newer)));
        assert!(matches!(read(b"{\"keys\":-1,\"receipts\":[]}"), Err(ApiError::Malformed)));
    }
}
