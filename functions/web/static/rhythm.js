/** When a schedule is due and which study dates it is about: from a form's fields, and in words. Pure. */

import { Problem } from "./api.js";
import { count } from "./words.js";

/** Windows of the calendar: the API's name, and words. */
export const WINDOWS = {
  last_day: "the day before",
  last_week: "the last whole week",
  last_month: "the last whole month",
  last_quarter: "the last whole quarter",
  last_year: "the last whole calendar year",
  last_financial_year: "the last whole UK financial year (from April)",
  since_last_run: "the days since the last run",
};

/** Weekdays as an expression has them. */
export const WEEKDAYS = {
  MON: "Monday",
  TUE: "Tuesday",
  WED: "Wednesday",
  THU: "Thursday",
  FRI: "Friday",
  SAT: "Saturday",
  SUN: "Sunday",
};

const ROLLING = /^rolling_(\d+)_(day|month)s$/;
const SIMPLE = /^cron\((\d{1,2}) (\d{1,2}) (\S+) \* (\S+) \*\)$/;
const LAST = "L";
const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };

/** Days of a month that every month has, and its last: the expression's word, and ours. */
export const MONTH_DAYS = Object.fromEntries([
  ...Array.from({ length: 28 }, (_, index) => [String(index + 1), formatOrdinal(index + 1)]),
  [LAST, "last day"],
]);

/**
 * The API's name of a window; null for none. Problem, if a rolling one has no number.
 * @param {string} kind "last_month", "rolling_days", "rolling_months", ""
 * @param {string} number of days or months
 */
export function writeWindow(kind, number) {
  if (!kind.startsWith("rolling_")) return kind || null;
  if (!/^[1-9]\d{0,3}$/.test(number)) throw makeFault("window", "How many? Give a whole number, 1 or more.");
  return kind.replace("_", `_${number}_`);
}

/**
 * The expression of a rhythm. Problem, if the time is not one.
 * @param {{every: string, weekday: string, day: string, time: string, other: string}} rhythm `every` is "day",
 *   "week" or "month"; else `other` is the expression itself
 */
export function writeExpression({ every, weekday, day, time, other }) {
  if (!["day", "week", "month"].includes(every)) return other.trim();
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(time) ?? [];
  if (!hour) throw makeFault("expression", "At what time? Give hours and minutes.");
  const days = { day: "* * ?", week: `? * ${weekday}`, month: `${day} * ?` }[every];
  return `cron(${Number(minute)} ${Number(hour)} ${days} *)`;
}

/** A window in words; null stands for the filters' own dates, if any. */
export function describeWindow(window) {
  if (window === null) return "dates as in its filters";
  const [, number, unit] = ROLLING.exec(window) ?? [];
  return number ? `the last ${count(Number(number), unit)}` : (WINDOWS[window] ?? window);
}

/** An expression in words: "every week on Monday at 07:00"; itself, if it is of no form we make. */
export function describeExpression(expression) {
  const [, minute, hour, day, weekday] = SIMPLE.exec(expression) ?? [];
  if (!hour) return expression;
  const time = `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (["* ?", "? *"].includes(`${day} ${weekday}`)) return `every day ${time}`;
  if (day === "?" && weekday in WEEKDAYS) return `every week on ${WEEKDAYS[weekday]} ${time}`;
  if (weekday === "?" && day in MONTH_DAYS) return `every month on the ${MONTH_DAYS[day]} ${time}`;
  return expression;
}

function formatOrdinal(number) {
  return `${number}${ENDINGS[ORDINALS.select(number)]}`;
}

const makeFault = (field, detail) => new Problem(422, { detail, field });
