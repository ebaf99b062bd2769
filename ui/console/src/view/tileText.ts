/** What a tile says, in words: one place for the tiles, the spoken names and the tests. */
import { isWeak } from "../call/health";
import type { Dictionary } from "../lang/dictionary";
import { isAlarming, isDecided, needsOfficer } from "../state/attention";
import { clock } from "../state/format";
import type { CallHealth, TileState } from "../state/model";
import { NARROW_KBPS } from "../wire/wire";

export type TileText = {
  step: string;
  /** The time that counts, and what it counts. */
  time: string;
  turn: string;
  tone: "calm" | "waiting" | "alarm" | "lost";
  network: string;
  networkWeak: boolean;
};

export function tileText(entry: TileState, health: CallHealth | undefined, now: number, t: Dictionary): TileText {
  const { tile } = entry;
  const { snapshot } = tile;
  const tone = !tile.online ? "lost" : isAlarming(entry, now) ? "alarm" : needsOfficer(entry) ? "waiting" : "calm";
  const network = networkWord(entry, health, t);
  return {
    step: stepText(entry, t),
    time: clock(now - entry.attentionSince),
    turn: isDecided(snapshot.step) && tile.attention === "self_serving" ? t.turnDone : turnText(entry, t),
    tone,
    ...network,
  };
}

function stepText(entry: TileState, t: Dictionary): string {
  const { snapshot } = entry.tile;
  if (needsOfficer(entry)) return snapshot.turn === "help" ? t.asksForHelp : t.waitsForYou;
  if (snapshot.turn === "correction") return t.corrects;
  return entry.tile.attention === "on_hold" ? t.onHold : t.step[snapshot.step];
}

function turnText(entry: TileState, t: Dictionary): string {
  switch (entry.tile.attention) {
    case "needs_officer":
      return t.turnWaiting;
    case "self_serving":
      return t.turnSelf;
    case "in_focus":
      return t.turnFocus;
    case "on_hold":
      return t.turnHold;
    case "lost":
      return t.turnLost;
  }
}

function networkWord(entry: TileState, health: CallHealth | undefined, t: Dictionary) {
  const { tile } = entry;
  if (!tile.online) return { network: t.turnLost, networkWeak: true };
  if (tile.state.camera !== "ready") return { network: t.noCamera, networkWeak: true };
  // The camera stays off until the participant has consented.
  if (tile.call === null && tile.mode !== "hold") return { network: t.cameraLater, networkWeak: false };
  // Nothing is sent on hold, so the last word on the network says nothing any more.
  if (tile.mode === "hold") return { network: t.cameraHeld, networkWeak: false };
  const heard = health?.network ?? "unknown";
  const carried = tile.state.call?.carried_kbps ?? 0;
  // What comes may come well and be little: the booth sends no more than the path carries.
  const word = heard === "good" && carried > 0 && carried < NARROW_KBPS ? "narrow" : heard;
  return { network: t.network[word], networkWeak: word === "narrow" || isWeak(word) || word === "none" };
}
