/** Numbers, times and filters in words. */

import { humanise, pairRanges } from "./catalogue.js";

const LOCALE = "en-GB";
/** The language of dates: the browser's. The words are English. */
export const DATE_LOCALE = navigator.language || LOCALE;
const DAY = new Intl.DateTimeFormat(DATE_LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const NUMBER = new Intl.NumberFormat(LOCALE);
const SHORT = new Intl.NumberFormat(LOCALE, { maximumSignificantDigits: 3 });
const MOMENT = new Intl.DateTimeFormat(DATE_LOCALE, { dateStyle: "medium", timeStyle: "short" });
const EXACT = new Intl.DateTimeFormat(DATE_LOCALE, { dateStyle: "medium", timeStyle: "long" });
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });
const UNITS = [
  ["year", 31_557_600],
  ["month", 2_629_800],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];
const COUNTS = { 0: "none", some: "some", more: "more than 10" };

/** 1234567 → "1,234,567"; "–" for an unknown number. */
export const formatNumber = (number) => (number == null ? "–" : NUMBER.format(number));

/** Return a number with its noun: 1 study, 2 studies. */
export const count = (number, one, many = `${one}s`) =>
  `${formatNumber(number)} ${number === 1 ? one : many}`;

/** Bytes → "1.23 MB" (decimal units). */
export function formatSize(bytes) {
  if (bytes == null) return "–";
  const power = Math.min(Math.floor(Math.log10(Math.max(bytes, 1)) / 3), 4);
  return `${SHORT.format(bytes / 1000 ** power)} ${["bytes", "kB", "MB", "GB", "TB"][power]}`;
}

/** Seconds → "12 s", "3 min", "2 h 5 min". */
export function formatDuration(seconds) {
  const whole = Math.max(1, Math.round(seconds));
  if (whole < 60) return `${whole} s`;
  const minutes = Math.round(whole / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** A day of the API or of a field, 2026-11-23 → "23 Nov 2026". What is no day stays as it is. */
export function formatDay(text) {
  const day = new Date(text);
  return Number.isNaN(day.getTime()) ? text : DAY.format(day);
}

/** A time of the API → "23 Nov 2026, 11:30" in the time zone of the browser. */
export const formatTime = (text) => (text ? MOMENT.format(new Date(text)) : "–");

/** The same with seconds and time zone. */
export const formatExactTime = (text) => (text ? EXACT.format(new Date(text)) : "–");

/** A time of the API → "2 minutes ago", "in 30 days". */
export function formatRelative(text, now = Date.now()) {
  const seconds = (new Date(text) - now) / 1000;
  for (const [unit, length] of UNITS) {
    if (Math.abs(seconds) >= length) return RELATIVE.format(Math.round(seconds / length), unit);
  }
  return seconds > 0 ? "in a moment" : "just now";
}

/** The estimated end of an export → "≈ 12 s left"; "" while it is unknown. */
export function formatTimeLeft(estimatedEnd, now = Date.now()) {
  return estimatedEnd ? `≈ ${formatDuration((new Date(estimatedEnd) - now) / 1000)} left` : "";
}

/** Return a unit as it is printed: "cGy.cm^2" → "cGy·cm²". */
export const formatUnit = (unit) =>
  (unit ?? "").replaceAll(".", "·").replaceAll("^2", "²").replaceAll("^3", "³");

/**
 * Return filters in words, one entry per filter or range.
 * @param {import("./catalogue.js").Filter[]} known
 * @param {Object<string, string>} values
 * @returns {{names: string[], text: string}[]}
 */
export function describeFilters(known, values) {
  const given = known.filter(({ name }) => values[name]);
  const described = pairRanges(known)
    .map(({ label, filters }) => ({ label, filters: filters.filter((each) => given.includes(each)) }))
    .filter(({ filters }) => filters.length)
    .map(({ label, filters }) => describeItem(label, filters, values));
  const names = new Set(known.map(({ name }) => name));
  const others = Object.keys(values).filter((name) => values[name] && !names.has(name));
  return [
    ...described,
    ...others.map((name) => ({ names: [name], text: `${humanise(name)}: ${values[name]}` })),
  ];
}

function describeItem(label, filters, values) {
  const names = filters.map(({ name }) => name);
  const isDate = filters[0].value_type === "date";
  const [low, high] = findEnds(names, values).map((end) => (end && isDate ? formatDay(end) : end));
  if (low || high) return { names, text: describeRange(label, low, high, formatUnit(filters[0].unit)) };
  return { names, text: describeValue(label, filters[0].value_type, values[names[0]]) };
}

function findEnds(names, values) {
  const find = (ending) => values[names.find((name) => ending.test(name))];
  return [find(/_(min|from)$/), find(/_(max|to)$/)];
}

function describeRange(label, low, high, unit) {
  if (low && low === high) return `${label} ${low} ${unit}`.trim();
  if (low && high) return `${label} ${low} to ${high} ${unit}`.trim();
  return `${label} ${low ? "from" : "up to"} ${low ?? high} ${unit}`.trim();
}

function describeValue(label, valueType, value) {
  if (valueType === "text") return `${label} contains “${value}”`;
  if (valueType === "choice") return `${label} ${value === "exclude" ? "excluded" : "included"}`;
  if (valueType === "flag") return `${label}: ${value}`;
  if (valueType === "count") return `${label}: ${COUNTS[value] ?? value}`;
  return `${label} is ${value}`;
}
