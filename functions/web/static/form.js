/** The view "New export": one tab per modality, filters, file options, preview, export. */

import { readFormParameters, writeFormAddress } from "./address.js";
import { Problem } from "./api.js";
import { groupFilters, isPrivate, nameStudies, normalise } from "./catalogue.js";
import { busy, byId, fill, make, makeButton, setShown, setText } from "./dom.js";
import { nameExport } from "./export-words.js";
import { clearErrors, findIncomplete, readFields, showError, writeFields } from "./fields.js";
import { FileOptions } from "./file-options.js";
import { makeGroups } from "./groups.js";
import { announce, notify } from "./messages.js";
import { Presets } from "./presets.js";
import { Preview } from "./preview.js";
import { makeTabs, selectTab } from "./tabs.js";
import { describeFilters } from "./words.js";

const ADDRESS_DELAY_MS = 300;
const PRIVATE_FILTER = "This filter identifies a patient and cannot be saved. Clear it first.";

/** The form. `values` survive a change of tab, so that dates and equipment need not be typed again. */
export class ExportForm {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {(started: Object) => void} onstart gets the requested export
   */
  constructor(api, catalogue, onstart) {
    Object.assign(this, { api, catalogue, onstart, values: {}, fields: [] });
    this.fileOptions = new FileOptions(catalogue, () => this.#change(), api);
    this.preview = new Preview(api, this);
    setShown(byId("send-mail-field"), catalogue.canSendMail);
    makeTabs(byId("modalities"), catalogue.modalities, (name) => this.#switchTo(name));
    byId("filters").addEventListener("input", () => this.#change());
    byId("filters").addEventListener("focusin", ({ target }) => this.#attachSuggestions(target));
    byId("form").addEventListener("change", () => this.#updateAddress()); // before a link is followed
    byId("clear").addEventListener("click", () => this.#clear());
    byId("start").addEventListener("click", () => busy(byId("start"), () => this.#start()));
    byId("copies").addEventListener("click", ({ target }) => {
      if (target.value) busy(target, () => this.#copy(target.value));
    });
    byId("audit-button").addEventListener("click", () => busy(byId("audit-button"), () => this.#audit()));
    byId("form").addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
      event.preventDefault(); // Enter alone previews
      byId("start").click();
    });
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault(); // Enter in a field previews; only the button exports
      busy(byId("preview-button"), () => this.#preview());
    });
    byId("first-rows").addEventListener("toggle", () => this.showFirstRows(true));
    this.#show(catalogue.modalities[0], {});
    this.presets = new Presets(api, this);
  }

  /** Show the form of an address, and rewrite the address without what it must not contain. */
  open(path, parameters) {
    const modality = this.catalogue.findModality(path);
    const filters = this.#listAllFilters(modality);
    const parsed = readFormParameters(filters, parameters);
    const publicNames = new Set(filters.filter((filter) => !isPrivate(filter)).map(({ name }) => name));
    const others = Object.entries(this.values).filter(([name]) => !publicNames.has(name));
    this.values = { ...Object.fromEntries(others), ...parsed.values };
    this.#show(modality, parsed);
    this.#checkAddress(path, parsed);
    this.#updateAddress();
  }

  /** Fill the form with a request. Afterwards, `address` is the address of the filled form. */
  fillFrom({ type, filters, order, options, retention_days, send_mail, name: exportName }) {
    if (exportName !== undefined) byId("export-name").value = exportName ?? "";
    if (send_mail !== undefined) this.#checkMail(send_mail);
    const { modality } = this.catalogue.findType(type);
    const given = this.#listAllFilters(modality).filter(({ name }) => filters[name]);
    const known = new Set(given.map(({ name }) => name));
    warnIgnored(
      Object.keys(filters).filter((name) => !known.has(name)),
      "request",
    );
    this.values = Object.fromEntries(given.map((each) => [each.name, normalise(each, filters[each.name])]));
    this.#show(modality, { type, order, options, retention_days });
  }

  /** Fill the form with the request of a preset. Going back restores the form as it was. */
  usePreset(request) {
    this.#updateAddress();
    history.pushState(null, "", location.hash);
    this.fillFrom(request);
    this.#updateAddress();
  }

  /** Return the part of the form that a preset can store. Throw a Problem if a filter identifies a patient. */
  readForPreset() {
    const { type, filters, order, options } = this.readRequest();
    const found = this.findPrivate(filters);
    if (found) throw new Problem(422, { detail: PRIVATE_FILTER, field: `filters.${found.name}` });
    return { type, filters, order, options };
  }

  /** Return the first of the given filters that identifies a patient, or undefined. */
  findPrivate = (filters) => this.listFilters().find((each) => isPrivate(each) && filters[each.name]);

  /** The entries of the form, to be restored after signing in again. */
  get draft() {
    this.#read();
    const others = { ...this.fileOptions.read(), ...readName(), ...readMail() };
    return { modality: this.modality.name, values: this.values, ...others };
  }

  /** Restore a draft. */
  restore({ modality, values, type, order, options, retention_days, send_mail, name = "" }) {
    this.values = values;
    byId("export-name").value = name;
    this.#checkMail(send_mail);
    this.#show(this.catalogue.findModality(modality), { type, order, options, retention_days });
  }

  /** The address of the form with its current values. */
  get address() {
    const { type, order, options } = this.fileOptions.read();
    return writeFormAddress(this.listFilters(), {
      modality: this.modality.name,
      type: this.fileOptions.isDefaultType ? "" : type,
      order: order === this.catalogue.defaultOrder ? "" : order,
      values: this.values,
      options,
    });
  }

  /** Return the filters of the tab and of the chosen type. */
  listFilters = () => this.catalogue.listFilters(this.modality, this.fileOptions.type);

  /** Return the filters that hold in words, or those of these names. */
  describeGiven(names) {
    const values = { ...this.fileOptions.type.default_filters, ...this.#readFilters() };
    const given = Object.entries(values).filter(([name]) => !names || names.includes(name));
    return describeFilters(this.listFilters(), Object.fromEntries(given)).map(({ text }) => text);
  }

  /** Add a filter to those of the tab, or of the type. */
  addFilter(name, value) {
    const isOwn = this.fileOptions.type.own_filters.some((each) => each.name === name);
    if (isOwn) this.fileOptions.writeFilters({ ...this.fileOptions.readFilters(), [name]: value });
    this.#write({ ...readFields(this.fields), ...(isOwn ? {} : { [name]: value }) });
    byId("studies-title").focus({ preventScroll: true });
  }

  /** Show the first rows of the request if their disclosure is open, those with patients only if `isAsked`. */
  async showFirstRows(isAsked = false) {
    if (!byId("first-rows").open) return this.firstRows?.hidePatients();
    const { FirstRows } = await import("./first-rows.js");
    this.firstRows ??= new FirstRows(this.api, this);
    return this.firstRows.show(this.#readQuietly(), isAsked);
  }

  /** Stop counting, because another view is shown. */
  leave = () => this.preview.pause();

  #listAllFilters(modality) {
    const own = modality.types.flatMap((type) => type.own_filters);
    return [...this.catalogue.listFilters(modality), ...own];
  }

  /** Warn about the parts of an address that the form does not have or does not accept. */
  #checkAddress(path, { type, values, options, unknown }) {
    this.#read();
    const [filters, fields] = [this.#readFilters(), readFields(this.fileOptions.fields)];
    const ignored = [
      ...(path && path !== this.modality.name ? [path] : []),
      ...(type && type !== this.fileOptions.type.type ? [type] : []),
      ...Object.keys(values).filter((name) => values[name] && !filters[name]),
      ...Object.keys(options).filter((name) => !(name in fields)),
      ...unknown,
    ];
    warnIgnored(ignored, "link");
  }

  #show(modality, { type, order, options, retention_days }) {
    this.modality = modality;
    selectTab(byId("modalities"), byId("modality"), modality.name);
    this.#makeFilters();
    this.fileOptions.show(modality, { type, order, options, values: this.values, retention_days });
    setShown(byId("audit-button"), Boolean(this.fileOptions.auditType));
    this.preview.clear();
    this.#describe();
    this.#follow();
  }

  #switchTo(name) {
    if (name === this.modality.name) return;
    this.#updateAddress();
    history.pushState(null, "", location.hash);
    this.#show(this.catalogue.findModality(name), { order: byId("order").value });
    this.#updateAddress();
  }

  #makeFilters() {
    const groups = groupFilters(this.catalogue.listFilters(this.modality));
    const made = makeGroups(groups, this.values, (from, to) => this.#setDates(from, to));
    this.fields = made.fields;
    fill(byId("filters"), made.elements);
  }

  /** Give a field of the database's texts suggestions when it is first used. Without them it takes any text. */
  async #attachSuggestions(input) {
    if (input.getAttribute("role") !== "combobox" || input.hasAttribute("aria-controls")) return;
    const before = input.value;
    const { attachSuggestions } = await import("./combobox.js");
    if (input.hasAttribute("aria-controls")) return;
    const load = (q, signal) =>
      this.api.listSuggestions({ type: this.fileOptions.type.type, filter: input.name, q }, signal);
    attachSuggestions(input, load, input.value !== before);
  }

  #setDates(from, to) {
    this.#write({ ...readFields(this.fields), date_from: from, date_to: to });
  }

  #write(values) {
    writeFields(this.fields, values);
    this.#change();
  }

  #clear() {
    this.values = {};
    this.fileOptions.writeFilters({});
    this.fileOptions.clearWrongRetention();
    clearErrors([...this.fields, ...this.fileOptions.fields]);
    setText(byId("form-error"), "");
    this.#write({});
    announce("Filters cleared.");
    byId("studies-title").focus();
  }

  #change() {
    this.#read();
    this.#describe();
    this.#follow();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#updateAddress(), ADDRESS_DELAY_MS);
  }

  #updateAddress() {
    clearTimeout(this.timer);
    if (!byId("new").hidden) history.replaceState(null, "", this.address);
  }

  /** Read the fields. Keep the values of filters that this tab does not have. */
  #read() {
    const here = new Set(
      [...this.fields, ...this.fileOptions.fields].flatMap(({ controls }) => [...controls.keys()]),
    );
    const elsewhere = Object.entries(this.values).filter(([name]) => !here.has(name));
    this.values = {
      ...Object.fromEntries(elsewhere),
      ...readFields(this.fields),
      ...this.fileOptions.readFilters(),
    };
  }

