//! The branch's certificate authority: signs the hub's own certificate and one for each booth.
//!
//! Everything starts to be valid long ago, because a booth whose clock battery is flat must still find its hub; and a
//! booth's certificate outlives the booth, because what ends it is the ledger (`booth revoke`), which the hub asks for
//! each connection.

use bilik_claim::ids::BoothId;
use rcgen::{
    BasicConstraints, CertificateParams, CertificateSigningRequestParams, DnType, ExtendedKeyUsagePurpose, IsCa,
    Issuer, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P256_SHA256, SanType, date_time_ymd,
};
use rustls_pki_types::CertificateDer;
use std::net::IpAddr;
use std::time::Duration;
use thiserror::Error;
use uuid::Uuid;
use x509_parser::prelude::{FromDer as _, GeneralName, X509Certificate};

const DAY: Duration = Duration::from_secs(24 * 3600);
const AUTHORITY_YEARS: i32 = 30;
const BOOTH_YEARS: i32 = 20;
/// From now on. The hub renews it by itself, so this only bounds how long a stolen key is of use.
const SERVER_DAYS: u32 = 800;
/// A booth's certificate carries its id as `urn:uuid:…`, beside the common name.
const URN: &str = "urn:uuid:";

/// A certificate and its key, in PEM.
pub struct CertifiedPem {
    pub certificate: String,
    pub key: String,
}

#[derive(Debug, Error)]
pub enum AuthorityError {
    #[error("failed to {operation}")]
    Certificate { operation: &'static str, source: rcgen::Error },
    #[error("certificate request has a key that is not P-256")]
    KeyKind,
    #[error("certificate authority's file is not a certificate")]
    NotACertificate,
}

/// The authority, ready to sign.
pub struct Authority {
    issuer: Issuer<'static, KeyPair>,
    pem: String,
    der: CertificateDer<'static>,
}

impl Authority {
    /// A new authority for a branch; `year` is the present one.
    pub fn make(year: i32) -> Result<CertifiedPem, AuthorityError> {
        let key = generate()?;
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, format!("Bilik branch authority {}", Uuid::new_v4()));
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year + AUTHORITY_YEARS, 1, 1);
        let certificate = params.self_signed(&key).map_err(|e| failed("sign the authority's certificate", e))?;
        Ok(CertifiedPem { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    pub fn load(pem: &CertifiedPem) -> Result<Self, AuthorityError> {
        use rustls_pki_types::pem::PemObject as _;
        let key = KeyPair::from_pem(&pem.key).map_err(|e| failed("read the authority's key", e))?;
        let der =
            CertificateDer::from_pem_slice(pem.certificate.as_bytes()).map_err(|_| AuthorityError::NotACertificate)?;
        let issuer = Issuer::from_ca_cert_der(&der, key).map_err(|e| failed("read the authority's certificate", e))?;
        Ok(Self { issuer, pem: pem.certificate.clone(), der })
    }

    pub fn pem(&self) -> &str {
        &self.pem
    }

    pub fn der(&self) -> &CertificateDer<'static> {
        &self.der
    }

    /// A certificate for the hub itself; `now` in seconds since 1970.
    pub fn issue_server(&self, names: &[String], now: i64) -> Result<CertifiedPem, AuthorityError> {
        let key = generate()?;
        let mut params = CertificateParams::new(names.to_vec()).map_err(|e| failed("name the hub's certificate", e))?;
        params.distinguished_name.push(DnType::CommonName, "Bilik hub");
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
        params.use_authority_key_identifier_extension = true;
        let today = date_time_ymd(1970, 1, 1) + Duration::from_secs(now.max(0).unsigned_abs());
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = today + DAY * SERVER_DAYS;
        let certificate = params.signed_by(&key, &self.issuer).map_err(|e| failed("sign the hub's certificate", e))?;
        Ok(CertifiedPem { certificate: certificate.pem(), key: key.serialize_pem() })
    }

    /// A certificate for a booth's key. Of the request only the key counts; the rest is ours to say. `year` is the
    /// present one.
    pub fn issue_booth(&self, csr: &str, booth: BoothId, year: i32) -> Result<String, AuthorityError> {
        // Parsing verifies the request's own signature: the booth has the key.
        let request =
            CertificateSigningRequestParams::from_pem(csr).map_err(|e| failed("read the certificate request", e))?;
        if request.public_key.algorithm() != &PKCS_ECDSA_P256_SHA256 {
            return Err(AuthorityError::KeyKind);
        }
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, booth.to_string());
        let urn = format!("{URN}{booth}").try_into().map_err(|e| failed("name the booth's certificate", e))?;
        params.subject_alt_names = vec![SanType::URI(urn)];
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
        params.use_authority_key_identifier_extension = true;
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(year + BOOTH_YEARS, 1, 1);
        let certificate = params
            .signed_by(&request.public_key, &self.issuer)
            .map_err(|e| failed("sign the booth's certificate", e))?;
        Ok(certificate.pem())
    }
}

