/** The view "Usage": exports per user in a month, and who read patients in first rows, for administrators. */

import { writeAddress } from "./address.js";
import { makeHistory } from "./audit-trail.js";
import { byId, fill, make, setShown, setText } from "./dom.js";
import { DATE_LOCALE, formatNumber, formatSize } from "./words.js";

const MONTHS = 12;
const NAME = new Intl.DateTimeFormat(DATE_LOCALE, { month: "long", year: "numeric", timeZone: "UTC" });
const COLUMNS = [
  ["requested", "Requested"],
  ["active", "In progress"],
  ["completed", "Completed"],
  ["failed", "Failed"],
  ["aborted", "Aborted"],
  ["studies", "Studies"],
  ["bytes", "Size", formatSize],
  ["bytes_retained", "Retained", formatSize],
];
const INCOMPLETE = "Too many exports to count. The oldest are not included.";
const NONE = "No exports were requested in this month.";
const OLDER = "There are older ones in this month, which only the table of the audit trail holds.";

/** The usage table. Only administrators have a link to it. */
export class Usage {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   */
  constructor(api, catalogue) {
    Object.assign(this, { api, catalogue, loadCount: 0, months: listMonths(new Date()) });
    fill(
      byId("month"),
      this.months.map((month) => make("option", { value: month }, NAME.format(new Date(`${month}-01`)))),
    );
    byId("month").addEventListener("change", () => {
      location.hash = writeAddress("usage", { month: byId("month").value });
    });
    const titles = COLUMNS.map(([, title]) => makeHead(title, "number"));
    fill(byId("usage-columns"), makeHead("User", "what"), titles);
  }

  /** Show the month that an address names, or the current month. */
  async open(parameters) {
    const month = parameters.get("month");
    byId("month").value = this.months.includes(month) ? month : this.months[0];
    const number = (this.loadCount += 1);
    try {
      const usage = await this.api.getUsage(byId("month").value);
      if (number !== this.loadCount) return;
      this.#show(usage);
      this.#showFirstRows(usage);
    } catch (problem) {
      if (number !== this.loadCount) return;
      this.#showMessage(problem.message);
      setShown(byId("usage-patients"), false);
    }
  }

  #showMessage(message) {
    setShown(byId("usage-table"), false);
    setText(byId("usage-note"), message);
  }

  #show({ users, complete }) {
    if (!users.length) return this.#showMessage(NONE);
    fill(byId("usage-rows"), users.map(makeRow));
    setText(byId("usage-note"), complete ? "" : INCOMPLETE);
    return setShown(byId("usage-table"), true);
  }

  /** Show who was shown names or IDs of patients before an export, newest first. */
  #showFirstRows({ first_rows: entries, first_rows_complete: hasAll }) {
    setShown(byId("usage-patients"), entries.length > 0);
    fill(byId("usage-first-rows"), makeHistory(entries, this.catalogue, "First rows"));
    setText(byId("usage-first-rows-note"), hasAll ? "" : OLDER);
  }
}

/** Return this month and the months before it in UTC, which the service uses. */
function listMonths(today) {
  return Array.from({ length: MONTHS }, (_, back) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back)).toISOString().slice(0, 7),
  );
}

const makeHead = (title, style) => make("th", { role: "columnheader", scope: "col", class: style }, title);

function makeRow(each) {
  const cells = COLUMNS.map(([name, title, format = formatNumber]) =>
    make("td", { class: "number", "data-label": title, role: "cell" }, format(each[name])),
  );
  const user = make("th", { class: "what", role: "rowheader", scope: "row" }, each.user.name);
  return make("tr", { role: "row" }, user, cells);
}
