//! The booth's link to the privileged service of the machine it runs on.
//!
//! One thread asks how things are, each second while somebody looks and each ten seconds else; each request gets a short-lived
//! thread of its own, since an installation takes minutes and its progress comes over the same connection. The loop never waits
//! for either. A machine without the service (a technician's PC) is no error: then there is nothing to post.

use bilik_device::client::{self, ClientError};
use bilik_device::{Answer, Failure, Request, Status, Work};
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};
use tracing::{info, warn};

/// Names another socket, for tests and for services that listen elsewhere.
pub const SOCKET_VARIABLE: &str = "BILIK_DEVICE_SOCKET";
/// While a technician looks, or the booth waits to be enrolled.
const CLOSELY: Duration = Duration::from_secs(1);
const NOW_AND_THEN: Duration = Duration::from_secs(10);

/// What the machine says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MachineEvent {
    Status(Box<Status>),
    /// There is no such service, or it does not answer. Said once until it does.
    Absent,
    /// The request that runs has come so far.
    Progress(Work),
    /// The request has ended.
    Ended {
        request: Request,
        end: End,
    },
}

/// How a request ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum End {
    Done,
    Failed {
        why: Failure,
        /// One line, in English.
        detail: String,
    },
    /// The service went away, or said what this version does not know.
    Lost {
        detail: String,
    },
}

enum Order {
    Closely(bool),
    Ask(Request),
    /// Something has been done: look at once.
    Look,
}

/// The link. Dropping it ends the thread that polls; what was asked for goes on.
#[derive(Debug)]
pub struct Machine {
    orders: Sender<Order>,
}

impl Machine {
    /// The socket that is meant by environment and convention.
    pub fn socket() -> PathBuf {
        std::env::var_os(SOCKET_VARIABLE).map_or_else(|| PathBuf::from(bilik_device::SOCKET), PathBuf::from)
    }

    /// Starts to poll. `post` is called on other threads and must not block.
    ///
    /// # Errors
    /// If the system gives no thread.
    pub fn start(socket: PathBuf, post: impl Fn(MachineEvent) + Clone + Send + 'static) -> std::io::Result<Self> {
        let (orders, inbox) = mpsc::channel();
        let back = orders.clone();
        std::thread::Builder::new().name("machine".into()).spawn(move || {
            let mut pause = NOW_AND_THEN;
            let mut absent = false;
            look(&socket, &post, &mut absent);
            let mut looked = Instant::now();
            loop {
                // However many orders come between.
                match inbox.recv_timeout((looked + pause).saturating_duration_since(Instant::now())) {
                    Ok(Order::Closely(closely)) => {
                        let wanted = if closely { CLOSELY } else { NOW_AND_THEN };
                        if wanted == pause {
                            continue;
                        }
                        pause = wanted;
                    }
                    Ok(Order::Ask(request)) => {
                        carry(request, &socket, &post, &back);
                        continue;
                    }
                    Ok(Order::Look) | Err(RecvTimeoutError::Timeout) => {}
                    Err(RecvTimeoutError::Disconnected) => break,
                }
                look(&socket, &post, &mut absent);
                looked = Instant::now();
            }
        })?;
        Ok(Self { orders })
    }

    /// Somebody looks: poll each second.
    pub fn watch_closely(&self, closely: bool) {
        self.order(Order::Closely(closely));
    }

    /// Asks for something; [`MachineEvent::Ended`] with the same request follows.
    pub fn ask(&self, request: Request) {
        self.order(Order::Ask(request));
    }

    fn order(&self, order: Order) {
        if self.orders.send(order).is_err() {
            warn!("the thread of the device service has ended");
        }
    }
}

fn look(socket: &Path, post: &impl Fn(MachineEvent), absent: &mut bool) {
    match client::ask(socket, &Request::Status, |_| {}) {
        Ok(Answer::Status { status }) => {
            *absent = false;
            post(MachineEvent::Status(status));
        }
        Ok(Answer::Done | Answer::Failed { .. } | Answer::Progress { .. }) => say_absent(absent, "an odd answer", post),
        Err(error) => say_absent(absent, &crate::chain(&error), post),
    }
}

fn say_absent(absent: &mut bool, why: &str, post: &impl Fn(MachineEvent)) {
    if !std::mem::replace(absent, true) {
        info!(why, "no device service");
        post(MachineEvent::Absent);
    }
}

