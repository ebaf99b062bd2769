//! A real process on a real disk, killed and failed by strace at each system call that changes something.
//!
//! The process is the `spool` example, one run of it per act: `Keep` appends a claim, `Deliver` brings all to a hub whose
//! receipts get lost, `Erase` brings all to a hub that answers. For each order of up to three acts the last one is the
//! victim: it runs once to have its system calls counted, and then once for each of them and each way to fail, on a copy of
//! what the acts before left. What it printed is what was promised.

use crate::booth::Act;
use crate::hub::{Hub, RESERVE};
use crate::promises::{After, Promises};
use crate::rounds::{each, report, setting};
use crate::runs::orders;
use crate::sim::Dice;
use bilik_claim::filing::CommitAnswer;
use bilik_claim::ids::{ClaimId, Digest};
use bilik_journal::disk::Disk;
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// What changes something on a disk.
const CALLS: &str = "write,pwrite64,fdatasync,fsync,rename,renameat,renameat2,ftruncate,fallocate,unlink,unlinkat";
/// What becomes of a call: the process dies before it, or it fails.
const WAYS: [&str; 3] = ["signal=KILL", "error=EIO", "error=ENOSPC"];
/// A victim that waits for better times is killed after this: the booth would try again in ten seconds.
const PATIENCE: Duration = Duration::from_millis(1_500);
/// Most of them wait for a disk or for better times.
const WORKERS: usize = 6;
/// The least that an act changes: fewer calls, and strace did not see what it should.
const LEAST: usize = 8;

/// A hub on a socket of its own.
struct Served {
    hub: Arc<Mutex<Hub>>,
    address: SocketAddr,
    /// Claims that it took in without an answer.
    muted: Arc<AtomicU64>,
    ended: Arc<AtomicBool>,
}

impl Served {
    /// One that is mute takes a claim into its ledger, and breaks off instead of answering.
    fn start(hub: Hub, mute: bool) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let served = Self { hub: Arc::new(Mutex::new(hub)), address, muted: Arc::default(), ended: Arc::default() };
        let (hub, muted, ended) = (Arc::clone(&served.hub), Arc::clone(&served.muted), Arc::clone(&served.ended));
        std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok).take_while(|_| !ended.load(Ordering::Relaxed)) {
                // One that breaks off is asked again.
                let _ = serve(&stream, &hub, mute.then_some(&muted));
            }
        });
        served
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.ended.store(true, Ordering::Relaxed);
        // Wakes it up.
        let _ = TcpStream::connect(self.address);
    }
}

fn serve(stream: &TcpStream, hub: &Mutex<Hub>, mute: Option<&AtomicU64>) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    let (mut reader, mut request, mut line, mut length) = (BufReader::new(stream), String::new(), String::new(), 0);
    reader.read_line(&mut request)?;
    while reader.read_line(&mut line)? > 2 {
        if let Some((name, value)) = line.split_once(':')
            && name.eq_ignore_ascii_case("content-length")
        {
            length = value.trim().parse().unwrap();
        }
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body)?;
    let mut hub = hub.lock().unwrap();
    let part = request.split_whitespace().nth(1).and_then(|path| path.strip_prefix("/api/v1/parts/"));
    let (status, answer) = match part {
        Some(digest) => {
            hub.put(digest.parse::<Digest>().unwrap(), &body);
            (201, Vec::new())
        }
        None => {
            let answer = hub.commit(&serde_json::from_slice(&body)?);
            let received = matches!(answer, CommitAnswer::Received { .. });
            if let Some(muted) = mute.filter(|_| received) {
                muted.fetch_add(1, Ordering::Relaxed);
                return Ok(());
            }
            (if received { 200 } else { 409 }, serde_json::to_vec(&answer)?)
        }
    };
    let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
    let mut stream = stream;
    stream.write_all(&[head.as_bytes(), &answer].concat())
}

/// Beside this test, as cargo puts it.
fn spool() -> PathBuf {
    let test = std::env::current_exe().unwrap();
    let path = test.parent().and_then(Path::parent).unwrap().join("examples/spool");
    assert!(path.exists(), "{} is missing: cargo build -p bilik-journal --examples", path.display());
    path
}

/// What happens to a run.
#[derive(Clone)]
enum Lot {
    Spared,
    /// Its calls are counted in this file.
    Watched(PathBuf),
    /// In the words of strace: `pwrite64:error=EIO:when=3`.
    Struck(String),
}

