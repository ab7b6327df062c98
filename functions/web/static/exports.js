/** The view "Exports": table, actions, and automatic refresh. */

import { isNarrowed, writeAddress } from "./address.js";
import { busy, byId, fill, setShown, setText } from "./dom.js";
import { isActive, nameExport, nameState } from "./export-words.js";
import { announce, markTitle, notifyError, offer } from "./messages.js";
import { count } from "./words.js";

const PAGE_SIZE = 25;
const ACTIVE_REFRESH_MS = 2000;
const IDLE_REFRESH_MS = 15_000;
const LONG_PAGE = 100;
const MOST_SELECTED = 1000;
const UNLISTED_MS = 60_000; // how long a new export may be missing from the list, whose index lags behind
const MOST_STEPS = 8; // of one search: each reads a part of the list
const ID = /^[A-Za-z0-9_-]+$/;
const FILTERS = ["state", "type", "owner_name", "schedule_id", "requested_from", "requested_to", "q", "sort"];

/** The list of exports. It also refreshes while another view is shown; in a hidden tab only until exports end. */
export class ExportList {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {{onedit: (each: Object) => void, onactive: (active: Object[]) => void}} listeners
   */
  constructor(api, catalogue, { onedit, onactive }) {
    Object.assign(this, { api, catalogue, onedit, onactive, query: { scope: "mine" } });
    this.rows = new Map();
    this.own = new Map(); // the user's exports that were active since the page was opened, listed or not
    this.unlisted = new Map(); // ids of new exports, and until when the list may lack them
    this.refreshCount = 0;
    this.deleted = new Set();
    this.#listen();
  }

  /** Show the exports of an address. Open the details of the export that it names. */
  async open(parameters) {
    const scope = parameters.get("scope") === "all" ? "all" : "mine";
    const given = FILTERS.map((name) => [name, parameters.get(name) ?? ""]);
    const query = { scope, ...Object.fromEntries(given) };
    byId(`scope-${scope}`).checked = true;
    byId("state").value = query.state;
    if (!isSame(query, this.query)) this.#clear();
    this.query = query;
    this.linked = parameters.get("export");
    const shown = this.#showFilters(query).catch(notifyError);
    await this.refresh();
    await shown;
    if (this.linked && query === this.query) await this.#showLinked().catch(notifyError);
  }

