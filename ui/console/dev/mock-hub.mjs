/**
 * A hub for looking at the console without a hub: six synthetic sessions, the real protocol, the real security policy.
 *
 *   npm run build && node dev/mock-hub.mjs [PORT]        then http://127.0.0.1:4180/ (any password and code; the names
 *                                                        penyelia, teknisi and auditor have those roles)
 *   http://127.0.0.1:4180/dev/booths.html                in a second tab plays the six booths' cameras
 *
 * Not part of the build, and no substitute for the tests against the real hub.
 */
import { createServer } from "node:http";
import { readFile } from "node:fs/promises";
import { extname, join, normalize } from "node:path";
import { WebSocketServer } from "ws";
import { answerOffice, COLLEAGUES, FLOOR, SUPERVISOR } from "./office.mjs";
import { CLAIM, CLAIMS, day, makeTiles, OFFICE, OFFICER, paper } from "./specimens.mjs";

const PORT = Number(process.argv[2] ?? 4180);
const DIST = new URL("../dist/", import.meta.url).pathname;
const DEV = new URL("./", import.meta.url).pathname;
/** As few rows in one answer as make a list of several pages. */
const PAGE = 1;
const TYPES = {
  ".html": "text/html; charset=utf-8",
  ".js": "text/javascript",
  ".css": "text/css",
  ".svg": "image/svg+xml",
  ".woff2": "font/woff2",
};
// As strict as the hub's.
const CSP =
  "default-src 'self'; connect-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; script-src 'self'; " +
  "style-src 'self'; frame-ancestors 'none'; base-uri 'none'; object-src 'none'; form-action 'self'";

const ROLES = { penyelia: "supervisor", teknisi: "technician", auditor: "auditor" };
let loggedIn = process.env.LOGGED_IN === "1";
let role = "officer";
let tries = 0;
let tiles = makeTiles();
const claims = structuredClone(CLAIMS);
const notes = {};
/** Whether the officer has said that the shift ends: a page that is loaded anew hears it again. */
let ending = false;
let consoleSocket = null;
let boothSocket = null;
let nextCall = 1;
const started = Date.now();

const server = createServer(async (request, response) => {
  const url = new URL(request.url, "http://localhost");
  const json = (status, value, headers = {}) => {
    response.writeHead(status, { "content-type": "application/json", "cache-control": "no-store", ...headers });
    response.end(JSON.stringify(value));
  };
  const path = url.pathname;
  const who = role === "supervisor" ? SUPERVISOR : OFFICER;
  if (path === "/api/v1/me") return json(loggedIn ? 200 : 401, { ...who, role });
  if (path === "/api/v1/login") {
    const { login, code } = JSON.parse(await body(request));
    if (code === "000000") return ++tries > 2 ? json(429, {}, { "retry-after": "95" }) : json(401, {});
    loggedIn = true;
    role = ROLES[login] ?? "officer";
    return json(200, {});
  }
  if (path === "/api/v1/logout") {
    loggedIn = false;
    ending = false;
    return json(200, {});
  }
  if (path.startsWith("/api/") && !loggedIn) return json(401, {});
  const [status, answer] = answerOffice(path, url.searchParams, request.method) ?? [];
  if (status !== undefined) return json(status, answer);
  if (path === "/api/v1/claims") {
    const before = Number(url.searchParams.get("before") ?? Infinity);
    const all = url.searchParams.get("standing") === "all";
    const code = url.searchParams.get("tracking");
    if (code !== null)
      return json(
        200,
        claims.filter((row) => row.tracking === code.toUpperCase()),
      );
    const found = claims.filter((row) => (all || isOpen(row)) && row.sequence < before);
    return json(200, found.sort((a, b) => b.sequence - a.sequence).slice(0, PAGE));
  }
  if (path === "/api/v1/statistics") return json(200, day(url.searchParams.get("day")));
  if (path.endsWith("/reopen")) {
    const row = claims.find((one) => one.claim === path.split("/")[4]);
    const { note } = JSON.parse(await body(request));
    const verified = row.standing === "verified" || row.decision?.decision.kind === "verified";
    if (verified && (role !== "supervisor" || !note)) return json(403, {});
    row.decision = null;
    row.standing = "unverified";
    keepNote(row, "reopened", note);
    send({ type: "office", office: office() });
    return json(200, {});
  }
  if (path.endsWith("/decision")) {
    const row = claims.find((one) => one.claim === path.split("/")[4]);
    if (row === undefined || !isOpen(row)) return json(row === undefined ? 404 : 409, {});
    const { note, ...decision } = JSON.parse(await body(request));
    row.decision = { officer: OFFICER.officer, at: Date.now(), decision };
    keepNote(row, decision.kind, note);
    send({ type: "office", office: office() });
    return json(200, {});
  }
  const parts = path.match(
    /^\/api\/v1\/(?:sessions\/[^/]+\/documents\/([a-z_]+)\/\d+|claims\/[^/]+\/parts\/([a-z_]+)\.jpg)$/,
  );
  if (parts) {
    response.writeHead(200, { "content-type": "image/svg+xml", "cache-control": "no-store" });
    return response.end(paper(parts[1] ?? parts[2]));
  }
  if (/^\/api\/v1\/claims\/[^/]+$/.test(path)) {
    const claim = path.split("/")[4];
    return json(200, { ...CLAIM, claim, notes: notes[claim] ?? [] });
  }

  const dev = path.startsWith("/dev/");
  const file = normalize(dev ? join(DEV, path.slice(5)) : join(DIST, path === "/" ? "index.html" : path));
  if (!file.startsWith(dev ? DEV : DIST)) return json(404, {});
  try {
    const data = await readFile(file);
    const policy = dev ? {} : { "content-security-policy": CSP };
    response.writeHead(200, { "content-type": TYPES[extname(file)] ?? "application/octet-stream", ...policy });
    response.end(data);
  } catch {
    json(404, {});
  }
});

