//! What the hub says the time is, for a booth whose clock is so far off that the hub's certificate seems out of date.
//!
//! ```text
//!   the hub's certificate is out of date by our clock
//!     ──► asked over a connection that looks at all but dates ──► a time
//!     ──► asked again over one that looks at dates too, by that time ──► the time
//! ```
//!
//! Both connections are with whoever has the key of a certificate for the hub's name that the hub's authority has signed:
//! nobody else's word is heard. By the second the certificate is good at the time that it tells, so one that has ended can
//! not vouch for a time after its end; and the machine takes none before its image was made. What a stolen key of an old
//! certificate can still say is a time between the two, and it is of use then anyway: which time it is, such a booth knows
//! from nobody else.
//!
//! The time is that of HTTP's `Date` (RFC 9110, 6.6.1), which each answer has: to the second.

use crate::tls::TlsError;
use jiff::fmt::rfc2822::DateTimeParser;
use rustls::ClientConfig;
use rustls::pki_types::UnixTime;
use rustls::time_provider::TimeProvider;
use std::sync::Arc;
use std::time::{Duration, Instant};
use thiserror::Error;

/// Three questions and two attempts to enrol have to fit into what the machine allows for an enrolment.
const TIMEOUT: Duration = Duration::from_secs(5);

/// A moment, by the hub's clock and by the one that runs here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Told {
    /// Milliseconds since 1970, UTC.
    pub unix_ms: u64,
    pub at: Instant,
}

#[derive(Debug, Error)]
pub enum TimeError {
    #[error(transparent)]
    Tls(#[from] TlsError),
    #[error("failed to ask the hub at {hub} for the time")]
    Ask { hub: String, source: reqwest::Error },
    #[error("the hub's answer has no readable Date")]
    NoDate,
}

impl Told {
    /// What the hub's clock shows now, in milliseconds since 1970.
    pub fn unix_ms(&self, now: Instant) -> u64 {
        let since = now.saturating_duration_since(self.at).as_millis();
        self.unix_ms.saturating_add(u64::try_from(since).unwrap_or(u64::MAX))
    }
}

/// Certificates are judged by the hub's clock, from then on.
impl TimeProvider for Told {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(Duration::from_millis(self.unix_ms(Instant::now()))))
    }
}

/// `hub`: `host:port`. The two configurations differ in what they look at ([`crate::tls::Dates`]): first all but dates, then
/// everything.
pub async fn ask(hub: &str, undated: ClientConfig, mut dated: ClientConfig) -> Result<Told, TimeError> {
    let told = date(&client(hub, undated)?, hub).await?;
    dated.time_provider = Arc::new(told);
    let client = client(hub, dated)?;
    date(&client, hub).await?;
    // The connection stands now, so the answer has come the short way.
    date(&client, hub).await
}

fn client(hub: &str, tls: ClientConfig) -> Result<reqwest::Client, TimeError> {
    reqwest::Client::builder()
        .tls_backend_preconfigured(tls)
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(TIMEOUT)
        .build()
        .map_err(|source| TimeError::Ask { hub: hub.to_owned(), source })
}

/// Whatever the hub answers, it answers at some time.
async fn date(client: &reqwest::Client, hub: &str) -> Result<Told, TimeError> {
    let asked = Instant::now();
    let answer = client.get(format!("https://{hub}/healthz")).send().await;
    let answer = answer.map_err(|source| TimeError::Ask { hub: hub.to_owned(), source })?;
    let at = asked + asked.elapsed() / 2;
    let text = answer.headers().get(reqwest::header::DATE).and_then(|date| date.to_str().ok());
    let seconds = text.and_then(|text| DateTimeParser::new().parse_timestamp(text).ok()).map(|date| date.as_second());
    let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok()).ok_or(TimeError::NoDate)?;
    // Somewhere within that second.
    Ok(Told { unix_ms: seconds.saturating_mul(1000) + 500, at })
}

#[cfg(test)]
mod tests;
