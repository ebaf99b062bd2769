//! A disk that ages: bits that turn over in a slot.

use super::fixture::{WELCOME, booth, open_menu};
use bilik_tests::machine::tools::script;

/// The checks that a start makes, on what `make image` has made, with one bit after the other turned over: the hash tree as
/// the initial RAM file system reads it, the signature as the firmware does.
const FLIPS: &str = r#"
	count=$1
	cp --reflink=auto /opt/pack/root.img root.img
	mcopy -n -i /opt/pack/esp.img ::/EFI/BOOT/BOOTX64.EFI kernel.efi
	hash=$(tr -d '\0' <kernel.efi | grep -ao 'roothash=[0-9a-f]*' | head -1 | cut -d= -f2)
	data=$(($(od -An -tu4 -j1060 -N4 root.img) * 4096))
	flip() {
		byte=$(od -An -tu1 -j"$2" -N1 "$1" | tr -d ' ')
		printf "\\$(printf %o $((byte ^ 16)))" | dd of="$1" bs=1 seek="$2" conv=notrunc status=none
	}
	check_root() { veritysetup verify root.img root.img "$hash" --hash-offset="$data" >/dev/null 2>&1; }
	check_kernel() { sbverify --cert /opt/keys/secure-boot.crt kernel.efi >/dev/null 2>&1; }
	check_root || { echo "the root is damaged from the start"; exit 1; }
	check_kernel || { echo "the kernel image is damaged from the start"; exit 1; }
	for number in $(seq "$count"); do
		for file in root kernel; do
			case $file in root) length=$data ;; *) length=$(($(stat -c %s kernel.efi) - 4096)) ;; esac
			at=$(($(od -An -tu4 -N4 /dev/urandom) % length))
			name=$file.img; [ $file = root ] || name=kernel.efi
			flip $name $at
			if check_$file; then echo "byte $at of $name was changed and not noticed"; exit 1; fi
			flip $name $at
		done
	done
	check_root && check_kernel
"#;

#[test]
#[ignore = "make image-test"]
fn every_changed_block_is_noticed() {
    std::fs::create_dir_all(bilik_tests::machine::tools::tests().join("damage")).unwrap();
    script("damage", FLIPS, &["100"]).unwrap();
}

/// One bit in the middle of the running system's file system, then one in the other's kernel image as well as in its own.
#[test]
#[ignore = "make image-test"]
fn a_damaged_slot_gives_way_to_the_other() {
    for (name, label, offset) in [("root", "bilik-root-a", 100 << 20), ("kernel", "bilik-esp-a", 20 << 20)] {
        let mut machine = booth(&format!("damaged-{name}"));
        machine.cut();
        machine.drives.flip(label, offset).unwrap();
        machine.power_on(&[]).unwrap();
        machine.see(WELCOME).unwrap();
        open_menu(&mut machine);
        machine.tap_on("Pembaruan").unwrap();
        machine.see("Slot b").unwrap();
        let screen = machine.look().unwrap();
        let (own, other) = (screen.find("Slot b").unwrap(), screen.find("Slot a").unwrap());
        let runs = screen.find("berjalan").unwrap();
        assert!(runs.1.abs_diff(own.1) < runs.1.abs_diff(other.1), "slot a runs: {}", screen.text());
        machine.scrap();
    }
}