/// One run of spool, in the state directory of a world.
fn run(world: &Path, promises: &mut Promises, act: Act, lot: &Lot) {
    let mut command = match lot {
        Lot::Spared => Command::new(spool()),
        Lot::Watched(_) | Lot::Struck(_) => {
            let mut command = Command::new("strace");
            match lot {
                Lot::Watched(log) => command.arg("-o").arg(log).args(["-f", "-e", &format!("trace={CALLS}")]),
                Lot::Struck(how) => {
                    command.args(["-o", "/dev/null", "-f", "-e", "trace=none", "-e", &format!("inject={how}")])
                }
                Lot::Spared => &mut command,
            };
            command.arg(spool());
            command
        }
    };
    command.arg(world).args(["--size", "1", "--reserve", &RESERVE.to_string()]);
    let mute = act == Act::Deliver;
    let served = Served::start(promises.hub.clone(), mute);
    if act == Act::Keep {
        promises.unsaid += 1;
        command.args(["--claims", "1"]);
    } else {
        command.args(["--deliver", &format!("http://{}", served.address)]);
    }
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().expect("strace is installed");
    let pid = child.id();
    let output = child.stdout.take().unwrap();
    let reading = std::thread::spawn(move || BufReader::new(output).lines().map_while(Result::ok).collect::<Vec<_>>());
    let start = Instant::now();
    while child.try_wait().unwrap().is_none() {
        let patience = if matches!(lot, Lot::Struck(_)) { PATIENCE } else { 20 * PATIENCE };
        // A mute hub would be asked for ever.
        if served.muted.load(Ordering::Relaxed) > 0 || start.elapsed() > patience {
            kill_children(pid);
            let _ = child.kill();
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    for line in reading.join().unwrap() {
        let mut words = line.split_whitespace();
        let claim = |word: Option<&str>| word.and_then(|w| w.parse::<uuid::Uuid>().ok()).map(ClaimId);
        match (words.next(), claim(words.next())) {
            (Some("kept"), Some(claim)) => {
                promises.unsaid -= 1;
                promises.kept.insert(claim);
            }
            (Some("confirmed"), Some(claim)) => drop(promises.confirmed.insert(claim)),
            _ => {}
        }
    }
    promises.hub = served.hub.lock().unwrap().clone();
}

/// Those that strace started would go on without it.
fn kill_children(pid: u32) {
    let children = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).unwrap_or_default();
    for child in children.split_whitespace() {
        let _ = Command::new("kill").args(["-KILL", child]).status();
    }
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
    }
}

/// How often each call was made.
fn count(log: &Path) -> BTreeMap<String, u64> {
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(log).unwrap().lines() {
        if let Some((head, _)) = line.split_once('(') {
            *counts.entry(head.split_whitespace().last().unwrap_or_default().to_owned()).or_insert(0) += 1;
        }
    }
    counts
}

/// One point of one order.
struct Point {
    order: usize,
    how: String,
}

/// What the acts before the last one left, and the calls of the last.
struct Ready {
    order: Vec<Act>,
    world: PathBuf,
    promises: Promises,
    calls: BTreeMap<String, u64>,
}

fn prepare(order: &[Act], place: &Path) -> Ready {
    let world = place.join("before");
    let mut promises = Promises::default();
    fs::create_dir_all(&world).unwrap();
    let (last, before) = order.split_last().unwrap();
    before.iter().for_each(|act| run(&world, &mut promises, *act, &Lot::Spared));
    assert_eq!(promises.unsaid, 0, "{order:?}: nothing was in the way");
    let (trial, log) = (place.join("trial"), place.join("calls"));
    copy(&world, &trial);
    run(&trial, &mut promises.clone(), *last, &Lot::Watched(log.clone()));
    let calls = count(&log);
    assert!(calls.values().sum::<u64>() >= LEAST as u64, "{order:?}: {calls:?}");
    Ready { order: order.to_vec(), world, promises, calls }
}

fn strike(ready: &Ready, how: &str, place: &Path) -> Result<(), String> {
    copy(&ready.world, place);
    let mut promises = ready.promises.clone();
    let last = *ready.order.last().unwrap();
    run(place, &mut promises, last, &Lot::Struck(how.to_owned()));
    let checked =
        promises.check(&Disk::real(), place, After::Drain).map_err(|why| format!("{:?}, {how}: {why}", ready.order));
    fs::remove_dir_all(place).unwrap();
    checked.map(drop)
}

/// Every point of the orders, or a sample of one in so many.
fn all(orders: &[Vec<Act>], one_in: usize) {
    let (place, since) = (tempfile::tempdir().unwrap(), Instant::now());
    let ready: Mutex<BTreeMap<u64, Ready>> = Mutex::new(BTreeMap::new());
    each(
        WORKERS,
        |job| job < orders.len() as u64,
        |job| {
            let prepared = prepare(&orders[job as usize], &place.path().join(format!("order{job}")));
            ready.lock().unwrap().insert(job, prepared);
            Ok(())
        },
    );
    let ready: Vec<Ready> = ready.into_inner().unwrap().into_values().collect();
    let mut points = Vec::new();
    for (order, ready) in ready.iter().enumerate() {
        for (call, calls) in &ready.calls {
            let each = (1..=*calls).flat_map(|when| WAYS.map(|way| format!("{call}:{way}:when={when}")));
            points.extend(each.map(|how| Point { order, how }));
        }
    }
    let calls = points.len() / WAYS.len();
    let kinds = ready.iter().flat_map(|ready| ready.calls.keys()).collect::<BTreeSet<_>>().len();
    let mut dice = Dice::new(setting("BILIK_SEED", 1));
    points.retain(|_| dice.below(one_in) == 0);
    let done = AtomicU64::new(0);
    each(
        WORKERS,
        |job| job < points.len() as u64,
        |job| {
            let Point { order, how } = &points[job as usize];
            let result = strike(&ready[*order], how, &place.path().join(format!("point{job}")));
            done.fetch_add(1, Ordering::Relaxed);
            result
        },
    );
    report(&format!(
        "{} orders, {calls} system calls of {kinds} kinds, each killed, EIO, ENOSPC: {} runs, 0 violations; {:.0} s",
        orders.len(),
        done.into_inner(),
        since.elapsed().as_secs_f64()
    ));
}

#[test]
fn a_process_may_die_at_any_call() {
    all(&[vec![Act::Keep], vec![Act::Keep, Act::Deliver, Act::Erase]], 6);
}

/// `make crash-syscalls`. BILIK_ONE_IN takes a sample.
#[test]
#[ignore = "takes minutes"]
fn every_call_of_every_order() {
    all(&orders(), setting("BILIK_ONE_IN", 1) as usize);
}
