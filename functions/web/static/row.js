/** One export in the table. The row is changed in place, so that focus and selection stay. */

import { Details } from "./details.js";
import { make, makeButton, setShown, setText } from "./dom.js";
import {
  describeExport,
  describeProgress,
  findExpiry,
  isActive,
  nameExport,
  nameState,
} from "./export-words.js";
import { count, formatExactTime, formatNumber, formatRelative, formatSize } from "./words.js";

/**
 * The row of an export, with its details below once opened.
 * `actions` act on the row; `onselect` is called when its checkbox changes.
 */
export class Row {
  constructor(each, catalogue, actions, onselect) {
    Object.assign(this, { catalogue, actions, onselect });
    this.parts = makeParts(this);
    this.element = makeRow(this.parts);
    this.details = new Details(this);
    this.update(each);
  }

  /** Show the current state of the export. */
  update(each) {
    this.latest = each;
    // An answer from before the abort must not show the export as running again.
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

  /** Refresh the relative times. */
  refreshTimes() {
    const { created_at: created } = this.export;
    const expires = findExpiry(this.export);
    setTime(this.parts.requested, created, formatRelative(created));
    setTime(this.parts.expires, expires, expires ? formatRelative(expires) : "–");
  }

  /** Show the export as aborting at once. False undoes this. */
  setAborting(isAborting) {
    this.isAborting = isAborting;
    this.update(this.latest);
  }

  #updateState() {
    const each = this.export;
    const { chip, bar, progress } = this.parts;
    setText(chip, nameState(each.state));
    chip.className = `state ${each.state.toLowerCase()}`;
    this.element.dataset.state = each.state;
    bar.classList.toggle("idle", !isActive(each));
    if (each.percent == null && each.state === "RUNNING") bar.removeAttribute("value");
    else bar.value = each.percent ?? 0;
    bar.setAttribute("aria-label", `${each.percent ?? 0} percent`);
    setText(progress, describeProgress(each));
  }

  #updateRequest() {
    const each = this.export;
    const type = nameExport(each, this.catalogue);
    setText(this.parts.name, each.name ?? each.schedule_name ?? type);
    setText(this.parts.type, type);
    setShown(this.parts.type, this.parts.name.textContent !== type);
    setShown(this.parts.schedule, each.schedule_id !== null);
    const filters = describeExport(each, this.catalogue);
    setText(this.parts.filters, filters);
    this.parts.filters.title = filters;
    setShown(this.parts.patients, each.has_patient_data);
    setText(this.parts.warnings, count(each.warnings.length, "warning"));
    setShown(this.parts.warnings, each.warnings.length > 0);
    setText(this.parts.answer, each.answer ?? "");
    setShown(this.parts.answer, Boolean(each.answer));
    setText(this.parts.error, each.error?.message ?? "");
    setShown(this.parts.error, each.error != null);
    setText(this.parts.owner, each.mine ? "you" : each.owner_name);
  }

  #updateFile() {
    const each = this.export;
    setNumber(this.parts.studies, isActive(each) ? each.studies_total : each.studies, formatNumber);
    setNumber(this.parts.size, each.size, formatSize);
  }

  #updateActions() {
    const { links } = this.export;
    const { select, download, abort, runAgain } = this.parts;
    select.disabled = !(links.delete || links.download || links.abort);
    if (select.disabled) select.checked = false;
    const name = this.parts.name.textContent;
    select.setAttribute("aria-label", `Select ${name}, ${formatExactTime(this.export.created_at)}`);
    setShown(download, Boolean(links.download));
    const isLost = document.activeElement === abort && !links.abort;
    setShown(abort, Boolean(links.abort));
    setShown(runAgain, !links.download && !isActive(this.export) && this.mayRunAgain);
    if (isLost) this.parts.more.focus();
  }

  /** Whether this user may read the request and its type still exists. */
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
    progress: make("small", { class: "progress-text" }),
    name: make("strong", {}),
    type: make("span", { class: "of-type" }),
    schedule: make("span", { class: "badge", title: "Requested by a schedule" }, "schedule"),
    patients: make(
      "span",
      { class: "badge patients", title: "The file or its filters identify patients" },
      "patient data",
    ),
    warnings: make("span", { class: "badge warnings" }),
    filters: make("span", { class: "filters" }),
    answer: make("strong", { class: "answer" }),
    error: make("span", { class: "error" }),
    owner: make("span", { class: "owner" }),
    requested: make("time", {}),
    studies: make("span", {}),
    size: make("span", {}),
    expires: make("time", {}),
    download: makeButton("Download", "primary", act("download")),
    abort: makeButton("Abort", "plain", act("abort")),
    runAgain: makeButton("Run again", "plain", act("runAgain")),
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
    cell("status", "State", make("div", { class: "progress" }, parts.chip, parts.bar), parts.progress),
    cell(
      "what",
      "Export",
      make("div", { class: "title" }, parts.name, parts.type, parts.schedule, parts.patients, parts.warnings),
      parts.filters,
      parts.answer,
      parts.error,
    ),
    cell("requested", "Requested", parts.requested, make("span", { class: "by" }, " by "), parts.owner),
    cell("number studies", "Studies", parts.studies),
    cell("number size", "Size", parts.size),
    cell("expires", "Expires", parts.expires),
    cell("actions", "", parts.download, parts.abort, parts.runAgain, parts.more),
  );
}
