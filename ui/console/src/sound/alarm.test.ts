import { afterEach, expect, test, vi } from "vitest";
import { Alarm, EVERY_MS, TIMES } from "./alarm";

/** Counts the notes that were scheduled; wakes up when the test says that the page was touched. */
class FakeContext {
  static state: "suspended" | "running" = "running";
  static notes = 0;
  static resumed = 0;
  currentTime = 0;
  destination = {};

  get state() {
    return FakeContext.state;
  }

  resume(): Promise<void> {
    FakeContext.resumed++;
    return new Promise(() => undefined);
  }

  createOscillator() {
    return {
      frequency: { value: 0 },
      connect: (next: unknown) => next,
      start: () => FakeContext.notes++,
      stop: () => undefined,
    };
  }

  createGain() {
    const ramp = () => undefined;
    return {
      gain: { setValueAtTime: ramp, linearRampToValueAtTime: ramp, exponentialRampToValueAtTime: ramp },
      connect: (next: unknown) => next,
    };
  }
}

afterEach(() => {
  vi.unstubAllGlobals();
});

function alarm(state: FakeContext["state"]): Alarm {
  vi.stubGlobal("AudioContext", FakeContext);
  Object.assign(FakeContext, { state, notes: 0, resumed: 0 });
  return new Alarm();
}

/** Follows every half second, and says when it sounded. */
function times(one: Alarm, who: (now: number) => string[], until: number, silent = false): number[] {
  const heard: number[] = [];
  for (let now = 0; now <= until; now += 500) {
    const before = FakeContext.notes;
    one.follow(who(now), silent, now);
    if (FakeContext.notes > before) heard.push(now);
  }
  return heard;
}

test("two notes at once, twice more, and then no more for who waits on", () => {
  const heard = times(alarm("running"), () => ["a"], 600_000);
  expect(heard).toEqual([0, EVERY_MS, 2 * EVERY_MS]);
  expect(FakeContext.notes).toBe(2 * TIMES);
});

test("whoever comes to wait is heard, and nobody twice at a time", () => {
  const who = (now: number) => (now < 12_000 ? ["a"] : now < 300_000 ? ["a", "b"] : []);
  expect(times(alarm("running"), who, 600_000)).toEqual([0, 10_000, 20_000, 30_000, 40_000]);
});

test("who waits anew is heard anew, and nobody while it is turned off", () => {
  const one = alarm("running");
  const who = (now: number) => (now < 1_000 || now >= 2_000 ? ["a"] : []);
  expect(times(one, who, 3_000)).toEqual([0, 2_000]);
  one.follow([], false, 4_000);
  expect(times(one, () => ["a"], 60_000, true)).toEqual([]);
});

test("nothing is saved up while the browser holds the sound back", () => {
  const one = alarm("suspended");
  for (let now = 0; now < 300_000; now += 500) one.follow(["a"], false, now);
  expect([FakeContext.notes, FakeContext.resumed]).toEqual([0, 1]);
  // A browser that was asked before the page was touched has forgotten it.
  one.touched();
  expect(FakeContext.resumed).toBe(2);
  FakeContext.state = "running";
  one.touched();
  one.follow(["a"], false, 300_000);
  one.follow(["a"], false, 300_500);
  expect([FakeContext.notes, FakeContext.resumed]).toEqual([2, 2]);
});
