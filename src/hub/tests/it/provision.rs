//! The file that a technician carries to a booth, and the code in it.

use crate::bench::Bench;
use crate::commands::{run, text};
use bilik_claim::ids::BoothId;
use bilik_claim::provision::{Addressing, Provision};
use bilik_hub::ledger::CodeId;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::Output;
use tempfile::TempDir;

const HUB: &str = "hub.cabang.example:8443";

/// A branch whose hub does not run, and a stick.
struct Branch {
    dir: TempDir,
    config: PathBuf,
    stick: PathBuf,
}

impl Branch {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        crate::bench::config(dir.path(), "");
        let (config, stick) = (dir.path().join("hub.toml"), dir.path().join("stick"));
        fs::create_dir(&stick).unwrap();
        let branch = Self { dir, config, stick };
        branch.good(&["init"]);
        branch
    }

    fn good(&self, arguments: &[&str]) -> String {
        let output = run(&self.config, arguments, "");
        assert_eq!(output.status.code(), Some(0), "{arguments:?}: {}", text(&output.stderr));
        text(&output.stdout)
    }

    /// Provisions "Bilik 3".
    fn provision(&self, more: &[&str], target: &Path, input: &str) -> Output {
        let first = ["provision", "--booth", "Bilik 3", "--hub", HUB];
        let arguments = [&first, more, &[target.to_str().unwrap()]].concat();
        run(&self.config, &arguments, input)
    }

    fn codes(&self) -> Vec<CodeId> {
        let listed = self.good(&["enrol-code", "--list"]);
        listed.lines().map(|line| line.split_whitespace().next().unwrap().parse().unwrap()).collect()
    }
}

fn read(path: &Path) -> Provision {
    let file: Provision = toml::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    file.check().unwrap();
    file
}

#[tokio::test]
async fn a_booth_comes_in_with_its_file() {
    let bench = Bench::start().await;
    let config = bench.dir.path().join("hub.toml");
    let path = bench.dir.path().join("bilik.toml");
    let provision = |whom: [&str; 2]| {
        let tail = ["--hub", HUB, "--force", path.to_str().unwrap()];
        let output = run(&config, &[&["provision"], &whom[..], &tail].concat(), "");
        assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
        assert!(text(&output.stdout).starts_with(&format!("made {} for Bilik 3: ", path.display())));
        read(&path)
    };
    let list = || text(&run(&config, &["enrol-code", "--list"], "").stdout);
    let file = provision(["--booth", "Bilik 3"]);
    assert_eq!((file.hub.address.as_str(), list().lines().count()), (HUB, 1));
    let booth = bench.enrol_with(&file.hub.code).await.answer;
    assert_eq!((booth.booth_name.as_str(), list().as_str()), ("Bilik 3", ""));
    let again = provision(["--again", &booth.booth.to_string()]);
    assert!(list().trim_end().ends_with(&format!("Bilik 3  again {}", booth.booth)));
    assert_eq!(bench.enrol_with(&again.hub.code).await.answer.booth, booth.booth);
    // One that was taken back lets nobody in.
    let lost = provision(["--booth", "Bilik 3"]);
    let id = CodeId::of(lost.hub.code.secret_digest()).to_string();
    assert!(run(&config, &["enrol-code", "--revoke", &id], "").status.success());
    let ledger = bench.ledger();
    let left: i64 = ledger.query_row("SELECT count(*) FROM enrolment_codes", [], |row| row.get(0)).unwrap();
    assert_eq!((left, list().as_str()), (0, ""));
    let told = run(&config, &["enrol-code", "--revoke", &id], "");
    assert_eq!((told.status.code(), text(&told.stderr).starts_with(&format!("no code {id}: "))), (Some(1), true));
}

#[test]
fn what_is_asked_for_is_in_the_file() {
    let branch = Branch::new();
    let network = ["--network", "192.0.2.20/24", "--gateway", "192.0.2.1", "--dns", "192.0.2.2,192.0.2.3"];
    let reader = ["--reader", "honeywell-xenon", "--port", "usb:0c2e:0caa"];
    let output = branch.provision(&[&network[..], &reader, &["--pin", "-"]].concat(), &branch.stick, "135790\n");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let path = branch.stick.join("bilik.toml");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    let file = read(&path);
    let fixed = Addressing::Fixed {
        address: "192.0.2.20".parse().unwrap(),
        prefix: 24,
        gateway: Some("192.0.2.1".parse().unwrap()),
        dns: vec!["192.0.2.2".parse().unwrap(), "192.0.2.3".parse().unwrap()],
    };
    assert_eq!((file.network, file.reader.map(|reader| reader.port)), (Some(fixed), Some("usb:0c2e:0caa".into())));
    let hash = file.service.unwrap().pin_hash.unwrap();
    assert!(hash.reveal().starts_with("$argon2id$") && !fs::read_to_string(&path).unwrap().contains("135790"));
    // Neither the code nor the PIN is told to the terminal.
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(!said.contains(&file.hub.code.to_string()) && !said.contains("135790"), "{said}");
    let dhcp = branch.dir.path().join("other.toml");
    let output = branch.provision(&["--network", "dhcp", "--valid-hours", "336"], &dhcp, "");
    assert!(text(&output.stdout).contains("has to be bilik.toml"));
    assert_eq!(read(&dhcp).network, Some(Addressing::Dhcp {}));
}

