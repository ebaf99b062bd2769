//! `bilik-booth scan`: what a card reader sends, as it is understood. For technicians, on any PC: it needs no configuration.
//!
//! Scans go to standard output, one line each or one JSON object each; what else happens at the reader goes to standard
//! error, so that a script sees nothing but scans.

mod find;
mod print;
pub(crate) mod record;

use crate::cards::NumberKind;
use crate::config::Config;
use anyhow::Context as _;
use bilik_scanner::framing::Output;
use bilik_scanner::profile::{PayloadSettings, Trigger};
use bilik_scanner::{PortName, Profile, Profiles, Reader, ReaderConfig, ReaderEvent, Scan, Unreadable, Watch, profile};
use print::Printer;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::time::Instant;
use tokio::signal::unix::{SignalKind, signal};

/// Show what a card reader sends.
#[derive(Debug, clap::Args)]
pub struct ScanArgs {
    /// Device, or usb:VENDOR:PRODUCT[:SERIAL]; otherwise that of the configuration.
    #[arg(long)]
    port: Option<PortName>,
    /// Name of a profile, a profile's file, or "auto" to find the one that fits; otherwise that of the configuration.
    #[arg(long)]
    profile: Option<String>,
    /// One JSON object for each scan.
    #[arg(long)]
    json: bool,
    /// Show every byte and how the bytes were framed.
    #[arg(long)]
    raw: bool,
    /// What the number is, since 16 digits can be a NIK, a KK or an NPWP.
    #[arg(long, value_enum)]
    expect: Option<NumberKind>,
    /// Stop after so many scans.
    #[arg(long)]
    count: Option<u32>,
    /// List the profiles and stop.
    #[arg(long)]
    list: bool,
    /// Print the file of a shipped profile, to be copied and changed, and stop.
    #[arg(long, value_name = "NAME")]
    show: Option<String>,
    /// Show a recorded session instead of a reader.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["port", "list"])]
    replay: Option<PathBuf>,
    /// Record the bytes of this session; digits and letters are masked.
    #[cfg(feature = "technician")]
    #[arg(long, value_name = "FILE")]
    record: Option<PathBuf>,
    /// Record digits and letters as they are. Only with a specimen card: a recording of a person's card is personal data.
    #[cfg(feature = "technician")]
    #[arg(long, requires = "record")]
    unmasked: bool,
}

/// News that may wait to be printed. The reader's thread waits beyond that: better than memory without end.
const WAITING: usize = 1024;

/// What comes from the reader's thread, with the time where a recording needs it.
#[cfg_attr(not(feature = "technician"), expect(dead_code, reason = "the times are a recording's"))]
enum News {
    Event(ReaderEvent),
    Result(Result<Scan, Unreadable>),
    Opened(String),
    Received(Instant, Vec<u8>),
    Sent(Instant, Vec<u8>),
    Disturbed(u32),
    Framed(String),
    /// Somebody has pressed Ctrl-C: the reader is to be told to stop reading.
    Stop,
}

/// Runs the command until the reader is interrupted, `--count` is reached or the output is closed.
///
/// # Errors
/// What is missing or wrong in the arguments, or a port that cannot be opened while a profile is searched.
pub fn run(
    args: &ScanArgs,
    config: Option<&Config>,
    out: &mut dyn Write,
    status: &mut dyn Write,
) -> anyhow::Result<()> {
    let configured = config.and_then(|config| config.reader.as_ref());
    let profiles = configured.map_or_else(|| Ok(Profiles::shipped()), crate::config::Reader::profiles)?;
    if let Some(name) = &args.show {
        let text = Profiles::text(name).with_context(|| format!("no shipped profile is called {name:?}"))?;
        return Ok(write!(out, "{text}")?);
    }
    if args.list {
        return list(&profiles, out);
    }
    let mut printer = Printer::new(args.json, args.raw, args.expect);
    if let Some(file) = &args.replay {
        let name = args.profile.as_deref().or(configured.map(|reader| reader.profile.as_str())).unwrap_or("line");
        anyhow::ensure!(
            name != "auto",
            "a recording cannot be asked for another speed: name the profile instead of auto"
        );
        return record::replay(file, &chosen(name, &profiles)?, &mut printer, out, status);
    }
    let port =
        args.port.as_ref().or(configured.map(|reader| &reader.port)).context(
            "no card reader named: add --port with its device, or usb:VENDOR:PRODUCT; the devices there are:\n",
        );
    let port = match port {
        Ok(port) => port.clone(),
        Err(error) => anyhow::bail!("{error}{}", find::ports()),
    };
    let name = args.profile.as_deref().or(configured.map(|reader| reader.profile.as_str())).unwrap_or("auto");
    let profile = match name {
        "auto" => find::profile(&port, &profiles, status)?,
        name => chosen(name, &profiles)?,
    };
    show(args, ReaderConfig { port, profile }, &mut printer, out, status)
}

/// The profile of this name, or that of a file.
fn chosen(name: &str, profiles: &Profiles) -> anyhow::Result<Profile> {
    if name.ends_with(".toml") {
        return Ok(profile::read(Path::new(name))?);
    }
    let found = profiles.by_name(name);
    found.cloned().with_context(|| format!("there is no profile {name:?}; there are: auto, {}", profiles.names()))
}

