//! Puts synthetic claims into a journal, and prints the id of each once it is on disk for good: kill this program whenever
//! you like, and see what a later run finds.
//!
//! ```text
//! spool DIRECTORY [--claims N] [--size BYTES] [--reserve BYTES] [--haste N] [--booth ID] [--booth-key HEX]
//!       [--recipient AGE] [--receipt-key HEX] [--deliver URL ..]
//!
//! kept 5c1e… JK7-4QF-2MX    durably in DIRECTORY; with its tracking code
//! confirmed 5c1e…           by a receipt of the hub; the sealed bytes are erased
//! ```
//!
//! `--size` is that of the one photograph of a claim; 0: there is none. `--deliver` sends all that is there, of earlier runs
//! too, by the same courier as a booth, and ends when nothing is left; of several hubs, the next one is asked when one does
//! not answer. Only plain HTTP is spoken: `stand_in`, beside this file, is such a hub. `--haste` makes time go by so many
//! times faster for the courier, so its waits are shorter. `--booth-key` is the secret half, which signs manifests; the keys
//! are for trying out, and anybody's.

use bilik_claim::document::DocumentKind;
use bilik_claim::filing::{FORMAT, MAX_PART, Standing};
use bilik_claim::ids::{BoothId, ClaimId, Digest, SessionId, TrackingCode, WallTime};
use bilik_claim::personal::{Personal, PersonalBytes};
use bilik_claim::reason::Reason;
use bilik_claim::session::claim::{ClaimRecord, Consent, DocumentRecord, Entry, EntrySource, FinishedClaim};
use bilik_claim::session::item::Field;
use bilik_claim::text::Language;
use bilik_journal::courier::{Answer, Courier, CourierEvent, Input, Moment, Output};
use bilik_journal::{Journal, JournalConfig, RESERVE, chain};
use ed25519_dalek::{SigningKey, VerifyingKey};
use std::collections::VecDeque;
use std::error::Error;
use std::hash::{BuildHasher as _, Hasher as _, RandomState};
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};
use uuid::Uuid;

const USAGE: &str = "spool DIRECTORY [--claims N] [--size BYTES] [--reserve BYTES] [--haste N] [--booth ID] \
                     [--booth-key HEX] [--recipient AGE] [--receipt-key HEX] [--deliver URL ..]";
/// Nobody has the identity of this one.
const RECIPIENT: &str = "age1ut4nnrceggs09m60wrpt9qml0tnvelrm48xcmgeft8t9gc9sa3as5wglpg";
/// The keys that `stand_in` knows.
const BOOTH_KEY: [u8; 32] = [2; 32];
const HUB_KEY: [u8; 32] = [1; 32];
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);
const MAX_ANSWER: u64 = 64 << 10;

struct Args {
    directory: PathBuf,
    claims: u64,
    size: usize,
    reserve: u64,
    haste: u32,
    booth: BoothId,
    booth_key: SigningKey,
    recipient: String,
    receipt_key: VerifyingKey,
    hubs: Vec<String>,
}

fn main() -> ExitCode {
    match parse(std::env::args().skip(1)).and_then(|args| run(&args)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            // A closed pipe is the choice of whoever reads it.
            let _ = writeln!(io::stderr(), "spool: {}", chain(error.as_ref()));
            ExitCode::FAILURE
        }
    }
}