/// The booth that a client certificate names. The TLS handshake has verified the certificate before.
pub fn booth_of(certificate: &[u8]) -> Option<BoothId> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let names = certificate.subject_alternative_name().ok()??;
    names.value.general_names.iter().find_map(|name| {
        let GeneralName::URI(uri) = name else { return None };
        uri.strip_prefix(URN)?.parse().ok()
    })
}

/// When a certificate (DER) ends, in seconds since 1970, and the names it is for.
pub fn validity_of(certificate: &[u8]) -> Option<(i64, Vec<String>)> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    let alternative = certificate.subject_alternative_name().ok()??;
    let names = alternative.value.general_names.iter().filter_map(|name| {
        if let GeneralName::DNSName(name) = name {
            return Some((*name).to_owned());
        }
        let GeneralName::IPAddress(bytes) = name else { return None };
        let v4 = <[u8; 4]>::try_from(*bytes).map(IpAddr::from);
        v4.or_else(|_| <[u8; 16]>::try_from(*bytes).map(IpAddr::from)).ok().map(|address| address.to_string())
    });
    Some((certificate.validity().not_after.timestamp(), names.collect()))
}

/// The year of a moment in seconds since 1970, near enough to count decades of validity.
pub fn year_of(seconds: i64) -> i32 {
    1970 + i32::try_from(seconds / 31_556_952).unwrap_or(0)
}

fn generate() -> Result<KeyPair, AuthorityError> {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(|e| failed("make a key", e))
}

fn failed(operation: &'static str, source: rcgen::Error) -> AuthorityError {
    AuthorityError::Certificate { operation, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rcgen::PKCS_ED25519;
    use rustls_pki_types::pem::PemObject as _;

    const NOW: i64 = 1_795_305_600;

    fn der(pem: &str) -> CertificateDer<'static> {
        CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()
    }

    #[test]
    fn booth_certificate_names_the_booth_and_nothing_the_request_wants() {
        let authority = Authority::load(&Authority::make(2026).unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut wish = CertificateParams::new(vec!["hub.example".to_owned()]).unwrap();
        wish.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let csr = wish.serialize_request(&key).unwrap().pem().unwrap();
        let booth = BoothId(Uuid::from_u128(7));
        let issued = authority.issue_booth(&csr, booth, 2026).unwrap();
        assert_eq!(booth_of(&der(&issued)), Some(booth));
        let (_, names) = validity_of(&der(&issued)).unwrap();
        assert!(names.is_empty(), "{names:?}");
        let issued_der = der(&issued);
        let (_, parsed) = X509Certificate::from_der(&issued_der).unwrap();
        assert!(!parsed.is_ca());
        let usage = parsed.extended_key_usage().unwrap().unwrap().value;
        assert!(usage.client_auth && !usage.server_auth);
    }

    #[test]
    fn forged_or_foreign_requests_are_refused() {
        let authority = Authority::load(&Authority::make(2026).unwrap()).unwrap();
        let booth = BoothId(Uuid::from_u128(7));
        let request = |key: &KeyPair| CertificateParams::default().serialize_request(key).unwrap();
        let other_kind = request(&KeyPair::generate_for(&PKCS_ED25519).unwrap()).pem().unwrap();
        assert!(matches!(authority.issue_booth(&other_kind, booth, 2026), Err(AuthorityError::KeyKind)));
        assert!(authority.issue_booth("no request", booth, 2026).is_err());

        let mut forged = request(&KeyPair::generate().unwrap()).der().to_vec();
        let last = forged.len() - 1;
        forged[last] ^= 1;
        let body = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, &forged);
        let pem = format!("-----BEGIN CERTIFICATE REQUEST-----\n{body}\n-----END CERTIFICATE REQUEST-----\n");
        assert!(authority.issue_booth(&pem, booth, 2026).is_err());
    }

    #[test]
    fn server_certificate_has_the_names_and_ends() {
        let authority = Authority::load(&Authority::make(2026).unwrap()).unwrap();
        let names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
        let issued = authority.issue_server(&names, NOW).unwrap();
        let (end, found) = validity_of(&der(&issued.certificate)).unwrap();
        assert_eq!(found, names);
        assert_eq!(end, NOW + 800 * 24 * 3600);
        assert_eq!(year_of(NOW), 2026);
    }
}
