/** All keys with what they do. */
import { useLanguage } from "../../lang/language";
import { KEY } from "../../state/keys";
import { Key } from "../Key";
import styles from "./panels.module.css";

export function KeyList() {
  const { t } = useLanguage();
  const rows: [string, string][] = [
    ["1 … 6", t.keys.focus],
    [t.space, t.keys.next],
    [KEY.mute, t.mute],
    [KEY.hold, t.hold],
    [KEY.message, t.message],
    [KEY.end, t.end],
    ["↑ ↓", t.keys.rows],
    ["Enter", t.keys.correct],
    [KEY.askAgain, t.keys.askAgain],
    [KEY.takeBack, t.keys.takeBack],
    ["← →", t.keys.papers],
    ["+ − 0", t.keys.zoom],
    [KEY.rotate, t.rotate],
    [KEY.compare, t.compare],
    [KEY.enlarge, t.enlarge],
    ["Ctrl Enter", t.keys.approve],
    [KEY.sendBack, t.sendBack],
    [KEY.claims, t.keys.claims],
    [KEY.statistics, t.keys.statistics],
    ["Esc", t.keys.close],
  ];
  return (
    <dl className={styles.keys} tabIndex={0} data-autofocus>
      {rows.map(([key, meaning]) => (
        <div key={key}>
          <dt>
            <Key>{key}</Key>
            <span className="unseen">{key}</span>
          </dt>
          <dd>{meaning}</dd>
        </div>
      ))}
    </dl>
  );
}