const sockets = new WebSocketServer({ noServer: true, maxPayload: 128 << 10 });
server.on("upgrade", (request, socket, head) => {
  const path = request.url;
  if (path === "/ws/console" && !loggedIn) return void socket.end("HTTP/1.1 401 Unauthorized\r\n\r\n");
  sockets.handleUpgrade(request, socket, head, (ws) => {
    if (path === "/ws/console") serveConsole(ws);
    else if (path === "/dev/ws") serveBooths(ws);
    else ws.close();
  });
});

function serveConsole(ws) {
  if (consoleSocket !== null) send({ type: "replaced" });
  consoleSocket = ws;
  ws.on("message", (data) => hear(JSON.parse(data.toString())));
  ws.on("close", () => {
    if (consoleSocket === ws) consoleSocket = null;
  });
}

/** The page of synthetic booths: it is told to call, offers, and gets answers. */
function serveBooths(ws) {
  boothSocket = ws;
  ws.on("message", (data) => {
    const { booth, call, signal } = JSON.parse(data.toString());
    send({ type: "signal", booth, call, signal });
  });
  if (consoleSocket !== null) startCalls();
}

function startCalls() {
  for (const tile of tiles) startCall(tile);
}

function startCall(tile) {
  if (boothSocket === null) return;
  tile.call = nextCall++;
  show(tile);
  boothSocket.send(JSON.stringify({ type: "call", booth: tile.booth, name: tile.booth_name, call: tile.call }));
}

function hear(message) {
  const tile = tiles.find((one) => one.snapshot.session === message.session);
  switch (message.type) {
    case "hello":
      if (role === "supervisor") return oversee(message.protocol);
      send({
        type: "welcome",
        protocol: message.protocol,
        ...OFFICER,
        ...(ending ? { capacity: 0 } : {}),
        ending,
        time: Date.now(),
      });
      send({ type: "colleagues", colleagues: COLLEAGUES });
      send({ type: "office", office: office() });
      tiles.forEach(show);
      startCalls();
      return;
    case "ping":
      return send({ type: "pong" });
    case "capacity":
      ending &&= message.capacity === 0;
      return;
    case "end_shift":
      ending = message.ending;
      return;
    case "signal":
      return boothSocket?.send(JSON.stringify(message));
    case "call_failed":
      return startCall(tiles.find((one) => one.booth === message.booth));
    case "focus":
      for (const one of tiles) {
        if (one.mode !== "focus" || one === tile) continue;
        const left = one.snapshot.step === "verification";
        setMode(one, left ? "hold" : "tile", left);
      }
      return tile && setMode(tile, "focus");
    case "hold":
      return setMode(tile, message.hold ? "hold" : "focus");
    case "check": {
      const same = (view) => JSON.stringify(view.item) === JSON.stringify(message.item);
      const { kind, reason } = message.verdict;
      return change(tile, (snapshot) => {
        const view = snapshot.items.find(same);
        view.check = kind === "ask_again" ? { kind: "asked_again", reason } : { kind };
        if (kind === "ask_again") setTimeout(() => correct(tile, same), 4000);
      });
    }
    case "message":
      return change(tile, (snapshot) => (snapshot.message = message.text));
    case "decide":
      change(tile, (snapshot) => (snapshot.step = message.decision.kind === "verified" ? "signing" : "returned"));
      return void setTimeout(() => {
        if (tile.snapshot.step !== "signing") return;
        change(tile, (snapshot) => Object.assign(snapshot, { step: "confirmed", tracking: "JK7-4QF-2MX" }));
      }, 2500);
    case "ask":
      tile.question = { text: message.question, age_ms: 0, answer: null };
      setTimeout(() => {
        tile.question = { ...tile.question, answer: { from: SUPERVISOR.name, text: "Ya, boleh diteruskan." } };
        show(tile);
      }, 1500);
      return show(tile);
    case "close_question":
      tile.question = null;
      return show(tile);
    case "transfer":
      if (role === "supervisor") return takeOver(tile);
      tiles = tiles.filter((one) => one !== tile);
      return send({ type: "tile_gone", session: message.session });
    case "watch":
      return watch(tiles.find((one) => one.snapshot.session === message.session) ?? null);
    case "answer":
      return floorChange(message.session, (visit) => (visit.question = null));
    case "close_booth": {
      const row = floor.find((one) => one.booth === message.booth);
      row.state = { ...row.state, closed: message.why, out_of_service: message.why && "B-07: closed by the office" };
      return send({ type: "floor", booth: row });
    }
    case "end_session":
      tiles = tiles.filter((one) => one !== tile);
      return send({ type: "tile_gone", session: message.session });
  }
}

