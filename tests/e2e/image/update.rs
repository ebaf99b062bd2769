//! Updates from a technician's stick.

use super::fixture::{WELCOME, booth, its_hub, open_menu};
use bilik_tests::machine::Machine;
use bilik_tests::machine::tools::{script, tests, version};
use std::path::{Path, PathBuf};

/// The same root file system under another version, with another kernel image, signed with these keys.
const REPACK: &str = r#"
	base=$1 version=$2 words=$3 keys=$4 overlay=$5 kernel_deed=$6 root_deed=$7 manifest=$8
	rm -rf "$version" && mkdir -p "$version/image"
	for part in root-x86-64.raw root-x86-64-verity.raw efi; do
		cp "/opt/image/bilik_$base.$part" "$version/image/bilik_$version.$part"
	done
	kernel=$version/image/bilik_$version.efi
	root=$version/image/bilik_$version.root-x86-64.raw
	if [ -n "$words$overlay" ]; then
		for section in linux initrd cmdline osrel uname; do
			objcopy -O binary --only-section=.$section "$kernel" "/tmp/$section"
		done
		# A second archive begins at a multiple of four bytes.
		truncate -s %4 /tmp/initrd
		(eval "$overlay") >>/tmp/initrd
		openssl x509 -in /opt/keys/pcr.crt -noout -pubkey >/tmp/pcr
		ukify build --linux=/tmp/linux --initrd=/tmp/initrd --os-release=@/tmp/osrel --uname="$(tr -d '\0' </tmp/uname)" \
			--cmdline="$(tr -d '\0' </tmp/cmdline) $words" --output="$kernel" \
			--secureboot-private-key=/opt/keys/secure-boot.key --secureboot-certificate=/opt/keys/secure-boot.crt \
			--pcr-private-key=/opt/keys/pcr.key --pcr-public-key=/tmp/pcr --pcr-banks=sha256 2>&1
	fi
	eval "$kernel_deed"
	eval "$root_deed"
	[ -e "$keys/update.crt" ] || /bilik/kiosk-image/steps/keys "$keys"
	sed "$manifest" /bilik/kiosk-image/steps/pack | sh -s -- "$version" "$version" "$keys"
	rm -rf "$version/image" "$version/pack"
"#;

/// What `make image` has made, as an update: how it differs. Whatever is empty stays as it is.
#[derive(Clone, Copy, Debug, Default)]
pub struct Repack<'a> {
    pub version: &'a str,
    /// On the kernel's command line, behind what is there.
    pub words: &'a str,
    /// Folder of the keys that sign the update.
    pub keys: &'a str,
    /// A script that prints an archive, which goes behind the initial RAM file system.
    pub overlay: &'a str,
    /// Deeds to the files `$kernel` and `$root` before they are signed as an update.
    pub kernel: &'a str,
    pub root: &'a str,
    /// A script of `sed` for the manifest.
    pub manifest: &'a str,
}

impl Repack<'_> {
    /// Gives the update's file.
    pub fn make(&self) -> PathBuf {
        let Self { version, words, keys, overlay, kernel, root, manifest } = *self;
        std::fs::create_dir_all(tests().join("updates")).unwrap();
        script("updates", REPACK, &[&base(), version, words, keys, overlay, kernel, root, manifest]).unwrap();
        tests().join("updates").join(version).join(format!("bilik-{version}.raucb"))
    }
}

pub const OWN: &str = "/opt/keys";

fn base() -> String {
    version().unwrap()
}

/// A stick with this update goes in, and the menu's page of updates is opened.
pub fn bring(machine: &mut Machine, bundle: &Path) -> PathBuf {
    let stick = machine.drives.plain_stick(&[(bundle, "bilik.raucb")]).unwrap();
    machine.insert(&stick).unwrap();
    open_menu(machine);
    machine.tap_on("Pembaruan").unwrap();
    machine.see("Slot a").unwrap();
    stick
}

/// The same, and it is put into the other slot.
pub fn update(machine: &mut Machine, bundle: &Path) {
    let stick = bring(machine, bundle);
    put_in(machine);
    machine.pull_out(&stick).unwrap();
    restart(machine);
}

/// The button for the update on the stick. Before that is read there is one without a version, which does nothing.
pub fn button(machine: &mut Machine) -> Option<(u32, u32)> {
    let screen = machine.look().unwrap();
    screen.find("dari stik").filter(|_| screen.find("Pasang dari stik").is_none())
}

/// Has the update on the stick put into the other slot.
pub fn put_in(machine: &mut Machine) {
    let at = loop {
        match button(machine) {
            Some(at) => break at,
            None => machine.pause(),
        }
    };
    machine.tap(at).unwrap();
    let (ended, _) = machine.see_any(&["Akan dicoba pada", "coba lagi", "gagal", "rusak", WELCOME]).unwrap();
    assert_eq!(ended, 0, "the update was not installed: {:?}", machine.look().unwrap().text());
}

/// Asks for it, and confirms. The button of the answer has red letters in a frame, which are not always read; it stands
/// below the question.
pub fn restart(machine: &mut Machine) {
    const BELOW: u32 = 131;
    let (across, down) = loop {
        if let Some(question) = machine.look().unwrap().find("Nyalakan ulang bilik?") {
            break question;
        }
        machine.tap_on("Nyalakan ulang").unwrap();
        machine.pause();
        machine.pause();
    };
    machine.tap((across, down + BELOW)).unwrap();
}

pub fn look_at_updates(machine: &mut Machine) {
    open_menu(machine);
    machine.tap_on("Pembaruan").unwrap();
}

#[test]
#[ignore = "make image-test"]
fn an_update_is_kept_once_it_is_well() {
    let bundle = Repack { version: "0.9.1", keys: OWN, ..Repack::default() }.make();
    let mut machine = booth("update");
    machine.plug_in_reader().unwrap();
    update(&mut machine, &bundle);
    machine.see(WELCOME).unwrap();
    look_at_updates(&mut machine);
    machine.see("Slot b").unwrap();
    machine.see("Diperbarui dari").unwrap();
    // Not by the trial's one start, but from now on.
    machine.cut();
    machine.power_on(&[]).unwrap();
    look_at_updates(&mut machine);
    machine.see("Diperbarui dari").unwrap();
    machine.scrap();
}

/// Offered at the hub, fetched, installed when nobody has been there for ten minutes, tried, kept, and told to the hub.
#[test]
#[ignore = "make image-updates"]
#[allow(clippy::print_stdout, reason = "what the hub's operator sees meanwhile")]
fn the_hub_brings_an_update() {
    let bundle = Repack { version: "0.9.2", keys: OWN, ..Repack::default() }.make();
    let mut hub = its_hub();
    hub.run().unwrap();
    let mut machine = booth("offered");
    machine.plug_in_reader().unwrap();
    hub.command(&["update", "offer", "--now", bundle.to_str().unwrap()]).unwrap();
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(40 * 60);
    let mut told = String::new();
    loop {
        let said = hub.command(&["booth", "list"]).unwrap();
        if said != told {
            println!("{said}");
            told = said;
        }
        // What runs calls itself by the version in its root, which is the same in both; but it runs from the other slot.
        let runs = format!("b {} (good, running)", base());
        if told.contains(&runs) && told.contains("last: updated from") && told.contains("to 0.9.2") {
            break;
        }
        assert!(std::time::Instant::now() < patience, "the hub was told: {told}");
        machine.offers_no_way_out().unwrap();
        machine.pause();
    }
    machine.see(WELCOME).unwrap();
    hub.command(&["update", "withdraw"]).unwrap();
    machine.scrap();
}
