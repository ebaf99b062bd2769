//! The two faces of the hub in TLS.
//!
//! | Listener | Certificate | Client |
//! |---|---|---|
//! | console | the branch's own if configured, else one of the branch authority | none; TLS 1.2 or 1.3 |
//! | booths | one of the branch authority | must have one of the branch authority; TLS 1.3 |
//!
//! An enrolling booth comes to the console's listener and knows only the authority's digest. It offers the protocol
//! [`ALPN`] and gets the certificate of the branch authority, chain and all, even where browsers get another one.

use crate::authority::CertifiedPem;
use crate::config::Config;
use crate::keys::Keys;
use bilik_claim::enrolment::ALPN;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{RootCertStore, ServerConfig};
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use thiserror::Error;

const HTTP_ALPN: &[u8] = b"http/1.1";

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("{key}: failed to read {}", path.display())]
    Read { key: &'static str, path: PathBuf, source: rustls_pki_types::pem::Error },
    #[error("console_key: does not fit console_certificate")]
    Console(#[source] rustls::Error),
    #[error("failed to set up TLS with the hub's own certificate")]
    Own(#[source] rustls::Error),
    #[error("failed to read the hub's own certificate")]
    OwnPem(#[source] rustls_pki_types::pem::Error),
    #[error("failed to set up the verification of booths")]
    Verifier(#[from] rustls::server::VerifierBuilderError),
}

/// For browsers and enrolling booths.
pub fn console(config: &Config, keys: &Keys) -> Result<ServerConfig, TlsError> {
    let own = Arc::new(own(&keys.server)?);
    let console = configured(config)?.map_or_else(|| Arc::clone(&own), Arc::new);
    let mut tls = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(TlsError::Own)?
        .with_no_client_auth()
        .with_cert_resolver(Arc::new(ByPurpose { own, console }));
    tls.alpn_protocols = vec![HTTP_ALPN.to_vec(), ALPN.to_vec()];
    Ok(tls)
}

/// For enrolled booths.
pub fn booths(keys: &Keys) -> Result<ServerConfig, TlsError> {
    let mut roots = RootCertStore::empty();
    roots.add(keys.authority.der().clone()).map_err(TlsError::Own)?;
    let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider()).build()?;
    let own = Arc::new(own(&keys.server)?);
    let mut tls = ServerConfig::builder_with_provider(provider())
        .with_protocol_versions(&[&rustls::version::TLS13])
        .map_err(TlsError::Own)?
        .with_client_cert_verifier(verifier)
        .with_cert_resolver(Arc::new(ByPurpose { console: Arc::clone(&own), own }));
    tls.alpn_protocols = vec![HTTP_ALPN.to_vec()];
    Ok(tls)
}

/// Whether a configured console certificate could be used.
pub fn check_console(config: &Config) -> Result<(), TlsError> {
    configured(config).map(drop)
}

#[derive(Debug)]
struct ByPurpose {
    own: Arc<CertifiedKey>,
    console: Arc<CertifiedKey>,
}

impl ResolvesServerCert for ByPurpose {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let enrols = hello.alpn().is_some_and(|mut offered| offered.any(|protocol| protocol == ALPN));
        Some(Arc::clone(if enrols { &self.own } else { &self.console }))
    }
}

fn own(pem: &CertifiedPem) -> Result<CertifiedKey, TlsError> {
    let chain = CertificateDer::pem_slice_iter(pem.certificate.as_bytes())
        .collect::<Result<Vec<_>, _>>()
        .map_err(TlsError::OwnPem)?;
    let key = PrivateKeyDer::from_pem_slice(pem.key.as_bytes()).map_err(TlsError::OwnPem)?;
    CertifiedKey::from_der(chain, key, &provider()).map_err(TlsError::Own)
}

fn configured(config: &Config) -> Result<Option<CertifiedKey>, TlsError> {
    let (Some(certificate), Some(key)) = (&config.console_certificate, &config.console_key) else { return Ok(None) };
    let read = |key: &'static str, path: &Path| {
        let path = path.to_owned();
        move |source| TlsError::Read { key, path, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(read("console_certificate", certificate))?;
    let private = PrivateKeyDer::from_pem_file(key).map_err(read("console_key", key))?;
    CertifiedKey::from_der(chain, private, &provider()).map(Some).map_err(TlsError::Console)
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
