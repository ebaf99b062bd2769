//! Who asks: the officer behind a cookie, the booth behind a certificate.

use super::error::ApiError;
use super::{Hub, Shared};
use crate::ledger::{BoothRow, OfficerRow, Role};
use crate::listener::Peer;
use crate::login::sessions::Login;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method, header};
use bilik_claim::ids::Digest;
use std::sync::PoisonError;
use std::time::Instant;

/// Name of the cookie. The prefix makes browsers insist on `Secure`, `Path=/` and no `Domain`.
pub const COOKIE: &str = "__Host-session";
/// A header that a form on another site cannot send.
const OUR_HEADER: &str = "x-bilik";

/// Somebody who is logged in and whose account is still open.
pub struct Officer {
    pub row: OfficerRow,
    pub cookie: Digest,
}

impl FromRequestParts<Shared> for Officer {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, hub: &Shared) -> Result<Self, ApiError> {
        let changes = parts.method != Method::GET && parts.method != Method::HEAD;
        if changes {
            check_ours(&parts.headers)?;
        }
        let cookie = cookie(&parts.headers).ok_or(ApiError::Unauthorized)?;
        let login = hub.touch(cookie).ok_or(ApiError::Unauthorized)?;
        let row = hub.blocking(move |ledger| ledger.officer(login.officer)).await?;
        let row = row.filter(|row| !row.disabled).ok_or(ApiError::Unauthorized)?;
        Ok(Self { row, cookie })
    }
}

/// An officer who may talk to participants and open claims.
pub struct Serving(pub Officer);

impl FromRequestParts<Shared> for Serving {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, hub: &Shared) -> Result<Self, ApiError> {
        let officer = Officer::from_request_parts(parts, hub).await?;
        if officer.row.role.serves() { Ok(Self(officer)) } else { Err(ApiError::Forbidden) }
    }
}

/// Somebody who looks after booths.
pub struct Technician(pub Officer);

impl FromRequestParts<Shared> for Technician {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, hub: &Shared) -> Result<Self, ApiError> {
        with_role(parts, hub, Role::Technician).await.map(Self)
    }
}

/// Somebody who reads the audit trail.
pub struct Auditor(pub Officer);

impl FromRequestParts<Shared> for Auditor {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, hub: &Shared) -> Result<Self, ApiError> {
        with_role(parts, hub, Role::Auditor).await.map(Self)
    }
}

async fn with_role(parts: &mut Parts, hub: &Shared, role: Role) -> Result<Officer, ApiError> {
    let officer = Officer::from_request_parts(parts, hub).await?;
    if officer.row.role == role { Ok(officer) } else { Err(ApiError::Forbidden) }
}

/// A booth with a certificate of this branch that nobody has revoked.
pub struct Booth(pub BoothRow);

impl FromRequestParts<Shared> for Booth {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, hub: &Shared) -> Result<Self, ApiError> {
        let booth = parts.extensions.get::<Peer>().and_then(|peer| peer.booth).ok_or(ApiError::Forbidden)?;
        let row = hub.blocking(move |ledger| ledger.booth(booth)).await?;
        row.filter(|row| !row.revoked).map(Self).ok_or(ApiError::Forbidden)
    }
}

/// Whether a request that changes something comes from one of our pages.
pub fn check_ours(headers: &HeaderMap) -> Result<(), ApiError> {
    if headers.get(OUR_HEADER).is_some_and(|value| value == "1") {
        check_origin(headers)
    } else {
        Err(ApiError::ForeignOrigin)
    }
}

/// Whether the page that asks was served by this hub, under the name that the browser used.
pub fn check_origin(headers: &HeaderMap) -> Result<(), ApiError> {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok());
    let (origin, host) = (text(header::ORIGIN), text(header::HOST));
    let ours = origin.zip(host).is_some_and(|(origin, host)| origin.strip_prefix("https://") == Some(host));
    if ours { Ok(()) } else { Err(ApiError::ForeignOrigin) }
}

/// The digest of the session cookie.
pub fn cookie(headers: &HeaderMap) -> Option<Digest> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(name, _)| *name == COOKIE)
        .map(|(_, value)| Digest::of(value.as_bytes()))
}

impl Hub {
    /// Who is behind a cookie, counting as use.
    pub(super) fn touch(&self, cookie: Digest) -> Option<Login> {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).touch(cookie, Instant::now())
    }

    pub(super) fn is_logged_in(&self, cookie: Digest) -> bool {
        self.logins.lock().unwrap_or_else(PoisonError::into_inner).is_alive(cookie, Instant::now())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(list: &[(&'static str, &'static str)]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for (name, value) in list {
            headers.append(*name, HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn only_our_own_pages_change_anything() {
        let check = |list: &[(&'static str, &'static str)], expect| {
            assert_eq!(check_ours(&headers(list)).is_ok(), expect, "{list:?}");
        };
        let (ours, host) = (("x-bilik", "1"), ("host", "hub.example:8443"));
        check(&[ours, host, ("origin", "https://hub.example:8443")], true);
        check(&[host, ("origin", "https://hub.example:8443")], false);
        check(&[ours, host], false);
        check(&[ours, ("origin", "https://hub.example:8443")], false);
        check(&[ours, host, ("origin", "http://hub.example:8443")], false);
        check(&[ours, host, ("origin", "https://hub.example")], false);
        check(&[ours, host, ("origin", "https://evil.example")], false);
        check(&[ours, host, ("origin", "null")], false);
        check(&[("x-bilik", "2"), host, ("origin", "https://hub.example:8443")], false);
    }

    #[test]
    fn cookie_is_found_among_others() {
        let check = |list: &[(&'static str, &'static str)], expect: Option<&str>| {
            let expect = expect.map(|value| Digest::of(value.as_bytes()));
            assert_eq!(cookie(&headers(list)), expect, "{list:?}");
        };
        check(&[], None);
        check(&[("cookie", "__Host-session=abc")], Some("abc"));
        check(&[("cookie", "a=1; __Host-session=abc; b=2")], Some("abc"));
        check(&[("cookie", "a=1"), ("cookie", "__Host-session=abc")], Some("abc"));
        check(&[("cookie", "x__Host-session=abc")], None);
        check(&[("cookie", "session=abc")], None);
    }
}
