//! The house checks itself: who may depend on whom, how long a file may be.

use std::path::{Path, PathBuf};
use std::process::Command;

pub fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().to_owned()
}

/// Names of all crates that a crate is built from, itself included.
fn tree(krate: &str) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .args(["tree", "--offline", "--edges", "normal,build", "--prefix", "none", "--package", krate])
        .current_dir(root())
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter_map(|line| line.split_whitespace().next()).map(str::to_owned).collect()
}

#[test]
fn arrows_point_one_way() {
    let check = |krate: &str, may: &[&str]| {
        let own = tree(krate);
        let ours: Vec<_> = own.iter().filter(|name| name.starts_with("bilik-") && *name != krate).collect();
        for other in ours {
            assert!(may.contains(&other.as_str()), "{krate} must not depend on {other}");
        }
    };
    check("bilik-claim", &[]);
    check("bilik-scanner", &[]);
    check("bilik-media", &[]);
    check("bilik-ui", &[]);
    check("bilik-journal", &["bilik-claim"]);
    check("bilik-device", &["bilik-claim"]);
    check("bilik-hub", &["bilik-claim"]);
    check("bilik-booth", &["bilik-claim", "bilik-device", "bilik-scanner", "bilik-journal", "bilik-media", "bilik-ui"]);
}

#[test]
fn some_crates_stay_apart() {
    let check = |krate: &str, never: &[&str]| {
        for name in tree(krate) {
            let is = |word: &str| name == word || name.starts_with(&format!("{word}-"));
            assert!(!never.iter().any(|word| is(word)), "{krate} must not need {name}");
        }
    };
    // The hub serves a branch without a screen or a camera; what decides does no I/O.
    check("bilik-hub", &["slint", "i-slint", "gstreamer", "str0m"]);
    check("bilik-claim", &["tokio", "mio", "rusqlite", "reqwest", "hyper", "slint", "gstreamer", "rand", "getrandom"]);
    check("bilik-ui", &["tokio", "rusqlite", "gstreamer"]);
}

/// A file is one room. Longer ones than this are named below, with the length that they may not exceed.
const LONGEST: usize = 420;
const LONGER: &[(&str, usize)] = &[];

#[test]
fn files_stay_short() {
    let mut long = Vec::new();
    for folder in ["src", "ui", "tests"] {
        visit(&root().join(folder), &mut |path| {
            let name = path.strip_prefix(root()).unwrap().to_string_lossy().into_owned();
            let generated = name.ends_with("wire/wire.ts");
            if generated || !["rs", "ts", "tsx", "slint", "css"].iter().any(|end| name.ends_with(&format!(".{end}"))) {
                return;
            }
            let text = std::fs::read_to_string(path).unwrap();
            // Tests do not count: they may be as many as the code needs.
            let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
            let is_test = name.contains("/tests/")
                || name.ends_with("tests.rs")
                || name.ends_with(".test.ts")
                || name.ends_with(".test.tsx");
            let most = LONGER.iter().find(|(file, _)| *file == name).map_or(LONGEST, |(_, most)| *most);
            let lines = code.lines().count();
            if lines > most && !is_test {
                long.push(format!("{name}: {lines} lines, at most {most}"));
            }
        });
    }
    assert!(long.is_empty(), "{}", long.join("\n"));
}

#[test]
fn nothing_of_the_workshop_is_named() {
    for folder in ["src", "ui", "tests", "kiosk-image"] {
        visit(&root().join(folder), &mut |path| {
            let Ok(text) = std::fs::read_to_string(path) else { return };
            for word in ["/work/", "/home/", "TODO", "FIXME", "XXX"] {
                let own = path.ends_with("e2e/tidy.rs");
                assert!(own || !text.contains(word), "{} contains {word:?}", path.display());
            }
        });
    }
}

/// Every file of ours below a folder.
fn visit(folder: &Path, each: &mut dyn FnMut(&Path)) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() {
            if name != "node_modules" && name != "dist" && name != "target" {
                visit(&path, each);
            }
        } else if path.extension().is_none_or(|end| !["png", "ttf", "woff2", "jpg"].iter().any(|binary| end == *binary))
        {
            each(&path);
        }
    }
}
