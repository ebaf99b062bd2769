//! The booth's side of TLS: it trusts the authority of its own hub and no other, and shows its own certificate.
//!
//! A booth's clock may be years off, and then every certificate seems out of date. For the one question what time it is
//! ([`crate::hub_time`]) there are connections that look at everything but dates: the other end has the key of a certificate
//! for this name, and the hub's own authority has signed it. Nothing else goes over those.

use crate::identity::Identity;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::{CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme};
use std::sync::Arc;
use std::time::Duration;
use thiserror::Error;
use x509_parser::prelude::{FromDer as _, X509Certificate};

#[derive(Debug, Error)]
pub enum TlsError {
    #[error("the identity's {0} is not usable PEM; enrol the booth again")]
    Pem(&'static str),
    #[error("failed to set up TLS")]
    Rustls(#[from] rustls::Error),
}

/// Whether the hub's certificate has to be valid by the clock of its [`ClientConfig`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dates {
    Checked,
    /// Only to ask what time it is.
    Ignored,
}

/// For everything after enrolment.
pub fn enrolled(identity: &Identity, dates: Dates) -> Result<ClientConfig, TlsError> {
    let authority =
        CertificateDer::from_pem_slice(identity.hub.authority.as_bytes()).map_err(|_| TlsError::Pem("authority"))?;
    let certificate = CertificateDer::from_pem_slice(identity.hub.certificate.as_bytes())
        .map_err(|_| TlsError::Pem("certificate"))?;
    let key = PrivateKeyDer::from_pem_slice(identity.tls_key.reveal().as_bytes()).map_err(|_| TlsError::Pem("key"))?;
    let provider = Arc::new(aws_lc_rs::default_provider());
    let builder = ClientConfig::builder_with_provider(provider.clone()).with_safe_default_protocol_versions()?;
    let builder = match dates {
        Dates::Checked => {
            let mut roots = RootCertStore::empty();
            roots.add(authority)?;
            builder.with_root_certificates(roots)
        }
        Dates::Ignored => {
            let verifier = Verifier { authority: Authority::Known(authority), dates, provider };
            builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier))
        }
    };
    Ok(builder.with_client_auth_cert(vec![certificate], key)?)
}

/// For enrolment: the hub proves that it is the one of the code by sending the authority that the code names, and a
/// server certificate that this authority signed.
pub fn enrolling(
    names_authority: impl Fn(&[u8]) -> bool + Send + Sync + 'static,
    dates: Dates,
) -> Result<ClientConfig, TlsError> {
    let provider = Arc::new(aws_lc_rs::default_provider());
    let authority = Authority::Named(Box::new(names_authority));
    let verifier = Verifier { authority, dates, provider: provider.clone() };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![bilik_claim::enrolment::ALPN.to_vec()];
    Ok(config)
}

type NamesAuthority = Box<dyn Fn(&[u8]) -> bool + Send + Sync>;

/// Who has to have signed the hub's certificate.
enum Authority {
    Known(CertificateDer<'static>),
    /// One of those that the hub sends along.
    Named(NamesAuthority),
}

struct Verifier {
    authority: Authority,
    dates: Dates,
    provider: Arc<CryptoProvider>,
}

impl std::fmt::Debug for Verifier {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Verifier").field("dates", &self.dates).finish_non_exhaustive()
    }
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let unknown = rustls::Error::InvalidCertificate(CertificateError::UnknownIssuer);
        let authority = match &self.authority {
            Authority::Known(authority) => authority,
            Authority::Named(names) => intermediates.iter().find(|der| names(der)).ok_or(unknown.clone())?,
        };
        let mut roots = RootCertStore::empty();
        roots.add(authority.clone().into_owned())?;
        let webpki = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), self.provider.clone())
            .build()
            .map_err(|_| unknown)?;
        let moment = match self.dates {
            Dates::Checked => now,
            Dates::Ignored => first_moment(end_entity)?,
        };
        webpki.verify_server_cert(end_entity, intermediates, server_name, ocsp, moment)
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

/// A time at which the certificate is valid, if it ever is.
fn first_moment(certificate: &CertificateDer<'_>) -> Result<UnixTime, rustls::Error> {
    let malformed = |_| rustls::Error::InvalidCertificate(CertificateError::BadEncoding);
    let (_, parsed) = X509Certificate::from_der(certificate).map_err(malformed)?;
    let seconds = u64::try_from(parsed.validity().not_before.timestamp()).unwrap_or(0);
    Ok(UnixTime::since_unix_epoch(Duration::from_secs(seconds)))
}

/// Whether an error means that the other end is not the enrolled hub, rather than that nobody is there.
pub fn is_wrong_certificate(error: &(dyn std::error::Error + 'static)) -> bool {
    // A certificate that is out of date is still the enrolled hub's: a clock or an operator is late.
    matches!(
        certificate_fault(error),
        Some(
            CertificateError::UnknownIssuer
                | CertificateError::BadSignature
                | CertificateError::NotValidForName
                | CertificateError::NotValidForNameContext { .. }
        )
    )
}

/// Whether an error means that the hub's certificate has ended by our clock, or has not begun.
pub fn is_out_of_date(error: &(dyn std::error::Error + 'static)) -> bool {
    matches!(
        certificate_fault(error),
        Some(
            CertificateError::Expired
                | CertificateError::ExpiredContext { .. }
                | CertificateError::NotValidYet
                | CertificateError::NotValidYetContext { .. }
        )
    )
}

/// What TLS had against the hub's certificate, if that is why.
fn certificate_fault<'a>(error: &'a (dyn std::error::Error + 'static)) -> Option<&'a CertificateError> {
    let mut source = Some(error);
    while let Some(error) = source {
        if let Some(tls) = error.downcast_ref::<rustls::Error>() {
            return if let rustls::Error::InvalidCertificate(fault) = tls { Some(fault) } else { None };
        }
        // An I/O error hides what it wraps from `source`.
        if let Some(inner) = error.downcast_ref::<std::io::Error>().and_then(|io| io.get_ref()) {
            return certificate_fault(inner);
        }
        source = error.source();
    }
    None
}
