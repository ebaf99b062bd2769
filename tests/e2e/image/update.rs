//! Updates from a technician's stick.

use super::fixture::{WELCOME, booth, open_menu};
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
	[ -e "$keys/update.crt" ] || /srv/kiosk-image/steps/keys "$keys"
	sed "$manifest" /srv/kiosk-image/steps/pack | sh -s -- "$version" "$version" "$keys"
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
    machine.tap_on("dari stik").unwrap();
    machine.see("Akan dicoba pada").unwrap();
    machine.pull_out(&stick).unwrap();
    restart(machine);
}

/// A sentence above the button begins with its words, and may be read before the button is.
pub fn restart(machine: &mut Machine) {
    const YES: &str = "Ya, nyalakan ulang";
    while machine.look().unwrap().find(YES).is_none() {
        machine.tap_on("Nyalakan ulang").unwrap();
        machine.pause();
        machine.pause();
    }
    machine.tap_on(YES).unwrap();
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
