//! The command line. Exit codes: 0 done, 1 failed, 2 bad configuration or usage.

mod enrol;
mod keys;
mod update;

use crate::admin::{self, AdminError};
use crate::clock::wall_now;
use crate::config::{Config, LogFormat};
use crate::ledger::{AuditState, Role};
use crate::picture;
use crate::recover;
use crate::server;
use bilik_claim::ids::{BoothId, ClaimId, Digest};
use bilik_claim::recovery::MAX_BYTES as MAX_TOKEN;
use bilik_claim::text::Language;
use clap::{Parser, Subcommand};
use qrcode::QrCode;
use qrcode::render::unicode::Dense1x2;
use std::io::{self, BufRead as _, Read as _, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use tracing_subscriber::EnvFilter;
use zeroize::Zeroizing;

const FAILED: u8 = 1;
const BAD_CONFIGURATION: u8 = 2;

/// Branch server of the Bilik claim booths.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Configuration file; hub.example.toml explains every key.
    #[arg(long, global = true, default_value = "/etc/bilik-hub/hub.toml")]
    config: PathBuf,
    /// Check configuration, keys and ledger, and stop.
    #[arg(long)]
    check: bool,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Make the state directory, the keys and the ledger.
    Init,
    /// Print the certificate of the branch authority (PEM).
    Ca,
    /// Make a code that lets one booth in, once, within ten minutes or as many hours as you say.
    EnrolCode(enrol::EnrolCode),
    /// Write the file for the stick that sets one booth up: hub, enrolment code, network, card reader, PIN.
    Provision(Box<enrol::Provision>),
    /// Booths that have enrolled.
    #[command(subcommand)]
    Booth(BoothCommand),
    /// The update that booths fetch from this hub: what is offered, and what has become of it at each booth.
    Update(update::Update),
    /// Check the code of a booth's service menu: whose booth it is, and which system it runs.
    Attest {
        /// What the code says: one line that begins with bilik1.
        #[arg(required = true)]
        line: Vec<String>,
    },
    /// Accounts of officers.
    #[command(subcommand)]
    Officer(OfficerCommand),
    /// List the newest claims.
    Claims {
        #[arg(long, default_value_t = 100)]
        limit: u32,
        /// Those instead that a booth has a receipt of and that nobody has any more: after a backup was put back.
        #[arg(long)]
        missing: bool,
    },
    /// Copy the ledger to DIR/hub-TIME.db, beside a hub at work. KEYS.md tells how it is put back.
    Backup {
        /// Copy the keys too, to DIR/hub-TIME.keys: whoever gets hold of both can read every claim.
        #[arg(long)]
        with_keys: bool,
        dir: PathBuf,
    },
    /// The hub's keys. KEYS.md tells what each does.
    #[command(subcommand)]
    Keys(keys::KeysCommand),
    /// Write a claim and what officers noted about it in clear into a new directory.
    Export {
        #[arg(long)]
        claim: ClaimId,
        dir: PathBuf,
    },
    /// Take in what `bilik-booth queue recover` copied out of a booth's queue, also of a booth that is revoked. Writes
    /// CLAIM/receipt.json. May be repeated, and run beside the hub.
    Recover {
        /// The key that the claims are sealed to, one of this hub's; without it, all of them are tried.
        #[arg(long)]
        identity: Option<PathBuf>,
        queue_dir: PathBuf,
    },
    /// Print the passphrase of a dead booth's disk. Reads the token from standard input: on the PC that the disk is in,
    /// `cryptsetup token export --token-id=7 PARTITION` writes it. KEYS.md tells the rest.
    RecoverDisk,
    /// Walk the audit trail; fails if an entry was changed, removed or inserted.
    VerifyAudit {
        /// A head noted earlier, which must still be part of the trail.
        #[arg(long)]
        head: Option<Digest>,
    },
    /// The hub starts this itself, for each photograph.
    #[command(name = picture::child::COMMAND, hide = true)]
    DecodeImage,
}

#[derive(Subcommand)]
enum BoothCommand {
    /// All of them, with the end of each one's audit trail, for `bilik-booth queue verify --head`.
    List,
    /// Shut a booth out for good.
    Revoke {
        #[arg(long)]
        booth: BoothId,
    },
}

#[derive(Subcommand)]
enum OfficerCommand {
    /// Add an account; prints what the authenticator app needs.
    Add {
        /// What the officer types to log in.
        #[arg(long)]
        name: String,
        /// What participants and colleagues see.
        #[arg(long)]
        display: String,
        #[arg(long, default_value_t = Role::Officer)]
        role: Role,
        /// Languages the officer speaks: id, en.
        #[arg(long, value_delimiter = ',', default_value = "id,en", value_parser = language)]
        languages: Vec<Language>,
        /// Read the password from standard input; otherwise one is made and printed.
        #[arg(long)]
        password_stdin: bool,
        /// Print JSON.
        #[arg(long)]
        json: bool,
    },
    List,
    /// Shut an account.
    Disable {
        #[arg(long)]
        name: String,
    },
}

