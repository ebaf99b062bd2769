//! For whoever watches the hub. Numbers only.

use super::Shared;
use super::error::ApiError;
use crate::ledger::Health;
use crate::listener::Peer;
use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::ids::Digest;

/// 200 while the ledger keeps and reads what it is told, else 503 and a word about what is wrong.
pub async fn healthz(State(hub): State<Shared>) -> Response {
    word(hub.health()).into_response()
}

fn word(health: Health) -> (StatusCode, &'static str) {
    match health {
        Health::Good => (StatusCode::OK, "ok\n"),
        Health::Full => (StatusCode::SERVICE_UNAVAILABLE, "full\n"),
        Health::Unreadable => (StatusCode::SERVICE_UNAVAILABLE, "the ledger's disk cannot be read everywhere\n"),
        Health::Failed => (StatusCode::SERVICE_UNAVAILABLE, "the ledger's disk has failed\n"),
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
    let text = hub.metrics.render(hub.office.status().await, hub.health());
    Ok(([(header::CONTENT_TYPE, "text/plain; version=0.0.4")], text).into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_good_ledger_is_healthy() {
        let bad = [Health::Full, Health::Unreadable, Health::Failed].map(word);
        assert_eq!(word(Health::Good).0, StatusCode::OK);
        assert!(bad.iter().all(|(status, _)| *status == StatusCode::SERVICE_UNAVAILABLE), "{bad:?}");
        assert_eq!(bad[0].1, "full\n");
    }
}
