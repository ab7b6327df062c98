/** One export in the table: a row that is changed in place, so that focus and selection stay. */

import { describeCourse, describeExport, isActive, nameExport, nameState } from "./course.js";
import { Details } from "./details.js";
import { make, makeButton, setShown, setText } from "./dom.js";
import { count, formatExactTime, formatNumber, formatRelative, formatSize } from "./words.js";

/**
 * The row of an export and, once opened, its details below it.
 * `actions` do something with the row; `onselect` hears when its box is ticked.
 */
export class Row {
  constructor(each, catalogue, actions, onselect) {
    Object.assign(this, { catalogue, actions, onselect });
    this.parts = makeParts(this);
    this.element = makeRow(this.parts);
    this.details = new Details(this);
    this.update(each);
  }

  /** Show the export as it is now. */
  update(each) {
    this.latest = each;
    // What was just stopped stays so, whatever an older answer says.
    this.export =
      this.isAborting && isActive(each)
        ? { ...each, state: "ABORTING", links: { self: each.links.self } }
        : each;
    this.#updateState();
    this.#updateRequest();
    this.#updateFile();
    this.#updateActions();
    this.refreshTimes();
    this.details.update();
  }

  /** Say anew how long ago, and how long still. */
  refreshTimes() {
    const { created_at: created, expires_at: expires } = this.export;
    setTime(this.parts.asked, created, formatRelative(created));
    setTime(this.parts.expires, expires, expires ? formatRelative(expires) : "–");
  }

  /** Show as stopping at once; false takes it back. */
  setAborting(isAborting) {
    this.isAborting = isAborting;
    this.update(this.latest);
  }

  #updateState() {
    const each = this.export;
    const { chip, bar, course } = this.parts;
    setText(chip, nameState(each.state));
    chip.className = `state ${each.state.toLowerCase()}`;
    this.element.dataset.state = each.state;
    bar.classList.toggle("idle", !isActive(each));
    if (each.per_cent == null && each.state === "RUNNING") bar.removeAttribute("value");
    else bar.value = each.per_cent ?? 0;
    bar.setAttribute("aria-label", `${each.per_cent ?? 0} per cent`);
    setText(course, describeCourse(each));
  }

  #updateRequest() {
    const each = this.export;
    setText(this.parts.name, nameExport(each, this.catalogue));
    const filters = describeExport(each, this.catalogue);
    setText(this.parts.filters, filters);
    this.parts.filters.title = filters;
    setShown(this.parts.patients, each.with_patients);
    setText(this.parts.warnings, count(each.warnings.length, "warning"));
    setShown(this.parts.warnings, each.warnings.length > 0);
    setText(this.parts.fault, each.error?.sentence ?? "");
    setShown(this.parts.fault, each.error != null);
    setText(this.parts.who, each.mine ? "you" : each.asked_by);
  }

  #updateFile() {
    const each = this.export;
    setNumber(this.parts.studies, isActive(each) ? each.expected : each.studies, formatNumber);
    setNumber(this.parts.size, each.size, formatSize);
  }

  #updateActions() {
    const { links } = this.export;
    const { select, download, abort, again } = this.parts;
    select.disabled = !links.delete;
    if (select.disabled) select.checked = false;
    const name = nameExport(this.export, this.catalogue);
    select.setAttribute("aria-label", `Select ${name}, ${formatExactTime(this.export.created_at)}`);
    setShown(download, Boolean(links.download));
    setShown(abort, Boolean(links.abort));
    setShown(again, !links.download && !isActive(this.export) && this.mayRunAgain);
  }

  /** Whether this person may read what was asked for, and the type is still there. */
  get mayRunAgain() {
    return this.export.filters !== null && Boolean(this.catalogue.findType(this.export.type));
  }
}

function setNumber(element, number, format) {
  setText(element, format(number));
  element.parentElement.classList.toggle("none", number == null);
}

function setTime(element, text, words) {
  setText(element, words);
  element.dateTime = text ?? "";
  element.title = text ? formatExactTime(text) : "";
}

function makeParts(row) {
  const act = (name) => (event) => row.actions[name](row, event.currentTarget);
  return {
    select: make("input", { type: "checkbox", onchange: row.onselect }),
    chip: make("span", {}),
    bar: make("progress", { max: 100 }),
    course: make("small", { class: "course" }),
    name: make("strong", {}),
    patients: make(
      "span",
      { class: "badge patients", title: "The file or its filters name patients" },
      "patient data",
    ),
    warnings: make("span", { class: "badge warnings" }),
    filters: make("span", { class: "filters" }),
    fault: make("span", { class: "fault" }),
    who: make("span", { class: "who" }),
    asked: make("time", {}),
    studies: make("span", {}),
    size: make("span", {}),
    expires: make("time", {}),
    download: makeButton("Download", "primary", act("download")),
    abort: makeButton("Abort", "plain", act("abort")),
    again: makeButton("Run again", "plain", act("again")),
    more: makeButton("Details", "quiet more", () => row.details.toggle(), {
      title: "Details",
      "aria-expanded": "false",
    }),
  };
}

function makeRow(parts) {
  const cell = (name, label, ...children) =>
    make("td", { class: name, "data-label": label, role: "cell" }, children);
  return make(
    "tr",
    { role: "row" },
    cell("select", "", parts.select),
    cell("course", "State", make("div", { class: "progress" }, parts.chip, parts.bar), parts.course),
    cell(
      "what",
      "Export",
      make("div", { class: "title" }, parts.name, parts.patients, parts.warnings),
      parts.filters,
      parts.fault,
    ),
    cell("asked", "Asked", parts.asked, make("span", { class: "by" }, " by "), parts.who),
    cell("number studies", "Studies", parts.studies),
    cell("number size", "Size", parts.size),
    cell("expires", "Expires", parts.expires),
    cell("actions", "", parts.download, parts.abort, parts.again, parts.more),
  );
}
