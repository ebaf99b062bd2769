//! A booth in a window of a virtual display.

use crate::control::{Element, Finger, Order, Reply, SOCKET_VARIABLE};
use crate::display::Display;
use crate::hub::Hub;
use crate::process::{Process, output, program, until};
use crate::reader::CardReader;
use anyhow::{Context as _, bail};
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Booth {
    pub reader: CardReader,
    pub folder: PathBuf,
    process: Process,
    finger: Finger,
    display: String,
}

/// What differs between the booths of a test.
#[derive(Clone, Copy, Debug)]
pub struct Setup {
    pub width: u32,
    pub height: u32,
    pub scale: f32,
    pub camera: &'static str,
    pub document_camera: &'static str,
    pub microphone: &'static str,
    pub speaker: &'static str,
    /// Where its calls go out from.
    pub address: Ipv4Addr,
}

impl Default for Setup {
    fn default() -> Self {
        Self {
            width: 1280,
            height: 800,
            scale: 1.0,
            camera: "test",
            document_camera: "test",
            microphone: "test",
            speaker: "none",
            address: Ipv4Addr::LOCALHOST,
        }
    }
}

impl Booth {
    /// Enrols a booth of that name at the hub and opens it.
    pub fn start(root: &Path, name: &str, hub: &Hub, display: &Display, setup: Setup) -> anyhow::Result<Self> {
        let folder = root.join(name.replace(' ', "-"));
        std::fs::create_dir_all(&folder)?;
        let reader = CardReader::plug_in(&folder)?;
        write_config(&folder, &reader, setup)?;
        let code = hub.enrol_code(name)?;
        let mut enrol = Command::new(program("bilik-booth")?);
        output(enrol.arg("--config").arg(folder.join("booth.toml")).args([
            "enrol",
            "--hub",
            &hub.console_address,
            "--code",
            &code,
        ]))?;
        Self::open(folder, reader, display.name(), setup)
    }

    /// Opens a booth that is not enrolled.
    pub fn start_bare(root: &Path, name: &str, display: &Display, setup: Setup) -> anyhow::Result<Self> {
        let folder = root.join(name.replace(' ', "-"));
        std::fs::create_dir_all(&folder)?;
        let reader = CardReader::plug_in(&folder)?;
        write_config(&folder, &reader, setup)?;
        Self::open(folder, reader, display.name(), setup)
    }

    fn open(folder: PathBuf, reader: CardReader, display: &str, setup: Setup) -> anyhow::Result<Self> {
        let (process, finger) = open(&folder, display, setup.scale)?;
        Ok(Self { reader, folder, process, finger, display: display.to_owned() })
    }

    /// Ends the process as a power cut does, and opens the booth again.
    pub fn power_cycle(&mut self, scale: f32) -> anyhow::Result<()> {
        self.process.kill();
        (self.process, self.finger) = open(&self.folder, &self.display, scale)?;
        Ok(())
    }

    /// Pulls the card reader's plug, and puts it in again.
    pub fn replug_reader(&mut self) -> anyhow::Result<()> {
        let readies = |log: String| log.matches("card reader ready").count();
        let before = readies(self.log());
        self.reader = CardReader::plug_in(&self.folder)?;
        until("the card reader is ready again", || Ok((readies(self.log()) > before).then_some(())))
    }

