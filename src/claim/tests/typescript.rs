//! The console's copy of the wire contract: `ui/console/src/wire/wire.ts` is made here from the Rust types and never
//! edited by hand, so a change of a message is a compile error in the console.
//!
//! The test compares; `make types` writes.

use bilik_claim::document::DocumentKind;
use bilik_claim::identity::BANKS;
use bilik_claim::reason::REASONS;
use bilik_claim::sentence::{self, Code, RETURN_REASONS};
use bilik_claim::session::claim::ClaimRecord;
use bilik_claim::session::item::{Field, Item};
use bilik_claim::statistics::DayStatistics;
use bilik_claim::text::Text;
use bilik_claim::wire::{ConsoleToHub, HubToConsole, MAX_FRAME, MAX_MESSAGE, NARROW_KBPS, PROTOCOL};
use std::collections::BTreeMap;
use std::path::Path;
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "\
// Made from src/claim by its test `typescript`; do not edit. To write it anew:
// make types
";

#[test]
fn console_types_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/console/src/wire/wire.ts");
    let expect = file().unwrap();
    if std::env::var_os("BILIK_WRITE_TYPES").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expect).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expect.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(
        found == expect,
        "ui/console/src/wire/wire.ts is outdated (first difference in line {}): run \
         `make types` and commit the file",
        differs.unwrap_or(expect.lines().count().min(found.lines().count())) + 1,
    );
}

fn file() -> serde_json::Result<String> {
    let mut types = Types { config: Config::new(), declarations: BTreeMap::new() };
    types.visit::<ConsoleToHub>();
    types.visit::<HubToConsole>();
    types.visit::<ClaimRecord>();
    types.visit::<DayStatistics>();
    let unchecked: Vec<&Field> = Field::ALL.iter().filter(|field| !field.is_checked()).collect();
    let banks: BTreeMap<&str, &str> = BANKS.iter().map(|bank| (bank.code, bank.name)).collect();

    let mut parts = vec![HEAD.to_owned()];
    parts.extend(types.declarations.into_values().map(|declaration| declaration + "\n"));
    parts.push(format!(
        "export const PROTOCOL = {PROTOCOL};\n\
         /** Longest frame, in bytes. */\n\
         export const MAX_FRAME = {MAX_FRAME};\n\
         /** Longest text to a participant, in characters. */\n\
         export const MAX_MESSAGE = {MAX_MESSAGE};\n\
         /** A path that carries less, in kbit/s, makes the picture of a booth in focus small and slow. */\n\
         export const NARROW_KBPS = {NARROW_KBPS};\n"
    ));
    parts.push(format!(
        "/** Fields that no officer has to look at. */\n\
         export const UNCHECKED_FIELDS: readonly Field[] = {};\n",
        serde_json::to_string(&unchecked)?
    ));
    parts.push(format!(
        "/** Banks by the code that a claim holds. */\n\
         export const BANK_NAMES: Readonly<Partial<Record<string, string>>> = {};\n",
        serde_json::to_string_pretty(&banks)?
    ));
    parts.push(titles("FIELD_TITLES", "Field", Field::ALL.iter().map(|field| (*field, field.title())))?);
    parts.push(titles("DOCUMENT_TITLES", "DocumentKind", DocumentKind::ALL.iter().map(|kind| (*kind, kind.title())))?);
    parts.push(titles("REASON_TITLES", "Reason", REASONS.iter().map(|row| (row.reason, row.title)))?);
    parts.push(titles("SENTENCES", "Code", Code::ALL.iter().map(|code| (*code, code.text())))?);
    let codes = |of: Item| sentence::ask_again(of).to_vec();
    let fields = Field::ALL.iter().map(|field| (serde_json::json!(field), codes(Item::Field(*field))));
    let papers = DocumentKind::ALL.iter().map(|kind| (serde_json::json!(kind), codes(Item::Document(*kind))));
    parts.push("/** Why an item is asked for again. */".to_owned());
    parts.push(lists("ASK_AGAIN", "Field | DocumentKind", fields.chain(papers))?);
    parts.push(format!(
        "/** Why a claim goes back as a whole. */\n\
         export const RETURN_REASONS: readonly Code[] = {};\n",
        serde_json::to_string(RETURN_REASONS)?
    ));
    Ok(parts.join("\n"))
}

/// A table of titles by wire name, in the order of the list.
fn titles<T: serde::Serialize>(
    name: &str,
    of: &str,
    rows: impl Iterator<Item = (T, Text)>,
) -> serde_json::Result<String> {
    let mut lines = vec![format!("export const {name}: Record<{of}, Record<Language, string>> = {{")];
    for (key, title) in rows {
        let (key, id, en) =
            (serde_json::to_string(&key)?, serde_json::to_string(title.id)?, serde_json::to_string(title.en)?);
        lines.push(format!("  {key}: {{ id: {id}, en: {en} }},"));
    }
    lines.push("};\n".to_owned());
    Ok(lines.join("\n"))
}

/// A table of sentences by wire name.
fn lists(
    name: &str,
    of: &str,
    rows: impl Iterator<Item = (serde_json::Value, Vec<Code>)>,
) -> serde_json::Result<String> {
    let mut lines = vec![format!("export const {name}: Record<{of}, readonly Code[]> = {{")];
    for (key, codes) in rows {
        lines.push(format!("  {key}: {},", serde_json::to_string(&codes)?));
    }
    lines.push("};\n".to_owned());
    Ok(lines.join("\n"))
}

/// Collects a declaration of each named type that is reached, by name.
struct Types {
    config: Config,
    declarations: BTreeMap<String, String>,
}

impl TypeVisitor for Types {
    fn visit<T: TS + 'static + ?Sized>(&mut self) {
        // Numbers, strings and lists have no file to be declared in.
        if T::output_path().is_some() {
            let name = T::ident(&self.config);
            if self.declarations.contains_key(&name) {
                return;
            }
            let docs = T::docs().unwrap_or_default();
            let declaration = format!("{docs}export {}", T::decl(&self.config));
            self.declarations.insert(name, declaration);
        }
        T::visit_dependencies(self);
        T::visit_generics(self);
    }
}
