/**
 * The officer's camera and microphone: opened once, shared by all calls. Without them the console still sees and hears.
 */

export type CameraProblem =
  /** The officer, or a policy of the browser, said no. */
  | "denied"
  /** No such device. */
  | "missing"
  /** Another program holds it. */
  | "busy";

export type CameraState = {
  asking: boolean;
  video: MediaStreamTrack | null;
  audio: MediaStreamTrack | null;
  /** Why one of the two is not there. */
  problem: CameraProblem | null;
};

const VIDEO: MediaTrackConstraints = {
  width: { ideal: 640 },
  height: { ideal: 360 },
  frameRate: { ideal: 25, max: 30 },
};
const AUDIO: MediaTrackConstraints = { echoCancellation: true, noiseSuppression: true, autoGainControl: true };

export class Camera {
  state: CameraState = { asking: false, video: null, audio: null, problem: null };
  #onChange: () => void;
  #closed = false;
  #plugged = () => {
    if (this.state.problem === "missing") void this.open();
  };

  constructor(onChange: () => void) {
    this.#onChange = onChange;
  }

  /** Asks for both; for one of them if the other is not to be had. Can be called again after a failure. */
  async open(): Promise<void> {
    if (this.state.asking || this.#closed) return;
    // Browsers have no media devices outside of a secure context.
    const devices = (navigator as Partial<Navigator>).mediaDevices;
    if (devices === undefined) {
      this.#set({ problem: "denied" });
      return;
    }
    devices.addEventListener("devicechange", this.#plugged);
    this.#set({ asking: true, problem: null });
    const tries: MediaStreamConstraints[] = [{ video: VIDEO, audio: AUDIO }, { audio: AUDIO }, { video: VIDEO }];
    let problem: CameraProblem | null = null;
    for (const constraints of tries) {
      try {
        this.#take(await devices.getUserMedia(constraints), problem);
        return;
      } catch (error) {
        problem ??= problemOf(error);
      }
    }
    this.#set({ asking: false, problem });
  }

  setMuted(muted: boolean): void {
    if (this.state.audio) this.state.audio.enabled = !muted;
  }

  close(): void {
    this.#closed = true;
    (navigator as Partial<Navigator>).mediaDevices?.removeEventListener("devicechange", this.#plugged);
    this.#stop();
  }

  #take(stream: MediaStream, problem: CameraProblem | null): void {
    if (this.#closed) {
      for (const track of stream.getTracks()) track.stop();
      return;
    }
    this.#stop();
    const video = stream.getVideoTracks()[0] ?? null;
    const audio = stream.getAudioTracks()[0] ?? null;
    for (const track of [video, audio]) {
      // Pulled out, or taken by the system.
      track?.addEventListener("ended", () => {
        this.#set({ ...(track.kind === "video" ? { video: null } : { audio: null }), problem: "missing" });
      });
    }
    this.#set({ asking: false, video, audio, problem });
  }

  #stop(): void {
    this.state.video?.stop();
    this.state.audio?.stop();
  }

  #set(change: Partial<CameraState>): void {
    this.state = { ...this.state, ...change };
    if (!this.#closed) this.#onChange();
  }
}

export function problemOf(error: unknown): CameraProblem {
  const name = error instanceof Error ? error.name : "";
  if (name === "NotAllowedError" || name === "SecurityError") return "denied";
  return name === "NotReadableError" || name === "AbortError" ? "busy" : "missing";
}
