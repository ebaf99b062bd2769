//! Every claim that a booth kept is in the ledger once, though half of the hub's answers get lost, a fifth of the requests
//! comes twice, and the hub is killed after every 200 receipts.
//!
//! ```text
//!  spool ───── plain HTTP ─────► line ───── mutual TLS ─────► bilik-hub
//!  journal and courier:          loses and doubles:           the ledger:
//!  one process per booth         this process                 a process, killed and started again
//! ```
//!
//! Nothing stands in for anything: the programs, the ledger and the booths' enrolment are the real ones. TLS ends in the line,
//! which has the booths' certificates, because what is encrypted can't be told apart. Only the courier's waits are shorter
//! ([`HASTE`]): they are for people. What the booths said and what came back over the line is held against the ledger's file
//! at the end ([`ledger`]).

mod hub;
mod ledger;
mod line;

use hub::{Booth, Hub, Order};
use ledger::{Kept, Promised};
use line::Line;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// Receipts between two deaths of the hub.
const LIFE: u64 = 200;
/// Times that the courier's waits are shorter: it waits a second for a hub that does not answer, at first.
const HASTE: u32 = 1_000;
/// Of disk held back by each booth, in bytes: these claims are small.
const RESERVE: u32 = 1 << 20;

/// No claim of theirs takes so long, so something is stuck.
const PATIENCE: Duration = Duration::from_secs(120);
/// How often a long trial says how far it is.
const NEWS: Duration = Duration::from_secs(60);

struct Trial {
    /// Receipts that the hub has to give, the doubled ones included.
    deliveries: u64,
    booths: usize,
    /// Claims of one run of spool: the booth is started again after that.
    claims: u32,
}

#[test]
fn a_few_deliveries() {
    let (dir, promised) = run(&Trial { deliveries: 450, booths: 3, claims: 20 });
    // Would it be seen?
    let check = |change: &str, expect: &str| {
        let copy = dir.path().join("copy.db");
        let _ = std::fs::remove_file(&copy);
        let ledger = rusqlite::Connection::open(dir.path().join("state/hub.db")).unwrap();
        ledger.execute("VACUUM INTO ?1", [copy.to_str().unwrap()]).unwrap();
        let changed = rusqlite::Connection::open(&copy).unwrap();
        changed.execute_batch(change).unwrap();
        let found = ledger::check(&changed, &promised);
        assert!(found.iter().any(|fault| fault.contains(expect)), "{change}: {found:?}");
    };
    const OTHERS: &str =
        "booth, received_at, manifest_digest, manifest, signature, receipt, receipt_signature, vouched";
    let again = format!("INSERT INTO claims (claim, {OTHERS}) SELECT 'c0ffee', {OTHERS} FROM claims LIMIT 1");
    check("PRAGMA foreign_keys = 0; DELETE FROM claims WHERE sequence = 7", "is missing");
    check("UPDATE claims SET sequence = 1000000 WHERE sequence = 7", "number 7");
    check(&again, "nobody kept");
    check(&again, "place");
    check("UPDATE claims SET receipt_signature = 'x' WHERE sequence = 7", "receipt");
    check("UPDATE claims SET booth = (SELECT max(booth) FROM booths)", "nobody kept");
    check("DELETE FROM parts WHERE id = 3", "part");
    check("UPDATE parts SET bytes = x'00' WHERE id = 3", "part");
    check("UPDATE parts SET claim = NULL WHERE id = 3", "part");
    check("DELETE FROM audit WHERE sequence = (SELECT max(sequence) FROM audit)", "audit trail");
}

/// `make exactly-once`. BILIK_DELIVERIES is how many.
#[test]
#[ignore = "takes an hour"]
fn a_million_deliveries() {
    let deliveries = setting("BILIK_DELIVERIES", 1_000_000);
    run(&Trial { deliveries, booths: setting("BILIK_BOOTHS", 8) as usize, claims: 500 });
}

