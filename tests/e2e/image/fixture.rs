//! What every test of the image does: install, enrol, get at the service menu. And a booth that is ready, made once for
//! all tests of an image, because making it takes ten minutes.

use bilik_tests::hub::Hub;
use bilik_tests::machine::Machine;
use bilik_tests::machine::drives::Drives;
use bilik_tests::machine::tools::{kiosk, tests, version};
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How an emulated machine reaches the one that emulates it.
pub const HOST: &str = "10.0.2.2";
/// QEMU's `usb-serial` is an FTDI chip to its guest.
const READER: &str = "usb:0403:6001";
const PIN: &str = "271828";

pub const INSTALLER: &str = "Pasang Bilik di komputer ini";
pub const INSTALLED: &str = "Bilik sudah terpasang";
pub const NOT_ENROLLED: &str = "Bilik belum terdaftar";
pub const WELCOME: &str = "Selamat datang";

/// Stages that machines are kept in: never started, and enrolled.
const INSTALLED_STAGE: &str = "installed";
pub const READY: &str = "ready";
/// Of a machine without any: the booth's own pictures and tone.
pub const NO_MEDIA: &str = "camera = \"test\"\ndocument_camera = \"test\"\nmicrophone = \"test\"\nspeaker = \"none\"\n";

/// Keys of the number pad, on a screen of 1280 x 800. They have too little on them to be read.
const PAD: [u32; 3] = [869, 1020, 1170];
const PAD_ROWS: [u32; 4] = [197, 330, 463, 596];
/// Keys of the keyboard: the first of each row, its height, and how far the next is.
const KEYBOARD: [(&str, u32, u32); 4] =
    [("1234567890-", 87, 436), ("qwertyuiop'@", 87, 508), ("asdfghjkl./", 137, 580), ("zxcvbnm", 237, 652)];
const KEY: u32 = 101;
const SPACE: (u32, u32) = (1068, 652);
/// The booth's name, which technicians hold.
const NAME: (u32, u32) = (100, 42);

/// From the installer to a disk that starts.
pub fn install(machine: &mut Machine) {
    machine.see(INSTALLER).unwrap();
    machine.tap_on("Hapus dan pasang").unwrap();
    machine.see("Hapus seluruh isi disk?").unwrap();
    machine.tap_on("Ya, hapus dan pasang").unwrap();
}

pub fn hub(name: &str) -> Hub {
    let root = tests().join(format!("{name}-hub"));
    let _ = fs::remove_dir_all(&root);
    fs::create_dir_all(&root).unwrap();
    Hub::start_for(&root, HOST).unwrap()
}

/// The hub that the booth of [`ready`] is enrolled at, which is not running. Made with the booth, so that it is not made
/// anew under a running one.
pub fn its_hub() -> Hub {
    ready();
    Hub::at(Path::new(&fs::read_to_string(tests().join(READY).join("hub")).unwrap()))
}

/// The file that a technician carries from this hub, with this address, cameras, microphone and
/// loudspeaker.
pub fn provisioning(hub: &Hub, booth: &str, network: &str, media: &str) -> PathBuf {
    let port = hub.console_address.rsplit(':').next().unwrap().to_owned();
    let file = hub.folder.join("bilik.toml");
    let (address, path) = (format!("{HOST}:{port}"), file.to_str().unwrap());
    let mut order = vec!["provision", "--booth", booth, "--hub", &address, "--pin", PIN, "--force", path];
    order.extend(["--network", network, "--reader", "line", "--port", READER]);
    hub.command(&order).unwrap();
    let mut text = fs::read_to_string(&file).unwrap();
    text.push_str("\n[media]\n");
    text.push_str(media);
    fs::write(&file, text).unwrap();
    file
}

/// From a computer of the shop to the page that says that the booth is installed. Gives the stick, which is still in.
pub fn install_on(name: &str) -> (Machine, PathBuf) {
    let mut machine = Machine::new(Drives::blank(name).unwrap());
    let stick = machine.drives.installer_stick(None).unwrap();
    machine.power_on(&[&stick]).unwrap();
    install(&mut machine);
    machine.see_any(&["Memasang Bilik", INSTALLED]).unwrap();
    machine.see(INSTALLED).unwrap();
    keep(&mut machine, INSTALLED_STAGE);
    (machine, stick)
}

/// What the page then says to do: stick out, restart. Up to the booth's own page.
pub fn start_installed(machine: &mut Machine, stick: &Path) {
    machine.see(INSTALLED).unwrap();
    machine.pull_out(stick).unwrap();
    machine.tap_on("Nyalakan ulang").unwrap();
    machine.see(NOT_ENROLLED).unwrap();
}

/// Gives it the file of this hub, until it welcomes its first participant.
pub fn enrol(machine: &mut Machine, hub: &Hub) {
    machine.see(NOT_ENROLLED).unwrap();
    let stick =
        machine.drives.plain_stick(&[(&provisioning(hub, "Bilik Uji", "dhcp", NO_MEDIA), "bilik.toml")]).unwrap();
    machine.insert(&stick).unwrap();
    // *Ready* stands there for a moment only, and not long enough to be waited for.
    machine.see(WELCOME).unwrap();
    machine.pull_out(&stick).unwrap();
}

