/** What the page of statistics shows of a day's figures. Everything is a pure function of its arguments. */
import type { DayStatistics, Figures } from "../wire/wire";

/** One bar of a chart, or one hour in which nothing happened. */
export type HourBar = { hour: number; figures: Figures | null };

/** From the first hour in which anything happened to the last, none left out; at least office hours. */
export function hourBars(day: DayStatistics): HourBar[] {
  const hours = day.hours.map((one) => one.hour);
  const from = Math.min(8, ...hours);
  const until = Math.max(15, ...hours);
  return Array.from({ length: until - from + 1 }, (_, index) => {
    const hour = from + index;
    return { hour, figures: day.hours.find((one) => one.hour === hour)?.figures ?? null };
  });
}

export function decided(figures: Figures): number {
  return figures.verified + figures.returned;
}

/** A round number at or above the largest value, for the top of a chart. */
export function ceiling(values: readonly number[]): number {
  const most = Math.max(1, ...values);
  const step = 10 ** Math.floor(Math.log10(most));
  const found = [1, 2, 3, 4, 6, 8, 10].find((times) => times * step >= most) ?? 10;
  return found * step;
}

/** `2026-11-23` and so many days later. */
export function dayAfter(day: string, days: number): string {
  const at = new Date(`${day}T00:00:00Z`);
  at.setUTCDate(at.getUTCDate() + days);
  return at.toISOString().slice(0, 10);
}

/** Mean of the ratings, 1 (bad) to 4 (very good), and how many there are. */
export function rating(figures: Figures): { mean: number | null; count: number } {
  const count = figures.ratings.reduce((sum, many) => sum + many, 0);
  const sum = figures.ratings.reduce((total, many, index) => total + many * (index + 1), 0);
  return { mean: count === 0 ? null : sum / count, count };
}
