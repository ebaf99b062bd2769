//! How good the call is, beside a browser's: `make bench-media`.
//!
//! The booth's own program, the hub and the officer's console in Chromium stand on two sides of a cable that can be cut (network
//! namespaces, so it needs root). Beside it the same is done with a browser in the booth's place. Both receiving pages note the
//! same in the same way ([`seen`]), so that what it costs to look is paid by both.
//!
//! `bench-media [--short] [SECTION..]`: the sections are the names in [`SECTIONS`]. Figures mean something on a machine that does
//! nothing else; the table says how busy it was.

#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

mod figures;
mod net;
mod relay;
mod rival;
mod sections;
mod seen;
mod soak;
mod stage;
mod usage;

use anyhow::Context as _;
use bilik_tests::process::{self, program};
use figures::Table;
use sections::Effort;
use serde_json::json;

type Section = fn(Effort, &mut Table) -> anyhow::Result<()>;

const SECTIONS: [(&str, Section); 9] = [
    ("latency", sections::latency),
    ("first-picture", sections::first_picture),
    ("focus", sections::focus),
    ("usage", sections::usage),
    ("loss", sections::loss),
    ("hold", sections::hold),
    ("cuts", sections::cuts),
    ("six", sections::six),
    ("soak", soak::soak),
];

fn main() -> anyhow::Result<()> {
    process::stop_on_signal(net::remove_all)?;
    let words: Vec<String> = std::env::args().skip(1).collect();
    let effort = if words.iter().any(|word| word == "--short") { Effort::Short } else { Effort::Full };
    let wanted: Vec<&String> = words.iter().filter(|word| !word.starts_with('-')).collect();
    if let Some(unknown) = wanted.iter().find(|word| SECTIONS.iter().all(|(name, _)| name != **word)) {
        let names = SECTIONS.map(|(name, _)| name).join(", ");
        anyhow::bail!("there is no section {unknown:?}; there are {names}");
    }
    let file = program("bilik-hub")?.ancestors().nth(2).context("no target folder")?.join("bench/media.json");
    let load = load();
    println!("load before: {load:.2}");
    Table::head();
    let mut table = Table::default();
    for (name, section) in SECTIONS {
        if !wanted.is_empty() && wanted.iter().all(|word| *word != name) {
            continue;
        }
        // One that fails takes no other down.
        if let Err(error) = section(effort, &mut table) {
            table.failed(name, &error);
        }
    }
    let result = json!({
        "short": effort == Effort::Short,
        "optimised": !cfg!(debug_assertions),
        "load_before": load,
        "rows": table.into_rows(),
    });
    std::fs::create_dir_all(file.parent().context("no folder")?)?;
    std::fs::write(&file, format!("{result:#}\n")).with_context(|| format!("failed to write {}", file.display()))
}

/// Processes that wanted to run over the last minute, on average.
fn load() -> f64 {
    let text = std::fs::read_to_string("/proc/loadavg").unwrap_or_default();
    text.split(' ').next().and_then(|word| word.parse().ok()).unwrap_or(f64::NAN)
}
