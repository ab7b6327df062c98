/** Details of an export below its row: times, file, checksum, warnings, and more actions. */

import { writeAddress } from "./address.js";
import { makeHistory } from "./audit-trail.js";
import { humanise } from "./catalogue.js";
import { make, makeButton, refill, setShown } from "./dom.js";
import { describeExport, describePatientData, findExpiry } from "./export-words.js";
import { notify } from "./messages.js";
import { makeRetentionForm } from "./retention.js";
import { count, formatExactTime, formatNumber } from "./words.js";

let number = 0;

/** The details row below an export row. Its content is made when it is first opened. */
export class Details {
  /** @param {import("./row.js").Row} row */
  constructor(row) {
    this.row = row;
    this.id = `details-${(number += 1)}`;
    this.element = make("tr", { class: "details", id: this.id, role: "row", hidden: true });
    row.parts.more.setAttribute("aria-controls", this.id);
  }

  /** Open or close the details. */
  toggle() {
    setShown(this.element, this.element.hidden);
    this.row.parts.more.setAttribute("aria-expanded", String(!this.element.hidden));
    this.update();
  }

  /** Show the entries of the audit trail. They are not updated later. */
  showHistory(entries) {
    this.entries = entries;
    const history = makeHistory(entries, this.row.catalogue);
    this.element.querySelector(".history")?.remove();
    this.element.querySelector(".buttons").before(history); // all else stays, such as a number typed in
  }

  /** Show the current state of the export. Rebuild the content only if it changed, and restore the focus. */
  update() {
    const shown = JSON.stringify(this.row.export);
    if (this.element.hidden || shown === this.shown) return;
    this.shown = shown;
    const content = make("td", { colspan: 8, role: "cell" }, this.#makeContent());
    refill(this.element, this.row.parts.more, content);
  }

  #makeContent() {
    const each = this.row.export;
    return [
      each.error && make("p", { class: "error" }, `${each.error.message} (${each.error.code})`),
      makeWarnings(each.warnings),
      make(
        "dl",
        {},
        this.#listFacts().map(([name, value]) =>
          make("div", {}, make("dt", {}, name), make("dd", {}, value)),
        ),
      ),
      this.#makeRetentionForm(),
      this.entries && makeHistory(this.entries, this.row.catalogue),
      this.#makeActions(),
    ];
  }

  #listFacts() {
    const each = this.row.export;
    return [
      ["Name", each.name],
      ["Schedule", each.schedule_id && makeScheduleLink(each)],
      ["Filters", describeExport(each, this.row.catalogue)],
      ["Order", this.#describeOrder()],
      [
        "Options",
        Object.entries(each.options ?? {})
          .map(([name, value]) => `${humanise(name)}: ${value}`)
          .join(" · "),
      ],
      ["Patient identifiers", describePatientData(each)],
      ["Requested", `${formatExactTime(each.created_at)} by ${each.owner_name}`],
      ["Started", each.started_at && formatExactTime(each.started_at)],
      ["Ended", each.finished_at && formatExactTime(each.finished_at)],
      ["File expires", findExpiry(each) && formatExactTime(findExpiry(each))],
      ["Attempt", each.attempt > 1 && formatNumber(each.attempt)],
      [
        "Contents",
        each.events != null && `${count(each.studies, "study", "studies")}, ${count(each.events, "event")}`,
      ],
      ["File", each.file_name],
      ["Size", each.size != null && `${formatNumber(each.size)} bytes`],
      ["SHA-256", each.sha256 && [make("code", {}, each.sha256), " ", makeCopyButton(each.sha256)]],
    ].filter(([, value]) => value && value.length !== 0);
  }

  #describeOrder() {
    const { order, type } = this.row.export;
    const known = this.row.catalogue.findType(type)?.modality.orders.find(({ name }) => name === order);
    return known?.help ?? order;
  }

  /** The form appears once the file has an expiry date, although the API accepts a change earlier. */
  #makeRetentionForm() {
    const { actions, catalogue, export: each } = this.row;
    const canChange = each.links.set_retention && each.expires_at;
    const onchange = (days, button) => actions.setRetention(this.row, days, button);
    return canChange && makeRetentionForm(each, catalogue.retention, onchange);
  }

  #canFetchManifest() {
    const { links, has_manifest: hasManifest } = this.row.export;
    return hasManifest && Boolean(links.download);
  }

  /** The owner and administrators may read the history: the same users who may abort or delete. */
  #mayReadHistory() {
    const { links } = this.row.export;
    return Boolean(links.abort || links.delete);
  }

  #makeActions() {
    const { actions, mayRunAgain } = this.row;
    const act = (name) => (event) => actions[name](this.row, event.currentTarget);
    return make(
      "div",
      { class: "buttons" },
      this.#canFetchManifest() && makeButton("Manifest", "plain", act("downloadManifest")),
      this.#mayReadHistory() && makeButton("History", "plain", act("showHistory")),
      mayRunAgain && makeButton("Run again", "plain", act("runAgain")),
      mayRunAgain && makeButton("Edit and run", "plain", act("edit")),
      this.row.export.links.delete && makeButton("Delete", "plain danger", act("removeOne")),
    );
  }
}

function makeWarnings(warnings) {
  if (!warnings.length) return null;
  const list = make(
    "ul",
    {},
    warnings.map((message) => make("li", {}, message)),
  );
  return make("div", { class: "warnings" }, make("strong", {}, count(warnings.length, "warning")), list);
}

/** Return a link to all exports of the schedule of an export. */
const makeScheduleLink = ({ schedule_id: id, schedule_name: name }) =>
  make("a", { href: writeAddress("exports", { scope: "all", schedule_id: id }) }, name ?? "its exports");

function makeCopyButton(text) {
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => notify("SHA-256 copied."),
      () => notify("Cannot copy. Check the permissions of the browser.", true),
    );
  return makeButton("Copy", "small", copy, { "aria-label": "Copy the SHA-256" });
}
