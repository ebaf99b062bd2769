/** Made-up sessions for the tests. Everybody is a specimen. */
import type { Attention, CallMode, Check, HubToConsole, Item, ItemView, SessionSnapshot, Tile } from "../wire/wire";
import { PROTOCOL } from "../wire/wire";
import type { Desk } from "./model";
import { emptyDesk } from "./model";
import { reduce } from "./reducer";

export const OFFICER = "officer-1";

export function row(item: Item, check: Check["kind"] = "pending", photo: number | null = null): ItemView {
  const state: Check = check === "asked_again" ? { kind: check, reason: "Nama belum lengkap." } : { kind: check };
  return { item, value: "document" in item ? "" : "SPECIMEN", doubts: [], photo, check: state };
}

export function snapshot(slot: number, change: Partial<SessionSnapshot> = {}): SessionSnapshot {
  return {
    session: `session-${slot}`,
    revision: 1,
    language: "id",
    step: "verification",
    name: "Budi Specimen",
    turn: "officer",
    items: [
      row({ field: "nik" }),
      row({ field: "name" }),
      row({ document: "identity_card" }, "pending", 1),
      row({ document: "bank_book" }, "pending", 1),
    ],
    microphone_muted: false,
    message: null,
    tracking: null,
    ...change,
  };
}

export type TileChange = Partial<Omit<Tile, "snapshot">> & { snapshot?: Partial<SessionSnapshot> };

export function tile(slot: number, change: TileChange = {}): Tile {
  const attention: Attention = "self_serving";
  const mode: CallMode = "tile";
  return {
    slot,
    booth: `booth-${slot}`,
    booth_name: `Bilik ${slot}`,
    state: {
      queued: 0,
      refused: 0,
      lost: 0,
      audit: null,
      reader: "ready",
      camera: "ready",
      document_camera: "ready",
      microphone: "ready",
      call: { carried_kbps: 3_000, picture_kbps: 2_500 },
      out_of_service: null,
      closed: null,
    },
    online: true,
    call: slot,
    mode,
    attention,
    attention_age_ms: 0,
    session_age_ms: 0,
    note: null,
    question: null,
    watched_by: null,
    ...change,
    snapshot: snapshot(slot, change.snapshot),
  };
}

export function hear(desk: Desk, message: HubToConsole, now = desk.now): Desk {
  return reduce(desk, { type: "hub", message, now }).desk;
}

export const WELCOME: Extract<HubToConsole, { type: "welcome" }> = {
  type: "welcome",
  protocol: PROTOCOL,
  officer: OFFICER,
  name: "Sari Specimen",
  branch_name: "Cabang Specimen",
  capacity: 6,
  ending: false,
  time: 0,
};

/** A desk with these booths, and the first one in focus. */
export function deskWith(...tiles: Tile[]): Desk {
  const up = hear(emptyDesk(0), WELCOME);
  const full = tiles.reduce((desk, one) => hear(desk, { type: "tile", tile: one }), up);
  const slot = tiles[0]?.slot ?? 1;
  return reduce(full, { type: "action", action: { do: "focus_slot", slot }, now: 0 }).desk;
}
