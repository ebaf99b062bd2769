use super::faulty::Faulty;
use super::*;
use crate::{DAMAGED, JournalView, QueueState};
use rusqlite::Connection;
use std::os::unix::fs::FileExt as _;
use std::sync::atomic::Ordering;

fn keep(office: &Office, count: u128) -> Vec<Outgoing> {
    let mut journal = office.open();
    for number in 1..=count {
        journal.keep(&specimen(number), KEPT_AT).unwrap();
    }
    queue(&journal)
}

#[test]
fn damaged_database_is_set_aside_and_the_booth_goes_on() {
    let check = |name: &str, expect: u64, damage: &dyn Fn(&Path)| {
        let office = Office::new();
        keep(&office, 2);
        damage(&database(&office));
        let damaged = fs::read(database(&office)).unwrap();

        let opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
        let set_aside = opened.set_aside.unwrap_or_else(|| panic!("{name} was not noticed"));
        assert_eq!(set_aside.path, office.state.path().join("journal.db.corrupt-1"), "{name}");
        assert_eq!(fs::read(&set_aside.path).unwrap(), damaged, "{name}");
        assert_eq!(set_aside.head, 2, "{name}");

        // Its numbers are not given out again.
        let mut journal = opened.journal;
        let moved = journal.len().unwrap();
        assert_eq!((set_aside.moved, set_aside.left), (moved, 2 - moved), "{name}");
        assert_eq!(moved, expect, "{name}");
        assert_eq!(journal.keep(&specimen(3), KEPT_AT).unwrap().sequence, 3, "{name}");
        drop(journal);
        assert_eq!(queue(&office.open()).len() as u64, moved + 1, "{name}");
    };
    let overwrite = |path: &Path, at: u64, bytes: &[u8]| {
        fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
    };
    check("header", 2, &|path| overwrite(path, 0, &[0x5a; PAGE]));
    check("schema", 2, &|path| overwrite(path, 100, &[0x5a; PAGE - 100]));
    check("table", 0, &|path| overwrite(path, PAGE as u64, &[0x5a; 12 * PAGE]));
    check("cut", 0, &|path| fs::OpenOptions::new().write(true).open(path).unwrap().set_len(3 * PAGE as u64).unwrap());
    check("garbage", 0, &|path| fs::write(path, CANARY.repeat(1000)).unwrap());
}

#[test]
fn lost_database_does_not_repeat_numbers() {
    let office = Office::new();
    keep(&office, 2);
    fs::remove_file(database(&office)).unwrap();
    let mut opened = Journal::open(office.state.path(), office.config(), KEPT_AT).unwrap();
    assert_eq!(opened.lost, Some(1..=2));
    assert_eq!(opened.journal.keep(&specimen(3), KEPT_AT).unwrap().sequence, 3);
}

#[test]
fn number_reserved_before_a_crash_is_used_next() {
    let office = Office::new();
    keep(&office, 1);
    crate::files::Place::new(crate::disk::Disk::real(), office.state.path()).begin(2).unwrap();
    assert_eq!(office.open().keep(&specimen(2), KEPT_AT).unwrap().sequence, 2);
}

#[test]
fn flipped_bit_in_a_part_stops_its_claim_only() {
    let office = Office::new();
    let claims = keep(&office, 2);
    // SQLite has no checksum over pages: only the digest tells.
    let part = &claims[0].parts[3];
    let sealed_bytes = office.open().part(part.digest).unwrap();
    let database = database(&office);
    let bytes = fs::read(&database).unwrap();
    let middle = &sealed_bytes[30_000..30_032];
    let at = bytes.windows(32).position(|window| window == middle).unwrap();
    let file = fs::OpenOptions::new().write(true).open(&database).unwrap();
    file.write_all_at(&[bytes[at] ^ 1], at as u64).unwrap();

    let mut journal = office.open();
    assert!(matches!(journal.part(part.digest), Err(JournalError::Damaged { .. })));
    let out = tempfile::tempdir().unwrap();
    let exported = JournalView::open(&database).unwrap().export(out.path()).unwrap();
    assert_eq!((exported.claims, exported.parts, exported.damaged), (2, 9, vec![claims[0].claim]));

    let action = crate::outbox::Action::PutPart { claim: claims[0].claim, digest: part.digest };
    let request = journal.prepare(action, KEPT_AT).unwrap();
    assert!(matches!(request, crate::Request::Changed(crate::outbox::Event::Refused { .. })));
    assert_eq!(journal.list().unwrap()[0].state, QueueState::Refused { reason: DAMAGED.to_owned() });
    assert_eq!(queue(&journal), claims[1..]);
}

