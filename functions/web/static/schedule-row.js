/** One schedule in the table, with its actions. */

import { capitalise } from "./catalogue.js";
import { makeRunList } from "./coming-runs.js";
import { make, makeButton } from "./dom.js";
import { describeExport, nameExport } from "./export-words.js";
import { describeExpression, describeWindow, hasClock } from "./recurrence.js";
import { makeOutcome } from "./schedule-history.js";
import { formatDay, formatExactTime, formatTime } from "./words.js";

/**
 * Make the row of a schedule.
 * @param {Object} schedule a schedule of the API
 * @param {import("./catalogue.js").Catalogue} catalogue
 * @param {import("./schedules.js").Schedules} actions
 */
export function makeScheduleRow(schedule, catalogue, actions) {
  const cell = (name, label, ...children) =>
    make("td", { class: name, "data-label": label, role: "cell" }, children.flat());
  return make(
    "tr",
    { role: "row" },
    cell("what", null, makeTitle(schedule), makeWhat(schedule, catalogue)),
    cell("when", null, capitalise(describeWhen(schedule)), makeEnd(schedule)),
    cell("next", "Next runs", makeNextRuns(schedule)),
    cell("last", "Last run", makeLastRun(schedule)),
    cell("status", null, makeState(schedule)),
    cell("actions", null, makeActions(schedule, actions)),
  );
}

function makeTitle({ name, has_patient_data: hasPatientData }) {
  const badge = hasPatientData && make("span", { class: "badge patients" }, "patient data");
  return make("div", { class: "title" }, make("strong", {}, name), badge);
}

function makeWhat(schedule, catalogue) {
  const filters = describeExport(schedule, catalogue);
  return [
    make("span", { class: "type-name" }, nameExport(schedule, catalogue)),
    make("span", { class: "filters", title: filters }, filters),
    !schedule.mine && make("span", { class: "by" }, `by ${schedule.owner_name}`),
  ];
}

function describeWhen({ window, expression, time_zone: zone }) {
  const place = hasClock(expression) ? ` (${zone})` : "";
  return `${describeWindow(window)}, ${describeExpression(expression)}${place}`;
}

const makeEnd = ({ ends_on: end }) => end && make("small", {}, ` until ${formatDay(end)}`);

const makeNextRuns = ({ next_runs: runs, time_zone: zone }) => (runs.length ? makeRunList(runs, zone) : "–");

function makeLastRun({ last_run: run, mine }) {
  if (!run) return "–";
  const at = run.scheduled_at;
  return [
    make("time", { datetime: at, title: formatExactTime(at) }, formatTime(at)),
    make("span", { class: "outcome" }, makeOutcome(run, mine), run.manual && " (Run now)"),
  ];
}

function makeState({ enabled, paused, next_run: next }) {
  if (paused) return [makeChip("Paused", "aborting"), make("span", { class: "note" }, paused.message)];
  if (!enabled) return makeChip("Disabled", "");
  return next ? makeChip("Enabled", "completed") : makeChip("Ended", "");
}

const makeChip = (text, style) => make("span", { class: `state ${style}` }, text);

/** Administrators may disable and delete schedules of other users, but not run or enable them. */
function makeActions(schedule, actions) {
  const { id, name, mine, enabled, paused, links } = schedule;
  const isOn = enabled && !(paused && mine);
  const button = (action, text, style, act) =>
    makeButton(text, style, ({ currentTarget }) => act(currentTarget), {
      id: `${action}-${id}`,
      "aria-label": `${text}: ${name}`,
    });
  return [
    links.run && button("run", "Run now", "plain", (pressed) => actions.run(schedule, pressed)),
    links.change && button("edit", "Edit", "plain", (pressed) => actions.edit(schedule, pressed)),
    button("history", "History", "plain", (pressed) => actions.showHistory(schedule, pressed)),
    (mine || isOn) &&
      button("enable", isOn ? "Disable" : "Enable", "plain", (pressed) =>
        actions.enable(schedule, !isOn, pressed),
      ),
    button("delete", "Delete", "plain danger", (pressed) => actions.remove(schedule, pressed)),
  ];
}
