/** The address after #: the view and its filters, without any filter that identifies a patient. */

import { isPrivate, normalise } from "./catalogue.js";

const OPTION = "option.";

/**
 * Read an address: "#CT?date_from=2026-01-01&type=ct-xlsx", "#exports?scope=all".
 * @param {string} hash
 * @returns {{path: string, parameters: URLSearchParams}}
 */
export function readAddress(hash) {
  const [path, query = ""] = hash.replace(/^#/, "").split(/\?(.*)/s);
  return { path: decode(path), parameters: new URLSearchParams(query) };
}

/** Decode a path. Return "" if it is malformed, because people also type addresses. */
function decode(path) {
  try {
    return decodeURIComponent(path);
  } catch {
    return "";
  }
}

/** Write the address of a view and its query: "exports", {scope: "all"}. Blank values are omitted. */
export const writeAddress = (path, query) => join(path, Object.entries(query));

/** Whether a list leaves out exports of its scope. */
export const isNarrowed = ({ scope, sort, ...filters }) => Object.values(filters).some(Boolean);

/**
 * Write the address of the form with its current values.
 * @param {import("./catalogue.js").Filter[]} filters the filters of the form
 * @param {{modality: string, type: string, order: string, values: Object<string, string>}} form
 */
export function writeFormAddress(filters, { modality, type, order, values, options }) {
  const shown = filters.filter((filter) => !isPrivate(filter)).map(({ name }) => [name, values[name]]);
  const set = Object.entries(options).map(([name, value]) => [OPTION + name, value]);
  return join(modality, [["type", type], ["order", order], ...shown, ...set]);
}

/**
 * Read the form parameters of an address. OpenREM's filter names are accepted too. `unknown` lists the names
 * that are not known or not allowed in an address.
 * @param {import("./catalogue.js").Filter[]} filters the filters that the form can have
 * @param {URLSearchParams} parameters
 */
export function readFormParameters(filters, parameters) {
  const parsed = {
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
    if (filter) parsed.values[filter.name] = normalise(filter, text.trim());
    else if (name.startsWith(OPTION)) parsed.options[name.slice(OPTION.length)] = text;
    else parsed.unknown.push(name);
  }
  return parsed;
}

const listNames = (filter) => [filter.name, ...filter.aliases].map((name) => [name, filter]);

function join(path, parameters) {
  const given = new URLSearchParams(parameters.filter(([, value]) => value));
  return given.size ? `#${path}?${given}` : `#${path}`;
}
