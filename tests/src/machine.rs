//! The booth's image on a whole machine, used as its technician and its participant use it: by touch and by eye.
//!
//! The machine is emulated by QEMU without hardware help, with firmware that has Secure Boot on. It is slow and not evenly
//! so; therefore nothing here counts on time: a test says what is to be seen next, and waits for it as long as the slowest
//! computer may take. What was seen is kept as pictures beside the drives, and so are the last picture and the serial
//! line's log of a machine that has not shown what it should.

pub mod drill;
pub mod drives;
pub mod firmware;
mod hands;
pub mod judge;
pub mod qmp;
pub mod recording;
pub mod replay;
pub mod screen;
pub mod tools;
pub mod writes;

use self::drives::Drives;
use self::qmp::Qmp;
use self::recording::Recorder;
use self::screen::Screen;
use self::tools::inside;
use crate::process::{Process, until};
use anyhow::{Context as _, bail};
use serde_json::{Value, json};
use std::fs;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Longest wait for a page: a start takes three minutes on two cores that others use as well.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// Between two looks at the screen.
const BLINK: Duration = Duration::from_secs(1);

/// No page of ours has these; they stand on ways out: firmware, shells, consoles, emergency modes.
const WAYS_OUT: &[&str] = &[
    "Boot Manager",
    "UEFI Interactive",
    "Shell>",
    "Press any key",
    "emergency mode",
    "Give root password",
    "login:",
    "No bootable option",
];

pub struct Machine {
    pub drives: Drives,
    with_tpm: bool,
    /// What is written from the next start on.
    recorded: bool,
    running: Option<Running>,
    /// Pictures kept so far.
    kept: usize,
    /// The last picture and what was read of it.
    seen: Option<(Vec<u8>, Screen)>,
}

/// What the machine's network socket leads to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cable {
    /// QEMU's own network: addresses by DHCP, this computer's loopback under 10.0.2.2.
    User,
    /// An interface of this computer.
    Tap(&'static str),
}

/// How the machine's processors are emulated.
#[derive(Clone, Copy)]
enum Accel {
    Threads,
    Counts,
}

struct Running {
    process: Process,
    qmp: Qmp,
    _tpm: Option<Process>,
    recorder: Option<Recorder>,
    reader: Option<UnixStream>,
}

impl Machine {
    pub fn new(drives: Drives) -> Self {
        Self { drives, with_tpm: false, recorded: false, running: None, kept: 0, seen: None }
    }

    /// With a TPM 2.0, whose memory stays with the drives.
    pub fn with_tpm(drives: Drives) -> Self {
        Self { with_tpm: true, ..Self::new(drives) }
    }

    /// Presses the power button, with these sticks in their sockets.
    pub fn power_on(&mut self, sticks: &[&Path]) -> anyhow::Result<()> {
        self.start(Cable::User, Accel::Threads, &[])?;
        for stick in sticks {
            self.insert(stick)?;
        }
        self.qmp("cont", json!({}))?;
        Ok(())
    }

    /// The same at another cable, with nothing in its sockets.
    pub fn power_on_at(&mut self, cable: Cable) -> anyhow::Result<()> {
        self.start(cable, Accel::Threads, &[])?;
        self.qmp("cont", json!({}))?;
        Ok(())
    }

    /// The same with a processor that counts: each instruction takes it a nanosecond, so the guest's clock tells how many
    /// there were, and where nothing is to be done it does not wait.
    pub fn power_on_counted(&mut self) -> anyhow::Result<()> {
        self.start(Cable::User, Accel::Counts, &[])?;
        self.qmp("cont", json!({}))?;
        Ok(())
    }

    /// Instructions that a counting processor has carried out since the power button was pressed.
    pub fn instructions(&mut self) -> anyhow::Result<u64> {
        self.qmp("query-replay", json!({}))?["icount"].as_u64().context("QEMU does not count instructions")
    }

