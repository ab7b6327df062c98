/** An export in words: type, filters, state and progress. */

import { nameTypeInFull } from "./catalogue.js";
import { describeFilters, formatDuration, formatNumber, formatTimeLeft } from "./words.js";

const STATES = {
  QUEUED: "Waiting",
  RUNNING: "Running",
  ABORTING: "Aborting",
  COMPLETED: "Completed",
  FAILED: "Failed",
  ABORTED: "Aborted",
};
const ACTIVE = new Set(["QUEUED", "RUNNING", "ABORTING"]);
const HIDDEN_FILTERS = "Only the owner and members of pidgroup can see these filters";

/** Return whether an export is queued, running or aborting. */
export const isActive = (each) => ACTIVE.has(each.state);

/** Return a state in words. */
export const nameState = (state) => STATES[state] ?? state;

/** Return the name of an export type. A type that no longer exists keeps its short name. */
export function nameExport(each, catalogue) {
  const known = catalogue.findType(each.type);
  return known ? nameTypeInFull(known) : each.type;
}

/** Return the filters of an export in words. */
export function describeExport(each, catalogue) {
  if (!each.filters) return HIDDEN_FILTERS;
  const known = catalogue.findType(each.type);
  const filters = known ? [...known.modality.filters, ...known.own_filters] : [];
  const words = describeFilters(filters, each.filters).map(({ text }) => text);
  return words.join(" · ") || "All studies";
}

/** Return the progress of an export, or how long it took. */
export function describeProgress(each) {
  if (each.state === "RUNNING" && !each.studies_total) return "counting studies";
  if (each.state === "RUNNING") {
    const done = `${formatNumber(each.studies_done)} of ${formatNumber(each.studies_total)}`;
    return [done, formatTimeLeft(each.estimated_end)].filter(Boolean).join(" · ");
  }
  if (each.state === "QUEUED") return each.attempt > 1 ? "for another attempt" : "for a worker";
  if (each.state === "COMPLETED" && each.started_at) return `in ${formatDuration(measureRun(each))}`;
  return "";
}

/** Return when the file of an export expires, or null if it has none. */
export const findExpiry = (each) => (each.state === "COMPLETED" ? each.expires_at : null);

const measureRun = (each) => (new Date(each.finished_at) - new Date(each.started_at)) / 1000;

/** Return which patient identifiers a file contains, in words. */
export function describePatientData({ include_names: names, include_ids: ids }) {
  if (names && ids) return "names and IDs";
  if (names) return "names";
  return ids ? "IDs" : "none";
}