#[test]
fn changed_manifest_stops_its_claim_only() {
    let office = Office::new();
    let claims = keep(&office, 3);
    let db = Connection::open(database(&office)).unwrap();
    // Reads as well as before: only the digest tells.
    db.execute("UPDATE claim SET manifest = json_replace(manifest, '$.kept_at', 1) WHERE sequence = 2", []).unwrap();
    db.execute("UPDATE claim SET manifest = 'x' WHERE sequence = 3", []).unwrap();
    drop(db);

    let mut journal = office.open();
    assert!(matches!(journal.next_unsent(1), Err(JournalError::Damaged { .. })));
    assert_eq!(journal.pending(KEPT_AT).unwrap().len(), 1);
    assert_eq!((queue(&journal), journal.stats().unwrap().refused), (claims[..1].to_vec(), 2));
}

#[test]
fn pending_loses_nothing_to_a_damaged_claim_that_can_not_be_marked() {
    let office = Office::new();
    let claims = keep(&office, 4);
    let db = Connection::open(database(&office)).unwrap();
    db.execute("UPDATE claim SET manifest = replace(manifest, 'unverified', 'verified') WHERE sequence = 2", [])
        .unwrap();
    drop(db);
    let mut journal = office.open();
    journal.refuse_changes();
    let found = |journal: &mut Journal| -> Vec<ClaimId> {
        let claim = |event: &crate::outbox::Event| {
            if let crate::outbox::Event::Found { claim, .. } = event { Some(*claim) } else { None }
        };
        journal.pending(KEPT_AT).unwrap().iter().filter_map(claim).collect()
    };
    let expect = [claims[0].claim, claims[2].claim, claims[3].claim];
    assert_eq!(found(&mut journal), expect);
    assert_eq!(journal.stats().unwrap().refused, 0, "it could not be marked");
    drop(journal);
    let mut journal = office.open();
    assert_eq!((found(&mut journal).as_slice(), journal.stats().unwrap().refused), (&expect[..], 1));
}

/// Set in the child of the test below: its state directory.
const CHILD: &str = "BILIK_JOURNAL_TEST_STATE";
/// Files may not grow beyond this in the child, in units of 512 bytes as `ulimit -f` of sh(1) counts.
const CHILD_LIMIT: u64 = (3 << 20) / 512;

/// Runs this test again in a process whose writes fail with EFBIG, which SQLite reports as an I/O error.
fn run_limited(state: &Path, test: &str) {
    let script = format!("trap '' XFSZ; ulimit -f {CHILD_LIMIT}; exec \"$0\" --exact {test} --nocapture");
    let program = std::env::current_exe().unwrap();
    let status = std::process::Command::new("sh").arg("-c").arg(script).arg(program).env(CHILD, state).status();
    assert!(status.unwrap().success());
}

fn assert_stopped(journal: &mut Journal) {
    assert!(matches!(journal.keep(&specimen(99), KEPT_AT), Err(JournalError::Failed(_))));
    assert!(matches!(journal.next_unsent(0), Err(JournalError::Failed(_))));
    assert!(matches!(journal.stats(), Err(JournalError::Failed(_))));
    assert!(matches!(journal.has_room(0), Err(JournalError::Failed(_))));
    assert!(matches!(journal.tend(), Err(JournalError::Failed(_))));
}

fn large_specimen(number: u128) -> FinishedClaim {
    let mut claim = specimen(number);
    claim.photos[0].1 = photo(4 << 20);
    claim
}

#[test]
fn io_error_in_a_commit_stops_the_journal() {
    let office = Office::new();
    if let Some(state) = std::env::var_os(CHILD) {
        let mut journal = Journal::open(Path::new(&state), office.config(), KEPT_AT).unwrap().journal;
        journal.keep(&specimen(1), KEPT_AT).unwrap();
        // The log can't hold this one.
        let result = journal.keep(&large_specimen(2), KEPT_AT);
        assert!(matches!(result, Err(JournalError::Failed(_))), "{result:?}");
        assert_stopped(&mut journal);
        return;
    }
    run_limited(office.state.path(), "tests::damage::io_error_in_a_commit_stops_the_journal");
    // Opened anew it has what was called kept, and counts on.
    let mut journal = office.open();
    assert_eq!(queue(&journal).len(), 1);
    assert_eq!(journal.keep(&large_specimen(2), KEPT_AT).unwrap().sequence, 2);
}

#[test]
fn io_error_in_a_checkpoint_stops_the_journal_and_keeps_the_claim() {
    let office = Office::new();
    if let Some(state) = std::env::var_os(CHILD) {
        let mut journal = Journal::open(Path::new(&state), office.config(), KEPT_AT).unwrap().journal;
        // The database outgrows the limit long before the log of one claim does: every keep is good, the last one stops.
        let mut kept = 0;
        while journal.stats().is_ok() {
            kept += 1;
            assert_eq!(u128::from(journal.keep(&specimen(kept), KEPT_AT).unwrap().sequence), kept);
            let checkpoint = journal.tend();
            assert_eq!(checkpoint.is_ok(), journal.stats().is_ok());
        }
        assert_stopped(&mut journal);
        fs::write(Path::new(&state).join("kept"), kept.to_string()).unwrap();
        return;
    }
    run_limited(office.state.path(), "tests::damage::io_error_in_a_checkpoint_stops_the_journal_and_keeps_the_claim");
    let kept: usize = fs::read_to_string(office.state.path().join("kept")).unwrap().parse().unwrap();
    let journal = office.open();
    assert!((10..100).contains(&kept), "{kept}");
    assert_eq!(queue(&journal).len(), kept);
}

