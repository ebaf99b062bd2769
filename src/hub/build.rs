//! The console is built by another tool chain. Where that has not run yet, a page that says so takes its place, so the
//! hub always compiles and a missing console is seen at once.

use std::path::Path;
use std::{env, fs, io};

const PLACEHOLDER: &str = r#"<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Bilik</title>
<h1>The console is not built</h1><p>Run <code>make console</code> and start the hub again.</p></html>
"#;

fn main() -> io::Result<()> {
    let manifest = env::var("CARGO_MANIFEST_DIR").map_err(io::Error::other)?;
    let dist = Path::new(&manifest).join("../../ui/console/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    let index = dist.join("index.html");
    if !index.exists() {
        fs::create_dir_all(&dist)?;
        fs::write(index, PLACEHOLDER)?;
    }
    Ok(())
}
