import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { Shell, SIGN_OUT_AGAIN_MS } from "./shell";
import { tile, WELCOME } from "./state/specimen";
import type { FakeDevices } from "./testing";
import { FakeSocket, PICTURE_MS, standIn } from "./testing";

let devices: FakeDevices;
/** What the hub says to a request, or that it says nothing. */
let status: number | null;
let shell: Shell;
let ended: boolean[];

beforeEach(() => {
  vi.useFakeTimers();
  devices = standIn();
  status = 200;
  vi.stubGlobal("fetch", () =>
    status === null ? Promise.reject(new TypeError("specimen")) : Promise.resolve(new Response(null, { status })),
  );
  ended = [];
  shell = new Shell((byOfficer) => ended.push(byOfficer));
});
afterEach(() => {
  shell.stop();
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** A desk with one participant in focus. */
async function atWork(): Promise<FakeSocket> {
  shell.start();
  const socket = FakeSocket.newest();
  socket.open();
  socket.hear(WELCOME);
  socket.hear({ type: "tile", tile: tile(1) });
  shell.act({ do: "focus_slot", slot: 1 });
  await vi.advanceTimersByTimeAsync(0);
  expect(shell.view().camera.video).not.toBeNull();
  return socket;
}

const stopped = () => [devices.video.stopped, devices.audio.stopped];

test("signed out once the hub has heard it", async () => {
  await atWork();
  await shell.signOut();
  expect([ended, shell.view().desk.link, stopped()]).toEqual([[true], "signed_out", [true, true]]);
});

test("a hub that does not hear it has signed nobody out: the desk says so, and asks again", async () => {
  await atWork();
  status = null;
  await shell.signOut();
  expect([ended, shell.view().desk.leaving]).toEqual([[], "unheard"]);
  await vi.advanceTimersByTimeAsync(SIGN_OUT_AGAIN_MS);
  expect([ended, shell.view().desk.leaving]).toEqual([[], "unheard"]);
  // The first try had reached the hub after all.
  status = 401;
  await vi.advanceTimersByTimeAsync(SIGN_OUT_AGAIN_MS);
  expect(ended).toEqual([true]);
});

test("who stays after all is not signed out later", async () => {
  await atWork();
  status = null;
  await shell.signOut();
  shell.stay();
  status = 204;
  await vi.advanceTimersByTimeAsync(SIGN_OUT_AGAIN_MS * 2);
  expect([ended, shell.view().desk.leaving, shell.view().desk.focus]).toEqual([[], null, "session-1"]);
});

test.each([
  ["replaced", { type: "replaced" }],
  ["outdated", { type: "refused", reason: "protocol" }],
] as const)("a page that is %s lets go of camera, timers and names, and still says so", async (link, message) => {
  const socket = await atWork();
  const seen: string[] = [];
  shell.subscribe(() => seen.push(shell.view().desk.link));
  socket.hear(message);
  await vi.advanceTimersByTimeAsync(PICTURE_MS);
  expect(seen).toContain(link);
  const { desk } = shell.view();
  expect([stopped(), desk.link, desk.officer, desk.tiles[0], desk.focus]).toEqual([
    [true, true],
    link,
    null,
    null,
    null,
  ]);
  expect(vi.getTimerCount()).toBe(0);
});

test("a message that finds no line is not said to be sent", async () => {
  const socket = await atWork();
  // The browser knows that it is closing; the page has not heard of it yet.
  socket.readyState = 2;
  shell.act({ do: "message", text: "Halo" });
  const { desk } = shell.view();
  expect([desk.message, desk.refusal?.reason]).toEqual([null, "unsent"]);
});

test("what comes from the hub is shown together, and what the officer does at once", async () => {
  const socket = await atWork();
  const shown: (string | null)[] = [];
  shell.subscribe(() => shown.push(shell.view().desk.focus));
  for (const slot of [1, 2, 3]) socket.hear({ type: "tile", tile: tile(slot) });
  expect(shown).toEqual([]);
  await vi.advanceTimersByTimeAsync(PICTURE_MS);
  expect(shown).toEqual(["session-1"]);
  socket.hear({ type: "tile", tile: tile(2) });
  shell.act({ do: "focus_slot", slot: 2 });
  await vi.advanceTimersByTimeAsync(PICTURE_MS);
  expect(shown).toEqual(["session-1", "session-2"]);
});

test("a tab that nobody sees is told at once: nothing is painted there", async () => {
  const socket = await atWork();
  await vi.advanceTimersByTimeAsync(PICTURE_MS);
  let told = 0;
  shell.subscribe(() => told++);
  vi.stubGlobal("document", { hidden: true });
  socket.hear({ type: "tile", tile: tile(2) });
  expect(told).toBe(1);
});
