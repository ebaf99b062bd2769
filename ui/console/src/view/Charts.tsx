/** Two small charts, drawn here: stacked bars by the hour, and rows with bars. Each value is also there as a text. */
import { useId } from "react";
import { ceiling } from "../state/statistics";
import cards from "./card.module.css";
import styles from "./charts.module.css";

const WIDTH = 480;
const HEIGHT = 160;
const LEFT = 40;
const BOTTOM = 22;
const TOP = 8;

/** Bars of several parts, the first at the foot. */
export function HourChart(props: {
  title: string;
  /** `told`: the same in words. */
  bars: readonly { hour: number; parts: readonly number[]; told: string }[];
  /** Of the parts; shown if there are several. */
  names: readonly string[];
}) {
  const { title, bars, names } = props;
  const id = useId();
  const sums = bars.map((bar) => bar.parts.reduce((sum, part) => sum + part, 0));
  const top = ceiling(sums);
  const y = (value: number) => HEIGHT - BOTTOM - (value / top) * (HEIGHT - BOTTOM - TOP);
  const wide = (WIDTH - LEFT) / bars.length;
  return (
    <figure className={styles.figure}>
      <figcaption id={id}>
        <b>{title}</b>
        {names.length < 2 ? null : (
          <span className={styles.names}>
            {names.map((name, part) => (
              <span key={name}>
                <i data-part={part} /> {name}
              </span>
            ))}
          </span>
        )}
      </figcaption>
      <svg viewBox={`0 0 ${WIDTH} ${HEIGHT}`} role="img" aria-labelledby={id} preserveAspectRatio="xMidYMid meet">
        {[0, top / 2, top].map((line) => (
          <g key={line}>
            <line className={styles.line} x1={LEFT} x2={WIDTH} y1={y(line)} y2={y(line)} />
            <text className={styles.axis} x={LEFT - 6} y={y(line) + 4} textAnchor="end">
              {line.toLocaleString("en-GB")}
            </text>
          </g>
        ))}
        {bars.map(({ hour, parts, told }, index) => {
          const x = LEFT + index * wide;
          return (
            <g key={hour}>
              <title>{`${clockHour(hour)}: ${told}`}</title>
              {parts.map((value, part) => {
                const below = parts.slice(0, part).reduce((total, one) => total + one, 0);
                return value === 0 ? null : (
                  <rect
                    key={names[part]}
                    className={styles.bar}
                    data-part={part}
                    x={x + wide * 0.18}
                    width={wide * 0.64}
                    y={y(below + value)}
                    height={y(below) - y(below + value)}
                  />
                );
              })}
              <text className={styles.axis} x={x + wide / 2} y={HEIGHT - 6} textAnchor="middle">
                {hour.toString().padStart(2, "0")}
              </text>
            </g>
          );
        })}
      </svg>
    </figure>
  );
}

function clockHour(hour: number): string {
  return `${hour.toString().padStart(2, "0")}.00`;
}

export function RowBars(props: { title: string; none: string; rows: readonly { name: string; value: number }[] }) {
  const { title, none, rows } = props;
  const most = Math.max(1, ...rows.map((row) => row.value));
  return (
    <div className={styles.rows}>
      <b>{title}</b>
      {rows.length === 0 ? <p className={cards.empty}>{none}</p> : null}
      <ul>
        {rows.map(({ name, value }) => (
          <li key={name}>
            <span className={styles.name}>{name}</span>
            <svg className={styles.track} viewBox="0 0 100 8" preserveAspectRatio="none" aria-hidden="true">
              <rect className={styles.bar} data-part={0} width={(value / most) * 100} height={8} />
            </svg>
            <b>{value}</b>
          </li>
        ))}
      </ul>
    </div>
  );
}
