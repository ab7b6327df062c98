/** Groups of filters that open and close, and shortcuts for common dates. */

import { make, makeButton } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";

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
  const today = new Date();
  const year = today.getFullYear();
  const shortcuts = [
    ["Last 30 days", goBack(today, { days: 30 }), ""],
    ["Last 12 months", goBack(today, { months: 12 }), ""],
    ["This year", `${year}-01-01`, ""],
    ["Last year", `${year - 1}-01-01`, `${year - 1}-12-31`],
  ];
  const buttons = shortcuts.map(([text, from, to]) => makeButton(text, "small", () => choose(from, to)));
  return make("div", { class: "shortcuts", role: "group", "aria-label": "Common dates" }, buttons);
}

function goBack(today, { days = 0, months = 0 }) {
  const day = new Date(today.getFullYear(), today.getMonth() - months, today.getDate() - days);
  const pad = (number) => String(number).padStart(2, "0");
  return `${day.getFullYear()}-${pad(day.getMonth() + 1)}-${pad(day.getDate())}`;
}
