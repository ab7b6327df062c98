/** The view "Exports": table, actions, and automatic refresh. */

import { writeAddress } from "./address.js";
import { busy, byId, fill, setShown, setText } from "./dom.js";
import { Endings } from "./endings.js";
import { isActive, nameExport, nameState } from "./export-words.js";
import { announce, markTitle, notifyError, offer } from "./messages.js";
import { Selection } from "./selection.js";
import { count } from "./words.js";

const PAGE_SIZE = 25;
const ACTIVE_REFRESH_MS = 2000;
const IDLE_REFRESH_MS = 15_000;
const ID = /^[A-Za-z0-9_-]+$/;
const STATES = ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "ABORTED"];

/** The list of exports. It also refreshes while another view is shown; in a hidden tab only until exports end. */
export class ExportList {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {{onedit: (each: Object) => void, onactive: (active: Object[]) => void}} listeners
   */
  constructor(api, catalogue, { onedit, onactive }) {
    Object.assign(this, { api, catalogue, onedit, onactive, query: { scope: "mine", state: "" } });
    this.rows = new Map();
    this.refreshCount = 0;
    this.selection = new Selection(() => [...this.rows.values()]);
    this.deleted = new Set();
    this.endings = new Endings((row) => this.actions.download(row, row.parts.download));
    this.#listen();
  }

  /** Show the exports of an address. Open the details of the export that it names. */
  async open(parameters) {
    const scope = parameters.get("scope") === "all" ? "all" : "mine";
    const state = STATES.includes(parameters.get("state")) ? parameters.get("state") : "";
    byId(`scope-${scope}`).checked = true;
    byId("state").value = state;
    if (scope !== this.query.scope || state !== this.query.state) this.#clear();
    this.query = { scope, state };
    await this.refresh();
    if (parameters.get("export")) await this.#show(parameters.get("export")).catch(notifyError);
  }

