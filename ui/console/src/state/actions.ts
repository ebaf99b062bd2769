/** What an action of the officer changes here, and what it says to the hub. An action that makes no sense now does nothing. */
import type { ConsoleToHub, SessionId, Verdict } from "../wire/wire";
import { MAX_MESSAGE } from "../wire/wire";
import { canCheck, canDecide, canTell, waiting } from "./attention";
import type { ItemCode } from "./items";
import { evidenceFor, itemAt, neighbour, nextOpen, photographed, remaining } from "./items";
import type { Action, Desk, SentVerdict, TileState } from "./model";
import { focused, NO_FOCUS, SLOTS } from "./model";
import type { Step } from "./reducer";
import { actTeam, isSupervisor } from "./team";
import { compare, rotate, show, zoom } from "./viewer";

export function act(desk: Desk, action: Action): Step {
  switch (action.do) {
    case "focus_slot": {
      const entry = desk.tiles[action.slot - 1];
      return entry ? focus(desk, entry) : stay(desk);
    }
    case "focus_next": {
      const [longest] = waiting(desk);
      return longest ? focus(desk, longest) : stay(desk);
    }
    case "hold": {
      const entry = focused(desk);
      if (!entry || desk.link !== "up") return stay(desk);
      const { session } = entry.tile.snapshot;
      // The hub takes a held booth out of focus; looking at it again takes it off hold.
      const held = entry.tile.mode === "hold";
      return { desk, send: [held ? { type: "focus", session } : { type: "hold", session, hold: true }] };
    }
    case "mute":
      return stay({ ...desk, muted: !desk.muted });
    case "capacity": {
      if (desk.link !== "up") return stay(desk);
      const capacity = Math.min(Math.max(Math.trunc(action.capacity), 0), SLOTS);
      const ending = desk.team.ending && capacity === 0;
      return { desk: { ...desk, capacity, team: { ...desk.team, ending } }, send: [{ type: "capacity", capacity }] };
    }
    case "cursor":
      return stay(lookAt(desk, action.item));
    case "cursor_by": {
      const snapshot = focused(desk)?.tile.snapshot;
      const item = snapshot ? neighbour(snapshot.items, desk.cursor, action.by) : null;
      return stay(item === null ? desk : lookAt(desk, item));
    }
    case "correct":
      return verdict(desk, action.item ?? desk.cursor, { kind: "correct" });
    case "take_back":
      return verdict(desk, action.item ?? desk.cursor, { kind: "pending" });
    case "ask_again": {
      const reason = clip(action.reason);
      return reason === "" ? stay(desk) : verdict(desk, action.item, { kind: "ask_again", reason });
    }
    case "open_ask_again": {
      const item = action.item ?? desk.cursor;
      const known = itemAtFocus(desk, item) !== null;
      return item !== null && known && canCheck(desk)
        ? stay({ ...lookAt(desk, item), panel: { kind: "ask_again", item } })
        : stay(desk);
    }
    case "open":
      if (action.panel === "keys") return stay({ ...desk, panel: { kind: "keys" } });
      if (!canTell(desk) || (action.panel === "return" && !canDecide(desk))) return stay(desk);
      if (action.panel === "note" && !canCheck(desk)) return stay(desk);
      return stay({ ...desk, panel: { kind: action.panel } });
    case "close":
      return desk.panel === null && desk.viewer.enlarged
        ? stay({ ...desk, viewer: { ...desk.viewer, enlarged: false } })
        : stay({ ...desk, panel: null });
    case "message": {
      const text = clip(action.text);
      if (desk.focus === null || !canTell(desk) || text === "") return stay(desk);
      return {
        desk: { ...desk, panel: null, message: { session: desk.focus, text, at: desk.now } },
        send: [{ type: "message", session: desk.focus, text }],
      };
    }
    case "note":
      return stay(
        desk.focus === null
          ? desk
          : { ...desk, panel: null, notes: { ...desk.notes, [desk.focus]: clip(action.text) } },
      );
    case "approve":
      return canApprove(desk) ? decide(desk, { kind: "verified" }) : stay(desk);
    case "return": {
      const reasons = action.reasons.map(clip).filter((reason) => reason !== "");
      return reasons.length > 0 ? decide(desk, { kind: "returned", reasons }) : stay(desk);
    }
    case "end_session":
      return desk.focus === null || !canTell(desk)
        ? stay(desk)
        : { desk: { ...desk, panel: null }, send: [{ type: "end_session", session: desk.focus }] };
    case "view":
      return stay({ ...desk, viewer: show(desk.viewer, action.document) });
    case "view_by": {
      const papers = papersInFocus(desk);
      const at = papers.findIndex((kind) => kind === desk.viewer.document);
      const next = papers[(at + action.by + papers.length) % Math.max(papers.length, 1)];
      return stay(next === undefined ? desk : { ...desk, viewer: show(desk.viewer, next) });
    }
    case "zoom":
      return stay({ ...desk, viewer: zoom(desk.viewer, action.by) });
    case "rotate":
      return stay({ ...desk, viewer: rotate(desk.viewer) });
    case "compare":
      return stay({ ...desk, viewer: compare(desk.viewer) });
    case "enlarge":
      return stay(
        desk.viewer.document === null ? desk : { ...desk, viewer: { ...desk.viewer, enlarged: !desk.viewer.enlarged } },
      );
    case "page":
      return stay(action.page === "floor" && !isSupervisor(desk) ? desk : { ...desk, page: action.page, panel: null });
    case "open_team":
    case "transfer":
    case "step_in":
    case "ask":
    case "close_question":
    case "answer":
    case "floor_cursor":
    case "floor_by":
    case "watch":
    case "close_booth":
    case "end_shift":
      return actTeam(desk, action);
  }
}

