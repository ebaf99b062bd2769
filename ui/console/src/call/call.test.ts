import { expect, test } from "vitest";
import { deskWith, tile } from "../state/specimen";
import { problemOf } from "./camera";
import type { Sample } from "./health";
import { BROKEN_AFTER_MS, isBroken, isLive, judge, LIVE_WITHIN_MS, look, LOOK_MS, NEW_WATCH } from "./health";
import { plan } from "./plan";
import { summarise } from "./stats";

const sample = (packetsReceived: number, change: Partial<Sample> = {}): Sample => ({
  packetsReceived,
  packetsLost: 0,
  roundTrip: 0.02,
  ...change,
});

/** Two looks a second: the newest picture's time stamp, and whether pictures are expected. */
function watch(...looks: [picture: number | null, expected: boolean][]) {
  return looks.reduce((state, [picture, expected], index) => look(state, picture, expected, index * 500), NEW_WATCH);
}

test("live means that pictures come, not that a call was made", () => {
  const check = (looks: [number | null, boolean][], live: boolean) => {
    expect(isLive(watch(...looks), (looks.length - 1) * 500)).toBe(live);
  };
  check([[null, true]], false);
  check(
    [
      [null, true],
      [10, true],
    ],
    true,
  );
  check(
    [
      [10, true],
      [10, true],
    ],
    true,
  );
  check(
    [
      [10, true],
      [10, true],
      [10, true],
    ],
    false,
  );
  // The browser forgets the stamp of a picture that is long gone: that is none that comes.
  check(
    [
      [10, true],
      [10, true],
      [null, true],
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
  // Back from hold: not live before the first new picture.
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

/** Looks at pictures that were shown at these times, from 0 on for so long; the moments at which the word changed. */
function changes(shown: number[], forMs: number, expected: (at: number) => boolean = () => true) {
  const found: [at: number, live: boolean, network: string][] = [];
  let state = NEW_WATCH;
  for (let at = 0; at <= forMs; at += LOOK_MS) {
    state = look(state, shown.filter((time) => time <= at).at(-1) ?? null, expected(at), at);
    const [live, last] = [isLive(state, at), found.at(-1)];
    if (last?.[1] !== live || last[2] !== state.network) found.push([at, live, state.network]);
  }
  return found;
}

const every = (step: number, from: number, to: number) =>
  Array.from({ length: Math.floor((to - from) / step) + 1 }, (_, index) => from + index * step);

test("a cut is told within a second and a quarter, wherever it falls, and its end with the first picture", () => {
  for (let cut = 5_000; cut < 5_000 + LOOK_MS; cut += 10) {
    const [first, stopped, back, ...more] = changes([...every(100, 0, cut), ...every(100, 9_000, 12_000)], 12_000);
    expect(first).toEqual([0, true, "good"]);
    expect(stopped?.slice(1)).toEqual([false, "none"]);
    expect((stopped?.[0] ?? 0) - cut).toBeLessThanOrEqual(1_250);
    expect(back?.slice(1)).toEqual([true, "good"]);
    expect((back?.[0] ?? 0) - 9_000).toBeLessThanOrEqual(LOOK_MS);
    expect(more).toEqual([]);
  }
});

test("neither a twentieth of all pictures lost, nor a hold, is a cut", () => {
  // A small picture, ten a second; the same chances in each run (a linear congruential generator).
  let seed = 1;
  const dice = () => (seed = (seed * 1_103_515_245 + 12_345) % 2 ** 31) / 2 ** 31;
  const lossy = every(100, 0, 120_000).filter((at) => at === 0 || dice() >= 0.05);
  expect(lossy.length).toBeLessThan(1_170);
  expect(changes(lossy, 120_000)).toEqual([[0, true, "good"]]);
  const held = (at: number) => at >= 3_000 && at < 60_000;
  const words = changes([...every(100, 0, 3_000), ...every(100, 60_100, 65_000)], 65_000, (at) => !held(at));
  expect(words.map(([, , network]) => network)).toEqual(["good", "good", "good"]);
});

test("a call without pictures for ten seconds is broken, but not while none are expected", () => {
  const first = look(NEW_WATCH, null, true, 0);
  expect(isBroken(first, BROKEN_AFTER_MS - 1)).toBe(false);
  expect(isBroken(first, BROKEN_AFTER_MS)).toBe(true);
  const held = look(first, null, false, 9_000);
  expect(isBroken(held, 60_000)).toBe(false);
  const back = look(held, null, true, 60_000);
  expect(isBroken(back, 69_999)).toBe(false);
  expect(isBroken(back, 70_000)).toBe(true);
});

test.each([
  ["good", { packetsLost: 1 }],
  ["lossy", { packetsLost: 10 }],
  ["slow", { roundTrip: 0.5 }],
  ["good", { roundTrip: null }],
] as const)("the network is %s with %o", (word, change) => {
  const before = judge(look(NEW_WATCH, 25, true, 0), sample(100), 0);
  const after = look(before, 50, true, 1_000);
  expect(judge(after, sample(200, change), 1_000).network).toBe(word);
});

test("the network is judged over a second, and what is lost while the picture stands still is not its fault", () => {
  const steps: [at: number, picture: number, lost: number, word: string][] = [
    [0, 10, 0, "good"],
    // A tenth of a moment's packets is a packet or two.
    [400, 20, 4, "good"],
    [1_000, 35, 4, "good"],
    [2_000, 60, 20, "lossy"],
    [2_400, 60, 20, "lossy"],
    [2_000 + LIVE_WITHIN_MS, 60, 20, "none"],
    [5_000, 70, 300, "good"],
    [6_000, 95, 300, "good"],
  ];
  steps.reduce((state, [at, picture, packetsLost, word]) => {
    const next = judge(look(state, picture, true, at), sample(picture * 4, { packetsLost }), at);
    expect([at, next.network]).toEqual([at, word]);
    return next;
  }, NEW_WATCH);
});

test("a picture that stops is said to have stopped", () => {
  expect(watch([10, true], [20, true], [20, true], [20, true]).network).toBe("none");
  expect(watch([null, true], [null, true], [null, true], [null, true]).network).toBe("unknown");
});

test("the browser's report is reduced to what counts", () => {
  const report: [string, unknown][] = [
    ["v", { type: "inbound-rtp", kind: "video", packetsReceived: 100, packetsLost: 2 }],
    ["a", { type: "inbound-rtp", kind: "audio", packetsReceived: 50, packetsLost: -1 }],
    ["p", { type: "candidate-pair", nominated: true, currentRoundTripTime: 0.03 }],
    ["q", { type: "candidate-pair", nominated: false, currentRoundTripTime: 9 }],
    ["x", null],
    ["o", { type: "outbound-rtp", packetsSent: 7 }],
  ];
  expect(summarise(report)).toEqual({ packetsReceived: 150, packetsLost: 2, roundTrip: 0.03 });
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