fn list(profiles: &Profiles, out: &mut dyn Write) -> anyhow::Result<()> {
    for profile in profiles.iter() {
        let trigger = match &profile.trigger {
            Trigger::Continuous {} => "reads on its own",
            Trigger::Host(_) => "started by the booth",
        };
        writeln!(out, "{:<16} {:<10} {trigger:<21} {}", profile.name, profile.line.to_string(), profile.title())?;
        if !profile.notes.is_empty() {
            writeln!(out, "{:<16} {}", "", profile.notes.trim())?;
        }
    }
    Ok(())
}

fn show(
    args: &ScanArgs,
    reader: ReaderConfig,
    printer: &mut Printer,
    out: &mut dyn Write,
    status: &mut dyn Write,
) -> anyhow::Result<()> {
    let mut recorder = args.recorder(status)?;
    writeln!(status, "profile {}, {}, {}", reader.profile.name, reader.profile.line, reader.port)?;
    let (news, inbox) = mpsc::sync_channel(WAITING);
    let raw = args.raw || recorder.is_some();
    let (wanted, payload) = (reader.profile.line, reader.profile.payload.clone());
    let (events, stop) = (news.clone(), news.clone());
    // Every scan, however fast: events are meant for a booth and held back when they come faster than people do.
    let watch = move |watch: Watch<'_>| {
        // The loop below may have ended: then nobody is left to tell.
        let tell = |told| drop(news.send(told));
        match watch {
            Watch::Opened { path, settings } if settings == wanted => {
                tell(News::Opened(format!("{} is open", path.display())));
            }
            Watch::Opened { path, settings } => {
                let path = path.display();
                tell(News::Opened(format!("{path} is open with {settings}: its driver does not take {wanted}")));
            }
            Watch::Received(bytes) if raw => tell(News::Received(Instant::now(), bytes.to_vec())),
            Watch::Sent(bytes) if raw => tell(News::Sent(Instant::now(), bytes.to_vec())),
            Watch::Errors(count) if raw && count > 0 => tell(News::Disturbed(count)),
            Watch::Received(_) | Watch::Sent(_) | Watch::Errors(_) => {}
            Watch::Framed(output) => {
                if raw {
                    tell(News::Framed(framed(output)));
                }
                if let Some(result) = result(output, &payload) {
                    tell(News::Result(result));
                }
            }
        }
    };
    let sink = move |event| {
        let _ = events.send(News::Event(event));
    };
    on_interrupt(move || drop(stop.send(News::Stop)))?;
    let _reader = Reader::spawn_watched(reader, sink, watch)?;
    let mut scans = 0;
    while args.count.is_none_or(|count| scans < count) {
        // Fails only when the reader's thread is gone.
        let Ok(news) = inbox.recv() else { break };
        if let Some(recorder) = &mut recorder {
            recorder.note(&news)?;
        }
        match news {
            News::Stop => break,
            News::Event(event) => printer.event(&event, status)?,
            News::Result(result) => scans += u32::from(printer.result(&result, out, status)?),
            News::Opened(text) => writeln!(status, "{text}")?,
            News::Received(_, bytes) => printer.bytes('<', &bytes, out)?,
            News::Sent(_, bytes) => printer.bytes('>', &bytes, out)?,
            News::Disturbed(count) => printer.note(&format!("{count} disturbed characters"), out)?,
            News::Framed(text) => printer.note(&text, out)?,
        }
        out.flush()?;
    }
    Ok(())
}

/// What a frame comes to; none if the output ends no frame.
fn result(output: Output<'_>, settings: &PayloadSettings) -> Option<Result<Scan, Unreadable>> {
    match output {
        Output::Payload(payload) => Some(Scan::read(payload, settings)),
        Output::Fault(fault) => Some(Err(fault.into())),
        Output::Begun | Output::Reply(_) | Output::Answer(_) => None,
    }
}

/// Runs `stop` when Ctrl-C is pressed or the program is asked to end, instead of ending at once.
fn on_interrupt(stop: impl FnOnce() + Send + 'static) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().context("failed to start")?;
    let (mut interrupt, mut terminate) = {
        let _guard = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    std::thread::Builder::new()
        .name("interrupt".into())
        .spawn(move || {
            runtime.block_on(async {
                tokio::select! {
                    _ = interrupt.recv() => {}
                    _ = terminate.recv() => {}
                }
            });
            stop();
        })
        .context("failed to start a thread")?;
    Ok(())
}

/// A decoder's output in a technician's words.
fn framed(output: Output<'_>) -> String {
    match output {
        Output::Begun => "a frame begins".into(),
        Output::Payload(payload) => {
            let symbology = payload.symbology.map_or(String::new(), |symbology| format!(", {symbology}"));
            format!("a frame of {} bytes, known by its {:?}{symbology}", payload.bytes.len(), payload.evidence)
                .to_lowercase()
        }
        Output::Fault(fault) => format!("no frame: {fault}"),
        Output::Reply(reply) => format!("the reader answers a command: {reply:?}").to_lowercase(),
        Output::Answer(_) => "the frame is answered".into(),
    }
}

impl ScanArgs {
    #[cfg(feature = "technician")]
    fn recorder(&self, status: &mut dyn Write) -> anyhow::Result<Option<record::Recorder>> {
        let Some(file) = &self.record else { return Ok(None) };
        if self.unmasked {
            writeln!(status, "WARNING: digits and letters are recorded as they are. Use a specimen card only.")?;
        } else {
            writeln!(status, "digits are recorded as 0 and letters as X; checksums will not fit them")?;
        }
        Ok(Some(record::Recorder::create(file, self.unmasked)?))
    }

    #[cfg(not(feature = "technician"))]
    fn recorder(&self, _status: &mut dyn Write) -> anyhow::Result<Option<record::Recorder>> {
        Ok(None)
    }
}
