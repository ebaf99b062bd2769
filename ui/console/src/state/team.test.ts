import { describe, expect, test } from "vitest";
import { en } from "../lang/en";
import { id } from "../lang/id";
import { floorText } from "../view/team/floorText";
import type { Colleague, ConsoleToHub, FloorBooth, FloorVisit } from "../wire/wire";
import { MAX_MESSAGE } from "../wire/wire";
import { actionFor } from "./keys";
import type { Action, Desk } from "./model";
import { emptyDesk, STALE_AFTER_MS } from "./model";
import { reduce } from "./reducer";
import { deskWith, hear, OFFICER, tile, WELCOME } from "./specimen";
import { isShiftOver, isSupervisor, takers } from "./team";

const ME: Colleague = { officer: OFFICER, name: "Sari", supervisor: false, here: true, capacity: 6, load: 1 };

function colleague(name: string, change: Partial<Colleague> = {}): Colleague {
  return { ...ME, officer: `officer-${name}`, name, ...change };
}

function visit(number: number, change: Partial<FloorVisit> = {}): FloorVisit {
  return {
    session: `session-${number}`,
    officer: "officer-Budi",
    language: "id",
    step: "verification",
    turn: "officer",
    attention: "self_serving",
    attention_age_ms: 0,
    session_age_ms: 0,
    question: null,
    watched_by: null,
    ...change,
  };
}

function booth(number: number, change: Partial<FloorBooth> = {}): FloorBooth {
  const { state } = tile(number);
  return { booth: `booth-${number}`, booth_name: `Bilik ${number}`, online: true, state, visit: null, ...change };
}

function act(desk: Desk, action: Action): { desk: Desk; send: ConsoleToHub[] } {
  return reduce(desk, { type: "action", action, now: desk.now });
}

/** The desk of a supervisor who looks at the floor with these booths, at the first of them. */
function floorWith(...booths: FloorBooth[]): Desk {
  const colleagues = [{ ...ME, supervisor: true }, colleague("Budi"), colleague("Dewi")];
  let desk = hear(deskWith(), { type: "colleagues", colleagues });
  for (const one of booths) desk = hear(desk, { type: "floor", booth: one });
  desk = act(desk, { do: "page", page: "floor" }).desk;
  return act(desk, { do: "floor_by", by: 1 }).desk;
}

describe("handing over", () => {
  const desk = hear(deskWith(tile(1)), {
    type: "colleagues",
    colleagues: [
      ME,
      colleague("Penuh", { capacity: 2, load: 2 }),
      colleague("Jeda", { capacity: 0 }),
      colleague("Pergi", { here: false }),
      colleague("Budi", { load: 3 }),
      colleague("Ratna", { supervisor: true, capacity: 0 }),
    ],
  });

  test("offers those with room first, and says why not the others", () => {
    const list = takers(desk, OFFICER).map((one) => [one.colleague.name, one.hindrance]);
    expect(list).toEqual([
      ["Budi", null],
      ["Penuh", "full"],
      ["Jeda", "paused"],
      ["Pergi", "away"],
    ]);
  });

  test("takes the session in focus, with a note of bounded length", () => {
    const open = act(desk, { do: "open_team", panel: "transfer" }).desk;
    expect(open.panel).toEqual({ kind: "transfer", session: "session-1" });
    const note = `  ${"a".repeat(MAX_MESSAGE + 9)}  `;
    const { desk: after, send } = act(open, { do: "transfer", session: "session-1", to: "officer-Budi", note });
    expect(send).toEqual([
      { type: "transfer", session: "session-1", to: "officer-Budi", note: "a".repeat(MAX_MESSAGE) },
    ]);
    expect(after.panel).toBeNull();
  });

  test.each(["transfer", "ask", "answer", "step_in", "close_booth"] as const)(
    "%s needs a booth and a line",
    (panel) => {
      expect(act(deskWith(), { do: "open_team", panel }).desk.panel).toBeNull();
      const lost = { ...desk, link: "lost" as const };
      expect(act(lost, { do: "open_team", panel }).desk.panel).toBeNull();
    },
  );

  test("a refusal and a frame that did not leave are told", () => {
    for (const reason of ["away", "full", "forbidden"] as const) {
      expect(hear(desk, { type: "refused", reason }).refusal?.reason).toBe(reason);
    }
    const message = { type: "transfer", session: "session-1", to: "x", note: "" } as const;
    expect(reduce(desk, { type: "unsent", message, now: 0 }).desk.refusal?.reason).toBe("unsent");
  });
});