    /// Stops time in this machine, which has nothing in its sockets, and ends it: its drives have its memory beside them
    /// then, for [`Machine::wake`].
    pub fn put_to_sleep(&mut self) -> anyhow::Result<()> {
        self.qmp("stop", json!({}))?;
        self.qmp("migrate", json!({ "uri": format!("file:{}", drives::MEMORY) }))?;
        loop {
            let said = self.qmp("query-migrate", json!({}))?;
            match said["status"].as_str() {
                Some("completed") => break,
                Some("failed" | "cancelled") => bail!("the machine's memory was not kept: {said}"),
                _ => std::thread::sleep(BLINK / 10),
            }
        }
        self.cut();
        Ok(())
    }

    /// Goes on where [`Machine::put_to_sleep`] has stopped.
    pub fn wake(&mut self) -> anyhow::Result<()> {
        self.start(Cable::User, Accel::Threads, &["-incoming", &format!("file:{}", drives::MEMORY)])?;
        until("the memory is back", || {
            let said = self.qmp("query-status", json!({}))?;
            Ok((said["status"] != "inmigrate").then_some(()))
        })?;
        self.qmp("cont", json!({}))?;
        Ok(())
    }

    fn start(&mut self, cable: Cable, accel: Accel, more: &[&str]) -> anyhow::Result<()> {
        anyhow::ensure!(self.running.is_none(), "the machine is on already");
        let folder = self.drives.folder.clone();
        let socket = folder.join("qmp");
        for old in ["qmp", "reader", "serial", "tpm.socket"] {
            let _ = fs::remove_file(folder.join(old));
        }
        let tpm = if self.with_tpm { Some(self.start_tpm()?) } else { None };
        let mut command = inside(&self.drives.name, "qemu-system-x86_64");
        command.args(["-S", "-nodefaults", "-display", "none", "-machine", "q35,smm=on", "-cpu", "max"]);
        command.args(match accel {
            Accel::Threads => &["-accel", "tcg,thread=multi,tb-size=512", "-smp", "2"][..],
            Accel::Counts => &["-accel", "tcg,thread=single,tb-size=512", "-icount", "shift=0,sleep=off", "-smp", "1"],
        });
        command.args(["-m", "2048"]);
        command.args(["-global", "driver=cfi.pflash01,property=secure,value=on"]);
        command.arg("-drive").arg("if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.secboot.fd");
        command.arg("-drive").arg(format!("if=pflash,{}", self.drive("firmware.fd", drives::FIRMWARE_LOG)));
        // Without VGA: QEMU's, photographed while the kernel takes it over, can stop the machine for ever.
        command.args(["-vga", "none", "-device", "virtio-gpu-pci,xres=1280,yres=800"]);
        command.args(["-device", "virtio-multitouch-pci"]);
        let disk = self.drive("disk.img", drives::DISK_LOG);
        command.arg("-drive").arg(format!("if=none,id=disk,discard=unmap,detect-zeroes=unmap,{disk}"));
        command.args(["-device", "virtio-blk-pci,drive=disk,serial=SPECIMEN", "-device", "qemu-xhci,id=usb"]);
        command.args(["-device", "i6300esb", "-action", "watchdog=reset"]);
        let network = match cable {
            Cable::User => "user,id=net".to_owned(),
            Cable::Tap(interface) => format!("tap,id=net,ifname={interface},script=no,downscript=no"),
        };
        command.args(["-netdev", &network, "-device", "virtio-net-pci,netdev=net"]);
        command.args(["-audiodev", "none,id=sound", "-device", "intel-hda", "-device", "hda-duplex,audiodev=sound"]);
        command.args(["-chardev", "socket,id=reader,path=reader,server=on,wait=off"]);
        command.args(["-chardev", "socket,id=serial,path=serial,server=on,wait=off,logfile=serial.log"]);
        command.args(["-serial", "chardev:serial", "-qmp", "unix:qmp,server=on,wait=off"]);
        if tpm.is_some() {
            command.args(["-chardev", "socket,id=tpm,path=tpm.socket", "-tpmdev", "emulator,id=tpm,chardev=tpm"]);
            command.args(["-device", "tpm-crb,tpmdev=tpm"]);
        }
        command.args(more);
        let recorder = self.recorded.then(|| Recorder::begin(&folder));
        let mut process = Process::start("qemu", &mut command, &folder.join("qemu.log"))?;
        let qmp = until("QEMU listens", || {
            process.alive()?;
            Ok(if socket.exists() { Qmp::connect(&socket).ok() } else { None })
        })?;
        self.running = Some(Running { process, qmp, _tpm: tpm, recorder, reader: None });
        self.seen = None;
        Ok(())
    }

