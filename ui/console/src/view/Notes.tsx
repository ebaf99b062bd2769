/** What officers have noted about a claim, the newest first. Its participant never sees any of it. */
import { useLanguage } from "../lang/language";
import type { Note } from "../link/http";
import { dateTime } from "../state/format";
import cards from "./card.module.css";
import styles from "./claims.module.css";

export function Notes({ notes }: { notes: readonly Note[] }) {
  const { t, language } = useLanguage();
  if (notes.length === 0) return null;
  return (
    <section aria-label={t.notes} data-testid="notes">
      <h3 className={cards.title}>{t.notes}</h3>
      <ul className={styles.notes}>
        {notes.map((note) => (
          <li key={`${note.on} ${note.at.toString()}`}>
            <small>
              {dateTime(note.at, language)}
              {note.officer === "" ? null : ` · ${note.officer}`} · {t.noteOn[note.on]}
            </small>
            {note.text ?? <i>{t.noteLost}</i>}
          </li>
        ))}
      </ul>
    </section>
  );
}
