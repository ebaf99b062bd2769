//! Scans as lines or as JSON objects.

use crate::cards::{self, NumberKind};
use bilik_scanner::mrz::MrzDate;
use bilik_scanner::profile::FieldName;
use bilik_scanner::{Content, Mrz, ReaderEvent, Scan, Unreadable};
use serde::Serialize;
use serde_json::{Value, json};
use std::io::{self, Write};

pub struct Printer {
    json: bool,
    raw: bool,
    expect: Option<NumberKind>,
}

/// One scan, as it is printed.
#[derive(Debug, PartialEq, Serialize)]
pub struct Printed {
    pub kind: String,
    pub value: Value,
    pub symbology: Option<String>,
    pub errors: Vec<String>,
    pub warnings: Vec<String>,
}

impl Printer {
    pub fn new(json: bool, raw: bool, expect: Option<NumberKind>) -> Self {
        Self { json, raw, expect }
    }

    /// Says what happens at the reader beside scans.
    pub fn event(&mut self, event: &ReaderEvent, status: &mut dyn Write) -> io::Result<()> {
        match event {
            ReaderEvent::Ready => writeln!(status, "ready, present a card"),
            ReaderEvent::Lost { reason } => writeln!(status, "no reader: {reason}"),
            ReaderEvent::Doubt(doubt) => writeln!(status, "doubt: {doubt}"),
            ReaderEvent::Reading | ReaderEvent::Scan(_) | ReaderEvent::Unreadable(_) => Ok(()),
        }
    }

    /// Prints what a frame came to. True if it was a card, readable or not; a reader that gave up waiting saw none.
    pub fn result(
        &mut self,
        result: &Result<Scan, Unreadable>,
        out: &mut dyn Write,
        status: &mut dyn Write,
    ) -> io::Result<bool> {
        match result {
            Ok(scan) => self.print(&printed(scan, self.expect), out),
            Err(Unreadable::NoRead) => writeln!(status, "the reader saw no card").map(|()| false),
            Err(why) => self.print(&unreadable(*why), out),
        }
    }

    /// Bytes that came (`<`) or went (`>`), with the text that they are.
    pub fn bytes(&mut self, direction: char, bytes: &[u8], out: &mut dyn Write) -> io::Result<()> {
        if !self.raw {
            return Ok(());
        }
        if self.json {
            let way = if direction == '<' { "received" } else { "sent" };
            return writeln!(out, "{}", json!({ way: hex::encode_upper(bytes) }));
        }
        for row in bytes.chunks(16) {
            let hex = row.iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(" ");
            writeln!(out, "{direction} {hex:<47}  {}", row.escape_ascii())?;
        }
        Ok(())
    }

    /// A remark on the bytes.
    pub fn note(&mut self, text: &str, out: &mut dyn Write) -> io::Result<()> {
        match (self.raw, self.json) {
            (false, _) => Ok(()),
            (true, true) => writeln!(out, "{}", json!({ "framing": text })),
            (true, false) => writeln!(out, "= {text}"),
        }
    }

    fn print(&mut self, printed: &Printed, out: &mut dyn Write) -> io::Result<bool> {
        if self.json {
            serde_json::to_writer(&mut *out, printed)?;
            writeln!(out)?;
            return Ok(true);
        }
        let value = match (printed.value.as_str(), printed.value.is_null()) {
            (Some(text), _) => format!(" {text}"),
            (None, true) => String::new(),
            (None, false) => format!(" {}", printed.value),
        };
        let symbology = printed.symbology.as_ref().map_or(String::new(), |symbology| format!(" ({symbology})"));
        writeln!(out, "{}{value}{symbology}", printed.kind)?;
        for error in &printed.errors {
            writeln!(out, "  wrong: {error}")?;
        }
        for warning in &printed.warnings {
            writeln!(out, "  doubtful: {warning}")?;
        }
        Ok(true)
    }
}

fn printed(scan: &Scan, expect: Option<NumberKind>) -> Printed {
    let symbology = scan.symbology.map(|symbology| symbology.to_string());
    let plain = |kind: &str, value| Printed {
        kind: kind.into(),
        value,
        symbology: symbology.clone(),
        errors: Vec::new(),
        warnings: Vec::new(),
    };
    match &scan.content {
        Content::Number(digits) => {
            let judged = cards::judge(digits, expect);
            let value = Value::String(digits.to_string());
            Printed { errors: judged.errors, warnings: judged.warnings, ..plain(judged.kind.name(), value) }
        }
        Content::Document(zone) => {
            let warnings =
                if zone.name_may_be_cut { vec!["the name fills its line and may go on".into()] } else { vec![] };
            Printed { warnings, ..plain("MRZ", document(zone)) }
        }
        Content::Fields(fields) => {
            let mut printed = plain("fields", Value::Null);
            let mut values = serde_json::Map::new();
            for (name, text) in fields {
                values.insert(key(*name).into(), Value::String(text.to_string()));
                if let Some(kind) = number(*name) {
                    let judged = cards::judge(text, Some(kind));
                    let named = |text: String| format!("{}: {text}", key(*name));
                    printed.errors.extend(judged.errors.into_iter().map(named));
                    printed.warnings.extend(judged.warnings.into_iter().map(named));
                }
            }
            Printed { value: Value::Object(values), ..printed }
        }
    }
}

fn unreadable(why: Unreadable) -> Printed {
    Printed {
        kind: "unreadable".into(),
        value: Value::Null,
        symbology: None,
        errors: vec![why.to_string()],
        warnings: Vec::new(),
    }
}

fn document(zone: &Mrz) -> Value {
    json!({
        "format": format!("{:?}", zone.format).to_uppercase(),
        "document": zone.document_code.as_str(),
        "issuer": zone.issuer.as_str(),
        "number": zone.number.as_str(),
        "surname": zone.surname.as_str(),
        "given_names": zone.given_names.as_str(),
        "nationality": zone.nationality.as_str(),
        "birth": date(zone.birth),
        "sex": format!("{:?}", zone.sex).to_lowercase(),
        "expiry": date(zone.expiry),
        "optional": zone.optional.as_str(),
    })
}

/// `74-08-12`; the century does not stand in the zone, and an unknown part is `??`.
fn date(date: MrzDate) -> String {
    let part = |part: Option<u8>| part.map_or("??".into(), |part| format!("{part:02}"));
    format!("{}-{}-{}", part(date.year), part(date.month), part(date.day))
}

fn key(name: FieldName) -> &'static str {
    match name {
        FieldName::Nik => "nik",
        FieldName::Kpj => "kpj",
        FieldName::FamilyCard => "family-card",
        FieldName::TaxNumber => "tax-number",
        FieldName::Name => "name",
    }
}

fn number(name: FieldName) -> Option<NumberKind> {
    match name {
        FieldName::Nik => Some(NumberKind::Nik),
        FieldName::Kpj => Some(NumberKind::Kpj),
        FieldName::FamilyCard => Some(NumberKind::Kk),
        FieldName::TaxNumber => Some(NumberKind::Npwp),
        FieldName::Name => None,
    }
}
