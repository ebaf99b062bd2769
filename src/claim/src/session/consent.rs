//! What a participant agrees to, in plain words.
//!
//! UU 27/2022 on personal data asks for the purpose, the data, how long they are kept and the person's rights (article
//! 21), in simple language and apart from other matters (article 22), and for a proof (article 24): the claim records
//! [`VERSION`], the language and the time.

use crate::text::Text;

/// Grows with every change of [`POINTS`].
pub const VERSION: u16 = 1;

/// Heading and text of each point.
pub const POINTS: &[(Text, Text)] = &[
    (
        Text::new("Untuk apa", "What for"),
        Text::new(
            "Data Anda dipakai hanya untuk memeriksa dan membayar klaim JHT ini.",
            "Your data are used only to check and pay this JHT claim.",
        ),
    ),
    (
        Text::new("Data apa", "Which data"),
        Text::new(
            "Nomor KTP dan kartu peserta, nama, telepon, rekening, foto dokumen, foto wajah, tanda tangan.",
            "Numbers of your identity and participant cards, name, phone, bank account, photos of documents and face, signature.",
        ),
    ),
    (
        Text::new("Panggilan video", "Video call"),
        Text::new(
            "Petugas melihat dan mendengar Anda lewat layar. Gambar dan suara tidak direkam.",
            "An officer sees and hears you through the screen. Picture and sound are not recorded.",
        ),
    ),
    (
        Text::new("Disimpan di mana", "Where it is kept"),
        Text::new(
            "Di kantor cabang ini selama diwajibkan hukum. Di bilik terkunci, lalu dihapus setelah diterima kantor.",
            "At this branch for as long as the law asks. In the booth it is locked, and erased once the branch has it.",
        ),
    ),
    (
        Text::new("Hak Anda", "Your rights"),
        Text::new(
            "Anda boleh melihat, membetulkan, dan menarik persetujuan. Tanyakan kepada petugas kapan saja.",
            "You may see and correct your data and withdraw your consent. Ask an officer at any time.",
        ),
    ),
];
