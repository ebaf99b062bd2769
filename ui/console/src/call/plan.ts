/** What each call should do, from the desk. Pure: the switchboard compares and carries out. */
import type { Desk } from "../state/model";
import type { BoothId, CallId, CallMode } from "../wire/wire";

export type CallPlan = { booth: BoothId; call: CallId | null; mode: CallMode; expected: boolean };

/** One plan for each booth of this officer; a booth that is not among them is not looked at. */
export function plan(desk: Desk): CallPlan[] {
  return desk.tiles.flatMap((entry) => {
    if (entry === null) return [];
    const { booth, mode, online, call, snapshot, state } = entry.tile;
    // The microphone follows both words: the hub's mode, so that nothing is heard on hold, and the officer's own
    // choice, so that the last one hears nothing more from the moment of the key.
    const own: CallMode = mode === "focus" && snapshot.session !== desk.focus ? "tile" : mode;
    const expected = online && call !== null && mode !== "hold" && state.camera === "ready";
    return [{ booth, call, mode: own, expected }];
  });
}
