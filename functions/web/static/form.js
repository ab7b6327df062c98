/** New export: a tab a modality, its filters as a form, what kind of file, preview, start. */

import { readFormParameters, writeFormAddress } from "./address.js";
import { Problem } from "./api.js";
import { groupFilters, isPrivate, nameStudies, normalise } from "./catalogue.js";
import { Choice } from "./choice.js";
import { nameExport } from "./course.js";
import { busy, byId, fill, make, makeButton, setShown, setText } from "./dom.js";
import { clearFaults, findHalfFilled, readFields, showFault, writeFields } from "./fields.js";
import { makeGroups } from "./groups.js";
import { announce, notify } from "./messages.js";
import { Presets } from "./presets.js";
import { Preview } from "./preview.js";
import { makeTabs, selectTab } from "./tabs.js";
import { describeFilters } from "./words.js";

const ADDRESS_DELAY_MS = 300;
const NOT_KEPT = "No preset keeps this filter: it tells who a patient is. Clear it first.";

/** The view "New export". `values` outlive a change of tab, so that dates and equipment need no second typing. */
export class ExportForm {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {(started: Object) => void} onstart gets the export that was asked for
   */
  constructor(api, catalogue, onstart) {
    Object.assign(this, { api, catalogue, onstart, values: {}, fields: [] });
    this.choice = new Choice(catalogue, () => this.#change());
    this.preview = new Preview(api);
    makeTabs(byId("modalities"), catalogue.modalities, (name) => this.#switchTo(name));
    byId("filters").addEventListener("input", () => this.#change());
    byId("form").addEventListener("change", () => this.#keepAddress()); // before any link is followed
    byId("clear").addEventListener("click", () => this.#clear());
    byId("start").addEventListener("click", () => busy(byId("start"), () => this.#start()));
    byId("form").addEventListener("submit", (event) => {
      event.preventDefault(); // Enter in a field looks; only the button starts
      busy(byId("look"), () => this.#preview());
    });
    this.#show(catalogue.modalities[0], {});
    this.presets = new Presets(api, this);
  }

  /** Show the form that an address describes, and keep only what an address may hold. */
  open(place, parameters) {
    const modality = this.catalogue.findModality(place);
    const filters = this.#listAllFilters(modality);
    const said = readFormParameters(filters, parameters);
    const told = new Set(filters.filter((filter) => !isPrivate(filter)).map(({ name }) => name));
    const kept = Object.entries(this.values).filter(([name]) => !told.has(name));
    this.values = { ...Object.fromEntries(kept), ...said.values };
    this.#show(modality, said);
    this.#checkAddress(place, said);
    this.#keepAddress();
  }

  /** Fill the form with an export's request; `address` tells then where it is. */
  prepare({ type, filters, order, options, keep_days }) {
    const { modality } = this.catalogue.findType(type);
    const given = this.#listAllFilters(modality).filter(({ name }) => filters[name]);
    const held = new Set(given.map(({ name }) => name));
    tellLost(Object.keys(filters).filter((name) => !held.has(name)));
    this.values = Object.fromEntries(given.map((each) => [each.name, normalise(each, filters[each.name])]));
    this.#show(modality, { type, order, options, keep_days });
  }

  /** Fill the form with a preset's request; the way back leads to what was there before. */
  use(request) {
    this.#keepAddress();
    history.pushState(null, "", location.hash);
    this.prepare(request);
    this.#keepAddress();
  }

  /** What a preset can keep of the form; throws if there is a filter that none may keep. */
  readForPreset() {
    const { type, filters, order, options } = this.readRequest();
    const told = this.#listFilters().find((filter) => isPrivate(filter) && filters[filter.name]);
    if (told) throw new Problem(422, { detail: NOT_KEPT, field: `filters.${told.name}` });
    return { type, filters, order, options };
  }

  /** All that was typed, to be put back after signing in again. */
  get draft() {
    this.#read();
    return { place: this.modality.name, values: this.values, ...this.choice.read() };
  }

  /** Put a draft back. */
  restore({ place, values, type, order, options, keep_days }) {
    this.values = values;
    this.#show(this.catalogue.findModality(place), { type, order, options, keep_days });
  }

  /** The address of the form as it is filled. */
  get address() {
    const { type, order, options } = this.choice.read();
    return writeFormAddress(this.#listFilters(), {
      modality: this.modality.name,
      type: this.choice.isDefaultType ? "" : type,
      order: order === this.catalogue.defaultOrder ? "" : order,
      values: this.values,
      options,
    });
  }

  #listFilters = () => this.catalogue.listFilters(this.modality, this.choice.type);

  #listAllFilters(modality) {
    const own = modality.types.flatMap((type) => type.own_filters);
    return [...this.catalogue.listFilters(modality), ...own];
  }

  /** What an address brings that the form cannot hold. */
  #checkAddress(place, { type, values, options, unknown }) {
    this.#read();
    const [filters, fields] = [this.#readFilters(), readFields(this.choice.fields)];
    const lost = [
      ...(place && place !== this.modality.name ? [place] : []),
      ...(type && type !== this.choice.type.type ? [type] : []),
      ...Object.keys(values).filter((name) => values[name] && !filters[name]),
      ...Object.keys(options).filter((name) => !(name in fields)),
      ...unknown,
    ];
    tellLost(lost);
  }

  #show(modality, { type, order, options, keep_days }) {
    this.modality = modality;
    selectTab(byId("modalities"), byId("modality"), modality.name);
    this.#makeFilters();
    this.choice.show(modality, { type, order, options, values: this.values, keep_days });
    this.preview.clear();
    this.#describe();
  }

  #switchTo(name) {
    if (name === this.modality.name) return;
    this.#keepAddress();
    history.pushState(null, "", location.hash);
    this.#show(this.catalogue.findModality(name), { order: byId("order").value });
    this.#keepAddress();
  }

  #makeFilters() {
    const groups = groupFilters(this.catalogue.listFilters(this.modality));
    const made = makeGroups(groups, this.values, (from, to) => this.#setDates(from, to));
    this.fields = made.fields;
    fill(byId("filters"), made.elements);
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
    this.choice.writeFilters({});
    this.#write({});
    announce("Filters cleared.");
    byId("studies-title").focus();
  }

  #change() {
    this.#read();
    this.preview.age();
    this.#describe();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.#keepAddress(), ADDRESS_DELAY_MS);
  }

  #keepAddress() {
    clearTimeout(this.timer);
    if (!byId("new").hidden) history.replaceState(null, "", this.address);
  }

  /** Take what the fields hold; values of filters that this tab does not have stay. */
  #read() {
    const here = new Set(
      [...this.fields, ...this.choice.fields].flatMap(({ controls }) => [...controls.keys()]),
    );
    const elsewhere = Object.entries(this.values).filter(([name]) => !here.has(name));
    this.values = {
      ...Object.fromEntries(elsewhere),
      ...readFields(this.fields),
      ...this.choice.readFilters(),
    };
  }

  #describe() {
    const items = describeFilters(this.#listFilters(), this.#readFilters());
    const chips = items.map(({ names, text }) => this.#makeChip(names, text));
    const all = make("li", { class: "all" }, nameStudies(this.modality.name));
    fill(byId("chosen"), chips.length ? chips : all);
    setShown(byId("clear"), chips.length > 0);
  }

  #makeChip(names, text) {
    const remove = () => {
      this.choice.writeFilters(omit(this.choice.readFilters(), names));
      this.#write(omit(readFields(this.fields), names));
      byId("studies-title").focus();
    };
    const button = makeButton("×", "quiet", remove, { "aria-label": `Remove: ${text}` });
    return make("li", { class: "chip" }, make("span", {}, text), button);
  }

  #readFilters() {
    const names = new Set(this.#listFilters().map(({ name }) => name));
    return Object.fromEntries(Object.entries(this.values).filter(([name]) => names.has(name)));
  }

  /** What the form asks for; throws a Problem if a field is half filled in. */
  readRequest() {
    this.#read();
    clearFaults([...this.fields, ...this.choice.fields]);
    setText(byId("form-fault"), "");
    const half = findHalfFilled([...this.fields, ...this.choice.fields]);
    if (half) throw new Problem(422, { detail: "This date is not complete.", field: `filters.${half}` });
    return { filters: this.#readFilters(), ...this.choice.read() };
  }

  async #preview() {
    try {
      await this.preview.ask(this.readRequest());
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  async #start() {
    try {
      const started = await this.api.request(this.readRequest());
      this.onstart(started);
      notify(`${nameExport(started, this.catalogue)} was asked for.`);
    } catch (problem) {
      this.showProblem(problem);
    }
  }

  /** Say what is wrong beside the field at fault, if the form has it. */
  showProblem(problem) {
    const name = problem.field?.replace(/^(filters|options)\./, "");
    if (name && showFault([...this.fields, ...this.choice.fields], name, problem.message))
      announce(problem.message);
    else setText(byId("form-fault"), problem.message);
  }
}

const omit = (values, names) =>
  Object.fromEntries(Object.entries(values).filter(([name]) => !names.includes(name)));

/** Nobody shall believe that something narrows an export which the form does not hold. */
function tellLost(names) {
  if (names.length) notify(`This form cannot hold: ${names.join(", ")}. Look before you export.`, true);
}
