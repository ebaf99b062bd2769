//! Damage that must cost no more than it hit, and must be told.

use super::faulty::Faulty;
use super::*;
use crate::{JournalView, Opened, QueueState, set_aside_files};
use std::collections::BTreeSet;
use std::os::unix::fs::FileExt as _;

const CLAIMS: u128 = 6;

/// Claim 1 is confirmed, 2 refused, the others are queued.
fn fill(office: &Office) -> Vec<Outgoing> {
    let mut journal = office.open();
    for number in 1..=CLAIMS {
        let mut claim = specimen(number);
        // The small ones will do: fewer pages to break.
        claim.photos.pop();
        claim.record.documents.pop();
        journal.keep(&claim, KEPT_AT).unwrap();
    }
    let claims = queue(&journal);
    office.confirm(&mut journal, &claims[0]).unwrap();
    journal.refuse(claims[1].claim, "no", KEPT_AT).unwrap();
    claims
}

fn copy(from: &Path) -> TempDir {
    let to = tempfile::tempdir().unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        fs::copy(entry.path(), to.path().join(entry.file_name())).unwrap();
    }
    to
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    fs::OpenOptions::new().write(true).open(path).unwrap().write_all_at(bytes, at).unwrap();
}

fn open(office: &Office, state: &Path) -> Opened {
    Journal::open(state, office.config(), KEPT_AT).unwrap()
}

/// Whether the journal has this claim as it was kept, with all its parts.
fn has(journal: &Journal, outgoing: &Outgoing) -> bool {
    let whole = |o: Outgoing| o == *outgoing && o.parts.iter().all(|p| journal.part(p.digest).is_ok());
    journal.outgoing(outgoing.claim).unwrap().is_some_and(whole)
}

#[test]
fn one_bad_page_costs_the_claims_on_it() {
    // So many manifests fit a page; in a new database all of these.
    check_bad_pages(OLD_PAGE, 20, 3);
    check_bad_pages(PAGE, 8, CLAIMS as usize - 1);
}

fn check_bad_pages(size: usize, seen: u64, most: usize) {
    let office = Office::with_pages(size);
    let claims = fill(&office);
    let pages = fs::metadata(database(&office)).unwrap().len() / size as u64;
    let (mut noticed, mut worst) = (0, 0);
    for page in 0..pages {
        // Trees lie at the start of the file, and ciphertext behind them.
        for damage in [0x5a, 0].into_iter().take(if page < 16 { 2 } else { 1 }) {
            let state = copy(office.state.path());
            overwrite(&state.path().join(DATABASE), page * size as u64, &vec![damage; size]);
            let damaged = fs::read(state.path().join(DATABASE)).unwrap();
            let mut opened = open(&office, state.path());
            let journal = &mut opened.journal;
            // A page of ciphertext is not seen at open: its claim is found out when it is its turn.
            let pending = journal.pending(KEPT_AT).unwrap().len();
            let there = claims[1..].iter().filter(|o| has(journal, o)).count();
            let cost = claims.len() - 1 - there;
            worst = worst.max(cost);
            assert_eq!(journal.keep(&specimen(99), KEPT_AT).unwrap().sequence, CLAIMS as u64 + 1, "page {page}");
            let Some(aside) = opened.set_aside else { continue };
            noticed += 1;
            assert_eq!((aside.moved + aside.left, aside.head), (CLAIMS as u64, CLAIMS as u64), "page {page}");
            assert!(cost <= aside.left as usize && pending + 1 >= there, "page {page}");
            assert_eq!(fs::read(&aside.path).unwrap(), damaged, "page {page}");
        }
    }
    assert!(noticed > seen, "{noticed} of {pages} pages");
    assert!(worst <= most, "a page cost {worst} claims");
}

#[test]
fn head_of_the_file_is_not_needed_to_know_the_size_of_its_pages() {
    for size in [PAGE, OLD_PAGE] {
        let office = Office::with_pages(size);
        fill(&office);
        overwrite(&database(&office), 0, b"something else");
        let aside = open(&office, office.state.path()).set_aside;
        assert_eq!(aside.map(|aside| (aside.moved, aside.left)), Some((CLAIMS as u64, 0)), "{size}");
        let pages: u32 = {
            let db = rusqlite::Connection::open(database(&office)).unwrap();
            db.query_row("PRAGMA page_size", [], |row| row.get(0)).unwrap()
        };
        assert_eq!(pages as usize, PAGE);
    }
}

#[test]
fn what_was_set_aside_can_be_listed_and_taken_out() {
    let office = Office::new();
    let claims = fill(&office);
    // Head, schema, and the roots of two tables.
    overwrite(&database(&office), 0, &[0; 3 * PAGE]);
    let opened = open(&office, office.state.path());
    let aside = opened.set_aside.unwrap();
    let files = set_aside_files(office.state.path());
    assert_eq!(files, [aside.path]);
    let view = JournalView::open(&files[0]).unwrap();
    let listed = view.list().unwrap();
    let numbers: BTreeSet<u64> = listed.rows.iter().map(|row| row.sequence).collect();
    let out = tempfile::tempdir().unwrap();
    let exported = view.export(out.path()).unwrap();
    let waiting = listed.rows.iter().filter(|r| !matches!(r.state, QueueState::Confirmed { .. })).count() as u64;
    assert_eq!((exported.claims, exported.damaged.len()), (waiting, 0));
    assert!(waiting >= 3, "{numbers:?}");
    for outgoing in claims[1..].iter().filter(|o| numbers.contains(&o.sequence)) {
        let directory = out.path().join(outgoing.claim.to_string());
        assert_eq!(fs::read_dir(directory).unwrap().count(), 1 + outgoing.parts.len());
    }
    assert_eq!(aside.moved, listed.rows.len() as u64);
}

