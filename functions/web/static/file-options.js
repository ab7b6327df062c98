/** File options: export type, options, order of studies, retention, and patient identifiers. */

import { capitalise, humanise, nameType, pairRanges } from "./catalogue.js";
import { Columns, LEAVE_OUT } from "./columns.js";
import { byId, fill, make, setShown, setText } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";
import { isRetention, makeRetentionField, readDays, writeDays } from "./retention.js";

const PATIENT_DATA = [
  { value: "", label: "None", words: "" },
  { value: "names", label: "Names", words: " with names" },
  { value: "ids", label: "IDs", words: " with IDs" },
  { value: "both", label: "Both", words: " with names and IDs" },
];
const RECORDED = "With names or IDs of patients. The audit trail records who opens them.";
const NO_PATIENTS = "The file contains no patient names or IDs.";
const PSEUDONYMS = "The file contains pseudonyms, and neither names nor IDs. Ages and dates are coarse.";
const NEVER = "Files of this type never contain patient names or IDs.";
const WARNINGS = {
  names: "The file will contain patient names.",
  ids: "The file will contain patient IDs.",
  both: "The file will contain patient names and IDs.",
};
const PRECAUTIONS =
  " Only you and members of pidgroup can open it. Store it where patient data belongs, and delete it after use.";

/** Sort types: csv, xlsx, the special ones, then those for programs. */
const sortTypes = (types) => [...types].sort((one, other) => rank(one) - rank(other));

function rank({ type, format }) {
  const isPlain = type.endsWith(`-${format}`) && type.split("-").length === 2;
  if (isPlain) return Number(format === "xlsx");
  return format === "zip" ? 3 + Number(type.endsWith("-parquet")) : 2;
}

/** The card "File" of the form. `onchange` is called after every change. */
export class FileOptions {
  /**
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {() => void} onchange
   * @param {import("./api.js").Api} api
   */
  constructor(catalogue, onchange, api) {
    this.catalogue = catalogue;
    this.onchange = onchange;
    this.columns = new Columns(api, onchange);
    this.fields = [];
    this.patientData = "";
    this.retentionField = makeRetentionField(catalogue.retention, "file");
    fill(byId("retention-field"), this.retentionField.element);
    byId("types").addEventListener("change", () => this.#changeType());
    byId("patient-data-choices").addEventListener("change", (event) =>
      this.#changePatientData(event.target.value),
    );
    byId("type-fields").addEventListener("input", () => this.#changeFields());
    byId("order").addEventListener("input", onchange);
    setShown(byId("patient-data"), catalogue.maySeePatients);
    fill(
      byId("patient-data-choices"),
      PATIENT_DATA.map(({ value, label }) => makeRadio("patient-data", value, label)),
    );
  }

  /** Show the types of a modality. `type`, `options`, `values` (of the filters of the type) and days are optional. */
  show(modality, { type, order, options = {}, values = {}, retention_days: days }) {
    if (days !== undefined) writeDays(this.retentionField, days);
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
    this.patientData = ""; // the user chooses names and IDs for each export
    this.#showPatientData();
  }

  /** Return the choices as part of an export request. Options that have their defaults are omitted. */
  read() {
    const given = readFields(this.fields);
    const defaults = readDefaults(this.type);
    const words = this.type.options.filter(({ value_type: valueType }) => valueType === "words");
    const chosen = { ...Object.fromEntries(words.map(({ name }) => [name, ""])), ...given };
    const options = Object.entries(chosen).filter(
      ([name, value]) =>
        name in defaults && value !== defaults[name] && (name !== "dates" || given.pseudonyms),
    );
    const patientData = this.#allowedPatientData;
    return {
      type: this.type.type,
      order: this.type.is_ordered ? byId("order").value : this.catalogue.defaultOrder,
      options: Object.fromEntries(options),
      include_names: includesNames(patientData),
      include_ids: includesIds(patientData),
      retention_days: readDays(this.retentionField),
    };
  }

  /** Return the values of the filters of the type. */
  readFilters() {
    const own = new Set(this.type.own_filters.map(({ name }) => name));
    return Object.fromEntries(Object.entries(readFields(this.fields)).filter(([name]) => own.has(name)));
  }

  /** Write the filters of the type. Filters that are not given become blank. */
  writeFilters(values) {
    writeFields(this.fields, { ...readFields(this.fields), ...blankOut(this.type.own_filters), ...values });
  }

  /** Clear a retention that the service refuses, so that it does not block the next export. */
  clearWrongRetention() {
    if (!isRetention(readDays(this.retentionField), this.catalogue.retention))
      writeDays(this.retentionField, "");
  }

  /** Whether the type is the first one of its modality. */
  get isDefaultType() {
    return this.type === this.types[0];
  }

  /** The type of the modality's audit, or undefined. */
  get auditType() {
    return this.types.find(({ type }) => type.endsWith("-audit"));
  }

  /** Choose a type as if the user had. */
  choose({ type }) {
    byId("types").querySelector(`input[value="${type}"]`).checked = true;
    this.#changeType();
  }

  #changeFields() {
    this.#showPatientData();
    this.onchange();
  }

  #changeType() {
    const name = byId("types").querySelector("input:checked").value;
    this.type = this.types.find(({ type }) => type === name);
    this.#showFields(readDefaults(this.type));
    this.#showPatientData();
    this.onchange();
  }

