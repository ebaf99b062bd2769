//! The guest: QEMU with a 16550 and a USB serial adapter, whose other ends the test holds.

use serde_json::{Value, json};
use std::fs::{self, File};
use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant};

/// Longest wait for QEMU to start and for the guest to come up: 8 s on an idle machine, as all is emulated.
const UP_WITHIN: Duration = Duration::from_secs(60);
/// Longest wait for anything else. Only a failing test waits for it.
const SOON: Duration = Duration::from_secs(10);
/// The USB adapter's name at QEMU.
const ADAPTER: &str = "adapter";

/// A running guest. Dropping it ends QEMU.
pub struct Guest {
    folder: PathBuf,
    qemu: Child,
    commands: ChildStdin,
    arriving: mpsc::Receiver<Line>,
    lines: Vec<Line>,
    monitor: BufReader<UnixStream>,
    /// The other end of `/dev/ttyS1`, a 16550.
    pub uart: UnixStream,
    /// The other end of `/dev/ttyUSB0`, an FTDI adapter.
    pub usb: UnixStream,
}

/// A line that the guest wrote, and when it came.
#[derive(Clone)]
pub struct Line {
    pub at: Instant,
    pub text: String,
}

/// A moment: only what was written and traced after it is looked at.
#[derive(Clone, Copy)]
pub struct Mark {
    lines: usize,
    trace: usize,
}

