/** Form fields for filters and options, made by value type. */

import { make, setText } from "./dom.js";
import { formatUnit } from "./words.js";

/** The most characters of a filter's text. */
export const MAX_TEXT = 256;
const COUNTS = [["", "any"], ["0", "none"], ["some", "some"], ...listTens(), ["more", "more than 10"]];
const CHOICES = [
  ["", "included, but left out of audits"],
  ["include", "included"],
  ["exclude", "excluded"],
];

/**
 * A field: one label, one or two controls, and an error text.
 * @typedef {{element: HTMLElement, controls: Map<string, HTMLElement>}} Field
 */

/**
 * Make the field of one filter, or of the two filters of a range.
 * @param {{label: string, filters: import("./catalogue.js").Filter[]}} item
 * @param {string} prefix the prefix of the ids
 * @returns {Field}
 */
export function makeField({ label, filters }, prefix = "filter") {
  return filters.length === 2 ? makeRange(label, filters, prefix) : makeSingle(label, filters[0], prefix);
}

/** Return the values of fields by name. Blank values are omitted. */
export function readFields(fields) {
  const pairs = fields.flatMap(({ controls }) =>
    [...controls].map(([name, control]) => [name, readControl(control)]),
  );
  return Object.fromEntries(pairs.filter(([, value]) => value));
}

/** Write values into fields. Fields without a value become blank. */
export function writeFields(fields, values) {
  for (const { controls } of fields) {
    for (const [name, control] of controls) writeControl(control, values[name] ?? "");
  }
}

/** Show an error below a field and focus it. Return false if no field has this name. */
export function showError(fields, name, message) {
  const field = fields.find(({ controls }) => controls.has(name));
  if (!field) return false;
  const control = field.controls.get(name);
  const errorText = field.element.querySelector(".error");
  setText(errorText, message);
  control.setAttribute("aria-invalid", "true");
  control.setAttribute("aria-describedby", errorText.id);
  const group = field.element.closest("details");
  if (group) group.open = true;
  control.focus();
  return true;
}

/** Return the name of an incomplete field (a date without a year), which would read as blank, or undefined. */
export function findIncomplete(fields) {
  const controls = fields.flatMap((field) => [...field.controls]);
  return controls.find(([, control]) => control.validity.badInput)?.[0];
}

/** Clear all errors. */
export function clearErrors(fields) {
  for (const { element, controls } of fields) {
    setText(element.querySelector(".error"), "");
    for (const control of controls.values()) {
      control.removeAttribute("aria-invalid");
      control.removeAttribute("aria-describedby");
    }
  }
}

function makeSingle(label, filter, prefix) {
  const id = `${prefix}-${filter.name}`;
  const control = makeControl(filter, { id });
  const unit = filter.unit ? ` (${formatUnit(filter.unit)})` : "";
  const caption = make("label", { for: id }, label, unit && make("span", { class: "unit" }, unit));
  const isBox = filter.value_type === "flag";
  const place = filter.suggests ? makeCombobox(control) : control;
  const element = make("div", { class: isBox ? "field box" : "field", title: filter.help });
  element.append(...(isBox ? [control, caption] : [caption, place]), ...makeNote(filter), makeErrorText(id));
  return { element, controls: new Map([[filter.name, control]]) };
}

/** Return what a help adds in brackets, to be read without a mouse. The label and the field say the rest. */
function makeNote({ help, value_type: valueType }) {
  const [, note] = (valueType === "text" && /\((.+)\)$/.exec(help)) || [];
  return note ? [make("small", { class: "hint" }, note)] : [];
}

/** Mark a control as a combobox, and return the place of its list. combobox.js gives it suggestions. */
function makeCombobox(control) {
  control.setAttribute("role", "combobox");
  control.setAttribute("aria-autocomplete", "list");
  control.setAttribute("aria-expanded", "false");
  return make("div", { class: "combobox" }, control);
}

function makeRange(label, [low, high], prefix) {
  const id = `${prefix}-${low.name}`;
  const title = make("span", { class: "label", id: `${id}-label` }, label);
  if (low.unit) title.append(make("span", { class: "unit" }, ` (${formatUnit(low.unit)})`));
  const name = (end) => `${label} ${end}${low.unit ? `, ${formatUnit(low.unit)}` : ""}`;
  const from = makeControl(low, { id, "aria-label": name("from"), placeholder: "from" });
  const to = makeControl(high, { id: `${prefix}-${high.name}`, "aria-label": name("to"), placeholder: "to" });
  const both = make("div", { class: "range" }, from, make("span", { "aria-hidden": "true" }, "–"), to);
  const attributes = {
    class: `field range-of-${low.value_type}s`,
    role: "group",
    "aria-labelledby": `${id}-label`,
    title: low.help,
  };
  const element = make("div", attributes, title, both, makeErrorText(id));
  return {
    element,
    controls: new Map([
      [low.name, from],
      [high.name, to],
    ]),
  };
}

const makeErrorText = (id) => make("p", { class: "error", id: `${id}-error` });

function makeControl({ name, value_type: valueType, choices }, attributes) {
  const all = { name, autocomplete: "off", ...attributes };
  if (choices?.length) return makeSelect(choices.map((choice) => [choice, nameChoice(choice)]), all);
  if (valueType === "lines") return make("textarea", { rows: 4, spellcheck: "false", ...all });
  if (valueType === "count") return makeSelect(COUNTS, all);
  if (valueType === "choice") return makeSelect(CHOICES, all);
  if (valueType === "flag") return make("input", { type: "checkbox", ...all });
  if (valueType === "date")
    return make("input", { type: "date", max: "9999-12-31", ...all, placeholder: null });
  if (valueType === "number" || valueType === "positive")
    return make("input", { type: "text", inputmode: "decimal", maxlength: 33, ...all });
  if (valueType === "integer")
    return make("input", { type: "text", inputmode: "numeric", maxlength: 9, ...all });
  if (valueType === "project")
    return make("input", { type: "text", maxlength: 40, spellcheck: "false", autocapitalize: "off", ...all });
  if (valueType === "columns") return make("input", { type: "text", spellcheck: "false", ...all });
  const placeholder = valueType === "text" ? "contains" : null;
  return make("input", { type: "text", maxlength: MAX_TEXT, spellcheck: "false", placeholder, ...all });
}

const nameChoice = (choice) => choice.replaceAll("_", " ");

function makeSelect(choices, attributes) {
  return make(
    "select",
    attributes,
    choices.map(([value, text]) => make("option", { value }, text)),
  );
}

function readControl(control) {
  if (control.type === "checkbox") return control.checked ? "yes" : "no";
  return control.value.trim();
}

function writeControl(control, value) {
  if (control.type === "checkbox") control.checked = value === "yes";
  else if (control.value !== value) control.value = value;
}

function listTens() {
  return Array.from({ length: 10 }, (_, index) => [String(index + 1), String(index + 1)]);
}
