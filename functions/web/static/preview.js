/** What an export would hold, asked for before it is started. */

import { byId, fill, make } from "./dom.js";
import { announce } from "./messages.js";
import { count, formatDuration, formatNumber, formatSize } from "./words.js";

const INVITATION =
  "Preview counts the studies, and says how large the file will be, before anything is started.";
const TIMED_OUT =
  "Counting takes longer than 20 seconds, so it was left. The export itself may take as long as it needs.";
const NOTHING = "No study matches these filters.";

/** The panel's lower part. */
export class Preview {
  constructor(api) {
    this.api = api;
    this.card = byId("preview");
    this.clear();
  }

  /** Forget the last preview. */
  clear() {
    this.waiting?.abort();
    this.isShown = false;
    this.card.classList.remove("stale");
    fill(this.card, make("p", { class: "hint" }, INVITATION));
  }

  /** Say that what is shown is no longer what the form asks for. */
  age() {
    if (this.isShown) this.card.classList.add("stale");
  }

  /** Ask and show; a Problem goes to the caller, a newer question silences this one. */
  async ask(request) {
    this.waiting?.abort();
    this.waiting = new AbortController();
    this.card.setAttribute("aria-busy", "true");
    if (!this.isShown) fill(this.card, make("p", { class: "hint" }, "Counting …"));
    try {
      this.#show(await this.api.preview(request, this.waiting.signal));
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
    if (answer.timed_out) return this.#say(TIMED_OUT);
    if (!answer.studies) return this.#say(NOTHING);
    fill(this.card, makeNumbers(answer), makeProtocols(answer.protocols));
    this.card.parentElement.scrollIntoView({ block: "nearest" });
    return announce(`${count(answer.studies, "study", "studies")}, ${count(answer.events, "event")}.`);
  }

  #say(sentence) {
    fill(this.card, make("p", { class: "sentence" }, sentence));
    announce(sentence);
  }
}

function makeNumbers(answer) {
  const entries = [
    ["Studies", formatNumber(answer.studies), "large"],
    ["Events", formatNumber(answer.events), "large"],
    ["Dates", answer.first_date && `${answer.first_date} to ${answer.last_date}`, "wide"],
    ["Size, about", answer.estimated_size != null && formatSize(answer.estimated_size)],
    ["Time, about", answer.estimated_seconds != null && formatDuration(answer.estimated_seconds)],
  ];
  const shown = entries.filter(([, text]) => text);
  return make(
    "dl",
    { class: "numbers" },
    shown.map(([name, text, kind]) => makeNumber(name, text, kind)),
  );
}

const makeNumber = (name, text, kind = "") =>
  make("div", { class: kind }, make("dt", {}, name), make("dd", {}, text));

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
