/** Shows a stream, always without sound: sound is one element of its own (`RemoteSound`). */
import { useEffect, useRef } from "react";

/** Between two pictures of one that is shown seldom. */
const SELDOM_MS = 2000;

/** `seldom`: the same is shown large and live beside it, and a second live picture would make that one late. */
export function Picture({
  stream,
  label,
  className,
  testId,
  seldom = false,
}: {
  stream: MediaStream | null;
  label: string;
  className: string | undefined;
  testId?: string;
  seldom?: boolean;
}) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null || video.srcObject === stream) return;
    video.srcObject = stream;
    // Muted pictures may always play; a stream that ends meanwhile rejects, and the next one plays.
    if (stream !== null) void video.play().catch(() => undefined);
  }, [stream]);
  useEffect(() => {
    const video = element.current;
    if (!seldom || stream === null || video === null) return;
    const play = () => void video.play().catch(() => undefined);
    let timer = 0;
    const shown = () => {
      video.pause();
      timer = window.setTimeout(() => {
        next = video.requestVideoFrameCallback(shown);
        play();
      }, SELDOM_MS);
    };
    let next = video.requestVideoFrameCallback(shown);
    return () => {
      window.clearTimeout(timer);
      video.cancelVideoFrameCallback(next);
      play();
    };
  }, [stream, seldom]);
  return (
    <video ref={element} className={className} muted autoPlay playsInline aria-label={label} data-testid={testId} />
  );
}
