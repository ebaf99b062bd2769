//! The section of the network: what there is, and the form in which it is typed.

use super::view::{Around, Button, Field, Line, Look, Panel, Say, View};
use crate::service::network_form::{FormFault, NetworkField, NetworkForm};
use crate::service::{Act, Service};
use bilik_claim::text::Language;
use bilik_device::{Addressing, Clock, Request};
use bilik_ui::Tone;

pub fn network(service: &Service, around: &Around, say: Say) -> View {
    if let Some((form, fault)) = service.form() {
        return network_form(service, form, fault, say);
    }
    let mut lines = Vec::new();
    let (good, bad) = (Tone::Good, Tone::Bad);
    if let Some(status) = service.status() {
        let network = &status.network;
        lines.push(match (&network.interface, network.cable) {
            (None, _) => {
                Line::new(say.say("Kabel", "Cable"), say.say("Tidak ada kartu jaringan", "There is no network adapter"))
                    .tone(bad)
            }
            (Some(name), true) => {
                Line::new(say.say("Kabel", "Cable"), format!("{} · {name}", say.say("Terpasang", "Plugged in")))
                    .tone(good)
            }
            (Some(name), false) => Line::new(
                say.say("Kabel", "Cable"),
                format!("{} · {name}", say.say("Tidak terpasang", "Not plugged in")),
            )
            .tone(bad),
        });
        let list = |items: Vec<String>| {
            if items.is_empty() { say.say("tidak ada", "none").to_owned() } else { items.join(", ") }
        };
        let addresses: Vec<_> = network.addresses.iter().map(|own| format!("{}/{}", own.address, own.prefix)).collect();
        let tone = if addresses.is_empty() { bad } else { good };
        lines.push(Line::new(say.say("Alamat", "Address"), list(addresses)).tone(tone));
        lines.push(Line::new("Gateway", list(network.gateway.iter().map(ToString::to_string).collect())));
        lines.push(Line::new("DNS", list(network.dns.iter().map(ToString::to_string).collect())));
    }
    lines.push(match (&around.hub, around.hub_connected, around.wrong_hub) {
        (None, ..) => Line::new("Hub", say.say("Belum terdaftar", "Not enrolled")),
        (Some(hub), true, _) => Line::new("Hub", format!("{hub} · {}", say.say("terhubung", "connected"))).tone(good),
        (Some(hub), false, true) => Line::new("Hub", hub.clone())
            .note(say.say("Sertifikatnya bukan yang didaftarkan.", "Its certificate is not the enrolled one."))
            .tone(bad),
        (Some(hub), false, false) => {
            Line::new("Hub", format!("{hub} · {}", say.say("tidak menjawab", "does not answer"))).tone(bad)
        }
    });
    if let Some((until, days)) = &around.certificate {
        let text = match say.0 {
            Language::Id => format!("berlaku sampai {until} ({days} hari)"),
            Language::En => format!("valid until {until} ({days} days)"),
        };
        lines.push(Line::new(say.say("Sertifikat bilik", "Booth's certificate"), text).tone(if *days < 0 {
            bad
        } else {
            good
        }));
    }
    let set = service.status().map(|status| status.clock);
    let clock = Line::new(say.say("Jam", "Clock"), around.clock.clone());
    lines.push(match set {
        Some(Clock::Synchronised) => clock.tone(good),
        Some(Clock::Unsynchronised) => clock
            .note(say.say("Belum disetel oleh server waktu.", "Not set by a time server yet."))
            .tone(Tone::Attention),
        None => clock,
    });
    let dhcp = Act::Request(Request::SetNetwork { addressing: Addressing::Dhcp });
    let known = service.status().is_some();
    let actions = vec![
        Button::new(say.say("Pakai DHCP", "Use DHCP"), dhcp, Look::Plain).enabled(known),
        Button::new(say.say("Ketik alamat", "Type an address"), Act::EditNetwork, Look::Plain)
            .enabled(known && !service.is_busy()),
    ];
    View { lines, actions, ..View::default() }
}

fn field_name(field: NetworkField, say: Say) -> &'static str {
    match field {
        NetworkField::Address => say.say("Alamat bilik", "Booth's address"),
        NetworkField::Prefix => {
            say.say("Panjang prefiks (1 sampai 30; biasanya 24)", "Prefix length (1 to 30; usually 24)")
        }
        NetworkField::Gateway => say.say("Gateway (boleh kosong)", "Gateway (may be empty)"),
        NetworkField::Dns => say.say("Server nama, DNS (boleh kosong)", "Name server, DNS (may be empty)"),
    }
}

fn network_form(service: &Service, form: &NetworkForm, fault: Option<FormFault>, say: Say) -> View {
    let message = fault.map(|fault| {
        let name = |field| field_name(field, say);
        let text = match (fault, say.0) {
            (FormFault::NotAnAddress(field), Language::Id) => {
                format!("{}: tulis empat angka dengan titik, misalnya 192.168.1.20.", name(field))
            }
            (FormFault::NotAnAddress(field), Language::En) => {
                format!("{}: four numbers with dots between them, such as 192.168.1.20.", name(field))
            }
            (FormFault::NotForAMachine(field), Language::Id) => {
                format!("{}: alamat ini tidak dapat dipakai sebuah mesin.", name(field))
            }
            (FormFault::NotForAMachine(field), Language::En) => {
                format!("{}: no machine can have this address.", name(field))
            }
            (FormFault::Prefix, Language::Id) => {
                "Panjang prefiks harus 1 sampai 30; 24 sama dengan 255.255.255.0.".into()
            }
            (FormFault::Prefix, Language::En) => "The prefix length must be 1 to 30; 24 means 255.255.255.0.".into(),
            (FormFault::GatewayElsewhere, Language::Id) => "Gateway harus alamat lain di jaringan yang sama.".into(),
            (FormFault::GatewayElsewhere, Language::En) => {
                "The gateway must be another address of the same network.".into()
            }
        };
        (text, Tone::Bad)
    });
    let actions = vec![
        Button::new(say.say("Batal", "Cancel"), Act::StopEditing, Look::Plain),
        Button::new(say.say("Simpan", "Save"), Act::SaveNetwork, Look::Primary).enabled(!service.is_busy()),
    ];
    let field = |field: NetworkField| Field {
        name: field_name(field, say).into(),
        text: form.text(field).to_owned().into(),
        chosen: form.field == field,
        act: Act::Field(field),
    };
    let fields = NetworkField::ALL.map(field).into();
    View { message, fields, actions, panel: Panel::Form, ..View::default() }
}
