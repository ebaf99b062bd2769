/**
 * Which key does what. The desk works without a mouse: letters and digits act wherever the officer is, unless they type
 * a text or a panel is open; Enter and Space belong to a button that the officer has gone to by Tab.
 */
import type { Action, Page } from "./model";

export type KeyPress = {
  key: string;
  ctrl: boolean;
  alt: boolean;
  meta: boolean;
  /** Held down: only moving and zooming repeat. */
  repeat: boolean;
};

export type KeyPlace = {
  /** In a text field. */
  typing: boolean;
  /** A panel, menu or dialogue is open and has its own keys. */
  panel: boolean;
  /** On a button, tab or link that Enter and Space would press. */
  control: boolean;
};

/** Keys as shown on buttons, in one place with their meaning below. */
export const KEY = {
  mute: "M",
  hold: "H",
  message: "T",
  note: "N",
  end: "E",
  askAgain: "R",
  takeBack: "U",
  sendBack: "K",
  rotate: "O",
  compare: "B",
  enlarge: "V",
  claims: "L",
  transfer: "A",
  ask: "Q",
  floor: "P",
  watch: "W",
  stepIn: "I",
  answer: "J",
  closeBooth: "X",
  statistics: "S",
  help: "?",
} as const;

const LETTERS: Readonly<Record<string, Action>> = {
  [KEY.mute]: { do: "mute" },
  [KEY.hold]: { do: "hold" },
  [KEY.message]: { do: "open", panel: "message" },
  [KEY.note]: { do: "open", panel: "note" },
  [KEY.end]: { do: "open", panel: "end" },
  [KEY.askAgain]: { do: "open_ask_again" },
  [KEY.takeBack]: { do: "take_back" },
  [KEY.sendBack]: { do: "open", panel: "return" },
  [KEY.rotate]: { do: "rotate" },
  [KEY.compare]: { do: "compare" },
  [KEY.enlarge]: { do: "enlarge" },
  [KEY.help]: { do: "open", panel: "keys" },
  [KEY.transfer]: { do: "open_team", panel: "transfer" },
  [KEY.ask]: { do: "open_team", panel: "ask" },
};

/** On the page of the floor, about the row under the cursor. */
const FLOOR: Readonly<Record<string, Action>> = {
  [KEY.watch]: { do: "watch" },
  [KEY.stepIn]: { do: "open_team", panel: "step_in" },
  [KEY.transfer]: { do: "open_team", panel: "transfer" },
  [KEY.answer]: { do: "open_team", panel: "answer" },
  [KEY.closeBooth]: { do: "open_team", panel: "close_booth" },
};

const REPEATING: Readonly<Record<string, Action>> = {
  ArrowUp: { do: "cursor_by", by: -1 },
  ArrowDown: { do: "cursor_by", by: 1 },
  "+": { do: "zoom", by: 1 },
  "=": { do: "zoom", by: 1 },
  "-": { do: "zoom", by: -1 },
};

export function actionFor(press: KeyPress, place: KeyPlace, page: Page): Action | null {
  if (press.alt || press.meta || place.typing || place.panel) return null;
  if (press.ctrl) {
    return press.key === "Enter" && !press.repeat && page === "booths" ? { do: "approve" } : null;
  }
  const letter = press.key.toUpperCase();
  // These work on every page: whoever reads the list still has to answer a booth.
  if (!press.repeat) {
    if (/^[1-6]$/.test(press.key)) return { do: "focus_slot", slot: Number(press.key) };
    if (letter === KEY.claims) return { do: "page", page: page === "claims" ? "booths" : "claims" };
    if (letter === KEY.floor) return { do: "page", page: page === "floor" ? "booths" : "floor" };
    if (letter === KEY.statistics) return { do: "page", page: page === "statistics" ? "booths" : "statistics" };
    if (press.key === " ") return place.control ? null : { do: "focus_next" };
    if (letter === KEY.mute || letter === KEY.hold || letter === KEY.help) return LETTERS[letter] ?? null;
  }
  if (page === "floor") {
    if (press.key === "ArrowUp" || press.key === "ArrowDown")
      return { do: "floor_by", by: press.key === "ArrowUp" ? -1 : 1 };
    return press.repeat ? null : (FLOOR[letter] ?? null);
  }
  if (page !== "booths") return null;
  const repeating = REPEATING[press.key];
  if (repeating !== undefined) return repeating;
  if (press.repeat) return null;
  switch (press.key) {
    case "Enter":
      return place.control ? null : { do: "correct" };
    case "Escape":
      return { do: "close" };
    case "0":
      return { do: "zoom", by: 0 };
    case "ArrowLeft":
      return { do: "view_by", by: -1 };
    case "ArrowRight":
      return { do: "view_by", by: 1 };
    default:
      return LETTERS[letter] ?? null;
  }
}