impl Guest {
    /// Builds the guest around `program`, starts it and waits until it takes commands. What it and QEMU write is kept in
    /// `folder`.
    pub fn boot(folder: &Path, program: &Path) -> Self {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/uart/build-guest");
        let built = Command::new(&script).args([folder, program]).output().unwrap();
        assert!(
            built.status.success(),
            "failed to build the guest (BILIK_WITHOUT_QEMU=1 leaves this test out): {}",
            String::from_utf8_lossy(&built.stderr)
        );

        // The path of a socket must be short.
        let sockets = tempfile::tempdir().unwrap();
        let listen = |name: &str| UnixListener::bind(sockets.path().join(name)).unwrap();
        let (monitor, uart, usb) = (listen("monitor"), listen("uart"), listen("usb"));
        let socket = |name: &str| format!("socket,id={name},path={}", sockets.path().join(name).display());
        let mut qemu = Command::new("qemu-system-x86_64")
            .args(["-M", "pc", "-accel", "tcg,thread=multi", "-cpu", "max", "-m", "256"])
            .args(["-nodefaults", "-no-user-config", "-no-reboot", "-display", "none"])
            .args(["-kernel", "linux/vmlinuz", "-initrd", "guest.cpio"])
            .args(["-append", "console=ttyS2 quiet panic=-1 nokaslr mitigations=off"])
            .args(["-chardev", &socket("monitor"), "-mon", "chardev=monitor,mode=control"])
            .args(["-chardev", "stdio,id=commands", "-device", "isa-serial,index=0,chardev=commands"])
            .args(["-chardev", &socket("uart"), "-device", "isa-serial,index=1,chardev=uart"])
            // Its usual interrupt is that of the first.
            .args(["-chardev", "file,id=kernel,path=kernel.log", "-device", "isa-serial,index=2,irq=5,chardev=kernel"])
            .args(["-device", "qemu-xhci", "-chardev", &socket("usb")])
            .args(["-device", &format!("usb-serial,id={ADAPTER},chardev=usb")])
            .args(["-D", "trace.log", "-trace", "serial_write", "-trace", "serial_update_parameters"])
            .args(["-trace", "usb_serial_set_baud", "-trace", "usb_serial_set_data"])
            .current_dir(folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(File::create(folder.join("qemu.log")).unwrap())
            .spawn()
            .unwrap();
        let (commands, output) = (qemu.stdin.take().unwrap(), qemu.stdout.take().unwrap());
        let (sender, arriving) = mpsc::channel();
        let mut log = File::create(folder.join("guest.log")).unwrap();
        std::thread::spawn(move || {
            for text in BufReader::new(output).lines().map_while(Result::ok) {
                writeln!(log, "{text}").unwrap();
                if sender.send(Line { at: Instant::now(), text: text.trim_end().to_owned() }).is_err() {
                    return;
                }
            }
        });
        let mut accept = |listener| accept(&listener, &mut qemu, folder);
        let [monitor, uart, usb] = [monitor, uart, usb].map(&mut accept);
        let monitor = BufReader::new(monitor);
        let mut guest =
            Self { folder: folder.to_owned(), qemu, commands, arriving, lines: Vec::new(), monitor, uart, usb };
        guest.monitor("qmp_capabilities", &json!({}), "return");
        guest.wait(guest.mark(), UP_WITHIN, "the guest to come up", |line| line == "guest is up");
        guest
    }

    /// Now.
    pub fn mark(&self) -> Mark {
        Mark { lines: self.lines.len(), trace: self.trace().len() }
    }

    /// Has the guest's shell do something.
    pub fn command(&mut self, command: &str) {
        writeln!(self.commands, "{command}").unwrap();
    }

    /// Has the guest's shell do something, to the end. Returns what was written meanwhile.
    #[track_caller]
    pub fn ask(&mut self, command: &str) -> String {
        let mark = self.mark();
        self.command(&format!("{command}; echo done"));
        self.line(mark, command, |line| line == "done");
        self.lines.iter().skip(mark.lines).map(|line| format!("{}\n", line.text)).collect()
    }

    /// The first line after `mark` that `fits`, come or to come.
    #[track_caller]
    pub fn line(&mut self, mark: Mark, what: &str, fits: impl Fn(&str) -> bool) -> Line {
        self.wait(mark, SOON, what, fits)
    }

    #[track_caller]
    fn wait(&mut self, mark: Mark, limit: Duration, what: &str, fits: impl Fn(&str) -> bool) -> Line {
        let (began, mut index) = (Instant::now(), mark.lines);
        loop {
            if let Some(line) = self.lines.get(index) {
                if fits(&line.text) {
                    return line.clone();
                }
                index += 1;
                continue;
            }
            match self.arriving.recv_timeout(limit.saturating_sub(began.elapsed())) {
                Ok(line) => self.lines.push(line),
                Err(why) => {
                    let why = if why == RecvTimeoutError::Timeout { "in vain" } else { "and QEMU ended" };
                    let lines: Vec<_> = self.lines.iter().skip(mark.lines).map(|line| line.text.as_str()).collect();
                    panic!("waited {limit:?} for {what}, {why}; came {lines:#?}; more in {}", self.folder.display());
                }
            }
        }
    }

    /// What `found` finds in the last of those lines that QEMU traced after `mark` in which it finds anything.
    pub fn traced<T>(&self, mark: Mark, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        self.trace().get(mark.trace..)?.lines().rev().find_map(found)
    }

    fn trace(&self) -> String {
        fs::read_to_string(self.folder.join("trace.log")).unwrap()
    }

    /// Pulls the USB adapter out.
    pub fn unplug(&mut self) {
        self.monitor("device_del", &json!({ "id": ADAPTER }), "DEVICE_DELETED");
    }

    /// Plugs the USB adapter in again.
    pub fn plug(&mut self) {
        self.monitor("device_add", &json!({ "driver": "usb-serial", "id": ADAPTER, "chardev": "usb" }), "return");
    }

    /// Holds the UART's line at 0 for longer than a character.
    pub fn send_break(&mut self) {
        self.monitor("chardev-send-break", &json!({ "id": "uart" }), "return");
    }

    /// Has QEMU do something and waits for a message that shows that it is done: the key `return`, or an event's name.
    fn monitor(&mut self, command: &str, arguments: &Value, done: &str) {
        writeln!(self.monitor.get_mut(), "{}", json!({ "execute": command, "arguments": arguments })).unwrap();
        loop {
            let mut line = String::new();
            let read = self.monitor.read_line(&mut line);
            assert!(read.is_ok_and(|count| count > 0), "QEMU does not answer {command}; see {}", self.folder.display());
            let message: Value = serde_json::from_str(&line).unwrap();
            assert!(message.get("error").is_none(), "QEMU refuses {command}: {line}");
            if message.get(done).is_some() || message.get("event").is_some_and(|event| event == done) {
                return;
            }
        }
    }
}

impl Drop for Guest {
    fn drop(&mut self) {
        // Fails only if QEMU has ended already.
        let _ = self.qemu.kill();
        let _ = self.qemu.wait();
    }
}

/// QEMU's connection. Reads and writes on it are bounded in time.
fn accept(listener: &UnixListener, qemu: &mut Child, folder: &Path) -> UnixStream {
    listener.set_nonblocking(true).unwrap();
    let began = Instant::now();
    loop {
        match listener.accept() {
            Ok((stream, _)) => {
                stream.set_nonblocking(false).unwrap();
                stream.set_read_timeout(Some(SOON)).unwrap();
                stream.set_write_timeout(Some(SOON)).unwrap();
                return stream;
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock && began.elapsed() < UP_WITHIN => {
                let ended = qemu.try_wait().unwrap();
                assert!(
                    ended.is_none(),
                    "QEMU does not start: {}",
                    fs::read_to_string(folder.join("qemu.log")).unwrap()
                );
                std::thread::sleep(Duration::from_millis(10));
            }
            Err(error) => {
                let _ = qemu.kill();
                panic!("QEMU does not connect: {error}");
            }
        }
    }
}
