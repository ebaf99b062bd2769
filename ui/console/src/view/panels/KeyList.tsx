/** All keys with what they do. */
import { useLanguage } from "../../lang/language";
import { isSupervisor } from "../../state/team";
import { useView } from "../useShell";
import { KEY } from "../../state/keys";
import { Key } from "../Key";
import styles from "./panels.module.css";

export function KeyList() {
  const { t } = useLanguage();
  const { desk } = useView();
  const floor: [string, string][] = [
    [KEY.floor, t.floor.keys.floor],
    [KEY.watch, t.floor.keys.watch],
    [KEY.stepIn, t.floor.keys.stepIn],
    [KEY.answer, t.floor.keys.answer],
    [KEY.closeBooth, t.floor.keys.close],
  ];
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
    [KEY.note, t.note],
    [KEY.claims, t.keys.claims],
    [KEY.transfer, t.floor.keys.transfer],
    [KEY.ask, t.floor.keys.ask],
    [KEY.statistics, t.keys.statistics],
    ["Esc", t.keys.close],
    ...(isSupervisor(desk) ? floor : []),
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
