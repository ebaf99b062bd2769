import { describe, expect, test } from "vitest";
import type { ConsoleToHub, Refusal } from "../wire/wire";
import { noteOf } from "./actions";
import { alarming, waiting } from "./attention";
import { codeOf } from "./items";
import type { Action, Desk } from "./model";
import { emptyDesk, focused, STALE_AFTER_MS } from "./model";
import { DECISION_TIMEOUT_MS, reduce, REFUSAL_SHOWN_MS, SENT_TIMEOUT_MS } from "./reducer";
import { deskWith, hear, row, tile, WELCOME } from "./specimen";

function act(desk: Desk, action: Action): { desk: Desk; send: ConsoleToHub[] } {
  return reduce(desk, { type: "action", action, now: desk.now });
}

function tick(desk: Desk, ms: number): Desk {
  return reduce(desk, { type: "tick", now: desk.now + ms }).desk;
}

const session = "session-1";
const allCorrect = [row({ field: "nik" }, "correct"), row({ document: "face" }, "correct", 1)];

describe("tiles", () => {
  test("keep their slot, and an older snapshot never replaces a newer one", () => {
    let desk = deskWith(tile(1), tile(3));
    expect(desk.tiles.map((entry) => entry?.tile.slot ?? null)).toEqual([1, null, 3, null, null, null]);
    desk = hear(desk, { type: "tile", tile: tile(1, { snapshot: { revision: 5, name: "Baru" } }) });
    desk = hear(desk, { type: "tile", tile: tile(1, { snapshot: { revision: 4, name: "Lama" }, mode: "hold" }) });
    expect(desk.tiles[0]?.tile.snapshot.name).toBe("Baru");
    expect(desk.tiles[0]?.tile.mode).toBe("hold");
  });

  test.each([0, 7, -1, 100])("slot %i does not exist", (slot) => {
    expect(hear(emptyDesk(0), { type: "tile", tile: tile(slot) }).tiles).toEqual(emptyDesk(0).tiles);
  });

  test("ages become points on our own clock", () => {
    const desk = hear(emptyDesk(50_000), { type: "tile", tile: tile(1, { attention_age_ms: 12_000 }) });
    expect(desk.tiles[0]?.attentionSince).toBe(38_000);
  });

  test("a session that is gone takes everything of it along, and the focus goes to nobody", () => {
    let desk = deskWith(tile(1), tile(2, { attention: "needs_officer" }));
    desk = act(desk, { do: "message", text: "Halo" }).desk;
    desk = act(desk, { do: "open_ask_again", item: "nik" }).desk;
    desk = hear(desk, { type: "tile_gone", session });
    expect(desk.focus).toBeNull();
    expect([desk.panel, desk.cursor, desk.message, desk.viewer.document, desk.sent]).toEqual([
      null,
      null,
      null,
      null,
      {},
    ]);
    expect(desk.tiles[0]).toBeNull();
  });

  test("another session in the same slot is not in focus", () => {
    const desk = hear(deskWith(tile(1)), { type: "tile", tile: tile(1, { snapshot: { session: "other" } }) });
    expect(desk.focus).toBeNull();
    expect(desk.tiles[0]?.tile.snapshot.session).toBe("other");
  });
});

