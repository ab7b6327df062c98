/** What an opened row tells: times, file, checksum, warnings, and what else can be done. */

import { humanise } from "./catalogue.js";
import { describeExport, describeWish } from "./course.js";
import { fill, make, makeButton, setShown } from "./dom.js";
import { makeKeepForm } from "./keep.js";
import { notify } from "./messages.js";
import { makeTrail } from "./trail.js";
import { count, formatExactTime, formatNumber } from "./words.js";

let number = 0;

/** The row below a row; made when it is first opened. */
export class Details {
  /** @param {import("./row.js").Row} row */
  constructor(row) {
    this.row = row;
    this.id = `details-${(number += 1)}`;
    this.element = make("tr", { class: "details", id: this.id, role: "row", hidden: true });
    row.parts.more.setAttribute("aria-controls", this.id);
  }

  /** Open or close it. */
  toggle() {
    setShown(this.element, this.element.hidden);
    this.row.parts.more.setAttribute("aria-expanded", String(!this.element.hidden));
    this.update();
  }

  /** Show what happened to the export, as its trail told when it was asked. */
  tell(entries) {
    this.entries = entries;
    this.shown = null;
    this.update();
  }

  /** Show the export as it is now; nothing is rebuilt while nothing changed. */
  update() {
    const shown = JSON.stringify(this.row.export);
    if (this.element.hidden || shown === this.shown) return;
    this.shown = shown;
    const focused = this.element.contains(document.activeElement) && document.activeElement;
    fill(this.element, make("td", { colspan: 8, role: "cell" }, this.#makeContent()));
    if (focused) findSame(this.element, focused)?.focus();
  }

  #makeContent() {
    const each = this.row.export;
    return [
      each.error && make("p", { class: "fault" }, `${each.error.sentence} (${each.error.code})`),
      makeWarnings(each.warnings),
      make(
        "dl",
        {},
        this.#listFacts().map(([name, value]) =>
          make("div", {}, make("dt", {}, name), make("dd", {}, value)),
        ),
      ),
      this.#makeKeeping(),
      this.entries && makeTrail(this.entries),
      this.#makeActions(),
    ];
  }

  #listFacts() {
    const each = this.row.export;
    return [
      ["Filters", describeExport(each, this.row.catalogue)],
      ["Order", this.#describeOrder()],
      [
        "Options",
        Object.entries(each.options ?? {})
          .map(([name, value]) => `${humanise(name)}: ${value}`)
          .join(" · "),
      ],
      ["Patients in the file", describeWish(each)],
      ["Asked", `${formatExactTime(each.created_at)} by ${each.asked_by}`],
      ["Started", each.started_at && formatExactTime(each.started_at)],
      ["Ended", each.finished_at && formatExactTime(each.finished_at)],
      ["File kept until", each.expires_at && formatExactTime(each.expires_at)],
      ["Attempt", each.attempt > 1 && formatNumber(each.attempt)],
      [
        "Contents",
        each.events != null && `${count(each.studies, "study", "studies")}, ${count(each.events, "event")}`,
      ],
      ["File", each.file_name],
      ["Size", each.size != null && `${formatNumber(each.size)} bytes`],
      ["SHA-256", each.sha256 && [make("code", {}, each.sha256), " ", makeCopyButton(each.sha256)]],
    ].filter(([, value]) => value && value.length);
  }

  #describeOrder() {
    const { order, type } = this.row.export;
    const known = this.row.catalogue.findType(type)?.modality.orders.find(({ name }) => name === order);
    return known?.help ?? order;
  }

  /** While it is under way the days can be changed too; only a file has an end that one can see. */
  #makeKeeping() {
    const { actions, catalogue, export: each } = this.row;
    const isKept = each.links.keep && each.expires_at;
    return isKept && makeKeepForm(each, catalogue.keepDays, (...given) => actions.keep(this.row, ...given));
  }

  #canFetchManifest() {
    const { links, has_manifest: hasManifest } = this.row.export;
    return hasManifest && Boolean(links.download);
  }

  /** Its owner and admins may: those who may change it. */
  #mayReadTrail() {
    const { links } = this.row.export;
    return Boolean(links.abort || links.delete);
  }

  #makeActions() {
    const { actions, mayRunAgain } = this.row;
    const act = (name) => (event) => actions[name](this.row, event.currentTarget);
    return make(
      "div",
      { class: "buttons" },
      this.#canFetchManifest() && makeButton("Manifest", "plain", act("manifest")),
      this.#mayReadTrail() && makeButton("History", "plain", act("trail")),
      mayRunAgain && makeButton("Run again", "plain", act("again")),
      mayRunAgain && makeButton("Edit and run", "plain", act("edit")),
      this.row.export.links.delete && makeButton("Delete", "plain danger", () => actions.remove([this.row])),
    );
  }
}

/** What has been made anew in the place of something that had the focus: of the same id, or the same words. */
const findSame = (element, old) =>
  [...element.querySelectorAll("button, input")].find(
    (each) => each.id === old.id && each.textContent === old.textContent,
  );

function makeWarnings(warnings) {
  if (!warnings.length) return null;
  const list = make(
    "ul",
    {},
    warnings.map((sentence) => make("li", {}, sentence)),
  );
  return make("div", { class: "warnings" }, make("strong", {}, count(warnings.length, "warning")), list);
}

function makeCopyButton(text) {
  const copy = () =>
    navigator.clipboard.writeText(text).then(
      () => notify("SHA-256 copied."),
      () => notify("Copying was not allowed.", true),
    );
  return makeButton("Copy", "small", copy, { "aria-label": "Copy the SHA-256" });
}
