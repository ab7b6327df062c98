/** The dialog that creates a schedule from the form, or changes one. */

import { Problem } from "./api.js";
import { nameTypeInFull } from "./catalogue.js";
import { makeRunList } from "./coming-runs.js";
import { busy, byId, fill, make, makeButton, openDialog, setShown, setText } from "./dom.js";
import { notify, notifyError } from "./messages.js";
import { ScheduleFields } from "./schedule-fields.js";
import { formatTime } from "./words.js";

const PREVIEW_DELAY_MS = 400;
const DATES = ["date_from", "date_to"];
const SAME_DATES = "Every run exports the same dates.";
const RESTART = "The first run starts with the newest period, so days can be in two files.";
const CONTINUES = "The first run starts where the last file ended.";

/** The dialog of the buttons "Schedule …" and "Edit". */
export class ScheduleDialog {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   * @param {(written: Object) => void} onwrite gets the schedule
   */
  constructor(api, form, onwrite) {
    Object.assign(this, { api, form, onwrite, schedule: null, inForm: null, entries: null });
    this.fields = new ScheduleFields(form.catalogue);
    this.coming = make("div", { id: "schedule-coming", role: "status" });
    this.toForm = makeButton("Filters and options …", "plain", () => this.#editInForm());
    byId("schedule-error-schedule").before(this.coming);
    byId("schedule-cancel").before(this.toForm);
    byId("schedule-cancel").addEventListener("click", () => byId("schedule-dialog").close());
    byId("schedule-dialog").addEventListener("close", () => this.#stopPreview());
    byId("schedule-form").addEventListener("input", () => this.#change());
    byId("schedule-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("schedule-create"), () => this.#save());
    });
  }

  /** Open the dialog with the request of the form, if the form is valid. */
  open() {
    try {
      this.request = this.form.readRequest();
    } catch (problem) {
      this.form.showProblem(problem);
      return;
    }
    this.schedule = this.inForm;
    this.#show("Dates in the form");
    if (this.entries) this.fields.restore(this.entries);
    this.#change();
  }

  /** Open the dialog to change a schedule. */
  edit(schedule) {
    this.#leaveForm();
    this.schedule = schedule;
    this.request = { filters: schedule.filters };
    this.#show("Dates of its filters");
    this.#change();
  }

  #show(noWindow) {
    const { schedule } = this;
    this.fields.show(schedule, noWindow, schedule ? schedule.send_mail : this.request.send_mail);
    setText(byId("schedule-dialog-title"), schedule ? `Change “${schedule.name}”` : "Schedule");
    const type = this.form.catalogue.findType(this.request.type ?? schedule.type);
    setText(byId("schedule-type"), type ? nameTypeInFull(type) : schedule.type);
    setText(byId("schedule-create"), schedule ? "Save changes" : "Create schedule");
    setShown(this.toForm, Boolean(schedule && type));
    fill(this.coming);
    this.isOpen = openDialog(byId("schedule-dialog"));
  }

  /** Show the fields that the choices need, how dates are used, and the coming runs. */
  #change() {
    const window = this.fields.describe();
    const hasDates = DATES.some((name) => this.request.filters[name]);
    const place = this.schedule && !this.inForm ? "its filters" : "the form";
    setText(byId("schedule-dates"), describeDates(window, hasDates, place));
    this.#stopPreview();
    this.timer = setTimeout(() => this.#preview(), PREVIEW_DELAY_MS);
  }

  async #preview() {
    this.controller = new AbortController();
    const { signal } = this.controller;
    try {
      const { name, ...body } = this.#read();
      const found = await this.api.previewSchedule(this.schedule?.id, name ? { ...body, name } : body, signal);
      this.#showRuns(found);
    } catch (problem) {
      if (problem.name !== "AbortError") fill(this.coming, make("small", {}, problem.message));
    }
  }