describe("focus", () => {
  test("is asked for and never moves by itself", () => {
    let desk = deskWith(tile(1));
    expect(desk.focus).toBe(session);
    desk = hear(desk, { type: "tile", tile: tile(2, { attention: "needs_officer", attention_age_ms: 90_000 }) });
    expect(desk.focus).toBe(session);
    expect(alarming(desk)).not.toEqual([]);
  });

  const waits = (slot: number, age: number, change = {}) =>
    tile(slot, { attention: "needs_officer", attention_age_ms: age, ...change });

  test.each([
    ["the longest", [tile(1), waits(2, 10_000), waits(3, 20_000)], "session-3"],
    ["the first of two equal ones", [tile(1), waits(4, 10_000), waits(3, 10_000)], "session-3"],
    ["nobody, if nobody waits", [tile(1), tile(2)], session],
    ["not who is looked at already", [waits(1, 60_000, { mode: "focus" }), waits(2, 1_000)], "session-2"],
    ["who calls for help from a hold", [waits(1, 60_000, { mode: "hold" }), waits(2, 1_000)], session],
  ])("next goes to %s", (_, tiles, expected) => {
    expect(act(deskWith(...tiles), { do: "focus_next" }).desk.focus).toBe(expected);
  });

  test("an empty slot is not chosen", () => {
    const desk = deskWith(tile(1));
    expect(act(desk, { do: "focus_slot", slot: 5 })).toEqual({ desk, send: [] });
  });

  test.each([
    ["tile", { type: "hold", session, hold: true }],
    ["focus", { type: "hold", session, hold: true }],
    // The hub takes whoever is looked at off hold.
    ["hold", { type: "focus", session }],
  ] as const)("H on a booth in mode %s", (mode, message) => {
    expect(act(deskWith(tile(1, { mode })), { do: "hold" }).send).toEqual([message]);
  });

  test("choosing the booth in focus again says nothing, unless it is on hold", () => {
    const send = (mode: "focus" | "hold") => act(deskWith(tile(1, { mode })), { do: "focus_slot", slot: 1 }).send;
    expect(send("focus")).toEqual([]);
    expect(send("hold")).toEqual([{ type: "focus", session }]);
  });

  test("who was left in the middle of the verification is under Space again, and on hold until then", () => {
    const left = waits(2, 31_000, { mode: "hold" });
    const desk = deskWith(tile(1, { mode: "focus" }), left);
    expect(alarming(desk)).not.toEqual([]);
    expect(act(desk, { do: "focus_next" }).send).toEqual([{ type: "focus", session: "session-2" }]);
  });

  test("without a line a booth can be chosen, and the hub hears of it with the next welcome", () => {
    const lost = reduce(deskWith(tile(1), tile(2)), { type: "link", link: "lost", now: 0 }).desk;
    const chosen = act(lost, { do: "focus_slot", slot: 2 });
    expect(chosen.send).toEqual([]);
    const welcome = reduce(chosen.desk, { type: "hub", message: WELCOME, now: 0 });
    expect(welcome.send).toEqual([{ type: "focus", session: "session-2" }]);
  });
});

