/** The contents of the card "Preview": numbers, a bar per month, and the most frequent values. */

import { make, makeButton, SVG } from "./dom.js";
import { MAX_TEXT } from "./fields.js";
import { count, DATE_LOCALE, formatDay, formatDuration, formatNumber, formatSize } from "./words.js";

const MOST_BARS = 60;
const BAR = { width: 10, gap: 2, height: 48 };
const MONTH = new Intl.DateTimeFormat(DATE_LOCALE, { month: "short", year: "numeric" });
const LISTS = [
  { name: "protocols", filter: "acquisition_protocol", title: "Most frequent protocols", most: 10 },
  { name: "rooms", filter: "display_name", title: "Rooms with most studies", most: 5 },
  { name: "descriptions", filter: "study_description", title: "Most frequent descriptions", most: 5 },
];

/**
 * Make the contents of the card.
 * @param {Object} answer the body of POST /exports/preview
 * @param {import("./form.js").ExportForm} form
 * @returns {HTMLElement[]}
 */
export function makeCard(answer, form) {
  const known = new Set(form.listFilters().map(({ name }) => name));
  const lists = LISTS.filter(({ name, filter }) => answer[name].length && known.has(filter));
  return [
    makeNumbers(answer),
    makeMonths(answer.months),
    ...lists.map((list) => makeFrequent(list, answer[list.name], (value) => form.addFilter(list.filter, value))),
  ].filter(Boolean);
}

function makeNumbers(answer) {
  const entries = [
    ["Studies", formatNumber(answer.studies), "large"],
    ["Events", formatNumber(answer.events), "large"],
    ["Most events of a study", answer.most_events && formatNumber(answer.most_events)],
    ["Groups, about", answer.groups != null && formatNumber(answer.groups)],
    ["Dates", answer.first_date && `${formatDay(answer.first_date)} to ${formatDay(answer.last_date)}`, "wide"],
    ["Estimated size", formatSize(answer.estimated_size)],
    ["Estimated time", formatDuration(answer.estimated_seconds)],
  ];
  const shown = entries.filter(([, text]) => text);
  return make(
    "dl",
    { class: "numbers" },
    shown.map(([name, text, size]) => makeNumber(name, text, size)),
  );
}

const makeNumber = (name, text, size = "") =>
  make("div", { class: size }, make("dt", {}, name), make("dd", {}, text));

/** Make a chart of a bar per month, or per year if there are many, and the same as a table that is read aloud. */
function makeMonths(months) {
  if (!months.length) return null;
  const bars = groupBars(months);
  const unit = bars[0].label.length > 4 ? "month" : "year";
  const ends = make("div", { class: "ends", "aria-hidden": "true" });
  ends.append(...[bars[0], bars.length > 1 && bars.at(-1)].filter(Boolean).map(({ label }) => make("span", {}, label)));
  const rows = bars.map(({ label, count: studies }) =>
    make("tr", {}, make("th", { scope: "row" }, label), make("td", {}, formatNumber(studies))),
  );
  const title = `Studies per ${unit}`;
  return make(
    "figure",
    { class: "months" },
    make("figcaption", {}, title),
    makeBars(bars),
    ends,
    make("table", { class: "hidden" }, make("caption", {}, title), make("tbody", {}, rows)),
  );
}

/** Return the newest bars: one per month from the first to the last, or one per year. */
function groupBars(months) {
  const counts = new Map(months.map(({ month, count: studies }) => [month, studies]));
  const [first, last] = [months[0].month, months.at(-1).month].map(numberMonth);
  const all = [];
  for (let number = Math.max(first, last - MOST_BARS * 12); number <= last; number += 1) {
    const month = nameMonth(number);
    all.push({ label: MONTH.format(new Date(`${month}-01T12:00`)), year: month.slice(0, -3), count: counts.get(month) ?? 0 });
  }
  return (last - first < MOST_BARS ? all : sumYears(all)).slice(-MOST_BARS);
}

function sumYears(months) {
  const years = new Map();
  for (const { year, count: studies } of months) years.set(year, (years.get(year) ?? 0) + studies);
  return [...years].map(([label, studies]) => ({ label, count: studies }));
}

function numberMonth(text) {
  const [year, month] = text.split("-").map(Number);
  return year * 12 + month - 1;
}

const nameMonth = (number) =>
  `${String(Math.floor(number / 12)).padStart(4, "0")}-${String((number % 12) + 1).padStart(2, "0")}`;

function makeBars(bars) {
  const most = Math.max(...bars.map(({ count: studies }) => studies));
  const width = bars.length * BAR.width - BAR.gap;
  const chart = makeSvg("svg", { viewBox: `0 0 ${width} ${BAR.height}`, preserveAspectRatio: "none", "aria-hidden": "true" });
  bars.forEach(({ label, count: studies }, place) => {
    const height = studies && Math.max(1, (studies / most) * BAR.height);
    const size = { x: place * BAR.width, y: BAR.height - height, width: BAR.width - BAR.gap, height };
    const bar = makeSvg("rect", size);
    const words = makeSvg("title", {});
    words.textContent = `${label}: ${count(studies, "study", "studies")}`;
    bar.append(words);
    chart.append(bar);
  });
  return chart;
}

function makeSvg(tag, attributes) {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  return element;
}

/** Make a table of values. Each is a button that adds it as a filter, if the filter can hold it. */
function makeFrequent({ title, most }, counts, onchoose) {
  const highest = counts[0].count;
  const rows = counts.slice(0, most).map(({ value, count: number }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", title: value }, makeValue(value, onchoose)),
      make("td", { "aria-hidden": "true" }, make("progress", { value: number, max: highest, tabindex: "-1" })),
      make("td", { class: "number" }, formatNumber(number)),
    ),
  );
  return make("table", { class: "protocols" }, make("caption", {}, title), make("tbody", {}, rows));
}

function makeValue(value, onchoose) {
  const text = value.trim();
  const canFilter = text && text.length <= MAX_TEXT && !/\p{Cc}/u.test(text);
  if (!canFilter) return value || "(none)";
  return makeButton(value, "link", () => onchoose(text), { title: `Add filter: ${value}` });
}
