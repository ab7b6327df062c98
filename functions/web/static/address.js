/** What stands behind # in the address: the view and its filters, never what names a patient. */

import { isPrivate } from "./catalogue.js";

/**
 * Read an address: "#CT?date_from=2026-01-01&type=ct-xlsx", "#exports?scope=all".
 * @param {string} hash
 * @returns {{place: string, parameters: URLSearchParams}}
 */
export function readAddress(hash) {
  const [place, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { place: decodeURIComponent(place), parameters: new URLSearchParams(query) };
}

/** The address of a list of exports. */
export const writeExportsAddress = (query) => join("exports", Object.entries(query));

/**
 * The address of a form as it is filled.
 * @param {import("./catalogue.js").Filter[]} filters those the form has
 * @param {{modality: string, type: string, order: string, values: Object<string, string>}} form
 */
export function writeFormAddress(filters, { modality, type, order, values, options }) {
  const shown = filters.filter((filter) => !isPrivate(filter)).map(({ name }) => [name, values[name]]);
  const set = Object.entries(options).map(([name, value]) => [`option.${name}`, value]);
  return join(modality, [["type", type], ["order", order], ...shown, ...set]);
}

/**
 * What an address says about a form; OpenREM's own names of filters are understood too.
 * @param {import("./catalogue.js").Filter[]} filters those the form can have
 * @param {URLSearchParams} parameters
 */
export function readFormParameters(filters, parameters) {
  const values = {};
  for (const filter of filters.filter((each) => !isPrivate(each))) {
    const name = [filter.name, ...filter.aliases].find((each) => parameters.get(each)?.trim());
    if (name) values[filter.name] = parameters.get(name).trim();
  }
  const options = [...parameters].filter(([name]) => name.startsWith("option."));
  return {
    type: parameters.get("type"),
    order: parameters.get("order"),
    values,
    options: Object.fromEntries(options.map(([name, value]) => [name.slice("option.".length), value])),
  };
}

function join(place, parameters) {
  const given = new URLSearchParams(parameters.filter(([, value]) => value));
  return given.size ? `#${place}?${given}` : `#${place}`;
}
