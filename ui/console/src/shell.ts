/**
 * The one place where things happen: it holds the desk, hands every event to the reducer, and carries out what comes
 * back. Views read `desk` and call `act`; link, calls and camera send events in.
 */
import { Camera } from "./call/camera";
import type { CameraState } from "./call/camera";
import { Switchboard } from "./call/switchboard";
import { HubLink } from "./link/hubLink";
import { logout } from "./link/http";
import { Alarm } from "./sound/alarm";
import { alarming } from "./state/attention";
import type { Action, Desk, Event } from "./state/model";
import { emptyDesk } from "./state/model";
import { hasEnded, reduce } from "./state/reducer";
import { isShiftOver } from "./state/team";
import type { BoothId, HubToConsole } from "./wire/wire";

/** What views are shown; a new value after each change. */
export type View = { desk: Desk; camera: CameraState; streams: number; alarmSilent: boolean };

const TICK_MS = 500;
/** How long until a hub that did not answer is asked again to sign the officer out. */
export const SIGN_OUT_AGAIN_MS = 5_000;
const SILENT_KEY = "bilik.alarm-silent";

export class Shell {
  #view: View;
  #listeners = new Set<() => void>();
  #telling: number | null = null;
  #alarm = new Alarm();
  #camera = new Camera(() => {
    this.#change({ camera: this.#camera.state });
    this.#camera.setMuted(this.#view.desk.muted);
    this.#switchboard.sync(this.#view.desk);
  });
  #switchboard = new Switchboard(this.#camera, {
    send: (message) => {
      // A signal that does not go out is of no use later: a new line means new calls.
      this.#link.send(message);
    },
    onHealth: (booth, health) => {
      this.#handle({ type: "health", booth, health, now: performance.now() });
    },
    onStreams: () => {
      this.#change({ streams: this.#view.streams + 1 }, true);
    },
  });
  #link = new HubLink({
    onMessage: (message) => {
      this.#hear(message);
    },
    onState: (link) => {
      this.#handle({ type: "link", link, now: performance.now() });
    },
  });
  #timer: number;
  #signOutAgain: number | undefined;
  #signingOut = false;
  #onSignedOut: (byOfficer: boolean) => void;

  /** `onSignedOut` hears once that it is over, and whether the officer wanted it. */
  constructor(onSignedOut: (byOfficer: boolean) => void) {
    this.#onSignedOut = onSignedOut;
    const alarmSilent = localStorage.getItem(SILENT_KEY) === "1";
    this.#view = { desk: emptyDesk(performance.now()), camera: this.#camera.state, streams: 0, alarmSilent };
    this.#timer = window.setInterval(() => {
      const now = performance.now();
      this.#handle({ type: "tick", now });
      this.#alarm.follow(alarming(this.#view.desk), this.#view.alarmSilent, now);
    }, TICK_MS);
  }

  start(): void {
    this.#link.open();
    void this.#camera.open();
  }

  /** Ends everything. Nothing of a participant is left in this object's hands. */
  stop(): void {
    this.#listeners.clear();
    this.#rest();
  }

  /** Lets go of devices, calls and timers. What is shown stays, so that a page that has ended can say why. */
  #rest(): void {
    window.clearInterval(this.#timer);
    window.clearTimeout(this.#signOutAgain);
    this.#link.close();
    this.#switchboard.close();
    this.#camera.close();
  }

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  view = (): View => this.#view;

  act = (action: Action): void => {
    this.#handle({ type: "action", action, now: performance.now() });
  };

  stream = (booth: BoothId): MediaStream | null => this.#switchboard.stream(booth);

  openCamera = (): void => {
    void this.#camera.open();
  };

  /** A key or a click, of whatever kind: a browser lets sound out after it. */
  touched = (): void => {
    this.#alarm.touched();
  };

  silenceAlarm = (silent: boolean): void => {
    localStorage.setItem(SILENT_KEY, silent ? "1" : "0");
    this.#change({ alarmSilent: silent });
  };

  /** Only the hub can sign an officer out; until it has answered, it is asked again and the desk says so. */
  signOut = async (): Promise<void> => {
    window.clearTimeout(this.#signOutAgain);
    if (this.#view.desk.leaving === null) this.#leave("asked");
    if (this.#signingOut) return;
    this.#signingOut = true;
    const out = await logout();
    this.#signingOut = false;
    if (out) {
      this.#handle({ type: "link", link: "signed_out", now: performance.now() });
    } else if (this.#view.desk.leaving !== null) {
      this.#leave("unheard");
      this.#signOutAgain = window.setTimeout(() => void this.signOut(), SIGN_OUT_AGAIN_MS);
    }
  };

  /** The officer stays after all. */
  stay = (): void => {
    window.clearTimeout(this.#signOutAgain);
    this.#leave(null);
  };

  #leave(leaving: Desk["leaving"]): void {
    this.#handle({ type: "leaving", leaving, now: performance.now() });
  }

  #hear(message: HubToConsole): void {
    this.#handle({ type: "hub", message, now: performance.now() });
    if (message.type === "signal") this.#switchboard.signal(message.booth, message.call, message.signal);
  }

  /** What the officer does is shown at once; what comes from elsewhere, with whatever else comes until the next picture. */
  #handle(event: Event): void {
    const before = this.#view.desk;
    const { desk, send } = reduce(before, event);
    if (desk.muted !== before.muted) this.#camera.setMuted(desk.muted);
    if (desk !== before) this.#change({ desk }, event.type !== "action");
    if (desk.tiles !== before.tiles || desk.focus !== before.focus) this.#switchboard.sync(desk);
    if (hasEnded(desk) && !hasEnded(before)) this.#rest();
    if (isShiftOver(desk) && !isShiftOver(before)) void this.signOut();
    if (desk.link === "signed_out" && before.link !== "signed_out") {
      this.stop();
      this.#onSignedOut(before.leaving !== null);
    }
    for (const message of send) {
      if (!this.#link.send(message)) this.#handle({ type: "unsent", message, now: performance.now() });
    }
  }

  /** `soon`: views are told before the next picture. A booth that comes back brings a dozen messages, and its call would wait. */
  #change(change: Partial<View>, soon = false): void {
    this.#view = { ...this.#view, ...change };
    // Nothing is painted in a tab that nobody sees, but its title still tells who waits.
    if (!soon || document.hidden) this.#tell();
    else this.#telling ??= requestAnimationFrame(this.#tell);
  }

  #tell = (): void => {
    if (this.#telling !== null) cancelAnimationFrame(this.#telling);
    this.#telling = null;
    for (const listener of this.#listeners) listener();
  };
}
