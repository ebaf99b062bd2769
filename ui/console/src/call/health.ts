/**
 * How a call does, judged from the browser's counters several times a second. Pure: samples and time come in.
 *
 * *Live* means that frames were decoded in the last second, never that something was clicked. A call that should
 * bring frames and brings none for ten seconds is broken for good.
 */

/** The counters of one call that matter, as totals since its start. */
export type Sample = {
  framesDecoded: number;
  packetsReceived: number;
  packetsLost: number;
  /** Round trip in seconds, if known. */
  roundTrip: number | null;
};

export type NetworkWord =
  | "good"
  /** Too many packets are lost. */
  | "lossy"
  /** Packets take too long. */
  | "slow"
  /** The picture has stopped. */
  | "none"
  | "unknown";

export type Watch = {
  last: Sample | null;
  /** When a frame was last decoded. */
  decodedAt: number | null;
  /** Since when frames are expected without a break; none while they are not. */
  expectedSince: number | null;
  network: NetworkWord;
  /** The sample that the network was last judged from. */
  judged: { sample: Sample; at: number } | null;
};

/** Above this share of lost packets people see and hear it. */
export const WEAK_LOSS = 0.05;
/** Above this round trip two people begin to talk over each other (ITU-T G.114: 400 ms one way is the limit). */
export const WEAK_ROUND_TRIP_S = 0.4;
export const LIVE_WITHIN_MS = 1_000;
/** The network is judged over so long: over less, one lost packet would make a bad one. */
export const JUDGED_OVER_MS = 1_000;
export const BROKEN_AFTER_MS = 10_000;

export const NEW_WATCH: Watch = { last: null, decodedAt: null, expectedSince: null, network: "unknown", judged: null };

/** `expected`: the booth is online and was told to send pictures. */
export function judge(watch: Watch, sample: Sample, expected: boolean, now: number): Watch {
  const decoded = sample.framesDecoded > (watch.last?.framesDecoded ?? 0);
  const decodedAt = decoded ? now : watch.decodedAt;
  const expectedSince = expected ? (watch.expectedSince ?? now) : null;
  const next = { ...watch, last: sample, decodedAt, expectedSince };
  if (!expected) return { ...next, judged: null };
  if (!isLive(next, now)) {
    const silent = decodedAt !== null && now - (expectedSince ?? now) >= LIVE_WITHIN_MS;
    return { ...next, network: silent ? "none" : watch.network, judged: null };
  }
  if (watch.judged === null) {
    // What was lost while the picture stood still says nothing about how it runs.
    return { ...next, network: isWeak(watch.network) ? watch.network : "good", judged: { sample, at: now } };
  }
  if (now - watch.judged.at < JUDGED_OVER_MS) return next;
  return { ...next, network: word(watch.judged.sample, sample), judged: { sample, at: now } };
}

export function isLive(watch: Watch, now: number): boolean {
  return watch.expectedSince !== null && watch.decodedAt !== null && now - watch.decodedAt < LIVE_WITHIN_MS;
}

export function isBroken(watch: Watch, now: number): boolean {
  if (watch.expectedSince === null) return false;
  return now - Math.max(watch.expectedSince, watch.decodedAt ?? watch.expectedSince) >= BROKEN_AFTER_MS;
}

export function isWeak(word: NetworkWord): boolean {
  return word === "lossy" || word === "slow";
}

function word(before: Sample, sample: Sample): NetworkWord {
  const received = sample.packetsReceived - before.packetsReceived;
  const lost = sample.packetsLost - before.packetsLost;
  const share = received + lost > 0 ? lost / (received + lost) : 0;
  if (share > WEAK_LOSS) return "lossy";
  return (sample.roundTrip ?? 0) > WEAK_ROUND_TRIP_S ? "slow" : "good";
}
