/** Preview of an export, which follows the form: counts and estimates before it is requested. */

import { humanise } from "./catalogue.js";
import { byId, make, refill, setText } from "./dom.js";
import { announce } from "./messages.js";
import { count, formatDuration, formatSize } from "./words.js";

const DELAY_MS = 500;
const BUSY_DELAY_MS = 3000;
const BUSY = [429, 503];
const INVITATION = "The preview counts the studies and estimates the file size before you export.";
const TIMED_OUT = "Counting took over 20 seconds and was stopped. You can still export.";
const NOTHING = "No study matches these filters.";
const NONE_ALONE = "Each filter alone matches studies, but no study matches all of them.";

/** The card "Preview" of the form, and the summary beside its buttons. */
export class Preview {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   */
  constructor(api, form) {
    Object.assign(this, { api, form, token: crypto.randomUUID() });
    this.card = byId("preview");
    this.summary = byId("summary");
    this.clear();
  }

  /** Remove the last preview, and stop what is under way. */
  clear() {
    this.pause();
    this.key = null;
    this.isShown = false;
    this.#markStale(false);
    this.#showMessage(INVITATION, "");
  }

  /** Stop what is under way. */
  pause() {
    clearTimeout(this.timer);
    this.pending?.abort();
    this.card.removeAttribute("aria-busy");
  }

  /** Count again soon, unless the counts are those of this request. Null is a request that is not complete. */
  follow(request) {
    const key = request && makeKey(request);
    if (key && key === this.key) return;
    this.pause();
    this.key = key;
    this.#markStale(this.isShown);
    if (request) this.timer = setTimeout(() => this.#loadQuietly(request), DELAY_MS);
  }

  /** Load and show a preview now, in view. Throw a Problem to the caller. A newer call cancels this one. */
  async load(request) {
    this.key = makeKey(request);
    try {
      if (!(await this.#load(request))) return;
      this.card.parentElement.scrollIntoView({ block: "nearest" });
      announce(this.summary.textContent);
    } catch (problem) {
      this.clear();
      throw problem;
    }
  }

  /** Load and show a preview. A problem is shown in the summary only. */
  async #loadQuietly(request) {
    try {
      const before = this.summary.textContent;
      if (!(await this.#load(request))) return;
      if (this.summary.textContent !== before) announce(this.summary.textContent);
    } catch (problem) {
      this.clear();
      setText(this.summary, `Not counted. ${describeProblem(problem)}`);
    }
  }

  /** Load and show a preview. Return whether it is still wanted when it arrives. */
  async #load(request) {
    this.pause();
    const pending = new AbortController();
    this.pending = pending;
    this.card.setAttribute("aria-busy", "true");
    if (!this.isShown) this.#fill(make("p", { class: "hint" }, "Counting …"));
    try {
      const [answer, { makeCard }] = await Promise.all([
        this.#count(request, pending.signal),
        import("./preview-card.js"),
      ]);
      if (pending.signal.aborted) return false;
      this.#show(answer, makeCard);
      this.form.showFirstRows();
      return true;
    } catch (error) {
      if (pending.signal.aborted) return false;
      throw error;
    } finally {
      if (this.pending === pending) this.card.removeAttribute("aria-busy");
    }
  }

  /**
   * Ask the service. An older request can reach it later than this one and stop it: ask again then. Older ones that
   * have not stopped yet can also keep it busy: ask once more after a while.
   */
  async #count(request, signal, mayWait = true) {
    try {
      return await this.api.previewExport(request, this.token, signal);
    } catch (problem) {
      const isBusy = BUSY.includes(problem.status) && !problem.code;
      if (isBusy && mayWait) await new Promise((resolve) => setTimeout(resolve, BUSY_DELAY_MS));
      if (signal.aborted || (problem.code !== "PREVIEW_REPLACED" && !(isBusy && mayWait))) throw problem;
      return this.#count(request, signal, mayWait && !isBusy);
    }
  }

  #show(answer, makeCard) {
    this.isShown = true;
    this.#markStale(false);
    if (answer.timed_out) return this.#showMessage(TIMED_OUT, TIMED_OUT);
    if (!answer.studies) {
      const message = [NOTHING, ...this.#explain(answer.missing)].join(" ");
      return this.#showMessage(message, message);
    }
    setText(this.summary, summarise(answer));
    return this.#fill(...makeCard(answer, this.form));
  }

  /** Return sentences that say why no study matches. */
  #explain({ has_studies: hasStudies, filters }) {
    if (!hasStudies) return [`OpenREM has no ${this.form.modality.name} studies.`];
    const texts = this.form.describeGiven(filters);
    if (texts.length) return texts.map((text) => `${text}: this alone leaves nothing.`);
    return this.form.describeGiven().length > 1 ? [NONE_ALONE] : [];
  }

  #markStale(isStale) {
    this.card.classList.toggle("stale", isStale);
    this.summary.classList.toggle("stale", isStale);
  }

  #showMessage(message, summary) {
    this.#fill(make("p", { class: this.isShown ? null : "hint" }, message));
    setText(this.summary, summary);
  }

  #fill(...contents) {
    refill(this.card, byId("preview-title"), ...contents);
  }
}

/** Return what the counts depend on. */
const makeKey = ({ order, retention_days, ...request }) => JSON.stringify(request);

function summarise(answer) {
  return [
    count(answer.studies, "study", "studies"),
    count(answer.events, "event"),
    answer.groups != null && `about ${count(answer.groups, "group")}`,
    `about ${formatSize(answer.estimated_size)}`,
    `about ${formatDuration(answer.estimated_seconds)}`,
  ]
    .filter(Boolean)
    .map((part) => part.replaceAll(" ", "\u00a0")) // no line ends within a part
    .join(" · ");
}

function describeProblem({ field, message }) {
  const name = field?.replace(/^(filters|options)\./, "");
  return name && name !== field ? `${humanise(name)}: ${message}` : message;
}