/// Runs the program.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    // Knows no configuration: it is given one file, and has to do without all others.
    if matches!(arguments.command, Some(Command::DecodeImage)) {
        return picture::child::main();
    }
    let config = match Config::load(&arguments.config) {
        Ok(config) => config,
        Err(error) => return complain(&error.to_string(), BAD_CONFIGURATION),
    };
    let result = match (&arguments.command, arguments.check) {
        (None, true) => admin::check(&config).and_then(|()| print(&format!("{}: good\n", arguments.config.display()))),
        (None, false) => return serve(&arguments, config),
        (Some(command), _) => run(command, &config),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => complain(&explain(&arguments, &error), code_of(&error)),
    }
}

fn serve(arguments: &Arguments, config: Config) -> ExitCode {
    start_log(&config);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return complain(&format!("failed to start the runtime: {error}"), FAILED),
    };
    let result = runtime.block_on(async {
        let signals = server::termination().map_err(server::ServeError::Signals)?;
        server::serve(config, signals).await
    });
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(server::ServeError::Admin(error)) => complain(&explain(arguments, &error), code_of(&error)),
        Err(error @ (server::ServeError::Console(_) | server::ServeError::Listen { .. })) => {
            complain(&format!("{}: {}", arguments.config.display(), chain(&error)), BAD_CONFIGURATION)
        }
        Err(error) => complain(&chain(&error), FAILED),
    }
}

fn run(command: &Command, config: &Config) -> Result<(), AdminError> {
    let mut out = String::new();
    let mut line = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    match command {
        Command::Init => {
            for name in admin::init(config)? {
                line(format!("made {}", config.state_dir.join(name).display()));
            }
        }
        Command::Ca => line(crate::keys::authority_pem(&config.state_dir)?.trim_end().to_owned()),
        Command::EnrolCode(command) => enrol::code(command, config)?.into_iter().for_each(&mut line),
        Command::Provision(command) => enrol::provision(command, config)?.into_iter().for_each(&mut line),
        Command::Booth(BoothCommand::List) => {
            admin::list_booths(config)?.into_iter().for_each(&mut line);
        }
        Command::Booth(BoothCommand::Revoke { booth }) => admin::revoke_booth(config, *booth)?,
        Command::Attest { line: words } => {
            admin::attest(config, &words.join(" "), wall_now())?.into_iter().for_each(&mut line);
        }
        Command::Update(command) => update::run(command, config)?.into_iter().for_each(&mut line),
        Command::Officer(OfficerCommand::Add { name, display, role, languages, password_stdin, json }) => {
            let password = if *password_stdin { read_line()? } else { make_password() };
            let made = admin::add_officer(config, name, display, *role, languages, &password)?;
            if *json {
                let mut object = serde_json::json!({
                    "officer": made.officer, "totp_secret": made.totp_secret, "uri": made.uri,
                });
                if !password_stdin {
                    object["password"] = password.as_str().into();
                }
                line(object.to_string());
            } else {
                if !password_stdin {
                    line(format!("password: {}", password.as_str()));
                }
                line(format!("one-time codes: {}", made.uri));
                if let Ok(code) = QrCode::new(&made.uri) {
                    line(code.render::<Dense1x2>().quiet_zone(true).build());
                }
            }
        }
        Command::Officer(OfficerCommand::List) => {
            for officer in admin::officers(config)? {
                let state = if officer.disabled { "disabled" } else { "active" };
                line(format!("{}  {state:8} {:10} {}  {}", officer.officer, officer.role, officer.login, officer.name));
            }
        }
        Command::Officer(OfficerCommand::Disable { name }) => admin::disable_officer(config, name)?,
        Command::Claims { missing: true, .. } => {
            admin::missing_lines(&admin::missing(config)?).into_iter().for_each(&mut line);
        }
        Command::Backup { with_keys, dir } => {
            let made = admin::backup(config, dir, *with_keys)?;
            let (path, size, horizon) = (made.ledger.display(), made.size, made.horizon);
            line(format!("made {path}: {size} bytes, claims up to number {horizon}"));
            match made.keys {
                Some(keys) => line(format!("made {}: keep it apart from the ledger", keys.display())),
                None => line("without the keys, and of no use without them. Keep these safe, apart from it:".into()),
            }
            made.key_files.iter().for_each(|path| line(format!("  {}", path.display())));
        }
        Command::Keys(command) => keys::run(command, config)?.into_iter().for_each(&mut line),
        Command::Claims { limit, missing: false } => {
            for claim in admin::claims(config, *limit)? {
                line(format!(
                    "{:6}  {}  {}  {:10}  {}  {}",
                    claim.sequence, claim.claim, claim.tracking, claim.state, claim.received_at, claim.booth_name
                ));
            }
        }
        Command::Export { claim, dir } => {
            let files = admin::export(config, *claim, dir)?;
            line(format!("{files} files in {}", dir.display()));
        }
        Command::Recover { identity, queue_dir } => {
            // Told at once: it may take long, and what is done stays done.
            recover::recover(config, identity.as_deref(), queue_dir, |claim| {
                print(&format!("{}  {}\n", claim.name, claim.outcome))
            })?;
        }
        Command::RecoverDisk => {
            let mut token = Vec::new();
            let read = io::stdin().lock().take(MAX_TOKEN as u64).read_to_end(&mut token);
            read.map_err(|error| AdminError::Refused(format!("failed to read standard input: {error}")))?;
            line(admin::recover_disk(config, &token)?.to_string());
        }
        // Was done before there was a configuration.
        Command::DecodeImage => {}
        Command::VerifyAudit { head } => match admin::verify_audit(config, *head)? {
            AuditState::Intact { entries, head, noted: true } => {
                line(format!("intact: {entries} entries, head {head}"))
            }
            AuditState::Intact { entries, noted: false, .. } => {
                return Err(AdminError::Refused(format!(
                    "the {entries} entries follow from each other, but the noted head is not among them: the end was cut off"
                )));
            }
            AuditState::Broken { sequence } => {
                return Err(AdminError::Refused(format!("the audit trail is broken at entry {sequence}")));
            }
        },
    }
    print(&out)
}