describe("a question", () => {
  test("goes out about the booth in focus, and is put away", () => {
    const desk = deskWith(tile(1));
    expect(act(desk, { do: "ask", question: " Boleh? " }).send).toEqual([
      { type: "ask", session: "session-1", question: "Boleh?" },
    ]);
    expect(act(desk, { do: "ask", question: "  " }).send).toEqual([]);
    expect(act(desk, { do: "close_question" }).send).toEqual([{ type: "close_question", session: "session-1" }]);
    expect(act(deskWith(), { do: "close_question" }).send).toEqual([]);
  });

  test("is answered from its row only while it waits", () => {
    const question = { text: "Boleh?", age_ms: 0, answer: null };
    const desk = floorWith(booth(1, { visit: visit(1, { question }) }), booth(2, { visit: visit(2) }));
    expect(act(desk, { do: "open_team", panel: "answer" }).desk.panel).toEqual({
      kind: "answer",
      session: "session-1",
    });
    const next = act(desk, { do: "floor_by", by: 1 }).desk;
    expect(act(next, { do: "open_team", panel: "answer" }).desk.panel).toBeNull();
    expect(act(desk, { do: "answer", session: "session-1", text: "Ya." }).send).toEqual([
      { type: "answer", session: "session-1", text: "Ya." },
    ]);
  });
});

describe("the floor", () => {
  test("is for supervisors", () => {
    const officer = hear(deskWith(tile(1)), { type: "colleagues", colleagues: [ME] });
    expect([isSupervisor(officer), isSupervisor(floorWith())]).toEqual([false, true]);
    expect(act(officer, { do: "page", page: "floor" }).desk.page).toBe("booths");
  });

  test("keeps the order of names, whatever changes, and forgets what is gone", () => {
    const names = (desk: Desk) => desk.team.floor.map((one) => one.booth.booth_name);
    let desk = floorWith(booth(10), booth(2), booth(1));
    expect(names(desk)).toEqual(["Bilik 1", "Bilik 2", "Bilik 10"]);
    desk = hear(desk, { type: "floor", booth: booth(2, { visit: visit(2, { attention: "needs_officer" }) }) });
    expect(names(desk)).toEqual(["Bilik 1", "Bilik 2", "Bilik 10"]);
    desk = hear(desk, { type: "floor_gone", booth: "booth-1" });
    expect(names(desk)).toEqual(["Bilik 2", "Bilik 10"]);
    expect(hear(desk, WELCOME).team.floor).toEqual([]);
  });

  test("the cursor goes from row to row and stops at the ends", () => {
    let desk = floorWith(booth(1), booth(2));
    const at: (string | null)[] = [];
    for (const by of [1, 1, -1, -1] as const) {
      desk = act(desk, { do: "floor_by", by }).desk;
      at.push(desk.team.cursor);
    }
    expect(at).toEqual(["booth-2", "booth-2", "booth-1", "booth-1"]);
  });

  test("says where each booth stands", () => {
    const say = (one: FloorBooth, now = 0, t: typeof id | typeof en = id) => {
      const text = floorText({ booth: one, attentionSince: 0, began: 0, askedAt: 0 }, now, t);
      return [text.step, text.state, text.tone];
    };
    const needs = visit(1, { attention: "needs_officer" });
    expect(say(booth(1))).toEqual(["Kosong", "siap", "empty"]);
    expect(say(booth(1, { visit: needs }))).toEqual(["Verifikasi", "menunggu petugas", "waiting"]);
    expect(say(booth(1, { visit: needs }), 30_000)[2]).toBe("alarm");
    expect(say(booth(1, { visit: { ...needs, turn: "help" } }), 0, en)[1]).toBe("asks for help");
    expect(say(booth(1, { visit: visit(1, { step: "confirmed", turn: "done" }) }))[1]).toBe("selesai");
    expect(say(booth(1, { online: false }))).toEqual(["Kosong", "terputus", "lost"]);
    const { state } = booth(1);
    expect(say(booth(1, { state: { ...state, out_of_service: "B-04: x" } }))[1]).toBe("Tidak melayani");
    expect(say(booth(1, { state: { ...state, closed: "repair", out_of_service: "B-07: x" } }))).toEqual([
      "Kosong",
      "Ditutup: diperbaiki",
      "closed",
    ]);
  });
});

