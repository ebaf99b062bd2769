//! The socket: who may connect, how many, how long a line, how long a wait.

use super::machine::{Machine, User};
use super::server::Event;
use bilik_device::{Answer, Failure, MAX_LINE, Request};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Sender, channel};
use std::time::Duration;

/// At once.
const MOST: usize = 8;
/// For a line to come, or to be taken.
const PATIENCE: Duration = Duration::from_secs(10);

/// Listens where only the administrator and the booth's group may connect. What an earlier run left is replaced.
pub fn listen(machine: &Machine, path: &Path) -> anyhow::Result<UnixListener> {
    use anyhow::Context as _;
    let shown = path.display();
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).with_context(|| format!("failed to create {}", folder.display()))?;
    }
    let _ = std::fs::remove_file(path);
    // Until it is given away below, only the administrator may connect: the mask of the unit.
    let listener = UnixListener::bind(path).with_context(|| format!("failed to listen on {shown}"))?;
    let User { gid, .. } = machine.booth_user()?;
    rustix::fs::chown(path, None, Some(gid)).with_context(|| format!("failed to give {shown} to the booth's group"))?;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o660))
        .with_context(|| format!("failed to open {shown} to the booth's group"))?;
    Ok(listener)
}

/// Takes connections for ever.
pub fn accept(listener: &UnixListener, events: &Sender<Event>) {
    let open = Arc::new(AtomicUsize::new(0));
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            // No file left to take it: the others have to end first.
            std::thread::sleep(Duration::from_millis(100));
            continue;
        };
        let (events, open) = (events.clone(), open.clone());
        if open.fetch_add(1, Ordering::SeqCst) >= MOST {
            open.fetch_sub(1, Ordering::SeqCst);
            let busy = Answer::Failed { why: Failure::Busy, detail: "too many connections".into() };
            let _ = say(&stream, &busy);
            continue;
        }
        std::thread::spawn(move || {
            converse(&stream, &events);
            open.fetch_sub(1, Ordering::SeqCst);
        });
    }
}

/// One request, and its answers until the last one. Who goes away early is not missed.
fn converse(stream: &UnixStream, events: &Sender<Event>) {
    if stream.set_read_timeout(Some(PATIENCE)).is_err() || stream.set_write_timeout(Some(PATIENCE)).is_err() {
        return;
    }
    let request = match read(stream) {
        Ok(Some(request)) => request,
        Ok(None) => return,
        Err(detail) => {
            let _ = say(stream, &Answer::Failed { why: Failure::NotUnderstood, detail });
            return;
        }
    };
    let (reply, answers) = channel();
    if events.send(Event::Asked { request, reply }).is_err() {
        return;
    }
    for answer in answers {
        if say(stream, &answer).is_err() {
            return;
        }
    }
}

/// None if nobody said anything; or what is wrong with what was said.
fn read(stream: &UnixStream) -> Result<Option<Request>, String> {
    let mut line = Vec::new();
    let most = MAX_LINE as u64;
    let read = BufReader::new(stream).take(most).read_until(b'\n', &mut line);
    match read {
        Ok(0) | Err(_) => return Ok(None),
        Ok(_) if line.last() != Some(&b'\n') => {
            return Err(format!("a request is one line of at most {MAX_LINE} bytes"));
        }
        Ok(_) => {}
    }
    // The error names what is unknown, and the place; it does not repeat a value.
    serde_json::from_slice(&line).map(Some).map_err(|error| {
        let what = if error.is_data() { "not a request of this version" } else { "not JSON" };
        format!("{what}, at column {}", error.column())
    })
}

fn say(mut stream: &UnixStream, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    stream.write_all(&line)
}
