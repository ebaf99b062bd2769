//! A booth whose computer has a TPM: its disk opens there alone, and with the passphrase that the hub gives out.

use super::fixture::{WELCOME, enrol, hub, install, start_installed};
use bilik_claim::recovery::{PASSPHRASE, TOKEN};
use bilik_tests::machine::Machine;
use bilik_tests::machine::drives::Drives;
use bilik_tests::machine::tools::script;
use std::fs;

/// The partition's LUKS header, `header.img`: who may open it, and the token for the hub as `token.json`. As on a technician's PC.
const LOOK: &str = r#"
	dd if=disk.img of=header.img bs=1M iflag=skip_bytes skip="$1" count=16 status=none
	truncate --size=32M header.img
	cryptsetup token export --token-id="$2" header.img >token.json
	cryptsetup luksDump header.img
"#;
const OPENS: &str = "cryptsetup open --test-passphrase --key-file passphrase header.img && echo opens || echo shut";

#[test]
#[ignore = "make image-test"]
fn a_disk_opens_in_its_own_computer_and_by_the_hub_alone() {
    let hub = hub("tpm");
    let mut machine = Machine::with_tpm(Drives::blank("tpm").unwrap());
    let stick = machine.drives.installer_stick(None).unwrap();
    machine.power_on(&[&stick]).unwrap();
    install(&mut machine);
    start_installed(&mut machine, &stick);
    enrol(&mut machine, &hub);
    // Nobody types anything when it starts again.
    machine.cut();
    machine.power_on(&[]).unwrap();
    machine.see(WELCOME).unwrap();
    machine.cut();

    let at = machine.drives.partition("disk.img", "bilik-data").unwrap().bytes().start;
    let header = script("tpm", LOOK, &[&at.to_string(), &TOKEN.to_string()]).unwrap();
    assert!(header.contains("systemd-tpm2"), "{header}");
    let folder = &machine.drives.folder;
    let opens = |passphrase: &str| {
        fs::write(folder.join("passphrase"), passphrase).unwrap();
        script("tpm", OPENS, &[]).unwrap().trim() == "opens"
    };
    let token = fs::read(folder.join("token.json")).unwrap();
    let passphrase = hub.fed(&["recover-disk"], &token).unwrap();
    let passphrase = passphrase.trim();
    assert_eq!(passphrase.len(), PASSPHRASE);
    assert!(opens(passphrase) && !opens("") && !opens(&passphrase[1..]));

    let elsewhere = |with: fn(Drives) -> Machine, name: &str, says: &str| {
        let drives = Drives::copy_of(name, &machine.drives).unwrap();
        fs::remove_dir_all(drives.tpm()).unwrap();
        let mut other = with(drives);
        other.power_on(&[]).unwrap();
        // Until the machine's service has answered, the page knows only that it has no enrolment.
        let (page, _) = other.see_any(&[says, WELCOME]).unwrap();
        assert_eq!(page, 0, "the disk opens in {name}");
        other.scrap();
    };
    elsewhere(Machine::with_tpm, "tpm-of-another", "TPM menolak");
    elsewhere(Machine::new, "tpm-missing", "TPM tidak ada");
    machine.scrap();
}
