/**
 * How a call does: whether its picture moves, several times a second, and how its packets come, once a second. Pure: what
 * was seen and the time come in.
 *
 * *Live* means that pictures came a moment ago, never that something was clicked. A call that should bring pictures
 * and brings none for ten seconds is broken for good.
 */

/** The counters of one call that matter, as totals since its start. */
export type Sample = {
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
  /** The time stamp of the newest picture: two looks that find the same one have seen nothing between them. */
  picture: number | null;
  /** When the look was that found it. */
  pictureAt: number | null;
  /** Since when pictures are expected without a break; none while they are not. */
  expectedSince: number | null;
  network: NetworkWord;
  /** The sample that the network was last judged from. */
  judged: { sample: Sample; at: number } | null;
};

/** Above this share of lost packets people see and hear it. */
export const WEAK_LOSS = 0.05;
/** Above this round trip two people begin to talk over each other (ITU-T G.114: 400 ms one way is the limit). */
export const WEAK_ROUND_TRIP_S = 0.4;
/** How often a call is looked at. With `LIVE_WITHIN_MS`: a picture that stops is said to have stopped after about a second. */
export const LOOK_MS = 150;
/** The slowest picture that a booth sends comes ten times a second. */
export const LIVE_WITHIN_MS = 900;
/** The network is judged over so long: over less, one lost packet would make a bad one. */
export const JUDGED_OVER_MS = 1_000;
export const BROKEN_AFTER_MS = 10_000;

export const NEW_WATCH: Watch = {
  picture: null,
  pictureAt: null,
  expectedSince: null,
  network: "unknown",
  judged: null,
};

/** `picture`: the time stamp of the newest one, if any. `expected`: the booth is online and was told to send pictures. */
export function look(watch: Watch, picture: number | null, expected: boolean, now: number): Watch {
  const came = picture !== null && picture !== watch.picture;
  const pictureAt = came ? now : watch.pictureAt;
  const expectedSince = expected ? (watch.expectedSince ?? now) : null;
  const next = { ...watch, picture: picture ?? watch.picture, pictureAt, expectedSince };
  if (expectedSince === null) return { ...next, judged: null };
  if (isLive(next, now)) return { ...next, network: isWeak(watch.network) ? watch.network : "good" };
  const silent = pictureAt !== null && now - expectedSince >= LIVE_WITHIN_MS;
  return { ...next, network: silent ? "none" : watch.network, judged: null };
}

/** Judges the network of a call whose picture moves, by its packets since the last time. */
export function judge(watch: Watch, sample: Sample, now: number): Watch {
  if (!isLive(watch, now)) return watch;
  // What was lost while the picture stood still says nothing about how it runs.
  if (watch.judged === null) return { ...watch, judged: { sample, at: now } };
  if (now - watch.judged.at < JUDGED_OVER_MS) return watch;
  return { ...watch, network: word(watch.judged.sample, sample), judged: { sample, at: now } };
}

export function isLive(watch: Watch, now: number): boolean {
  return watch.expectedSince !== null && watch.pictureAt !== null && now - watch.pictureAt < LIVE_WITHIN_MS;
}

export function isBroken(watch: Watch, now: number): boolean {
  if (watch.expectedSince === null) return false;
  return now - Math.max(watch.expectedSince, watch.pictureAt ?? watch.expectedSince) >= BROKEN_AFTER_MS;
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
