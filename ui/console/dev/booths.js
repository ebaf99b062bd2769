/** Six cameras drawn on canvases, each calling the console as a real booth does: it offers when it is told to. */
const socket = new WebSocket(`ws://${location.host}/dev/ws`);
const peers = new Map();

socket.onmessage = async ({ data }) => {
  const message = JSON.parse(data);
  if (message.type === "call") return call(message);
  const peer = peers.get(message.booth);
  if (peer?.call !== message.call) return;
  const { kind, sdp, candidate } = message.signal;
  if (kind === "answer") await peer.connection.setRemoteDescription({ type: "answer", sdp });
  if (kind === "candidate") await peer.connection.addIceCandidate({ candidate, sdpMLineIndex: 0 });
};

async function call({ booth, call, name }) {
  peers.get(booth)?.connection.close();
  const connection = new RTCPeerConnection();
  peers.set(booth, { call, connection });
  const signal = (content) => socket.send(JSON.stringify({ booth, call, signal: content }));
  const stream = camera(name);
  for (const track of stream.getTracks()) connection.addTrack(track, stream);
  connection.onicecandidate = ({ candidate }) => {
    if (candidate?.candidate) signal({ kind: "candidate", candidate: candidate.candidate });
  };
  await connection.setLocalDescription();
  signal({ kind: "offer", sdp: connection.localDescription.sdp });
}

function camera(name) {
  const canvas = Object.assign(document.createElement("canvas"), { width: 640, height: 360 });
  const brush = canvas.getContext("2d");
  let frame = 0;
  setInterval(() => {
    frame++;
    const fill = (style, draw) => {
      brush.fillStyle = style;
      brush.beginPath();
      draw();
      brush.fill();
    };
    fill("#45594f", () => brush.rect(0, 0, 640, 360));
    fill("#d9b394", () => brush.arc(320 + Math.sin(frame / 9) * 6, 150, 60, 0, 7));
    fill("#eef2ef", () => brush.ellipse(320, 390, 130, 160, 0, 0, 7));
    brush.fillStyle = "#fff";
    brush.font = "20px sans-serif";
    brush.fillText(`${name} · SPECIMEN · ${frame}`, 20, 340);
  }, 66);
  const stream = canvas.captureStream(15);
  const context = new AudioContext();
  const tone = context.createOscillator();
  const output = context.createMediaStreamDestination();
  tone.connect(output);
  tone.start();
  return new MediaStream([...stream.getTracks(), ...output.stream.getTracks()]);
}