#[test]
fn a_file_is_not_overwritten_unasked() {
    let branch = Branch::new();
    let path = branch.stick.join("bilik.toml");
    fs::write(&path, "another's").unwrap();
    let output = branch.provision(&[], &branch.stick, "");
    let told = text(&output.stderr);
    assert_eq!((output.status.code(), fs::read_to_string(&path).unwrap().as_str()), (Some(1), "another's"));
    assert!(told.starts_with(&format!("{} is there already", path.display())), "{told}");
    assert_eq!(branch.codes(), [], "no code without a file");
    // A link is replaced, not followed.
    let far = branch.dir.path().join("far");
    fs::write(&far, "far away").unwrap();
    fs::remove_file(&path).unwrap();
    std::os::unix::fs::symlink(&far, &path).unwrap();
    assert_eq!(branch.provision(&[], &branch.stick, "").status.code(), Some(1));
    // What an earlier attempt has left is in nobody's way.
    fs::write(branch.stick.join("bilik.toml.new"), "half").unwrap();
    let output = branch.provision(&["--force"], &branch.stick, "");
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    assert_eq!(fs::read_to_string(&far).unwrap(), "far away");
    assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
    assert_eq!(branch.codes(), [CodeId::of(read(&path).hub.code.secret_digest())]);
    assert_eq!(fs::read_dir(&branch.stick).unwrap().count(), 1);
}

#[test]
fn what_is_refused_leaves_nothing_behind() {
    let branch = Branch::new();
    let check = |more: &[&str], target: &Path, status: i32, expect: &str| {
        let output = branch.provision(more, target, "");
        let told = text(&output.stderr);
        assert_eq!(output.status.code(), Some(status), "{more:?}: {told}");
        assert!(told.contains(expect), "{more:?}: {told}");
        assert!(status == 2 || told.lines().count() == 1, "{told}");
    };
    let stick = branch.stick.as_path();
    check(&["--pin", "1357"], stick, 1, "6 to 10 digits");
    check(&["--pin", "123456"], stick, 1, "anybody tries");
    check(&["--network", "192.0.2.20/33"], stick, 1, "network.prefix");
    check(&["--network", "192.0.2.20/24", "--gateway", "192.0.2.20"], stick, 1, "network.gateway");
    check(&["--network", "dhcp", "--dns", "192.0.2.2"], stick, 1, "--network dhcp");
    check(&["--reader", "line", "--port", ""], stick, 1, "reader.port");
    check(&["--network", "192.0.2.20"], stick, 2, "192.0.2.20/24");
    check(&["--gateway", "192.0.2.1"], stick, 2, "--network");
    check(&["--reader", "line"], stick, 2, "--port");
    check(&["--valid-hours", "0"], stick, 2, "1 to 336 hours");
    check(&["--valid-hours", "337"], stick, 2, "1 to 336 hours");
    check(&["--again", "00000000-0000-0000-0000-000000000001"], stick, 2, "--booth");
    // The code was made by then, and is taken back.
    let nowhere = branch.dir.path().join("nowhere/bilik.toml");
    check(&[], &nowhere, 1, &format!("failed to write {}: ", nowhere.display()));
    let named = |arguments: &[&str], expect: &str| {
        let output = run(&branch.config, &[&["provision"], arguments, &[stick.to_str().unwrap()]].concat(), "");
        assert!(!output.status.success() && text(&output.stderr).contains(expect), "{}", text(&output.stderr));
    };
    named(&["--booth", "Bilik 3"], "listen_console has port 0");
    named(&["--booth", "Bilik 3", "--hub", "hub"], "hub.address: must be host:port");
    named(&["--booth", " ", "--hub", HUB], "booth name");
    named(&["--again", &BoothId(uuid::Uuid::nil()).to_string(), "--hub", HUB], "no booth");
    named(&["--hub", HUB], "--booth");
    assert_eq!((branch.codes(), fs::read_dir(stick).unwrap().count()), (Vec::new(), 0));
}

#[test]
fn the_address_is_the_configured_one() {
    let branch = Branch::new();
    let check = |names: &str, expect: &str| {
        let text = fs::read_to_string(&branch.config).unwrap();
        let (head, tail) = (text.split("names = ").next().unwrap(), "listen_booths = \"127.0.0.1:0\"\n");
        fs::write(&branch.config, format!("{head}names = {names}\nlisten_console = \"0.0.0.0:9443\"\n{tail}")).unwrap();
        let path = branch.stick.join("bilik.toml");
        branch.good(&["provision", "--booth", "Bilik 3", "--force", path.to_str().unwrap()]);
        assert_eq!(read(&path).hub.address, expect);
    };
    check("[\"hub.cabang.example\", \"192.0.2.10\"]", "hub.cabang.example:9443");
    check("[\"2001:db8::1\"]", "[2001:db8::1]:9443");
}

#[test]
fn a_code_that_travels_lasts_as_long_as_asked() {
    let branch = Branch::new();
    branch.good(&["enrol-code", "--booth", "Bilik 1"]);
    branch.good(&["enrol-code", "--booth", "Bilik 2", "--valid-hours", "2"]);
    let listed = branch.good(&["enrol-code", "--list"]);
    let names: Vec<_> = listed.lines().map(|line| line.rsplit("  ").next().unwrap()).collect();
    assert_eq!(names, ["Bilik 1", "Bilik 2"], "those first that end first");
    let usage = |more: &[&str]| {
        let output = run(&branch.config, &[&["enrol-code"], more].concat(), "");
        assert_eq!(output.status.code(), Some(2), "{more:?}");
    };
    usage(&[]);
    usage(&["--list", "--valid-hours", "2"]);
    usage(&["--list", "--booth", "Bilik 1"]);
    usage(&["--revoke", "short"]);
}
