//! Opens a line with a shipped profile, prints the wanted and the actual settings as one line of JSON, then the kind and the
//! length of each scan, until standard input ends: `line PORT PROFILE`, e.g. `line /dev/ttyS1 olivetti`.

use bilik_scanner::{Content, LineSettings, Profiles, Reader, ReaderConfig, ReaderEvent, Watch};
use serde_json::{Value, json};
use std::io::{Read, Write};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let (Some(port), Some(name)) = (arguments.next(), arguments.next()) else {
        return Err("usage: line PORT PROFILE".into());
    };
    let profiles = Profiles::shipped();
    let profile =
        profiles.by_name(&name).ok_or_else(|| format!("no profile {name}, but {}", profiles.names()))?.clone();
    let wanted = profile.line;
    let watch = move |watch: Watch<'_>| match watch {
        Watch::Opened { path, settings } => print(
            &json!({ "port": path, "wanted": shown(&wanted), "actual": shown(&settings), "same": wanted == settings }),
        ),
        Watch::Errors(count) => print(&json!({ "line_errors": count })),
        Watch::Received(_) | Watch::Sent(_) | Watch::Framed(_) => {}
    };
    let sink = |event: ReaderEvent| match event {
        ReaderEvent::Ready => {}
        ReaderEvent::Reading => print(&json!({ "reading": true })),
        ReaderEvent::Lost { reason } => print(&json!({ "lost": reason.to_string() })),
        ReaderEvent::Unreadable(why) => print(&json!({ "unreadable": why.to_string() })),
        ReaderEvent::Doubt(doubt) => print(&json!({ "doubt": doubt.to_string() })),
        ReaderEvent::Scan(scan) => print(&match &scan.content {
            Content::Number(digits) => json!({ "scan": "number", "length": digits.len() }),
            Content::Document(mrz) => json!({ "scan": "document", "format": format!("{:?}", mrz.format) }),
            Content::Fields(fields) => json!({ "scan": "fields", "length": fields.len() }),
        }),
    };
    let reader = Reader::spawn_watched(ReaderConfig { port: port.parse()?, profile }, sink, watch)?;
    let mut rest = [0; 64];
    while std::io::stdin().read(&mut rest)? > 0 {}
    drop(reader);
    Ok(())
}

fn shown(line: &LineSettings) -> Value {
    json!({ "line": line.to_string(), "settings": line })
}

/// A reader of the output that has gone away is no reason to stop reading cards.
fn print(value: &Value) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{value}").and_then(|()| out.flush());
}