  /** Open the details of the linked export and focus them. If the list does not show it, it is added below. */
  async #showLinked() {
    const { linked: id, query } = this;
    if (!ID.test(id)) throw new Error("This link names no export.");
    if (!this.rows.has(id)) {
      const each = await this.api.getExport(id);
      await this.#loadRow();
      if (query !== this.query) return;
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
    this.unlisted.set(each.id, Date.now() + UNLISTED_MS);
    this.refreshCount += 1; // an answer on the way lacks it
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
      this.#forget(id);
    }
    this.selection?.update();
    this.refresh();
  }

  /** Refresh now, and regularly from now on. */
  async refresh() {
    clearTimeout(this.timer);
    if (document.hidden && !this.#isBusy) return;
    const number = (this.refreshCount += 1);
    try {
      const [page, own] = await Promise.all([
        this.api.listExports({ ...this.query, limit: PAGE_SIZE }),
        this.#listOwn(),
      ]);
      if (page.exports.length || own.length) await this.#loadRow();
      if (number !== this.refreshCount) return; // a later refresh has started
      this.#mergeFirstPage(page);
      for (const each of own) this.update(each);
      this.hasListedOwn = true;
      await this.#refreshOthers(page);
      setText(byId("list-error"), "");
      await this.#searchOn();
    } catch (problem) {
      if (number !== this.refreshCount) return;
      setText(byId("list-error"), `${problem.message} Trying again.`);
    }
    this.#scheduleRefresh();
  }

  /** Return the newest exports of the user if the list may not show them. While some are active, they suffice. */
  async #listOwn() {
    const isListed = this.#isWhole && !this.query.sort;
    if (isListed || (this.hasListedOwn && this.#active.length)) return [];
    return (await this.api.listExports({ scope: "mine", limit: PAGE_SIZE })).exports;
  }

  #listen() {
    document.addEventListener("visibilitychange", () => this.refresh());
    byId("more").addEventListener("click", (event) =>
      busy(event.target, () => this.#showOlder().catch(notifyError)),
    );
    byId("delete").addEventListener("click", (event) =>
      this.actions.remove(this.selection.listWith("delete"), event.currentTarget),
    );
    byId("abort").addEventListener("click", () => this.actions.abortAll(this.selection.listWith("abort")));
    byId("download").addEventListener("click", (event) =>
      this.actions.downloadAll(this.selection.listWith("download"), event.currentTarget),
    );
    byId("exports-bar").addEventListener("change", ({ target }) => {
      if (target.name === "scope") this.#go({ scope: target.value, owner_name: "" });
      if (target.id === "state") this.#go({ state: target.value });
    });
    byId("select-rest").addEventListener("click", (event) =>
      busy(event.target, () => this.#selectRest().catch(notifyError)),
    );
  }

  /** Show the list with other filters. The address leads there, so that Back leads back. */
  #go(changes, replace = false) {
    const { scope, ...filters } = { ...this.query, ...changes };
    const address = writeAddress("exports", { scope: scope === "all" ? scope : "", ...filters });
    if (replace) location.replace(address);
    else location.hash = address;
  }

  async #showFilters(query) {
    await this.#loadFilters();
    if (query === this.query) this.filters.show(query);
  }

  /** Load what stands around the rows, which a user who only fills in the form does not need. */
  async #loadFilters() {
    const [{ ListFilters }, { Selection }, { Endings }] = await Promise.all([
      import("./list-filters.js"),
      import("./selection.js"),
      import("./endings.js"),
    ]);
    if (this.filters) return;
    this.selection = new Selection(() => [...this.rows.values()]);
    this.endings = new Endings(this.catalogue.user, (each) =>
      this.actions.downloadFile(each, this.rows.get(each.id)?.parts.download),
    );
    this.filters = new ListFilters(this.catalogue, (changes, replace) => this.#go(changes, replace));
    this.filters.show(this.query);
  }

  /** Continue a search that has not filled the first page: one request reads only a part of the list. */
  async #searchOn() {
    const { query } = this;
    if (!isNarrowed(query) || this.hasReadOlder) return;
    for (let step = 0; step < MOST_STEPS && this.cursor && this.rows.size < PAGE_SIZE; step += 1) {
      if (query !== this.query) return;
      await this.#readOlder(PAGE_SIZE);
    }
  }

  /** Load the rest of the list, up to a limit, and select it. */
  async #selectRest() {
    const { query } = this;
    while (this.cursor && this.rows.size < MOST_SELECTED && query === this.query)
      await this.#readOlder(Math.min(LONG_PAGE, MOST_SELECTED - this.rows.size));
    if (query !== this.query) return;
    this.selection.selectAll(true);
    byId("select-all").focus();
    announce(`${count(this.rows.size, "export")} selected.`);
  }

  #scheduleRefresh() {
    clearTimeout(this.timer);
    const isSoon = this.#isBusy && !document.hidden;
    this.timer = setTimeout(() => this.refresh(), isSoon ? ACTIVE_REFRESH_MS : IDLE_REFRESH_MS);
  }

  get #active() {
    return [...this.own.values()].filter(isActive);
  }

  get #isBusy() {
    return this.#active.length > 0 || [...this.rows.values()].some((row) => isActive(row.export));
  }

  #clear() {
    this.rows.clear();
    Object.assign(this, { cursor: null, hasReadOlder: false });
    fill(byId("rows"));
    setText(byId("empty"), "Loading …");
    setShown(byId("empty"), true);
    setShown(byId("endings"), false);
    this.selection?.update();
  }

  /** Replace the first page. Older exports below it stay, and so does a new one that the list does not have yet. */
  #mergeFirstPage(page) {
    const last = page.exports.at(-1);
    const unlisted = this.#takeUnlisted(page);
    const isInPage = new Set([...unlisted, ...page.exports].map(({ id }) => id));
    const below = [...this.rows.values()].map((row) => row.export).filter(({ id }) => !isInPage.has(id));
    const isNewestFirst = !this.query.sort && last;
    const isOlder = (each) => !isNewestFirst || each.created_at <= last.created_at;
    const older = below.filter((each) => each.id === this.linked || (page.next_cursor && isOlder(each)));
    const isBehind = page.next_cursor && (older.length || this.hasReadOlder);
    this.#merge({
      exports: [...unlisted, ...page.exports, ...older],
      next_cursor: isBehind ? this.cursor : page.next_cursor,
    });
  }

  /** Return the new exports that the whole list lacks, the newest first. */
  #takeUnlisted(page) {
    for (const { id } of page.exports) this.unlisted.delete(id);
    const ids = [...this.unlisted].filter(([, until]) => Date.now() <= until).map(([id]) => id);
    if (isNarrowed(this.query)) return [];
    return ids.reverse().flatMap((id) => this.own.get(id) ?? []);
  }

  /** Refresh active exports, and the linked one, that are not in the first page one by one. */
  async #refreshOthers(page) {
    const isInPage = new Set(page.exports.map(({ id }) => id));
    const shown = [...this.rows.values()].map((row) => row.export);
    const changing = shown.filter((each) => isActive(each) || each.id === this.linked);
    const ids = new Set([...changing, ...this.#active].map(({ id }) => id));
    await Promise.all([...ids].filter((id) => !isInPage.has(id)).map((id) => this.#refreshOne(id)));
    this.selection?.update();
    this.#reportActive();
  }

  async #refreshOne(id) {
    try {
      this.update(await this.api.getExport(id));
    } catch (problem) {
      if (problem.status === 404) this.#forget(id);
    }
  }

  #forget(id) {
    this.own.delete(id);
    this.unlisted.delete(id);
    const row = this.rows.get(id);
    if (row) this.#removeRow(row);
  }

  async #showOlder() {
    const added = await this.#readOlder(PAGE_SIZE);
    const none = this.cursor ? "None yet. Search on." : "There are no more.";
    announce(added.length ? `${count(added.length, "more export")} shown.` : none);
    const next = this.rows.get(added[0]?.id)?.parts.more ?? (byId("more").hidden && byId("exports-title"));
    if (next) next.focus();
  }

  /** Add the next page to the rows. Return its exports. */
  async #readOlder(limit) {
    const { query } = this;
    const page = await this.api.listExports({ ...query, limit, cursor: this.cursor });
    if (page.exports.length) await this.#loadRow();
    if (query !== this.query) return [];
    this.hasReadOlder = true;
    const shown = [...this.rows.values()].map((row) => row.export);
    const isShown = new Set(this.rows.keys());
    const added = page.exports.filter(({ id }) => !isShown.has(id));
    this.#merge({ exports: [...shown, ...added], next_cursor: page.next_cursor });
    return added;
  }

  #merge({ exports, next_cursor: cursor }) {
    const remaining = exports.filter(({ id }) => !this.deleted.has(id));
    const ids = new Set(remaining.map(({ id }) => id));
    for (const [id, row] of this.rows) {
      if (!ids.has(id)) this.#removeRow(row);
    }
    const ordered = remaining.map((each) => this.#showRow(each));
    this.rows = new Map(ordered.map((row) => [row.export.id, row]));
    this.cursor = cursor;
    putInOrder(
      byId("rows"),
      ordered.flatMap((row) => [row.element, row.details.element]),
    );
    setText(byId("empty"), this.#describeEmpty());
    setShown(byId("empty"), !ordered.length);
    setShown(byId("more"), Boolean(cursor));
    setShown(byId("endings"), true); // only now, since it stands below the rows
    this.selection?.update();
    this.#reportActive();
  }

  get #isWhole() {
    return this.query.scope !== "all" && !isNarrowed(this.query);
  }

  #describeEmpty() {
    if (this.cursor) return "Searching …";
    return this.#isWhole ? "No exports yet. Exports you request appear here." : "No exports match.";
  }

  /** Show the state of an export that was answered, if the list shows it, and tell of its change. Return it. */
  update(answered) {
    const row = this.rows.get(answered.id);
    const before = row?.export ?? this.own.get(answered.id);
    if (before && isActive(answered) && !isActive(before)) return before; // answered late, from before its end
    row?.update(answered);
    const each = row?.export ?? answered;
    if (each.mine && (isActive(each) || this.own.has(each.id))) this.own.set(each.id, each);
    if (before && each.state !== before.state) this.#announceChange(each);
    return each;
  }

  #showRow(answered) {
    const each = this.update(answered);
    return this.rows.get(each.id) ?? this.#makeRow(each);
  }

  /** Load what shows an export, which a user without exports does not need. */
  async #loadRow() {
    const [{ Row }, { Actions }] = await Promise.all([
      import("./row.js"),
      import("./actions.js"),
      this.#loadFilters(), // before the rows, which they would push down
    ]);
    this.Row = Row;
    this.actions ??= new Actions(this.api, this, this.onedit);
  }

  #makeRow(each) {
    const row = new this.Row(each, this.catalogue, this.actions, () => this.selection?.update());
    row.element.classList.toggle("new", each.id === this.newest);
    return row;
  }

  #announceChange(each) {
    const name = nameExport(each, this.catalogue);
    const size = each.state === "COMPLETED" ? `, ${count(each.studies, "study", "studies")}` : "";
    announce(`${name}: ${nameState(each.state)}${size}.`);
    if (!each.mine || isActive(each)) return;
    if (document.hidden) markTitle(`${nameState(each.state)}: ${name}`);
    this.endings.tell(each, name);
    if (each.state !== "COMPLETED" || !byId("exports").hidden) return;
    offer(`${name} is ready.`, "Download", (button) => this.actions.downloadFile(each, button));
  }

  #reportActive() {
    this.onactive(this.#active);
  }

  #removeRow(row) {
    const elements = [row.element, row.details.element];
    const isFocused = elements.some((element) => element.contains(document.activeElement));
    for (const element of elements) element.remove();
    if (isFocused) byId("exports-title").focus({ preventScroll: true });
    this.rows.delete(row.export.id);
  }
}

const isSame = (one, other) =>
  one.scope === other.scope && FILTERS.every((name) => (one[name] || "") === (other[name] || ""));

/** Put children in this order, moving only those that are out of place. */
function putInOrder(parent, children) {
  children.forEach((child, index) => {
    if (parent.children[index] !== child) parent.insertBefore(child, parent.children[index] ?? null);
  });
}
