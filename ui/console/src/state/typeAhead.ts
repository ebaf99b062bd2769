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
/** After this long a panel is given the focus that it has not taken. A panel that closes has gone by then. */
export const RESCUE_MS = 400;
/** Nobody types more than this in that time. */
export const MAX_HELD = 32;

export type TypeAheadEvents = {
  focus(): Focus;
  deliver(key: Held, to: "desk" | "panel"): void;
  /** Runs it once what was delivered has had its effect on the page; if there is nothing to deliver to, after a while. */
  later(run: (now: number) => void, soon: boolean): void;
  /** The focus is nowhere for long: something is open that has not got it, or has lost it. */
  rescue(): void;
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
    this.#wait(true);
  }

  #wait(soon: boolean): void {
    this.#events.later((now) => {
      this.#due = false;
      this.#drop(now);
      const [next] = this.#held;
      if (next === undefined) return;
      const to = this.#events.focus();
      if (to === "nowhere") {
        if (now - next.at >= RESCUE_MS) this.#events.rescue();
        this.#due = true;
        this.#wait(false);
        return;
      }
      this.#held.shift();
      this.#events.deliver(next.key, to);
      this.go(now);
    }, soon);
  }

  /** Whoever gives up means all of it. */
  clear(): void {
    this.#held = [];
  }

  #drop(now: number): void {
    this.#held = this.#held.filter((one) => now - one.at < HELD_MS);
  }
}
