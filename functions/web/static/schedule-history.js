/** The dialog that lists the runs of a schedule. */

import { writeAddress } from "./address.js";
import { formatDates, formatIn } from "./coming-runs.js";
import { make } from "./dom.js";

/** How a run ended, in words. */
const OUTCOMES = {
  STARTED: "In progress",
  NOTHING_NEW: "Nothing new to export",
  COMPLETED: "Completed",
  NO_STUDIES: "No studies matched",
  FAILED: "Failed",
  ABORTED: "Aborted",
  PAUSED: "Schedule paused",
};
const NONE = "It has not run yet.";
const OLDER = "Older runs are not listed.";

/** Return how a run ended, as a link to its export if it has one. */
export function makeOutcome({ outcome, export_id: id }, mine, onclick) {
  const words = OUTCOMES[outcome] ?? outcome;
  if (!id || outcome === "PAUSED") return words;
  const address = writeAddress("exports", { scope: mine ? "" : "all", export: id });
  return make("a", { href: address, onclick }, words);
}

/**
 * Show the history of a schedule until the user closes it.
 * @param {Object} schedule a schedule of the API
 * @param {{runs: Object[], complete: boolean}} history
 */
export function showHistory(schedule, { runs, complete }) {
  const dialog = make(
    "dialog",
    { id: "history-dialog", "aria-labelledby": "history-title", onclose: () => dialog.remove() },
    make(
      "form",
      { method: "dialog" },
      make("h2", { id: "history-title" }, `Runs of “${schedule.name}”`),
      runs.length ? makeTable(schedule, runs, () => dialog.close()) : make("p", {}, NONE),
      !complete && make("p", { class: "hint" }, OLDER),
      make(
        "div",
        { class: "buttons" },
        make("button", { class: "button primary", autofocus: true }, "Close"),
      ),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}

function makeTable({ time_zone: zone, mine }, runs, close) {
  const heading = ["Run", "Study dates", "Result"].map((text) => make("th", { scope: "col" }, text));
  const rows = runs.map((run) =>
    make(
      "tr",
      {},
      make("td", {}, formatIn(run.scheduled_at, zone), run.manual && " (Run now)"),
      make("td", {}, formatDates(run.dates) || "–"),
      make("td", {}, makeOutcome(run, mine, close)),
    ),
  );
  const table = make("table", {}, make("thead", {}, make("tr", {}, heading)), make("tbody", {}, rows));
  return make("div", { class: "scroller", tabindex: "0", role: "group", "aria-labelledby": "history-title" }, table);
}
