//! `bilik-booth enrol`: from a code to an identity.

use crate::hub_time::{self, TimeError};
use crate::identity::{Identity, IdentityError};
use crate::service::pin;
use crate::tls::{self, Dates};
use bilik_claim::enrolment::{EnrolAnswer, EnrolRequest, EnrolmentCode, EnrolmentCodeError};
use bilik_claim::provision::pin_fault;
use bilik_claim::wire::PROTOCOL;
use ed25519_dalek::SigningKey;
use rand::RngCore as _;
use rustls::ClientConfig;
use rustls::time_provider::TimeProvider;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use zeroize::Zeroizing;

/// An answer is certificates and keys: a few kilobytes.
const MAX_ANSWER: usize = 64 << 10;
const TIMEOUT: Duration = Duration::from_secs(20);

#[derive(Debug, Error)]
pub enum EnrolError {
    #[error(transparent)]
    Code(#[from] EnrolmentCodeError),
    #[error("failed to make the booth's key")]
    Key(#[from] rcgen::Error),
    #[error(transparent)]
    Tls(#[from] tls::TlsError),
    #[error("{hub} is not the hub that this code is for: its certificate authority differs")]
    WrongHub { hub: String },
    #[error(
        "failed to reach the hub at {hub}: its certificate is out of date by this machine's clock, and no better by its own"
    )]
    Time { hub: String, source: TimeError },
    #[error("failed to reach the hub at {hub}")]
    Unreachable { hub: String, source: reqwest::Error },
    #[error("the hub refused the code: it is used, too old, or not from this hub (status {status})")]
    Refused { status: u16 },
    #[error("the hub's answer is not one of this program's version")]
    Answer,
    #[error(transparent)]
    Store(#[from] IdentityError),
    #[error(transparent)]
    Pin(#[from] pin::SetError),
}

/// Asks the hub at `host:port` (its console address) for an identity and stores it. Replaces an earlier one. `pin` opens the
/// service menu from then on; none leaves that as it is. `clock` may be wrong.
pub async fn enrol(
    state_dir: &Path,
    hub: &str,
    code: &str,
    pin: Option<&str>,
    clock: Arc<dyn TimeProvider>,
) -> Result<Identity, EnrolError> {
    let code: EnrolmentCode = code.parse()?;
    if let Some(fault) = pin.and_then(pin_fault) {
        return Err(EnrolError::Pin(fault.into()));
    }
    let key = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::default();
    params.distinguished_name = rcgen::DistinguishedName::new();
    let csr = params.serialize_request(&key)?.pem()?;
    let mut seed = Zeroizing::new([0; 32]);
    rand::rng().fill_bytes(seed.as_mut());
    let manifest_key = SigningKey::from_bytes(&seed);

    let request = EnrolRequest {
        protocol: PROTOCOL,
        secret: hex::encode(code.secret),
        csr,
        manifest_key: hex::encode(manifest_key.verifying_key().to_bytes()),
    };
    let tls = |dates, clock: Arc<dyn TimeProvider>| {
        let code = code.clone();
        let mut config = tls::enrolling(move |authority| code.names(authority), dates)?;
        config.time_provider = clock;
        Ok::<_, tls::TlsError>(config)
    };
    let unreachable = |source| EnrolError::Unreachable { hub: hub.to_owned(), source };
    let mut sent = send(hub, tls(Dates::Checked, clock.clone())?, &request).await;
    if sent.as_ref().is_err_and(|error| tls::is_out_of_date(error)) {
        // The code is worth as much as an identity, so it is sent only where dates are right too: by the hub's clock.
        let told = hub_time::ask(hub, tls(Dates::Ignored, clock.clone())?, tls(Dates::Checked, clock)?).await;
        let told = told.map_err(|source| match tls::is_wrong_certificate(&source) {
            true => EnrolError::WrongHub { hub: hub.to_owned() },
            false => EnrolError::Time { hub: hub.to_owned(), source },
        })?;
        tracing::warn!("this machine's clock is wrong; the hub's is followed");
        sent = send(hub, tls(Dates::Checked, Arc::new(told))?, &request).await;
    }
    let mut response = sent.map_err(|source| match tls::is_wrong_certificate(&source) {
        true => EnrolError::WrongHub { hub: hub.to_owned() },
        false => EnrolError::Unreachable { hub: hub.to_owned(), source },
    })?;
    if !response.status().is_success() {
        return Err(EnrolError::Refused { status: response.status().as_u16() });
    }
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
        if body.len() + chunk.len() > MAX_ANSWER {
            return Err(EnrolError::Answer);
        }
        body.extend_from_slice(&chunk);
    }
    let answer: EnrolAnswer = serde_json::from_slice(&body).map_err(|_| EnrolError::Answer)?;
    let identity = Identity::new(answer, key.serialize_pem(), &manifest_key);
    if identity.receipt_key().is_none() {
        return Err(EnrolError::Answer);
    }
    // First, so that no power cut leaves an enrolled booth whose menu nobody can open.
    if let Some(pin) = pin {
        pin::set(state_dir, pin)?;
    }
    identity.store(state_dir)?;
    // Whoever may enrol a booth may also try its service PIN again.
    if let Err(error) = pin::forgive(state_dir) {
        tracing::warn!(%error, "wrong service PINs are still counted");
    }
    Ok(identity)
}

async fn send(hub: &str, tls: ClientConfig, request: &EnrolRequest) -> Result<reqwest::Response, reqwest::Error> {
    let client = reqwest::Client::builder().tls_backend_preconfigured(tls).no_proxy().timeout(TIMEOUT).build()?;
    client.post(format!("https://{hub}/api/v1/enrol")).json(request).send().await
}
