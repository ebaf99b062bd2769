import { expect, test } from "vitest";
import type { Focus, Held } from "./typeAhead";
import { HELD_MS, MAX_HELD, RESCUE_MS, TypeAhead } from "./typeAhead";

const typed = (key: string, ctrl = false): Held => ({ key, ctrl, shift: false });

/** A page on which `a` and `r` open a panel and a digit in it closes it; the focus comes when the test says so. */
class Page {
  focus: Focus = "desk";
  log: string[] = [];
  #later: ((now: number) => void)[] = [];
  #ahead = new TypeAhead({
    focus: () => this.focus,
    deliver: (key, to) => {
      this.#key(key.key, to);
    },
    later: (run) => this.#later.push(run),
    rescue: () => undefined,
  });

  /** All in one tick: nothing is drawn in between. */
  type(keys: string, now = 0): void {
    for (const key of keys) if (!this.#ahead.take(typed(key), now)) this.#key(key, this.focus);
  }

  /** The page is drawn, and what has opened has the focus; until nothing moves any more. */
  draw(now = 0): void {
    for (let round = 0; round < 100; round++) {
      if (this.focus === "nowhere") this.focus = "panel";
      this.#ahead.go(now);
      const due = this.#later.splice(0);
      if (due.length === 0) return;
      for (const run of due) run(now);
    }
  }

  drawWithoutFocus(): void {
    for (const run of this.#later.splice(0)) run(0);
  }

  #key(key: string, to: Focus): void {
    this.log.push(`${key}:${to}`);
    if (to === "desk" && /[ar]/.test(key)) this.focus = "nowhere";
    if (to === "panel" && /\d/.test(key)) this.focus = "desk";
  }
}

test.each([
  ["1", ["1:desk"]],
  ["a1", ["a:desk", "1:panel"]],
  ["r2", ["r:desk", "2:panel"]],
  // The panel closes with its digit: what follows is for the desk, and may open the next one.
  ["r1m", ["r:desk", "1:panel", "m:desk"]],
  ["r1a2m", ["r:desk", "1:panel", "a:desk", "2:panel", "m:desk"]],
  ["axy1m", ["a:desk", "x:panel", "y:panel", "1:panel", "m:desk"]],
])("%s in one tick reaches what it is meant for", (keys, expected) => {
  const page = new Page();
  page.type(keys);
  page.draw();
  expect(page.log).toEqual(expected);
});

test("a key that comes while others wait does not overtake them", () => {
  const page = new Page();
  page.type("rx");
  page.focus = "panel";
  page.type("1");
  expect(page.log).toEqual(["r:desk"]);
  page.draw();
  expect(page.log).toEqual(["r:desk", "x:panel", "1:panel"]);
});

test("keys wait for the focus, and not for ever", () => {
  const page = new Page();
  page.type("r1");
  page.drawWithoutFocus();
  expect(page.log).toEqual(["r:desk"]);
  page.draw(HELD_MS);
  expect(page.log).toEqual(["r:desk"]);
  // And the next ones go their ordinary way.
  page.type("2", HELD_MS);
  expect(page.log).toEqual(["r:desk", "2:panel"]);
});

test("what waits is bounded", () => {
  const page = new Page();
  page.type(`r${"x".repeat(MAX_HELD * 2)}`);
  page.draw();
  expect(page.log.length).toBe(1 + MAX_HELD);
});

test("a panel that takes its time to come or to go holds nothing up, and says nothing when it has", () => {
  let focus: Focus = "nowhere";
  const log: string[] = [];
  let due: ((now: number) => void)[] = [];
  const ahead = new TypeAhead({
    focus: () => focus,
    deliver: (key, to) => log.push(`${key.key}:${to}`),
    later: (run) => due.push(run),
    rescue: () => log.push("rescue"),
  });
  const turn = (now: number, at: Focus) => {
    focus = at;
    const queued = due;
    due = [];
    for (const run of queued) run(now);
  };
  ahead.take(typed("1"), 0);
  ahead.take(typed("4"), 0);
  ahead.take(typed("5"), 350);
  turn(100, "nowhere");
  turn(200, "panel");
  turn(210, "nowhere");
  turn(240, "nowhere");
  turn(270, "desk");
  expect(log).toEqual(["1:panel", "4:desk"]);
  // One that has lost the focus, or never takes it, is given it.
  turn(350 + RESCUE_MS - 1, "nowhere");
  turn(350 + RESCUE_MS, "nowhere");
  turn(350 + RESCUE_MS + 30, "panel");
  expect(log.slice(2)).toEqual(["rescue", "5:panel"]);
  expect(due).toEqual([]);
});
