/** The dialog that makes a schedule of what the form holds. */

import { Problem } from "./api.js";
import { capitalise, nameTypeInFull } from "./catalogue.js";
import { busy, byId, fill, make, setShown, setText } from "./dom.js";
import { notify } from "./messages.js";
import { MONTH_DAYS, WEEKDAYS, WINDOWS, writeExpression, writeWindow } from "./rhythm.js";
import { formatTime } from "./words.js";

const ROLLING = { rolling_days: "The last N days", rolling_months: "The last N months" };
const ZONES = ["Europe/London", "Europe/Dublin", "Europe/Paris", "Europe/Berlin", "Australia/Sydney", "UTC"];
const DATES = ["date_from", "date_to"];
const LEFT_OUT = "The dates in the form are left out: each run has dates of its own.";
const SAME_DATES = "Each run is about the same dates.";
const HALF_DATE = "This date is not complete.";
const NO_DATES = "The form holds no dates: each run is about all studies there are.";

/** Fields by what the API calls them. */
const FIELDS = ["name", "window", "expression", "time_zone", "ends_on"];

/** The button "Schedule …" and its dialog. */
export class Planner {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   * @param {(made: Object) => void} onmade gets the schedule
   */
  constructor(api, form, onmade) {
    Object.assign(this, { api, form, onmade });
    fillSelect("plan-window", { ...capitaliseAll(WINDOWS), ...ROLLING, "": "The dates in the form" });
    fillSelect("plan-weekday", WEEKDAYS);
    fillSelect("plan-day", MONTH_DAYS);
    fill(
      byId("plan-zones"),
      ZONES.map((value) => make("option", { value })),
    );
    byId("plan").addEventListener("click", () => this.#open());
    byId("plan-cancel").addEventListener("click", () => byId("planner").close());
    byId("plan-form").addEventListener("change", () => this.#describe());
    byId("plan-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("plan-yes"), () => this.#make());
    });
  }

  /** Ask for the rest, if what the form holds can be asked for. */
  #open() {
    try {
      this.request = this.form.readRequest();
    } catch (problem) {
      this.form.showProblem(problem);
      return;
    }
    byId("plan-form").reset();
    byId("plan-zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone || ZONES[0];
    byId("plan-window").value = "last_month";
    setText(byId("plan-what"), nameTypeInFull(this.form.catalogue.findType(this.request.type)));
    this.#clearFaults();
    this.#describe();
    byId("planner").showModal();
  }

  /** Show the fields that the choices need, and say what becomes of the form's dates. */
  #describe() {
    const window = byId("plan-window").value;
    const every = byId("plan-every").value;
    setShown(byId("plan-number").parentElement, window in ROLLING);
    for (const each of ["week", "month", "other"]) setShown(byId(`plan-of-${each}`), every === each);
    setShown(byId("plan-other-hint"), every === "other");
    setShown(byId("plan-time").parentElement, every !== "other");
    const hasDates = DATES.some((name) => this.request.filters[name]);
    setText(byId("plan-dates"), this.#describeDates(window, hasDates));
  }

  #describeDates(window, hasDates) {
    if (window) return hasDates ? LEFT_OUT : "";
    return hasDates ? SAME_DATES : NO_DATES;
  }

  async #make() {
    this.#clearFaults();
    try {
      const made = await this.api.makeSchedule(this.#read());
      byId("planner").close();
      this.onmade(made);
      notify(`The schedule “${made.name}” is due next on ${formatTime(made.next_run)}.`);
    } catch (problem) {
      this.#showProblem(problem);
    }
  }

  #read() {
    const end = byId("plan-end");
    if (end.validity.badInput) throw new Problem(422, { detail: HALF_DATE, field: "ends_on" });
    const window = writeWindow(byId("plan-window").value, byId("plan-number").value.trim());
    const { filters, ...request } = this.request;
    const kept = Object.entries(filters).filter(([name]) => !window || !DATES.includes(name));
    return {
      ...request,
      filters: Object.fromEntries(kept),
      name: byId("plan-name").value.trim(),
      window,
      expression: writeExpression({
        every: byId("plan-every").value,
        weekday: byId("plan-weekday").value,
        day: byId("plan-day").value,
        time: byId("plan-time").value,
        other: byId("plan-other").value,
      }),
      time_zone: byId("plan-zone").value.trim(),
      ends_on: end.value || null,
    };
  }

  /** Beside the field at fault; what only the form can mend is said there. */
  #showProblem(problem) {
    if (FIELDS.includes(problem.field)) return this.#showFault(problem.field, problem.message);
    if (problem.field === null) return this.#showFault("plan", problem.message);
    byId("planner").close();
    return this.form.showProblem(problem);
  }

  #showFault(field, sentence) {
    setText(byId(`plan-fault-${field}`), sentence);
    const controls = [...byId("planner").querySelectorAll(`[aria-describedby~="plan-fault-${field}"]`)];
    const shown = controls.filter((control) => control.offsetParent);
    for (const control of shown) control.setAttribute("aria-invalid", "true");
    shown.at(-1)?.focus();
  }

  #clearFaults() {
    for (const place of byId("planner").querySelectorAll(".fault")) setText(place, "");
    for (const control of byId("planner").querySelectorAll("[aria-invalid]"))
      control.removeAttribute("aria-invalid");
  }
}

function fillSelect(id, choices) {
  const options = Object.entries(choices).map(([value, text]) => make("option", { value }, text));
  fill(byId(id), options);
}

const capitaliseAll = (words) =>
  Object.fromEntries(Object.entries(words).map(([name, text]) => [name, capitalise(text)]));
