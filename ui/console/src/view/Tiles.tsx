/** The six places on the left. Each keeps its place and its size whether somebody is there or not. */
import type { Dictionary } from "../lang/dictionary";
import { useLanguage } from "../lang/language";
import { progress } from "../state/attention";
import { shortName } from "../state/format";
import type { TileState } from "../state/model";
import type { Tile } from "../wire/wire";
import { SLOTS } from "../state/model";
import { Eye, Hand, Person } from "./icons";
import { Picture } from "./Picture";
import styles from "./tiles.module.css";
import { tileText } from "./tileText";
import { useShell, useView } from "./useShell";

export function Tiles() {
  const { t } = useLanguage();
  const { desk } = useView();
  return (
    <nav className={styles.tiles} aria-label={t.tiles}>
      {Array.from({ length: SLOTS }, (_, index) => {
        const entry = desk.tiles[index] ?? null;
        return entry === null ? (
          <EmptyTile key={index} slot={index + 1} />
        ) : (
          <BoothTile key={index} entry={entry} chosen={entry.tile.snapshot.session === desk.focus} />
        );
      })}
    </nav>
  );
}

function EmptyTile({ slot }: { slot: number }) {
  const { t } = useLanguage();
  return (
    <div className={styles.tile} data-tone="empty" data-testid={`tile-${slot}`}>
      <div className={styles.screen}>
        <span className={styles.slot}>{slot}</span>
      </div>
      <div className={styles.words}>
        <p className={styles.step}>{t.boothEmpty}</p>
        <p className={styles.turn}>{t.boothReady}</p>
      </div>
    </div>
  );
}

function BoothTile({ entry, chosen }: { entry: TileState; chosen: boolean }) {
  const { t } = useLanguage();
  const shell = useShell();
  const { desk } = useView();
  const { tile } = entry;
  const health = desk.health[tile.booth];
  const text = tileText(entry, health, desk.now, t);
  const name = tile.snapshot.name;
  const percent = Math.round(progress(tile.snapshot.step) * 100);
  const showsPicture = tile.mode !== "hold" && tile.online && health?.live === true;
  return (
    <button
      type="button"
      className={styles.tile}
      data-testid={`tile-${tile.slot}`}
      data-tone={text.tone}
      data-chosen={chosen}
      aria-pressed={chosen}
      aria-keyshortcuts={tile.slot.toString()}
      aria-label={t.tileName(
        tile.slot,
        tile.booth_name,
        name || t.noName,
        text.step,
        [`${text.turn} ${text.time}`, text.network, ...marksOf(tile, t)].join(", "),
      )}
      onClick={() => {
        shell.act({ do: "focus_slot", slot: tile.slot });
      }}
    >
      <div className={styles.screen} data-off={!showsPicture}>
        {tile.mode === "hold" ? null : (
          <Picture
            stream={shell.stream(tile.booth)}
            label={t.pictureOf(tile.booth_name)}
            className={styles.video}
            testId={`tile-video-${tile.slot}`}
            seldom={chosen}
          />
        )}
        {showsPicture || tile.mode === "hold" ? null : <Person />}
        <span className={styles.slot}>{tile.slot}</span>
        <Marks tile={tile} />
      </div>
      <div className={styles.words}>
        <p className={styles.who}>
          <b>{tile.booth_name}</b> <span>{shortName(name)}</span>
        </p>
        <p className={styles.step}>{text.step}</p>
        <p className={styles.turn}>
          {text.tone === "waiting" || text.tone === "alarm" ? (
            <>
              <b>{text.time}</b> {text.turn}
            </>
          ) : (
            `${text.turn} · ${text.time}`
          )}
        </p>
        <div className={styles.foot}>
          <progress className={styles.bar} max={100} value={percent} aria-label={t.progressOf(percent)} />
          <span className={styles.network} data-weak={text.networkWeak}>
            {text.network}
          </span>
        </div>
      </div>
    </button>
  );
}

/** That somebody reads along, and that a question waits or is answered. */
function Marks({ tile }: { tile: Tile }) {
  const { question } = tile;
  return (
    <span className={styles.marks} aria-hidden="true">
      {tile.watched_by === null ? null : (
        <span className={styles.mark}>
          <Eye />
        </span>
      )}
      {question === null ? null : (
        <span className={styles.mark} data-news={question.answer !== null}>
          <Hand />
        </span>
      )}
    </span>
  );
}

function marksOf(tile: Tile, t: Dictionary): string[] {
  const { question, watched_by: watched } = tile;
  return [
    ...(watched === null ? [] : [t.team.watchedBy(watched)]),
    ...(question === null ? [] : [question.answer === null ? t.team.asked : t.team.answered(question.answer.from)]),
  ];
}
