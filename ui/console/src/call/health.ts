/**
 * How a call does, judged from the browser's counters once a second. Pure: samples and time come in.
 *
 * *Live* means that frames were decoded in the last two seconds, never that something was clicked. A call that should
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

export type NetworkWord = "good" | "weak" | "none" | "unknown";

export type Watch = {
  last: Sample | null;
  /** When a frame was last decoded. */
  decodedAt: number | null;
  /** Since when frames are expected without a break; none while they are not. */
  expectedSince: number | null;
  network: NetworkWord;
};

/** Above this share of lost packets people see and hear it. */
export const WEAK_LOSS = 0.05;
/** Above this round trip two people begin to talk over each other (ITU-T G.114: 400 ms one way is the limit). */
export const WEAK_ROUND_TRIP_S = 0.4;
export const LIVE_WITHIN_MS = 2_000;
export const BROKEN_AFTER_MS = 10_000;

export const NEW_WATCH: Watch = { last: null, decodedAt: null, expectedSince: null, network: "unknown" };

/** `expected`: the booth is online and was told to send pictures. */
export function judge(watch: Watch, sample: Sample, expected: boolean, now: number): Watch {
  const decoded = sample.framesDecoded > (watch.last?.framesDecoded ?? 0);
  const decodedAt = decoded ? now : watch.decodedAt;
  const expectedSince = expected ? (watch.expectedSince ?? now) : null;
  const next = { last: sample, decodedAt, expectedSince, network: watch.network };
  return expected ? { ...next, network: word(watch, next, sample, now) } : next;
}

export function isLive(watch: Watch, now: number): boolean {
  return watch.expectedSince !== null && watch.decodedAt !== null && now - watch.decodedAt < LIVE_WITHIN_MS;
}

export function isBroken(watch: Watch, now: number): boolean {
  if (watch.expectedSince === null) return false;
  return now - Math.max(watch.expectedSince, watch.decodedAt ?? watch.expectedSince) >= BROKEN_AFTER_MS;
}

function word(before: Watch, watch: Watch, sample: Sample, now: number): NetworkWord {
  if (!isLive(watch, now)) {
    const silent = watch.decodedAt !== null && now - (watch.expectedSince ?? now) >= LIVE_WITHIN_MS;
    return silent ? "none" : before.network;
  }
  const received = sample.packetsReceived - (before.last?.packetsReceived ?? 0);
  const lost = sample.packetsLost - (before.last?.packetsLost ?? 0);
  const share = received + lost > 0 ? lost / (received + lost) : 0;
  return share > WEAK_LOSS || (sample.roundTrip ?? 0) > WEAK_ROUND_TRIP_S ? "weak" : "good";
}
