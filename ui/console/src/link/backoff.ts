/** How long to wait before the next try: doubling, with jitter, so that six consoles do not knock at the same moment. */
export const FIRST_MS = 500;
export const LONGEST_MS = 4_000;

/** `attempt` counts from 0; `random` is in [0, 1). Between half and all of the doubled step. */
export function backoff(attempt: number, random: number): number {
  const step = Math.min(FIRST_MS * 2 ** Math.min(attempt, 16), LONGEST_MS);
  return step * (0.5 + random / 2);
}