  #describe() {
    const items = describeFilters(this.listFilters(), this.#readFilters());
    const chips = items.map(({ names, text }) => this.#makeChip(names, text));
    const all = make("li", { class: "all" }, nameStudies(this.modality.name));
    fill(byId("chosen"), chips.length ? chips : all);
    setShown(byId("clear"), chips.length > 0);
  }

  #makeChip(names, text) {
    const remove = () => {
      this.fileOptions.writeFilters(omit(this.fileOptions.readFilters(), names));
      this.#write(omit(readFields(this.fields), names));
      byId("studies-title").focus();
    };
    const button = makeButton("×", "quiet", remove, { "aria-label": `Remove: ${text}` });
    return make("li", { class: "chip" }, make("span", {}, text), button);
  }

  /** Check or clear the box of the mail, which is not shown if the service sends none. */
  #checkMail(isWanted) {
    byId("send-mail").checked = Boolean(isWanted) && this.catalogue.canSendMail;
  }

  #readFilters() {
    const names = new Set(this.listFilters().map(({ name }) => name));
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => names.has(name)));
  }

  /** Return the request of the form. Throw a Problem if a field is incomplete. */
  readRequest() {
    this.#read();
    clearErrors([...this.fields, ...this.fileOptions.fields]);
    setText(byId("form-error"), "");
    setText(byId("export-name-error"), "");
    const incomplete = findIncomplete([...this.fields, ...this.fileOptions.fields]);
    if (incomplete)
      throw new Problem(422, { detail: "Enter a complete date.", field: `filters.${incomplete}` });
    return { filters: this.#readFilters(), ...this.fileOptions.read(), ...readName(), ...readMail() };
  }

  /** Let the preview follow the form, while the form is shown. */
  #follow() {
    if (byId("new").hidden) return;
    const fields = [...this.fields, ...this.fileOptions.fields];
    this.preview.follow(findIncomplete(fields) ? null : this.#readQuietly());
  }

  /** Return the request of the form, whether or not its fields are complete. */
  #readQuietly = () => ({ filters: this.#readFilters(), ...this.fileOptions.read(), retention_days: undefined });

  async #preview() {
    try {
      await this.preview.load(this.readRequest());
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  /** Start the audit of the modality, with its default options unless it is the chosen type already. */
  #audit() {
    const { type, auditType } = this.fileOptions;
    if (type !== auditType) this.fileOptions.choose(auditType);
    return this.#start();
  }

  async #copy(kind) {
    try {
      const { copyRequest } = await import("./copies.js");
      await copyRequest(kind, this, this.api.base);
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  async #start() {
    try {
      const started = await this.api.requestExport(this.readRequest());
      byId("export-name").value = ""; // the next export is another one
      this.onstart(started);
      notify(`${nameExport(started, this.catalogue)} requested.`);
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  /** Show a problem beside its field, or above the buttons if the form has no such field. */
  showProblem(problem) {
    const name = problem.field?.replace(/^(filters|options)\./, "");
    if (name === "name") setText(byId("export-name-error"), problem.message);
    else if (name && showError([...this.fields, ...this.fileOptions.fields], name, problem.message))
      announce(problem.message);
    else setText(byId("form-error"), problem.message);
  }
}

/** Return the name in the form as part of a request. A blank one is omitted. */
function readName() {
  const name = byId("export-name").value.trim();
  return name ? { name } : {};
}

/** Return the wish for a mail in the form as part of a request. */
const readMail = () => (byId("send-mail").checked ? { send_mail: true } : {});

const omit = (values, names) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));

/** Warn about ignored names, so that the user does not expect them to narrow the export. */
function warnIgnored(names, source) {
  if (names.length) notify(`Ignored from this ${source}: ${names.join(", ")}. Check the filters.`, true);
}