/// Goes through all of it, and fails if anything is missing or doubled.
fn run(trial: &Trial) -> (tempfile::TempDir, Promised) {
    let dir = tempfile::tempdir_in(scratch()).unwrap();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let hub = Hub::set_up(dir.path());
    let (orders, ordered) = mpsc::channel();
    let line = Arc::new(Line::new(LIFE, orders.clone()));
    line.connect(hub.address());
    let booths: Vec<_> = (0..trial.booths).map(|_| runtime.block_on(hub.enrol())).collect();
    let running: Vec<Mutex<Option<Child>>> = booths.iter().map(|_| Mutex::default()).collect();
    let begin = Instant::now();

    let (kept, hub, kills) = std::thread::scope(|scope| {
        let kept_up = Arc::clone(&line);
        let keeper = scope.spawn(move || hub::keep(hub, ordered, &kept_up));
        let mut spools = Vec::new();
        for (number, (booth, child)) in booths.iter().zip(&running).enumerate() {
            let address = runtime.block_on(line.open(booth));
            let state = dir.path().join(format!("booth-{number}"));
            let line = Arc::clone(&line);
            spools.push(scope.spawn(move || {
                let mut kept = Kept::new(booth);
                while line.tally().received < trial.deliveries {
                    spool(command(&state, booth, trial.claims, address), child, &mut kept);
                }
                kept
            }));
        }
        let (mut news, mut last) = (begin, (0, begin));
        while spools.iter().any(|spool| !spool.is_finished()) {
            std::thread::sleep(Duration::from_millis(20));
            let (tally, now) = (line.tally(), Instant::now());
            if tally.received > last.0 {
                last = (tally.received, now);
            }
            if now > last.1 + PATIENCE {
                running.iter().filter_map(|child| child.lock().unwrap().take()).for_each(|mut c| c.kill().unwrap());
            }
            if now > news + NEWS {
                news = now;
                report(&format!("{:>5} s  {tally}", begin.elapsed().as_secs()));
            }
        }
        // Whatever came of them, the hub is stopped first: it would outlive this.
        let kept: Vec<_> = spools.into_iter().map(|spool| spool.join()).collect();
        runtime.block_on(line.flush());
        // An error: the keeper has failed, which joining it tells.
        let _ = orders.send(Order::Stop);
        let (hub, kills) = keeper.join().unwrap();
        (kept.into_iter().map(Result::unwrap).collect::<Vec<Kept>>(), hub, kills)
    });
    let took = begin.elapsed();
    drop(runtime);

    let tally = line.tally();
    let claims: usize = kept.iter().map(|kept| kept.claims.len()).sum();
    let promised = Promised { receipt_key: booths[0].receipt_key(), booths: kept, receipts: line.receipts() };
    let faults = ledger::check(&hub.ledger(), &promised);
    let rate = tally.received as f64 / took.as_secs_f64();
    report(&format!("{claims} claims of {} booths; {tally}; hub killed {kills} times", trial.booths));
    report(&format!("{:.0} s, {rate:.0} receipts/s; {} faults", took.as_secs_f64(), faults.len()));
    assert!(faults.is_empty(), "{} faults, the first: {:#?}", faults.len(), faults.iter().take(20).collect::<Vec<_>>());
    assert_eq!(line.strange(), Vec::<String>::new(), "answers that the hub should not give");
    assert_eq!(hub.complaints(), Vec::<String>::new(), "what the hub wrote into its log");
    let audit = crate::commands::run(&dir.path().join("hub.toml"), &["verify-audit"], "");
    assert!(audit.status.success(), "{}", crate::commands::text(&audit.stderr));
    // A trial without faults proves nothing.
    assert!(tally.received >= trial.deliveries && kills >= tally.received / LIFE - 1, "{kills} kills");
    let share = |part: u64, whole: u64| part as f64 / whole as f64;
    let (lost, doubled) = (share(tally.lost, tally.answers), share(tally.doubled, tally.requests));
    assert!((0.4..0.6).contains(&lost) && (0.15..0.25).contains(&doubled), "{lost} lost, {doubled} doubled");
    (dir, promised)
}

/// One life of a booth: keeps claims, delivers them, and ends when none is left.
fn command(state: &Path, booth: &Booth, claims: u32, address: SocketAddr) -> Command {
    let mut command = Command::new(program());
    command
        .arg(state)
        .args(["--claims", &claims.to_string(), "--size", "0", "--reserve", &RESERVE.to_string()])
        .args(["--haste", &HASTE.to_string(), "--booth", &booth.answer.booth.to_string()])
        .args(["--booth-key", &hex::encode(booth.manifest_key.to_bytes())])
        .args(["--recipient", &booth.answer.recipient, "--receipt-key", &booth.answer.receipt_key])
        .args(["--deliver", &format!("http://{address}")])
        .stdout(Stdio::piped());
    command
}

/// Runs it to its end. `running` is where it can be killed meanwhile.
fn spool(mut command: Command, running: &Mutex<Option<Child>>, kept: &mut Kept) {
    let mut child = command.spawn().unwrap();
    let out = child.stdout.take().unwrap();
    *running.lock().unwrap() = Some(child);
    for said in BufReader::new(out).lines().map(Result::unwrap) {
        match said.split(' ').collect::<Vec<_>>().as_slice() {
            ["kept", claim, _] => kept.claims.push(claim.parse().unwrap()),
            ["confirmed", claim] => kept.confirmed.push(claim.parse().unwrap()),
            ["ready:", ..] => {}
            _ => panic!("spool says: {said}"),
        }
    }
    let child = running.lock().unwrap().take();
    let mut child = child.expect("it was stuck: nothing was received for minutes");
    assert!(child.wait().unwrap().success(), "{command:?} failed");
}

/// Memory, if it can be had: only processes are killed, and it outlives them as a disk does.
fn scratch() -> PathBuf {
    let memory = || Some(PathBuf::from("/dev/shm")).filter(|path| path.is_dir());
    std::env::var_os("BILIK_SCRATCH").map(PathBuf::from).or_else(memory).unwrap_or_else(std::env::temp_dir)
}

/// Beside this test, as cargo puts it.
fn program() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/spool");
    assert!(path.exists(), "{} is missing: cargo build -p bilik-journal --examples", path.display());
    path
}

/// Figures go past the test harness, which swallows what is printed by its macros.
fn report(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

/// A number from the environment, by which the long version is told how long.
fn setting(name: &str, default: u64) -> u64 {
    match std::env::var(name) {
        Ok(value) => value.parse().unwrap_or_else(|_| panic!("{name}={value} is not a number")),
        Err(_) => default,
    }
}
