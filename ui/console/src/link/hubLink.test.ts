import { afterEach, beforeEach, expect, test, vi } from "vitest";
import type { LinkState } from "../state/model";
import { WELCOME } from "../state/specimen";
import { FakeSocket, standIn } from "../testing";
import { HubLink, PING_MS, UNANSWERED_MS } from "./hubLink";

beforeEach(() => {
  vi.useFakeTimers();
  standIn();
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

function connected() {
  const states: LinkState[] = [];
  const link = new HubLink({ onMessage: () => undefined, onState: (state) => states.push(state) });
  link.open();
  const socket = FakeSocket.newest();
  socket.open();
  socket.hear(WELCOME);
  states.length = 0;
  return { link, socket, states };
}

test("a line whose pings are answered stays", () => {
  const { link, socket, states } = connected();
  socket.answers = { ping: { type: "pong" } };
  vi.advanceTimersByTime(PING_MS * 10);
  expect(socket.sent.filter((message) => message.type === "ping")).toHaveLength(10);
  expect(states).toEqual([]);
  link.close();
});

test("a hidden page, whose timers run once a minute, keeps a good line and gives up a dead one", () => {
  const often = globalThis.setInterval;
  vi.stubGlobal("setInterval", (beat: () => void) => often(beat, 60_000));
  const { link, socket, states } = connected();
  socket.answers = { ping: { type: "pong" } };
  vi.advanceTimersByTime(5 * 60_000);
  expect(states).toEqual([]);
  socket.answers = {};
  vi.advanceTimersByTime(2 * 60_000);
  expect(states).toEqual(["lost"]);
  link.close();
});

test("a line without an answer to a ping is given up", () => {
  const { link, states } = connected();
  vi.advanceTimersByTime(PING_MS + UNANSWERED_MS - 1);
  expect(states).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(states).toEqual(["lost"]);
  link.close();
});

test("a line that never comes up is given up", () => {
  const states: LinkState[] = [];
  const link = new HubLink({ onMessage: () => undefined, onState: (state) => states.push(state) });
  link.open();
  vi.advanceTimersByTime(UNANSWERED_MS);
  expect(states).toEqual(["connecting", "lost"]);
  link.close();
});
