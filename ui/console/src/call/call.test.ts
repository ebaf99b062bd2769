import { expect, test } from "vitest";
import { deskWith, tile } from "../state/specimen";
import { problemOf } from "./camera";
import type { Sample } from "./health";
import { BROKEN_AFTER_MS, isBroken, isLive, judge, NEW_WATCH } from "./health";
import { plan } from "./plan";
import { summarise } from "./stats";

const sample = (framesDecoded: number, change: Partial<Sample> = {}): Sample => ({
  framesDecoded,
  packetsReceived: framesDecoded * 4,
  packetsLost: 0,
  roundTrip: 0.02,
  ...change,
});

/** Two samples a second: total of decoded frames, and whether frames are expected. */
function watch(...samples: [frames: number, expected: boolean][]) {
  return samples.reduce(
    (state, [frames, expected], index) => judge(state, sample(frames), expected, index * 500),
    NEW_WATCH,
  );
}

test("live means that frames are decoded, not that a call was made", () => {
  const check = (samples: [number, boolean][], live: boolean) => {
    expect(isLive(watch(...samples), (samples.length - 1) * 500)).toBe(live);
  };
  check([[0, true]], false);
  check(
    [
      [0, true],
      [10, true],
    ],
    true,
  );
  check(
    [
      [0, true],
      [10, true],
      [10, true],
    ],
    true,
  );
  check(
    [
      [0, true],
      [10, true],
      [10, true],
      [10, true],
    ],
    false,
  );
  check(
    [
      [10, true],
      [20, false],
    ],
    false,
  );
  // Back from hold: not live before the first new frame.
  check(
    [
      [10, true],
      [10, false],
      [10, false],
      [10, true],
    ],
    false,
  );
  check(
    [
      [10, true],
      [10, false],
      [10, false],
      [11, true],
    ],
    true,
  );
});

test("a call without frames for ten seconds is broken, but not while none are expected", () => {
  const first = judge(NEW_WATCH, sample(0), true, 0);
  expect(isBroken(first, BROKEN_AFTER_MS - 1)).toBe(false);
  expect(isBroken(first, BROKEN_AFTER_MS)).toBe(true);
  const held = judge(first, sample(0), false, 9_000);
  expect(isBroken(held, 60_000)).toBe(false);
  const back = judge(held, sample(0), true, 60_000);
  expect(isBroken(back, 69_999)).toBe(false);
  expect(isBroken(back, 70_000)).toBe(true);
});

test.each([
  ["good", { packetsLost: 1 }],
  ["lossy", { packetsLost: 10 }],
  ["slow", { roundTrip: 0.5 }],
  ["good", { roundTrip: null }],
] as const)("the network is %s with %o", (word, change) => {
  const before = judge(NEW_WATCH, sample(25), true, 0);
  expect(judge(before, sample(50, { packetsReceived: 200, ...change }), true, 1_000).network).toBe(word);
});

test("the network is judged over a second, and what is lost while the picture stands still is not its fault", () => {
  const steps: [at: number, frames: number, lost: number, word: string][] = [
    [0, 10, 0, "good"],
    // A tenth of a moment's packets is a packet or two.
    [400, 20, 4, "good"],
    [1_000, 35, 4, "good"],
    [2_000, 60, 20, "lossy"],
    [2_400, 60, 20, "lossy"],
    [3_000, 60, 20, "none"],
    [5_000, 70, 300, "good"],
    [6_000, 95, 300, "good"],
  ];
  steps.reduce((state, [at, frames, packetsLost, word]) => {
    const next = judge(state, sample(frames, { packetsLost }), true, at);
    expect([at, next.network]).toEqual([at, word]);
    return next;
  }, NEW_WATCH);
});

test("a picture that stops is said to have stopped", () => {
  expect(watch([10, true], [20, true], [20, true], [20, true]).network).toBe("none");
  expect(watch([0, true], [0, true], [0, true], [0, true]).network).toBe("unknown");
});

test("the browser's report is reduced to what counts", () => {
  const report: [string, unknown][] = [
    ["v", { type: "inbound-rtp", kind: "video", framesDecoded: 30, packetsReceived: 100, packetsLost: 2 }],
    ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: 50, packetsLost: -1 }],
    ["p", { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.03 }],
    ["q", { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 }],
    ["x", null],
    ["o", { type: "outbound-rtp", packetsSent: 7 }],
  ];
  expect(summarise(report)).toEqual({ framesDecoded: 30, packetsReceived: 150, packetsLost: 2, roundTrip: 0.03 });
});

test("sound and full picture go to the booth in focus only, and nothing to one on hold", () => {
  const desk = deskWith(
    tile(1, { mode: "focus" }),
    tile(2, { mode: "focus" }),
    tile(3, { mode: "hold" }),
    tile(4, { online: false }),
    tile(5, { call: null }),
    tile(6, { state: { ...tile(6).state, camera: "missing" } }),
  );
  expect(plan(desk).map(({ mode, expected }) => [mode, expected])).toEqual([
    ["focus", true],
    // The officer has looked away; the hub has not heard it yet.
    ["tile", true],
    ["hold", false],
    ["tile", false],
    ["tile", false],
    ["tile", false],
  ]);
});

test.each([
  ["NotAllowedError", "denied"],
  ["SecurityError", "denied"],
  ["NotReadableError", "busy"],
  ["NotFoundError", "missing"],
  ["OverconstrainedError", "missing"],
])("%s means the camera is %s", (name, problem) => {
  expect(problemOf(Object.assign(new Error("specimen"), { name }))).toBe(problem);
});
