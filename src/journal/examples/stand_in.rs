//! A hub for `spool` to deliver to: the same paths and answers as the real one, over plain HTTP, in memory, with keys that
//! are anybody's. One request at a time; forgets all when it ends.
//!
//! ```text
//! stand_in ADDRESS
//!
//! listening on 127.0.0.1:8080
//! received 5c1e… 1        its place in the ledger
//! ```

use bilik_claim::filing::{CommitAnswer, FORMAT, MAX_PART, Manifest, Receipt, Signed};
use bilik_claim::ids::{ClaimId, Digest, WallTime};
use ed25519_dalek::SigningKey;
use std::collections::BTreeMap;
use std::error::Error;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{TcpListener, TcpStream};
use std::time::Duration;

const BOOTH_KEY: [u8; 32] = [2; 32];
const HUB_KEY: [u8; 32] = [1; 32];
/// Of a request's head, in bytes.
const MAX_HEAD: u64 = 16 << 10;
const PATIENCE: Duration = Duration::from_secs(10);

#[derive(Default)]
struct Hub {
    parts: BTreeMap<Digest, u64>,
    ledger: BTreeMap<ClaimId, (Digest, u64)>,
}

fn main() -> Result<(), Box<dyn Error>> {
    let address = std::env::args().nth(1).ok_or("stand_in ADDRESS")?;
    let listener = TcpListener::bind(address)?;
    say(&format!("listening on {}", listener.local_addr()?))?;
    let mut hub = Hub::default();
    for stream in listener.incoming() {
        // One that breaks off is asked again by whoever wants something.
        let _ = hub.serve(&stream?);
    }
    Ok(())
}

impl Hub {
    fn serve(&mut self, stream: &TcpStream) -> Result<(), Box<dyn Error>> {
        stream.set_read_timeout(Some(PATIENCE))?;
        let mut reader = BufReader::new(stream);
        let (mut request, mut length, mut line) = (String::new(), 0, String::new());
        reader.by_ref().take(MAX_HEAD).read_line(&mut request)?;
        while reader.by_ref().take(MAX_HEAD).read_line(&mut line)? > 2 {
            if let Some((name, value)) = line.split_once(':')
                && name.eq_ignore_ascii_case("content-length")
            {
                length = value.trim().parse::<usize>()?;
            }
            line.clear();
        }
        let (status, answer) = if length > MAX_PART {
            (413, Vec::new())
        } else {
            let mut body = vec![0; length];
            reader.read_exact(&mut body)?;
            self.answer(&request, &body)?
        };
        let head = format!("HTTP/1.1 {status} -\r\ncontent-length: {}\r\nconnection: close\r\n\r\n", answer.len());
        let mut stream = stream;
        stream.write_all(&[head.as_bytes(), &answer].concat())?;
        Ok(())
    }

    fn answer(&mut self, request: &str, body: &[u8]) -> Result<(u16, Vec<u8>), Box<dyn Error>> {
        let words: Vec<&str> = request.split_whitespace().collect();
        match words.as_slice() {
            ["PUT", path, _] => match path.strip_prefix("/api/v1/parts/").map(str::parse::<Digest>) {
                Some(Ok(digest)) if Digest::of(body) == digest => {
                    self.parts.insert(digest, body.len() as u64);
                    Ok((201, Vec::new()))
                }
                Some(_) => Ok((422, Vec::new())),
                None => Ok((404, Vec::new())),
            },
            ["POST", "/api/v1/claims", _] => {
                let (status, answer) = self.commit(&serde_json::from_slice(body)?)?;
                Ok((status, serde_json::to_vec(&answer)?))
            }
            _ => Ok((404, Vec::new())),
        }
    }

    fn commit(&mut self, signed: &Signed<Manifest>) -> Result<(u16, CommitAnswer), Box<dyn Error>> {
        let refused = |reason: &str| Ok((422, CommitAnswer::Refused { reason: reason.into() }));
        let Ok(manifest) = signed.open(&SigningKey::from_bytes(&BOOTH_KEY).verifying_key()) else {
            return refused("signature");
        };
        if manifest.validate().is_err() {
            return refused("manifest");
        }
        let claim = manifest.claim;
        if !self.ledger.contains_key(&claim) {
            let here = |part: &bilik_claim::filing::Part| self.parts.get(&part.digest) == Some(&part.size);
            let missing: Vec<_> = manifest.parts.iter().filter(|p| !here(p)).map(|p| p.digest).collect();
            if !missing.is_empty() {
                return Ok((409, CommitAnswer::Missing { parts: missing }));
            }
            let number = self.ledger.len() as u64 + 1;
            self.ledger.insert(claim, (signed.digest(), number));
            say(&format!("received {claim} {number}"))?;
        }
        let Some((digest, ledger_sequence)) = self.ledger.get(&claim).copied().filter(|(d, _)| *d == signed.digest())
        else {
            return refused("another manifest has this id");
        };
        let receipt = Receipt { format: FORMAT, claim, manifest: digest, ledger_sequence, received_at: WallTime(0) };
        let receipt = Signed::sign(&receipt, &SigningKey::from_bytes(&HUB_KEY))?;
        Ok((200, CommitAnswer::Received { receipt }))
    }
}

fn say(line: &str) -> io::Result<()> {
    let mut out = io::stdout().lock();
    writeln!(out, "{line}")?;
    out.flush()
}
