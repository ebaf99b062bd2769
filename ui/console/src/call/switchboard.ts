/** All calls of this console: one `BoothCall` for each booth, made, exchanged and ended here. */
import type { CallHealth, Desk } from "../state/model";
import type { BoothId, CallId, ConsoleToHub, Signal } from "../wire/wire";
import { BoothCall } from "./boothCall";
import type { Camera } from "./camera";
import { plan } from "./plan";

export type SwitchboardEvents = {
  send(message: ConsoleToHub): void;
  onHealth(booth: BoothId, health: CallHealth): void;
  /** A booth's stream came, changed or went. */
  onStreams(): void;
};

export class Switchboard {
  #calls = new Map<BoothId, BoothCall>();
  #events: SwitchboardEvents;
  #camera: Camera;
  #desk: Desk | null = null;

  constructor(camera: Camera, events: SwitchboardEvents) {
    this.#camera = camera;
    this.#events = events;
  }

  stream(booth: BoothId): MediaStream | null {
    return this.#calls.get(booth)?.stream ?? null;
  }

  /** Brings all calls in line with the desk: after each change of it, and of the camera. */
  sync(desk: Desk): void {
    this.#desk = desk;
    const plans = new Map(plan(desk).map((one) => [one.booth, one]));
    for (const [booth, call] of this.#calls) {
      const wanted = plans.get(booth);
      // The hub tells of a tile before anything about its call, and says so when a call is over.
      if (wanted === undefined || wanted.call === null) this.#end(booth);
      else call.follow(wanted.mode, wanted.expected, this.#camera.state);
    }
  }

  signal(booth: BoothId, id: CallId, signal: Signal): void {
    switch (signal.kind) {
      case "offer":
        void this.#callFor(booth, id)?.offer(signal.sdp);
        return;
      case "candidate":
        void this.#callFor(booth, id)?.candidate(signal.candidate);
        return;
      case "answer":
        // Only a console answers.
        return;
    }
  }

  close(): void {
    for (const booth of [...this.#calls.keys()]) this.#end(booth);
  }

  /** The call of this id; a newer id replaces the running call, an older one is late and gone. */
  #callFor(booth: BoothId, id: CallId): BoothCall | null {
    const running = this.#calls.get(booth);
    if (running?.call === id) return running;
    if (running !== undefined && running.call > id) return null;
    running?.close();
    const call = new BoothCall(booth, id, this.#camera.state, {
      onSignal: (signal) => {
        this.#events.send({ type: "signal", booth, call: id, signal });
      },
      onHealth: (live, network) => {
        this.#events.onHealth(booth, { live, network });
      },
      onFailed: () => {
        this.#events.send({ type: "call_failed", booth, call: id });
      },
      onTracks: () => {
        this.#events.onStreams();
      },
    });
    this.#calls.set(booth, call);
    if (this.#desk !== null) this.sync(this.#desk);
    this.#events.onStreams();
    return call;
  }

  #end(booth: BoothId): void {
    this.#calls.get(booth)?.close();
    this.#calls.delete(booth);
    this.#events.onHealth(booth, { live: false, network: "unknown" });
    this.#events.onStreams();
  }
}