    fn start_tpm(&self) -> anyhow::Result<Process> {
        fs::create_dir_all(self.drives.tpm())?;
        let mut command = inside(&self.drives.name, "swtpm");
        command.args([
            "socket",
            "--tpm2",
            "--terminate",
            "--tpmstate",
            "dir=tpm",
            "--ctrl",
            "type=unixio,path=tpm.socket",
        ]);
        let socket = self.drives.folder.join("tpm.socket");
        let mut process = Process::start("swtpm", &mut command, &self.drives.folder.join("tpm.log"))?;
        until("the TPM listens", || {
            process.alive()?;
            Ok(socket.exists().then_some(()))
        })?;
        Ok(process)
    }

    /// Pulls the plug. What the guest has not written yet is lost.
    pub fn cut(&mut self) {
        if let Some(mut running) = self.running.take() {
            running.process.kill();
        }
    }

    /// Waits until the machine has switched itself off.
    pub fn is_off(&mut self) -> anyhow::Result<()> {
        let mut running = self.running.take().context("the machine was not on")?;
        running.process.wait()?;
        Ok(())
    }

    pub fn qmp(&mut self, command: &str, arguments: Value) -> anyhow::Result<Value> {
        let running = self.running.as_mut().context("the machine is off")?;
        running.process.alive()?;
        running.qmp.run(command, arguments)
    }

    /// Puts a stick in.
    pub fn insert(&mut self, stick: &Path) -> anyhow::Result<()> {
        let id = stick.file_stem().and_then(|name| name.to_str()).context("a stick needs a name")?.to_owned();
        let file = stick.file_name().and_then(|name| name.to_str()).context("a stick needs a name")?.to_owned();
        let file = json!({ "driver": "file", "filename": file });
        self.qmp("blockdev-add", json!({ "node-name": id, "driver": "raw", "file": file }))?;
        let stick = json!({ "id": id, "driver": "usb-storage", "bus": "usb.0", "drive": id, "removable": true });
        self.qmp("device_add", stick)?;
        Ok(())
    }

    /// Pulls a stick out.
    pub fn pull_out(&mut self, stick: &Path) -> anyhow::Result<()> {
        let id = stick.file_stem().and_then(|name| name.to_str()).context("a stick needs a name")?.to_owned();
        self.qmp("device_del", json!({ "id": id }))?;
        // Nobody is asked when a USB device goes, but QEMU lets go of its file a little later.
        until("the stick is out", || Ok(self.qmp("blockdev-del", json!({ "node-name": id })).ok()))?;
        Ok(())
    }

    /// Plugs something else into USB, such as `usb-kbd`.
    pub fn plug_in(&mut self, driver: &str, id: &str) -> anyhow::Result<()> {
        self.qmp("device_add", json!({ "driver": driver, "id": id, "bus": "usb.0" }))?;
        Ok(())
    }

    pub fn unplug(&mut self, id: &str) -> anyhow::Result<()> {
        self.qmp("device_del", json!({ "id": id }))?;
        Ok(())
    }

    pub fn reset(&mut self) -> anyhow::Result<()> {
        self.qmp("system_reset", json!({}))?;
        Ok(())
    }