fn carry(
    request: Request,
    socket: &Path,
    post: &(impl Fn(MachineEvent) + Clone + Send + 'static),
    back: &Sender<Order>,
) {
    let (socket, post_there, back, asked) = (socket.to_owned(), post.clone(), back.clone(), request.clone());
    let started = std::thread::Builder::new().name("machine-request".into()).spawn(move || {
        let progress = |work| post_there(MachineEvent::Progress(work));
        let end = end_of(client::ask(&socket, &asked, progress));
        // Neither a code nor an address belongs into the log.
        match &end {
            End::Done => info!(request = name(&asked), "the machine has done it"),
            End::Failed { why, detail } => warn!(request = name(&asked), ?why, detail, "the machine refused"),
            End::Lost { detail } => warn!(request = name(&asked), detail, "the machine's answer is missing"),
        }
        post_there(MachineEvent::Ended { request: asked, end });
        // Fails only when the booth is going down.
        let _ = back.send(Order::Look);
    });
    if let Err(error) = started {
        post(MachineEvent::Ended { request, end: End::Lost { detail: error.to_string() } });
    }
}

fn end_of(answer: Result<Answer, ClientError>) -> End {
    match answer {
        Ok(Answer::Done) => End::Done,
        Ok(Answer::Failed { why, detail }) => End::Failed { why, detail },
        Ok(Answer::Status { .. } | Answer::Progress { .. }) => End::Lost { detail: "an odd answer".into() },
        Err(error) => End::Lost { detail: crate::chain(&error) },
    }
}

/// A request in the log.
fn name(request: &Request) -> &'static str {
    match request {
        Request::Status => "status",
        Request::Install { .. } => "install",
        Request::Provision => "provision",
        Request::Enrol { .. } => "enrol",
        Request::SetNetwork { .. } => "set network",
        Request::SetReader { .. } => "set reader",
        Request::Update { .. } => "update",
        Request::SetClock { .. } => "set clock",
        Request::Healthy => "healthy",
        Request::Diagnostics => "diagnostics",
        Request::FactoryReset => "factory reset",
        Request::ExportQueue => "export queue",
        Request::Restart => "restart",
        Request::PowerOff => "power off",
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use crate::service::specimen;
    use bilik_device::{Step, UpdateFrom};
    use std::io::{BufRead as _, BufReader, Write as _};
    use std::os::unix::net::UnixListener;
    use std::sync::mpsc::Receiver;

    /// The service's side of the socket: says these lines for each request that comes, in order of the connections.
    pub(crate) fn peer(socket: &Path, answers: impl Fn(&str) -> Vec<String> + Send + 'static) {
        let listener = UnixListener::bind(socket).unwrap();
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let mut stream = stream.unwrap();
                let mut line = String::new();
                BufReader::new(stream.try_clone().unwrap()).read_line(&mut line).unwrap();
                for answer in answers(line.trim()) {
                    // The other side may have had enough.
                    let _ = writeln!(stream, "{answer}");
                }
            }
        });
    }

    pub(crate) fn json(answer: &Answer) -> String {
        serde_json::to_string(answer).unwrap()
    }

    fn status() -> String {
        json(&Answer::Status { status: Box::new(specimen::booth()) })
    }

    pub(crate) fn start(socket: &Path) -> (Machine, Receiver<MachineEvent>) {
        let (sender, inbox) = mpsc::channel();
        let machine = Machine::start(socket.to_owned(), move |event| drop(sender.send(event))).unwrap();
        (machine, inbox)
    }

    pub(crate) fn next(inbox: &Receiver<MachineEvent>) -> MachineEvent {
        inbox.recv_timeout(Duration::from_secs(20)).unwrap()
    }

    #[test]
    fn a_request_shows_its_progress_then_its_end_then_how_things_are() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let works = [(Step::Partitioning, 10), (Step::Writing, 500)].map(|(step, permille)| Work { step, permille });
        let said: Vec<String> = works.iter().map(|work| json(&Answer::Progress { work: work.clone() })).collect();
        peer(&socket, move |line| match line {
            r#"{"ask":"status"}"# => vec![status()],
            r#"{"ask":"install","disk":"specimen"}"# => [said.clone(), vec![json(&Answer::Done)]].concat(),
            r#"{"ask":"update","from":"stick"}"# => {
                vec![json(&Answer::Failed { why: Failure::BadSignature, detail: "signed by nobody".into() })]
            }
            // Goes away in the middle.
            r#"{"ask":"provision"}"# => said.clone(),
            _ => vec!["neither JSON nor anything".into()],
        });
        let (machine, inbox) = start(&socket);
        assert_eq!(next(&inbox), MachineEvent::Status(Box::new(specimen::booth())));
        let check = |request: Request, progress: &[Work], is_end: fn(&End) -> bool| {
            machine.ask(request.clone());
            for work in progress {
                assert_eq!(next(&inbox), MachineEvent::Progress(work.clone()), "{request:?}");
            }
            let MachineEvent::Ended { request: ended, end } = next(&inbox) else { panic!("{request:?} has no end") };
            assert_eq!(ended, request);
            assert!(is_end(&end), "{request:?}: {end:?}");
            assert!(matches!(next(&inbox), MachineEvent::Status(_)), "{request:?}");
        };
        check(Request::Install { disk: "specimen".into() }, &works, |end| *end == End::Done);
        check(Request::Update { from: UpdateFrom::Stick }, &[], |end| {
            matches!(end, End::Failed { why: Failure::BadSignature, .. })
        });
        check(Request::Provision, &works, |end| matches!(end, End::Lost { .. }));
        check(Request::Restart, &[], |end| matches!(end, End::Lost { .. }));
    }

    #[test]
    fn a_machine_without_the_service_says_so_once_and_is_found_when_it_comes() {
        let folder = tempfile::tempdir().unwrap();
        let socket = folder.path().join("socket");
        let (machine, inbox) = start(&socket);
        assert_eq!(next(&inbox), MachineEvent::Absent);
        machine.ask(Request::Restart);
        assert!(matches!(next(&inbox), MachineEvent::Ended { end: End::Lost { .. }, .. }));
        peer(&socket, |_| vec![status()]);
        machine.watch_closely(true);
        assert!(matches!(next(&inbox), MachineEvent::Status(_)), "absence is not told twice");
    }
}
