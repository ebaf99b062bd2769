/**
 * Everything that happens to the desk: what the hub says, what the officer does, how calls do, time.
 *
 * ```text
 *            ┌────────────── connecting ◄─────────────┐
 *            ▼ welcome                                 │ (the link tries again)
 *           up ──── socket closed ────► lost ──────────┘
 *            ├──── replaced ──────────► replaced      (ends here, everything is forgotten; "take over" loads the page anew)
 *            ├──── refused: protocol ─► outdated      (ends here, everything is forgotten; a reload helps)
 *            └──── cookie unknown ────► signed_out    (everything is forgotten; the login page)
 * ```
 *
 * An event gives the next desk and the frames to send. The booth owns a session: a verdict changes nothing here but the
 * mark "sent"; the row changes when the booth's snapshot comes back.
 */
import type { ConsoleToHub, DocumentKind, HubToConsole, Refusal, SessionId, SessionSnapshot, Tile } from "../wire/wire";
import { act, focus } from "./actions";
import { isDecided, messageShown } from "./attention";
import { codeOf, evidenceFor, itemAt, nextOpen, photographed } from "./items";
import type { Desk, Event, LinkState, SentVerdict, TileState } from "./model";
import { emptyDesk, focused, NO_FOCUS, SLOTS, STALE_AFTER_MS, tileOf } from "./model";
import { hearTeam, leaveFloor } from "./team";
import { show } from "./viewer";

export type Step = { desk: Desk; send: ConsoleToHub[] };

/** A verdict that the booth has not confirmed by then is shown as not sent. */
export const SENT_TIMEOUT_MS = 6_000;
/** How long a refusal stands on the screen. */
export const REFUSAL_SHOWN_MS = 8_000;
/** A decision that the booth has not confirmed by then can be given again. */
export const DECISION_TIMEOUT_MS = 8_000;
/** How long the newest message stands over the picture. */
export const MESSAGE_SHOWN_MS = 20_000;

export function reduce(desk: Desk, event: Event): Step {
  // The clock never runs backwards, also when an event was made before one that came first.
  const now = Math.max(desk.now, event.now);
  const current = now === desk.now ? desk : { ...desk, now };
  // A page that has ended hears one thing only: that its officer is signed out.
  if (hasEnded(desk) && !(event.type === "link" && event.link === "signed_out")) return only(desk);
  switch (event.type) {
    case "hub":
      return hear(heard(current, event.message), event.message);
    case "link":
      return only(linkChanged(current, event.link));
    case "health":
      return only({ ...current, health: { ...current.health, [event.booth]: event.health } });
    case "action":
      return leaveFloor(current, act(current, event.action));
    case "unsent":
      return only(unsent(current, event.message));
    case "leaving":
      return only({ ...current, leaving: event.leaving });
    case "tick":
      return only(expire(current));
  }
}

/** Whether this page can do nothing more by itself. */
export function hasEnded(desk: Desk): boolean {
  return desk.link === "replaced" || desk.link === "outdated";
}

function only(desk: Desk): Step {
  return { desk, send: [] };
}

function linkChanged(desk: Desk, link: LinkState): Desk {
  // What was shown belongs to the officer who was logged in.
  return link === "signed_out" ? { ...emptyDesk(desk.now), link } : { ...desk, link };
}

function hear(desk: Desk, message: HubToConsole): Step {
  switch (message.type) {
    case "welcome": {
      // The tiles follow and are the whole truth; those of before the interruption are kept in view until then, so
      // that nothing jumps. The focus of before is asked for anew.
      const officer = { id: message.officer, name: message.name, branch: message.branch_name };
      const mine = desk.officer?.id === message.officer;
      const base = mine ? desk : emptyDesk(desk.now);
      return {
        desk: {
          ...base,
          link: "up",
          officer,
          capacity: message.capacity,
          // The hub remembers it over a page that is loaded anew.
          team: { ...base.team, ending: message.ending },
          sent: {},
          stale: { sessions: sessionsOf(base), at: base.now },
        },
        // A booth on hold stays there.
        send:
          base.focus !== null && focused(base)?.tile.mode !== "hold" ? [{ type: "focus", session: base.focus }] : [],
      };
    }
    case "tile":
      return arrived(placeTile(desk, message.tile), message.tile.snapshot.session);
    case "tile_gone":
      return only(removeSession(desk, message.session));
    case "office":
      return only({ ...desk, office: message.office });
    case "refused":
      if (message.reason === "protocol") return only({ ...emptyDesk(desk.now), link: "outdated" });
      return only(refused(desk, message.reason));
    case "replaced":
      return only({ ...emptyDesk(desk.now), link: "replaced" });
    case "colleagues":
    case "floor":
    case "floor_gone":
    case "watching":
    case "signal":
    case "pong":
      // Taken in already; or for the call layer, or for the link.
      return only(desk);
  }
}

