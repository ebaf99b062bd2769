/**
 * What passes between colleagues: who serves, a session that changes hands, a question to the supervisors, and the floor
 * that supervisors see. The hub decides who may do what; here only what makes no sense at the moment is left undone.
 */
import type { BoothId, Closing, Colleague, ConsoleToHub, FloorBooth, HubToConsole, SessionId } from "../wire/wire";
import { MAX_MESSAGE } from "../wire/wire";
import type { Desk, TileState } from "./model";
import { focused, STALE_AFTER_MS } from "./model";
import type { Step } from "./reducer";

/** A booth of the floor, with its ages turned into points on our own clock. */
export type FloorEntry = { booth: FloorBooth; attentionSince: number; began: number; askedAt: number };

export type Team = {
  colleagues: readonly Colleague[];
  /** In the order of names, so that nothing jumps while states change. */
  floor: readonly FloorEntry[];
  /** The row of the floor that keys act on. */
  cursor: BoothId | null;
  /** The session that this supervisor reads along. */
  watch: TileState | null;
  /** A session asked for oneself: it comes into focus when it arrives. */
  stepIn: SessionId | null;
  /** The shift ends with the last session. */
  ending: boolean;
};

/** What stands open about colleagues. */
export type TeamPanel =
  | { kind: "ask" }
  | { kind: "transfer" | "answer" | "step_in"; session: SessionId }
  | { kind: "close_booth"; booth: BoothId };

export const NO_TEAM: Team = { colleagues: [], floor: [], cursor: null, watch: null, stepIn: null, ending: false };

export type TeamAction =
  | { do: "open_team"; panel: TeamPanel["kind"]; booth?: BoothId }
  | { do: "transfer"; session: SessionId; to: string; note: string }
  | { do: "step_in"; session: SessionId }
  | { do: "ask"; question: string }
  | { do: "close_question" }
  | { do: "answer"; session: SessionId; text: string }
  | { do: "floor_cursor"; booth: BoothId }
  | { do: "floor_by"; by: 1 | -1 }
  /** Begins or ends reading along at the row under the cursor. */
  | { do: "watch" }
  | { do: "close_booth"; booth: BoothId; why: Closing | null }
  | { do: "end_shift"; ending: boolean };

/** What the hub says of colleagues and booths. None: it is about something else. */
export function hearTeam(desk: Desk, message: HubToConsole): Team | null {
  const { team } = desk;
  switch (message.type) {
    case "colleagues":
      return { ...team, colleagues: message.colleagues };
    case "floor": {
      const { booth } = message;
      const entry: FloorEntry = {
        booth,
        attentionSince: desk.now - (booth.visit?.attention_age_ms ?? 0),
        began: desk.now - (booth.visit?.session_age_ms ?? 0),
        askedAt: desk.now - (booth.visit?.question?.age_ms ?? 0),
      };
      const others = team.floor.filter((one) => one.booth.booth !== booth.booth);
      return { ...team, floor: [...others, entry].sort(byName) };
    }
    case "floor_gone":
      return { ...team, floor: team.floor.filter((one) => one.booth.booth !== message.booth) };
    case "watching": {
      const { tile } = message;
      return { ...team, watch: tile === null ? null : { tile, attentionSince: desk.now - tile.attention_age_ms } };
    }
    case "welcome":
      // All of it follows anew; who was read along before the interruption is not any more.
      return { ...team, floor: [], watch: null, stepIn: null };
    case "tile":
    case "tile_gone":
    case "signal":
    case "office":
    case "refused":
    case "replaced":
    case "pong":
      return null;
  }
}

export function actTeam(desk: Desk, action: TeamAction): Step {
  const { team } = desk;
  switch (action.do) {
    case "open_team":
      return { desk: open(desk, action.panel, action.booth), send: [] };
    case "transfer": {
      const note = clip(action.note);
      return send(desk, { type: "transfer", session: action.session, to: action.to, note });
    }
    case "step_in": {
      if (desk.officer === null) return stay(desk);
      const message = { type: "transfer", session: action.session, to: desk.officer.id, note: "" } as const;
      return send(desk, message, { stepIn: action.session });
    }
    case "ask": {
      const question = clip(action.question);
      return desk.focus === null || question === ""
        ? stay(desk)
        : send(desk, { type: "ask", session: desk.focus, question });
    }
    case "close_question":
      return desk.focus === null ? stay(desk) : send(desk, { type: "close_question", session: desk.focus });
    case "answer": {
      const text = clip(action.text);
      return text === "" ? stay(desk) : send(desk, { type: "answer", session: action.session, text });
    }
    case "floor_cursor":
      return stay({ ...desk, team: { ...team, cursor: action.booth } });
    case "floor_by": {
      const at = team.floor.findIndex((one) => one.booth.booth === team.cursor);
      const index = at < 0 ? 0 : Math.min(Math.max(at + action.by, 0), team.floor.length - 1);
      const next = team.floor[index];
      return stay(next === undefined ? desk : { ...desk, team: { ...team, cursor: next.booth.booth } });
    }
    case "watch": {
      const visit = atCursor(desk)?.booth.visit ?? null;
      const watched = team.watch?.tile.snapshot.session;
      if (visit === null || visit.session === watched) {
        return watched === undefined ? stay(desk) : send(desk, { type: "watch", session: null }, { watch: null });
      }
      return visit.officer === desk.officer?.id ? stay(desk) : send(desk, { type: "watch", session: visit.session });
    }
    case "close_booth":
      return send(desk, { type: "close_booth", booth: action.booth, why: action.why });
    case "end_shift": {
      const { ending } = action;
      const told = { ...desk, capacity: ending ? 0 : desk.capacity };
      return send(told, { type: "end_shift", ending }, { ending });
    }
  }
}

