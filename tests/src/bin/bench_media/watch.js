// Runs before the receiving page's own scripts, in the officer's console and in the rival's page alike, and notes what is
// seen there. Times are milliseconds of the wall clock, which all processes of this machine share.
//
// RELAY is null, or { host, port, of }: then the candidates of the far end at `of` are replaced by the relay's address and
// those of this end are kept back, so that every datagram goes through the relay.
(() => {
  const relay = RELAY;
  const watch = { frames: {}, answers: [], keys: [], lives: [], candidates: [], calls: [], sharpness: false };
  window.__watch = watch;

  // The strip of sixteen blocks on top of the picture: twelve bits, and four of check sum.
  const small = new OffscreenCanvas(64, 4).getContext("2d", { willReadFrequently: true });
  const code = (video) => {
    small.drawImage(video, 0, 0, video.videoWidth, video.videoHeight / 18, 0, 0, 64, 4);
    const pixels = small.getImageData(0, 2, 64, 1).data;
    let bits = 0;
    for (let block = 0; block < 16; block++) bits = (bits << 1) | (pixels[(block * 4 + 2) * 4 + 1] > 127 ? 1 : 0);
    const count = bits >> 4;
    return ((count >> 8) ^ (count >> 4) ^ count ^ 10 ^ bits) & 15 ? null : count;
  };
  // Variance of the Laplacian in the corner where the booth's name is written.
  const corner = new OffscreenCanvas(320, 90).getContext("2d", { willReadFrequently: true });
  const sharpness = (video) => {
    const [w, h] = [video.videoWidth / 1280, video.videoHeight / 720];
    corner.drawImage(video, 20 * w, 615 * h, 320 * w, 90 * h, 0, 0, 320, 90);
    const pixels = corner.getImageData(0, 0, 320, 90).data;
    const at = (x, y) => pixels[(y * 320 + x) * 4 + 1];
    let [sum, squares, count] = [0, 0, 0];
    for (let y = 1; y < 89; y++)
      for (let x = 1; x < 319; x++) {
        const value = at(x - 1, y) + at(x + 1, y) + at(x, y - 1) + at(x, y + 1) - 4 * at(x, y);
        sum += value;
        squares += value * value;
        count++;
      }
    return squares / count - (sum / count) ** 2;
  };

  const follow = (video, name) => {
    const seen = (_, meta) => {
      const now = Date.now();
      // Of a booth in focus the console shows two pictures; to look at both would cost it twice what the rival pays.
      const shown = name === "focus-video" ? code(video) : null;
      const age = shown === null ? null : (now - shown) & 4095;
      const stream = video.srcObject?.id ?? "";
      (watch.frames[name] ??= []).push([now, meta.width, age, watch.sharpness ? sharpness(video) : null, stream]);
      video.requestVideoFrameCallback(seen);
    };
    video.requestVideoFrameCallback(seen);
  };
  const followed = new WeakSet();
  const source = Object.getOwnPropertyDescriptor(HTMLMediaElement.prototype, "srcObject");
  Object.defineProperty(HTMLVideoElement.prototype, "srcObject", {
    get() {
      return source.get.call(this);
    },
    set(stream) {
      source.set.call(this, stream);
      const name = this.dataset.testid ?? "";
      if (stream === null || !/^(tile-video|focus-video)/.test(name)) return;
      if (!followed.has(this)) follow(this, name);
      followed.add(this);
    },
  });
  window.addEventListener("keydown", (event) => watch.keys.push([Date.now(), event.key]), true);
  setInterval(() => {
    const live = document.querySelector("[data-testid=live]") !== null;
    if (live !== watch.lives.at(-1)?.[1]) watch.lives.push([Date.now(), live]);
  }, 20);

  const Base = window.RTCPeerConnection;
  let place = Base.prototype;
  while (!Object.hasOwn(place, "onicecandidate")) place = Object.getPrototypeOf(place);
  const handler = Object.getOwnPropertyDescriptor(place, "onicecandidate");
  const moved = (line) => {
    const words = line.split(" ");
    if (words[4] !== relay.of || words[2].toLowerCase() !== "udp") return null;
    watch.candidates.push(`${words[4]}:${words[5]}`);
    [words[4], words[5]] = [relay.host, String(relay.port)];
    return words.join(" ");
  };
  const rewritten = (sdp) =>
    sdp
      .split("\r\n")
      .flatMap((line) => (line.startsWith("a=candidate:") ? [moved(line)].filter((one) => one !== null) : [line]))
      .join("\r\n");
  window.RTCPeerConnection = class extends Base {
    constructor(...args) {
      super(...args);
      // What is kept here is never collected, and would count as the console's leak.
      watch.calls.push(this);
      const open = (list) => list?.filter((call) => call.connectionState !== "closed");
      [watch.calls, window.__calls] = [open(watch.calls), open(window.__calls)];
    }
    setRemoteDescription(description) {
      return super.setRemoteDescription(relay ? { type: description.type, sdp: rewritten(description.sdp) } : description);
    }
    async setLocalDescription(...args) {
      await super.setLocalDescription(...args);
      if (this.signalingState === "stable") watch.answers.push(Date.now());
    }
    get localDescription() {
      const own = super.localDescription;
      if (!relay || own === null) return own;
      return { type: own.type, sdp: own.sdp.split("\r\n").filter((line) => !line.startsWith("a=candidate:")).join("\r\n") };
    }
    addIceCandidate(candidate) {
      if (!relay || !candidate?.candidate) return super.addIceCandidate(candidate);
      const line = moved(candidate.candidate);
      return line === null ? Promise.resolve() : super.addIceCandidate({ ...candidate, candidate: line });
    }
    get onicecandidate() {
      return handler.get.call(this);
    }
    set onicecandidate(heard) {
      handler.set.call(this, relay ? null : heard);
    }
  };

  // Seconds that the pictures stood still, and how many came, over the open calls (W3C webrtc-stats).
  watch.frozen = async () => {
    let [seconds, frames] = [0, 0];
    for (const call of watch.calls) {
      if (call.connectionState === "closed") continue;
      for (const stat of (await call.getStats()).values()) {
        if (stat.type !== "inbound-rtp" || stat.kind !== "video") continue;
        seconds += stat.totalFreezesDuration ?? 0;
        frames += stat.framesDecoded ?? 0;
      }
    }
    return [seconds, frames];
  };
  // Milliseconds that pictures and sound wait in this browser's buffers, on average over the open calls.
  watch.buffered = async () => {
    const waits = { video: [0, 0], audio: [0, 0] };
    for (const call of watch.calls) {
      if (call.connectionState === "closed") continue;
      for (const stat of (await call.getStats()).values()) {
        if (stat.type !== "inbound-rtp") continue;
        waits[stat.kind][0] += stat.jitterBufferDelay ?? 0;
        waits[stat.kind][1] += stat.jitterBufferEmittedCount ?? 0;
      }
    }
    return [waits.video, waits.audio].map(([seconds, count]) => (count === 0 ? 0 : (seconds / count) * 1000));
  };
  // Milliseconds that sound is heard later than its picture is seen, by the sender's clock (W3C `estimatedPlayoutTimestamp`): the
  // median of some moments, over the open calls.
  watch.soundBehind = async () => {
    const found = [];
    for (let moment = 0; moment < 11; moment++) {
      for (const call of watch.calls) {
        if (call.connectionState === "closed") continue;
        const at = {};
        for (const stat of (await call.getStats()).values()) {
          if (stat.type === "inbound-rtp") at[stat.kind] = stat.estimatedPlayoutTimestamp;
        }
        if (at.video !== undefined && at.audio !== undefined) found.push(at.video - at.audio);
      }
      await new Promise((done) => setTimeout(done, 100));
    }
    return found.sort((one, other) => one - other)[found.length >> 1] ?? null;
  };
  watch.clear = () => {
    [watch.frames, watch.keys, watch.answers] = [{}, [], []];
  };
})();