describe("verdicts", () => {
  test("go to the hub, are marked as sent, and the cursor goes on; the row waits for the booth", () => {
    const { desk, send } = act(deskWith(tile(1)), { do: "correct" });
    expect(send).toEqual([{ type: "check", session, item: { field: "nik" }, verdict: { kind: "correct" }, seen: 1 }]);
    expect(desk.sent.nik?.kind).toBe("correct");
    expect(desk.cursor).toBe("name");
    expect(focused(desk)?.tile.snapshot.items[0]?.check.kind).toBe("pending");
  });

  test("a second Enter on a row that is on its way says nothing", () => {
    const { desk } = act(deskWith(tile(1)), { do: "correct" });
    expect(act(desk, { do: "correct", item: "nik" }).send).toEqual([]);
  });

  test.each([
    ["correct", { do: "correct", item: "nik" }, "correct"],
    ["asked again", { do: "ask_again", item: "nik", reason: "Beda" }, "asked_again"],
    ["asked again and mended at once", { do: "ask_again", item: "nik", reason: "Beda" }, "corrected"],
  ] as const)("%s: the booth's snapshot confirms", (_, action, check) => {
    const { desk } = act(deskWith(tile(1)), action);
    const items = [row({ field: "nik" }, check), row({ field: "name" })];
    expect(hear(desk, { type: "tile", tile: tile(1, { snapshot: { revision: 2, items } }) }).sent).toEqual({});
  });

  test.each([
    ["by a corrected row", row({ field: "nik" }), { check: { kind: "corrected" } as const }],
    ["by another value", row({ field: "nik" }, "corrected"), { value: "OTHER SPECIMEN" }],
    ["by another photograph", row({ document: "face" }, "corrected", 1), { photo: 2 }],
  ])("correct, but the participant was faster: the booth answers %s, and the officer is told", (_, before, change) => {
    const others = [row({ field: "name" })];
    const { desk } = act(deskWith(tile(1, { snapshot: { items: [before, ...others] } })), {
      do: "correct",
      item: codeOf(before.item),
    });
    const answer = { revision: 2, items: [{ ...before, ...change }, ...others] };
    const after = hear(desk, { type: "tile", tile: tile(1, { snapshot: answer }) });
    expect([after.sent, after.refusal?.reason]).toEqual([{}, "changed"]);
    expect(tick(after, SENT_TIMEOUT_MS).refusal?.reason).toBe("changed");
  });

  test("another change of the booth confirms no verdict on a row that was corrected before", () => {
    const items = [row({ field: "nik" }, "corrected"), row({ field: "name" })];
    const { desk } = act(deskWith(tile(1, { snapshot: { items } })), { do: "correct", item: "nik" });
    const after = hear(desk, { type: "tile", tile: tile(1, { snapshot: { items, revision: 2, name: "Budi S." } }) });
    expect([Object.keys(after.sent), after.refusal]).toEqual([["nik"], null]);
  });

  test("the cursor moves on, past what is sent and what waits for the participant, to corrections first", () => {
    const items = [
      row({ field: "nik" }),
      row({ field: "kpj" }, "asked_again"),
      row({ field: "name" }),
      row({ field: "phone" }, "corrected"),
    ];
    let desk = deskWith(tile(1, { snapshot: { items } }));
    expect(desk.cursor).toBe("phone");
    for (const next of ["nik", "name", "name"]) {
      desk = act(desk, { do: "correct" }).desk;
      expect(desk.cursor).toBe(next);
    }
  });

  test.each([
    ["verification", "name"],
    ["kept", "face"],
  ] as const)("a row that goes takes the cursor along, but for a decided claim: %s", (step, expected) => {
    const rows = [row({ field: "nik" }, "correct"), row({ field: "name" })];
    const face = tile(1, { snapshot: { items: [...rows, row({ document: "face" })] } });
    const desk = act(deskWith(face), { do: "cursor", item: "face" }).desk;
    const after = hear(desk, { type: "tile", tile: tile(1, { snapshot: { step, items: rows, revision: 2 } }) });
    expect(after.cursor).toBe(expected);
    expect(act(after, { do: "cursor_by", by: 1 }).desk.cursor).toBe(step === "kept" ? "nik" : "name");
  });

  test("what the booth does not confirm in time is open again, and said", () => {
    const { desk } = act(deskWith(tile(1)), { do: "correct" });
    expect(tick(desk, SENT_TIMEOUT_MS - 1).sent.nik).toBeDefined();
    const late = tick(desk, SENT_TIMEOUT_MS);
    expect(late.sent).toEqual({});
    expect(late.refusal?.reason).toBe("unanswered");
    expect(tick(late, REFUSAL_SHOWN_MS).refusal).toBeNull();
  });

  test.each([
    ["the line is down", deskWith(tile(1)), { link: "lost" as const }],
    ["the booth is lost", deskWith(tile(1, { online: false })), {}],
    ["the claim is decided", deskWith(tile(1, { snapshot: { step: "signing" } })), {}],
    ["nobody is in focus", deskWith(), {}],
  ])("nothing is said while %s", (_, desk, change) => {
    expect(act({ ...desk, ...change }, { do: "correct", item: "nik" }).send).toEqual([]);
  });

  test("only what was said can be taken back", () => {
    const desk = deskWith(tile(1, { snapshot: { items: [row({ field: "nik" }), row({ field: "name" }, "correct")] } }));
    expect(act(desk, { do: "take_back", item: "nik" }).send).toEqual([]);
    expect(act(desk, { do: "take_back", item: "name" }).send).toEqual([
      { type: "check", session, item: { field: "name" }, verdict: { kind: "pending" }, seen: 1 },
    ]);
  });

  test("a note goes out with the approval alone, and stays until then", () => {
    const ready = (slot: number) =>
      tile(slot, { snapshot: { step: "verification", items: [row({ field: "nik" }, "correct")] } });
    const noted = act(deskWith(ready(1), ready(2)), { do: "note", text: `  ${"ñ".repeat(600)} ` }).desk;
    // Another booth has no part in it.
    const other = act(noted, { do: "focus_slot", slot: 2 }).desk;
    expect(act(other, { do: "approve" }).send).toMatchObject([{ type: "decide", session: "session-2", note: null }]);
    const back = act(other, { do: "focus_slot", slot: 1 }).desk;
    const approved = act(back, { do: "approve" });
    expect(approved.send).toMatchObject([{ type: "decide", session, note: "ñ".repeat(500) }]);
    expect(act(back, { do: "return", reasons: ["Foto buram"] }).send).toMatchObject([{ type: "decide", note: null }]);
    // A decision that did not leave keeps it; a session that is gone does not; an empty one is none.
    const [message] = approved.send;
    if (message === undefined) throw new Error("nothing was sent");
    const unsent = reduce(approved.desk, { type: "unsent", message, now: 0 }).desk;
    expect(noteOf(unsent, session)).not.toBeNull();
    expect(hear(unsent, { type: "tile_gone", session }).notes).toEqual({});
    expect(noteOf(act(back, { do: "note", text: "  " }).desk, session)).toBeNull();
  });

  test.each([
    [{}, { kind: "note" }],
    [{ snapshot: { step: "documents" as const } }, { kind: "note" }],
    [{ snapshot: { step: "signing" as const } }, null],
    [{ online: false }, null],
  ])("a note can be written until the claim is decided: %o", (change, panel) => {
    expect(act(deskWith(tile(1, change)), { do: "open", panel: "note" }).desk.panel).toEqual(panel);
  });

  test("a reason must say something and is cut to what the hub takes", () => {
    const desk = deskWith(tile(1));
    expect(act(desk, { do: "ask_again", item: "nik", reason: "  " }).send).toEqual([]);
    const [message] = act(desk, { do: "ask_again", item: "nik", reason: "ñ".repeat(600) }).send;
    const verdict = message?.type === "check" ? message.verdict : null;
    expect(verdict?.kind === "ask_again" ? verdict.reason.length : 0).toBe(500);
  });

  test("the cursor lays the paper beside the row that proves it", () => {
    const desk = deskWith(tile(1));
    expect(desk.viewer.document).toBe("identity_card");
    expect(act(desk, { do: "cursor", item: "bank_book" }).desk.viewer.document).toBe("bank_book");
  });
});

