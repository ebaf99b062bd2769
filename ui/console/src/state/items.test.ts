import { expect, test } from "vitest";
import { DOCUMENT_TITLES, FIELD_TITLES } from "../wire/wire";
import { codeOf, evidenceFor, neighbour, nextOpen, photographed, remaining } from "./items";
import { row, snapshot } from "./specimen";
import { compare, EMPTY_VIEWER, MAX_ZOOM, rotate, show, zoom } from "./viewer";

test("fields and documents have no name in common", () => {
  const both = Object.keys(FIELD_TITLES).filter((name) => name in DOCUMENT_TITLES);
  expect(both).toEqual([]);
});

test("rows are counted until they are correct", () => {
  const items = [
    row({ field: "nik" }, "correct"),
    row({ field: "kpj" }, "asked_again"),
    row({ field: "name" }, "corrected"),
  ];
  expect(remaining(snapshot(1, { items }))).toBe(2);
});

test.each([
  [null, "nik"],
  ["nik", "name"],
  ["name", "face"],
  ["face", "nik"],
] as const)("after %s comes %s", (from, next) => {
  const items = [
    row({ field: "nik" }),
    row({ field: "kpj" }, "correct"),
    row({ field: "name" }),
    row({ document: "face" }),
  ];
  expect(nextOpen(items, from, () => false)).toBe(next);
});

test("with nothing open the cursor stays", () => {
  const items = [row({ field: "nik" }, "correct"), row({ field: "kpj" }, "correct")];
  expect(nextOpen(items, "kpj", () => false)).toBe("kpj");
  expect(nextOpen(items, null, () => false)).toBe("nik");
  expect(nextOpen([], null, () => false)).toBeNull();
});

test.each([
  ["nik", -1, "nik"],
  ["nik", 1, "kpj"],
  ["kpj", 1, "kpj"],
  [null, 1, "nik"],
] as const)("from %s by %i", (from, by, to) => {
  expect(neighbour([row({ field: "nik" }), row({ field: "kpj" })], from, by)).toBe(to);
});

test("the best paper that is there lies beside a field", () => {
  expect(evidenceFor({ field: "nik" }, ["family_card", "identity_card"])).toBe("identity_card");
  expect(evidenceFor({ field: "nik" }, ["family_card"])).toBe("family_card");
  expect(evidenceFor({ field: "event_date" }, ["court_ruling"])).toBe("court_ruling");
  expect(evidenceFor({ field: "phone" }, ["identity_card"])).toBeNull();
  expect(evidenceFor({ document: "face" }, ["face"])).toBe("face");
});

test("only photographed papers are shown", () => {
  const items = [row({ document: "face" }, "pending", 3), row({ document: "bank_book" })];
  expect(photographed(snapshot(1, { items }))).toEqual([{ kind: "face", photo: 3 }]);
  expect(items.map((view) => codeOf(view.item))).toEqual(["face", "bank_book"]);
});

test("the viewer zooms within bounds and forgets it with the next paper", () => {
  let viewer = show(EMPTY_VIEWER, "face");
  for (let step = 0; step < 50; step++) viewer = zoom(viewer, 1);
  expect(viewer.zoom).toBe(MAX_ZOOM);
  expect(show(viewer, "face")).toBe(viewer);
  expect(show(rotate(viewer), "bank_book")).toMatchObject({ zoom: 1, turns: 0 });
  for (let step = 0; step < 50; step++) viewer = zoom(viewer, -1);
  expect(viewer.zoom).toBe(1);
  expect(rotate(rotate(rotate(rotate(viewer)))).turns).toBe(0);
});

test("a pinned paper stays while another is chosen", () => {
  const both = show(compare(show(EMPTY_VIEWER, "face")), "identity_card");
  expect([both.pinned, both.document]).toEqual(["face", "identity_card"]);
  expect(compare(both).pinned).toBeNull();
});
