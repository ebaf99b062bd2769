/** What a booth of the floor says, in words: one place for the rows, the spoken names and the tests. */
import type { Dictionary } from "../../lang/dictionary";
import { ALARM_AFTER_MS, isDecided } from "../../state/attention";
import { clock } from "../../state/format";
import type { FloorEntry } from "../../state/team";

export type FloorText = {
  step: string;
  state: string;
  /** How long it has been so; none where nobody waits for the answer. */
  time: string | null;
  tone: "calm" | "waiting" | "alarm" | "lost" | "closed" | "empty";
};

export function floorText(entry: FloorEntry, now: number, t: Dictionary): FloorText {
  const { booth } = entry;
  const { visit } = booth;
  if (visit === null) return emptyText(entry, t);
  const age = now - entry.attentionSince;
  const needs = visit.attention === "needs_officer";
  const decided = isDecided(visit.step) && visit.attention === "self_serving";
  const state = needs && visit.turn === "help" ? t.floor.help : decided ? t.turnDone : t.floor.state[visit.attention];
  return {
    step: visit.turn === "correction" ? t.corrects : t.step[visit.step],
    state,
    time: clock(age),
    tone: !booth.online ? "lost" : needs ? (age >= ALARM_AFTER_MS ? "alarm" : "waiting") : "calm",
  };
}

function emptyText({ booth }: FloorEntry, t: Dictionary): FloorText {
  const { closed, out_of_service: reason } = booth.state;
  const text = (state: string, tone: FloorText["tone"]): FloorText => ({
    step: t.floor.empty,
    state,
    time: null,
    tone,
  });
  if (!booth.online) return text(t.floor.offline, "lost");
  if (closed !== null) return text(t.floor.closed[closed], "closed");
  return reason === null ? text(t.floor.emptyState, "empty") : text(t.floor.outOfService, "lost");
}
