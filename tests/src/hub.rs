//! A branch hub on loopback.

use crate::process::{Process, output, program, until};
use anyhow::Context as _;
use base64::Engine as _;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use x509_parser::pem::parse_x509_pem;

pub struct Hub {
    pub folder: PathBuf,
    pub console_address: String,
    pub booth_address: String,
    process: Option<Process>,
}

/// Who can log in.
#[derive(Clone, Debug)]
pub struct Account {
    pub login: String,
    pub password: String,
    pub totp_secret: String,
}

#[derive(Deserialize)]
struct Addresses {
    console: String,
    booths: String,
}

#[derive(Deserialize)]
struct Added {
    totp_secret: String,
}

impl Hub {
    pub fn start(root: &Path) -> anyhow::Result<Self> {
        Self::start_for(root, "localhost")
    }

    /// On an address of its own, for booths and browsers of another network namespace.
    pub fn start_on(root: &Path, address: Ipv4Addr) -> anyhow::Result<Self> {
        Self::start_at(root, &address.to_string(), address)
    }

    /// For booths that reach this machine under a name or address of their own.
    pub fn start_for(root: &Path, host: &str) -> anyhow::Result<Self> {
        Self::start_at(root, host, Ipv4Addr::LOCALHOST)
    }

    fn start_at(root: &Path, host: &str, listen: Ipv4Addr) -> anyhow::Result<Self> {
        let folder = root.join("hub");
        std::fs::create_dir_all(&folder)?;
        // Fixed from the start, so that a hub that comes back is found where it was.
        write_config(&folder, host, listen, [free_port(listen)?, free_port(listen)?])?;
        let mut hub = Self::at(&folder);
        hub.command(&["init"])?;
        hub.run()?;
        Ok(hub)
    }

    /// One that was started from this folder of its own before; [`Hub::run`] starts it again.
    pub fn at(folder: &Path) -> Self {
        Self { folder: folder.to_owned(), console_address: String::new(), booth_address: String::new(), process: None }
    }

    /// Starts the process; after [`Hub::stop`] at the same addresses.
    pub fn run(&mut self) -> anyhow::Result<()> {
        let announced = self.state_dir().join("addresses.json");
        let _ = std::fs::remove_file(&announced);
        let mut process = Process::start("hub", &mut self.order(&[])?, &self.folder.join("hub.log"))?;
        let addresses: Addresses = until("the hub says its addresses", || {
            process.alive()?;
            Ok(std::fs::read(&announced).ok().and_then(|text| serde_json::from_slice(&text).ok()))
        })?;
        // Its certificate is for this name.
        let named = |address: String| address.replace("127.0.0.1", "localhost").replace("0.0.0.0", "localhost");
        self.console_address = named(addresses.console);
        self.booth_address = named(addresses.booths);
        self.process = Some(process);
        Ok(())
    }

    pub fn stop(&mut self) -> anyhow::Result<()> {
        if let Some(mut process) = self.process.take() {
            let status = process.stop()?;
            anyhow::ensure!(status.success(), "hub ended with {status}");
        }
        Ok(())
    }

    pub fn kill(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill();
        }
    }

    pub fn state_dir(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub fn config(&self) -> PathBuf {
        self.folder.join("hub.toml")
    }

    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.join("hub.log")).unwrap_or_default()
    }

    /// Runs one of the operator's commands.
    pub fn command(&self, arguments: &[&str]) -> anyhow::Result<String> {
        output(&mut self.order(arguments)?)
    }

    /// The same with something to read on its standard input.
    pub fn fed(&self, arguments: &[&str], input: &[u8]) -> anyhow::Result<String> {
        let mut command = self.order(arguments)?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            std::io::Write::write_all(&mut stdin, input)?;
        }
        let output = child.wait_with_output()?;
        anyhow::ensure!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        Ok(String::from_utf8(output.stdout)?)
    }

    fn order(&self, arguments: &[&str]) -> anyhow::Result<Command> {
        let mut command = Command::new(program("bilik-hub")?);
        command.arg("--config").arg(self.config()).args(arguments);
        Ok(command)
    }

    pub fn enrol_code(&self, booth: &str) -> anyhow::Result<String> {
        let text = self.command(&["enrol-code", "--booth", booth])?;
        let code = text.split_whitespace().find(|word| word.len() >= 52 && word.contains('-'));
        Ok(code.context("hub printed no code")?.to_owned())
    }

    pub fn add_officer(&self, login: &str, display: &str) -> anyhow::Result<Account> {
        self.add(login, display, "officer")
    }

    pub fn add_supervisor(&self, login: &str, display: &str) -> anyhow::Result<Account> {
        self.add(login, display, "supervisor")
    }

    fn add(&self, login: &str, display: &str, role: &str) -> anyhow::Result<Account> {
        let password = format!("specimen-{login}-password");
        let order =
            ["officer", "add", "--name", login, "--display", display, "--role", role, "--password-stdin", "--json"];
        let added = self.fed(&order, format!("{password}\n").as_bytes())?;
        let added: Added = serde_json::from_str(&added).context("officer add printed no JSON")?;
        Ok(Account { login: login.to_owned(), password, totp_secret: added.totp_secret })
    }

    /// SHA-256 of the authority's public key, base64: what Chromium is told to trust, and nothing else.
    pub fn authority_pin(&self) -> anyhow::Result<String> {
        let pem = self.command(&["ca"])?;
        let (_, pem) = parse_x509_pem(pem.as_bytes()).context("authority is no PEM")?;
        let certificate = pem.parse_x509().context("authority is no certificate")?;
        Ok(base64::engine::general_purpose::STANDARD.encode(Sha256::digest(certificate.public_key().raw)))
    }
}

fn free_port(address: Ipv4Addr) -> anyhow::Result<u16> {
    Ok(std::net::TcpListener::bind((address, 0))?.local_addr()?.port())
}

fn write_config(folder: &Path, host: &str, listen: Ipv4Addr, [console, booths]: [u16; 2]) -> anyhow::Result<()> {
    let state = folder.join("state");
    let text = format!(
        "state_dir = {state:?}\nbranch_name = \"Kantor Cabang Yogyakarta\"\nnames = [\"localhost\", \"127.0.0.1\", \"{host}\"]\n\
         listen_console = \"{listen}:{console}\"\nlisten_booths = \"{listen}:{booths}\"\nbooth_address = \"{host}:{booths}\"\n"
    );
    std::fs::write(folder.join("hub.toml"), text).context("failed to write the hub's configuration")
}
