/** The disclosure "First rows": the table of an export as its file will have it, before it is requested. */

import { byId, fill, make, makeButton } from "./dom.js";
import { notify } from "./messages.js";

const STUDY_FILTER = "study_id";
const NONE = "No row: no study matches these filters.";
const TIMED_OUT = "Reading took over 20 seconds and was stopped. You can still export.";
const WITHHELD = "Names and IDs of patients are in the file only.";
const MORE = "The file has more columns on the right.";

/** The first rows of the form's request. They follow the form while the disclosure is open. */
export class FirstRows {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   */
  constructor(api, form) {
    Object.assign(this, { api, form });
  }

  /** Load and show the rows of a request, unless they are shown. A newer call cancels this one. */
  async show(request) {
    const asked = this.#chooseRequest(request);
    const key = JSON.stringify(asked);
    if (key === this.key) return;
    this.key = key;
    this.pending?.abort();
    const pending = new AbortController();
    this.pending = pending;
    const place = byId("first-rows-tables");
    place.setAttribute("aria-busy", "true");
    try {
      const answer = await this.api.showFirstRows(asked, pending.signal);
      if (!pending.signal.aborted) fill(place, this.#makeContents(answer, asked));
    } catch (problem) {
      if (pending.signal.aborted) return;
      this.key = null;
      fill(place, make("p", { class: "hint" }, problem.message));
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

  #makeContents({ tables, timed_out: timedOut }, { include_names: names, include_ids: ids }) {
    if (timedOut) return make("p", {}, TIMED_OUT);
    if (!tables.length) return make("p", {}, NONE);
    const shown = tables.flatMap((table) => this.#makeTable(table));
    return names || ids ? [make("p", { class: "hint" }, WITHHELD), ...shown] : shown;
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

async function copy(study) {
  await navigator.clipboard.writeText(`${study}`);
  notify(`Study ID ${study} copied.`);
}
