/** For how long a file is kept: the field that asks for it, and the small form that changes it. */

import { make } from "./dom.js";
import { makeField, readFields, writeFields } from "./fields.js";

const NAME = "keep_days";

/**
 * The field for a number of days; blank means the service's own.
 * @param {{default: number, max: number}} limits as the catalogue tells them
 * @param {string} prefix what its id begins with
 */
export function makeKeepField({ default: usual, max }, prefix) {
  const help = `Counted from its end; ${max} at most.`;
  const filters = [{ name: NAME, kind: "integer", unit: "days", help }];
  const field = makeField({ label: "Keep the file for", filters }, prefix);
  const control = field.controls.get(NAME);
  control.placeholder = usual;
  field.element.insertBefore(make("small", { class: "hint" }, help), control);
  return field;
}

/** What the field holds: a number, or a text for the service to refuse; undefined if it is blank. */
export function readDays(field) {
  const text = readFields([field])[NAME];
  return /^\d+$/.test(text ?? "") ? Number(text) : text;
}

/** Put a number of days into the field; null and undefined make it blank. */
export const writeDays = (field, days) => writeFields([field], { [NAME]: String(days ?? "") });

/**
 * A form that changes how long an export's file is kept.
 * @param {Object} each the export
 * @param {{default: number, max: number}} limits
 * @param {(days: number|string, button: HTMLElement) => void} onkeep
 */
export function makeKeepForm(each, limits, onkeep) {
  const field = makeKeepField(limits, `of-${each.id}`);
  writeDays(field, each.keep_days);
  const button = make("button", { type: "submit", class: "button plain" }, "Keep");
  const onsubmit = (event) => {
    event.preventDefault();
    onkeep(readDays(field) ?? "", button);
  };
  return make("form", { class: "keep", novalidate: true, onsubmit }, field.element, button);
}
