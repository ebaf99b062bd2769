//! What a refused request hears: a status and `{"error": "<code>"}`. Reasons that would help a guesser stay in the log.

use crate::ledger::LedgerError;
use crate::picture::Unfit;
use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::json;
use std::time::Duration;

#[derive(Debug)]
pub enum ApiError {
    /// Not a request of this interface.
    Malformed,
    /// Not logged in, or wrong login, password or code: the same answer for each.
    Unauthorized,
    /// Known, but not allowed.
    Forbidden,
    /// Not from one of our pages.
    ForeignOrigin,
    NotFound,
    MethodNotAllowed,
    /// Not in this state.
    Conflict,
    TooLarge,
    /// Nothing more came of a body.
    TooSlow,
    /// The bytes are not what their name says.
    Mismatch,
    /// A photograph that is not shown to anybody.
    Picture(Unfit),
    /// More in one request than it may hold.
    BeyondLimit,
    /// Another protocol version.
    Protocol,
    TooMany {
        wait: Duration,
    },
    /// Another one is served just now.
    Occupied {
        wait: Duration,
    },
    /// No room for more of this until some of it is used.
    Full,
    /// Written by a later version than this one: try again once the hub has been updated.
    Newer,
    /// The ledger does not answer: try again later.
    Ledger(LedgerError),
    Internal,
}

impl From<LedgerError> for ApiError {
    fn from(error: LedgerError) -> Self {
        ApiError::Ledger(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, code) = match &self {
            ApiError::Malformed => (StatusCode::BAD_REQUEST, "malformed"),
            ApiError::Unauthorized => (StatusCode::UNAUTHORIZED, "unauthorized"),
            ApiError::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
            ApiError::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin"),
            ApiError::NotFound => (StatusCode::NOT_FOUND, "not_found"),
            ApiError::MethodNotAllowed => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            ApiError::Conflict => (StatusCode::CONFLICT, "conflict"),
            ApiError::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            ApiError::TooSlow => (StatusCode::REQUEST_TIMEOUT, "too_slow"),
            ApiError::Mismatch => (StatusCode::UNPROCESSABLE_ENTITY, "mismatch"),
            ApiError::Picture(Unfit::NotTried(_)) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            ApiError::Picture(Unfit::Header(_) | Unfit::Broken | Unfit::Deadly | Unfit::Late) => {
                (StatusCode::UNPROCESSABLE_ENTITY, "picture")
            }
            ApiError::BeyondLimit => (StatusCode::UNPROCESSABLE_ENTITY, "beyond_limit"),
            ApiError::Protocol => (StatusCode::UPGRADE_REQUIRED, "protocol"),
            ApiError::TooMany { .. } => (StatusCode::TOO_MANY_REQUESTS, "too_many"),
            ApiError::Occupied { .. } => (StatusCode::SERVICE_UNAVAILABLE, "occupied"),
            ApiError::Full => (StatusCode::INSUFFICIENT_STORAGE, "full"),
            ApiError::Newer => (StatusCode::SERVICE_UNAVAILABLE, "newer"),
            ApiError::Ledger(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            ApiError::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        };
        match self {
            ApiError::TooMany { wait } | ApiError::Occupied { wait } => {
                let seconds = wait.as_secs().max(1);
                let body = Json(json!({ "error": code, "retry_after_s": seconds }));
                ([(header::RETRY_AFTER, HeaderValue::from(seconds))], (status, body)).into_response()
            }
            ApiError::Ledger(error) => {
                tracing::error!(%error, source = ?std::error::Error::source(&error), "the ledger refused");
                (status, Json(json!({ "error": code }))).into_response()
            }
            ApiError::Picture(unfit) => {
                let reason = unfit.to_string();
                (status, Json(json!({ "error": code, "reason": reason }))).into_response()
            }
            ApiError::Malformed
            | ApiError::Unauthorized
            | ApiError::Forbidden
            | ApiError::ForeignOrigin
            | ApiError::NotFound
            | ApiError::MethodNotAllowed
            | ApiError::Conflict
            | ApiError::TooLarge
            | ApiError::TooSlow
            | ApiError::Mismatch
            | ApiError::BeyondLimit
            | ApiError::Protocol
            | ApiError::Full
            | ApiError::Newer
            | ApiError::Internal => (status, Json(json!({ "error": code }))).into_response(),
        }
    }
}

pub async fn not_found() -> ApiError {
    ApiError::NotFound
}

pub async fn method_not_allowed() -> ApiError {
    ApiError::MethodNotAllowed
}
