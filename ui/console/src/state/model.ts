/**
 * What the console knows, in one value. Only `reducer.ts` makes a new one; views show it; nothing here touches a clock,
 * a socket or the page. Times are milliseconds of one monotonic clock (`performance.now()`), handed in with each event.
 */
import type { NetworkWord } from "../call/health";
import type {
  BoothId,
  ConsoleToHub,
  DocumentKind,
  HubToConsole,
  ItemView,
  OfficeView,
  OfficerId,
  Refusal,
  SessionId,
  Tile,
  Verdict,
} from "../wire/wire";
import type { ItemCode } from "./items";
import type { Team, TeamAction, TeamPanel } from "./team";
import { NO_TEAM } from "./team";
import type { ViewerState } from "./viewer";
import { EMPTY_VIEWER } from "./viewer";

/** An officer has at most this many booths: the keys 1 to 6. */
export const SLOTS = 6;
/** After a reconnect the hub sends every tile at once; what it has not named by then is no longer this officer's. */
export const STALE_AFTER_MS = 2_000;

/** Where the line to the hub stands. */
export type LinkState =
  | "connecting"
  | "up"
  /** Lost; the link tries again by itself. */
  | "lost"
  /** The same officer has opened another console. */
  | "replaced"
  /** The hub speaks another protocol: the page has to be loaded anew. */
  | "outdated"
  /** The hub knows the cookie no more. */
  | "signed_out";

/** One of the officer's sessions, with its age turned into a point on our own clock. */
export type TileState = { tile: Tile; attentionSince: number };

export type Officer = { id: OfficerId; name: string; branch: string };

/** A verdict on its way: shown as sent until the booth's snapshot says the same. */
export type SentVerdict = {
  kind: Verdict["kind"];
  /** The row as the officer judged it, and the snapshot that showed it. */
  seen: ItemView;
  revision: number;
  at: number;
};

/** What did not work without the hub having refused it. */
export type Trouble =
  /** The booth did not confirm it in time. */
  | "unanswered"
  /** There was no line to send it on. */
  | "unsent"
  /** The participant had changed the answer before the verdict reached the booth. */
  | "changed";

/** What stands open over the desk; keys belong to it while it does. */
export type Panel =
  | { kind: "ask_again"; item: ItemCode }
  | { kind: "message" }
  | { kind: "note" }
  | { kind: "return" }
  | { kind: "end" }
  | { kind: "keys" }
  | TeamPanel;

/** How a booth's call does, from the call layer. */
export type CallHealth = { live: boolean; network: NetworkWord };

export type Page = "booths" | "claims" | "floor" | "statistics";

export type Desk = {
  now: number;
  link: LinkState;
  officer: Officer | null;
  capacity: number;
  office: OfficeView | null;
  /** Index is the slot less one. A tile keeps its place while its session lasts. */
  tiles: readonly (TileState | null)[];
  /** Sessions of before a reconnect that the hub has not named again. */
  stale: { sessions: readonly SessionId[]; at: number };
  /** Changes only when the officer says so, or when that session is gone. */
  focus: SessionId | null;
  /** The row of the checklist that Enter and R act on. */
  cursor: ItemCode | null;
  viewer: ViewerState;
  sent: Readonly<Partial<Record<ItemCode, SentVerdict>>>;
  message: { session: SessionId; text: string; at: number } | null;
  /** What the officer has noted for colleagues, until it goes out with the decision. */
  notes: Readonly<Partial<Record<SessionId, string>>>;
  decision: { session: SessionId; kind: "verified" | "returned"; at: number } | null;
  /** The officer's own microphone. */
  muted: boolean;
  health: Readonly<Partial<Record<BoothId, CallHealth>>>;
  /** What did not work. */
  refusal: { reason: Refusal | Trouble; at: number } | null;
  /** The way out: asked of the hub, or not heard by it so far. While the hub has not heard it, the cookie holds. */
  leaving: "asked" | "unheard" | null;
  panel: Panel | null;
  page: Page;
  team: Team;
};

/** What the officer wants, however they said it. */
export type Action =
  | { do: "focus_slot"; slot: number }
  | { do: "focus_next" }
  | { do: "hold" }
  | { do: "mute" }
  | { do: "capacity"; capacity: number }
  | { do: "cursor"; item: ItemCode }
  | { do: "cursor_by"; by: 1 | -1 }
  /** On one item, or on the one under the cursor. */
  | { do: "correct"; item?: ItemCode }
  | { do: "take_back"; item?: ItemCode }
  | { do: "ask_again"; item: ItemCode; reason: string }
  | { do: "open_ask_again"; item?: ItemCode }
  | { do: "open"; panel: "message" | "note" | "return" | "end" | "keys" }
  | { do: "close" }
  | { do: "message"; text: string }
  | { do: "note"; text: string }
  | { do: "approve" }
  | { do: "return"; reasons: string[] }
  | { do: "end_session" }
  | { do: "view"; document: DocumentKind }
  | { do: "view_by"; by: 1 | -1 }
  | { do: "zoom"; by: 1 | -1 | 0 }
  | { do: "rotate" }
  | { do: "compare" }
  | { do: "enlarge" }
  | { do: "page"; page: Page }
  | TeamAction;

export type Event =
  | { type: "hub"; message: HubToConsole; now: number }
  | { type: "link"; link: LinkState; now: number }
  | { type: "health"; booth: BoothId; health: CallHealth; now: number }
  | { type: "action"; action: Action; now: number }
  /** The link could not take a frame that an earlier step asked for. */
  | { type: "unsent"; message: ConsoleToHub; now: number }
  | { type: "leaving"; leaving: Desk["leaving"]; now: number }
  | { type: "tick"; now: number };

/** Nobody in focus: nothing of the last one is left on the right side either. */
export const NO_FOCUS = {
  focus: null,
  cursor: null,
  sent: {},
  panel: null,
  viewer: EMPTY_VIEWER,
} satisfies Partial<Desk>;

export function emptyDesk(now: number): Desk {
  return {
    now,
    link: "connecting",
    officer: null,
    capacity: 0,
    office: null,
    tiles: Array<null>(SLOTS).fill(null),
    stale: { sessions: [], at: now },
    message: null,
    notes: {},
    decision: null,
    muted: false,
    health: {},
    refusal: null,
    leaving: null,
    ...NO_FOCUS,
    page: "booths",
    team: NO_TEAM,
  };
}

export function tileOf(desk: Desk, session: SessionId | null): TileState | null {
  return session === null ? null : (desk.tiles.find((entry) => entry?.tile.snapshot.session === session) ?? null);
}

/** The booth in focus. */
export function focused(desk: Desk): TileState | null {
  return tileOf(desk, desk.focus);
}
