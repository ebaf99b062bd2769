//! Updates from a technician's stick, good ones and bad ones, and a disk that ages.

use super::fixture::{WELCOME, booth, open_menu};
use bilik_tests::machine::tools::{script, tests, version};
use bilik_tests::machine::{Cable, Machine};
use std::path::{Path, PathBuf};

/// The same root file system under another version, with a kernel image that has more words on its command line, signed
/// with these keys.
const REPACK: &str = r#"
	base=$1 version=$2 words=$3 keys=$4 overlay=$5
	rm -rf "$version" && mkdir -p "$version/image"
	for part in root-x86-64.raw root-x86-64-verity.raw efi; do
		cp "/opt/image/bilik_$base.$part" "$version/image/bilik_$version.$part"
	done
	kernel=$version/image/bilik_$version.efi
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
	[ -e "$keys/update.crt" ] || /srv/kiosk-image/steps/keys "$keys"
	/srv/kiosk-image/steps/pack "$version" "$version" "$keys"
	rm -rf "$version/image" "$version/pack" "$version/bilik-$version.img"
"#;

/// What `make image` has made, as an update to this version.
pub fn repack(version: &str, words: &str, keys: &str) -> PathBuf {
    repack_with(version, words, keys, "")
}

/// With what this script prints, an archive, behind its initial RAM file system.
pub fn repack_with(version: &str, words: &str, keys: &str, overlay: &str) -> PathBuf {
    let folder = tests().join("updates");
    std::fs::create_dir_all(&folder).unwrap();
    script("updates", REPACK, &[&base(), version, words, keys, overlay]).unwrap();
    folder.join(version).join(format!("bilik-{version}.raucb"))
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
pub fn update(machine: &mut Machine, bundle: &Path, version: &str) {
    let stick = bring(machine, bundle);
    machine.tap_on(&format!("Pasang {version}")).unwrap();
    machine.see("Akan dicoba pada").unwrap();
    machine.pull_out(&stick).unwrap();
    machine.tap_on("Nyalakan ulang").unwrap();
    machine.tap_on("Ya, nyalakan ulang").unwrap();
}

fn look_at_updates(machine: &mut Machine) {
    open_menu(machine);
    machine.tap_on("Pembaruan").unwrap();
}

#[test]
#[ignore = "make image-test"]
fn an_update_is_kept_once_it_is_well() {
    let bundle = repack("0.9.1", "", OWN);
    let mut machine = booth("update", Cable::User);
    machine.plug_in_reader().unwrap();
    update(&mut machine, &bundle, "0.9.1");
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

#[test]
#[ignore = "make image-test"]
fn an_update_that_does_not_get_well_is_undone() {
    let bundle = repack("0.9.2", "systemd.mask=bilik-booth.service", OWN);
    let mut machine = booth("undone", Cable::User);
    machine.plug_in_reader().unwrap();
    update(&mut machine, &bundle, "0.9.2");
    machine.see(WELCOME).unwrap();
    look_at_updates(&mut machine);
    machine.see("kembali ke").unwrap();
    machine.scrap();
}

#[test]
#[ignore = "make image-test"]
fn a_strangers_update_is_refused() {
    let bundle = repack("0.9.3", "", "strangers");
    let mut machine = booth("stranger", Cable::User);
    bring(&mut machine, &bundle);
    machine.see("Tidak ada pembaruan").unwrap();
    machine.scrap();
}

/// One bit in the middle of the running system's file system.
#[test]
#[ignore = "make image-test"]
fn a_damaged_slot_gives_way_to_the_other() {
    let mut machine = booth("damaged", Cable::User);
    machine.cut();
    machine.drives.flip("bilik-root-a", 100 << 20).unwrap();
    machine.power_on(&[]).unwrap();
    look_at_updates(&mut machine);
    machine.see("Slot b").unwrap();
    let screen = machine.look().unwrap();
    let (own, other) = (screen.find("Slot b").unwrap(), screen.find("Slot a").unwrap());
    let runs = screen.find("berjalan").unwrap();
    assert!(runs.1.abs_diff(own.1) < runs.1.abs_diff(other.1), "slot a runs: {}", screen.text());
    machine.scrap();
}
