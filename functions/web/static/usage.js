/** Usage: who asked for how much in a month, for administrators. */

import { writeAddress } from "./address.js";
import { byId, fill, make, setShown, setText } from "./dom.js";
import { formatNumber, formatSize } from "./words.js";

const MONTHS = 12;
const NAME = new Intl.DateTimeFormat("en-GB", { month: "long", year: "numeric", timeZone: "UTC" });
const COLUMNS = [
  ["asked", "Asked"],
  ["active", "Under way"],
  ["completed", "Completed"],
  ["failed", "Failed"],
  ["aborted", "Aborted"],
  ["studies", "Studies"],
  ["bytes", "Size", formatSize],
  ["bytes_kept", "Still kept", formatSize],
];
const INCOMPLETE = "There were too many to count: the oldest are left out.";
const NONE = "Nobody asked for anything in this month.";

/** The view "Usage"; others than administrators find no way to it. */
export class Usage {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   */
  constructor(api, catalogue) {
    Object.assign(this, { api, turn: 0, months: listMonths(new Date()) });
    setShown(byId("to-usage"), catalogue.isAdmin);
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

  /** Show the month that an address names; this one, if it names none. */
  async open(parameters) {
    const asked = parameters.get("month");
    byId("month").value = this.months.includes(asked) ? asked : this.months[0];
    const turn = (this.turn += 1);
    try {
      const usage = await this.api.getUsage(byId("month").value);
      if (turn === this.turn) this.#show(usage);
    } catch (problem) {
      if (turn === this.turn) this.#say(problem.message);
    }
  }

  #say(sentence) {
    setShown(byId("usage-table"), false);
    setText(byId("usage-note"), sentence);
  }

  #show({ users, complete }) {
    if (!users.length) return this.#say(NONE);
    fill(byId("usage-rows"), users.map(makeRow));
    setText(byId("usage-note"), complete ? "" : INCOMPLETE);
    return setShown(byId("usage-table"), true);
  }
}

/** This month and those before it, as the service counts them: by UTC. */
function listMonths(today) {
  return Array.from({ length: MONTHS }, (_, back) =>
    new Date(Date.UTC(today.getUTCFullYear(), today.getUTCMonth() - back)).toISOString().slice(0, 7),
  );
}

const makeHead = (title, kind) => make("th", { role: "columnheader", scope: "col", class: kind }, title);

function makeRow(each) {
  const cells = COLUMNS.map(([name, title, format = formatNumber]) =>
    make("td", { class: "number", "data-label": title, role: "cell" }, format(each[name])),
  );
  const user = make("th", { class: "what", role: "rowheader", scope: "row" }, each.user.name);
  return make("tr", { role: "row" }, user, cells);
}
