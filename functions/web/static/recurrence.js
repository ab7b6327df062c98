/** Windows and recurrences of a schedule: written from form fields, read into them, and in words. */

import { Problem } from "./api.js";
import { readCron } from "./cron.js";
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

/** Days on which a weekly schedule can be due. */
export const WEEKLY_DAYS = { ...WEEKDAYS, "MON-FRI": "Monday to Friday" };

const ROLLING = /^rolling_(\d+)_(day|month)s$/;
const RATE = /^rate\((\d+) (minute|hour|day)s?\)$/;
const QUARTERS = "1,4,7,10";
const NTH = { 1: "first", 2: "second", 3: "third", 4: "fourth", 5: "fifth", 0: "last" };
const LAST = "L";
const SHORTEST_MONTH = 28;
const MOST_TIMES = 4;
const ORDINALS = new Intl.PluralRules("en", { type: "ordinal" });
const ENDINGS = { one: "st", two: "nd", few: "rd", other: "th" };
const LIST = new Intl.ListFormat("en-GB", { type: "conjunction" });

/** Days that every month has: a number, the last day, or (`nth1`) the nth of a weekday, with their words. */
export const MONTH_DAYS = Object.fromEntries([
  ...Array.from({ length: SHORTEST_MONTH }, (_, index) => [String(index + 1), formatOrdinal(index + 1)]),
  [LAST, "last day"],
  ...["1", "2", "3", "4", "0"].map((nth) => [`nth${nth}`, `${NTH[nth]} …`]),
]);

/** Months: the number in an expression, and the name. */
export const MONTHS = Object.fromEntries(
  Array.from({ length: 12 }, (_, index) => [
    String(index + 1),
    new Intl.DateTimeFormat("en-GB", { month: "long" }).format(new Date(2000, index)),
  ]),
);

/** Whether a choice of MONTH_DAYS needs a weekday. */
export const needsWeekday = (day) => day.startsWith("nth");

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

/** Return the choice and the number of a window of the API, which writeWindow() would write. */
export function readWindow(window) {
  const [, number, unit] = ROLLING.exec(window ?? "") ?? [];
  return number ? { window: `rolling_${unit}s`, number } : { window: window ?? "", number: "" };
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
  const months = { month: "*", quarter: QUARTERS, year: month }[every];
  const days = { day: "* * ?", week: `? * ${weekday}` }[every] ?? writeMonthDay(day, weekday, months);
  return `cron(${Number(minute)} ${Number(hour)} ${days} *)`;
}

function writeMonthDay(day, weekday, months) {
  if (!needsWeekday(day)) return `${day} ${months} ?`;
  const nth = day.slice("nth".length);
  return `? ${months} ${nth === "0" ? `${weekday}L` : `${weekday}#${nth}`}`;
}

/** Return the recurrence that writeExpression() would write as this expression, or one with `every` "other". */
export function readExpression(expression) {
  const other = { every: "other", other: expression };
  const cron = readCron(expression);
  if (!cron || cron.minutes.length > 1 || cron.hours.length > 1 || cron.years) return other;
  const time = formatClock(cron.hours[0], cron.minutes[0]);
  const found = readDays(cron);
  return found ? { ...found, time, other: "" } : other;
}

function readDays({ numbers, weekdays, nth, months }) {
  const every = nameMonths(months);
  if (numbers?.length === 31 && !months) return { every: "day" };
  if (weekdays && nth === undefined) return months ? null : readWeekly(weekdays);
  const single = numbers?.length === 1 ? String(numbers[0] || LAST) : null;
  const day = weekdays ? `nth${nth}` : single;
  if (!every || !(day in MONTH_DAYS)) return null;
  return {
    every,
    day,
    ...(weekdays ? { weekday: listWords(weekdays)[0] } : {}),
    ...(every === "year" ? { month: String(months[0]) } : {}),
  };
}

function readWeekly(weekdays) {
  const words = listWords(weekdays).join();
  if (words === "MON,TUE,WED,THU,FRI,SAT,SUN") return { every: "day" };
  const weekday = words === "MON,TUE,WED,THU,FRI" ? "MON-FRI" : words;
  return weekday in WEEKLY_DAYS ? { every: "week", weekday } : null;
}

function nameMonths(months) {
  if (!months) return "month";
  if (months.join() === QUARTERS) return "quarter";
  return months.length === 1 ? "year" : null;
}

/** Return a window in words. Null means the dates in the filters, if any. */
export function describeWindow(window) {
  if (window === null) return "dates in its filters";
  const [, number, unit] = ROLLING.exec(window) ?? [];
  return number ? `last ${count(Number(number), unit)}` : (WINDOWS[window] ?? window);
}

/** Return an expression in words, such as "every week on Monday at 07:00", or unchanged if there are none. */
export function describeExpression(expression) {
  const [, number, unit] = RATE.exec(expression) ?? [];
  if (number) return number === "1" ? `every ${unit}` : `every ${count(Number(number), unit)}`;
  const cron = readCron(expression);
  const times = cron && describeTimes(cron);
  if (!times) return expression;
  const years = cron.years ? ` in ${LIST.format(cron.years.map(String))}` : "";
  return `${describeDays(cron)} ${times}${years}`;
}

/** Whether an expression is due by the clock of a time zone. A rate counts hours, whatever the clock. */
export const hasClock = (expression) => !RATE.test(expression);

function describeTimes({ minutes, hours }) {
  if (minutes.length > 1 || (hours.length > MOST_TIMES && hours.length < 24)) return null;
  if (hours.length === 24) return `every hour at ${count(minutes[0], "minute")} past`;
  return `at ${LIST.format(hours.map((hour) => formatClock(hour, minutes[0])))}`;
}

function describeDays({ numbers, weekdays, nth, months }) {
  const recurrence = describeMonths(months);
  if (weekdays && nth !== undefined) return `${recurrence} on the ${NTH[nth]} ${nameWeekdays(weekdays)}`;
  const within = months ? ` in ${listMonths(months)}` : "";
  if (numbers?.length === 31 || weekdays?.length === 7) return `every day${within}`;
  if (weekdays) return `every week on ${nameWeekdays(weekdays)}${within}`;
  const days = numbers.map((number) => (number ? formatOrdinal(number) : "last day"));
  const rare = numbers.some((number) => number > SHORTEST_MONTH) ? ", where it exists," : "";
  return `${recurrence} on the ${LIST.format(days)}${rare}`;
}

function describeMonths(months) {
  if (!months) return "every month";
  return months.join() === QUARTERS ? "every quarter" : `every year in ${listMonths(months)}`;
}

const listMonths = (months) => LIST.format(months.map((month) => MONTHS[month]));

function nameWeekdays(numbers) {
  const words = listWords(numbers);
  if (words.join() === "MON,TUE,WED,THU,FRI") return WEEKLY_DAYS["MON-FRI"];
  return LIST.format(words.map((word) => WEEKDAYS[word]));
}

/** Return weekdays as words, Monday first. AWS counts them from 1, Sunday. */
function listWords(numbers) {
  const words = Object.keys(WEEKDAYS);
  return words.filter((_, index) => numbers.includes(((index + 1) % 7) + 1));
}

const formatClock = (hour, minute) => `${String(hour).padStart(2, "0")}:${String(minute).padStart(2, "0")}`;

function formatOrdinal(number) {
  return `${number}${ENDINGS[ORDINALS.select(number)]}`;
}

const makeProblem = (field, detail) => new Problem(422, { detail, field });
