/** What a browser gives the console, played for the tests: sockets that a test opens and speaks through, devices, storage. */
import { vi } from "vitest";
import type { ConsoleToHub, HubToConsole } from "./wire/wire";

/** The hub's end of the console's socket, in the test's hands. */
export class FakeSocket {
  static readonly OPEN = 1;
  static #all: FakeSocket[] = [];

  readyState = 0;
  bufferedAmount = 0;
  sent: ConsoleToHub[] = [];
  /** Said at once in answer to a frame of this kind. */
  answers: Partial<Record<ConsoleToHub["type"], HubToConsole>> = {};
  onopen: (() => void) | null = null;
  onmessage: ((event: { data: string }) => void) | null = null;
  onclose: (() => void) | null = null;

  constructor() {
    FakeSocket.#all.push(this);
  }

  static newest(): FakeSocket {
    const socket = FakeSocket.#all.at(-1);
    if (socket === undefined) throw new Error("the console has opened no socket");
    return socket;
  }

  open(): void {
    this.readyState = FakeSocket.OPEN;
    this.onopen?.();
  }

  hear(message: HubToConsole): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }

  send(frame: string): void {
    const message = JSON.parse(frame) as ConsoleToHub;
    this.sent.push(message);
    const answer = this.answers[message.type];
    if (answer !== undefined) this.hear(answer);
  }

  close(): void {
    this.readyState = 3;
  }
}

export class FakeTrack {
  stopped = false;
  enabled = true;
  readonly kind: "video" | "audio";

  constructor(kind: "video" | "audio") {
    this.kind = kind;
  }

  addEventListener(): void {
    // Nobody pulls this camera out.
  }

  stop(): void {
    this.stopped = true;
  }
}

/** A camera and a microphone that are allowed at once. */
export class FakeDevices {
  readonly video = new FakeTrack("video");
  readonly audio = new FakeTrack("audio");

  addEventListener(): void {
    // Nothing is plugged in or out.
  }

  removeEventListener(): void {
    // As above.
  }

  getUserMedia(): Promise<unknown> {
    return Promise.resolve({
      getTracks: () => [this.video, this.audio],
      getVideoTracks: () => [this.video],
      getAudioTracks: () => [this.audio],
    });
  }
}

/** Between two pictures of the screen. */
export const PICTURE_MS = 16;

/** Puts all of it in the browser's place, until `vi.unstubAllGlobals`. Call after `vi.useFakeTimers`. */
export function standIn(): FakeDevices {
  const devices = new FakeDevices();
  const store = new Map<string, string>();
  vi.stubGlobal("window", globalThis);
  vi.stubGlobal("location", { protocol: "https:", host: "hub" });
  vi.stubGlobal("WebSocket", FakeSocket);
  vi.stubGlobal("document", { hidden: false });
  vi.stubGlobal("requestAnimationFrame", (draw: () => void) => setTimeout(draw, PICTURE_MS));
  vi.stubGlobal("cancelAnimationFrame", clearTimeout);
  vi.stubGlobal("navigator", { mediaDevices: devices });
  vi.stubGlobal("localStorage", {
    getItem: (key: string) => store.get(key) ?? null,
    setItem: (key: string, value: string) => store.set(key, value),
  });
  return devices;
}