  #showRuns({ next_runs: runs, continues }) {
    const isContiguous = runs.some(({ dates }) => dates) && !byId("schedule-window").value.startsWith("rolling");
    const note = isContiguous && this.schedule?.next_day && (continues ? CONTINUES : RESTART);
    fill(
      this.coming,
      make("h3", {}, "Next runs"),
      makeRunList(runs, byId("schedule-zone").value.trim()),
      note && make("small", {}, note),
    );
  }

  #stopPreview() {
    clearTimeout(this.timer);
    this.controller?.abort();
  }

  async #save() {
    this.fields.clearErrors();
    const { schedule, isOpen } = this;
    try {
      const body = this.#read();
      const written = await (schedule ? this.api.changeSchedule(schedule.id, body) : this.api.createSchedule(body));
      if (isOpen()) this.#close();
      this.onwrite(written);
      const next = written.next_run ? ` Next run: ${formatTime(written.next_run)}.` : "";
      notify(`Schedule “${written.name}” ${schedule ? "changed" : "created"}.${next}`);
    } catch (problem) {
      if (isOpen()) this.#showProblem(problem);
      else notifyError(problem);
    }
  }

  #close() {
    byId("schedule-dialog").close();
    this.#leaveForm();
  }

  /** Return the body of the request: the whole schedule, or the fields that differ from the one to change. */
  #read() {
    const terms = this.fields.read();
    const { filters, name, ...request } = this.request; // a schedule has a name of its own
    const given = Object.entries(filters).filter(([name]) => !terms.window || !DATES.includes(name));
    const body = { ...request, filters: Object.fromEntries(given), ...terms };
    const { schedule } = this;
    if (!schedule) return body;
    const isChanged = ([name, value]) => !isSame(value, schedule[name]);
    return Object.fromEntries(Object.entries(body).filter(isChanged));
  }

  /** Show a problem beside its field in the dialog, or close the dialog and show it in the form. */
  #showProblem(problem) {
    if (this.fields.showProblem(problem)) return;
    if (this.schedule && !this.inForm) {
      this.fields.showProblem(new Problem(problem.status, { detail: problem.message }));
      return;
    }
    byId("schedule-dialog").close();
    this.form.showProblem(problem);
  }

  /** Fill the form with the request of the schedule. The button "Schedule …" then continues here. */
  #editInForm() {
    const { schedule } = this;
    const entries = this.fields.save();
    this.#close();
    Object.assign(this, { inForm: schedule, entries });
    this.form.fillFrom(schedule);
    // The view resets the patient identifiers when it opens.
    addEventListener("hashchange", () => choosePatientData(schedule), { once: true });
    const cancel = makeButton("Cancel", "quiet", () => this.#leaveForm());
    const text = `You change what “${schedule.name}” exports. “Schedule …” continues.`;
    this.bar = make("p", { id: "schedule-bar", class: "note", role: "status" }, text, " ", cancel);
    byId("form").before(this.bar);
    location.hash = this.form.address;
  }

  #leaveForm() {
    this.bar?.remove();
    Object.assign(this, { bar: null, inForm: null, entries: null });
  }
}

function describeDates(window, hasDates, place) {
  if (window) return hasDates ? `The dates in ${place} are ignored. Each run uses its own dates.` : "";
  return hasDates ? SAME_DATES : `There are no dates in ${place}. Every run exports all studies.`;
}

/** Choose the patient identifiers of a schedule in the form, which offers them only to those who may. */
function choosePatientData({ include_names: names, include_ids: ids }) {
  const value = names && ids ? "both" : (names && "names") || (ids && "ids") || "";
  const radio = byId("patient-data-choices").querySelector(`input[value="${value}"]`);
  if (radio && !radio.disabled) radio.click();
}

const isSame = (one, other) => JSON.stringify(sortKeys(one ?? null)) === JSON.stringify(sortKeys(other ?? null));

const sortKeys = (value) =>
  value && typeof value === "object" ? Object.entries(value).sort(([one], [other]) => (one < other ? -1 : 1)) : value;