describe("decision", () => {
  test.each([
    ["everything is correct", {}, true],
    ["one row is open", { items: [...allCorrect, row({ field: "name" })] }, false],
    ["one row was corrected but not looked at", { items: [row({ field: "nik" }, "corrected")] }, false],
    ["the balance is nobody's to check", { items: [...allCorrect, row({ field: "balance" })] }, true],
    ["there is nothing at all", { items: [] }, false],
    ["the participant mends an answer", { turn: "correction" as const }, false],
    ["the participant is not there yet", { step: "review" as const }, false],
    ["it is decided", { step: "kept" as const }, false],
  ])("approval when %s", (_, change, open) => {
    const desk = deskWith(tile(1, { snapshot: { items: allCorrect, ...change } }));
    const sent = act(desk, { do: "approve" }).send;
    expect(sent).toEqual(open ? [{ type: "decide", session, decision: { kind: "verified" }, note: null }] : []);
  });

  test("is given once, and can be given again if the booth stays silent", () => {
    const first = act(deskWith(tile(1, { snapshot: { items: allCorrect } })), { do: "approve" });
    expect(act(first.desk, { do: "approve" }).send).toEqual([]);
    const later = tick(first.desk, DECISION_TIMEOUT_MS);
    expect(later.refusal?.reason).toBe("unanswered");
    expect(act(later, { do: "approve" }).send).toHaveLength(1);
  });

  test("a claim goes back with reasons only", () => {
    const desk = deskWith(tile(1));
    expect(act(desk, { do: "return", reasons: [" "] }).send).toEqual([]);
    expect(act(desk, { do: "return", reasons: ["Dokumen tidak terbaca."] }).send).toEqual([
      { type: "decide", session, decision: { kind: "returned", reasons: ["Dokumen tidak terbaca."] }, note: null },
    ]);
  });
});

