/** The disclosure "Columns of this file": what the cells below each heading hold, and which columns to leave out. */

import { byId, fill, make, setText } from "./dom.js";

const FACTS = [
  ["DICOM", ({ dicom }) => dicom],
  ["Source", ({ source }) => (source.includes(".") ? make("code", {}, source) : source)],
  ["Conversion", ({ conversion }) => conversion],
  ["Blank", ({ blank }) => blank],
  ["Several rows", ({ several_rows: severalRows }) => severalRows],
  ["Only with", ({ included_by: includedBy }) => includedBy],
  ["Sheets", ({ sheets }) => sheets.join(", ")],
];

/** The name of the option that lists the columns to leave out. */
export const LEAVE_OUT = "leave_out";

/** The columns of the chosen type. They are loaded when the disclosure is opened for the first time. */
export class Columns {
  /**
   * @param {import("./api.js").Api} api
   * @param {() => void} onchange is called after every change of the columns to leave out
   */
  constructor(api, onchange) {
    this.api = api;
    this.details = byId("columns");
    this.details.addEventListener("toggle", () => this.#fill());
    byId("columns-choice").addEventListener("input", () => {
      this.#showChoice();
      onchange();
    });
    byId("columns-list").addEventListener("change", ({ target }) => {
      this.#leaveOut(target.value, !target.checked);
      onchange();
    });
  }

  /**
   * Show the columns of a type if the disclosure is open, or else when it is opened.
   * @param {string} type
   * @param {import("./fields.js").Field} [field] lists the columns to leave out, if the type has a choice
   */
  show(type, field) {
    Object.assign(this, { type, control: field?.controls.get(LEAVE_OUT) });
    fill(byId("columns-choice"), field?.element);
    if (this.control?.value) this.details.open = true;
    this.#showChoice();
    this.#fill();
  }

  get #left() {
    const headings = this.control?.value.split(",") ?? [];
    return headings.map((heading) => heading.trim()).filter(Boolean);
  }

  #leaveOut(heading, isLeft) {
    const others = this.#left.filter((each) => each !== heading);
    this.control.value = [...others, ...(isLeft ? [heading] : [])].join(", ");
    this.#showChoice();
  }

  /** Check the boxes of the columns that stay, and say how many do not. */
  #showChoice() {
    const left = new Set(this.#left);
    for (const box of byId("columns-list").querySelectorAll("input")) box.checked = !left.has(box.value);
    const count = left.size ? ` (${left.size} left out)` : "";
    setText(this.details.querySelector("summary"), `Columns of this file${count}`);
  }

  async #fill() {
    const { type } = this;
    if (!this.details.open || this.shown === type) return;
    try {
      this.loading ??= this.#load();
      const columns = (await this.loading).get(type) ?? [];
      if (type !== this.type) return; // another type was chosen meanwhile
      this.shown = type;
      fill(byId("columns-list"), columns.map(makeEntry));
      this.#showChoice();
    } catch (problem) {
      this.loading = undefined;
      fill(byId("columns-list"), make("p", { class: "error" }, problem.message));
    }
  }

  async #load() {
    const { modalities } = await this.api.listColumns();
    return new Map(
      modalities.flatMap(({ types }) => types).map(({ type, columns }) => [type, columns]),
    );
  }
}

function makeEntry(column) {
  const unit = column.unit && make("span", { class: "unit" }, ` ${column.unit}`);
  const facts = FACTS.map(([name, read]) => [name, read(column)]).filter(([, fact]) => fact);
  return make(
    "div",
    {},
    make("dt", {}, column.column ? makeBox(column) : make("strong", {}, column.heading), unit),
    make("dd", {}, column.meaning),
    facts.map(([name, fact]) => make("dd", { class: "hint" }, `${name}: `, fact)),
  );
}

const makeBox = ({ heading, column }) =>
  make("label", {}, make("input", { type: "checkbox", value: column }), make("strong", {}, heading));
