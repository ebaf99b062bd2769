//! `make demo`: a branch hub, a booth and an officer on this machine.
//!
//! With a display, the booth opens in a window and waits for a person. Without one, the same parts play a whole claim
//! under a virtual display, and leave pictures of both sides in `target/demo`.

use anyhow::Context as _;
use bilik_tests::booth::{Booth, Setup};
use bilik_tests::browser::Browser;
use bilik_tests::display::Display;
use bilik_tests::hub::{Account, Hub};
use bilik_tests::officer::{Officer, film, totp};
use bilik_tests::process::{self, Process, output, program};
use bilik_tests::reader::CardReader;
use bilik_tests::{specimen, story};
use std::fmt::Write as _;
use std::io::{BufRead as _, Write as _};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Instant;

fn main() -> anyhow::Result<()> {
    process::stop_on_signal(|| ())?;
    let target = program("bilik-hub")?.ancestors().nth(2).context("no target folder")?.join("demo");
    // What an earlier demonstration left: its keys are worth nothing now.
    let _ = std::fs::remove_dir_all(&target);
    std::fs::create_dir_all(&target)?;
    let display = ["DISPLAY", "WAYLAND_DISPLAY"].iter().any(|name| std::env::var_os(name).is_some());
    if display && std::env::var_os("BILIK_DEMO_HEADLESS").is_none() { attended(&target) } else { play(&target) }
}

/// For a person at the screen.
fn attended(target: &Path) -> anyhow::Result<()> {
    let work = target.join("work");
    std::fs::create_dir_all(&work)?;
    let hub = Hub::start(&work)?;
    let account = hub.add_officer("sari", "Sari")?;
    let booth = work.join("booth");
    std::fs::create_dir_all(&booth)?;
    let mut reader = CardReader::plug_in(&booth)?;
    bilik_tests::booth::write_config(&booth, &reader, Setup { speaker: "pulse", ..Setup::default() })?;
    let config = booth.join("booth.toml");
    let code = hub.enrol_code("Bilik 1")?;
    let bilik_booth = || -> anyhow::Result<Command> {
        let mut command = Command::new(program("bilik-booth")?);
        command.arg("--config").arg(&config);
        Ok(command)
    };
    output(bilik_booth()?.args(["enrol", "--hub", &hub.console_address, "--code", &code]))?;
    let _window = Process::start("booth", &mut bilik_booth()?, &booth.join("booth.log"))?;
    let console = open_console(&work, &hub)?;
    say(&format!(
        "The booth is open in its window.\n\nOfficer's console  https://{}/{}\n  user name  {}\n  password   {}\n  code       o\n\n\
         Type and press Enter:\n  c  hold the specimen identity card to the reader\n  k  hold the specimen participant card to the reader\n  \
         o  a fresh six-digit code for the officer\n  q  stop everything (Ctrl-C does too)\n",
        hub.console_address,
        if console.is_some() { "  (opened in Chromium)" } else { "  (its certificate is from `bilik-hub ca`)" },
        account.login,
        account.password,
    ))?;
    for line in std::io::stdin().lock().lines() {
        match line?.trim() {
            "c" => reader.present(specimen::NIK)?,
            "k" => reader.present(specimen::KPJ)?,
            "o" => say(&totp(&account.totp_secret)?)?,
            "q" => return Ok(()),
            _ => say("c, k, o or q")?,
        }
    }
    // Nobody at the keyboard: stay until a signal comes.
    loop {
        std::thread::park();
    }
}

/// Opens the console in a Chromium of its own that trusts this demonstration's hub, if there is one.
fn open_console(work: &Path, hub: &Hub) -> anyhow::Result<Option<Process>> {
    if Command::new("chromium").arg("--version").output().is_err() {
        return Ok(None);
    }
    let mut command = Command::new("chromium");
    command
        .args(["--no-first-run", "--disable-sync", "--allow-loopback-in-peer-connection"])
        .arg(format!("--ignore-certificate-errors-spki-list={}", hub.authority_pin()?))
        .arg(format!("--user-data-dir={}", work.join("profile").display()))
        .arg(format!("--app=https://{}/", hub.console_address));
    if root() {
        command.arg("--no-sandbox");
    }
    Ok(Some(Process::start("Chromium", &mut command, &work.join("chromium.log"))?))
}

fn root() -> bool {
    // Safe: asks for a number.
    unsafe { libc::geteuid() == 0 }
}

/// Pictures in the order in which they were taken.
struct Album {
    folder: PathBuf,
    count: u32,
}

impl Album {
    fn next(&mut self, side: &str, name: &str) -> PathBuf {
        self.count += 1;
        self.folder.join(format!("{:02}-{side}-{name}.png", self.count))
    }
}

