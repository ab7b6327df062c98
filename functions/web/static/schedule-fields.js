/** The fields of the dialog of schedules: written from a schedule, read, and marked when they are wrong. */

import { Problem } from "./api.js";
import { capitalise } from "./catalogue.js";
import { byId, fill, make, setShown, setText } from "./dom.js";
import {
  MONTH_DAYS,
  MONTHS,
  needsWeekday,
  readExpression,
  readWindow,
  WEEKDAYS,
  WEEKLY_DAYS,
  WINDOWS,
  writeExpression,
  writeWindow,
} from "./recurrence.js";
import { isRetention, makeRetentionField, readDays, writeDays } from "./retention.js";

const ROLLING = { rolling_days: "Last N days", rolling_months: "Last N months" };
const ZONES = ["Europe/London", "Europe/Dublin", "Europe/Paris", "Europe/Berlin", "Australia/Sydney", "UTC"];
const INCOMPLETE_DATE = "Enter a complete date.";
const MONTHLY = ["month", "quarter", "year"];
const RECURRENCE = ["every", "weekday", "day", "month", "time", "other"];

/** Fields of the dialog by their names in the API. */
const FIELDS = ["name", "window", "expression", "time_zone", "ends_on"];

/** The fields. `retention` limits the retention of files. */
export class ScheduleFields {
  /** @param {import("./catalogue.js").Catalogue} catalogue */
  constructor({ retention, canSendMail }) {
    Object.assign(this, { retention, canSendMail });
    fillSelect("schedule-month", MONTHS);
    fillSelect("schedule-day", MONTH_DAYS);
    fill(
      byId("schedule-zones"),
      ZONES.map((value) => make("option", { value })),
    );
    this.retentionField = makeRetentionField(retention, "schedule");
    this.mail = make("input", { type: "checkbox", id: "schedule-mail" });
    const mailField = make("label", { class: "inline" }, this.mail, " Mail me when a run ends");
    setShown(mailField, canSendMail);
    byId("schedule-error-schedule").before(this.retentionField.element, mailField);
  }

  /** Show the terms of a schedule, or the defaults of a new one. The form may ask for a mail. */
  show(schedule, noWindow, sendMail) {
    byId("schedule-form").reset();
    this.clearErrors();
    const windows = { ...capitaliseAll(WINDOWS), ...ROLLING, "": noWindow };
    fillSelect("schedule-window", windows);
    fillSelect("schedule-weekday", WEEKLY_DAYS);
    byId("schedule-zone").value = Intl.DateTimeFormat().resolvedOptions().timeZone || ZONES[0];
    byId("schedule-window").value = "last_month";
    // The form has the retention of a new schedule.
    setShown(this.retentionField.element, schedule !== null);
    this.mail.checked = Boolean(sendMail);
    if (schedule) this.#write(schedule);
  }

  #write(schedule) {
    const { window, number } = readWindow(schedule.window);
    byId("schedule-name").value = schedule.name;
    byId("schedule-window").value = window;
    byId("schedule-number").value = number;
    for (const [name, value] of Object.entries(readExpression(schedule.expression)))
      byId(`schedule-${name}`).value = value;
    byId("schedule-zone").value = schedule.time_zone;
    byId("schedule-end").value = schedule.ends_on ?? "";
    writeDays(this.retentionField, schedule.retention_days);
  }

  /** Show the fields that the choices need. Return the chosen window. */
  describe() {
    const window = byId("schedule-window").value;
    const every = byId("schedule-every").value;
    const isNth = MONTHLY.includes(every) && needsWeekday(byId("schedule-day").value);
    setShown(byId("schedule-number").parentElement, window in ROLLING);
    for (const each of ["year", "other"]) setShown(byId(`schedule-of-${each}`), every === each);
    setShown(byId("schedule-of-week"), every === "week" || isNth);
    byId("schedule-of-month").after(byId("schedule-of-week"));
    setShown(byId("schedule-of-month"), MONTHLY.includes(every));
    setShown(byId("schedule-other-hint"), every === "other");
    setShown(byId("schedule-time").parentElement, every !== "other");
    this.#offerWeekdays(isNth ? WEEKDAYS : WEEKLY_DAYS);
    return window;
  }

  #offerWeekdays(offered) {
    const select = byId("schedule-weekday");
    if (select.options.length === Object.keys(offered).length) return;
    const before = select.value;
    fillSelect("schedule-weekday", offered);
    if (before in offered) select.value = before;
  }

  /** Return the terms. Throw a Problem if a field is incomplete. */
  read() {
    const end = byId("schedule-end");
    if (end.validity.badInput) throw new Problem(422, { detail: INCOMPLETE_DATE, field: "ends_on" });
    const recurrence = RECURRENCE.map((name) => [name, byId(`schedule-${name}`).value]);
    return {
      name: byId("schedule-name").value.trim(),
      window: writeWindow(byId("schedule-window").value, byId("schedule-number").value.trim()),
      expression: writeExpression(Object.fromEntries(recurrence)),
      time_zone: byId("schedule-zone").value.trim(),
      ends_on: end.value || null,
      ...(this.canSendMail ? { send_mail: this.mail.checked } : {}),
      ...(this.retentionField.element.hidden ? {} : { retention_days: this.#readRetention() }),
    };
  }

  #readRetention() {
    const days = readDays(this.retentionField);
    const detail = `Enter a whole number of days, 1 to ${this.retention.max}.`;
    if (!isRetention(days, this.retention)) throw new Problem(422, { detail, field: "retention_days" });
    return days ?? null;
  }

  /** Return the entries, to be restored later. */
  save = () => listControls().map(({ id, value, checked }) => [id, value, checked]);

  /** Restore entries. */
  restore(entries) {
    for (const [id, value, checked] of entries) {
      Object.assign(byId(id), { value, checked });
      if (id === "schedule-day") this.describe(); // offers the weekdays that it needs
    }
  }

  /** Show a problem beside its field. Return false if it belongs to no field of the dialog. */
  showProblem({ field, message }) {
    if (field === "retention_days" && !this.retentionField.element.hidden) {
      setText(this.retentionField.element.querySelector(".error"), message);
      for (const control of this.retentionField.controls.values()) mark(control);
      return true;
    }
    if (!FIELDS.includes(field) && field !== null) return false;
    const name = field ?? "schedule";
    setText(byId(`schedule-error-${name}`), message);
    for (const control of listControls().filter((each) => each.offsetParent && isDescribedBy(each, name)))
      mark(control);
    return true;
  }

  /** Clear all errors. */
  clearErrors() {
    for (const errorText of byId("schedule-form").querySelectorAll(".error")) setText(errorText, "");
    for (const control of listControls()) control.removeAttribute("aria-invalid");
  }
}

function mark(control) {
  control.setAttribute("aria-invalid", "true");
  control.focus();
}

const isDescribedBy = (control, name) =>
  (control.getAttribute("aria-describedby") ?? "").split(" ").includes(`schedule-error-${name}`);

const listControls = () => [...byId("schedule-form").querySelectorAll("input, select")];

function fillSelect(id, choices) {
  const options = Object.entries(choices).map(([value, text]) => make("option", { value }, text));
  fill(byId(id), options);
}

const capitaliseAll = (words) =>
  Object.fromEntries(Object.entries(words).map(([name, text]) => [name, capitalise(text)]));
