/** The papers of the booth in focus, small, in the order of the checklist. */
import { useLanguage } from "../lang/language";
import { photoUrl } from "../link/http";
import { documentOf, itemAt, photographed } from "../state/items";
import { focused } from "../state/model";
import { DOCUMENT_TITLES } from "../wire/wire";
import cards from "./card.module.css";
import { CHECK_SIGN } from "./checkSign";
import { Photo } from "./Photo";
import styles from "./thumbnails.module.css";
import { useShell, useView } from "./useShell";

export function Thumbnails() {
  const { t, language } = useLanguage();
  const { act } = useShell();
  const { desk } = useView();
  const snapshot = focused(desk)?.tile.snapshot;
  const papers = snapshot ? photographed(snapshot) : [];
  return (
    <section className={`${cards.card} ${styles.row}`} aria-label={t.documents}>
      {snapshot === undefined || papers.length === 0 ? <p className={styles.none}>{t.documentsEmpty}</p> : null}
      {papers.map(({ kind, photo }) => {
        const view = snapshot && itemAt(snapshot, kind);
        const check = view?.check.kind ?? "pending";
        const title = DOCUMENT_TITLES[kind][language];
        return snapshot && view && documentOf(view.item) ? (
          <button
            key={kind}
            type="button"
            className={styles.thumb}
            aria-pressed={desk.viewer.document === kind}
            data-pinned={desk.viewer.pinned === kind}
            aria-label={t.documentName(title, t.state[check])}
            title={title}
            data-testid={`thumb-${kind}`}
            onClick={() => {
              act({ do: "view", document: kind });
            }}
          >
            <span className={styles.image}>
              <Photo key={photo} src={photoUrl(snapshot.session, kind, photo)} alt="" quiet />
            </span>
            <span className={styles.label}>
              <span className={styles.sign} data-check={check}>
                {CHECK_SIGN[check]}
              </span>
              {title}
            </span>
          </button>
        ) : null;
      })}
    </section>
  );
}
