//! For whoever watches the hub. Numbers only.

use super::Shared;
use super::error::ApiError;
use crate::listener::Peer;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::ids::Digest;

/// 200 while the ledger keeps what it is told, else 503.
pub async fn healthz(State(hub): State<Shared>) -> Response {
    if hub.ledger.is_healthy() {
        (StatusCode::OK, "ok\n").into_response()
    } else {
        (StatusCode::SERVICE_UNAVAILABLE, "the ledger's disk has failed\n").into_response()
    }
}

/// Prometheus text, for this machine and for whoever has the token.
pub async fn metrics(
    State(hub): State<Shared>,
    Extension(peer): Extension<Peer>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let given = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    // Comparing digests takes the same time wherever the texts differ.
    let known = |given: &str| {
        hub.config
            .metrics_token
            .as_ref()
            .is_some_and(|token| Digest::of(token.reveal().as_bytes()) == Digest::of(given.as_bytes()))
    };
    if !peer.address.ip().to_canonical().is_loopback() && !given.is_some_and(known) {
        return Err(ApiError::NotFound);
    }
    let text = hub.metrics.render(hub.office.status().await, hub.ledger.is_healthy());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}
