/**
 * A photograph from the hub. The booth tells of a photograph a moment before it has arrived, so a failed load is tried
 * again a few times before it is called a failure.
 */
import { Button } from "@mantine/core";
import { useEffect, useState } from "react";
import { useLanguage } from "../lang/language";
import styles from "./photo.module.css";

const TRIES = 6;
const AGAIN_MS = 1_500;

export function Photo({ src, alt, quiet = false }: { src: string; alt: string; quiet?: boolean }) {
  const { t } = useLanguage();
  const [attempt, setAttempt] = useState(0);
  const [state, setState] = useState<"loading" | "shown" | "failed">("loading");

  useEffect(() => {
    if (state !== "failed" || attempt >= TRIES) return;
    const timer = window.setTimeout(() => {
      setAttempt(attempt + 1);
      setState("loading");
    }, AGAIN_MS);
    return () => {
      window.clearTimeout(timer);
    };
  }, [state, attempt]);

  const gaveUp = state === "failed" && attempt >= TRIES;
  return (
    <>
      {gaveUp ? null : (
        <img
          key={attempt}
          className={styles.photo}
          data-state={state}
          src={src}
          alt={alt}
          draggable={false}
          onLoad={() => {
            setState("shown");
          }}
          onError={() => {
            setState("failed");
          }}
        />
      )}
      {state === "shown" || quiet ? null : (
        <div className={styles.note} role="status">
          {gaveUp ? t.viewerFailed : t.viewerLoading}
          {gaveUp ? (
            <Button
              size="compact-sm"
              onClick={() => {
                setAttempt(0);
                setState("loading");
              }}
            >
              {t.viewerRetry}
            </Button>
          ) : null}
        </div>
      )}
    </>
  );
}
