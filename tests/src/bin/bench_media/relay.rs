//! A bad line: every datagram of a call goes through here, and some are lost or late, by a seed.
//!
//! Both ends see the relay's two addresses and nothing of each other. Late datagrams keep their order, as on a real queue.

use anyhow::Context as _;
use rand::rngs::StdRng;
use rand::{Rng as _, SeedableRng as _};
use std::collections::VecDeque;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

/// What the line does to each datagram, in both directions.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Line {
    /// Share that is lost, 0 to 1.
    pub loss: f64,
    /// Each waits between none and twice this.
    pub jitter: Duration,
}

pub struct Relay {
    /// Where the officer's browser sends to.
    pub address: SocketAddr,
    shared: Arc<Shared>,
    threads: Vec<JoinHandle<()>>,
}

struct Shared {
    /// The two sockets: towards the officer, towards the booth.
    sockets: [UdpSocket; 2],
    /// Who is known at either end.
    ends: Mutex<[Option<SocketAddr>; 2]>,
    line: Mutex<Line>,
    /// Datagrams with picture or sound from the booth.
    media: AtomicU64,
    stop: AtomicBool,
}

impl Relay {
    pub fn start(office: Ipv4Addr, seed: u64) -> anyhow::Result<Self> {
        let bind = || UdpSocket::bind((office, 0)).context("failed to bind the relay");
        let sockets = [bind()?, bind()?];
        let address = sockets[0].local_addr()?;
        let shared = Arc::new(Shared {
            sockets,
            ends: Mutex::default(),
            line: Mutex::default(),
            media: AtomicU64::default(),
            stop: AtomicBool::default(),
        });
        let threads = [0, 1].map(|side| {
            let shared = Arc::clone(&shared);
            let dice = StdRng::seed_from_u64(seed + side as u64);
            std::thread::spawn(move || carry(&shared, side, dice))
        });
        Ok(Self { address, shared, threads: threads.into() })
    }

    /// Where the booth's end of the call is.
    pub fn towards(&self, booth: SocketAddr) {
        lock(&self.shared.ends)[1] = Some(booth);
    }

    pub fn set(&self, line: Line) {
        *lock(&self.shared.line) = line;
    }

    /// How many datagrams with picture or sound the booth has sent.
    pub fn media_from_booth(&self) -> u64 {
        self.shared.media.load(Ordering::Relaxed)
    }
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::Relaxed);
        for thread in self.threads.drain(..) {
            drop(thread.join());
        }
    }
}

/// One direction: from the socket of this side to the end of the other.
fn carry(shared: &Shared, side: usize, mut dice: StdRng) {
    const LONGEST_WAIT: Duration = Duration::from_millis(20);
    let mut late: VecDeque<(Instant, Vec<u8>)> = VecDeque::new();
    let mut datagram = [0; 2048];
    while !shared.stop.load(Ordering::Relaxed) {
        let now = Instant::now();
        while late.front().is_some_and(|(due, _)| *due <= now) {
            let Some((_, bytes)) = late.pop_front() else { break };
            let to = lock(&shared.ends)[1 - side];
            if let Some(to) = to {
                // A closed port is the sender's affair.
                let _ = shared.sockets[1 - side].send_to(&bytes, to);
            }
        }
        let wait = late.front().map_or(LONGEST_WAIT, |(due, _)| due.saturating_duration_since(now));
        let wait = wait.clamp(Duration::from_millis(1), LONGEST_WAIT);
        let _ = shared.sockets[side].set_read_timeout(Some(wait));
        let Ok((length, from)) = shared.sockets[side].recv_from(&mut datagram) else { continue };
        if side == 0 {
            lock(&shared.ends)[0] = Some(from);
        } else if is_media(&datagram[..length]) {
            shared.media.fetch_add(1, Ordering::Relaxed);
        }
        let line = *lock(&shared.line);
        if line.loss > 0.0 && dice.random_bool(line.loss) {
            continue;
        }
        let delay = line.jitter.mul_f64(2.0 * dice.random::<f64>());
        let due = late.back().map_or(Instant::now() + delay, |(last, _)| (Instant::now() + delay).max(*last));
        late.push_back((due, datagram[..length].to_vec()));
    }
}

/// RTP, and neither STUN nor DTLS (RFC 7983) nor RTCP (RFC 5761, section 4).
fn is_media(datagram: &[u8]) -> bool {
    matches!(datagram, [128..=191, kind, ..] if !(192..=223).contains(kind))
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
