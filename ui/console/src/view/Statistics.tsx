/** A day in figures: of the branch for who oversees it, the own ones for an officer. Calm: nothing here moves. */
import { Button } from "@mantine/core";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Dictionary } from "../lang/dictionary";
import { useLanguage } from "../lang/language";
import { dayStatistics, exportUrl } from "../link/statistics";
import { date, decimal, whole } from "../state/format";
import type { HourBar } from "../state/statistics";
import { dayAfter, decided, hourBars, rating } from "../state/statistics";
import type { DayStatistics, Figures, Language } from "../wire/wire";
import { SENTENCES } from "../wire/wire";
import { HourChart, RowBars } from "./Charts";
import cards from "./card.module.css";
import styles from "./statistics.module.css";

type Told = { kind: "loading" } | { kind: "failed" } | { kind: "there"; day: DayStatistics };

/** A page that stays open follows the day. */
const AGAIN_MS = 60_000;

export function Statistics() {
  const { t } = useLanguage();
  const [wanted, setWanted] = useState<string | null>(null);
  const [told, setTold] = useState<Told>({ kind: "loading" });
  const asked = useRef(0);
  const load = useCallback(async () => {
    const question = ++asked.current;
    const day = await dayStatistics(wanted);
    if (question !== asked.current) return;
    // What is shown stays until there is something newer.
    setTold((before) =>
      day !== null ? { kind: "there", day } : before.kind === "there" ? before : { kind: "failed" },
    );
  }, [wanted]);

  useEffect(() => {
    const first = window.setTimeout(() => void load(), 0);
    const again = window.setInterval(() => void load(), AGAIN_MS);
    return () => {
      window.clearTimeout(first);
      window.clearInterval(again);
    };
  }, [load]);

  if (told.kind !== "there") {
    return (
      <main className={`${cards.card} ${styles.nothing}`} role="status">
        {told.kind === "failed" ? t.statisticsFailed : t.statisticsLoading}
        {told.kind === "failed" ? (
          <Button size="compact-sm" variant="default" onClick={() => void load()}>
            {t.claimsReload}
          </Button>
        ) : null}
      </main>
    );
  }
  return <Day day={told.day} today={wanted === null} onDay={setWanted} />;
}

function Day(props: { day: DayStatistics; today: boolean; onDay: (day: string | null) => void }) {
  const { day, today, onDay } = props;
  const { t, language } = useLanguage();
  return (
    <main className={styles.page} aria-label={t.statisticsTitle}>
      <header className={styles.head}>
        <h2>
          {t.statisticsTitle} <small>{date(day.day, language)}</small>
        </h2>
        <Button
          variant="default"
          size="compact-md"
          onClick={() => {
            onDay(dayAfter(day.day, -1));
          }}
        >
          ‹ {t.statisticsBefore}
        </Button>
        <Button
          variant="default"
          size="compact-md"
          disabled={today}
          onClick={() => {
            onDay(dayAfter(day.day, 1));
          }}
        >
          {t.statisticsAfter} ›
        </Button>
        <Button
          variant="default"
          size="compact-md"
          disabled={today}
          onClick={() => {
            onDay(null);
          }}
        >
          {t.today}
        </Button>
        <span className={styles.space} />
        {(["xlsx", "csv"] as const).map((format) => (
          <Button key={format} component="a" href={exportUrl(day.day, format, language)} variant="default" download>
            {t.statisticsExport(format.toUpperCase())}
          </Button>
        ))}
      </header>
      <Summary figures={day.total} t={t} language={language} />
      {charts(hourBars(day), t, language).map((chart) => (
        <section key={chart.title} className={`${cards.card} ${styles.chart}`}>
          <HourChart {...chart} />
        </section>
      ))}
      <section className={`${cards.card} ${styles.chart}`}>
        <RowBars
          title={t.statisticsReasons}
          none={t.statisticsNoReasons}
          rows={day.total.reasons.map(({ reason, count }) => ({
            name: reason === "other" ? t.returnOwn : SENTENCES[reason][language],
            value: count,
          }))}
        />
      </section>
      <section className={`${cards.card} ${styles.chart}`}>
        <RowBars
          title={t.statisticsRatings}
          none={t.statisticsNoRatings}
          rows={
            rating(day.total).count === 0
              ? []
              : [3, 2, 1, 0].map((index) => ({
                  name: t.statisticsRating[index] ?? "",
                  value: day.total.ratings[index] ?? 0,
                }))
          }
        />
      </section>
      <section className={`${cards.card} ${styles.officers}`}>
        <Officers day={day} t={t} language={language} />
      </section>
    </main>
  );
}