/// Without a display: a whole claim, by itself.
fn play(target: &Path) -> anyhow::Result<()> {
    let began = Instant::now();
    let work = tempfile::tempdir()?;
    let mut album = Album { folder: target.to_owned(), count: 0 };
    say("No display: playing a claim under a virtual one, with headless Chromium as the officer.")?;
    let hub = Hub::start(work.path())?;
    let display = Display::start(work.path())?;
    let account = hub.add_officer("sari", "Sari W.")?;
    let camera = work.path().join("officer.mjpeg");
    film(&camera)?;
    let mut browser = Browser::start(work.path(), &hub.authority_pin()?, &camera)?;
    let mut booth = Booth::start(work.path(), "Bilik 1", &hub, &display, Setup::default())?;
    let claim = scenes(&mut booth, &mut browser, &hub, &account, &mut album)?;

    let claims = hub.command(&["claims"])?;
    let mut queue = Command::new(program("bilik-booth")?);
    let queue = output(queue.arg("--config").arg(booth.folder.join("booth.toml")).args(["queue", "list"]))?;
    booth.stop()?;
    let mut summary = String::new();
    writeln!(summary, "# A claim from the first touch to the receipt\n")?;
    writeln!(summary, "Claim code {claim}. Played in {} s, {} pictures.\n", began.elapsed().as_secs(), album.count)?;
    writeln!(
        summary,
        "The hub's ledger:\n\n```\n{}\n```\n\nThe booth's queue:\n\n```\n{}\n```\n",
        claims.trim_end(),
        queue.trim_end()
    )?;
    let mut pictures: Vec<_> =
        std::fs::read_dir(target)?.flatten().map(|e| e.file_name().to_string_lossy().into_owned()).collect();
    pictures.sort();
    for name in pictures.iter().filter(|name| name.ends_with(".png")) {
        writeln!(summary, "- [{name}]({name})")?;
    }
    std::fs::write(target.join("summary.md"), &summary)?;
    say(&format!("Claim {claim} received. Pictures and summary: {}", target.display()))
}

fn scenes(
    booth: &mut Booth,
    browser: &mut Browser,
    hub: &Hub,
    account: &Account,
    album: &mut Album,
) -> anyhow::Result<String> {
    say("officer logs in")?;
    let mut officer = Officer::log_in(browser, hub, account)?;
    booth.sees("1 petugas siap")?;
    officer.page.photograph(&album.next("console", "empty"))?;
    let watch = &mut |booth: &mut Booth, name: &str| booth.photograph(&album.next("booth", name));
    say("participant gives consent")?;
    story::consent(booth, watch)?;
    say("participant presents the card and answers")?;
    story::fill_in(booth, watch)?;
    say("participant photographs the documents")?;
    story::photograph(booth, watch)?;
    booth.sees("Sari W. segera menyapa Anda")?;
    booth.photograph(&album.next("booth", "hold"))?;
    officer.tile_is_taken(1)?;
    officer.page.sees("Menunggu Anda")?;
    officer.page.photograph(&album.next("console", "waiting"))?;
    say("officer takes the booth into focus")?;
    officer.focus(1)?;
    officer.sees_moving("focus-video")?;
    booth.sees("Langsung")?;
    officer.page.photograph(&album.next("console", "focus"))?;
    say("officer asks for the account number again")?;
    officer.correct("nik")?;
    officer.correct("kpj")?;
    officer.correct("name")?;
    officer.ask_again("account_number")?;
    booth.sees("Perbaiki Nomor rekening")?;
    booth.photograph(&album.next("booth", "call"))?;
    officer.page.photograph(&album.next("console", "asked-again"))?;
    let watch = &mut |booth: &mut Booth, name: &str| booth.photograph(&album.next("booth", name));
    story::mend_account(booth, watch)?;
    say("officer checks the rest and approves")?;
    officer.correct_all()?;
    officer.page.photograph(&album.next("console", "checked"))?;
    officer.approve()?;
    let watch = &mut |booth: &mut Booth, name: &str| booth.photograph(&album.next("booth", name));
    story::sign(booth, watch)?;
    booth.sees("Klaim Anda sudah diterima")?;
    booth.press("Sangat puas")?;
    booth.photograph(&album.next("booth", "confirmed"))?;
    officer.page.sees("Klaim diterima hub.")?;
    officer.page.photograph(&album.next("console", "received"))?;
    let code = booth
        .look()?
        .into_iter()
        .map(|element| element.label)
        .find(|label| is_code(label))
        .context("no claim code on the glass")?;
    booth.press("Selesai")?;
    booth.sees("Selamat datang.")?;
    Ok(code)
}

/// `JK7-4QF-2MX`.
fn is_code(text: &str) -> bool {
    text.len() == 11 && text.split('-').count() == 3 && text.split('-').all(|group| group.len() == 3)
}

fn say(text: &str) -> anyhow::Result<()> {
    writeln!(std::io::stdout(), "{text}").context("failed to print")
}
