/** Takes the few counters we judge by out of the browser's report (W3C webrtc-stats). */
import type { Sample } from "./health";

type Report = Iterable<[string, unknown]>;

export function summarise(report: Report): Sample {
  const sample: Sample = { packetsReceived: 0, packetsLost: 0, roundTrip: null };
  for (const [, entry] of report) {
    if (typeof entry !== "object" || entry === null) continue;
    const stat = entry as Record<string, unknown>;
    if (stat.type === "inbound-rtp") {
      sample.packetsReceived += count(stat.packetsReceived);
      // Can be negative when packets come twice (RFC 3550, 6.4.1).
      sample.packetsLost += Math.max(0, count(stat.packetsLost));
    } else if (stat.type === "candidate-pair" && stat.nominated === true) {
      const time = stat.currentRoundTripTime;
      if (typeof time === "number") sample.roundTrip = Math.max(sample.roundTrip ?? 0, time);
    }
  }
  return sample;
}

function count(value: unknown): number {
  return typeof value === "number" ? value : 0;
}
