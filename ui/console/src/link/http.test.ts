import { afterEach, expect, test, vi } from "vitest";
import { claimRecord, decideClaim, logout, reopenClaim, unverifiedClaims } from "./http";

afterEach(() => {
  vi.unstubAllGlobals();
});

type Answer = { status: number; body?: unknown } | "no answer";

/** A hub that answers as `hub` says; returns what it was asked. */
function serve(hub: (method: string, path: string) => Answer): string[] {
  const asked: string[] = [];
  vi.stubGlobal("fetch", (path: string, { method }: { method: string }) => {
    asked.push(`${method} ${path}`);
    const answer = hub(method, path);
    if (answer === "no answer") return Promise.reject(new TypeError("specimen"));
    const empty = answer.status === 204 || answer.body === undefined;
    return Promise.resolve(new Response(empty ? null : JSON.stringify(answer.body), { status: answer.status }));
  });
  return asked;
}

test.each([
  ["has ended the login", { status: 204 }, true],
  ["knew the cookie no more", { status: 401 }, true],
  ["is restarting", { status: 503 }, false],
  ["is not there", "no answer", false],
] as const)("signed out if the hub %s", async (_, answer, out) => {
  serve(() => answer);
  expect(await logout()).toBe(out);
});

const row = (sequence: number) => ({ claim: `claim-${sequence}`, sequence, name: "Wati Specimen", decision: null });

/** The newest first, `size` on a page, as the hub lists them. */
function pages(count: number, size: number) {
  return (_: string, path: string): Answer => {
    const before = Number(new URL(path, "http://hub").searchParams.get("before") ?? count + 1);
    const rest = Array.from({ length: count }, (_, index) => row(count - index)).filter((one) => one.sequence < before);
    return { status: 200, body: rest.slice(0, size) };
  };
}

test.each([
  [0, 1],
  [1, 2],
  [100, 2],
  [180, 3],
])("of %i kept claims all are listed, the oldest first", async (count, requests) => {
  const asked = serve(pages(count, 100));
  const rows = await unverifiedClaims();
  expect(rows?.map((one) => one.sequence)).toEqual(Array.from({ length: count }, (_, index) => index + 1));
  expect(asked).toHaveLength(requests);
});

test("a list with a page missing is no list", async () => {
  const hub = pages(180, 100);
  serve((method, path) => (path.includes("before=81") ? "no answer" : hub(method, path)));
  expect(await unverifiedClaims()).toBeNull();
});

test("a hub that ends no list does not keep the console asking", async () => {
  const asked = serve(() => ({ status: 200, body: [row(7)] }));
  expect(await unverifiedClaims()).toHaveLength(1);
  expect(asked).toHaveLength(2);
});

test.each([
  ["kept", { status: 204 }, null, { kind: "saved" }],
  ["kept before", { status: 409 }, "officer-2", { kind: "already", decision: "verified", officer: "officer-2" }],
  ["kept, the answer lost", "no answer", "officer-1", { kind: "already", decision: "verified", officer: "officer-1" }],
  ["not kept", { status: 503 }, null, { kind: "failed" }],
  ["refused", { status: 400 }, "officer-2", { kind: "failed" }],
] as const)("a decision that was %s", async (_, answer, officer, outcome) => {
  const decision = officer === null ? null : { officer, at: 0, decision: { kind: "verified" } };
  serve((method) => (method === "POST" ? answer : { status: 200, body: [{ ...row(3), decision }, row(2)] }));
  expect(await decideClaim({ claim: "claim-3", sequence: 3 }, { kind: "verified" }, "")).toEqual(outcome);
});

test.each([
  [" Bawa surat asli ", { kind: "verified", note: "Bawa surat asli" }],
  ["  ", { kind: "verified" }],
])("a decision takes its note along: %j", async (note, expected) => {
  const bodies: unknown[] = [];
  vi.stubGlobal("fetch", (_: string, { body }: { body: string }) => {
    bodies.push(JSON.parse(body));
    return Promise.resolve(new Response(null, { status: 204 }));
  });
  await decideClaim({ claim: "claim-3", sequence: 3 }, { kind: "verified" }, note);
  await reopenClaim("claim-3", note.trim() === "" ? null : note);
  expect(bodies).toEqual([expected, note.trim() === "" ? {} : { note }]);
});

test("notes are read as far as they can be", async () => {
  const note = { officer: "Sari", at: 5, on: "verified", text: "Bawa surat asli" };
  const notes = [note, { ...note, text: null }, { ...note, on: "sung" }, "x"];
  serve(() => ({ status: 200, body: { entries: [], documents: [], notes } }));
  expect((await claimRecord("claim-3"))?.notes).toEqual([note, { ...note, text: null }]);
  serve(() => ({ status: 200, body: { entries: [], documents: [] } }));
  expect((await claimRecord("claim-3"))?.notes).toEqual([]);
});
