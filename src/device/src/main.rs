//! Command line of the machine's service. Runs as root; see the library for what it is and why it is apart.

mod service;

use clap::{Parser, Subcommand};
use service::Machine;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

/// The privileged service of a claim booth's machine.
#[derive(Parser)]
#[command(name = "bilik-device", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
    /// Take this folder for the machine's root. For tests.
    #[arg(long, global = true, default_value = "/", hide = true)]
    root: PathBuf,
}

#[derive(Subcommand)]
enum Command {
    /// Do what the booth asks for.
    Serve {
        /// Where to listen.
        #[arg(long, default_value = bilik_device::SOCKET)]
        socket: PathBuf,
    },
    /// Open the data partition and mount it at /var; for an early stage of the start.
    Data,
}

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = tracing_subscriber::fmt().with_writer(std::io::stderr).with_ansi(false);
    // The journal has its own time.
    if std::env::var_os("JOURNAL_STREAM").is_some() {
        log.without_time().json().init()
    } else {
        log.init()
    }
    let machine = Machine::new(cli.root);
    let done = match cli.command {
        Command::Serve { socket } => service::serve(machine, &socket),
        Command::Data => service::mount_var(&machine).map_err(Into::into),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "bilik-device: {error:#}");
            ExitCode::FAILURE
        }
    }
}
