/** The view "Help": what each export type is for, and how the page is used. */

import { capitalise, nameModality, nameType } from "./catalogue.js";
import { byId, fill, make, makeButton } from "./dom.js";
import { showKeys } from "./keys.js";

/** What a type is for, by its name without the modality. */
const PURPOSES = {
  csv: "For a spreadsheet, or a program that reads one row per study. It has OpenREM's columns and opens at any size that the spreadsheet takes.",
  xlsx: "To look through doses by protocol: a summary, one row per study, and a sheet for each protocol with one row per event.",
  audit: "For the numbers of a dose audit: medians with confidence intervals, compared with DRLs and between rooms, charts, and the studies to look at.",
  tables: "For R, Python, SQL or Power BI: one table per kind of record, linked by keys. Do not open them in a spreadsheet: nothing is guarded against formulas.",
  parquet: "The same tables with real types, for DuckDB, pandas, Athena or a data lake.",
  phe2019: "The rows of the national dose survey's form of 2019. Copy them into the form.",
  "phe2019-projection": "The rows of the national dose survey's form of 2019, one per projection.",
  "phe2019-study": "The rows of the national dose survey's form of 2019, one per examination.",
  openskin: "For a map of skin dose: the exposures of one study, as openSkin reads them. Find the study under First rows.",
  "nhsbsp-csv": "For the breast screening programme's dose survey: one row per view, as its form has them.",
  "nhsbsp-xlsx": "The breast screening survey split into 2D, DBT and CEM, with what was excluded, why, and what to look at.",
};

const STEPS = [
  ["Choose studies", "Choose a modality, then filters. Text filters match a part of the text. Suggestions come from the database."],
  ["Look", "The preview follows the filters: studies, events, size and time. First rows shows the table itself. If nothing matches, it says which filter alone leaves nothing."],
  ["Export", "The file is made in the background. You may close the page. “Notify me” and “Download when ready” tell you when it is done, while a tab is open."],
  ["Repeat", "A preset keeps a form, also with a relative period such as the previous month. A schedule exports it again and again with your rights at each time."],
  ["Share", "The address of the form holds its filters, but nothing that identifies a patient. Copy as curl and Copy as Python give the request to programs."],
];

/** The view. It needs no data but the catalogue and the version of the service. */
export class Help {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   */
  constructor(api, catalogue) {
    this.api = api;
    fill(
      byId("help-steps"),
      STEPS.flatMap(([title, text]) => [make("dt", {}, title), make("dd", {}, text)]),
    );
    fill(byId("help-types"), catalogue.modalities.map(makeModality));
    fill(byId("help-keys"), makeButton("Show the keys of this page", "plain", showKeys));
  }

  /** Show the view, and the version of the service. */
  async open() {
    const { version } = await this.api.getHealth();
    fill(byId("help-version"), `Dose Export ${version}`);
  }
}

function makeModality({ name, types }) {
  const entries = types.map(({ type, format, help }) => [
    make("dt", {}, make("a", { href: `#${name}?type=${type}` }, nameType(type)), ` (${format})`),
    make("dd", {}, PURPOSES[type.split("-").slice(1).join("-")] ?? `${capitalise(help)}.`),
  ]);
  const title = make("h3", {}, `${name} · ${nameModality(name)}`);
  return make("section", { class: "card", "aria-label": nameModality(name) }, title, make("dl", {}, entries.flat()));
}