/** Whether everything is checked and nothing is on its way, so that the hub will agree. */
export function canApprove(desk: Desk): boolean {
  const snapshot = focused(desk)?.tile.snapshot;
  return (
    snapshot !== undefined &&
    canDecide(desk) &&
    // While the participant is at an answer, it may still change.
    snapshot.turn !== "correction" &&
    snapshot.items.length > 0 &&
    remaining(snapshot) === 0 &&
    Object.keys(desk.sent).length === 0
  );
}

/** What goes along with the approval; an empty note is none. */
export function noteOf(desk: Desk, session: SessionId): string | null {
  const note = desk.notes[session] ?? "";
  return note === "" ? null : note;
}

function stay(desk: Desk): Step {
  return { desk, send: [] };
}

function clip(text: string): string {
  return Array.from(text.trim()).slice(0, MAX_MESSAGE).join("");
}

export function focus(desk: Desk, entry: TileState): Step {
  const { snapshot, mode } = entry.tile;
  const session = snapshot.session;
  const page = "booths" as const;
  // Without a line the choice is told with the next welcome.
  const send: ConsoleToHub[] = desk.link === "up" ? [{ type: "focus", session }] : [];
  if (desk.focus === session) return { desk: { ...desk, page }, send: mode === "hold" ? send : [] };
  const cursor = nextOpen(snapshot.items, null, () => false);
  const fresh = { ...desk, ...NO_FOCUS, focus: session, page };
  return { desk: cursor === null ? fresh : lookAt(fresh, cursor), send };
}

function itemAtFocus(desk: Desk, code: ItemCode | null) {
  const snapshot = focused(desk)?.tile.snapshot;
  return snapshot ? itemAt(snapshot, code) : null;
}

function papersInFocus(desk: Desk) {
  const snapshot = focused(desk)?.tile.snapshot;
  return snapshot ? photographed(snapshot).map((paper) => paper.kind) : [];
}

/** Puts the cursor on a row and lays the paper beside it that shows what the row says. */
function lookAt(desk: Desk, code: ItemCode): Desk {
  const view = itemAtFocus(desk, code);
  if (view === null) return desk;
  const papers = papersInFocus(desk);
  const document = evidenceFor(view.item, papers) ?? desk.viewer.document ?? papers[0] ?? null;
  return { ...desk, cursor: code, viewer: show(desk.viewer, document) };
}

function verdict(desk: Desk, code: ItemCode | null, verdict: Verdict): Step {
  const entry = focused(desk);
  const view = itemAtFocus(desk, code);
  if (!entry || view === null || code === null || !canCheck(desk)) return stay(desk);
  if (code in desk.sent) return stay(desk);
  if (verdict.kind === "correct" && view.check.kind === "correct") return stay(desk);
  if (verdict.kind === "pending" && view.check.kind !== "correct" && view.check.kind !== "asked_again")
    return stay(desk);
  const { snapshot } = entry.tile;
  const mark: SentVerdict = { kind: verdict.kind, seen: view, revision: snapshot.revision, at: desk.now };
  const sent = { ...desk.sent, [code]: mark };
  const marked: Desk = { ...desk, sent, panel: null };
  const next = verdict.kind === "pending" ? code : nextOpen(snapshot.items, code, (other) => other in sent);
  return {
    desk: next === null ? marked : lookAt(marked, next),
    send: [{ type: "check", session: snapshot.session, item: view.item, verdict, seen: snapshot.revision }],
  };
}

function decide(desk: Desk, decision: { kind: "verified" } | { kind: "returned"; reasons: string[] }): Step {
  const entry = focused(desk);
  if (!entry || !canDecide(desk)) return stay(desk);
  const { session } = entry.tile.snapshot;
  return {
    desk: { ...desk, panel: null, decision: { session, kind: decision.kind, at: desk.now } },
    send: [{ type: "decide", session, decision, note: decision.kind === "verified" ? noteOf(desk, session) : null }],
  };
}