  /** Open the details of an export and focus them. An export older than those shown is added below. */
  async #show(id) {
    if (!ID.test(id)) throw new Error("This link names no export.");
    if (!this.rows.has(id)) {
      const each = await this.api.getExport(id);
      await this.#loadRow();
      const shown = [...this.rows.values()].map((row) => row.export);
      this.#merge({ exports: [...shown, each], next_cursor: this.cursor });
    }
    const row = this.rows.get(id);
    if (!row) return;
    if (row.details.element.hidden) row.details.toggle();
    row.parts.more.focus();
  }

  /** Add a new export at the top. */
  async add(each) {
    this.newest = each.id;
    await this.#loadRow();
    this.#merge({
      exports: [each, ...[...this.rows.values()].map((row) => row.export)],
      next_cursor: this.cursor,
    });
    this.#scheduleRefresh();
  }

  /** Remove deleted exports, and ignore them in answers that are still on the way. */
  removeDeleted(ids) {
    for (const id of ids) {
      this.deleted.add(id);
      const row = this.rows.get(id);
      if (row) this.#removeRow(row);
    }
    this.selection.update();
    this.refresh();
  }

  /** Refresh now, and regularly from now on. */
  async refresh() {
    clearTimeout(this.timer);
    if (document.hidden && !this.#isBusy) return;
    const number = (this.refreshCount += 1);
    try {
      const page = await this.api.listExports({ ...this.query, limit: PAGE_SIZE });
      if (page.exports.length) await this.#loadRow();
      if (number !== this.refreshCount) return; // a later refresh has started
      this.#mergeFirstPage(page);
      await this.#refreshOlder(page);
      setText(byId("list-error"), "");
    } catch (problem) {
      setText(byId("list-error"), `${problem.message} Trying again.`);
    }
    this.#scheduleRefresh();
  }

  #listen() {
    document.addEventListener("visibilitychange", () => this.refresh());
    byId("more").addEventListener("click", (event) =>
      busy(event.target, () => this.#showOlder().catch(notifyError)),
    );
    byId("delete").addEventListener("click", () => this.actions.remove(this.selection.listWith("delete")));
    byId("abort").addEventListener("click", () => this.actions.abortAll(this.selection.listWith("abort")));
    byId("download").addEventListener("click", (event) =>
      this.actions.downloadAll(this.selection.listWith("download"), event.currentTarget),
    );
    byId("exports-bar").addEventListener("change", () => {
      const scope = byId("scope-all").checked ? "all" : "";
      location.hash = writeAddress("exports", { scope, state: byId("state").value });
    });
  }

  #scheduleRefresh() {
    clearTimeout(this.timer);
    const isSoon = this.#isBusy && !document.hidden;
    this.timer = setTimeout(() => this.refresh(), isSoon ? ACTIVE_REFRESH_MS : IDLE_REFRESH_MS);
  }

  get #isBusy() {
    return [...this.rows.values()].some((row) => isActive(row.export));
  }

  #clear() {
    this.rows.clear();
    this.cursor = null;
    fill(byId("rows"));
    setText(byId("empty"), "Loading …");
    setShown(byId("empty"), true);
    this.selection.update();
  }

  /** Replace the first page. Older exports below it stay. */
  #mergeFirstPage(page) {
    const last = page.exports.at(-1);
    const isInPage = new Set(page.exports.map(({ id }) => id));
    const below = [...this.rows.values()].map((row) => row.export).filter(({ id }) => !isInPage.has(id));
    const older = page.next_cursor ? below.filter((each) => each.created_at <= last.created_at) : [];
    this.#merge({
      exports: [...page.exports, ...older],
      next_cursor: older.length ? this.cursor : page.next_cursor,
    });
  }

  /** Refresh active exports below the first page one by one. */
  async #refreshOlder(page) {
    const isInPage = new Set(page.exports.map(({ id }) => id));
    const active = [...this.rows.values()].filter(
      (row) => !isInPage.has(row.export.id) && isActive(row.export),
    );
    const refreshed = await Promise.all(
      active.map((row) => this.api.getExport(row.export.id).catch(() => null)),
    );
    for (const each of refreshed.filter(Boolean)) this.update(each);
    this.#reportActive();
  }

  async #showOlder() {
    const query = this.query;
    const page = await this.api.listExports({ ...query, limit: PAGE_SIZE, cursor: this.cursor });
    if (query !== this.query) return;
    const shown = [...this.rows.values()].map((row) => row.export);
    const isShown = new Set(this.rows.keys());
    const added = page.exports.filter(({ id }) => !isShown.has(id));
    this.#merge({ exports: [...shown, ...added], next_cursor: page.next_cursor });
    announce(`${count(added.length, "older export")} shown.`);
    this.rows.get(added[0]?.id)?.parts.more.focus();
  }

  #merge({ exports, next_cursor: cursor }) {
    const remaining = exports.filter(({ id }) => !this.deleted.has(id));
    const ids = new Set(remaining.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) this.#removeRow(row);
    }
    const ordered = remaining.map((each) => this.update(each));
    this.rows = new Map(ordered.map((row) => [row.export.id, row]));
    this.cursor = cursor;
    putInOrder(
      byId("rows"),
      ordered.flatMap((row) => [row.element, row.details.element]),
    );
    setText(
      byId("empty"),
      this.query.state || this.query.scope === "all"
        ? "No exports match."
        : "No exports yet. Exports you request appear here.",
    );
    setShown(byId("empty"), !ordered.length);
    setShown(byId("more"), Boolean(cursor));
    this.selection.update();
    this.#reportActive();
  }

  /** Show the current state of one export. */
  update(each) {
    const row = this.rows.get(each.id);
    if (!row) return this.#makeRow(each);
    const before = row.export.state;
    row.update(each);
    if (row.export.state !== before) this.#announceChange(row.export);
    return row;
  }

  /** Load what shows an export, which a user without exports does not need. */
  async #loadRow() {
    const [{ Row }, { Actions }] = await Promise.all([import("./row.js"), import("./actions.js")]);
    this.Row = Row;
    this.actions ??= new Actions(this.api, this, this.onedit);
  }

  #makeRow(each) {
    const row = new this.Row(each, this.catalogue, this.actions, () => this.selection.update());
    row.element.classList.toggle("new", each.id === this.newest);
    return row;
  }

  #announceChange(each) {
    const name = nameExport(each, this.catalogue);
    const size = each.state === "COMPLETED" ? `, ${count(each.studies, "study", "studies")}` : "";
    announce(`${name}: ${nameState(each.state)}${size}.`);
    if (!each.mine || isActive(each)) return;
    if (document.hidden) markTitle(`${nameState(each.state)}: ${name}`);
    const row = this.rows.get(each.id);
    this.endings.tell(row, name);
    if (each.state !== "COMPLETED" || !byId("exports").hidden) return;
    offer(`${name} is ready.`, "Download", (button) => this.actions.download(row, button));
  }

  #reportActive() {
    this.onactive(
      [...this.rows.values()].map((row) => row.export).filter((each) => each.mine && isActive(each)),
    );
  }

  #removeRow(row) {
    row.element.remove();
    row.details.element.remove();
    this.rows.delete(row.export.id);
  }
}

/** Put children in this order, moving only those that are out of place. */
function putInOrder(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}
