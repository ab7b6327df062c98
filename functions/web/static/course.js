/** An export in words: what it is, what it was asked for, how far it is. */

import { nameTypeInFull } from "./catalogue.js";
import { describeFilters, formatDuration, formatNumber, formatRest } from "./words.js";

const STATES = {
  QUEUED: "Waiting",
  RUNNING: "Running",
  ABORTING: "Aborting",
  COMPLETED: "Completed",
  FAILED: "Failed",
  ABORTED: "Aborted",
};
const ACTIVE = new Set(["QUEUED", "RUNNING", "ABORTING"]);
const HIDDEN_FILTERS = "Filters that name patients are shown to its owner and to pidgroup only";

/** Whether an export waits, runs or is being stopped. */
export const isActive = (each) => ACTIVE.has(each.state);

/** A state in words. */
export const nameState = (state) => STATES[state] ?? state;

/** An export type in words, also of a type that is no more. */
export function nameExport(each, catalogue) {
  const known = catalogue.findType(each.type);
  return known ? nameTypeInFull(known) : each.type;
}

/** An export's filters in words. */
export function describeExport(each, catalogue) {
  if (!each.filters) return HIDDEN_FILTERS;
  const known = catalogue.findType(each.type);
  const filters = known ? [...known.modality.filters, ...known.own_filters] : [];
  const words = describeFilters(filters, each.filters).map(({ text }) => text);
  return words.join(" · ") || "All studies";
}

/** How far an export is, or how long it took. */
export function describeCourse(each) {
  if (each.state === "RUNNING" && !each.expected) return "counting studies";
  if (each.state === "RUNNING") {
    const done = `${formatNumber(each.done)} of ${formatNumber(each.expected)}`;
    return [done, formatRest(each.estimated_end)].filter(Boolean).join(" · ");
  }
  if (each.state === "QUEUED") return each.attempt > 1 ? "for a second attempt" : "for a worker";
  if (each.state === "COMPLETED" && each.started_at) return `in ${formatDuration(measureRun(each))}`;
  return "";
}

const measureRun = (each) => (new Date(each.finished_at) - new Date(each.started_at)) / 1000;

/** Whether the file names patients, in words. */
export function describeWish({ names, ids }) {
  if (names && ids) return "names and IDs";
  if (names) return "names";
  return ids ? "IDs" : "not named";
}