/// Keeps the drives as they are in this moment, for [`kept`]. They are what a power cut leaves now: what the screen says
/// is done has to be on them.
pub fn keep(machine: &mut Machine, stage: &str) {
    machine.qmp("stop", json!({})).unwrap();
    store(machine, stage);
    machine.qmp("cont", json!({})).unwrap();
}

fn store(machine: &Machine, stage: &str) {
    let _ = Drives::copy_of(stage, &machine.drives).unwrap();
    fs::write(tests().join(stage).join("of"), image()).unwrap();
}

/// A machine as an earlier one was kept, if that had the same image.
pub fn kept(stage: &str) -> Option<Drives> {
    let folder = tests().join(stage);
    let same = fs::read_to_string(folder.join("of")).is_ok_and(|of| of == image());
    same.then(|| Drives { name: stage.into(), folder })
}

/// The drives of a machine that was kept at this stage. `make` makes and keeps one, if this image has none yet.
fn at(stage: &str, make: impl FnOnce()) -> Drives {
    kept(stage).unwrap_or_else(|| {
        make();
        kept(stage).unwrap()
    })
}

/// Of a computer with the booth on its disk that was never started.
pub fn installed_drives() -> Drives {
    at(INSTALLED_STAGE, || install_on("installing").0.scrap())
}

/// That computer.
pub fn installed(name: &str) -> Machine {
    Machine::new(Drives::copy_of(name, &installed_drives()).unwrap())
}

/// Of a booth that is enrolled and welcomes its participants, asleep, without a card reader. Its hub is away.
pub fn ready() -> Drives {
    at(READY, || {
        let hub = hub("enrolling");
        let mut machine = installed("enrolling");
        machine.power_on(&[]).unwrap();
        enrol(&mut machine, &hub);
        keep_awake(&mut machine, READY, &hub);
        machine.scrap();
    })
}

/// That booth, awake.
pub fn booth(name: &str) -> Machine {
    let mut machine = Machine::new(Drives::copy_of(name, &ready()).unwrap());
    machine.wake().unwrap();
    machine
}

/// A copy of the machine that was kept at this stage.
pub fn woken(name: &str, stage: &str, make: impl FnOnce()) -> Machine {
    let mut machine = cold(name, stage, make);
    machine.wake().unwrap();
    machine
}

/// The same, as if its plug had been pulled at that moment.
pub fn cold(name: &str, stage: &str, make: impl FnOnce()) -> Machine {
    Machine::new(Drives::copy_of(name, &at(stage, make)).unwrap())
}

/// Like [`keep`], with what the machine has in its memory, so that nobody waits for it to start again.
pub fn keep_awake(machine: &mut Machine, stage: &str, hub: &Hub) {
    machine.put_to_sleep().unwrap();
    store(machine, stage);
    fs::write(tests().join(stage).join("hub"), hub.folder.to_str().unwrap()).unwrap();
    machine.wake().unwrap();
}

/// Names the image by what `make image` has said of it.
pub fn image() -> String {
    let version = version().unwrap();
    fs::read_to_string(kiosk().join(format!("bilik-{version}.txt"))).unwrap()
}

/// From the welcome page into the service menu.
pub fn open_menu(machine: &mut Machine) {
    machine.see(WELCOME).unwrap();
    machine.hold(NAME, Duration::from_secs(6)).unwrap();
    machine.see("Untuk teknisi").unwrap();
    pad(machine, PIN);
    machine.tap_on("Buka menu").unwrap();
    machine.see("Ringkasan").unwrap();
}

/// Types on the number pad of the glass.
pub fn pad(machine: &mut Machine, digits: &str) {
    for digit in digits.chars() {
        let digit = digit.to_digit(10).unwrap() as usize;
        let place = if digit == 0 { (1, 3) } else { ((digit - 1) % 3, (digit - 1) / 3) };
        machine.tap((PAD[place.0], PAD_ROWS[place.1])).unwrap();
    }
}

/// Types on the keyboard of the glass.
pub fn keyboard(machine: &mut Machine, text: &str) {
    for letter in text.to_lowercase().chars() {
        let place = KEYBOARD.iter().find_map(|(row, first, high)| {
            let across = u32::try_from(row.find(letter)?).unwrap();
            Some((first + across * KEY, *high))
        });
        machine.tap(place.unwrap_or(SPACE)).unwrap();
    }
}

/// Fails if something else than this page is shown now.
pub fn same_page(machine: &mut Machine, page: &str, after: &str) {
    machine.offers_no_way_out().unwrap();
    let screen = machine.look().unwrap();
    assert!(screen.find(page).is_some(), "{page:?} is gone after {after}; the screen shows {:?}", screen.text());
}
