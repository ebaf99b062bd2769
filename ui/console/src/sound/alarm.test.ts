import { afterEach, expect, test, vi } from "vitest";
import { Alarm } from "./alarm";

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

test("two notes at once, and again every ten seconds, while somebody waits", () => {
  const one = alarm("running");
  for (let now = 0; now <= 20_000; now += 500) one.follow(true, false, now);
  expect(FakeContext.notes).toBe(6);
  one.follow(false, false, 20_500);
  one.follow(true, true, 21_000);
  expect(FakeContext.notes).toBe(6);
  one.follow(true, false, 21_500);
  expect(FakeContext.notes).toBe(8);
});

test("nothing is saved up while the browser holds the sound back", () => {
  const one = alarm("suspended");
  for (let now = 0; now < 300_000; now += 500) one.follow(true, false, now);
  expect([FakeContext.notes, FakeContext.resumed]).toEqual([0, 1]);
  FakeContext.state = "running";
  one.follow(true, false, 300_000);
  one.follow(true, false, 300_500);
  expect(FakeContext.notes).toBe(2);
});
