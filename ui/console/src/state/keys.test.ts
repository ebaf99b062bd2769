import { expect, test } from "vitest";
import { actionFor } from "./keys";
import type { KeyPlace, KeyPress } from "./keys";
import type { Page } from "./model";

const PRESS: KeyPress = { key: "", ctrl: false, alt: false, meta: false, repeat: false };
const PLACE: KeyPlace = { typing: false, panel: false, control: false };

function check(key: string, change: Partial<KeyPress & KeyPlace> = {}, page: Page = "booths") {
  const { ctrl, alt, meta, repeat, ...place } = { ...PRESS, ...PLACE, ...change };
  return actionFor({ key, ctrl, alt, meta, repeat }, { ...PLACE, ...place }, page);
}

test.each([
  ["1", { do: "focus_slot", slot: 1 }],
  ["6", { do: "focus_slot", slot: 6 }],
  ["7", null],
  [" ", { do: "focus_next" }],
  ["m", { do: "mute" }],
  ["M", { do: "mute" }],
  ["h", { do: "hold" }],
  ["t", { do: "open", panel: "message" }],
  ["e", { do: "open", panel: "end" }],
  ["Enter", { do: "correct" }],
  ["r", { do: "open_ask_again" }],
  ["u", { do: "take_back" }],
  ["k", { do: "open", panel: "return" }],
  ["ArrowDown", { do: "cursor_by", by: 1 }],
  ["ArrowLeft", { do: "view_by", by: -1 }],
  ["+", { do: "zoom", by: 1 }],
  ["0", { do: "zoom", by: 0 }],
  ["o", { do: "rotate" }],
  ["b", { do: "compare" }],
  ["v", { do: "enlarge" }],
  ["l", { do: "page", page: "claims" }],
  ["s", { do: "page", page: "statistics" }],
  ["Escape", { do: "close" }],
  ["F5", null],
  ["Tab", null],
  ["z", null],
])("%s", (key, action) => {
  expect(check(key)).toEqual(action);
});

test("approval takes two keys, and a held key approves nothing", () => {
  expect(check("Enter", { ctrl: true })).toEqual({ do: "approve" });
  expect(check("Enter", { ctrl: true, repeat: true })).toBeNull();
  expect(check("Enter", { ctrl: true }, "claims")).toBeNull();
});

test.each(["1", " ", "m", "Enter", "r", "Escape", "ArrowDown"])("%s belongs to a text field or panel", (key) => {
  expect(check(key, { typing: true })).toBeNull();
  expect(check(key, { panel: true })).toBeNull();
});

test.each(["r", "c", "1", "+"])("%s with another modifier belongs to the browser", (key) => {
  for (const modifier of ["ctrl", "alt", "meta"]) expect(check(key, { [modifier]: true })).toBeNull();
});

test("Enter and Space press the button that has the focus; letters work all the same", () => {
  expect(check("Enter", { control: true })).toBeNull();
  expect(check(" ", { control: true })).toBeNull();
  expect(check("r", { control: true })).toEqual({ do: "open_ask_again" });
});

test("only moving and zooming repeat", () => {
  expect(check("ArrowDown", { repeat: true })).toEqual({ do: "cursor_by", by: 1 });
  expect(check("-", { repeat: true })).toEqual({ do: "zoom", by: -1 });
  for (const key of ["Enter", "m", "1", " ", "e"]) expect(check(key, { repeat: true })).toBeNull();
});

test("on the page of claims only what answers a booth works", () => {
  expect(check("2", {}, "claims")).toEqual({ do: "focus_slot", slot: 2 });
  expect(check(" ", {}, "claims")).toEqual({ do: "focus_next" });
  expect(check("m", {}, "claims")).toEqual({ do: "mute" });
  expect(check("l", {}, "claims")).toEqual({ do: "page", page: "booths" });
  expect(check("s", {}, "statistics")).toEqual({ do: "page", page: "booths" });
  expect(check("Enter", {}, "statistics")).toBeNull();
  for (const key of ["Enter", "r", "k", "e", "t", "ArrowDown"]) expect(check(key, {}, "claims")).toBeNull();
});