fn parse(mut args: impl Iterator<Item = String>) -> Result<Args, Box<dyn Error>> {
    let mut parsed = Args {
        directory: args.next().filter(|a| !a.starts_with('-')).ok_or(USAGE)?.into(),
        claims: 0,
        size: 1 << 20,
        reserve: RESERVE,
        haste: 1,
        booth: BoothId(Uuid::from_u128(1)),
        booth_key: SigningKey::from_bytes(&BOOTH_KEY),
        recipient: RECIPIENT.into(),
        receipt_key: SigningKey::from_bytes(&HUB_KEY).verifying_key(),
        hubs: Vec::new(),
    };
    while let Some(option) = args.next() {
        let value = args.next().ok_or(USAGE)?;
        match option.as_str() {
            "--claims" => parsed.claims = value.parse()?,
            "--size" => parsed.size = value.parse()?,
            "--reserve" => parsed.reserve = value.parse()?,
            "--haste" => parsed.haste = value.parse()?,
            "--booth" => parsed.booth = value.parse()?,
            "--booth-key" => parsed.booth_key = SigningKey::from_bytes(&value.parse::<Digest>()?.0),
            "--recipient" => parsed.recipient = value,
            "--receipt-key" => parsed.receipt_key = VerifyingKey::from_bytes(&value.parse::<Digest>()?.0)?,
            "--deliver" => {
                parsed.hubs.push(value);
                parsed.hubs.extend(args.by_ref());
            }
            _ => return Err(USAGE.into()),
        }
    }
    if parsed.size > MAX_PART - (4 << 10) {
        return Err("a photograph is too large".into());
    }
    if parsed.haste == 0 {
        return Err("--haste must be 1 or more: time does not stand still".into());
    }
    Ok(parsed)
}

fn run(args: &Args) -> Result<(), Box<dyn Error>> {
    let config = JournalConfig {
        recipient: args.recipient.clone(),
        receipt_key: args.receipt_key,
        booth: args.booth,
        manifest_key: args.booth_key.clone(),
        reserve: args.reserve,
    };
    let directory = args.directory.clone();
    let open = Box::new(move |at| Journal::open(&directory, config.clone(), at));
    let mut courier = Courier::new(open);
    let mut line = Line::new(&args.hubs);
    // No two runs make the same ids.
    let first = (u128::from(random()) << 64) + 1;
    let mut claims = (first..).take(usize::try_from(args.claims)?);
    let begin = Instant::now();
    let now = || begin + begin.elapsed() * args.haste;
    let (mut inputs, mut waiting) = (VecDeque::from([Input::Tick]), None);
    loop {
        let input = match inputs.pop_front() {
            Some(input) => input,
            None => match claims.next() {
                Some(number) => Input::Keep(Box::new(specimen(number, args))),
                None if args.hubs.is_empty() || waiting == Some(0) => return Ok(()),
                None => {
                    let pause = courier.deadline().map(|at| at.saturating_duration_since(now()));
                    std::thread::sleep(pause.unwrap_or_default() / args.haste);
                    Input::Tick
                }
            },
        };
        let chance = &mut || random() as f64 / u64::MAX as f64;
        for output in courier.handle(input, Moment { instant: now(), wall: wall() }, chance) {
            match output {
                Output::Put { request, claim, digest, sealed } if !args.hubs.is_empty() => {
                    let answer = line.put(digest, &sealed);
                    inputs.push_back(Input::Answered { request, claim, answer });
                }
                Output::Commit { request, claim, manifest } if !args.hubs.is_empty() => {
                    let answer = line.commit(&serde_json::to_vec(&manifest)?);
                    inputs.push_back(Input::Answered { request, claim, answer });
                }
                // Asked when a receipt is of an unknown key: there is nobody here to tell of new ones.
                Output::Reconcile { request, .. } => {
                    inputs.push_back(Input::Reconciled { request, answer: Answer::from_status(404) });
                }
                // Nobody is to be told.
                Output::Put { .. } | Output::Commit { .. } => {}
                Output::Told(CourierEvent::Kept { claim, tracking }) => say(&format!("kept {claim} {tracking}"))?,
                Output::Told(CourierEvent::KeepFailed { claim }) => return Err(format!("{claim} is not kept").into()),
                Output::Told(CourierEvent::Confirmed { claim }) => say(&format!("confirmed {claim}"))?,
                Output::Told(CourierEvent::Queue { queued, .. }) => waiting = Some(queued),
                Output::Told(CourierEvent::Audited(_)) => {}
                Output::Told(CourierEvent::Damaged { taken_over, missing }) => {
                    say(&format!("damaged: {taken_over} taken over, {missing} missing"))?;
                }
                Output::Told(CourierEvent::Ready(ready)) => say(&format!("ready: {ready:?}"))?,
            }
        }
    }
}

