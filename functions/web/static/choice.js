/** What kind of file: the export type, its options, its order, and whether it names patients. */

import { capitalise, humanise, nameType, pairRanges } from "./catalogue.js";
import { byId, fill, make, setShown, setText } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";
import { makeKeepField, readDays, writeDays } from "./keep.js";

const WISHES = [
  { value: "", label: "Not named", words: "" },
  { value: "names", label: "Names", words: " with names" },
  { value: "ids", label: "IDs", words: " with IDs" },
  { value: "both", label: "Both", words: " with names and IDs" },
];
const NO_PATIENTS = "The file holds neither names nor IDs of patients.";
const NEVER = "Files of this type never hold names or IDs of patients.";
const WARNINGS = {
  names: "The file will hold patients' names.",
  ids: "The file will hold patients' IDs.",
  both: "The file will hold patients' names and IDs.",
};
const CARE =
  " Only you and members of pidgroup can open it. Keep it where patient data belongs, and delete it after use.";

/** Types in the order people look for them: csv, xlsx, then the special ones. */
const sortTypes = (types) => [...types].sort((one, other) => rank(one) - rank(other));

function rank({ type, format }) {
  const isPlain = type.endsWith(`-${format}`) && type.split("-").length === 2;
  return isPlain ? Number(format === "xlsx") : 2;
}

/** The panel's upper part. `onchange` is called after every change. */
export class Choice {
  constructor(catalogue, onchange) {
    this.catalogue = catalogue;
    this.onchange = onchange;
    this.fields = [];
    this.wish = "";
    this.keep = makeKeepField(catalogue.keepDays, "choice");
    fill(byId("keep-days"), this.keep.element);
    byId("types").addEventListener("change", () => this.#changeType());
    byId("wishes").addEventListener("change", (event) => this.#changeWish(event.target.value));
    for (const id of ["type-fields", "order"]) byId(id).addEventListener("input", onchange);
    setShown(byId("patients"), catalogue.maySeePatients);
    fill(
      byId("wishes"),
      WISHES.map((wish) => makeRadio("wish", wish.value, wish.label)),
    );
  }

  /** Show a modality's types; `type`, `options`, `values` (of a type's own filters), days as far as they are known. */
  show(modality, { type, order, options = {}, values = {}, keep_days: days }) {
    if (days !== undefined) writeDays(this.keep, days);
    this.types = sortTypes(modality.types);
    this.type = this.types.find((each) => each.type === type) ?? this.types[0];
    fill(
      byId("types"),
      this.types.map((each) => makeTypeRadio(each, each === this.type)),
    );
    fill(
      byId("order"),
      modality.orders.map(({ name, help }) => make("option", { value: name }, capitalise(help))),
    );
    const isKnown = modality.orders.some(({ name }) => name === order);
    byId("order").value = isKnown ? order : this.catalogue.defaultOrder;
    this.#showFields({ ...values, ...readDefaults(this.type), ...options });
    this.wish = ""; // names and IDs are asked for each time anew
    this.#showWish();
  }

  /** What is chosen, as an export request has it; only options that differ from their defaults, days if given. */
  read() {
    const given = readFields(this.fields);
    const defaults = readDefaults(this.type);
    const options = Object.entries(given).filter(
      ([name, value]) => name in defaults && value !== defaults[name],
    );
    const wish = this.#canName() ? this.wish : "";
    return {
      type: this.type.type,
      order: byId("order").value,
      options: Object.fromEntries(options),
      names: wish === "names" || wish === "both",
      ids: wish === "ids" || wish === "both",
      keep_days: readDays(this.keep),
    };
  }

  /** Values of the type's own filters. */
  readFilters() {
    const own = new Set(this.type.own_filters.map(({ name }) => name));
    return Object.fromEntries(Object.entries(readFields(this.fields)).filter(([name]) => own.has(name)));
  }

  /** Change the type's own filters: those not given become blank. */
  writeFilters(values) {
    writeFields(this.fields, { ...readFields(this.fields), ...blankOut(this.type.own_filters), ...values });
  }

  /** Whether this is the type that a modality begins with. */
  get isDefaultType() {
    return this.type === this.types[0];
  }

  #changeType() {
    const name = byId("types").querySelector("input:checked").value;
    this.type = this.types.find(({ type }) => type === name);
    this.#showFields(readDefaults(this.type));
    this.#showWish();
    this.onchange();
  }

  #changeWish(wish) {
    this.wish = wish;
    this.#showWish();
    this.onchange();
  }

  #showFields(values) {
    const filters = pairRanges(this.type.own_filters).map((item) => makeExplained(item, item.filters[0]));
    const options = this.type.options.map((option) =>
      makeExplained(labelOption(option), { ...option, unit: "" }),
    );
    const made = [...filters, ...options];
    writeFields(made, values);
    this.fields = [...made, this.keep];
    const need =
      this.type.needs.length > 1 && make("p", { class: "hint" }, "At least one of these is needed:");
    const title = make("h3", {}, filters.length ? "Which study" : "Options");
    fill(
      byId("type-fields"),
      title,
      need,
      made.map(({ element }) => element),
    );
    setShown(byId("type-fields"), made.length > 0);
  }

  #showWish() {
    const wish = this.#canName() ? this.wish : "";
    for (const radio of byId("wishes").querySelectorAll("input")) {
      radio.checked = radio.value === wish;
      radio.disabled = !this.#allows(radio.value);
    }
    const note = byId("wish-note");
    note.classList.toggle("warning", wish !== "");
    setText(note, wish ? WARNINGS[wish] + CARE : this.type.names || this.type.ids ? NO_PATIENTS : NEVER);
    const { words } = WISHES.find(({ value }) => value === wish);
    setText(byId("start"), `Export to ${this.type.format}${words}`);
  }

  #canName() {
    return this.catalogue.maySeePatients && this.#allows(this.wish);
  }

  #allows(wish) {
    const wantsNames = wish === "names" || wish === "both";
    const wantsIds = wish === "ids" || wish === "both";
    return (!wantsNames || this.type.names) && (!wantsIds || this.type.ids);
  }
}

function makeTypeRadio(each, checked) {
  const text = make(
    "span",
    { class: "type-text" },
    make("strong", {}, nameType(each.type)),
    make("small", {}, capitalise(each.help)),
  );
  const input = make("input", { type: "radio", name: "type", value: each.type, checked });
  return make(
    "label",
    { class: "type" },
    input,
    make("span", { class: `format ${each.format}` }, each.format),
    text,
  );
}

function makeRadio(name, value, text) {
  return make("label", {}, make("input", { type: "radio", name, value }), make("span", {}, text));
}

function makeExplained(item, { name, kind, help }) {
  const { label, filters } =
    typeof item === "string" ? { label: item, filters: [{ name, kind, help }] } : item;
  const field = makeField({ label, filters }, "option");
  if (kind !== "flag")
    field.element.insertBefore(make("small", { class: "hint" }, capitalise(help)), field.element.lastChild);
  return field;
}

const labelOption = ({ name, kind, help }) => (kind === "flag" ? capitalise(help) : humanise(name));

const readDefaults = (type) =>
  Object.fromEntries(type.options.map((option) => [option.name, option.default]));

const blankOut = (filters) => Object.fromEntries(filters.map(({ name }) => [name, ""]));