describe("reading along", () => {
  const desk = floorWith(booth(1, { visit: visit(1) }), booth(2, { visit: visit(2, { officer: OFFICER }) }), booth(3));

  test("begins and ends at the row under the cursor", () => {
    expect(act(desk, { do: "watch" }).send).toEqual([{ type: "watch", session: "session-1" }]);
    const watching = hear(desk, { type: "watching", tile: tile(1, { slot: 0 }) });
    expect(watching.team.watch?.tile.snapshot.session).toBe("session-1");
    const ended = act(watching, { do: "watch" });
    expect([ended.send, ended.desk.team.watch]).toEqual([[{ type: "watch", session: null }], null]);
    expect(hear(watching, { type: "watching", tile: null }).team.watch).toBeNull();
  });

  test("an own session and an empty booth are not read along", () => {
    const own = act(desk, { do: "floor_by", by: 1 }).desk;
    expect(act(own, { do: "watch" }).send).toEqual([]);
    const empty = act(own, { do: "floor_by", by: 1 }).desk;
    expect(act(empty, { do: "watch" }).send).toEqual([]);
  });

  test.each([
    { do: "page", page: "booths" },
    { do: "page", page: "claims" },
    { do: "focus_slot", slot: 1 },
  ] satisfies Action[])("ends with the page: %o", (action) => {
    const watching = hear(
      { ...hear(desk, { type: "tile", tile: tile(1, { snapshot: { session: "own" } }) }) },
      {
        type: "watching",
        tile: tile(1, { slot: 0 }),
      },
    );
    const { desk: after, send } = act(watching, action);
    expect(after.team.watch).toBeNull();
    expect(send).toContainEqual({ type: "watch", session: null });
  });
});

test("who takes a session over has it in focus when it arrives, and only then", () => {
  const asked = act(floorWith(booth(1, { visit: visit(1) })), { do: "step_in", session: "session-1" });
  expect(asked.send).toEqual([{ type: "transfer", session: "session-1", to: OFFICER, note: "" }]);
  const other = reduce(asked.desk, { type: "hub", message: { type: "tile", tile: tile(2) }, now: 0 });
  expect([other.desk.focus, other.send]).toEqual([null, []]);
  const arrived = reduce(other.desk, { type: "hub", message: { type: "tile", tile: tile(1) }, now: 0 });
  expect([arrived.desk.focus, arrived.desk.page]).toEqual(["session-1", "booths"]);
  expect(arrived.send).toEqual([{ type: "focus", session: "session-1" }]);
  const refused = hear(asked.desk, { type: "refused", reason: "full" });
  expect(reduce(refused, { type: "hub", message: { type: "tile", tile: tile(1) }, now: 0 }).send).toEqual([]);
});

test("closing a booth says which and why", () => {
  const desk = floorWith(booth(1));
  expect(act(desk, { do: "open_team", panel: "close_booth" }).desk.panel).toEqual({
    kind: "close_booth",
    booth: "booth-1",
  });
  expect(act(desk, { do: "close_booth", booth: "booth-1", why: "cleaning" }).send).toEqual([
    { type: "close_booth", booth: "booth-1", why: "cleaning" },
  ]);
});