let floor = structuredClone(FLOOR);

/** A supervisor: no tiles of their own, but the floor. */
function oversee(protocol) {
  floor = structuredClone(FLOOR);
  tiles = makeTiles();
  send({ type: "welcome", protocol, ...SUPERVISOR, capacity: 0, ending: false, time: Date.now() });
  send({ type: "colleagues", colleagues: COLLEAGUES });
  send({ type: "office", office: office() });
  floor.forEach((booth) => send({ type: "floor", booth }));
}

function floorChange(session, edit) {
  const row = floor.find((one) => one.visit?.session === session);
  if (row === undefined) return;
  edit(row.visit);
  send({ type: "floor", booth: row });
}

function watch(tile) {
  floor
    .filter((row) => row.visit?.watched_by)
    .forEach((row) => {
      floorChange(row.visit.session, (visit) => (visit.watched_by = null));
    });
  if (tile === null) return send({ type: "watching", tile: null });
  floorChange(tile.snapshot.session, (visit) => (visit.watched_by = SUPERVISOR.name));
  const watched = { ...tile, slot: 0, watched_by: SUPERVISOR.name, attention_age_ms: 0, session_age_ms: 0 };
  delete watched.since;
  send({ type: "watching", tile: watched });
}

function takeOver(tile) {
  floorChange(tile.snapshot.session, (visit) => (visit.officer = SUPERVISOR.officer));
  show(tile);
  startCall(tile);
}

function correct(tile, same) {
  change(tile, (snapshot) => {
    const view = snapshot.items.find(same);
    if (view.check.kind === "asked_again") view.check = { kind: "corrected" };
  });
}

function keepNote(row, on, text) {
  if (!text) return;
  const officer = role === "supervisor" ? SUPERVISOR.name : OFFICER.name;
  notes[row.claim] = [{ officer, at: Date.now(), on, text }, ...(notes[row.claim] ?? [])];
}

function isOpen(row) {
  return row.decision === null && row.standing !== "verified";
}

function office() {
  return { ...OFFICE, unverified: claims.filter(isOpen).length };
}

/** `left`: the officer looked away in the middle of the verification, so the participant waits for them. */
function setMode(tile, mode, left = false) {
  tile.mode = mode;
  tile.attention = left ? "needs_officer" : { focus: "in_focus", hold: "on_hold", tile: "self_serving" }[mode];
  tile.since = Date.now() - started;
  show(tile);
}

function change(tile, edit) {
  if (!tile) return;
  edit(tile.snapshot);
  tile.snapshot.revision++;
  show(tile);
}

function show(tile) {
  const { since, ...rest } = tile;
  const age = Math.max(0, Date.now() - started - since);
  send({ type: "tile", tile: { ...rest, attention_age_ms: age, session_age_ms: age + 120_000 } });
}

function send(message) {
  consoleSocket?.send(JSON.stringify(message));
}

async function body(request) {
  let text = "";
  for await (const chunk of request) text += chunk;
  return text;
}

server.listen(PORT, "127.0.0.1", () => console.log(`mock hub on http://127.0.0.1:${PORT}/`));
