/**
 * The disclosure "First rows": the table of an export as its file will have it, before it is requested.
 *
 * The service records who reads names or IDs of patients. So these rows are read only when the user asks for
 * them: by opening the disclosure, or by a button once the form has changed.
 */

import { byId, make, makeButton, refill } from "./dom.js";
import { notify } from "./messages.js";

const STUDY_FILTER = "study_id";
const NONE = "No row: no study matches these filters.";
const TIMED_OUT = "Reading took over 20 seconds and was stopped. You can still export.";
const ASK = "The form has changed. Rows with names or IDs of patients are read only when you ask for them.";
const MORE = "The file has more columns on the right.";

/** The first rows of the form's request. Without names and IDs they follow the form while the disclosure is open. */
export class FirstRows {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   */
  constructor(api, form) {
    Object.assign(this, { api, form });
  }

  /**
   * Load and show the rows of a request, unless they are shown. A newer call cancels this one.
   * Rows with names or IDs of patients are loaded only if the user wants to see them.
   */
  async show(request, isAsked) {
    const asked = this.#chooseRequest(request);
    const key = JSON.stringify(asked);
    if (key === this.key) return;
    this.pending?.abort();
    this.namesPatients = Boolean(asked.include_names || asked.include_ids);
    if (this.namesPatients && !isAsked) return this.#offer();
    await this.#load(asked, key);
  }

  /** Remove rows with names or IDs from the page, because the disclosure is closed. */
  hidePatients() {
    if (!this.namesPatients) return;
    this.#forget();
    fillRows();
  }

  /** Show a button for rows with names or IDs. They take its place, so the focus moves to their heading. */
  #offer() {
    this.#forget();
    const button = makeButton("Show first rows", "small", () => {
      byId("first-rows").querySelector("summary").focus();
      this.form.showFirstRows(true);
    });
    fillRows(make("p", {}, ASK), button);
  }

  #forget() {
    this.pending?.abort();
    this.key = null;
  }

  async #load(asked, key) {
    this.key = key;
    const pending = new AbortController();
    this.pending = pending;
    const place = byId("first-rows-tables");
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await this.api.showFirstRows(asked, pending.signal);
      if (!pending.signal.aborted) fillRows(this.#makeContents(answer));
    } catch (problem) {
      if (pending.signal.aborted) return;
      this.key = null;
      fillRows(make("p", { class: "hint" }, problem.message));
    } finally {
      if (this.pending === pending) place.removeAttribute("aria-busy");
    }
  }

  /** Return the request, or that for the studies to choose from if the type needs a study that is not given. */
  #chooseRequest({ type, filters, order, options, include_names, include_ids }) {
    const { needs, own_filters: own } = this.form.fileOptions.type;
    if (!needs.length || needs.some((name) => filters[name]))
      return { type, filters, order, options, include_names, include_ids };
    const others = own.map(({ name }) => name);
    const shared = Object.entries(filters).filter(([name]) => !others.includes(name));
    const plain = this.form.fileOptions.types.find((each) => !each.needs.length);
    return { type: plain.type, filters: Object.fromEntries(shared), order };
  }

  #makeContents({ tables, timed_out: timedOut }) {
    if (timedOut) return make("p", {}, TIMED_OUT);
    if (!tables.length) return make("p", {}, NONE);
    return tables.flatMap((table) => this.#makeTable(table));
  }

  #makeTable({ name, headings, more_columns: hasMore, rows }) {
    const head = ["Study ID", ...headings].map((text) => make("th", { scope: "col" }, text));
    const body = rows.map(({ study_id: study, cells }) =>
      make("tr", {}, make("th", { scope: "row" }, this.#makeStudy(study)), cells.map((text) => make("td", {}, text))),
    );
    const table = make(
      "table",
      {},
      make("caption", {}, name || "First rows"),
      make("thead", {}, make("tr", {}, head)),
      make("tbody", {}, body),
    );
    const region = make("div", { class: "scroll", tabindex: "0", role: "region", "aria-label": name || "First rows" }, table);
    return [region, hasMore && make("p", { class: "hint" }, MORE)];
  }

  /** Make the button of a study: it fills the filter of the form, or else copies the id. */
  #makeStudy(study) {
    if (this.form.listFilters().some(({ name }) => name === STUDY_FILTER))
      return makeButton(`${study}`, "link", () => this.form.addFilter(STUDY_FILTER, `${study}`), { title: "Choose this study" });
    return makeButton(`${study}`, "link", () => copy(study), { title: "Copy the study ID" });
  }
}

const fillRows = (...contents) =>
  refill(byId("first-rows-tables"), byId("first-rows").querySelector("summary"), ...contents);

async function copy(study) {
  await navigator.clipboard.writeText(`${study}`);
  notify(`Study ID ${study} copied.`);
}
