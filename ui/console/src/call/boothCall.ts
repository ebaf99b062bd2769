/**
 * One call with one booth. The booth offers, the console answers; a new call id means a new object, never a repair.
 *
 * What is sent follows the mode: in focus the officer's picture at its full 640x360 and their voice; on a tile a small
 * picture, so that the participant sees that somebody is there; on hold nothing. Tracks are exchanged by `replaceTrack`,
 * which needs no new offer.
 */
import type { BoothId, CallId, CallMode, Signal } from "../wire/wire";
import type { CameraState } from "./camera";
import type { NetworkWord, Sample } from "./health";
import { isBroken, isLive, judge, JUDGED_OVER_MS, look, LOOK_MS, NEW_WATCH } from "./health";
import { summarise } from "./stats";

export type CallEvents = {
  onSignal(signal: Signal): void;
  /** Told when it changes. */
  onHealth(live: boolean, network: NetworkWord): void;
  /** Broken for good; reported once. */
  onFailed(): void;
  onTracks(): void;
};

/** Candidates that come before the offer. A booth has a few addresses, not hundreds. */
const MAX_EARLY_CANDIDATES = 64;
/** What the officer's picture may take, in bits per second, in focus and as a small picture. */
const FOCUS_BITRATE = 700_000;
const TILE_BITRATE = 80_000;

export class BoothCall {
  readonly booth: BoothId;
  readonly call: CallId;
  /** What the booth sends; one stream for picture and sound keeps lips in sync. */
  readonly stream = new MediaStream();
  #events: CallEvents;
  #peer = new RTCPeerConnection();
  #early: string[] | null = [];
  #mode: CallMode = "tile";
  #expected = true;
  #camera: CameraState;
  #watch = NEW_WATCH;
  #told: { live: boolean; network: NetworkWord } | null = null;
  #sampledAt = 0;
  #timer: number;
  #failed = false;
  #closed = false;

  constructor(booth: BoothId, call: CallId, camera: CameraState, events: CallEvents) {
    this.booth = booth;
    this.call = call;
    this.#camera = camera;
    this.#events = events;
    this.#peer.onicecandidate = ({ candidate }) => {
      if (candidate !== null && candidate.candidate !== "") {
        events.onSignal({ kind: "candidate", candidate: candidate.candidate });
      }
    };
    this.#peer.onconnectionstatechange = () => {
      if (this.#peer.connectionState === "failed") this.#fail();
    };
    this.#peer.ontrack = ({ track, receiver }) => {
      // Seeing early matters more than a perfectly even picture; sound keeps its buffer.
      if (track.kind === "video") receiver.jitterBufferTarget = 0;
      this.stream.addTrack(track);
      events.onTracks();
    };
    this.#timer = window.setInterval(() => {
      this.#look(performance.now());
    }, LOOK_MS);
  }

  /** The booth's offer. A second one for the same call is answered as well. */
  async offer(sdp: string): Promise<void> {
    try {
      await this.#peer.setRemoteDescription({ type: "offer", sdp });
      const own = new MediaStream();
      for (const transceiver of this.#peer.getTransceivers()) {
        // Also without a camera: it can be allowed later, and then nothing has to be offered anew.
        transceiver.direction = "sendrecv";
        transceiver.sender.setStreams(own);
      }
      await this.#peer.setLocalDescription();
      if (this.#isClosed()) return;
      this.#events.onSignal({ kind: "answer", sdp: this.#peer.localDescription?.sdp ?? "" });
      const early = this.#early ?? [];
      this.#early = null;
      for (const candidate of early) await this.#addCandidate(candidate);
      await this.#applySending();
    } catch {
      if (!this.#isClosed()) this.#fail();
    }
  }

  async candidate(line: string): Promise<void> {
    if (this.#early === null) await this.#addCandidate(line);
    else if (this.#early.length < MAX_EARLY_CANDIDATES) this.#early.push(line);
  }

  /** `expected`: whether the booth is there and was told to send pictures. */
  follow(mode: CallMode, expected: boolean, camera: CameraState): void {
    this.#expected = expected;
    if (mode === this.#mode && camera === this.#camera) return;
    this.#mode = mode;
    this.#camera = camera;
    void this.#applySending();
  }

  close(): void {
    this.#closed = true;
    window.clearInterval(this.#timer);
    this.#peer.onicecandidate = this.#peer.onconnectionstatechange = this.#peer.ontrack = null;
    this.#peer.close();
  }

  #isClosed(): boolean {
    return this.#closed;
  }

  async #addCandidate(line: string): Promise<void> {
    try {
      // All media share one transport (BUNDLE), so the first section stands for it.
      await this.#peer.addIceCandidate({ candidate: line, sdpMLineIndex: 0 });
    } catch {
      // A candidate that this browser cannot use: the others remain.
    }
  }

  async #applySending(): Promise<void> {
    // Before the answer there is nothing to send on.
    if (this.#early !== null) return;
    const mode = this.#mode;
    const picture = mode === "hold" ? null : this.#camera.video;
    const voice = mode === "focus" ? this.#camera.audio : null;
    for (const { sender, receiver } of this.#peer.getTransceivers()) {
      try {
        await sender.replaceTrack(receiver.track.kind === "video" ? picture : voice);
        if (receiver.track.kind === "video") await limit(sender, mode);
      } catch {
        // The call was closed meanwhile.
      }
    }
  }

  /** The browser's counters cost more than a look at the newest picture: they are asked for less often. */
  #look(now: number): void {
    this.#watch = look(this.#watch, this.#newestPicture(), this.#expected, now);
    this.#tell(now);
    if (isBroken(this.#watch, now)) this.#fail();
    if (now - this.#sampledAt < JUDGED_OVER_MS) return;
    this.#sampledAt = now;
    void this.#sample();
  }

  /** The time stamp of the newest picture that was decoded. */
  #newestPicture(): number | null {
    const pictures = this.#peer.getReceivers().find(({ track }) => track.kind === "video");
    return pictures?.getSynchronizationSources()[0]?.rtpTimestamp ?? null;
  }

  async #sample(): Promise<void> {
    let sample: Sample;
    try {
      sample = summarise(await this.#peer.getStats());
    } catch {
      return;
    }
    if (this.#closed) return;
    const now = performance.now();
    this.#watch = judge(this.#watch, sample, now);
    this.#tell(now);
  }

  #tell(now: number): void {
    const [live, network] = [isLive(this.#watch, now), this.#watch.network];
    if (this.#told?.live === live && this.#told.network === network) return;
    this.#told = { live, network };
    this.#events.onHealth(live, network);
  }

  #fail(): void {
    if (this.#failed || this.#closed) return;
    this.#failed = true;
    this.#events.onFailed();
  }
}

async function limit(sender: RTCRtpSender, mode: CallMode): Promise<void> {
  const parameters = sender.getParameters();
  const focus = mode === "focus";
  for (const encoding of parameters.encodings) {
    encoding.scaleResolutionDownBy = focus ? 1 : 4;
    encoding.maxFramerate = focus ? 25 : 8;
    encoding.maxBitrate = focus ? FOCUS_BITRATE : TILE_BITRATE;
  }
  await sender.setParameters(parameters);
}
