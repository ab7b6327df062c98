/** Preview of an export: counts and estimates before it is requested. */

import { byId, fill, make } from "./dom.js";
import { announce } from "./messages.js";
import { count, formatDuration, formatNumber, formatSize } from "./words.js";

const INVITATION = "Preview counts the studies and estimates the file size before you export.";
const TIMED_OUT = "Counting took over 20 seconds and was stopped. You can still export.";
const NOTHING = "No study matches these filters.";

/** The card "Preview" of the form. */
export class Preview {
  constructor(api) {
    this.api = api;
    this.card = byId("preview");
    this.clear();
  }

  /** Remove the last preview. */
  clear() {
    this.pending?.abort();
    this.isShown = false;
    this.card.classList.remove("stale");
    fill(this.card, make("p", { class: "hint" }, INVITATION));
  }

  /** Mark the preview as stale, because the form has changed. */
  markStale() {
    if (this.isShown) this.card.classList.add("stale");
  }

  /** Load and show a preview. Throw a Problem to the caller. A newer call cancels this one. */
  async load(request) {
    this.pending?.abort();
    this.pending = new AbortController();
    this.card.setAttribute("aria-busy", "true");
    if (!this.isShown) fill(this.card, make("p", { class: "hint" }, "Counting …"));
    try {
      this.#show(await this.api.previewExport(request, this.pending.signal));
      this.card.removeAttribute("aria-busy");
    } catch (error) {
      if (error.name === "AbortError") return;
      this.card.removeAttribute("aria-busy");
      this.clear();
      throw error;
    }
  }

  #show(answer) {
    this.isShown = true;
    this.card.classList.remove("stale");
    if (answer.timed_out) return this.#showMessage(TIMED_OUT);
    if (!answer.studies) return this.#showMessage(NOTHING);
    fill(this.card, makeNumbers(answer), makeProtocols(answer.protocols));
    this.#bringIntoView();
    return announce(`${count(answer.studies, "study", "studies")}, ${count(answer.events, "event")}.`);
  }

  #showMessage(message) {
    fill(this.card, make("p", {}, message));
    this.#bringIntoView();
    announce(message);
  }

  #bringIntoView() {
    this.card.parentElement.scrollIntoView({ block: "nearest" });
  }
}

function makeNumbers(answer) {
  const entries = [
    ["Studies", formatNumber(answer.studies), "large"],
    ["Events", formatNumber(answer.events), "large"],
    ["Most events of a study", answer.most_events && formatNumber(answer.most_events)],
    ["Dates", answer.first_date && `${answer.first_date} to ${answer.last_date}`, "wide"],
    ["Estimated size", answer.estimated_size != null && formatSize(answer.estimated_size)],
    ["Estimated time", answer.estimated_seconds != null && formatDuration(answer.estimated_seconds)],
  ];
  const shown = entries.filter(([, text]) => text);
  return make(
    "dl",
    { class: "numbers" },
    shown.map(([name, text, size]) => makeNumber(name, text, size)),
  );
}

const makeNumber = (name, text, size = "") =>
  make("div", { class: size }, make("dt", {}, name), make("dd", {}, text));

function makeProtocols(protocols) {
  if (!protocols?.length) return null;
  const most = protocols[0].count;
  const rows = protocols.map(({ value, count: events }) =>
    make(
      "tr",
      {},
      make("th", { scope: "row", title: value }, value || "(none)"),
      make("td", { "aria-hidden": "true" }, make("progress", { value: events, max: most, tabindex: "-1" })),
      make("td", { class: "number" }, formatNumber(events)),
    ),
  );
  return make(
    "table",
    { class: "protocols" },
    make("caption", {}, "Most frequent protocols"),
    make("tbody", {}, rows),
  );
}
