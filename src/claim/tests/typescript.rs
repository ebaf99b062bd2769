//! The console's copy of the wire contract: `ui/console/src/wire/wire.ts` is made here from the Rust types and never
//! edited by hand, so a change of a message is a compile error in the console.
//!
//! The test compares; `BILIK_WRITE_TYPES=1 cargo nextest run -p bilik-claim --test typescript` writes.

use bilik_claim::document::DocumentKind;
use bilik_claim::identity::BANKS;
use bilik_claim::reason::REASONS;
use bilik_claim::session::claim::ClaimRecord;
use bilik_claim::session::item::Field;
use bilik_claim::text::Text;
use bilik_claim::wire::{ConsoleToHub, HubToConsole, MAX_FRAME, MAX_MESSAGE, PROTOCOL};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use ts_rs::{Config, TS, TypeVisitor};

const HEAD: &str = "\
// Made from src/claim by its test `typescript`; do not edit. To write it anew:
// BILIK_WRITE_TYPES=1 cargo nextest run -p bilik-claim --test typescript
";

#[test]
fn console_types_are_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../ui/console/src/wire/wire.ts");
    let expect = file();
    if std::env::var_os("BILIK_WRITE_TYPES").is_some_and(|value| value == "1") {
        std::fs::write(&path, &expect).unwrap();
    }
    let found = std::fs::read_to_string(&path).unwrap_or_default();
    let differs = expect.lines().zip(found.lines()).position(|(a, b)| a != b);
    assert!(
        found == expect,
        "ui/console/src/wire/wire.ts is outdated (first difference in line {}): run \
         `BILIK_WRITE_TYPES=1 cargo nextest run -p bilik-claim --test typescript` and commit the file",
        differs.unwrap_or(expect.lines().count().min(found.lines().count())) + 1,
    );
}

fn file() -> String {
    let mut types = Types { config: Config::new(), declarations: BTreeMap::new() };
    types.visit::<ConsoleToHub>();
    types.visit::<HubToConsole>();
    types.visit::<ClaimRecord>();

    let mut text = HEAD.to_owned();
    for declaration in types.declarations.values() {
        write!(text, "\n{declaration}\n").unwrap();
    }
    write!(text, "\nexport const PROTOCOL = {PROTOCOL};\n").unwrap();
    write!(text, "/** Longest frame, in bytes. */\nexport const MAX_FRAME = {MAX_FRAME};\n").unwrap();
    write!(text, "/** Longest text to a participant, in characters. */\nexport const MAX_MESSAGE = {MAX_MESSAGE};\n")
        .unwrap();
    let unchecked: Vec<String> = Field::ALL.iter().filter(|field| !field.is_checked()).map(code).collect();
    let unchecked = serde_json::to_string(&unchecked).unwrap();
    write!(text, "\n/** Fields that no officer has to look at. */\n").unwrap();
    writeln!(text, "export const UNCHECKED_FIELDS: readonly Field[] = {unchecked};").unwrap();
    let banks: BTreeMap<&str, &str> = BANKS.iter().map(|bank| (bank.code, bank.name)).collect();
    let banks = serde_json::to_string_pretty(&banks).unwrap();
    write!(text, "\n/** Banks by the code that a claim holds. */\n").unwrap();
    writeln!(text, "export const BANK_NAMES: Readonly<Partial<Record<string, string>>> = {banks};").unwrap();
    let title = |code: &str, title: Text| (code.to_owned(), title);
    titles(
        &mut text,
        "FIELD_TITLES: Record<Field, Record<Language, string>>",
        Field::ALL.iter().map(|field| title(code(field).as_str(), field.title())),
    );
    titles(
        &mut text,
        "DOCUMENT_TITLES: Record<DocumentKind, Record<Language, string>>",
        DocumentKind::ALL.iter().map(|kind| title(kind.code(), kind.title())),
    );
    titles(
        &mut text,
        "REASON_TITLES: Record<Reason, Record<Language, string>>",
        REASONS.iter().map(|row| title(code(&row.reason).as_str(), row.title)),
    );
    text
}

/// The wire name of a variant without content.
fn code(value: &impl serde::Serialize) -> String {
    serde_json::to_value(value).unwrap().as_str().unwrap().to_owned()
}

fn titles(text: &mut String, name: &str, rows: impl Iterator<Item = (String, Text)>) {
    write!(text, "\nexport const {name} = {{\n").unwrap();
    for (code, title) in rows {
        let quoted = |text: &str| serde_json::to_string(text).unwrap();
        writeln!(text, "  {code}: {{ id: {}, en: {} }},", quoted(title.id), quoted(title.en)).unwrap();
    }
    text.push_str("};\n");
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
