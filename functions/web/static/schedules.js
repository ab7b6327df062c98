/** Schedules: the table, what can be done in it, and how it keeps itself up to date. */

import { writeAddress } from "./address.js";
import { nameExport } from "./course.js";
import { busy, byId, fill, setShown, setText } from "./dom.js";
import { complain, confirm, notify } from "./messages.js";
import { makeScheduleRow } from "./schedule-row.js";
import { formatTime } from "./words.js";

const CALM_MS = 30_000;
const NONE = "No schedules yet. To make one, fill in the form of a new export and press “Schedule …”.";

/** The view "Schedules". It looks for news while it is shown. */
export class Schedules {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {(started: Object) => void} onstart gets the export that a schedule was run for
   */
  constructor(api, catalogue, onstart) {
    Object.assign(this, { api, catalogue, onstart, scope: "mine", turn: 0 });
    setShown(byId("schedules-scope"), catalogue.isAdmin);
    byId("schedules-scope").addEventListener("change", () => {
      location.hash = writeAddress("schedules", { scope: byId("schedules-all").checked ? "all" : "" });
    });
    document.addEventListener("visibilitychange", () => this.look());
  }

  /** Show what an address asks for. */
  open(parameters) {
    const isAll = this.catalogue.isAdmin && parameters.get("scope") === "all";
    this.scope = isAll ? "all" : "mine";
    byId(isAll ? "schedules-all" : "schedules-mine").checked = true;
    return this.look();
  }

  /** Remember one just made: the service's own list may be a moment late. */
  add(made) {
    this.made = made;
  }

  /** Ask for news now, and from now on while the view is shown. */
  async look() {
    clearTimeout(this.timer);
    if (document.hidden || byId("schedules").hidden) return;
    const turn = (this.turn += 1);
    try {
      const { schedules } = await this.api.listSchedules(this.scope);
      if (turn !== this.turn) return; // a later look has been there, or will be
      this.#show(schedules);
      setText(byId("schedules-fault"), "");
    } catch (problem) {
      setText(byId("schedules-fault"), `${problem.message} Trying again.`);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.look(), CALM_MS);
  }

  /** Ask for a schedule's export now. */
  run(schedule, button) {
    return this.#try(button, async () => {
      const started = await this.api.runSchedule(schedule.id);
      this.onstart(started);
      notify(`${nameExport(started, this.catalogue)} was asked for.`);
    });
  }

  /** Let a schedule be due, or not. */
  enable(schedule, enabled, button) {
    return this.#try(button, async () => {
      const { name, next_run: next } = await this.api.enableSchedule(schedule.id, enabled);
      await this.look();
      notify(enabled ? `“${name}” is due next on ${formatTime(next)}.` : `“${name}” is disabled.`);
    });
  }

  /** Delete a schedule, after a question. */
  async remove(schedule, button) {
    const text = "It will be due no more. Exports it has asked for stay.";
    if (!(await confirm({ title: `Delete “${schedule.name}”?`, text, action: "Delete" }))) return;
    await this.#try(button, async () => {
      await this.api.deleteSchedule(schedule.id);
      if (this.made?.id === schedule.id) this.made = null;
      await this.look();
      byId("schedules-title").focus(); // what had the focus is gone
      notify(`“${schedule.name}” is deleted.`);
    });
  }

  #try(button, work) {
    return busy(button, () => work().catch(complain));
  }

  /** Nothing is rebuilt while nothing changed; what had the focus has it again. */
  #show(listed) {
    if (listed.some(({ id }) => id === this.made?.id)) this.made = null;
    const schedules = this.made ? [...listed, this.made] : listed;
    const shown = JSON.stringify([this.scope, schedules]);
    if (shown === this.shown) return;
    this.shown = shown;
    const focused = byId("schedule-rows").contains(document.activeElement) && document.activeElement;
    fill(
      byId("schedule-rows"),
      schedules.map((each) => makeScheduleRow(each, this.catalogue, this)),
    );
    setShown(byId("schedules-table"), schedules.length > 0);
    setText(byId("schedules-empty"), this.scope === "all" ? "There are none." : NONE);
    setShown(byId("schedules-empty"), !schedules.length);
    if (focused) (byId(focused.id) ?? byId("schedules-title")).focus();
  }
}
