//! A call between the booth's image and an officer in Chromium: the kernel's own test camera, an emulated sound card and a
//! cable, in a network that nothing else is on.

use super::claim;
use super::fixture::{self, HOST, WELCOME, booth, open_menu, provisioning};
use super::update::{OWN, Repack, put_in};
use bilik_tests::browser::Browser;
use bilik_tests::hub::Hub;
use bilik_tests::machine::{Cable, Machine};
use bilik_tests::officer::{Officer, film};
use bilik_tests::process::output;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Set in the process that has its own network.
const INSIDE: &str = "BILIK_OWN_NETWORK";
const CABLE: &str = "bilik0";
const ADDRESS: &str = "10.0.2.15/24";
/// Two cameras of the kernel's driver for tests, which draws moving bars.
const CAMERAS: &str = "modules_load=vivid vivid.n_devs=2 vivid.node_types=0x1,0x1 vivid.num_inputs=1,1";
const MEDIA: &str = "camera = \"/dev/video0\"\ndocument_camera = \"/dev/video1\"\n\
	microphone = \"alsa:default\"\nspeaker = \"alsa:default\"\n";

/// Runs one test of this program in a network of its own: Chromium, hub and machine are its children.
fn in_own_network(test: &str) {
    let mut command = Command::new("unshare");
    command.args(["--net", "--"]).arg(std::env::current_exe().unwrap());
    let status = command.args(["--ignored", "--exact", "--nocapture", test]).env(INSIDE, "1").status().unwrap();
    assert!(status.success(), "{test} ended with {status}");
}

/// The end of the machine's cable, with the address under which it knows its hub.
fn lay_cable() {
    for order in [
        &["link", "set", "lo", "up"][..],
        &["tuntap", "add", CABLE, "mode", "tap"],
        &["address", "add", &format!("{HOST}/24"), "dev", CABLE],
        &["link", "set", CABLE, "up"],
    ] {
        output(Command::new("ip").args(order)).unwrap();
    }
}

/// The hub that this booth is enrolled at, reached by cable.
fn its_hub() -> Hub {
    let mut hub = fixture::its_hub();
    let config = fs::read_to_string(hub.config()).unwrap();
    fs::write(hub.config(), config.replace("\"127.0.0.1:", "\"0.0.0.0:")).unwrap();
    hub.run().unwrap();
    hub
}

/// New cameras for an enrolled booth: by a new file, which gives it its own address too, and by an image that has their
/// driver loaded. Then it moves to the cable; its plug is pulled, which an update that was said to be ready outlives.
fn give_cameras(machine: &mut Machine, hub: &Hub) {
    let bundle = Repack { version: "0.9.5", words: CAMERAS, keys: OWN, ..Repack::default() }.make();
    let file = provisioning(hub, "Bilik Kamera", ADDRESS, MEDIA);
    let stick = machine.drives.plain_stick(&[(&bundle, "bilik.raucb"), (&file, "bilik.toml")]).unwrap();
    machine.insert(&stick).unwrap();
    open_menu(machine);
    machine.tap_on("Pembaruan").unwrap();
    put_in(machine);
    machine.tap_on("Stik").unwrap();
    machine.tap_on("Pakai bilik.toml").unwrap();
    machine.see(WELCOME).unwrap();
    machine.pull_out(&stick).unwrap();
    machine.cut();
    machine.power_on_at(Cable::Tap(CABLE)).unwrap();
    // Without a reader it does not get well.
    machine.plug_in_reader().unwrap();
    machine.see(WELCOME).unwrap();
}

#[test]
#[ignore = "make image-test"]
fn an_officer_serves_the_booth() {
    if std::env::var_os(INSIDE).is_none() {
        return in_own_network("image::call::an_officer_serves_the_booth");
    }
    lay_cable();
    let mut machine = booth("call");
    let hub = its_hub();
    give_cameras(&mut machine, &hub);
    let mut browser = chromium(&machine.drives.folder, &hub);
    // The hub stays with the booth that is kept, so it may know one from the last run.
    let account = hub.add_officer(&format!("sari{}", std::process::id()), "Sari").unwrap();
    let mut officer = Officer::log_in(&mut browser, &hub, &account).unwrap();
    machine.see("1 petugas siap").unwrap();
    let claims = hub.command(&["claims"]).unwrap().lines().count();
    claim::fill_in(&mut machine);
    officer.tile_is_taken(1).unwrap();
    officer.focus(1).unwrap();
    officer.sees_moving("focus-video").unwrap();
    machine.see("Langsung").unwrap();
    assert!(officer.packets("audio").unwrap() > 0, "the booth sends no sound");
    officer.correct_all().unwrap();
    officer.approve().unwrap();
    claim::sign(&mut machine);
    assert_eq!(hub.command(&["claims"]).unwrap().lines().count(), claims + 1);
    machine.scrap();
}

fn chromium(folder: &Path, hub: &Hub) -> Browser {
    let camera = folder.join("officer.mjpeg");
    film(&camera).unwrap();
    Browser::start(folder, &hub.authority_pin().unwrap(), &camera).unwrap()
}
