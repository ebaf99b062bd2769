//! Participants who do not exist.

/// 17 August 1945, Central Jakarta: every number here is visibly a specimen.
pub const NIK: &str = "3171011708450001";
pub const KPJ: &str = "12345678901";
pub const NAME: &str = "Budi Specimen";
pub const PHONE: &str = "08123456789";
pub const ACCOUNT: &str = "012345678901234";
/// What the officer has corrected in the demonstration.
pub const ACCOUNT_CORRECTED: &str = "012345678901239";
pub const BALANCE: &str = "40000000";

/// What a participant answers.
#[derive(Clone, Copy, Debug)]
pub struct Person {
    pub nik: &'static str,
    pub kpj: &'static str,
    pub name: &'static str,
    pub phone: &'static str,
    pub account: &'static str,
    pub balance: &'static str,
}

pub const BUDI: Person = Person { nik: NIK, kpj: KPJ, name: NAME, phone: PHONE, account: ACCOUNT, balance: BALANCE };

/// A canary (Indonesian: kenari): digits in an order that nothing else in a program's memory has.
pub const KENARI: Person = Person {
    nik: "3374025708459973",
    kpj: "90817263545",
    name: "Kenari Specimen",
    phone: "08989796959",
    account: "730918264509283",
    balance: "47381926",
};
