//! A machine of files: the real service, the real socket, and scripted tools (`machine.sh`) in place of the system's.

use bilik_device::{Answer, Request, Status, Work, client};
use serde_json::{Value, json};
use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

const TOOLS: &str = "lsblk ip timedatectl udevadm networkctl mkfs.ext4 e2fsck resize2fs systemd-cryptenroll systemctl \
    efibootmgr sfdisk cryptsetup mount umount systemd-mount systemd-umount mountpoint rauc runuser bilik-booth \
    journalctl df systemd-cryptsetup date hwclock";
/// Far beyond what anything here takes.
const LONGEST: Duration = Duration::from_secs(60);

pub struct Machine {
    pub dir: TempDir,
    service: Option<Child>,
}

impl Machine {
    /// `slot`: `a`, `b` or `stick`.
    pub fn new(slot: &str) -> Self {
        let machine = Self { dir: tempfile::tempdir().unwrap(), service: None };
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/service/machine.sh");
        std::fs::create_dir(machine.at("bin")).unwrap();
        for tool in TOOLS.split_whitespace() {
            std::os::unix::fs::symlink(&script, machine.at("bin").join(tool)).unwrap();
        }
        let me = std::fs::metadata(machine.at("bin")).unwrap();
        let (uid, gid) = (std::os::unix::fs::MetadataExt::uid(&me), std::os::unix::fs::MetadataExt::gid(&me));
        machine.put("etc/passwd", &format!("bilik:x:{uid}:{gid}::/:/bin/false\n"));
        machine.put("etc/os-release", "IMAGE_VERSION=0.2.0\n");
        let shipped = "state_dir = \"/var/lib/bilik\"\n[media]\ncamera = \"none\"\n";
        machine.put("etc/bilik/booth.toml", shipped);
        machine.put("proc/cmdline", "roothash=0badc0de bilik.development\n");
        machine.put("proc/uptime", "20.00 30.00\n");
        machine.put("proc/sys/kernel/random/boot_id", "first\n");
        machine.put("run/bilik-boot/slot", slot);
        machine.put("address.json", include_str!("../../src/service/recorded/ip-address.json"));
        machine.put("rauc.json", &rauc(("rootfs.0", "good"), "good", "0.2.0"));
        machine.put("queue", "0 not confirmed by the hub, 0 in all\n");
        for folder in ["fail", "dev/mapper", "run/bilik-device"] {
            std::fs::create_dir_all(machine.at(folder)).unwrap();
        }
        if slot == "stick" {
            machine.put("lsblk.json", &listing(&[stick_disk("/"), bare_disk(&[])]));
            machine.put("lsblk-after.json", &listing(&[stick_disk("/"), bare_disk(&BOOTH_PARTS)]));
            std::fs::write(machine.at("dev/sdb1"), pattern(2 << 20, 3)).unwrap();
            std::fs::write(machine.at("dev/sdb2"), pattern((3 << 20) + 4096, 5)).unwrap();
            machine.put("dev/vda", "");
        } else {
            machine.put("run/bilik-boot/data", "no-tpm");
            machine.put("lsblk.json", &listing(&[own_disk()]));
            machine.put("firmware", "0000 bilik-a HD(1,GPT,part-1)\n0001 bilik-b HD(2,GPT,part-2)\n");
            machine.put("order", "0000,0001");
        }
        machine
    }

    pub fn at(&self, path: &str) -> PathBuf {
        self.dir.path().join(path)
    }

    pub fn put(&self, path: &str, text: &str) {
        std::fs::create_dir_all(self.at(path).parent().unwrap()).unwrap();
        std::fs::write(self.at(path), text).unwrap();
    }

    /// Text of a file, or nothing.
    pub fn text(&self, path: &str) -> String {
        std::fs::read_to_string(self.at(path)).unwrap_or_default()
    }

    /// Puts a stick in, with these files.
    pub fn insert(&self, files: &[(&str, &str)]) {
        std::fs::create_dir_all(self.at("stick")).unwrap();
        for (name, text) in files {
            self.put(&format!("stick/{name}"), text);
        }
        self.put("lsblk.json", &listing(&[own_disk(), stick_disk("/media")]));
    }

    /// Runs a command of `bilik-device` on this machine.
    pub fn run(&self, command: &str) -> ExitStatus {
        self.command(command).status().unwrap()
    }

    /// Starts the service, and waits until it says that it is ready.
    pub fn serve(&mut self) {
        let notify = self.at("notify");
        let _ = std::fs::remove_file(&notify);
        let told = UnixDatagram::bind(&notify).unwrap();
        told.set_read_timeout(Some(LONGEST)).unwrap();
        let socket = self.at("socket");
        let mut command = self.command("serve");
        command.arg("--socket").arg(&socket).env("NOTIFY_SOCKET", &notify);
        self.service = Some(command.spawn().unwrap());
        let mut state = [0; 64];
        let count = told.recv(&mut state).expect("the service is ready");
        assert_eq!(&state[..count], b"READY=1");
        // It feeds the watchdog without being asked.
        let count = told.recv(&mut state).unwrap();
        assert_eq!(&state[..count], b"WATCHDOG=1");
        // What nobody reads would fill up.
        std::thread::spawn(move || while told.recv(&mut [0; 64]).is_ok() {});
    }

