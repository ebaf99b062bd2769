//! RTP packets (RFC 3550) between the pipelines and the connection, and the timeline that the officer's browser sees.

use std::sync::Arc;
use std::time::Instant;

/// One of the two streams of a call, in either direction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Stream {
    Audio,
    Video,
}

impl Stream {
    /// Ticks of the RTP clock a second: Opus has 48 kHz at any sample rate (RFC 7587), video 90 kHz.
    pub const fn clock_rate(self) -> u64 {
        match self {
            Self::Audio => 48_000,
            Self::Video => 90_000,
        }
    }
}

/// A packet on its way to the officer, as a payloader made it.
#[derive(Clone, Debug)]
pub(crate) struct OutgoingPacket {
    /// Which run of the pipeline made it. Numbers and times continue within one run only.
    pub run: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    /// When the camera or microphone took what is in it.
    pub captured: Instant,
    pub payload: Arc<[u8]>,
}

/// A packet of the officer, decrypted.
#[derive(Clone, Debug)]
pub(crate) struct IncomingPacket {
    pub sequence: u16,
    pub timestamp: u32,
    pub marker: bool,
    pub payload: Arc<[u8]>,
}

const HEADER_BYTES: usize = 12;

/// Takes a packet of our own payloaders apart. `None` if it is not a complete packet of version 2; padding is not expected.
pub(crate) fn parse(run: u32, captured: Instant, bytes: &[u8]) -> Option<OutgoingPacket> {
    let [first, second, seq_hi, seq_lo, t0, t1, t2, t3, ..] = *bytes else { return None };
    if first >> 6 != 2 || first & 0x20 != 0 {
        return None;
    }
    let mut payload = bytes.get(HEADER_BYTES + usize::from(first & 0x0f) * 4..)?;
    if first & 0x10 != 0 {
        let words = u16::from_be_bytes([*payload.get(2)?, *payload.get(3)?]);
        payload = payload.get(4 + usize::from(words) * 4..)?;
    }
    Some(OutgoingPacket {
        run,
        sequence: u16::from_be_bytes([seq_hi, seq_lo]),
        timestamp: u32::from_be_bytes([t0, t1, t2, t3]),
        marker: second & 0x80 != 0,
        captured,
        payload: payload.into(),
    })
}

/// Writes a packet for a depayloader, which knows only the one payload type and one source.
pub(crate) fn write(packet: &IncomingPacket, payload_type: u8) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(HEADER_BYTES + packet.payload.len());
    bytes.extend([0x80, payload_type & 0x7f | if packet.marker { 0x80 } else { 0 }]);
    bytes.extend(packet.sequence.to_be_bytes());
    bytes.extend(packet.timestamp.to_be_bytes());
    bytes.extend([0, 0, 0, 1]);
    bytes.extend(&*packet.payload);
    bytes
}

/// Makes one unbroken stream of what several runs of a pipeline produce, as after a camera was plugged in again.
///
/// Within a run, gaps stay gaps, so that a lost packet of ours is seen as lost. Between runs the numbers go on by one and the
/// timestamps by the time that passed. The first extended number is below 65536, so that the encryption's rollover counter,
/// which is not sent, starts at 0 on both sides (RFC 3711, 3.3.1).
#[derive(Debug)]
pub(crate) struct Timeline {
    stream: Stream,
    last: Option<Last>,
    offset: u32,
}

#[derive(Clone, Copy, Debug)]
struct Last {
    run: u32,
    sequence: u16,
    extended: u64,
    sent_timestamp: u32,
    captured: Instant,
}

impl Timeline {
    pub fn new(stream: Stream) -> Self {
        Self { stream, last: None, offset: 0 }
    }

    /// The extended sequence number and the timestamp to send a packet with.
    pub fn place(&mut self, packet: &OutgoingPacket) -> (u64, u32) {
        let extended = match self.last {
            None => u64::from(packet.sequence),
            Some(last) if last.run == packet.run => {
                last.extended + u64::from(packet.sequence.wrapping_sub(last.sequence))
            }
            Some(last) => {
                let passed = packet.captured.saturating_duration_since(last.captured);
                let ticks = passed.as_micros() as u64 * self.stream.clock_rate() / 1_000_000;
                let expected = last.sent_timestamp.wrapping_add(ticks.max(1) as u32);
                self.offset = expected.wrapping_sub(packet.timestamp);
                last.extended + 1
            }
        };
        let sent_timestamp = packet.timestamp.wrapping_add(self.offset);
        self.last = Some(Last {
            run: packet.run,
            sequence: packet.sequence,
            extended,
            sent_timestamp,
            captured: packet.captured,
        });
        (extended, sent_timestamp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn packets_are_taken_apart() {
        let plain = [0x80, 0xe0, 0x12, 0x34, 0, 0, 1, 0, 9, 9, 9, 9, 1, 2, 3];
        let mut extended = vec![0x91, 0x60, 0, 1, 0, 0, 0, 2, 9, 9, 9, 9];
        extended.extend([7, 7, 7, 7]); // one contributing source
        extended.extend([0xbe, 0xde, 0, 1, 5, 5, 5, 5]); // one word of extension
        extended.extend([42]);
        type Read<'a> = Option<(u16, u32, bool, &'a [u8])>;
        let cases: [(&[u8], Read<'_>); 7] = [
            (&plain, Some((0x1234, 256, true, &[1, 2, 3]))),
            (&plain[..12], Some((0x1234, 256, true, &[]))),
            (&extended, Some((1, 2, false, &[42]))),
            (&extended[..18], None),
            (&plain[..11], None),
            (&[0x40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], None),
            (&[], None),
        ];
        for (bytes, expect) in cases {
            let packet = parse(0, Instant::now(), bytes);
            let got = packet.as_ref().map(|p| (p.sequence, p.timestamp, p.marker, &*p.payload));
            assert_eq!(got, expect, "{bytes:?}");
        }
    }

    #[test]
    fn a_written_packet_reads_back() {
        let packet = IncomingPacket { sequence: 65_535, timestamp: u32::MAX, marker: true, payload: [1, 2, 3].into() };
        let bytes = write(&packet, 96);
        assert_eq!(bytes[1], 0xe0);
        let back = parse(0, Instant::now(), &bytes).unwrap();
        assert_eq!(
            (back.sequence, back.timestamp, back.marker, &*back.payload),
            (65_535, u32::MAX, true, &[1u8, 2, 3][..])
        );
    }

    #[test]
    fn runs_are_joined_and_gaps_stay() {
        let start = Instant::now();
        let mut timeline = Timeline::new(Stream::Video);
        // (run, sequence, timestamp, captured at ms) -> (extended, timestamp)
        let cases = [
            ((1, 65_534, 1000, 0), (65_534, 1000)),
            ((1, 65_535, 4000, 33), (65_535, 4000)),
            ((1, 0, 4000, 33), (65_536, 4000)),
            ((1, 3, 7000, 66), (65_539, 7000)),
            ((2, 500, 0, 1066), (65_540, 97_000)),
            ((2, 501, 3000, 1099), (65_541, 100_000)),
        ];
        for ((run, sequence, timestamp, at), expect) in cases {
            let captured = start + Duration::from_millis(at);
            let packet = OutgoingPacket { run, sequence, timestamp, marker: false, captured, payload: [].into() };
            assert_eq!(timeline.place(&packet), expect, "run {run}, {sequence}");
        }
    }
}
