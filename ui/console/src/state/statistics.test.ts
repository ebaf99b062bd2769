import { expect, test } from "vitest";
import type { DayStatistics, Figures } from "../wire/wire";
import { ceiling, dayAfter, hourBars, rating } from "./statistics";

const NO_WAITS = { count: 0, median_s: null, p95_s: null };
const NONE: Figures = {
  visits: 0,
  verified: 0,
  returned: 0,
  unverified: 0,
  left: 0,
  phoned: 0,
  duty_s: 0,
  per_hour: null,
  attention_s: null,
  seat: NO_WAITS,
  eyes: NO_WAITS,
  alarms: 0,
  reasons: [],
  ratings: [0, 0, 0, 0],
};

test.each([
  [[], 8, 15],
  [[9, 11], 8, 15],
  [[7, 18], 7, 18],
])("the hours %o are shown without a gap", (hours, from, until) => {
  const day: DayStatistics = {
    day: "2026-11-23",
    total: NONE,
    officers: [],
    hours: hours.map((hour) => ({ hour, figures: { ...NONE, visits: hour } })),
  };
  const bars = hourBars(day);
  expect([bars[0]?.hour, bars.at(-1)?.hour, bars.length]).toEqual([from, until, until - from + 1]);
  expect(bars.flatMap((bar) => (bar.figures === null ? [] : [bar.hour]))).toEqual(hours);
});

test.each([
  [[], 1],
  [[0], 1],
  [[3], 3],
  [[5], 6],
  [[30], 30],
  [[9, 2], 10],
  [[11], 20],
  [[130], 200],
])("a chart of %o ends at %d", (values, top) => {
  expect(ceiling(values)).toBe(top);
});

test.each([
  ["2026-11-23", 1, "2026-11-24"],
  ["2026-03-01", -1, "2026-02-28"],
  ["2026-12-31", 1, "2027-01-01"],
])("%s and %d days", (day, days, expected) => {
  expect(dayAfter(day, days)).toBe(expected);
});

test("ratings have a mean, if there are any", () => {
  expect(rating(NONE)).toEqual({ mean: null, count: 0 });
  expect(rating({ ...NONE, ratings: [1, 0, 0, 3] })).toEqual({ mean: 3.25, count: 4 });
});
