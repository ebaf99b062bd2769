//! Command line of the booth.

use anyhow::Context as _;
use bilik_booth::config::{Config, ConfigError, LogFormat};
use bilik_booth::identity::Identity;
use bilik_booth::scan::{self, ScanArgs};
use bilik_booth::{chain, enrol, queue};
use bilik_claim::ids::Digest;
use bilik_journal::Keys;
use clap::{Parser, Subcommand};
use std::io::{BufRead as _, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use zeroize::Zeroizing;

/// Bytes of a PIN on standard input, its end of line included.
const LONGEST_PIN: usize = 64;

/// Contactless claim booth.
#[derive(Parser)]
#[command(name = "bilik-booth", version)]
struct Cli {
    /// Configuration (TOML); see booth.example.toml.
    #[arg(long, global = true, default_value = "/etc/bilik/booth.toml")]
    config: PathBuf,
    /// Test the configuration, say what is wrong, and stop.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Get this booth's identity from its hub.
    Enrol {
        /// host:port of the hub's console.
        #[arg(long)]
        hub: String,
        /// The code that `bilik-hub enrol-code` printed.
        #[arg(long)]
        code: String,
        /// 6 to 10 digits that open the service menu from then on; "-" reads them from standard input, where the shell does
        /// not note them. Without it the PIN stays as it is, and the menu of a booth that has none stays shut.
        #[arg(long)]
        pin: Option<String>,
    },
    /// Show what a card reader sends, or find the profile that fits it.
    Scan(ScanArgs),
    /// Claims that the hub has not confirmed.
    Queue {
        #[command(subcommand)]
        command: QueueCommand,
    },
}

#[derive(Subcommand)]
enum QueueCommand {
    /// List them, without personal data.
    List,
    /// Copy them, still sealed, to a directory such as a stick.
    #[command(alias = "recover")]
    Export { directory: PathBuf },
    /// Check that each is as it was stored, and the audit trail.
    Verify {
        /// Hash of a head of the audit trail that was noted earlier: it must still be part of it.
        #[arg(long)]
        head: Option<Digest>,
    },
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let config = Config::load(&cli.config);
    if let Some(Command::Scan(args)) = &cli.command {
        return scanned(args, config);
    }
    let config = match config {
        Ok(config) => config,
        Err(error) => return fail(&error.to_string(), 2),
    };
    if cli.check {
        return say(&format!("{}: configuration is valid", cli.config.display()));
    }
    start_log(config.log, "info");
    let done = match cli.command {
        None => {
            // Read by the window system when the first window opens; before any other thread exists.
            unsafe { std::env::set_var("SLINT_SCALE_FACTOR", config.screen.scale.to_string()) };
            bilik_booth::run(&config, |_| {})
        }
        Some(Command::Enrol { hub, code, pin }) => enrolled(&config, &hub, &code, pin),
        Some(Command::Scan(_)) => Ok(()),
        Some(Command::Queue { command }) => queued(&config, command),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&chain(error.as_ref()), 1),
    }
}

fn enrolled(config: &Config, hub: &str, code: &str, pin: Option<String>) -> anyhow::Result<()> {
    // The keys are made here.
    bilik_booth::memory::protect();
    let pin = match pin.map(Zeroizing::new) {
        Some(pin) if *pin == "-" => Some(typed_pin()?),
        pin => pin,
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("failed to start")?;
    let identity = runtime.block_on(enrol::enrol(
        &config.state_dir,
        hub,
        code,
        pin.as_deref().map(String::as_str),
        Arc::new(rustls::time_provider::DefaultTimeProvider),
    ))?;
    say(&format!("enrolled as {} ({}) at {}", identity.hub.booth_name, identity.hub.booth, identity.hub.branch_name));
    Ok(())
}

/// A line of standard input. Longer than any PIN is refused like one that is too long.
fn typed_pin() -> anyhow::Result<Zeroizing<String>> {
    let mut line = Zeroizing::new(String::with_capacity(LONGEST_PIN));
    let mut input = std::io::BufReader::new(std::io::stdin().take(LONGEST_PIN as u64));
    input.read_line(&mut line).context("failed to read the service PIN")?;
    let length = line.trim_end_matches(['\r', '\n']).len();
    line.truncate(length);
    Ok(line)
}

fn queued(config: &Config, command: QueueCommand) -> anyhow::Result<()> {
    let (state_dir, out) = (&config.state_dir, &mut std::io::stdout().lock());
    match command {
        QueueCommand::List => queue::list(state_dir, out)?,
        QueueCommand::Export { directory } => queue::export(state_dir, &directory, out)?,
        QueueCommand::Verify { head } => {
            let identity = Identity::load(state_dir)?;
            // An identity without a key for receipts does not load.
            let keys = identity.as_ref().and_then(|identity| {
                let (manifest, receipt) = (identity.manifest_key().verifying_key(), identity.receipt_key()?);
                Some(Keys { manifest, receipt })
            });
            queue::verify(state_dir, keys.as_ref(), head, out)?;
        }
    }
    Ok(())
}

/// A reader is tried out on any PC: without a configuration too, but not with a broken one.
fn scanned(args: &ScanArgs, config: Result<Config, ConfigError>) -> ExitCode {
    let config = match config {
        Ok(config) => Some(config),
        Err(error) if error.is_missing() => None,
        Err(error) => return fail(&error.to_string(), 2),
    };
    start_log(LogFormat::Text, "warn");
    match scan::run(args, config.as_ref(), &mut std::io::stdout().lock(), &mut std::io::stderr()) {
        Ok(()) => ExitCode::SUCCESS,
        // A closed pipe is the choice of whoever reads it.
        Err(error) if is_broken_pipe(error.as_ref()) => ExitCode::SUCCESS,
        Err(error) => fail(&chain(error.as_ref()), 1),
    }
}

fn is_broken_pipe(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<std::io::Error>().is_some_and(|error| error.kind() == std::io::ErrorKind::BrokenPipe)
}

fn start_log(format: LogFormat, usual: &str) {
    let asked = std::env::var("BILIK_LOG").unwrap_or_else(|_| usual.into());
    // These write whole frames at their finer levels, and a frame can hold a person's data.
    let quiet =
        "tungstenite=info,tokio_tungstenite=info,hyper=info,hyper_util=info,reqwest=info,rustls=info,str0m=info";
    let filter = tracing_subscriber::EnvFilter::new(format!("{asked},{quiet}"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    match format {
        LogFormat::Text => log.with_ansi(false).init(),
        LogFormat::Json => log.json().init(),
    }
}

fn say(text: &str) -> ExitCode {
    // A closed pipe is the reader's choice.
    let _ = writeln!(std::io::stdout(), "{text}");
    ExitCode::SUCCESS
}

fn fail(text: &str, code: u8) -> ExitCode {
    let _ = writeln!(std::io::stderr(), "bilik-booth: {text}");
    ExitCode::from(code)
}
