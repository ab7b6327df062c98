/** The view "Schedules": table, actions, and automatic refresh. */

import { writeAddress } from "./address.js";
import { busy, byId, refill, setShown, setText } from "./dom.js";
import { nameExport } from "./export-words.js";
import { confirm, notify, notifyError } from "./messages.js";
import { showHistory } from "./schedule-history.js";
import { makeScheduleRow } from "./schedule-row.js";
import { formatTime } from "./words.js";

const REFRESH_MS = 30_000;
const NONE = "No schedules yet. To create one, fill in a new export and press “Schedule …”.";

/** The list of schedules. It refreshes while it is shown. */
export class Schedules {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {{onstart: (started: Object) => void, onedit: (schedule: Object) => Promise}} actions
   *   onstart gets the export of a run, onedit the schedule to change
   */
  constructor(api, catalogue, { onstart, onedit }) {
    Object.assign(this, { api, catalogue, onstart, onedit, scope: "mine", refreshCount: 0 });
    setShown(byId("schedules-scope"), catalogue.isAdmin);
    byId("schedules-scope").addEventListener("change", () => {
      location.hash = writeAddress("schedules", { scope: byId("schedules-all").checked ? "all" : "" });
    });
    document.addEventListener("visibilitychange", () => this.refresh());
  }

  /** Show the schedules of an address. */
  open(parameters) {
    const isAll = this.catalogue.isAdmin && parameters.get("scope") === "all";
    this.scope = isAll ? "all" : "mine";
    byId(isAll ? "schedules-all" : "schedules-mine").checked = true;
    return this.refresh();
  }

  /** Show a new or changed schedule. The list of the service may lag behind a new one. */
  add(written) {
    this.created = written;
    return this.refresh();
  }

  /** Refresh now, and regularly while the view is shown. */
  async refresh() {
    clearTimeout(this.timer);
    if (document.hidden || byId("schedules").hidden) return;
    const number = (this.refreshCount += 1);
    try {
      const { schedules } = await this.api.listSchedules(this.scope);
      if (number !== this.refreshCount) return; // a later refresh has started
      this.#show(schedules);
      setText(byId("schedules-error"), "");
    } catch (problem) {
      if (number !== this.refreshCount) return;
      setText(byId("schedules-error"), `${problem.message} Trying again.`);
    }
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.refresh(), REFRESH_MS);
  }

  /** Run a schedule now. */
  run(schedule, button) {
    return this.#try(button, async () => {
      const started = await this.api.runSchedule(schedule.id);
      this.onstart(started);
      notify(`${nameExport(started, this.catalogue)} requested.`);
    });
  }

  /** Change a schedule in the dialog. */
  edit(schedule, button) {
    return busy(button, () => this.onedit(schedule));
  }

  /** Show the runs of a schedule. */
  showHistory(schedule, button) {
    return this.#try(button, async () => showHistory(schedule, await this.api.listScheduleRuns(schedule.id)));
  }

  /** Enable or disable a schedule. */
  enable(schedule, enabled, button) {
    return this.#try(button, async () => {
      const { name, next_run: next } = await this.api.changeSchedule(schedule.id, { enabled });
      await this.refresh();
      notify(enabled ? `“${name}” enabled. Next run: ${formatTime(next)}.` : `“${name}” disabled.`);
    });
  }

  /** Delete a schedule after a confirmation. */
  async remove(schedule, button) {
    const text = "It will not run again. Its exports are kept.";
    if (!(await confirm({ title: `Delete “${schedule.name}”?`, text, action: "Delete" }))) return;
    await this.#try(button, async () => {
      await this.api.deleteSchedule(schedule.id);
      if (this.created?.id === schedule.id) this.created = null;
      await this.refresh();
      byId("schedules-title").focus(); // the focused element has been removed
      notify(`“${schedule.name}” deleted.`);
    });
  }

  #try(button, work) {
    return busy(button, () => work().catch(notifyError));
  }

  /** Rebuild the table only if something changed, and restore the focus. */
  #show(listed) {
    if (listed.some(({ id }) => id === this.created?.id)) this.created = null;
    const schedules = this.created ? [...listed, this.created] : listed;
    const shown = JSON.stringify([this.scope, schedules]);
    if (shown === this.shown) return;
    this.shown = shown;
    refill(
      byId("schedule-rows"),
      byId("schedules-title"),
      schedules.map((each) => makeScheduleRow(each, this.catalogue, this)),
    );
    setShown(byId("schedules-table"), schedules.length > 0);
    setText(byId("schedules-empty"), this.scope === "all" ? "No schedules match." : NONE);
    setShown(byId("schedules-empty"), !schedules.length);
  }
}