    /// How often the machine has started anew since it was switched on.
    pub fn resets(&mut self) -> anyhow::Result<usize> {
        self.qmp("query-status", json!({}))?;
        Ok(self.running.as_ref().map_or(0, |running| running.qmp.happened("RESET")))
    }

    /// Between two looks at something that takes a while.
    pub fn pause(&self) {
        std::thread::sleep(BLINK);
    }

    /// A picture of the screen, PNG.
    pub fn photograph(&mut self, name: &str) -> anyhow::Result<PathBuf> {
        let file = format!("{name}.png");
        self.qmp("screendump", json!({ "filename": file, "format": "png" }))?;
        Ok(self.drives.folder.join(file))
    }

    /// What stands on the screen now.
    pub fn look(&mut self) -> anyhow::Result<Screen> {
        let picture = self.photograph("now")?;
        let bytes = fs::read(&picture)?;
        if let Some((same, screen)) = &self.seen
            && *same == bytes
        {
            return Ok(screen.clone());
        }
        let screen = Screen::read(&picture)?;
        self.seen = Some((bytes, screen.clone()));
        Ok(screen)
    }

    /// Waits until this stands on the screen, and says where. A longer text has to be in one line.
    pub fn see(&mut self, text: &str) -> anyhow::Result<(u32, u32)> {
        Ok(self.see_any(&[text])?.1)
    }

    /// Waits until one of these stands on the screen: which, and where.
    pub fn see_any(&mut self, texts: &[&str]) -> anyhow::Result<(usize, (u32, u32))> {
        let (deadline, mut shown) = (Instant::now() + PATIENCE, String::new());
        loop {
            match self.look() {
                Ok(screen) => {
                    if let Some(found) =
                        texts.iter().enumerate().find_map(|(index, text)| Some((index, screen.find(text)?)))
                    {
                        self.keep(texts[found.0])?;
                        return Ok(found);
                    }
                    shown = screen.text();
                    self.offers_no_way_out()?;
                }
                // Between two screens, such as the firmware's and the kernel's, there may be none.
                Err(error) if Instant::now() >= deadline => return Err(error),
                Err(_) => {
                    self.running.as_mut().context("the machine is off")?.process.alive()?;
                }
            }
            if Instant::now() >= deadline {
                bail!(
                    "waited {} min in vain for {texts:?}; the screen shows {shown:?} (pictures and logs: {})",
                    PATIENCE.as_secs() / 60,
                    self.drives.folder.display()
                );
            }
            std::thread::sleep(BLINK);
        }
    }

    /// Waits until the text is there, and touches it.
    pub fn tap_on(&mut self, text: &str) -> anyhow::Result<()> {
        let at = self.see(text)?;
        self.tap(at)
    }

    /// Fails if the screen offers a way out of the booth.
    pub fn offers_no_way_out(&mut self) -> anyhow::Result<()> {
        let screen = self.look()?;
        match WAYS_OUT.iter().find(|way| screen.find(way).is_some()) {
            Some(way) => bail!("the screen shows {way:?}: {:?}", screen.text()),
            None => Ok(()),
        }
    }

    /// Keeps the last picture, for people.
    fn keep(&mut self, text: &str) -> anyhow::Result<()> {
        self.kept += 1;
        let word: String = text.chars().map(|letter| if letter.is_alphanumeric() { letter } else { '-' }).collect();
        let folder = &self.drives.folder;
        fs::copy(folder.join("now.png"), folder.join(format!("{:02}-{}.png", self.kept, word.to_lowercase())))?;
        Ok(())
    }

    /// Switched off and no longer wanted: its drives are large, its pictures stay.
    pub fn scrap(mut self) {
        self.cut();
        for large in ["disk.img", "stick.img", "files.img", drives::MEMORY] {
            let _ = fs::remove_file(self.drives.folder.join(large));
        }
    }
}