/** Leaving the page of the floor ends reading along: nobody is watched behind another page. */
export function leaveFloor(before: Desk, step: Step): Step {
  const { desk } = step;
  if (before.page !== "floor" || desk.page === "floor" || desk.team.watch === null) return step;
  const told: ConsoleToHub[] = desk.link === "up" ? [{ type: "watch", session: null }] : [];
  return { desk: { ...desk, team: { ...desk.team, watch: null } }, send: [...step.send, ...told] };
}

export function isSupervisor(desk: Desk): boolean {
  return desk.team.colleagues.some((one) => one.officer === desk.officer?.id && one.supervisor);
}

/**
 * The officer has said that the shift ends, and nobody is left. A page that was loaded anew knows nobody until the hub has
 * named them.
 */
export function isShiftOver(desk: Desk): boolean {
  const named = desk.now - desk.stale.at >= STALE_AFTER_MS;
  return desk.team.ending && desk.link === "up" && named && desk.tiles.every((entry) => entry === null);
}

/** The row of the floor that keys act on. */
export function atCursor(desk: Desk): FloorEntry | null {
  return desk.team.floor.find((one) => one.booth.booth === desk.team.cursor) ?? null;
}

/** Who could take a session, with the reason why not. */
export type Taker = { colleague: Colleague; hindrance: "full" | "away" | "paused" | null };

/** Everybody but who has it, those with room first. */
export function takers(desk: Desk, from: string | null): Taker[] {
  const list = desk.team.colleagues
    .filter((colleague) => colleague.officer !== from && (!colleague.supervisor || colleague.capacity > 0))
    .map((colleague): Taker => ({ colleague, hindrance: hindranceOf(colleague) }));
  return [...list.filter((one) => one.hindrance === null), ...list.filter((one) => one.hindrance !== null)];
}

function hindranceOf(colleague: Colleague): Taker["hindrance"] {
  if (!colleague.here) return "away";
  if (colleague.capacity === 0) return "paused";
  return colleague.load >= colleague.capacity ? "full" : null;
}

export function nameOf(desk: Desk, officer: string | null): string | null {
  return desk.team.colleagues.find((one) => one.officer === officer)?.name ?? null;
}

/** Opens a panel about the booth in focus, or, on the page of the floor, about the one under the cursor. */
function open(desk: Desk, kind: TeamPanel["kind"], at?: BoothId): Desk {
  if (desk.link !== "up") return desk;
  const cursor = at ?? desk.team.cursor;
  const there = { ...desk, team: { ...desk.team, cursor } };
  const row = desk.page === "floor" ? atCursor(there) : null;
  const visit = row?.booth.visit ?? null;
  const panel = (found: TeamPanel | null) => (found === null ? desk : { ...there, panel: found });
  switch (kind) {
    case "ask":
      return panel(desk.page === "booths" && focused(desk) !== null ? { kind } : null);
    case "transfer": {
      if (row !== null) return panel(visit && { kind, session: visit.session });
      const tile = desk.page === "booths" ? focused(desk)?.tile : undefined;
      return panel(tile === undefined ? null : { kind, session: tile.snapshot.session });
    }
    case "answer":
      return panel(visit?.question ? { kind, session: visit.session } : null);
    case "step_in":
      return panel(visit && visit.officer !== desk.officer?.id ? { kind, session: visit.session } : null);
    case "close_booth":
      return panel(row && { kind, booth: row.booth.booth });
  }
}

/** The row of the floor with this session. */
export function rowOf(desk: Desk, session: SessionId): FloorEntry | null {
  return desk.team.floor.find((one) => one.booth.visit?.session === session) ?? null;
}

function send(desk: Desk, message: ConsoleToHub, change: Partial<Team> = {}): Step {
  if (desk.link !== "up") return stay(desk);
  return { desk: { ...desk, panel: null, team: { ...desk.team, ...change } }, send: [message] };
}

function clip(text: string): string {
  return Array.from(text.trim()).slice(0, MAX_MESSAGE).join("");
}

function stay(desk: Desk): Step {
  return { desk, send: [] };
}

function byName(a: FloorEntry, b: FloorEntry): number {
  return a.booth.booth_name.localeCompare(b.booth.booth_name, "id", { numeric: true });
}
