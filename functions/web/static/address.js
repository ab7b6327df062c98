/** What stands behind # in the address: the view and its filters, never what names a patient. */

import { isPrivate, normalise } from "./catalogue.js";

const OPTION = "option.";

/**
 * Read an address: "#CT?date_from=2026-01-01&type=ct-xlsx", "#exports?scope=all".
 * @param {string} hash
 * @returns {{place: string, parameters: URLSearchParams}}
 */
export function readAddress(hash) {
  const [place, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { place: decode(place), parameters: new URLSearchParams(query) };
}

/** A place as it was before it was encoded; none, if it never was: addresses are typed, too. */
function decode(place) {
  try {
    return decodeURIComponent(place);
  } catch {
    return "";
  }
}

/** The address of a view and what it shall show: "exports", {scope: "all"}; what is blank is left out. */
export const writeAddress = (place, query) => join(place, Object.entries(query));

/**
 * The address of a form as it is filled.
 * @param {import("./catalogue.js").Filter[]} filters those the form has
 * @param {{modality: string, type: string, order: string, values: Object<string, string>}} form
 */
export function writeFormAddress(filters, { modality, type, order, values, options }) {
  const shown = filters.filter((filter) => !isPrivate(filter)).map(({ name }) => [name, values[name]]);
  const set = Object.entries(options).map(([name, value]) => [OPTION + name, value]);
  return join(modality, [["type", type], ["order", order], ...shown, ...set]);
}

/**
 * What an address says about a form; OpenREM's own names of filters are understood too. `unknown` are names
 * that mean nothing here, or that no address may hold.
 * @param {import("./catalogue.js").Filter[]} filters those the form can have
 * @param {URLSearchParams} parameters
 */
export function readFormParameters(filters, parameters) {
  const said = {
    type: parameters.get("type"),
    order: parameters.get("order"),
    values: {},
    options: {},
    unknown: [],
  };
  const known = new Map(filters.filter((filter) => !isPrivate(filter)).flatMap(listNames));
  for (const [name, text] of parameters) {
    const filter = known.get(name);
    if (!text.trim() || name === "type" || name === "order") continue;
    if (filter) said.values[filter.name] = normalise(filter, text.trim());
    else if (name.startsWith(OPTION)) said.options[name.slice(OPTION.length)] = text;
    else said.unknown.push(name);
  }
  return said;
}

const listNames = (filter) => [filter.name, ...filter.aliases].map((name) => [name, filter]);

function join(place, parameters) {
  const given = new URLSearchParams(parameters.filter(([, value]) => value));
  return given.size ? `#${place}?${given}` : `#${place}`;
}