describe("a refusal of the hub", () => {
  const refused = (desk: Desk, reason: Refusal) => hear(desk, { type: "refused", reason });
  const marks = (desk: Desk) => [Object.keys(desk.sent), desk.decision?.kind ?? null, desk.message?.text ?? null];
  const later = (desk: Desk) => tick(desk, 100);
  const full = deskWith(tile(1, { snapshot: { items: allCorrect } }), tile(2));

  test("of a session that is gone leaves the marks of the others", () => {
    let desk = act(full, { do: "approve" }).desk;
    desk = act(later(desk), { do: "take_back", item: "nik" }).desk;
    desk = hear(desk, { type: "tile_gone", session: "session-2" });
    desk = refused(desk, "not_yours");
    expect(marks(desk)).toEqual([["nik"], "verified", null]);
    expect(desk.refusal?.reason).toBe("not_yours");
    expect(act(desk, { do: "approve" }).send).toEqual([]);
  });

  test("of a session that the hub has not named since the reconnect gives up what was marked there", () => {
    let desk = hear(act(full, { do: "approve" }).desk, WELCOME);
    desk = refused(desk, "not_yours");
    expect(marks(desk)).toEqual([[], null, null]);
  });

  test.each([
    ["a verdict", { do: "take_back", item: "nik" }, [[], "verified", null]],
    ["a message", { do: "message", text: "Halo" }, [[], "verified", null]],
  ] as const)("answers the newest of what is on its way: %s", (_, action, left) => {
    const desk = act(later(act(full, { do: "approve" }).desk), action).desk;
    expect(marks(refused(desk, "out_of_order"))).toEqual(left);
  });

  test("gives up one verdict, not all", () => {
    let desk = deskWith(tile(1));
    for (const item of ["nik", "name"] as const) desk = act(later(desk), { do: "correct", item }).desk;
    expect(marks(refused(desk, "too_fast"))).toEqual([["nik"], null, null]);
  });

  test("of the decision opens it again", () => {
    const desk = refused(act(full, { do: "approve" }).desk, "out_of_order");
    expect(act(desk, { do: "approve" }).send).toHaveLength(1);
  });

  test("leaves a message that stands on the booth's screen", () => {
    let desk = act(full, { do: "message", text: "Halo" }).desk;
    desk = hear(desk, {
      type: "tile",
      tile: tile(1, { snapshot: { revision: 2, items: allCorrect, message: "Halo" } }),
    });
    expect(marks(refused(desk, "malformed"))).toEqual([[], null, "Halo"]);
  });
});