function charts(bars: readonly HourBar[], t: Dictionary, language: Language) {
  const seconds = (value: number) => t.statisticsSeconds(whole(value, language));
  const chart = (title: string, names: string[], of: (figures: Figures) => { parts: number[]; told: string }) => ({
    title,
    names,
    bars: bars.map(({ hour, figures }) => ({ hour, ...(figures === null ? { parts: [], told: "–" } : of(figures)) })),
  });
  return [
    chart(t.statisticsDecided, [t.statisticsVerified, t.statisticsReturned], ({ verified, returned }) => ({
      parts: [verified, returned],
      told: `${t.statisticsVerified} ${verified}, ${t.statisticsReturned} ${returned}`,
    })),
    chart(`${t.statisticsEyes} (s)`, [t.statisticsMedian, t.statisticsP95], ({ eyes }) => {
      const [median, p95] = [eyes.median_s ?? 0, eyes.p95_s ?? 0];
      // The bar goes up to the 95th percentile; its foot is the median.
      return { parts: [median, p95 - median], told: `median ${seconds(median)}, p95 ${seconds(p95)}` };
    }),
    chart(`${t.statisticsAttention} (s)`, [t.statisticsAttention], ({ attention_s }) => ({
      parts: [attention_s ?? 0],
      told: seconds(attention_s ?? 0),
    })),
  ];
}

function Summary({ figures, t, language }: { figures: Figures; t: Dictionary; language: Language }) {
  const mean = rating(figures);
  const seconds = (value: number | null) => (value === null ? "–" : t.statisticsSeconds(whole(value, language)));
  const items: [string, string, string][] = [
    [t.statisticsDecided, whole(decided(figures), language), t.statisticsVisits(whole(figures.visits, language))],
    [
      t.statisticsPerHour,
      figures.per_hour === null ? "–" : decimal(figures.per_hour, language),
      t.statisticsDuty(decimal(figures.duty_s / 3600, language)),
    ],
    [t.statisticsAttention, seconds(figures.attention_s), t.statisticsPhoned(whole(figures.phoned, language))],
    [t.statisticsEyes, seconds(figures.eyes.median_s), t.statisticsUpTo(seconds(figures.eyes.p95_s))],
    [t.statisticsSeat, seconds(figures.seat.median_s), t.statisticsUpTo(seconds(figures.seat.p95_s))],
    [t.statisticsAlarms, whole(figures.alarms, language), t.statisticsOf(whole(figures.eyes.count, language))],
    [
      t.statisticsRatings,
      mean.mean === null ? "–" : decimal(mean.mean, language),
      t.statisticsOfFour(whole(mean.count, language)),
    ],
  ];
  return (
    <dl className={styles.summary}>
      {items.map(([name, value, more]) => (
        <div key={name} className={cards.card}>
          <dt>{name}</dt>
          <dd>
            {value} <small>{more}</small>
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Officers({ day, t, language }: { day: DayStatistics; t: Dictionary; language: Language }) {
  const number = (value: number | null) => (value === null ? "–" : decimal(value, language));
  if (day.officers.length === 0) return <p className={cards.empty}>{t.statisticsNobody}</p>;
  return (
    <table>
      <thead>
        <tr>
          <th scope="col">{t.statisticsOfficer}</th>
          <th scope="col">{t.statisticsDecided}</th>
          <th scope="col">{t.statisticsReturned}</th>
          <th scope="col">{t.statisticsPerHour}</th>
          <th scope="col">{t.statisticsAttention} (s)</th>
          <th scope="col">{t.statisticsEyes}: p95 (s)</th>
          <th scope="col">{t.statisticsAlarms}</th>
          <th scope="col">{t.statisticsRatings}</th>
        </tr>
      </thead>
      <tbody>
        {day.officers.map(({ officer, name, figures }) => (
          <tr key={officer}>
            <th scope="row">{name}</th>
            <td>{whole(decided(figures), language)}</td>
            <td>{whole(figures.returned, language)}</td>
            <td>{number(figures.per_hour)}</td>
            <td>{figures.attention_s === null ? "–" : whole(figures.attention_s, language)}</td>
            <td>{figures.eyes.p95_s === null ? "–" : whole(figures.eyes.p95_s, language)}</td>
            <td>{whole(figures.alarms, language)}</td>
            <td>{number(rating(figures).mean)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
