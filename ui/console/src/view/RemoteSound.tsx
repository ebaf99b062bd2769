/**
 * The voice of the booth in focus, and of nobody else. It plays on while the officer reads the list of claims.
 * A browser may refuse sound until the page was touched; then a button asks for that touch.
 */
import { Button } from "@mantine/core";
import { useEffect, useRef, useState } from "react";
import { useLanguage } from "../lang/language";
import { focused } from "../state/model";
import styles from "./link.module.css";
import { useShell, useView } from "./useShell";

export function RemoteSound() {
  const { t } = useLanguage();
  const shell = useShell();
  const { desk } = useView();
  const element = useRef<HTMLAudioElement>(null);
  const [blocked, setBlocked] = useState(false);
  const tile = focused(desk)?.tile;
  const stream = tile?.mode === "focus" ? shell.stream(tile.booth) : null;

  const play = () => {
    element.current?.play().then(
      () => {
        setBlocked(false);
      },
      (error: unknown) => {
        setBlocked(error instanceof DOMException && error.name === "NotAllowedError");
      },
    );
  };

  useEffect(() => {
    const audio = element.current;
    if (audio === null || audio.srcObject === stream) return;
    audio.srcObject = stream;
    if (stream !== null) play();
  }, [stream]);

  return (
    <>
      <audio ref={element} data-testid="remote-sound" />
      {blocked && stream !== null ? (
        <div className={styles.banner} role="alert">
          <Button onClick={play}>{t.hearSound}</Button>
        </div>
      ) : null}
    </>
  );
}
