import { expect, test } from "vitest";
import { tile } from "../state/specimen";
import { MAX_FRAME } from "../wire/wire";
import { backoff, FIRST_MS, LONGEST_MS } from "./backoff";
import { readFrame } from "./frame";

test("a message of the hub is read as it is", () => {
  const message = { type: "tile", tile: tile(1) };
  expect(readFrame(JSON.stringify(message))).toEqual(message);
  expect(readFrame('{"type":"pong"}')).toEqual({ type: "pong" });
});

test.each([
  ["no text", new ArrayBuffer(8)],
  ["no JSON", "{"],
  ["nothing", "null"],
  ["no object", "[1]"],
  ["no type", "{}"],
  ["an unknown type", '{"type":"surprise"}'],
  ["a type of every object", '{"type":"toString"}'],
  ["a tile without a snapshot", '{"type":"tile","tile":{"slot":1,"state":{}}}'],
  ["a tile without rows", JSON.stringify({ type: "tile", tile: { ...tile(1), snapshot: { session: "s" } } })],
  ["a tile at no place", JSON.stringify({ type: "tile", tile: { ...tile(1), slot: "one" } })],
  ["too long", JSON.stringify({ type: "pong", fill: "x".repeat(MAX_FRAME) })],
])("a frame with %s is dropped", (_, data) => {
  expect(readFrame(data)).toBeNull();
});

test("tries become rarer up to a limit, and are spread", () => {
  expect([backoff(0, 0), backoff(0, 1)]).toEqual([FIRST_MS / 2, FIRST_MS]);
  expect(backoff(2, 1)).toBe(FIRST_MS * 4);
  for (const attempt of [5, 20, 1000]) expect(backoff(attempt, 1)).toBe(LONGEST_MS);
});
