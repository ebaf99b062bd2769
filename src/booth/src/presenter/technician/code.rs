//! The page on which the hub's address and code are typed.

use super::view::{Button, Field, Look, Say, View};
use crate::device::End;
use crate::service::enrol_form::{CODE_SIGNS, EnrolFault, EnrolField};
use crate::service::{Act, Service};
use bilik_claim::text::Language;
use bilik_device::{Failure, Request};
use bilik_ui::Tone;

pub fn type_code(service: &Service, say: Say) -> View {
    let Some((form, fault)) = service.enrol_form() else { return View::default() };
    let field = |field: EnrolField| Field {
        name: name(field, form.code_signs(), say),
        text: form.text(field),
        chosen: form.field == field,
        act: Act::EnrolField(field),
    };
    let complete = form.hub().is_ok() && form.code_signs() == CODE_SIGNS;
    View {
        title: say.say("Ketik kode pendaftaran", "Type the enrolment code").into(),
        lead: say
            .say(
                "Petugas hub membuatnya dengan bilik-hub enrol-code. Berlaku sekali, selama waktu yang tertulis di sana.",
                "The hub's operator makes it with bilik-hub enrol-code. It works once, for as long as it says there.",
            )
            .into(),
        fields: EnrolField::ALL.map(field).into(),
        message: fault.map(|fault| wrong(fault, say)).or_else(|| failed(service, say)).map(|text| (text, Tone::Bad)),
        actions: vec![
            Button::new(say.say("Batal", "Cancel"), Act::StopEditing, Look::Plain),
            Button::new(say.say("Daftarkan", "Enrol"), Act::SendCode, Look::Primary).enabled(complete),
        ],
        ..View::default()
    }
}

fn name(field: EnrolField, signs: usize, say: Say) -> String {
    match (field, say.0) {
        (EnrolField::Hub, Language::Id) => "Alamat hub, misalnya 10.1.2.3:8443".into(),
        (EnrolField::Hub, Language::En) => "Address of the hub, such as 10.1.2.3:8443".into(),
        (EnrolField::Code, Language::Id) => format!("Kode: {signs} dari {CODE_SIGNS}"),
        (EnrolField::Code, Language::En) => format!("Code: {signs} of {CODE_SIGNS}"),
    }
}

fn wrong(fault: EnrolFault, say: Say) -> String {
    match (fault, say.0) {
        (EnrolFault::Hub, _) => say
            .say(
                "Alamat hub belum benar: tulis nama atau empat angka dengan titik, lalu :port bila bukan 8443.",
                "The hub's address is not right: a name or four numbers with dots, then :port if that is not 8443.",
            )
            .into(),
        (EnrolFault::Port, _) => say
            .say("Setelah titik dua harus angka 1 sampai 65535.", "A number from 1 to 65535 must follow the colon.")
            .into(),
        (EnrolFault::Length(signs), Language::Id) => format!("Kode baru {signs} dari {CODE_SIGNS} tanda."),
        (EnrolFault::Length(signs), Language::En) => format!("The code has {signs} of {CODE_SIGNS} signs."),
        (EnrolFault::Sign(sign), Language::Id) => {
            format!("Tanda {sign} tidak ada di kode: hanya angka dan huruf, tanpa U.")
        }
        (EnrolFault::Sign(sign), Language::En) => {
            format!("No code has the sign {sign}: only digits and letters, without U.")
        }
    }
}

/// How the last try ended.
fn failed(service: &Service, say: Say) -> Option<String> {
    let (Request::Enrol { hub, .. }, end) = service.ended()? else { return None };
    Some(match (end, say.0) {
        (End::Done, _) => return None,
        (End::Failed { why: Failure::HubUnreachable, .. }, Language::Id) => {
            format!("Hub tidak menjawab di {hub}. Periksa alamat itu, kabel, dan jaringan kantor, lalu coba lagi.")
        }
        (End::Failed { why: Failure::HubUnreachable, .. }, Language::En) => {
            format!("The hub does not answer at {hub}. Check that address, the cable and the network, then try again.")
        }
        (End::Failed { why: Failure::CodeRefused, .. }, _) => say
            .say(
                "Kode sudah dipakai, lewat waktu, atau milik hub lain. Minta kode baru, lalu ketik ulang.",
                "The code is used, too old, or of another hub. Ask for a new one and type that.",
            )
            .into(),
        (End::Failed { .. } | End::Lost { .. }, _) => {
            let request = Request::Enrol { hub: hub.clone(), code: String::new() };
            let (text, _, detail) = say.end(&request, end, service.status());
            if detail.is_empty() { text.into() } else { format!("{text} ({detail})") }
        }
    })
}
