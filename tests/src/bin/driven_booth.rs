//! The booth's own program, with a robot's finger instead of a person's: `driven-booth CONFIG`.

use anyhow::Context as _;
use bilik_booth::config::Config;
use bilik_tests::control;
use std::path::Path;

fn main() -> anyhow::Result<()> {
    let path = std::env::args().nth(1).context("usage: driven-booth CONFIG")?;
    let socket = std::env::var(control::SOCKET_VARIABLE).context("no socket is named")?;
    let config = Config::load(Path::new(&path))?;
    let filter = tracing_subscriber::EnvFilter::try_from_env("BILIK_LOG").unwrap_or_else(|_| "info".into());
    tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false).with_writer(std::io::stderr).init();
    let mut served = Ok(());
    bilik_booth::run(&config, |window| served = control::serve(Path::new(&socket), window))?;
    served
}
