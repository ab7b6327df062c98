/** Retention of a file: the field of a new export, and the form that changes it later. */

import { make } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";

const NAME = "retention_days";

/**
 * Make the field for a number of days. Blank means the default of the service.
 * @param {{default: number, max: number}} limits the limits in the catalogue
 * @param {string} prefix the prefix of its id
 */
export function makeRetentionField({ default: days, max }, prefix) {
  const help = `Days after the export finishes (maximum ${max})`;
  const filters = [{ name: NAME, value_type: "integer", unit: "days", help }];
  const field = makeField({ label: "Retention", filters }, prefix);
  const control = field.controls.get(NAME);
  control.placeholder = days;
  field.element.insertBefore(make("small", { class: "hint" }, help), control);
  return field;
}

/** Return the number in the field, undefined if it is blank, or the text if the API must refuse it. */
export function readDays(field) {
  const text = readFields([field])[NAME];
  return /^\d+$/.test(text ?? "") ? Number(text) : text;
}

/** Whether the service accepts a number of days. Undefined means its default. */
export const isRetention = (days, { max }) =>
  days === undefined || (typeof days === "number" && days >= 1 && days <= max);

/** Write a number of days into the field. Null and undefined make it blank. */
export const writeDays = (field, days) => writeFields([field], { [NAME]: String(days ?? "") });

/**
 * Make the form that changes the retention of a file.
 * @param {Object} each the export
 * @param {{default: number, max: number}} limits
 * @param {(days: number|string, button: HTMLElement) => void} onchange
 */
export function makeRetentionForm(each, limits, onchange) {
  const field = makeRetentionField(limits, `of-${each.id}`);
  writeDays(field, each.retention_days);
  const button = make("button", { type: "submit", class: "button plain" }, "Change retention");
  const onsubmit = (event) => {
    event.preventDefault();
    onchange(readDays(field) ?? "", button);
  };
  return make("form", { class: "retention", novalidate: true, onsubmit }, field.element, button);
}