function heard(desk: Desk, message: HubToConsole): Desk {
  const team = hearTeam(desk, message);
  return team === null ? desk : { ...desk, team };
}

/** What a supervisor has asked for comes into focus when it arrives; nothing else ever does by itself. */
function arrived(desk: Desk, session: SessionId): Step {
  const entry = tileOf(desk, session);
  if (desk.team.stepIn !== session || entry === null) return only(desk);
  return leaveFloor(desk, focus({ ...desk, team: { ...desk.team, stepIn: null } }, entry));
}

/**
 * A refusal does not say which frame it answers, so only what it can be about is given up; the rest stays on its way.
 *
 * The hub says that a session is gone before it refuses anything of it, so `not_yours` is about no session that we
 * hold, other than one of before a reconnect that has not been named again. Any other refusal comes at once, while a
 * booth takes its time: it is taken for an answer to the newest of what is on its way.
 */
function refused(desk: Desk, reason: Exclude<Refusal, "protocol">): Desk {
  const told: Desk = { ...desk, refusal: { reason, at: desk.now }, team: { ...desk.team, stepIn: null } };
  return reason === "not_yours" ? desk.stale.sessions.reduce(giveUp, told) : giveUpNewest(told);
}

/** Nothing is on its way any more for this session; what the booth has shown stays. */
function giveUp(desk: Desk, session: SessionId): Desk {
  return {
    ...desk,
    sent: desk.focus === session ? {} : desk.sent,
    decision: desk.decision?.session === session ? null : desk.decision,
    message: desk.message?.session === session ? null : desk.message,
  };
}

function giveUpNewest(desk: Desk): Desk {
  const { sent, decision, message } = desk;
  const verdicts = Object.entries(sent).sort(([, a], [, b]) => b.at - a.at);
  const [verdict, ...others] = verdicts;
  const at = {
    verdict: verdict?.[1].at ?? -Infinity,
    decision: decision?.at ?? -Infinity,
    message: message !== null && !messageShown(desk) ? message.at : -Infinity,
  };
  const newest = Math.max(at.verdict, at.decision, at.message);
  if (newest === -Infinity) return desk;
  if (at.verdict === newest) return { ...desk, sent: Object.fromEntries(others) };
  return at.decision === newest ? { ...desk, decision: null } : { ...desk, message: null };
}

/** What was marked as sent has not even left. */
function unsent(desk: Desk, message: ConsoleToHub): Desk {
  const told: Desk = { ...desk, refusal: { reason: "unsent", at: desk.now } };
  switch (message.type) {
    case "check": {
      const item = codeOf(message.item);
      return { ...told, sent: Object.fromEntries(Object.entries(desk.sent).filter(([code]) => code !== item)) };
    }
    case "decide":
      return { ...told, decision: null };
    case "message":
      return { ...told, message: null };
    case "end_shift":
      return { ...told, team: { ...desk.team, ending: !message.ending } };
    case "hold":
    case "end_session":
    case "capacity":
    case "transfer":
    case "ask":
    case "close_question":
    case "answer":
    case "watch":
    case "close_booth":
      return told;
    case "hello":
    case "focus":
    case "signal":
    case "call_failed":
    case "ping":
      // Said anew by itself once the line is back.
      return desk;
  }
}

function placeTile(desk: Desk, tile: Tile): Desk {
  const index = tile.slot - 1;
  if (index < 0 || index >= SLOTS) return desk;
  const session = tile.snapshot.session;
  const before = desk.tiles.find((entry) => entry?.tile.snapshot.session === session)?.tile.snapshot;
  const snapshot = before !== undefined && before.revision > tile.snapshot.revision ? before : tile.snapshot;
  const entry: TileState = {
    tile: { ...tile, snapshot },
    attentionSince: desk.now - tile.attention_age_ms,
  };
  const evicted = desk.tiles[index]?.tile.snapshot.session;
  const tiles = desk.tiles.map((old, at) =>
    at === index ? entry : old?.tile.snapshot.session === session ? null : old,
  );
  const stale = { ...desk.stale, sessions: desk.stale.sessions.filter((id) => id !== session) };
  const placed = { ...desk, tiles, stale };
  const clean = evicted !== undefined && evicted !== session ? forget(placed, evicted) : placed;
  return clean.focus === session ? follow(clean, snapshot) : clean;
}

