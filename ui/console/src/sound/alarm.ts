/** Two soft notes while somebody waits too long. Made in the browser: no file, nothing to download. */

/** Again after this long, as long as somebody waits. */
const EVERY_MS = 10_000;
const NOTES_HZ = [523.25, 659.25];
const LOUDNESS = 0.12;

export class Alarm {
  #context: AudioContext | null = null;
  #lastAt: number | null = null;
  #waking = false;

  /** Called with each tick of the desk. The first sound comes at once, or as soon as the browser lets it out. */
  follow(ringing: boolean, silent: boolean, now: number): void {
    if (!ringing) this.#lastAt = null;
    if (!ringing || silent || (this.#lastAt !== null && now - this.#lastAt < EVERY_MS)) return;
    this.#context ??= new AudioContext();
    if (this.#context.state === "running") {
      this.#lastAt = now;
      play(this.#context);
    } else {
      this.#wake(this.#context);
    }
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
