/** The history of an export: events of its audit trail, in words. */

import { make } from "./dom.js";
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
 * Make a list of the entries of an audit trail, oldest first.
 * @param {{event: string, time: string, by: ?{name: string}, file: ?Object, code: ?string, retention: ?Object}[]} entries
 */
export function makeHistory(entries) {
  const items = entries.map((entry) => make("li", {}, describeEntry(entry)));
  return make("ol", { class: "history", "aria-label": "History" }, items);
}

function describeEntry({ event, time, by, file, code, retention }) {
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
