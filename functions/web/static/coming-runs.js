/** The coming runs of a schedule: when, in its time zone, and the study dates of each. */

import { make } from "./dom.js";
import { DATE_LOCALE } from "./words.js";

const DAY = new Intl.DateTimeFormat(DATE_LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const MOMENT = { weekday: "short", day: "numeric", month: "short", year: "numeric" };
const CLOCK = { hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

/** A time of the API → "Tue, 1 Dec 2026, 07:00 GMT" in a time zone, or in the browser's if it lacks that. */
export function formatIn(text, timeZone) {
  const options = { ...MOMENT, ...CLOCK };
  try {
    return new Intl.DateTimeFormat(DATE_LOCALE, { ...options, timeZone }).format(new Date(text));
  } catch {
    return new Intl.DateTimeFormat(DATE_LOCALE, options).format(new Date(text));
  }
}

/** Study dates → "1–30 Nov 2026". Null means none. */
export const formatDates = (dates) =>
  dates ? DAY.formatRange(new Date(dates.date_from), new Date(dates.date_to)) : "";

/** Return the study dates of a coming run in words. */
export function describeDates({ dates, nothing_new: nothingNew }) {
  return nothingNew ? "no new days" : dates ? `studies of ${formatDates(dates)}` : "";
}

/** Make the list of coming runs. */
export function makeRunList(runs, timeZone) {
  const items = runs.map((run) => {
    const dates = describeDates(run);
    const moment = make("time", { datetime: run.scheduled_at }, formatIn(run.scheduled_at, timeZone));
    return make("li", {}, moment, dates && make("span", {}, ` ${dates}`));
  });
  return make("ol", { class: "runs" }, items);
}
