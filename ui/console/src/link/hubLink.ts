/**
 * The WebSocket to the hub: opens, says hello, pings, and opens anew when it breaks. It decides nothing about the desk.
 *
 * A browser does not tell why a socket could not be opened, so after each failure `me` is asked whether the cookie still
 * holds; if not, the officer has to log in and nothing is tried again.
 */
import type { LinkState } from "../state/model";
import type { ConsoleToHub, HubToConsole } from "../wire/wire";
import { PROTOCOL } from "../wire/wire";
import { backoff } from "./backoff";
import { readFrame } from "./frame";
import { stillLoggedIn } from "./http";

/** A sign of life goes out this often; the hub answers each. */
export const PING_MS = 2_000;
/**
 * A ping without any frame after it for this long means that the line is dead, whatever TCP believes. It counts from the
 * ping, not from the last frame: browsers let the timers of a hidden page run once a minute.
 */
export const UNANSWERED_MS = 4_000;
/** What waits to be sent while the line is slow; beyond this it is taken for dead. */
const MAX_BUFFERED = 1 << 20;

export type LinkEvents = { onMessage(message: HubToConsole): void; onState(state: LinkState): void };

export class HubLink {
  #events: LinkEvents;
  #socket: WebSocket | null = null;
  #attempt = 0;
  /** When the first hello or ping went out that nothing was heard after. */
  #askedAt: number | null = null;
  #pulse: number | undefined;
  #retry: number | undefined;
  #ended = false;

  constructor(events: LinkEvents) {
    this.#events = events;
  }

  open(): void {
    if (this.#ended) return;
    this.#events.onState("connecting");
    const socket = new WebSocket(`${location.protocol === "https:" ? "wss" : "ws"}://${location.host}/ws/console`);
    this.#socket = socket;
    this.#askedAt = performance.now();
    socket.onopen = () => {
      this.send({ type: "hello", protocol: PROTOCOL });
    };
    socket.onmessage = (event) => {
      this.#heard(event.data);
    };
    socket.onclose = () => {
      this.#broken(socket);
    };
    this.#pulse = window.setInterval(() => {
      this.#beat(socket);
    }, PING_MS);
  }

  /** Sends at once or not at all: a check that goes out a minute late would surprise everybody. */
  send(message: ConsoleToHub): boolean {
    const socket = this.#socket;
    if (socket?.readyState !== WebSocket.OPEN) return false;
    if (socket.bufferedAmount > MAX_BUFFERED) {
      this.#broken(socket);
      return false;
    }
    socket.send(JSON.stringify(message));
    return true;
  }

  /** Ends for good. */
  close(): void {
    this.#ended = true;
    window.clearTimeout(this.#retry);
    this.#drop();
  }

  #heard(data: unknown): void {
    this.#askedAt = null;
    const message = readFrame(data);
    if (message === null) return;
    if (message.type === "welcome") this.#attempt = 0;
    this.#events.onMessage(message);
    // Both are final: another try would throw the other console out, or be refused again.
    if (message.type === "replaced" || (message.type === "refused" && message.reason === "protocol")) this.close();
  }

  #beat(socket: WebSocket): void {
    const now = performance.now();
    if (this.#askedAt !== null && now - this.#askedAt >= UNANSWERED_MS) {
      this.#broken(socket);
    } else if (socket.readyState === WebSocket.OPEN) {
      this.#askedAt ??= now;
      this.send({ type: "ping" });
    }
  }

  #broken(socket: WebSocket): void {
    if (socket !== this.#socket || this.#ended) return;
    this.#drop();
    this.#events.onState("lost");
    this.#retry = window.setTimeout(
      () => {
        void this.#again();
      },
      backoff(this.#attempt++, Math.random()),
    );
  }

  async #again(): Promise<void> {
    const loggedIn = await stillLoggedIn();
    if (this.#ended) return;
    if (loggedIn) this.open();
    else {
      this.close();
      this.#events.onState("signed_out");
    }
  }

  #drop(): void {
    window.clearInterval(this.#pulse);
    const socket = this.#socket;
    this.#socket = null;
    if (socket === null) return;
    socket.onopen = socket.onmessage = socket.onclose = null;
    socket.close();
  }
}
