//! The page on which the hub's address and code are typed, and a service PIN is chosen.

use super::view::{Button, Field, Look, Say, View};
use crate::device::End;
use crate::service::enrol_form::{CODE_SIGNS, EnrolFault, EnrolField};
use crate::service::{Act, Service};
use bilik_claim::provision::PinFault;
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
    View {
        title: say.say("Ketik kode pendaftaran", "Type the enrolment code").into(),
        lead: say
            .say(
                "Petugas hub membuat kodenya dengan bilik-hub enrol-code; berlaku sekali. PIN Anda pilih sendiri: kelak hanya PIN itu yang membuka menu servis.",
                "The hub's operator makes the code with bilik-hub enrol-code; it works once. The PIN is yours to choose: from then on only it opens the service menu.",
            )
            .into(),
        fields: EnrolField::ALL.map(field).into(),
        message: fault.map(|fault| wrong(fault, say)).or_else(|| failed(service, say)).map(|text| (text, Tone::Bad)),
        actions: vec![
            Button::new(say.say("Batal", "Cancel"), Act::StopEditing, Look::Plain),
            Button::new(say.say("Daftarkan", "Enrol"), Act::SendCode, Look::Primary).enabled(form.is_complete()),
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
        (EnrolField::Pin, Language::Id) => "PIN servis baru: 6 sampai 10 angka".into(),
        (EnrolField::Pin, Language::En) => "New service PIN: 6 to 10 digits".into(),
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
        (EnrolFault::Pin(PinFault::Digits), _) => {
            say.say("PIN servis harus 6 sampai 10 angka.", "The service PIN must have 6 to 10 digits.").into()
        }
        (EnrolFault::Pin(PinFault::Row), _) => say
            .say(
                "PIN itu yang pertama ditebak orang: jangan deretan seperti 123456 atau 000000.",
                "That PIN is among the first that anybody tries: no rows like 123456 or 000000.",
            )
            .into(),
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
            let request = Request::Enrol { hub: hub.clone(), code: String::new(), pin: String::new() };
            let (text, _, detail) = say.end(&request, end, service.status());
            if detail.is_empty() { text.into() } else { format!("{text} ({detail})") }
        }
    })
}