test("the shift ends with the last session, unless the officer goes on", () => {
  const ending = act(deskWith(tile(1)), { do: "end_shift", ending: true });
  expect(ending.send).toEqual([{ type: "end_shift", ending: true }]);
  expect([ending.desk.capacity, isShiftOver(ending.desk)]).toEqual([0, false]);
  const gone = (desk: Desk) => hear(desk, { type: "tile_gone", session: "session-1" }, STALE_AFTER_MS);
  expect(isShiftOver(gone(ending.desk))).toBe(true);
  const goesOn = act(ending.desk, { do: "capacity", capacity: 3 }).desk;
  expect(isShiftOver(gone(goesOn))).toBe(false);
  const stays = act(ending.desk, { do: "end_shift", ending: false });
  expect(stays.send).toEqual([{ type: "end_shift", ending: false }]);
  expect(isShiftOver(gone(stays.desk))).toBe(false);
  expect(isShiftOver(gone(deskWith(tile(1))))).toBe(false);
});

describe("the end of a shift on a page that is loaded anew", () => {
  const tick = (desk: Desk, now: number) => reduce(desk, { type: "tick", now }).desk;
  const again = hear(emptyDesk(0), { ...WELCOME, capacity: 0, ending: true }, 1_000);

  test("goes on with those whom the hub names", () => {
    // Nobody has been named yet, which does not mean that nobody is there.
    expect([again.team.ending, isShiftOver(again)]).toEqual([true, false]);
    const named = hear(again, { type: "tile", tile: tile(1) });
    expect(isShiftOver(tick(named, 60_000))).toBe(false);
    expect(isShiftOver(hear(tick(named, 60_000), { type: "tile_gone", session: "session-1" }))).toBe(true);
  });

  test("is over if the hub names nobody", () => {
    expect(isShiftOver(tick(again, 1_000 + STALE_AFTER_MS - 1))).toBe(false);
    expect(isShiftOver(tick(again, 1_000 + STALE_AFTER_MS))).toBe(true);
  });

  test("is what the hub says, also after a line that was lost", () => {
    const before = act(deskWith(tile(1)), { do: "end_shift", ending: true }).desk;
    expect(hear(before, { ...WELCOME, ending: true }).team.ending).toBe(true);
    expect(hear(before, WELCOME).team.ending).toBe(false);
    const message = { type: "end_shift", ending: true } as const;
    const unsent = reduce(before, { type: "unsent", message, now: 0 }).desk;
    expect([unsent.team.ending, unsent.refusal?.reason]).toEqual([false, "unsent"]);
  });
});

test.each([
  ["a", "booths", { do: "open_team", panel: "transfer" }],
  ["q", "booths", { do: "open_team", panel: "ask" }],
  ["p", "booths", { do: "page", page: "floor" }],
  ["p", "floor", { do: "page", page: "booths" }],
  ["l", "floor", { do: "page", page: "claims" }],
  ["ArrowDown", "floor", { do: "floor_by", by: 1 }],
  ["w", "floor", { do: "watch" }],
  ["i", "floor", { do: "open_team", panel: "step_in" }],
  ["a", "floor", { do: "open_team", panel: "transfer" }],
  ["j", "floor", { do: "open_team", panel: "answer" }],
  ["x", "floor", { do: "open_team", panel: "close_booth" }],
  ["e", "floor", null],
  ["Enter", "floor", null],
  ["w", "booths", null],
  ["i", "claims", null],
  ["a", "claims", null],
] as const)("%s on the page of %s", (key, page, action) => {
  const press = { key, ctrl: false, alt: false, meta: false, repeat: false };
  expect(actionFor(press, { typing: false, panel: false, control: false }, page)).toEqual(action);
});
