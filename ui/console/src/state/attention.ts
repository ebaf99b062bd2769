/** Who needs the officer: order, alarm, and where a session stands, in terms a view can show. */
import type { SessionId, Step } from "../wire/wire";
import type { Desk, TileState } from "./model";
import { focused, tileOf } from "./model";

/** A participant who has waited this long for the officer sets off the alarm (DESIGN: one to many). */
export const ALARM_AFTER_MS = 30_000;

export function needsOfficer(entry: TileState): boolean {
  return entry.tile.attention === "needs_officer";
}

/** Everybody who waits, the longest first. The booth in focus is being looked at, unless it is on hold. */
export function waiting(desk: Desk): TileState[] {
  return desk.tiles
    .filter((entry): entry is TileState => entry !== null && needsOfficer(entry))
    .filter((entry) => entry.tile.snapshot.session !== desk.focus || entry.tile.mode === "hold")
    .sort((a, b) => a.attentionSince - b.attentionSince || a.tile.slot - b.tile.slot);
}

export function isAlarming(entry: TileState, now: number): boolean {
  return needsOfficer(entry) && now - entry.attentionSince >= ALARM_AFTER_MS;
}

/** Who has waited too long. */
export function alarming(desk: Desk): SessionId[] {
  if (desk.link !== "up") return [];
  return waiting(desk)
    .filter((entry) => isAlarming(entry, desk.now))
    .map((entry) => entry.tile.snapshot.session);
}

/** Progress bar: done steps of the seven that the participant sees. */
const DONE: Record<Step, number> = {
  consent: 0,
  identify: 1,
  reason: 2,
  details: 3,
  documents: 4,
  review: 5,
  verification: 6,
  signing: 6.5,
  kept: 7,
  confirmed: 7,
  returned: 7,
};

export function progress(step: Step): number {
  return DONE[step] / 7;
}

/** Whether something said to the booth in focus would arrive. */
export function canTell(desk: Desk): boolean {
  return desk.link === "up" && focused(desk)?.tile.online === true;
}

/** Whether the booth takes a verdict on a row: from the first answer on, until the claim is decided. */
export function canCheck(desk: Desk): boolean {
  const step = focused(desk)?.tile.snapshot.step;
  return step !== undefined && canTell(desk) && !isDecided(step);
}

/** Whether the booth takes a decision: in the verification only, and one at a time. */
export function canDecide(desk: Desk): boolean {
  return canCheck(desk) && desk.decision === null && focused(desk)?.tile.snapshot.step === "verification";
}

/** Whether the session is decided and only its last screens run. */
export function isDecided(step: Step): boolean {
  switch (step) {
    case "signing":
    case "kept":
    case "confirmed":
    case "returned":
      return true;
    case "consent":
    case "identify":
    case "reason":
    case "details":
    case "documents":
    case "review":
    case "verification":
      return false;
  }
}

/** Whether the text that was sent stands on the booth's screen. */
export function messageShown(desk: Desk): boolean {
  const message = desk.message;
  return message !== null && tileOf(desk, message.session)?.tile.snapshot.message === message.text;
}
