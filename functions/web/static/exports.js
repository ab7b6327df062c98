/** Exports: the table, what can be done in it, and how it keeps itself up to date. */

import { Actions } from "./actions.js";
import { writeAddress } from "./address.js";
import { busy, byId, fill, setShown, setText } from "./dom.js";
import { announce, complain, notify } from "./messages.js";
import { isActive, nameExport, nameState } from "./course.js";
import { Row } from "./row.js";
import { Selection } from "./selection.js";
import { count } from "./words.js";

const PAGE = 25;
const BUSY_MS = 2000;
const CALM_MS = 15_000;
const STATES = ["QUEUED", "RUNNING", "COMPLETED", "FAILED", "ABORTED"];

/** The view "Exports". It looks for news also while the form is shown, but never in a hidden tab. */
export class ExportList {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {{onedit: (each: Object) => void, onactive: (active: Object[]) => void}} listeners
   */
  constructor(api, catalogue, { onedit, onactive }) {
    Object.assign(this, { api, catalogue, onactive, query: { scope: "mine", state: "" } });
    this.rows = new Map();
    this.turn = 0;
    this.selection = new Selection(() => [...this.rows.values()]);
    this.deleted = new Set();
    this.actions = new Actions(api, this, onedit);
    this.#listen();
  }

  /** Show what an address asks for; an export that it names is opened. */
  async open(parameters) {
    const scope = parameters.get("scope") === "all" ? "all" : "mine";
    const state = STATES.includes(parameters.get("state")) ? parameters.get("state") : "";
    byId(`scope-${scope}`).checked = true;
    byId("state").value = state;
    if (scope !== this.query.scope || state !== this.query.state) this.#empty();
    this.query = { scope, state };
    await this.look();
    if (parameters.get("export")) await this.#show(parameters.get("export")).catch(complain);
  }

  /** Open an export's row, and go there; what is older than all that is shown comes below. */
  async #show(id) {
    if (!this.rows.has(id)) {
      const each = await this.api.get(id);
      const shown = [...this.rows.values()].map((row) => row.export);
      this.#merge({ exports: [...shown, each], next_cursor: this.cursor });
    }
    const row = this.rows.get(id);
    if (!row) return;
    if (row.details.element.hidden) row.details.toggle();
    row.parts.more.focus();
  }

  /** Put a new export at the top. */
  add(each) {
    this.newest = each.id;
    this.#merge({
      exports: [each, ...[...this.rows.values()].map((row) => row.export)],
      next_cursor: this.cursor,
    });
    this.#plan();
  }

  /** Take exports away that are deleted, whatever an older answer says. */
  forget(ids) {
    for (const id of ids) {
      this.deleted.add(id);
      const row = this.rows.get(id);
      if (row) this.#drop(row);
    }
    this.selection.show();
    this.look();
  }

  /** Ask for news now, and from now on. */
  async look() {
    clearTimeout(this.timer);
    if (document.hidden) return;
    const turn = (this.turn += 1);
    try {
      const page = await this.api.list({ ...this.query, limit: PAGE });
      if (turn !== this.turn) return; // a later look has been there, or will be
      this.#mergeFirstPage(page);
      await this.#lookAtOlder(page);
      setText(byId("list-fault"), "");
    } catch (problem) {
      setText(byId("list-fault"), `${problem.message} Trying again.`);
    }
    this.#plan();
  }

  #listen() {
    document.addEventListener("visibilitychange", () => this.look());
    byId("more").addEventListener("click", (event) =>
      busy(event.target, () => this.#showOlder().catch(complain)),
    );
    byId("delete").addEventListener("click", () => this.actions.remove(this.selection.find()));
    byId("exports-bar").addEventListener("change", () => {
      const scope = byId("scope-all").checked ? "all" : "";
      location.hash = writeAddress("exports", { scope, state: byId("state").value });
    });
  }

  #plan() {
    clearTimeout(this.timer);
    const isBusy = [...this.rows.values()].some((row) => isActive(row.export));
    this.timer = setTimeout(() => this.look(), isBusy ? BUSY_MS : CALM_MS);
  }

  #empty() {
    this.rows.clear();
    this.cursor = null;
    fill(byId("rows"));
    setText(byId("empty"), "Looking …");
    setShown(byId("empty"), true);
    this.selection.show();
  }

  /** The first page as it is now; of what was shown below it, what is older stays. */
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

  /** Running exports below the first page are looked at one by one. */
  async #lookAtOlder(page) {
    const isInPage = new Set(page.exports.map(({ id }) => id));
    const running = [...this.rows.values()].filter(
      (row) => !isInPage.has(row.export.id) && isActive(row.export),
    );
    const news = await Promise.all(running.map((row) => this.api.get(row.export.id).catch(() => null)));
    for (const each of news.filter(Boolean)) this.update(each);
    this.#tellActive();
  }

  async #showOlder() {
    const asked = this.query;
    const page = await this.api.list({ ...asked, limit: PAGE, cursor: this.cursor });
    if (asked !== this.query) return;
    const shown = [...this.rows.values()].map((row) => row.export);
    const isShown = new Set(this.rows.keys());
    const added = page.exports.filter(({ id }) => !isShown.has(id));
    this.#merge({ exports: [...shown, ...added], next_cursor: page.next_cursor });
    announce(`${count(added.length, "older export")} shown.`);
    this.rows.get(added[0]?.id)?.parts.more.focus();
  }

  #merge({ exports, next_cursor: cursor }) {
    const wanted = exports.filter(({ id }) => !this.deleted.has(id));
    const ids = new Set(wanted.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) this.#drop(row);
    }
    const ordered = wanted.map((each) => this.update(each));
    this.rows = new Map(ordered.map((row) => [row.export.id, row]));
    this.cursor = cursor;
    putInOrder(
      byId("rows"),
      ordered.flatMap((row) => [row.element, row.details.element]),
    );
    setText(
      byId("empty"),
      this.query.state || this.query.scope === "all"
        ? "There are none."
        : "No exports yet. They stay here for you when you have asked for some.",
    );
    setShown(byId("empty"), !ordered.length);
    setShown(byId("more"), Boolean(cursor));
    this.selection.show();
    this.#tellActive();
  }

  /** Show one export as it is now. */
  update(each) {
    const row = this.rows.get(each.id);
    if (!row) return this.#makeRow(each);
    const before = row.export.state;
    row.update(each);
    if (row.export.state !== before) this.#tell(row.export);
    return row;
  }

  #makeRow(each) {
    const row = new Row(each, this.catalogue, this.actions, () => this.selection.show());
    row.element.classList.toggle("new", each.id === this.newest);
    return row;
  }

  #tell(each) {
    const name = nameExport(each, this.catalogue);
    const size = each.state === "COMPLETED" ? `, ${count(each.studies, "study", "studies")}` : "";
    announce(`${name}: ${nameState(each.state)}${size}.`);
    if (each.mine && each.state === "COMPLETED" && byId("exports").hidden) notify(`${name} is ready.`);
  }

  #tellActive() {
    this.onactive(
      [...this.rows.values()].map((row) => row.export).filter((each) => each.mine && isActive(each)),
    );
  }

  #drop(row) {
    row.element.remove();
    row.details.element.remove();
    this.rows.delete(row.export.id);
  }
}

/** Let a parent's children be these, moving only what is not in its place. */
function putInOrder(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}
