/** What happened to an export, when, and by whom, in words. */

import { make } from "./dom.js";
import { count, formatExactTime } from "./words.js";

const HAPPENED = {
  requested: "Asked for",
  started: "Started",
  requeued: "Queued again",
  completed: "Completed",
  failed: "Failed",
  abort_requested: "Abort asked for",
  aborted: "Aborted",
  link_issued: "Link made",
  kept: "Time of the file changed",
  read: "Read by somebody else",
  deleted: "Deleted",
  expired: "Expired",
  withheld: "Not asked for: its schedule is paused",
};

/**
 * The entries of a trail, oldest first, as a list.
 * @param {{kind: string, time: string, by: ?{name: string}, file: ?Object, code: ?string, kept: ?Object}[]} entries
 */
export function makeTrail(entries) {
  const items = entries.map((entry) => make("li", {}, describeEntry(entry)));
  return make("ol", { class: "trail", "aria-label": "History" }, items);
}

function describeEntry({ kind, time, by, file, code, kept }) {
  const parts = [
    `${formatExactTime(time)}: ${HAPPENED[kind] ?? kind}`,
    by && `by ${by.name}`,
    file && `with ${count(file.studies, "study", "studies")}`,
    code && `(${code})`,
    kept && `to ${count(kept.days, "day")}`,
  ];
  return parts.filter(Boolean).join(" ");
}
