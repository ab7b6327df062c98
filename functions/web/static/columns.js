/** The disclosure "Columns of this file": what the cells below each heading of an export type hold. */

import { byId, fill, make } from "./dom.js";

const FACTS = [
  ["DICOM", ({ dicom }) => dicom],
  ["Source", ({ source }) => (source.includes(".") ? make("code", {}, source) : source)],
  ["Conversion", ({ conversion }) => conversion],
  ["Blank", ({ blank }) => blank],
  ["Several rows", ({ several_rows: severalRows }) => severalRows],
  ["Only with", ({ included_by: includedBy }) => includedBy],
  ["Sheets", ({ sheets }) => sheets.join(", ")],
];

/** The columns of the chosen type. They are loaded when the disclosure is opened for the first time. */
export class Columns {
  /** @param {import("./api.js").Api} api */
  constructor(api) {
    this.api = api;
    this.details = byId("columns");
    this.details.addEventListener("toggle", () => this.#fill());
  }

  /** Show the columns of a type if the disclosure is open, or else when it is opened. */
  show(type) {
    this.type = type;
    this.#fill();
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
    make("dt", {}, make("strong", {}, column.heading), unit),
    make("dd", {}, column.meaning),
    facts.map(([name, fact]) => make("dd", { class: "hint" }, `${name}: `, fact)),
  );
}
