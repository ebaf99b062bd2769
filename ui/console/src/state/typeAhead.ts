/**
 * Keys that are typed faster than a panel opens.
 *
 * A key opens a panel; until the panel has the focus, a few hundredths of a second later, the next keys find neither the
 * desk nor the panel. They wait here, in order, and go one by one to where the focus is by then. While some wait, later
 * ones queue up behind them, so that nothing overtakes.
 *
 * ```text
 *   key ──► nothing waits, and the focus is somewhere ──────────────► (not held: goes its ordinary way)
 *     └───► held ──► the panel has the focus, or has gone ──► delivered, then the next one after the page was drawn
 *                └─► older than HELD_MS ─► dropped: nobody remembers having typed it
 * ```
 */
export type Held = { key: string; ctrl: boolean; shift: boolean };

/** Where a key goes now; "nowhere": something has opened and does not have the focus yet. */
export type Focus = "desk" | "panel" | "nowhere";

/** A key that has waited longer is dropped. */
export const HELD_MS = 2_000;
/** Nobody types more than this in that time. */
export const MAX_HELD = 32;

export type TypeAheadEvents = {
  focus(): Focus;
  deliver(key: Held, to: "desk" | "panel"): void;
  /** Runs it once what was delivered has had its effect on the page. */
  later(run: () => void): void;
};

export class TypeAhead {
  #held: { key: Held; at: number }[] = [];
  #due = false;
  #events: TypeAheadEvents;

  constructor(events: TypeAheadEvents) {
    this.#events = events;
  }

  /** Whether the key is held; if not, it goes its ordinary way. */
  take(key: Held, now: number): boolean {
    this.#drop(now);
    if (this.#held.length === 0 && this.#events.focus() !== "nowhere") return false;
    if (this.#held.length < MAX_HELD) this.#held.push({ key, at: now });
    this.go(now);
    return true;
  }

  /** The focus may have arrived somewhere. */
  go(now: number): void {
    this.#drop(now);
    if (this.#due || this.#held.length === 0) return;
    this.#due = true;
    this.#events.later(() => {
      this.#due = false;
      const to = this.#events.focus();
      if (to === "nowhere") return;
      const next = this.#held.shift();
      if (next === undefined) return;
      this.#events.deliver(next.key, to);
      this.go(next.at);
    });
  }

  /** Whoever gives up means all of it. */
  clear(): void {
    this.#held = [];
  }

  #drop(now: number): void {
    this.#held = this.#held.filter((one) => now - one.at < HELD_MS);
  }
}
