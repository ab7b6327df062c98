/** Groups of filters that open and close, and shortcuts for common dates. */

import { make, makeButton } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";

const APRIL = 3; // the financial year of the UK's government and the NHS begins then
const NARROW = matchMedia("(max-width: 55rem)");

/**
 * Make the groups of the form with their values. On a narrow screen, only groups in use are open.
 * @param {{title: string, items: Object[]}[]} groups
 * @param {Object<string, string>} values
 * @param {(from: string, to: string) => void} ondates gets ISO dates
 * @returns {{fields: import("./fields.js").Field[], elements: HTMLElement[]}}
 */
export function makeGroups(groups, values, ondates) {
  const made = groups.map(({ title, items }) => ({ title, fields: items.map((item) => makeField(item)) }));
  const fields = made.flatMap((group) => group.fields);
  writeFields(fields, values);
  return { fields, elements: made.map((group) => makeGroup(group, ondates)) };
}

function makeGroup({ title, fields }, ondates) {
  const isUsed = Object.keys(readFields(fields)).length > 0;
  const open = !NARROW.matches || title === "Dates" || isUsed;
  const elements = fields.map(({ element }) => element);
  const inner = make("div", { class: "fields", role: "group", "aria-label": title }, elements);
  if (title === "Dates") inner.append(makeDateShortcuts(ondates));
  const summary = make("summary", {}, make("h2", {}, title));
  return make("details", { class: `group ${title.toLowerCase()}`, open }, summary, inner);
}

function makeDateShortcuts(choose) {
  const buttons = listShortcuts(new Date()).map(([text], place) =>
    makeButton(text, "small", () => {
      const [, from, to] = listShortcuts(new Date())[place]; // the page may be open since yesterday
      choose(writeDate(from), to ? writeDate(to) : "");
    }),
  );
  return make("div", { class: "shortcuts", role: "group", "aria-label": "Common dates" }, buttons);
}

/** Return the shortcuts: name, first day, and last day unless it is open. Windows of schedules mean the same. */
function listShortcuts(today) {
  const [year, month, day] = [today.getFullYear(), today.getMonth(), today.getDate()];
  const quarter = month - (month % 3);
  const financialYear = month < APRIL ? year - 1 : year;
  return [
    ["Last 30 days", new Date(year, month, day - 30)],
    ["Last month", new Date(year, month - 1, 1), new Date(year, month, 0)],
    ["Last quarter", new Date(year, quarter - 3, 1), new Date(year, quarter, 0)],
    ["Last 12 months", new Date(year, month - 12, day)],
    ["This year", new Date(year, 0, 1)],
    ["Last year", new Date(year - 1, 0, 1), new Date(year, 0, 0)],
    ["Last financial year", new Date(financialYear - 1, APRIL, 1), new Date(financialYear, APRIL, 0)],
  ];
}

function writeDate(day) {
  const pad = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`;
}
