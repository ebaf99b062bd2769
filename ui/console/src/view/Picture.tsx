/** Shows a stream, always without sound: sound is one element of its own (`RemoteSound`). */
import { useEffect, useRef } from "react";

export function Picture({
  stream,
  label,
  className,
  testId,
}: {
  stream: MediaStream | null;
  label: string;
  className: string | undefined;
  testId?: string;
}) {
  const element = useRef<HTMLVideoElement>(null);
  useEffect(() => {
    const video = element.current;
    if (video === null || video.srcObject === stream) return;
    video.srcObject = stream;
    // Muted pictures may always play; a stream that ends meanwhile rejects, and the next one plays.
    if (stream !== null) void video.play().catch(() => undefined);
  }, [stream]);
  return (
    <video ref={element} className={className} muted autoPlay playsInline aria-label={label} data-testid={testId} />
  );
}