/** Takes what a new snapshot of the booth in focus confirms, and finds a row and a paper to begin with. */
function follow(desk: Desk, snapshot: SessionSnapshot): Desk {
  const sent = Object.fromEntries(
    Object.entries(desk.sent).filter(([code, verdict]) => !isConfirmed(snapshot, code, verdict)),
  );
  const outrun = Object.entries(desk.sent).some(([code, verdict]) => isOutrun(snapshot, code, verdict));
  // A decided claim's photographs go once it is kept: their rows with them, and the keyboard goes nowhere for it.
  const stays = itemAt(snapshot, desk.cursor) !== null || (desk.cursor !== null && isDecided(snapshot.step));
  const cursor = stays ? desk.cursor : nextOpen(snapshot.items, null, (code) => code in sent);
  const papers = photographed(snapshot).map((paper) => paper.kind);
  const there = (kind: DocumentKind | null) => (kind !== null && papers.includes(kind) ? kind : null);
  const item = itemAt(snapshot, cursor)?.item;
  const document = there(desk.viewer.document) ?? (item && evidenceFor(item, papers)) ?? papers[0] ?? null;
  const viewer = show({ ...desk.viewer, pinned: there(desk.viewer.pinned) }, document);
  const decided = desk.decision?.session === snapshot.session && isDecided(snapshot.step);
  const panel = desk.panel?.kind === "ask_again" && itemAt(snapshot, desk.panel.item) === null ? null : desk.panel;
  const refusal: Desk["refusal"] = outrun ? { reason: "changed", at: desk.now } : desk.refusal;
  return { ...desk, sent, cursor, viewer, panel, refusal, decision: decided ? null : desk.decision };
}

function isConfirmed(snapshot: SessionSnapshot, code: string, sent: SentVerdict): boolean {
  const view = snapshot.items.find((item) => codeOf(item.item) === code);
  if (view === undefined) return true;
  switch (sent.kind) {
    case "correct":
      return view.check.kind === "correct" || isOutrun(snapshot, code, sent);
    case "ask_again":
      // The booth may have got the correction in the same breath.
      return (
        view.check.kind === "asked_again" || (view.check.kind === "corrected" && snapshot.revision > sent.revision)
      );
    case "pending":
      return view.check.kind !== "correct" && view.check.kind !== "asked_again";
  }
}

/**
 * Whether the participant changed the answer before the verdict "correct" reached the booth: the booth keeps the new
 * answer as corrected instead. If the row was corrected already, only another value or photograph tells so.
 */
function isOutrun(snapshot: SessionSnapshot, code: string, sent: SentVerdict): boolean {
  const view = snapshot.items.find((item) => codeOf(item.item) === code);
  if (view?.check.kind !== "corrected" || sent.kind !== "correct" || snapshot.revision <= sent.revision) return false;
  const { seen } = sent;
  return seen.check.kind !== "corrected" || view.value !== seen.value || view.photo !== seen.photo;
}

function removeSession(desk: Desk, session: SessionId): Desk {
  const tiles = desk.tiles.map((entry) => (entry?.tile.snapshot.session === session ? null : entry));
  return forget({ ...desk, tiles }, session);
}

/** Nothing of a session stays behind once its tile is gone. The focus goes to nobody, never to the next one. */
function forget(desk: Desk, session: SessionId): Desk {
  const notes = Object.fromEntries(Object.entries(desk.notes).filter(([of]) => of !== session));
  const gone = {
    ...desk,
    notes,
    message: desk.message?.session === session ? null : desk.message,
    decision: desk.decision?.session === session ? null : desk.decision,
  };
  return gone.focus === session ? { ...gone, ...NO_FOCUS } : gone;
}

function sessionsOf(desk: Desk): SessionId[] {
  return desk.tiles.flatMap((entry) => (entry === null ? [] : [entry.tile.snapshot.session]));
}

function expire(desk: Desk): Desk {
  let next = desk;
  const { stale, refusal, decision, message } = desk;
  if (desk.link === "up" && stale.sessions.length > 0 && desk.now - stale.at >= STALE_AFTER_MS) {
    next = stale.sessions.reduce(removeSession, { ...next, stale: { ...stale, sessions: [] } });
  }
  if (message !== null && desk.now - message.at >= MESSAGE_SHOWN_MS) next = { ...next, message: null };
  if (refusal !== null && desk.now - refusal.at >= REFUSAL_SHOWN_MS) next = { ...next, refusal: null };
  const sent = Object.entries(next.sent).filter(([, verdict]) => desk.now - verdict.at < SENT_TIMEOUT_MS);
  const late = sent.length < Object.keys(next.sent).length;
  const undecided = decision !== null && desk.now - decision.at >= DECISION_TIMEOUT_MS;
  if (late) next = { ...next, sent: Object.fromEntries(sent) };
  if (undecided) next = { ...next, decision: null };
  if (late || undecided) next = { ...next, refusal: { reason: "unanswered", at: desk.now } };
  return next;
}
