/**
 * Two soft notes when somebody has waited too long. Made in the browser: no file, nothing to download.
 *
 * They come a few times for each participant and then no more: who could come has heard them, and a sound that never ends
 * is one that is turned off for good. The tile goes on saying it.
 */
import type { SessionId } from "../wire/wire";

/** Again after this long. */
export const EVERY_MS = 10_000;
/** So often for one who waits. */
export const TIMES = 3;
const NOTES_HZ = [523.25, 659.25];
const LOUDNESS = 0.12;

export class Alarm {
  #context: AudioContext | null = null;
  #lastAt: number | null = null;
  #waking = false;
  /** How often it has sounded for each who waits. */
  #rung = new Map<SessionId, number>();

  /**
   * Called with each tick of the desk, and who has waited too long by then. The first sound comes at once, or as soon as the
   * browser lets it out.
   */
  follow(who: readonly SessionId[], silent: boolean, now: number): void {
    for (const session of this.#rung.keys()) if (!who.includes(session)) this.#rung.delete(session);
    if (who.length === 0) this.#lastAt = null;
    const due = who.filter((session) => (this.#rung.get(session) ?? 0) < TIMES);
    if (due.length === 0 || silent || (this.#lastAt !== null && now - this.#lastAt < EVERY_MS)) return;
    this.#context ??= new AudioContext();
    if (this.#context.state === "running") {
      this.#lastAt = now;
      for (const session of due) this.#rung.set(session, (this.#rung.get(session) ?? 0) + 1);
      play(this.#context);
    } else {
      this.#wake(this.#context);
    }
  }

  /** The page was touched: what the browser has kept back until then, it lets out if it is asked again. */
  touched(): void {
    if (this.#context?.state !== "suspended") return;
    this.#waking = false;
    this.#wake(this.#context);
  }

  /**
   * A browser keeps sound off until the page was touched; the tile tells the same by sight. Nothing is scheduled until
   * then: the clock of a sleeping context stands still, and all its notes would sound at once.
   */
  #wake(context: AudioContext): void {
    if (this.#waking) return;
    this.#waking = true;
    const done = () => {
      this.#waking = false;
    };
    void context.resume().then(done, done);
  }
}

function play(context: AudioContext): void {
  NOTES_HZ.forEach((frequency, index) => {
    const start = context.currentTime + index * 0.22;
    const note = context.createOscillator();
    const gain = context.createGain();
    note.frequency.value = frequency;
    gain.gain.setValueAtTime(0, start);
    gain.gain.linearRampToValueAtTime(LOUDNESS, start + 0.03);
    gain.gain.exponentialRampToValueAtTime(0.001, start + 0.6);
    note.connect(gain).connect(context.destination);
    note.start(start);
    note.stop(start + 0.65);
  });
}