fn print(text: &str) -> Result<(), AdminError> {
    io::stdout()
        .write_all(text.as_bytes())
        .map_err(|source| AdminError::Write { path: PathBuf::from("standard output"), source })
}

/// Logs go to standard error; journald adds the time in the image, but a terminal needs it too.
fn start_log(config: &Config) {
    // `Config` has parsed the filter before.
    let filter = EnvFilter::try_new(&config.log_filter).unwrap_or_else(|_| EnvFilter::new("info"));
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(io::stderr);
    // A logger that is there already (in tests) stays.
    let _ = match config.log {
        LogFormat::Text => builder.with_ansi(false).try_init(),
        LogFormat::Json => builder.json().try_init(),
    };
}

fn read_line() -> Result<Zeroizing<String>, AdminError> {
    let mut text = Zeroizing::new(String::with_capacity(1024));
    let read = io::stdin().lock().take(1024).read_line(&mut text);
    read.map_err(|error| AdminError::Refused(format!("failed to read standard input: {error}")))?;
    Ok(Zeroizing::new(text.trim_end_matches(['\r', '\n']).to_owned()))
}

/// 100 bits, in letters and digits that look different from each other.
fn make_password() -> Zeroizing<String> {
    const LETTERS: &[u8; 32] = b"abcdefghjkmnpqrstuvwxyz023456789";
    let random: [u8; 20] = rand::random();
    let letter = |(place, byte): (usize, &u8)| {
        let dash = (place > 0 && place % 5 == 0).then_some('-');
        dash.into_iter().chain([char::from(LETTERS[usize::from(byte % 32)])])
    };
    Zeroizing::new(random.iter().enumerate().flat_map(letter).collect())
}

fn language(code: &str) -> Result<Language, String> {
    [Language::Id, Language::En]
        .into_iter()
        .find(|language| language.code() == code)
        .ok_or_else(|| "must be id or en".to_owned())
}

fn code_of(error: &AdminError) -> u8 {
    match error {
        AdminError::Config(_) | AdminError::Keys(_) | AdminError::Console(_) | AdminError::Open(_) => BAD_CONFIGURATION,
        AdminError::Ledger(_)
        | AdminError::Refused(_)
        | AdminError::Backup { .. }
        | AdminError::Read { .. }
        | AdminError::Write { .. } => FAILED,
    }
}

/// Keys and ledger are found through `state_dir`, so that is the key an operator has to look at.
fn explain(arguments: &Arguments, error: &AdminError) -> String {
    match error {
        AdminError::Keys(_) | AdminError::Open(_) => {
            format!("{}: state_dir: {}", arguments.config.display(), chain(error))
        }
        AdminError::Console(_) => format!("{}: {}", arguments.config.display(), chain(error)),
        AdminError::Config(_)
        | AdminError::Ledger(_)
        | AdminError::Refused(_)
        | AdminError::Backup { .. }
        | AdminError::Read { .. }
        | AdminError::Write { .. } => chain(error),
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        let more = error.to_string();
        // A transparent error repeats the words of its source.
        if !text.ends_with(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        source = error.source();
    }
    text
}

fn complain(text: &str, code: u8) -> ExitCode {
    // Nothing more can be done if standard error is closed.
    let _ = writeln!(io::stderr(), "{text}");
    ExitCode::from(code)
}