describe("link", () => {
  test("after a reconnect the focus is asked for anew, and what the hub names no more goes", () => {
    let desk = deskWith(tile(1), tile(2));
    desk = reduce(desk, { type: "link", link: "lost", now: 0 }).desk;
    expect(waiting(desk)).toEqual([]);
    const welcome = reduce(desk, { type: "hub", message: WELCOME, now: 1_000 });
    expect(welcome.send).toEqual([{ type: "focus", session }]);
    desk = hear(welcome.desk, { type: "tile", tile: tile(1) }, 1_100);
    expect(desk.tiles[1]).not.toBeNull();
    desk = reduce(desk, { type: "tick", now: 1_000 + STALE_AFTER_MS }).desk;
    expect(desk.tiles.map((entry) => entry?.tile.slot ?? null)).toEqual([1, null, null, null, null, null]);
    expect(desk.focus).toBe(session);
  });

  test("a booth on hold stays on hold over a reconnect", () => {
    const desk = deskWith(tile(1, { mode: "hold" }));
    expect(reduce(desk, { type: "hub", message: WELCOME, now: 1 }).send).toEqual([]);
  });

  test("another officer starts with an empty desk", () => {
    const desk = hear(deskWith(tile(1)), { ...WELCOME, officer: "officer-2" });
    expect([desk.focus, desk.tiles[0]]).toEqual([null, null]);
  });

  test("who is logged out leaves nothing behind", () => {
    const desk = reduce(deskWith(tile(1)), { type: "link", link: "signed_out", now: 9 }).desk;
    expect(desk).toEqual({ ...emptyDesk(9), link: "signed_out" });
  });

  test.each([
    ["replaced", { type: "replaced" }, "replaced"],
    ["another protocol", { type: "refused", reason: "protocol" }, "outdated"],
  ] as const)("%s is final", (_, message, link) => {
    const desk = hear(deskWith(tile(1)), message);
    const late = [
      { type: "link", link: "lost", now: 1 },
      { type: "hub", message: { type: "tile", tile: tile(2) }, now: 2 },
      { type: "health", booth: "booth-1", health: { live: true, network: "good" }, now: 3 },
      { type: "action", action: { do: "capacity", capacity: 1 }, now: 4 },
    ] as const;
    const after = late.reduce((state, event) => reduce(state, event).desk, desk);
    expect(after).toEqual({ ...emptyDesk(0), link });
    expect(reduce(after, { type: "link", link: "signed_out", now: 5 }).desk.link).toBe("signed_out");
  });

  test.each([
    [{ do: "message", text: "Halo" }],
    [{ do: "end_session" }],
    [{ do: "hold" }],
    [{ do: "capacity", capacity: 1 }],
    [{ do: "open", panel: "message" }],
    [{ do: "open", panel: "end" }],
  ] as const)("nothing is said, or asked for, without a line: %o", (action) => {
    const { desk } = reduce(deskWith(tile(1)), { type: "link", link: "lost", now: 0 });
    expect(act(desk, action)).toEqual({ desk, send: [] });
  });

  test.each([
    ["a booth that is lost hears no message", { do: "message", text: "Halo" }],
    ["nor that it should end", { do: "end_session" }],
  ] as const)("%s", (_, action) => {
    expect(act(deskWith(tile(1, { online: false })), action).send).toEqual([]);
  });

  test.each([
    ["a verdict", { do: "take_back", item: "nik" }, "unsent"],
    ["a decision", { do: "approve" }, "unsent"],
    ["a message", { do: "message", text: "Halo" }, "unsent"],
    ["the end", { do: "end_session" }, "unsent"],
    ["a hold", { do: "hold" }, "unsent"],
    ["a choice, which the next welcome repeats,", { do: "focus_slot", slot: 2 }, undefined],
  ] as const)("%s that could not leave is no longer marked as sent", (_, action, reason) => {
    const step = act(deskWith(tile(1, { snapshot: { items: allCorrect } }), tile(2)), action);
    expect(step.send).toHaveLength(1);
    const events = step.send.map((message) => ({ type: "unsent", message, now: 1 }) as const);
    const after = events.reduce((state, event) => reduce(state, event).desk, step.desk);
    expect([after.sent, after.decision, after.message, after.refusal?.reason]).toEqual([{}, null, null, reason]);
  });

  test("the clock never runs backwards", () => {
    expect(tick(emptyDesk(500), -400).now).toBe(500);
  });

  test.each([
    [3, 3],
    [0, 0],
    [9, 6],
    [-1, 0],
  ])("capacity %i is asked for as %i", (wanted, capacity) => {
    expect(act(deskWith(), { do: "capacity", capacity: wanted }).send).toEqual([{ type: "capacity", capacity }]);
  });
});
