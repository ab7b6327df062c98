/** Entries of the audit trail in words: the history of an export, or who read patients in first rows. */

import { make } from "./dom.js";
import { describeExport, describePatientData, nameExport } from "./export-words.js";
import { count, formatExactTime } from "./words.js";

const EVENTS = {
  requested: "Requested",
  started: "Started",
  requeued: "Queued again",
  completed: "Completed",
  failed: "Failed",
  abort_requested: "Abort requested",
  aborted: "Aborted",
  link_issued: "Download link issued",
  retention_changed: "Retention changed",
  read: "Request viewed",
  deleted: "Deleted",
  expired: "Expired",
  skipped: "Skipped because its schedule is paused",
  mail_sent: "Mail sent to the owner",
  mail_failed: "Mail to the owner could not be sent",
};

/**
 * Make a list of entries of an audit trail, in their order.
 * @param {{event: string, time: string, by: ?{name: string}, request: ?Object, file: ?Object, code: ?string,
 *   retention: ?Object}[]} entries
 * @param {import("./catalogue.js").Catalogue} catalogue
 */
export function makeHistory(entries, catalogue, label = "History") {
  const items = entries.map((entry) => make("li", {}, describeEntry(entry, catalogue)));
  return make("ol", { class: "history", "aria-label": label }, items);
}

function describeEntry({ event, time, by, request, file, code, retention }, catalogue) {
  if (event === "first_rows_shown")
    return `${formatExactTime(time)}: ${describeFirstRows(request, catalogue)} shown to ${by.name}`;
  if (retention && by)
    return `${formatExactTime(time)}: ${by.name} changed retention to ${count(retention.days, "day")}`;
  const parts = [
    `${formatExactTime(time)}: ${EVENTS[event] ?? event}`,
    by && `by ${by.name}`,
    file && `with ${count(file.studies, "study", "studies")}`,
    code && `(${code})`,
  ];
  return parts.filter(Boolean).join(" ");
}

function describeFirstRows(request, catalogue) {
  const what = `${nameExport(request, catalogue)} (${describeExport(request, catalogue)})`;
  return `first rows of ${what} with ${describePatientData(request)} of patients`;
}
