//! Documents of a running session: from the booth into memory, from there to the officer's eyes.

use super::Shared;
use super::error::ApiError;
use super::guard::{Booth, Serving};
use super::upload;
use crate::clock::wall_now;
use crate::ledger::{AuditEvent, LedgerError};
use crate::office::{Look, MAX_PHOTO, PhotoRefusal};
use axum::body::Body;
use axum::extract::{Path, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::document::DocumentKind;
use bilik_claim::ids::SessionId;
use bilik_claim::personal::PersonalBytes;
use std::sync::Arc;

/// 204; 404 unless the session is this booth's (send the snapshot first); 422 if the photograph cannot be decoded within
/// bounds, with the reason (take it again: the officer does not get to see it); 507 if the session has too much already.
pub async fn put(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Path((session, kind, number)): Path<(SessionId, DocumentKind, u32)>,
    body: Body,
) -> Result<StatusCode, ApiError> {
    let upload = upload::read(body, MAX_PHOTO, &hub.uploads).await?;
    let photo = PersonalBytes::new(upload.bytes);
    hub.pictures.look(photo.reveal()).await.map_err(|unfit| {
        tracing::warn!(booth = %booth.booth, %session, ?kind, number, %unfit, "a photograph is kept from the officer");
        ApiError::Picture(unfit)
    })?;
    hub.office.put_photo(booth.booth, session, kind, number, Arc::new(photo)).await.map_err(refused)?;
    Ok(StatusCode::NO_CONTENT)
}

/// 204 if this photograph is here for the officer's eyes, 404 if not: a booth whose line was cut asks before it sends all of them
/// once more.
pub async fn head(
    State(hub): State<Shared>,
    Booth(booth): Booth,
    Path((session, kind, number)): Path<(SessionId, DocumentKind, u32)>,
) -> StatusCode {
    let here = hub.office.has_photo(booth.booth, session, kind, number).await;
    if here { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// The photograph, for the officer of the session, or for the supervisor who reads along: that is on record first.
pub async fn get(
    State(hub): State<Shared>,
    Serving(officer): Serving,
    Path((session, kind, number)): Path<(SessionId, DocumentKind, u32)>,
) -> Result<Response, ApiError> {
    let row = officer.row;
    let look = hub.office.photo(row.officer, session, kind, number).await.map_err(refused)?;
    let Look { photo, watched } = look.ok_or(ApiError::NotFound)?;
    if watched {
        let event = AuditEvent::PhotoWatched { session, officer: row.officer, document: kind, photo: number };
        hub.blocking::<_, LedgerError>(move |ledger| ledger.record(&[(wall_now(), event)])).await?;
    }
    let headers = [(header::CONTENT_TYPE, "image/jpeg"), (header::CACHE_CONTROL, "no-store")];
    Ok((headers, photo.reveal().to_vec()).into_response())
}

fn refused(refusal: PhotoRefusal) -> ApiError {
    match refusal {
        PhotoRefusal::NotYours => ApiError::NotFound,
        PhotoRefusal::Full => ApiError::Full,
    }
}
