/** One schedule in the table, in words, and what can be done with it. */

import { writeAddress } from "./address.js";
import { capitalise } from "./catalogue.js";
import { describeExport, nameExport } from "./course.js";
import { make, makeButton } from "./dom.js";
import { describeExpression, describeWindow } from "./rhythm.js";
import { formatExactTime, formatTime } from "./words.js";

const OUTCOMES = {
  STARTED: "Under way",
  NOTHING_NEW: "Nothing new to export",
  COMPLETED: "Completed",
  NO_STUDIES: "There were no studies",
  FAILED: "Failed",
  ABORTED: "Aborted",
  PAUSED: "Paused instead",
};

/**
 * The row of a schedule.
 * @param {Object} schedule as the API shows it
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
    cell("next", "Next run", makeTime(schedule.next_run)),
    cell("last", "Last run", makeLastRun(schedule)),
    cell("course", null, makeState(schedule)),
    cell("actions", null, makeActions(schedule, actions)),
  );
}

function makeTitle({ name, with_patients: withPatients }) {
  const badge = withPatients && make("span", { class: "badge patients" }, "patient data");
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
  const rhythm = describeExpression(expression);
  return `${describeWindow(window)}, ${rhythm}${rhythm.startsWith("rate(") ? "" : ` (${zone})`}`;
}

const makeEnd = ({ ends_on: end }) => end && make("small", {}, ` until ${end}`);

function makeTime(text) {
  return text ? make("time", { datetime: text, title: formatExactTime(text) }, formatTime(text)) : "–";
}

function makeLastRun({ last_run: run, mine }) {
  if (!run) return "–";
  const words = OUTCOMES[run.outcome] ?? run.outcome;
  const address = writeAddress("exports", { scope: mine ? "" : "all", export: run.export_id });
  const outcome = run.export_id ? make("a", { href: address }, words) : words;
  return [makeTime(run.scheduled_at), make("span", { class: "outcome" }, outcome)];
}

function makeState({ enabled, paused, next_run: next }) {
  if (paused) return [makeChip("Paused", "aborting"), make("span", { class: "note" }, paused.sentence)];
  if (!enabled) return makeChip("Disabled", "");
  return next ? makeChip("Enabled", "completed") : makeChip("Ended", "");
}

const makeChip = (text, kind) => make("span", { class: `state ${kind}` }, text);

/** An administrator may stop and delete what is another's, no more. */
function makeActions(schedule, actions) {
  const { id, name, mine, enabled, paused, links } = schedule;
  const isOn = enabled && !(paused && mine);
  const button = (what, text, kind, act) =>
    makeButton(text, kind, ({ currentTarget }) => act(currentTarget), {
      id: `${what}-${id}`,
      "aria-label": `${text}: ${name}`,
    });
  return [
    links.run && button("run", "Run now", "plain", (at) => actions.run(schedule, at)),
    (mine || isOn) &&
      button("enable", isOn ? "Disable" : "Enable", "plain", (at) => actions.enable(schedule, !isOn, at)),
    button("delete", "Delete", "plain danger", (at) => actions.remove(schedule, at)),
  ];
}