#[test]
fn log_of_a_damaged_database_stays_beside_it() {
    let office = Office::new();
    fill(&office);
    let mut journal = office.open();
    // As a kill leaves it: a reader holds the checkpoint up, so the last claim is in the log alone.
    let view = rusqlite::Connection::open(database(&office)).unwrap();
    view.execute_batch("BEGIN; SELECT * FROM claim;").unwrap();
    journal.keep(&specimen(50), KEPT_AT).unwrap();
    let state = copy(office.state.path());
    let log = fs::read(state.path().join("journal.db-wal")).unwrap();
    assert!(log.len() > 10_000);
    overwrite(&state.path().join(DATABASE), PAGE as u64, &[0x5a; 2 * PAGE]);
    let damaged = fs::read(state.path().join(DATABASE)).unwrap();

    let opened = open(&office, state.path());
    let aside = opened.set_aside.unwrap();
    assert_eq!(fs::read(&aside.path).unwrap(), damaged);
    assert_eq!(fs::read(state.path().join("journal.db.corrupt-1-wal")).unwrap(), log);
    assert!(opened.journal.outgoing(ClaimId(Uuid::from_u128(50))).unwrap().is_some(), "the log is read as well");
}

#[test]
fn power_cut_while_setting_aside_costs_nothing() {
    let office = Office::new();
    let claims = fill(&office);
    overwrite(&database(&office), PAGE as u64, &[0x5a; PAGE]);
    let damaged = fs::read(database(&office)).unwrap();
    let expect = open(&office, copy(office.state.path()).path()).set_aside.unwrap();
    let mut cuts = 0;
    loop {
        let state = copy(office.state.path());
        let faulty = Faulty::after(cuts);
        let first = Journal::open_on(faulty.disk(), state.path(), office.config(), KEPT_AT);
        assert_eq!(first.is_err(), faulty.struck(), "cut {cuts}");
        let done = first.is_ok();
        drop(first);
        let opened = open(&office, state.path());
        assert_eq!(fs::read(state.path().join("journal.db.corrupt-1")).unwrap(), damaged, "cut {cuts}");
        assert!(claims[1..].iter().filter(|o| has(&opened.journal, o)).count() >= 4, "cut {cuts}");
        assert_eq!(opened.lost, None, "cut {cuts}");
        if let Some(aside) = opened.set_aside {
            assert_eq!((aside.moved, aside.left), (expect.moved, expect.left), "cut {cuts}");
        }
        if done {
            break;
        }
        cuts += 1;
    }
    assert!(cuts >= 5, "{cuts}");
}

#[test]
fn claims_that_vanish_are_told_and_their_numbers_not_given_again() {
    let check = |name: &str, damage: &dyn Fn(&Path), lost: Option<(u64, u64)>| {
        let office = Office::new();
        let mut journal = office.open();
        (1..=2).for_each(|number| drop(journal.keep(&specimen(number), KEPT_AT).unwrap()));
        // A checkpoint is held up, so the third claim is in the log alone.
        let reader = rusqlite::Connection::open(database(&office)).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM claim;").unwrap();
        journal.keep(&specimen(3), KEPT_AT).unwrap();
        let state = copy(office.state.path());
        damage(state.path());
        let mut opened = open(&office, state.path());
        assert_eq!(opened.set_aside, None, "{name}");
        assert_eq!(opened.lost, lost.map(|(from, to)| from..=to), "{name}");
        assert_eq!(opened.journal.keep(&specimen(4), KEPT_AT).unwrap().sequence, 4, "{name}");
        drop(opened);
        assert_eq!(open(&office, state.path()).lost, None, "{name} is told once");
    };
    let log = |state: &Path| state.join("journal.db-wal");
    check("nothing", &|_| {}, None);
    check("flipped bit", &|state| overwrite(&log(state), 8000, &[0xff]), Some((3, 3)));
    check("no log", &|state| fs::remove_file(log(state)).unwrap(), Some((3, 3)));
    check(
        "no database",
        &|state| fs::remove_file(state.join(DATABASE)).and(fs::remove_file(log(state))).unwrap(),
        Some((1, 3)),
    );
}

#[test]
fn crash_between_number_and_commit_is_no_loss() {
    let office = Office::new();
    fill(&office);
    let place = crate::files::Place::new(crate::disk::Disk::real(), office.state.path());
    place.begin(CLAIMS as u64 + 1).unwrap();
    let mut journal = office.open();
    assert_eq!(journal.keep(&specimen(7), KEPT_AT).unwrap().sequence, 7);
    // An older program wrote numbers alone.
    fs::write(office.state.path().join("journal.head"), "8\n").unwrap();
    drop(journal);
    assert_eq!(office.open().keep(&specimen(8), KEPT_AT).unwrap().sequence, 8);
}
