//! A participant who does not exist.

/// 17 August 1945, Central Jakarta: every number here is visibly a specimen.
pub const NIK: &str = "3171011708450001";
pub const KPJ: &str = "12345678901";
pub const NAME: &str = "Budi Specimen";
pub const PHONE: &str = "08123456789";
pub const ACCOUNT: &str = "012345678901234";
/// What the officer has corrected in the demonstration.
pub const ACCOUNT_CORRECTED: &str = "012345678901239";
pub const BALANCE: &str = "40000000";
