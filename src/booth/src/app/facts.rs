//! What the service menu shows of the booth itself, read where it stands.

use crate::scan::record::masked;

/// Bytes of the reader in a row.
pub(super) const RAW_BYTES: usize = 8;

/// Bytes as they are written on paper, people's letters and digits masked.
pub(super) fn raw_row(sign: char, bytes: &[u8]) -> String {
    let mut row = String::with_capacity(2 + 4 * RAW_BYTES);
    row.push(sign);
    for byte in bytes {
        row.push(' ');
        row.push_str(&hex::encode_upper([masked(*byte)]));
    }
    row
}

/// The serial lines there are, and the configured one even if it is not.
pub(super) fn ports(set: Option<&(String, String)>) -> Vec<String> {
    let mut names: Vec<String> = set.iter().map(|(port, _)| port.clone()).collect();
    for port in bilik_scanner::serial_ports() {
        let name = port.name().to_string();
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

/// When a certificate in PEM ends, in seconds since 1970.
pub(super) fn expiry(pem: &str) -> Option<i64> {
    let (_, pem) = x509_parser::pem::parse_x509_pem(pem.as_bytes()).ok()?;
    Some(pem.parse_x509().ok()?.validity().not_after.timestamp())
}

pub(super) fn disk_free(folder: &std::path::Path) -> Option<u64> {
    use std::os::unix::ffi::OsStrExt as _;
    let folder = std::ffi::CString::new(folder.as_os_str().as_bytes()).ok()?;
    let mut room = std::mem::MaybeUninit::<libc::statvfs>::uninit();
    // Safe: the name ends in a zero byte, and what is pointed to is large enough for what is written there.
    if unsafe { libc::statvfs(folder.as_ptr(), room.as_mut_ptr()) } != 0 {
        return None;
    }
    // Safe: the call has filled it.
    let room = unsafe { room.assume_init() };
    Some(room.f_bavail * room.f_frsize)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_of_bytes_name_nobody() {
        assert_eq!(raw_row('<', b"\x02]C1 NO="), "< 02 5D 58 30 20 58 58 3D");
        assert_eq!(raw_row('>', &[0x06, 0xb1]), "> 06 B0");
    }

    #[test]
    fn an_end_of_a_certificate_is_read() {
        let mut params = rcgen::CertificateParams::default();
        params.not_after = rcgen::date_time_ymd(2031, 2, 3);
        let key = rcgen::KeyPair::generate().unwrap();
        let pem = params.self_signed(&key).unwrap().pem();
        assert_eq!(expiry(&pem), Some(1_927_843_200));
        assert_eq!(expiry("no certificate"), None);
        assert!(disk_free(std::path::Path::new("/")).is_some());
    }
}