/// The way to the hubs: the one that answered last is asked first.
struct Line<'a> {
    agent: ureq::Agent,
    hubs: &'a [String],
    current: usize,
}

impl<'a> Line<'a> {
    fn new(hubs: &'a [String]) -> Self {
        let config = ureq::Agent::config_builder().timeout_global(Some(REQUEST_TIMEOUT)).http_status_as_error(false);
        Self { agent: config.build().into(), hubs, current: 0 }
    }

    fn put(&mut self, digest: Digest, sealed: &[u8]) -> Answer {
        let sent = self.agent.put(self.url(&format!("parts/{digest}"))).send(sealed);
        match sent {
            Ok(response) if response.status().is_success() => Answer::PartAccepted(digest),
            Ok(response) => Answer::from_status(response.status().as_u16()),
            Err(error) => self.unreachable(&error),
        }
    }

    fn commit(&mut self, manifest: &[u8]) -> Answer {
        let request = self.agent.post(self.url("claims")).header("content-type", "application/json");
        let mut response = match request.send(manifest) {
            Ok(response) => response,
            Err(error) => return self.unreachable(&error),
        };
        let status = response.status().as_u16();
        if !matches!(status, 200 | 409 | 422) {
            return Answer::from_status(status);
        }
        match response.body_mut().with_config().limit(MAX_ANSWER).read_to_vec() {
            Ok(body) => serde_json::from_slice(&body)
                .map_or_else(|_| Answer::Failed("answer is not readable".into()), Answer::Commit),
            Err(error) => self.unreachable(&error),
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}/api/v1/{path}", self.hubs[self.current].trim_end_matches('/'))
    }

    fn unreachable(&mut self, error: &ureq::Error) -> Answer {
        self.current = (self.current + 1) % self.hubs.len();
        Answer::Unreachable(chain(error))
    }
}

/// A claim of nobody.
fn specimen(number: u128, args: &Args) -> FinishedClaim {
    let (claim, session) = (ClaimId(Uuid::from_u128(number)), SessionId(Uuid::from_u128(number)));
    let photo = || PersonalBytes::new(b"SPECIMEN".iter().copied().cycle().take(args.size).collect());
    let photos: Vec<_> = (args.size > 0).then(|| (DocumentKind::IdentityCard, photo())).into_iter().collect();
    let document = |(kind, photo): &(DocumentKind, PersonalBytes)| DocumentRecord {
        kind: *kind,
        digest: Digest::of(photo.reveal()),
        size: photo.reveal().len() as u64,
    };
    let entry = |field: &Field| Entry {
        field: *field,
        value: Personal::new("SPECIMEN".to_owned()),
        source: EntrySource::Typed,
        doubts: Vec::new(),
    };
    let record = ClaimRecord {
        format: FORMAT,
        claim,
        tracking: TrackingCode::of(claim),
        booth: args.booth,
        session,
        language: Language::Id,
        consent: Consent { version: 1, language: Language::Id, given_at: WallTime(0) },
        reason: Reason::Resigned,
        entries: Field::ALL.iter().filter(|f| **f != Field::Reason).map(entry).collect(),
        documents: photos.iter().map(document).collect(),
        standing: Standing::Unverified { session },
        signed_at: WallTime(0),
    };
    FinishedClaim { record, photos, signature: PersonalBytes::new(b"<svg/>".to_vec()) }
}

/// One line, out of this process before anything else happens.
fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}

fn random() -> u64 {
    RandomState::new().build_hasher().finish()
}

fn wall() -> WallTime {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    WallTime(i64::try_from(since.as_millis()).unwrap_or(i64::MAX))
}