    fn command(&self, command: &str) -> Command {
        let path = format!("{}:{}", self.at("bin").display(), std::env::var("PATH").unwrap());
        let mut child = Command::new(env!("CARGO_BIN_EXE_bilik-device"));
        child.arg("--root").arg(self.dir.path()).arg(command).env("PATH", path).env("MACHINE", self.dir.path());
        let log = std::fs::OpenOptions::new().create(true).append(true).open(self.at("log")).unwrap();
        child.stderr(log).stdin(Stdio::null());
        child
    }

    /// As a power cut ends it.
    pub fn cut(&mut self) {
        if let Some(mut child) = self.service.take() {
            let _ = child.kill();
            let _ = child.wait();
            while self.kill_tools() {}
        }
    }

    /// What the service has started and left. Whether there was any.
    fn kill_tools(&self) -> bool {
        let mark = format!("MACHINE={}\0", self.dir.path().display());
        let mut found = false;
        for process in std::fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
            let Some(pid) = process.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
            let Ok(environ) = std::fs::read(process.path().join("environ")) else { continue };
            if environ.windows(mark.len()).any(|part| part == mark.as_bytes()) {
                found = true;
                let _ = rustix::process::Pid::from_raw(pid)
                    .map(|pid| rustix::process::kill_process(pid, rustix::process::Signal::KILL));
            }
        }
        found
    }

    /// The machine starts again, from `slot`.
    pub fn restart(&mut self, slot: &str, boot_id: &str) {
        self.cut();
        self.put("run/bilik-boot/slot", slot);
        self.put("proc/sys/kernel/random/boot_id", boot_id);
        self.serve();
    }

    pub fn ask(&self, request: &Request) -> Answer {
        self.ask_showing(request, |_| {})
    }

    pub fn ask_showing(&self, request: &Request, progress: impl FnMut(Work)) -> Answer {
        client::ask(&self.at("socket"), request, progress).unwrap()
    }

    pub fn status(&self) -> Status {
        let answer = self.ask(&Request::Status);
        let Answer::Status { status } = answer else { panic!("{answer:?}") };
        *status
    }

    /// Waits until it holds.
    pub fn until(&self, what: &str, mut holds: impl FnMut(&Status) -> bool) -> Status {
        let begin = Instant::now();
        loop {
            let status = self.status();
            if holds(&status) {
                return status;
            }
            assert!(begin.elapsed() < LONGEST, "{what}: {status:?}\n{}", self.text("log"));
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    pub fn calls(&self, of: &str) -> Vec<String> {
        self.text("calls").lines().filter(|line| line.starts_with(of)).map(str::to_owned).collect()
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.cut();
        if std::thread::panicking() {
            eprintln!("{}\n{}", self.text("log"), self.text("calls"));
        }
    }
}

const BOOTH_PARTS: [&str; 5] = ["bilik-esp-a", "bilik-esp-b", "bilik-root-a", "bilik-root-b", "bilik-data"];

pub fn pattern(length: usize, step: usize) -> Vec<u8> {
    (0..length).map(|place| (place * step % 251) as u8 + 1).collect()
}

pub fn listing(disks: &[Value]) -> String {
    json!({ "blockdevices": disks }).to_string()
}

fn stick_disk(root_at: &str) -> Value {
    let size = |path: u64| path;
    json!({"path": "/dev/sdb", "type": "disk", "size": 15_931_539_456_u64, "model": "Specimen Stick", "tran": "usb", "children": [
        {"path": "/dev/sdb1", "type": "part", "size": size(2 << 20), "partlabel": "bilik-stick-esp"},
        {"path": "/dev/sdb2", "type": "part", "size": size((3 << 20) + 4096), "partlabel": "bilik-stick-root",
            "mountpoints": [root_at]},
        {"path": "/dev/sdb3", "type": "part", "size": 536_870_912, "fstype": "vfat", "label": "BILIK", "uuid": "1111-0003"}]})
}

fn bare_disk(labels: &[&str]) -> Value {
    let parts: Vec<_> = labels
        .iter()
        .enumerate()
        .map(|(place, label)| {
            let number = place + 1;
            let (path, partuuid) = (format!("/dev/vda{number}"), format!("part-{number}"));
            json!({"path": path, "type": "part", "size": 4 << 20, "partlabel": label, "partuuid": partuuid})
        })
        .collect();
    json!({"path": "/dev/vda", "type": "disk", "size": 64_023_257_088_u64, "serial": "SPECIMEN", "tran": "virtio",
        "children": parts})
}

/// An earlier booth's, which the stick is about to replace.
pub fn used_disk() -> Value {
    bare_disk(&BOOTH_PARTS)
}

pub fn stick_and(disk: Value) -> String {
    listing(&[stick_disk("/"), disk])
}

fn own_disk() -> Value {
    let mut disk = used_disk();
    disk["children"][2]["mountpoints"] = json!(["/"]);
    disk
}

/// As `rauc status --detailed --output-format=json` says it: primary and state of a; state and version of b.
pub fn rauc(a: (&str, &str), b: &str, b_version: &str) -> String {
    format!(
        r#"{{"compatible":"bilik","boot_primary":"{}","slots":[
{{"rootfs.0":{{"class":"rootfs","bootname":"bilik-a","state":"x","boot_status":"{}"}}}},
{{"rootfs.1":{{"class":"rootfs","bootname":"bilik-b","state":"x","boot_status":"{b}","slot_status":{{"bundle":{{"version":"{b_version}"}},"status":"ok"}}}}}}]}}"#,
        a.0, a.1
    )
}