#[test]
fn number_that_can_not_be_reserved_stops_the_journal() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    let obstacle = office.state.path().join("journal.head.new");
    fs::create_dir(&obstacle).unwrap();
    assert!(matches!(journal.keep(&specimen(2), KEPT_AT), Err(JournalError::File { .. })));
    fs::remove_dir(&obstacle).unwrap();
    assert_stopped(&mut journal);
    drop(journal);
    assert_eq!(office.open().keep(&specimen(2), KEPT_AT).unwrap().sequence, 2);
}

#[test]
fn full_disk_takes_the_reserve_and_is_no_failure() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    // SQLite reports this limit as it does a full disk.
    let limit = |journal: &Journal, pages: i64| journal.limit_pages(pages);
    limit(&journal, 1);
    assert!(matches!(journal.keep(&specimen(2), KEPT_AT), Err(JournalError::Full { .. })));
    // Nothing is half there, and the first claim can go.
    let first = journal.next_unsent(0).unwrap().unwrap();
    assert_eq!(queue(&journal).len(), 1);
    office.confirm(&mut journal, &first).unwrap();
    limit(&journal, i64::from(i32::MAX));
    assert_eq!(journal.keep(&specimen(2), KEPT_AT).unwrap().sequence, 2);
    assert!(journal.has_room(1 << 20).unwrap(), "the reserve is back");
}

#[test]
fn disk_that_fills_up_in_a_session_costs_the_reserve_and_no_claim() {
    const FREE: u64 = 1 << 30;
    let office = Office::new();
    let (faulty, room) = Faulty::small(FREE);
    let opened = Journal::open_on(faulty.disk(), office.state.path(), office.config(), KEPT_AT);
    let mut journal = opened.unwrap().journal;
    assert_eq!(room.held.load(Ordering::Relaxed), RESERVE);
    // Somebody else takes the rest.
    room.free.store(0, Ordering::Relaxed);
    assert_eq!(journal.keep(&specimen(1), KEPT_AT).unwrap().sequence, 1);
    assert_eq!(room.held.load(Ordering::Relaxed), 0);
    assert!(!journal.has_room(0).unwrap(), "nobody is let in without a reserve");
    room.free.store(FREE, Ordering::Relaxed);
    journal.keep(&specimen(2), KEPT_AT).unwrap();
    assert_eq!(room.held.load(Ordering::Relaxed), RESERVE, "it is held back again");
}

#[test]
fn journal_that_stopped_leaves_its_log_alone() {
    let office = Office::new();
    let mut journal = office.open();
    journal.keep(&specimen(1), KEPT_AT).unwrap();
    // A checkpoint is held up, so the second claim is in the log alone.
    let reader = Connection::open(database(&office)).unwrap();
    reader.execute_batch("BEGIN; SELECT * FROM claim;").unwrap();
    journal.keep(&specimen(2), KEPT_AT).unwrap();
    journal.stop("as after a failed fsync");
    drop(reader);
    let files = || ["journal.db", "journal.db-wal"].map(|name| fs::read(office.state.path().join(name)).unwrap());
    let before = files();
    drop(journal);
    assert!(files() == before, "a journal that knows nothing of the disk has written");
    assert_eq!(queue(&office.open()).len(), 2);
}

#[test]
fn page_that_can_not_be_read_stops_the_journal() {
    let office = Office::new();
    let claims = keep(&office, 2);
    let mut journal = office.open();
    let file = database(&office);
    let bytes = fs::read(&file).unwrap();
    let manifest = claims[0].manifest.body.as_bytes();
    let at = bytes.windows(manifest.len()).position(|window| window == manifest).unwrap();
    // Somebody else's write makes SQLite forget the pages it had read.
    let other = Connection::open(&file).unwrap();
    other.execute_batch("UPDATE queue SET base = base; PRAGMA wal_checkpoint(TRUNCATE);").unwrap();
    let page = [0x5a; PAGE];
    let writer = fs::OpenOptions::new().write(true).open(&file).unwrap();
    writer.write_all_at(&page, (at / page.len() * page.len()) as u64).unwrap();
    assert!(matches!(journal.outgoing(claims[0].claim), Err(JournalError::Corrupt { .. })));
    assert_stopped(&mut journal);
}