  #changePatientData(patientData) {
    this.patientData = patientData;
    this.#showPatientData();
    this.onchange();
  }

  #showFields(values) {
    const filters = pairRanges(this.type.own_filters).map((item) => makeExplained(item, item.filters[0]));
    const makeOption = (option) => makeExplained(labelOption(option), { ...option, unit: "" });
    const isShown = ({ name }) => name !== LEAVE_OUT;
    const made = [...filters, ...this.type.options.filter(isShown).map(makeOption)];
    const chosen = this.type.options.filter((option) => !isShown(option)).map(makeOption);
    writeFields([...made, ...chosen], values);
    this.fields = [...made, ...chosen, this.retentionField];
    this.columns.show(this.type.type, chosen[0]);
    const need = this.type.needs.length > 1 && make("p", { class: "hint" }, "Enter at least one of these:");
    const title = make("h3", {}, filters.length ? "Which study" : "Options");
    fill(
      byId("type-fields"),
      title,
      need,
      made.map(({ element }) => element),
    );
    setShown(byId("type-fields"), made.length > 0);
    setShown(byId("order-field"), this.type.is_ordered);
  }

  #showPatientData() {
    const patientData = this.#allowedPatientData;
    for (const radio of byId("patient-data-choices").querySelectorAll("input")) {
      radio.checked = radio.value === patientData;
      radio.disabled = !this.#allows(radio.value);
    }
    const note = byId("patient-data-note");
    note.classList.toggle("warning", patientData !== "");
    const never = this.type.include_names || this.type.include_ids ? NO_PATIENTS : NEVER;
    const without = this.#pseudonyms ? PSEUDONYMS : never;
    setText(note, patientData ? WARNINGS[patientData] + PRECAUTIONS : without);
    setText(byId("first-rows-note"), patientData ? RECORDED : "");
    const dates = byId("type-fields").querySelector('[name="dates"]');
    if (dates) dates.disabled = !this.#pseudonyms;
    const { words } = PATIENT_DATA.find(({ value }) => value === patientData);
    setText(byId("start"), `Export to ${this.type.format}${words}`);
  }

  /** The chosen patient identifiers; "" if this user or this type may not have them. */
  get #allowedPatientData() {
    return this.catalogue.maySeePatients && this.#allows(this.patientData) ? this.patientData : "";
  }

  /** The project whose pseudonyms the file contains, or undefined. */
  get #pseudonyms() {
    return readFields(this.fields).pseudonyms;
  }

  #allows(patientData) {
    const { include_names: allowsNames, include_ids: allowsIds } = this.type;
    if (patientData && this.#pseudonyms) return false;
    return (!includesNames(patientData) || allowsNames) && (!includesIds(patientData) || allowsIds);
  }
}

const includesNames = (patientData) => patientData === "names" || patientData === "both";

const includesIds = (patientData) => patientData === "ids" || patientData === "both";

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

function makeExplained(item, { name, value_type, help, choices }) {
  const { label, filters } =
    typeof item === "string" ? { label: item, filters: [{ name, value_type, help, choices }] } : item;
  const field = makeField({ label, filters }, "option");
  if (value_type !== "flag")
    field.element.insertBefore(make("small", { class: "hint" }, capitalise(help)), field.element.lastChild);
  return field;
}

const labelOption = ({ name, value_type: valueType, help }) =>
  valueType === "flag" ? capitalise(help) : humanise(name);

const readDefaults = (type) =>
  Object.fromEntries(type.options.map((option) => [option.name, option.default]));

const blankOut = (filters) => Object.fromEntries(filters.map(({ name }) => [name, ""]));
