/** What is wrong with the line to the hub, or with the last thing that was asked of it. */
import { Button } from "@mantine/core";
import { useLanguage } from "../lang/language";
import styles from "./link.module.css";
import { useShell, useView } from "./useShell";

/** A line at the foot of the page: it covers nothing that has to be pressed, and nothing moves. */
export function LinkBanner() {
  const { t } = useLanguage();
  const shell = useShell();
  const { desk } = useView();
  if (desk.leaving !== null) {
    const unheard = desk.leaving === "unheard";
    return (
      <div className={styles.banner} role="alert" data-kind={desk.leaving}>
        <b>{unheard ? t.signOutUnheard : t.signingOut}</b> {unheard ? t.signOutUnheardHint : null}
        {unheard ? (
          <Button size="compact-md" variant="default" onClick={shell.stay}>
            {t.signOutStay}
          </Button>
        ) : null}
      </div>
    );
  }
  const lost = desk.link === "lost" || (desk.link === "connecting" && desk.officer !== null);
  if (lost) {
    return (
      <div className={styles.banner} role="alert" data-kind="lost">
        <b>{t.linkLost}</b> {t.linkLostHint}
      </div>
    );
  }
  if (desk.refusal === null) return null;
  return (
    <div className={styles.banner} role="alert" data-kind="refused">
      {t.refusal[desk.refusal.reason]}
    </div>
  );
}

/** This page can do nothing more by itself. */
export function Ended({ link }: { link: "replaced" | "outdated" }) {
  const { t } = useLanguage();
  const replaced = link === "replaced";
  return (
    <main className={styles.ended}>
      <h1>{replaced ? t.linkReplaced : t.linkOutdated}</h1>
      <p>{replaced ? t.linkReplacedHint : t.linkOutdatedHint}</p>
      <Button
        size="lg"
        autoFocus
        onClick={() => {
          location.reload();
        }}
      >
        {replaced ? t.linkTakeOver : t.linkReload}
      </Button>
    </main>
  );
}
