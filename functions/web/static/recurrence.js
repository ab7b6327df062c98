/** Recurrence and date window of a schedule: written from form fields, and described in words. */

import { Problem } from "./api.js";
import { count } from "./words.js";

/** Calendar windows: the name in the API, and words. */
export const WINDOWS = {
  last_day: "previous day",
  last_week: "previous calendar week",
  last_month: "previous calendar month",
  last_quarter: "previous calendar quarter",
  last_year: "previous calendar year",
  last_financial_year: "previous UK financial year (from April)",
  since_last_run: "days since the last run",
};

/** Windows of a preset, which has no runs. */
export const PRESET_WINDOWS = {
  ...Object.fromEntries(Object.entries(WINDOWS).filter(([name]) => name !== "since_last_run")),
  rolling_30_days: "last 30 days",
  rolling_12_months: "last 12 months",
};

/** Weekdays: the word in an expression, and the name. */
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
const SIMPLE = /^cron\((\d{1,2}) (\d{1,2}) (\S+) (\S+) (\S+) \*\)$/;
const NTH_WEEKDAY = /^(\w{1,3})(?:#([1-5])|L)$/;
const QUARTERS = "1,4,7,10";
const NTH = { 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth" };
const LAST = "L";
const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };

/** Days that every month has, and the last day: the word in an expression, and the words on the page. */
export const MONTH_DAYS = Object.fromEntries([
  ...Array.from({ length: 28 }, (_, index) => [String(index + 1), formatOrdinal(index + 1)]),
  [LAST, "last day"],
]);

/** Months: the number in an expression, and the name. */
export const MONTHS = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [
    String(index + 1),
    new Intl.DateTimeFormat("en-GB", { month: "long" }).format(new Date(2000, index)),
  ]),
);

/**
 * Return the name of a window in the API, or null for none. Throw a Problem if a rolling window has no number.
 * @param {string} window "last_month", "rolling_days", "rolling_months", ""
 * @param {string} number of days or months
 */
export function writeWindow(window, number) {
  if (!window.startsWith("rolling_")) return window || null;
  if (!/^[1-9]\d{0,3}$/.test(number)) throw makeProblem("window", "Enter a whole number, 1 or more.");
  return window.replace("_", `_${number}_`);
}

/**
 * Return the expression of a recurrence. Throw a Problem if the time is not valid.
 * @param {{every: string, weekday: string, day: string, month: string, time: string, other: string}} recurrence
 *   `every` is "day", "week", "month", "quarter" or "year"; otherwise `other` is the expression
 */
export function writeExpression({ every, weekday, day, month, time, other }) {
  if (every === "other") return other.trim();
  const [, hour, minute] = /^(\d\d):(\d\d)$/.exec(time) ?? [];
  if (!hour) throw makeProblem("expression", "Enter a time in hours and minutes.");
  const days = {
    day: "* * ?",
    week: `? * ${weekday}`,
    month: `${day} * ?`,
    quarter: `${day} ${QUARTERS} ?`,
    year: `${day} ${month} ?`,
  }[every];
  return `cron(${Number(minute)} ${Number(hour)} ${days} *)`;
}

/** Return a window in words. Null means the dates in the filters, if any. */
export function describeWindow(window) {
  if (window === null) return "dates in its filters";
  const [, number, unit] = ROLLING.exec(window) ?? [];
  return number ? `last ${count(Number(number), unit)}` : (WINDOWS[window] ?? window);
}

/** Return an expression in words, such as "every week on Monday at 07:00". Return other expressions unchanged. */
export function describeExpression(expression) {
  const [, minute, hour, day, month, weekday] = SIMPLE.exec(expression) ?? [];
  const days = hour && describeDays(day, month, weekday);
  return days ? `${days} at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}` : expression;
}

function describeDays(day, month, weekday) {
  const months = { "*": "every month", [QUARTERS]: "every quarter" }[month] ?? nameYearly(month);
  if (weekday === "?" && day in MONTH_DAYS && months) return `${months} on the ${MONTH_DAYS[day]}`;
  if (day === "?" && NTH_WEEKDAY.test(weekday) && months) return describeNth(months, weekday);
  if (month !== "*") return null;
  if (["* ?", "? *"].includes(`${day} ${weekday}`)) return "every day";
  return day === "?" && weekday in WEEKDAYS ? `every week on ${WEEKDAYS[weekday]}` : null;
}

const nameYearly = (month) => MONTHS[month] && `every year in ${MONTHS[month]}`;

/** Describe "MON#1" or "2#1", the first Monday, and "FRIL", the last Friday. AWS counts weekdays from Sunday. */
function describeNth(months, text) {
  const [, weekday, nth] = NTH_WEEKDAY.exec(text);
  const names = Object.values(WEEKDAYS);
  const name = WEEKDAYS[weekday] ?? names.at(Number(weekday) - 2);
  return name ? `${months} on the ${nth ? NTH[nth] : "last"} ${name}` : null;
}

function formatOrdinal(number) {
  return `${number}${ENDINGS[ORDINALS.select(number)]}`;
}

const makeProblem = (field, detail) => new Problem(422, { detail, field });