    pub fn log(&self) -> String {
        self.process.log()
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    pub fn state_dir(&self) -> PathBuf {
        self.folder.join("state")
    }

    pub fn look(&mut self) -> anyhow::Result<Vec<Element>> {
        match self.finger.order(&Order::Look)? {
            Reply::Seen(elements) => Ok(elements),
            other @ (Reply::Done | Reply::Failed(_)) => bail!("unexpected reply {other:?}"),
        }
    }

    /// Waits until an element with a label or value that contains this text is on the glass.
    pub fn sees(&mut self, text: &str) -> anyhow::Result<Element> {
        let mut last = Vec::new();
        let found = until(&format!("the booth shows {text:?}"), || {
            self.process.alive()?;
            last = self.look()?;
            Ok(last.iter().find(|element| element.label.contains(text) || element.value.contains(text)).cloned())
        });
        found.with_context(|| format!("it shows {:?}", last.iter().map(|e| (&e.label, &e.value)).collect::<Vec<_>>()))
    }

    pub fn shows(&mut self, text: &str) -> anyhow::Result<bool> {
        Ok(self.look()?.iter().any(|element| element.label.contains(text) || element.value.contains(text)))
    }

    /// Waits until the element is there and enabled, then presses it.
    pub fn press(&mut self, label: &str) -> anyhow::Result<()> {
        let order = Order::Press { label: label.to_owned() };
        until(&format!("{label:?} can be pressed"), || {
            self.process.alive()?;
            match self.finger.order(&order)? {
                Reply::Done => Ok(Some(())),
                Reply::Failed(why) => bail!(why),
                Reply::Seen(_) => Ok(None),
            }
        })
    }

    /// Presses a key of the keyboard on the glass for each character.
    pub fn type_on_glass(&mut self, text: &str) -> anyhow::Result<()> {
        text.chars().try_for_each(|character| match character {
            ' ' => self.press("Spasi"),
            character => self.press(&character.to_string()),
        })
    }

    /// Types on a real keyboard.
    pub fn type_keys(&mut self, text: &str) -> anyhow::Result<()> {
        self.done(&Order::Type { text: text.to_owned() })
    }

    pub fn draw(&mut self, label: &str, points: &[(f32, f32)]) -> anyhow::Result<()> {
        self.done(&Order::Draw { label: label.to_owned(), points: points.to_vec() })
    }

    pub fn photograph(&mut self, path: &Path) -> anyhow::Result<()> {
        self.done(&Order::Photograph { path: path.to_owned() })
    }

    fn done(&mut self, order: &Order) -> anyhow::Result<()> {
        match self.finger.order(order)? {
            Reply::Done => Ok(()),
            Reply::Failed(why) => bail!(why),
            Reply::Seen(_) => bail!("unexpected reply"),
        }
    }

    pub fn stop(&mut self) -> anyhow::Result<std::process::ExitStatus> {
        self.process.stop()
    }
}

fn open(folder: &Path, display: &str, scale: f32) -> anyhow::Result<(Process, Finger)> {
    let socket = folder.join("finger");
    let _ = std::fs::remove_file(&socket);
    // Whatever it might write outside of its state directory: temporary files, a core dump.
    let scratch = folder.join("tmp");
    std::fs::create_dir_all(&scratch)?;
    let mut command = Command::new(program("driven-booth")?);
    command
        .arg(folder.join("booth.toml"))
        .current_dir(&scratch)
        .env("TMPDIR", &scratch)
        .env("DISPLAY", display)
        .env_remove("WAYLAND_DISPLAY")
        .env("SLINT_BACKEND", "winit-software")
        .env("SLINT_SCALE_FACTOR", scale.to_string())
        .env(SOCKET_VARIABLE, &socket);
    let mut process = Process::start("booth", &mut command, &folder.join("booth.log"))?;
    let finger = until("the booth opens", || {
        process.alive()?;
        Ok(if socket.exists() { Finger::connect(&socket).ok() } else { None })
    })?;
    Ok((process, finger))
}

/// The configuration of a booth with its state beside it.
pub fn write_config(folder: &Path, reader: &CardReader, setup: Setup) -> anyhow::Result<()> {
    let Setup { width, height, scale, camera, document_camera, microphone, speaker, address } = setup;
    let (state, port) = (folder.join("state"), &reader.port);
    let text = format!(
        "state_dir = {state:?}\n\
         [screen]\nwidth = {width}\nheight = {height}\nscale = {scale:?}\n\
         [reader]\nport = {port:?}\nprofile = \"line\"\n\
         [media]\ncamera = {camera:?}\ndocument_camera = {document_camera:?}\nmicrophone = {microphone:?}\nspeaker = {speaker:?}\n\
         ice_addresses = [\"{address}\"]\n"
    );
    std::fs::write(folder.join("booth.toml"), text).context("failed to write the booth's configuration")
}
