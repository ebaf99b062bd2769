//! Logging in and out.

use super::Shared;
use super::error::ApiError;
use super::guard::{COOKIE, Officer, check_ours};
use crate::clock::wall_now;
use crate::ledger::{AuditEvent, OfficerRow, Role};
use crate::login::MAX_LOGIN;
use crate::login::password::{self, MAX_PASSWORD};
use crate::login::sessions::Login;
use crate::login::totp;
use crate::metrics::Counter;
use crate::scribe::Entry;
use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bilik_claim::ids::{Digest, OfficerId};
use bilik_claim::personal::Personal;
use serde::{Deserialize, Serialize};
use std::sync::PoisonError;
use std::time::Instant;

/// `POST /api/v1/login`.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LoginRequest {
    login: String,
    password: Personal,
    /// Six digits from the authenticator app.
    code: String,
}

/// Who is logged in.
#[derive(Serialize)]
pub struct Me {
    officer: OfficerId,
    login: String,
    name: String,
    role: Role,
    branch_name: String,
}

/// 200 with [`Me`] and the cookie; 401 whatever was wrong; 429 after too many failures.
pub async fn login(
    State(hub): State<Shared>,
    headers: HeaderMap,
    Json(request): Json<LoginRequest>,
) -> Result<Response, ApiError> {
    check_ours(&headers)?;
    admit(&hub, &request.login)?;
    let Some(row) = verify(&hub, &request).await? else {
        hub.metrics.count(Counter::LoginsFailed);
        return Err(ApiError::Unauthorized);
    };
    hub.throttle.lock().unwrap_or_else(PoisonError::into_inner).succeeded(&request.login);
    let secret = hex::encode(rand::random::<[u8; 32]>());
    let login = Login { officer: row.officer, role: row.role };
    hub.logins.lock().unwrap_or_else(PoisonError::into_inner).begin(
        Digest::of(secret.as_bytes()),
        login,
        Instant::now(),
    );
    hub.scribe.write(Entry::Audit(AuditEvent::Login { officer: row.officer }));
    tracing::info!(officer = %row.officer, role = %row.role, "logged in");
    let cookie = format!("{COOKIE}={secret}; Path=/; Secure; HttpOnly; SameSite=Strict");
    Ok(([(header::SET_COOKIE, cookie)], Json(me_of(&hub, row))).into_response())
}

/// 204, and the cookie is worth nothing any more.
pub async fn logout(State(hub): State<Shared>, officer: Officer) -> Response {
    hub.logins.lock().unwrap_or_else(PoisonError::into_inner).end(officer.cookie);
    hub.scribe.write(Entry::Audit(AuditEvent::Logout { officer: officer.row.officer }));
    hub.office.officer_left(officer.row.officer).await;
    let gone = format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Strict; Max-Age=0");
    (StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response()
}

/// 200 with [`Me`], or 401.
pub async fn me(State(hub): State<Shared>, officer: Officer) -> Json<Me> {
    Json(me_of(&hub, officer.row))
}

/// Counts the attempt as failed before it is looked at, so that many at once are not free.
fn admit(hub: &Shared, login: &str) -> Result<(), ApiError> {
    let mut throttle = hub.throttle.lock().unwrap_or_else(PoisonError::into_inner);
    let now = Instant::now();
    match throttle.wait(login, now) {
        Some(wait) => Err(ApiError::TooMany { wait }),
        None => {
            throttle.failed(login, now);
            Ok(())
        }
    }
}

/// The account, if everything fits. Takes as long whatever does not.
async fn verify(hub: &Shared, request: &LoginRequest) -> Result<Option<OfficerRow>, ApiError> {
    let login: String = request.login.trim().chars().take(MAX_LOGIN).collect();
    let password = request.password.clone();
    if password.reveal().len() > MAX_PASSWORD {
        return Ok(None);
    }
    let row = hub.blocking(move |ledger| ledger.officer_by_login(&login)).await?.filter(|row| !row.disabled);
    let hash = row.as_ref().map(|row| row.password_hash.clone());
    let _turn = hub.hashing.acquire().await.map_err(|_| ApiError::Internal)?;
    let fits = tokio::task::spawn_blocking(move || password::fits(password.reveal(), hash.as_deref()))
        .await
        .map_err(|_| ApiError::Internal)?;
    let now = u64::try_from(wall_now().0 / 1000).unwrap_or(0);
    let step = row.as_ref().and_then(|row| totp::step_of(&row.totp_secret, request.code.trim(), now));
    let known = row.as_ref().map(|row| row.officer);
    let passed = match (row, step, fits) {
        (Some(row), Some(step), true) => {
            let officer = row.officer;
            hub.blocking(move |ledger| ledger.use_totp_step(officer, step)).await?.then_some(row)
        }
        (_, _, _) => None,
    };
    if passed.is_none() {
        hub.scribe.write(Entry::Audit(AuditEvent::LoginFailed { officer: known }));
    }
    Ok(passed)
}

fn me_of(hub: &Shared, row: OfficerRow) -> Me {
    let branch_name = hub.config.branch_name.clone();
    Me { officer: row.officer, login: row.login, name: row.name, role: row.role, branch_name }
}
