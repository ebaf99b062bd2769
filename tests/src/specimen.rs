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

/// Six who come at the same time.
pub const SIX: [Person; 6] = [
    person("3171011708450001", "12345678901", "Budi Specimen", "08123456781", "012345678901211"),
    person("3171011708450002", "12345678902", "Wati Specimen", "08123456782", "012345678901222"),
    person("3171011708450003", "12345678903", "Joko Specimen", "08123456783", "012345678901233"),
    person("3171011708450004", "12345678904", "Ayu Specimen", "08123456784", "012345678901244"),
    person("3171011708450005", "12345678905", "Made Specimen", "08123456785", "012345678901255"),
    person("3171011708450006", "12345678906", "Rini Specimen", "08123456786", "012345678901266"),
];

const fn person(
    nik: &'static str,
    kpj: &'static str,
    name: &'static str,
    phone: &'static str,
    account: &'static str,
) -> Person {
    Person { nik, kpj, name, phone, account, balance: BALANCE }
}
