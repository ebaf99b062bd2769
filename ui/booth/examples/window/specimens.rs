//! Every page in its states, filled with specimens: what the window shows and what the tests measure.

use bilik_ui::*;
use slint::{ComponentHandle, Image, ModelRc, Rgb8Pixel, SharedPixelBuffer, VecModel};

/// A page in one of its states: its name and what to set before it is drawn.
pub type Shot = (&'static str, fn(&AppWindow));

pub const SHOTS: &[Shot] = &[
    ("welcome", |w| show(w, Screen::Welcome, 0.0)),
    ("out-of-service", |w| show(w, Screen::OutOfService, 0.0)),
    ("consent", |w| show(w, Screen::Consent, 0.5)),
    ("identify", |w| show(w, Screen::Identify, 1.5)),
    ("identify-problem", |w| {
        show(w, Screen::Identify, 1.5);
        let identify = w.global::<IdentifyAdapter>();
        identify.set_reader_state(ReaderState::Reading);
        identify.set_problem("Kartu terbaca, tetapi bukan KTP. Coba kartu lain atau ketik NIK Anda.".into());
    }),
    ("identify-no-reader", |w| {
        show(w, Screen::Identify, 1.5);
        w.global::<IdentifyAdapter>().set_reader_state(ReaderState::NoReader);
    }),
    ("type-identity", |w| show(w, Screen::TypeIdentity, 1.5)),
    ("reason", |w| show(w, Screen::Reason, 2.5)),
    ("detail-digits", |w| {
        show(w, Screen::Detail, 3.5);
        w.global::<App>().set_next_enabled(false);
    }),
    ("detail-digits-optional", |w| {
        show(w, Screen::Detail, 3.5);
        w.global::<DetailAdapter>().set_optional(true);
        w.global::<DetailAdapter>().set_value("".into());
        w.global::<DetailAdapter>().set_message("".into());
    }),
    ("detail-text", |w| {
        show(w, Screen::Detail, 3.5);
        let detail = w.global::<DetailAdapter>();
        detail.set_input(DetailInput::Text);
        detail.set_title("Nama di buku tabungan".into());
        detail.set_lead("Uang hanya dapat dikirim ke rekening atas nama Anda sendiri.".into());
        detail.set_value("Budi Specimen".into());
        detail.set_message("Berbeda dengan nama di KTP. Periksa sekali lagi.".into());
    }),
    ("detail-text-optional", |w| {
        show(w, Screen::Detail, 3.5);
        let detail = w.global::<DetailAdapter>();
        detail.set_input(DetailInput::Text);
        detail.set_title("Alamat e-mail".into());
        detail.set_lead("Kabar tentang klaim dikirim ke sini.".into());
        detail.set_value("".into());
        detail.set_placeholder("nama@contoh.id".into());
        detail.set_message("".into());
        detail.set_optional(true);
    }),
    ("detail-choice", |w| {
        show(w, Screen::Detail, 3.5);
        let detail = w.global::<DetailAdapter>();
        detail.set_input(DetailInput::Choice);
        detail.set_title("Bank Anda".into());
        detail.set_lead("Rekening atas nama Anda sendiri.".into());
        detail.set_message("".into());
    }),
    ("documents", |w| show(w, Screen::Documents, 4.5)),
    ("documents-live", |w| {
        show(w, Screen::Documents, 4.5);
        let documents = w.global::<DocumentsAdapter>();
        documents.set_taken(false);
        documents.set_quality("Terlalu gelap, geser ke bawah lampu".into());
        documents.set_quality_tone(Tone::Attention);
    }),
    ("documents-choice", |w| {
        show(w, Screen::Documents, 4.5);
        let documents = w.global::<DocumentsAdapter>();
        documents.set_camera_missing("Kamera dokumen tidak tersambung. Panggil petugas lewat Bantuan.".into());
        documents.set_quality("".into());
        documents.set_taken(false);
        documents.set_alternatives(papers());
    }),
    ("documents-chosen", |w| {
        show(w, Screen::Documents, 4.5);
        w.global::<DocumentsAdapter>().set_alternatives(papers());
        w.global::<DocumentsAdapter>().set_alternative("Perjanjian bersama".into());
    }),
    ("review", |w| show(w, Screen::Review, 5.2)),
    ("verification", |w| {
        show(w, Screen::Verification, 5.5);
        w.global::<Officer>().set_live(true);
    }),
    ("verification-muted", |w| {
        show(w, Screen::Verification, 5.5);
        w.global::<VerificationAdapter>().set_muted(true);
        w.global::<VerificationAdapter>().set_officer_message("".into());
    }),
    ("verification-hold", |w| {
        show(w, Screen::Verification, 5.5);
        w.global::<VerificationAdapter>().set_mode(VerificationMode::Hold);
    }),
    ("verification-hold-seen", |w| {
        show(w, Screen::Verification, 5.5);
        let verification = w.global::<VerificationAdapter>();
        verification.set_mode(VerificationMode::Hold);
        verification.set_camera_off(false);
        verification.set_text("Ia sedang membantu peserta lain dan melihat gambar kecil Anda, tanpa suara.".into());
    }),
    ("verification-waiting", |w| {
        show(w, Screen::Verification, 5.5);
        w.global::<Officer>().set_assigned(false);
        let verification = w.global::<VerificationAdapter>();
        verification.set_mode(VerificationMode::Waiting);
        verification.set_heading("Petugas segera datang".into());
        verification.set_text("Data Anda sudah siap diperiksa. Anda tidak perlu melakukan apa-apa.".into());
        verification.set_place("ke-2".into());
        verification.set_expected_wait("3 menit".into());
    }),
    ("verification-no-officer", |w| {
        show(w, Screen::Verification, 5.5);
        w.global::<Officer>().set_assigned(false);
        let verification = w.global::<VerificationAdapter>();
        verification.set_mode(VerificationMode::NoOfficer);
        verification.set_heading("Petugas belum dapat datang".into());
        verification.set_text(
            "Anda tetap dapat menyelesaikan klaim. Petugas memeriksa kemudian dan menelepon Anda bila ada yang kurang."
                .into(),
        );
    }),
    ("sign", |w| {
        show(w, Screen::Sign, 6.3);
        w.global::<App>().set_next_label("Tanda tangani dan kirim".into());
        let sign = w.global::<SignAdapter>();
        sign.set_has_ink(true);
        sign.set_path_commands(
            "M180 330 C240 120 300 140 280 300 C270 380 330 300 380 220 C420 180 400 330 450 300 C520 250 560 200 590 260 \
             C610 310 650 270 700 240 C740 220 760 250 800 250"
                .into(),
        );
    }),
    ("sign-empty", |w| {
        show(w, Screen::Sign, 6.3);
        w.global::<App>().set_next_label("Tanda tangani dan kirim".into());
        w.global::<App>().set_next_enabled(false);
    }),
    ("finished-confirmed", |w| show(w, Screen::Finished, 7.0)),
    ("finished-kept", |w| {
        show(w, Screen::Finished, 7.0);
        let finished = w.global::<FinishedAdapter>();
        finished.set_state(FinishedState::Kept);
        finished.set_heading("Klaim Anda tersimpan".into());
        finished.set_text("Klaim aman di bilik ini dan dikirim ke kantor begitu jaringan tersambung.".into());
        finished.set_rating(3);
    }),
    ("finished-saving", |w| {
        show(w, Screen::Finished, 6.8);
        let finished = w.global::<FinishedAdapter>();
        finished.set_state(FinishedState::Saving);
        finished.set_heading("Menyimpan klaim Anda".into());
        finished.set_text("Tunggu sebentar, jangan tinggalkan bilik.".into());
        finished.set_code("".into());
    }),
    ("finished-failed", |w| {
        show(w, Screen::Finished, 6.8);
        let finished = w.global::<FinishedAdapter>();
        finished.set_state(FinishedState::Failed);
        finished.set_heading("Klaim belum tersimpan".into());
        finished.set_text("Penyimpanan bilik ini bermasalah. Petugas sudah diberi tahu; tetaplah di sini.".into());
        finished.set_code("".into());
    }),
    ("returned", |w| show(w, Screen::Returned, 6.0)),
    ("overlay-help", |w| {
        show(w, Screen::Identify, 1.5);
        w.global::<Overlay>().set_kind(OverlayKind::Help);
    }),
    ("overlay-called", |w| {
        show(w, Screen::Identify, 1.5);
        w.global::<Overlay>().set_kind(OverlayKind::Help);
        w.global::<Overlay>().set_officer_called(true);
    }),
    ("overlay-still-there", |w| {
        show(w, Screen::Reason, 2.5);
        w.global::<Overlay>().set_kind(OverlayKind::StillThere);
    }),
    ("overlay-leave", |w| {
        show(w, Screen::Reason, 2.5);
        w.global::<Overlay>().set_kind(OverlayKind::Leave);
    }),
    ("notice-digits", |w| {
        show(w, Screen::TypeIdentity, 1.5);
        w.global::<App>().set_notice("Sambungan ke kantor terputus. Anda tetap dapat melanjutkan.".into());
    }),
    ("notice-documents", |w| {
        show(w, Screen::Documents, 4.5);
        w.global::<App>().set_notice("Mikrofon tidak ditemukan. Petugas tidak mendengar Anda.".into());
    }),
    ("installer", |w| show(w, Screen::Installer, 0.0)),
    ("installer-working", |w| {
        show(w, Screen::Installer, 0.0);
        let setup = w.global::<SetupAdapter>();
        setup.set_working(true);
        setup.set_disks(ModelRc::default());
        setup.set_actions(ModelRc::default());
        setup.set_message("".into());
    }),
    ("installer-asks", |w| {
        show(w, Screen::Installer, 0.0);
        w.global::<App>().set_development(true);
        w.global::<Ask>().set_open(true);
    }),
    ("enrol", |w| {
        show(w, Screen::Enrol, 0.0);
        let setup = w.global::<SetupAdapter>();
        setup.set_disks(ModelRc::default());
        setup.set_lines(findings(5));
        setup.set_detail("hub.specimen.example:8443: connection refused".into());
    }),
    ("type-code", |w| show(w, Screen::TypeCode, 0.0)),
    ("service-pin", |w| show(w, Screen::ServicePin, 0.0)),
    ("service", |w| {
        show(w, Screen::Service, 0.0);
        w.global::<ServiceAdapter>().set_has_qr(true);
        w.global::<ServiceAdapter>().set_qr(qr("bilik 0.2.0 specimen"));
    }),
    ("service-touch", |w| {
        show(w, Screen::Service, 0.0);
        let service = w.global::<ServiceAdapter>();
        service.set_panel(ServicePanel::Touch);
        service.set_cells(ModelRc::new(VecModel::from_iter((0..40).map(|cell| cell % 3 == 0))));
        service.set_actions(actions(1));
    }),
    ("service-pictures", |w| {
        show(w, Screen::Service, 0.0);
        let service = w.global::<ServiceAdapter>();
        service.set_panel(ServicePanel::Pictures);
        service.set_has_meter(true);
        service.set_lines(findings(4));
        service.set_has_face(true);
        service.set_face(figure([0x5d, 0x6d, 0x67], [0xc9, 0xd3, 0xce]));
        service.set_has_paper(true);
        service.set_paper(letter());
    }),
    ("service-raw", |w| {
        show(w, Screen::Service, 0.0);
        let service = w.global::<ServiceAdapter>();
        service.set_panel(ServicePanel::Raw);
        service.set_lines(findings(9));
        service.set_raw("< 02 30 30 30 30 30 30 30\n< 30 30 03".into());
    }),
    ("service-form", |w| {
        show(w, Screen::Service, 0.0);
        let service = w.global::<ServiceAdapter>();
        service.set_panel(ServicePanel::Form);
        service.set_message("Gateway harus alamat lain di jaringan yang sama.".into());
        service.set_message_tone(Tone::Bad);
        let names = ["Alamat bilik", "Panjang prefiks", "Gateway", "DNS"];
        let field = |(id, name): (i32, &&str)| Choice {
            id,
            title: (*name).into(),
            subtitle: "255.255.255.255".into(),
            selected: id == 2,
        };
        service.set_fields(ModelRc::new(VecModel::from_iter((0..).zip(&names).map(field))));
        service.set_actions(actions(2));
    }),
    ("service-working", |w| {
        show(w, Screen::Service, 0.0);
        let service = w.global::<ServiceAdapter>();
        service.set_working(true);
        service.set_lines(findings(4));
        service.set_actions(actions(3));
    }),
];

fn findings(count: i32) -> ModelRc<TechLine> {
    let tones = [Tone::Good, Tone::Bad, Tone::Attention, Tone::None, Tone::Hint];
    let line = |id: i32| TechLine {
        id,
        label: format!("Bagian {id}").into(),
        value: "Kabel jaringan tidak terpasang".into(),
        note: "Pasang kabel jaringan di belakang komputer.".into(),
        tone: tones[id as usize % tones.len()],
        action: if id % 2 == 1 { "Pilih" } else { "" }.into(),
    };
    ModelRc::new(VecModel::from_iter((0..count).map(line)))
}

fn actions(count: i32) -> ModelRc<TechAction> {
    let action = |id: i32| TechAction {
        id,
        label: ["Simpan", "Pakai DHCP", "Ekspor antrean"][id as usize].into(),
        enabled: true,
        primary: id == 0,
        dangerous: id == 2,
    };
    ModelRc::new(VecModel::from_iter((0..count).rev().map(action)))
}

/// The page with pictures where a camera would put them.
fn show(window: &AppWindow, screen: Screen, progress: f32) {
    let app = window.global::<App>();
    app.set_screen(screen);
    app.set_progress(progress);
    // A card, an officer, or a technician takes these on, and no button.
    app.set_next_visible(!matches!(screen, Screen::Identify | Screen::Verification | Screen::OutOfService));
    app.set_branch_name("Kantor Cabang Contoh".into());
    let officer = window.global::<Officer>();
    officer.set_has_picture(true);
    officer.set_picture(figure([0x2a, 0x4d, 0x44], [0xe8, 0xee, 0xe8]));
    officer.set_has_self_view(true);
    officer.set_self_view(figure([0x5d, 0x6d, 0x67], [0xc9, 0xd3, 0xce]));
    let documents = window.global::<DocumentsAdapter>();
    documents.set_has_preview(true);
    documents.set_preview(letter());
    let finished = window.global::<FinishedAdapter>();
    finished.set_has_qr(true);
    finished.set_qr(qr("JK7-4QF-2MX"));
    // One window shows all pages after each other: what an earlier one has left.
    untouched(window);
}

/// The technicians' pages as they begin.
fn untouched(window: &AppWindow) {
    window.global::<App>().set_development(false);
    window.global::<Ask>().set_open(false);
    let setup = window.global::<SetupAdapter>();
    setup.set_working(false);
    setup.set_lines(ModelRc::default());
    setup.set_detail("".into());
    let service = window.global::<ServiceAdapter>();
    service.set_working(false);
    service.set_panel(ServicePanel::None);
    service.set_has_qr(false);
    service.set_message("".into());
    service.set_lines(findings(3));
    service.set_actions(ModelRc::default());
}

fn papers() -> ModelRc<Choice> {
    let titles = [
        "Tanda terima laporan PHK dari dinas tenaga kerja",
        "Laporan PHK dari perusahaan",
        "Pemberitahuan PHK dan pernyataan tidak menolak",
        "Perjanjian bersama",
        "Putusan pengadilan (PHI)",
    ];
    let choices = titles.iter().zip(1..).map(|(title, id)| Choice {
        id,
        title: (*title).into(),
        subtitle: "".into(),
        selected: id == 4,
    });
    ModelRc::new(VecModel::from_iter(choices))
}

/// Head and shoulders, 640 by 440.
fn figure(ground: [u8; 3], coat: [u8; 3]) -> Image {
    paint(640, 440, |x, y| {
        let shade = 1.0 - 0.35 * y / 440.0;
        let inside = |cx: f32, cy: f32, rx: f32, ry: f32| ((x - cx) / rx).powi(2) + ((y - cy) / ry).powi(2) < 1.0;
        if inside(320.0, 190.0, 78.0, 92.0) && (y > 140.0 || inside(320.0, 205.0, 74.0, 78.0)) {
            if y < 150.0 { [0x2b, 0x20, 0x1c] } else { [0xd9, 0xb4, 0x96] }
        } else if inside(320.0, 160.0, 86.0, 82.0) && y < 175.0 {
            [0x2b, 0x20, 0x1c]
        } else if inside(320.0, 470.0, 170.0, 195.0) {
            coat
        } else {
            ground.map(|part| (f32::from(part) * shade) as u8)
        }
    })
}

/// A letter on a dark table, 960 by 620.
fn letter() -> Image {
    paint(960, 620, |x, y| {
        let (column, row) = (x - 0.02 * y, y + 0.02 * x);
        let line = |top: f32, right: f32| (row - top).abs() < 6.0 && column > 270.0 && column < right;
        if !(220.0..740.0).contains(&column) || !(40.0..590.0).contains(&row) {
            [0x6b, 0x69, 0x60]
        } else if (row - 100.0).abs() < 14.0 && column > 270.0 && column < 560.0 {
            [0x33, 0x33, 0x33]
        } else if [(160.0, 690.0), (195.0, 670.0), (230.0, 685.0), (265.0, 590.0), (330.0, 690.0), (365.0, 640.0)]
            .iter()
            .any(|(top, right)| line(*top, *right))
        {
            [0x9a, 0x9a, 0x98]
        } else if (row - 490.0 - 18.0 * (column / 22.0).sin()).abs() < 4.0 && column > 560.0 && column < 690.0 {
            [0x20, 0x3a, 0x88]
        } else {
            [0xf8, 0xf7, 0xf2]
        }
    })
}

fn qr(text: &str) -> Image {
    let Ok(code) = qrcode::QrCode::new(text) else { return Image::default() };
    let (side, dark) = (code.width() as u32, code.to_colors());
    paint(side, side, |x, y| match dark.get(y as usize * side as usize + x as usize) {
        Some(qrcode::Color::Dark) => [0, 0, 0],
        Some(qrcode::Color::Light) | None => [255, 255, 255],
    })
}

fn paint(width: u32, height: u32, colour: impl Fn(f32, f32) -> [u8; 3]) -> Image {
    let mut pixels = SharedPixelBuffer::<Rgb8Pixel>::new(width, height);
    for (index, pixel) in pixels.make_mut_slice().iter_mut().enumerate() {
        let (x, y) = (index as u32 % width, index as u32 / width);
        let [r, g, b] = colour(x as f32, y as f32);
        *pixel = Rgb8Pixel { r, g, b };
    }
    Image::from_rgb8(pixels)
}
