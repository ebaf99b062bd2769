//! What a claim is and how it comes about, with nothing that touches a clock, a file, a socket or a screen.
//!
//! | Module | Holds |
//! |---|---|
//! | [`identity`] | the numbers people carry (NIK, KPJ, KK, NPWP, account, phone), what is wrong and what is doubtful about them |
//! | [`reason`], [`document`] | why a participant claims and which papers that needs: one data table |
//! | [`money`] | rupiah and the simple final tax estimate |
//! | [`field`] | the questions of the form: how an entry is shown, completed and judged |
//! | [`sentence`] | what officers say again and again, under names that a record can hold |
//! | [`session`] | the state machine of one participant's visit |
//! | [`filing`] | the finished claim, its signed manifest and the hub's receipt |
//! | [`reconcile`] | what booth and hub tell each other about receipts and keys |
//! | [`picture`] | what a photograph says of itself, before anybody decodes it |
//! | [`machine`] | what booth and hub tell each other about the booth's machine and its updates |
//! | [`audit`] | the chain that binds the entries of an audit trail |
//! | [`attest`] | what a booth's screen says of its system, signed |
//! | [`enrolment`] | how a booth gets its identity |
//! | [`provision`] | the file that a technician carries to a booth |
//! | [`recovery`] | how a dead booth's disk is opened |
//! | [`statistics`] | what a day brought, in figures |
//! | [`wire`] | what booth, hub and console say to each other |
//!
//! The booth and the hub share this crate, so both ends of each contract are one piece of code.

pub mod attest;
pub mod audit;
pub mod document;
pub mod enrolment;
pub mod field;
pub mod filing;
pub mod identity;
pub mod ids;
pub mod machine;
pub mod money;
pub mod personal;
pub mod picture;
pub mod provision;
pub mod reason;
pub mod reconcile;
pub mod recovery;
pub mod sentence;
pub mod session;
pub mod statistics;
pub mod text;
pub mod wire;
