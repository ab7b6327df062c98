/** The dialog that creates a schedule from the form. */

import { Problem } from "./api.js";
import { capitalise, nameTypeInFull } from "./catalogue.js";
import { busy, byId, fill, make, setShown, setText } from "./dom.js";
import { notify } from "./messages.js";
import { MONTH_DAYS, MONTHS, WEEKDAYS, WINDOWS, writeExpression, writeWindow } from "./recurrence.js";
import { formatTime } from "./words.js";

const ROLLING = { rolling_days: "Last N days", rolling_months: "Last N months" };
const ZONES = ["Europe/London", "Europe/Dublin", "Europe/Paris", "Europe/Berlin", "Australia/Sydney", "UTC"];
const DATES = ["date_from", "date_to"];
const DATES_IGNORED = "The dates in the form are ignored. Each run uses its own dates.";
const SAME_DATES = "Every run exports the same dates.";
const INCOMPLETE_DATE = "Enter a complete date.";
const NO_DATES = "The form has no dates. Every run exports all studies.";

/** Fields of the dialog by their names in the API. */
const FIELDS = ["name", "window", "expression", "time_zone", "ends_on"];

/** The dialog of the button "Schedule …". */
export class ScheduleDialog {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   * @param {(created: Object) => void} oncreate gets the schedule
   */
  constructor(api, form, oncreate) {
    Object.assign(this, { api, form, oncreate });
    fillSelect("schedule-window", { ...capitaliseAll(WINDOWS), ...ROLLING, "": "Dates in the form" });
    fillSelect("schedule-weekday", WEEKDAYS);
    fillSelect("schedule-month", MONTHS);
    fillSelect("schedule-day", MONTH_DAYS);
    fill(
      byId("schedule-zones"),
      ZONES.map((value) => make("option", { value })),
    );
    byId("schedule-cancel").addEventListener("click", () => byId("schedule-dialog").close());
    byId("schedule-form").addEventListener("change", () => this.#describe());
    byId("schedule-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("schedule-create"), () => this.#create());
    });
  }

  /** Open the dialog if the form is valid. */
  open() {
    try {
      this.request = this.form.readRequest();
    } catch (problem) {
      this.form.showProblem(problem);
      return;
    }
    byId("schedule-form").reset();
    byId("schedule-zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone || ZONES[0];
    byId("schedule-window").value = "last_month";
    setText(byId("schedule-type"), nameTypeInFull(this.form.catalogue.findType(this.request.type)));
    this.#clearErrors();
    this.#describe();
    byId("schedule-dialog").showModal();
  }

  /** Show the fields that the choices need, and explain how the dates in the form are used. */
  #describe() {
    const window = byId("schedule-window").value;
    const every = byId("schedule-every").value;
    setShown(byId("schedule-number").parentElement, window in ROLLING);
    for (const each of ["week", "year", "other"]) setShown(byId(`schedule-of-${each}`), every === each);
    setShown(byId("schedule-of-month"), ["month", "quarter", "year"].includes(every));
    setShown(byId("schedule-other-hint"), every === "other");
    setShown(byId("schedule-time").parentElement, every !== "other");
    const hasDates = DATES.some((name) => this.request.filters[name]);
    setText(byId("schedule-dates"), this.#describeDates(window, hasDates));
  }

  #describeDates(window, hasDates) {
    if (window) return hasDates ? DATES_IGNORED : "";
    return hasDates ? SAME_DATES : NO_DATES;
  }

  async #create() {
    this.#clearErrors();
    try {
      const created = await this.api.createSchedule(this.#read());
      byId("schedule-dialog").close();
      this.oncreate(created);
      notify(`Schedule “${created.name}” created. Next run: ${formatTime(created.next_run)}.`);
    } catch (problem) {
      this.#showProblem(problem);
    }
  }

  #read() {
    const end = byId("schedule-end");
    if (end.validity.badInput) throw new Problem(422, { detail: INCOMPLETE_DATE, field: "ends_on" });
    const window = writeWindow(byId("schedule-window").value, byId("schedule-number").value.trim());
    const { filters, ...request } = this.request;
    const given = Object.entries(filters).filter(([name]) => !window || !DATES.includes(name));
    return {
      ...request,
      filters: Object.fromEntries(given),
      name: byId("schedule-name").value.trim(),
      window,
      expression: writeExpression({
        every: byId("schedule-every").value,
        weekday: byId("schedule-weekday").value,
        day: byId("schedule-day").value,
        month: byId("schedule-month").value,
        time: byId("schedule-time").value,
        other: byId("schedule-other").value,
      }),
      time_zone: byId("schedule-zone").value.trim(),
      ends_on: end.value || null,
    };
  }

  /** Show a problem beside its field in the dialog, or close the dialog and show it in the form. */
  #showProblem(problem) {
    if (FIELDS.includes(problem.field)) return this.#showError(problem.field, problem.message);
    if (problem.field === null) return this.#showError("schedule", problem.message);
    byId("schedule-dialog").close();
    return this.form.showProblem(problem);
  }

  #showError(field, message) {
    setText(byId(`schedule-error-${field}`), message);
    const controls = [
      ...byId("schedule-dialog").querySelectorAll(`[aria-describedby~="schedule-error-${field}"]`),
    ];
    const shown = controls.filter((control) => control.offsetParent);
    for (const control of shown) control.setAttribute("aria-invalid", "true");
    shown.at(-1)?.focus();
  }

  #clearErrors() {
    for (const errorText of byId("schedule-dialog").querySelectorAll(".error")) setText(errorText, "");
    for (const control of byId("schedule-dialog").querySelectorAll("[aria-invalid]"))
      control.removeAttribute("aria-invalid");
  }
}

function fillSelect(id, choices) {
  const options = Object.entries(choices).map(([value, text]) => make("option", { value }, text));
  fill(byId(id), options);
}

const capitaliseAll = (words) =>
  Object.fromEntries(Object.entries(words).map(([name, text]) => [name, capitalise(text)]));
