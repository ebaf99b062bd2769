//! The booth's side of TLS: it trusts the authority of its own hub and no other, and shows its own certificate.

use crate::identity::Identity;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use thiserror::Error;

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("the identity's {0} is not usable PEM; enrol the booth again")]
    Pem(&'static str),
    #[error("failed to set up TLS")]
    Rustls(#[from] rustls::Error),
}

/// For everything after enrolment.
pub fn enrolled(identity: &Identity) -> Result<Arc<ClientConfig>, TlsError> {
    let authority =
        CertificateDer::from_pem_slice(identity.hub.authority.as_bytes()).map_err(|_| TlsError::Pem("authority"))?;
    let certificate = CertificateDer::from_pem_slice(identity.hub.certificate.as_bytes())
        .map_err(|_| TlsError::Pem("certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(identity.tls_key.reveal().as_bytes()).map_err(|_| TlsError::Pem("key"))?;
    let mut roots = RootCertStore::empty();
    roots.add(authority)?;
    let config = ClientConfig::builder_with_provider(Arc::new(aws_lc_rs::default_provider()))
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_client_auth_cert(vec![certificate], key)?;
    Ok(Arc::new(config))
}

/// For enrolment: the hub proves that it is the one of the code by sending the authority that the code names, and a
/// server certificate that this authority signed.
pub fn enrolling(names_authority: impl Fn(&[u8]) -> bool + Send + Sync + 'static) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = ByCode { names_authority: Box::new(names_authority), provider: provider.clone() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![bilik_claim::enrolment::ALPN.to_vec()];
    Ok(config)
}

type NamesAuthority = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

struct ByCode {
    names_authority: NamesAuthority,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for ByCode {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("ByCode")
    }
}

impl ServerCertVerifier for ByCode {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = rustls::Error::InvalidCertificate(rustls::CertificateError::UnknownIssuer);
        let authority = intermediates.iter().find(|der| (self.names_authority)(der)).ok_or(unknown.clone())?;
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|_| unknown)?;
        webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp, now)
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls12_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        rustls::crypto::verify_tls13_signature(message, cert, dss, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

/// Whether an error means that the other end is not the enrolled hub, rather than that nobody is there.
pub fn is_wrong_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            // A certificate that is out of date is still the enrolled hub's: a clock or an operator is late.
            return matches!(
                tls,
                rustls::Error::InvalidCertificate(
                    CertificateError::UnknownIssuer
                        | CertificateError::BadSignature
                        | CertificateError::NotValidForName
                        | CertificateError::NotValidForNameContext { .. }
                )
            );
        }
        // An I/O error hides what it wraps from `source`.
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()) {
            return is_wrong_certificate(inner);
        }
        source = error.source();
    }
    false
}
