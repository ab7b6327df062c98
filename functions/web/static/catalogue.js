/** The catalogue of GET /export-types, with names for people. What is not known here gets a name from its own. */

const MODALITIES = {
  CT: "computed tomography",
  DX: "radiography",
  MG: "mammography",
  NM: "nuclear medicine",
  RF: "fluoroscopy",
};

const TYPES = {
  csv: "Table",
  xlsx: "Workbook",
  phe2019: "PHE 2019 survey",
  "phe2019-projection": "PHE 2019 survey: projection",
  "phe2019-study": "PHE 2019 survey: study",
  openskin: "openSkin",
  "nhsbsp-csv": "NHSBSP survey",
  "nhsbsp-xlsx": "NHSBSP survey workbook",
};

/** Groups of a form, in its order; a filter belongs to the first that knows its name, else to Study. */
const GROUPS = [
  ["Dates", /^date_/],
  ["Study", /^(study|procedure|requested|accession|standard_study|physician|dlp)/],
  ["Equipment", /^(institution|manufacturer|model|station|display_name)$/],
  ["Patient", /^(age|weight|patient|test_patients|sex|size)/],
  ["Events", /event|acquisition|exposure|view|compression|activity/],
];

/** Names that say too little by themselves. */
const LABELS = { date: "Study date", events: "Number of events", words: "Words that leave out" };

const CAPITALS = /\b(agd|ct|dap|dlp|id|nhsbsp|phe|rp|uid)\b/g;

/** Filters whose values tell who a patient is: never in an address. */
const PRIVATE = new Set(["accession_number", "patient_id", "patient_name", "study_uid"]);

/** @typedef {{name: string, kind: string, unit: string, help: string, aliases: string[], needs_group: ?string}} Filter */

/** Whether a filter's value must stay out of addresses. */
export const isPrivate = (filter) => Boolean(filter.needs_group) || PRIVATE.has(filter.name);

/** A filter's value as its field holds it: what changes nothing is blank, OpenREM's "2" is "exclude". */
export function normalise(filter, value) {
  return filter.kind === "choice" ? ({ include: "", 2: "exclude" }[value] ?? value) : value;
}

/** A name as a person writes it: "study_dap" → "Study DAP". */
export function humanise(name) {
  if (name in LABELS) return LABELS[name];
  return capitalise(name.replaceAll(/[_-]/g, " ").replace(CAPITALS, (word) => word.toUpperCase()));
}

/** A text that begins with a capital. */
export const capitalise = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** A modality's name in full; its short name if we know none. */
export const nameModality = (name) => capitalise(MODALITIES[name] ?? name);

/** All that a modality has, in words. */
export const nameStudies = (name) => `All ${MODALITIES[name] ?? name} studies`;

/** An export type's name: "mg-nhsbsp-csv" → "NHSBSP survey". */
export function nameType(type) {
  const [, ...rest] = type.split("-");
  return TYPES[rest.join("-")] ?? humanise(rest.join("-") || type);
}

/** An export type's name with its modality and format: "CT workbook (xlsx)". */
export function nameTypeInFull({ type, format }) {
  const name = nameType(type);
  const isPlain = name === TYPES.csv || name === TYPES.xlsx;
  return `${type.split("-")[0].toUpperCase()} ${isPlain ? name.toLowerCase() : name} (${format})`;
}

/**
 * Filters of one form, grouped; two ends of a range are one item.
 * @param {Filter[]} filters
 * @returns {{title: string, items: {label: string, filters: Filter[]}[]}[]}
 */
export function groupFilters(filters) {
  const groups = new Map(GROUPS.map(([title]) => [title, []]));
  for (const item of pairRanges(filters)) groups.get(findGroup(item.filters[0].name)).push(item);
  return [...groups].map(([title, items]) => ({ title, items })).filter(({ items }) => items.length);
}

/** Filters one by one, or two by two where they are a range (_min and _max, _from and _to). */
export function pairRanges(filters) {
  const byName = new Map(filters.map((filter) => [filter.name, filter]));
  return filters
    .filter(({ name }) => !(/_(max|to)$/.test(name) && findOtherEnd(name, byName)))
    .map((filter) => {
      const upper = findOtherEnd(filter.name, byName);
      const label = humanise(upper ? filter.name.replace(ENDING, "") : filter.name);
      return { label, filters: upper ? [filter, upper] : [filter] };
    });
}

const ENDING = /_(min|max|from|to)$/;
const OTHER_END = { min: "_max", max: "_min", from: "_to", to: "_from" };

function findOtherEnd(name, byName) {
  return ENDING.test(name) ? byName.get(name.replace(ENDING, (_, end) => OTHER_END[end])) : undefined;
}

const findGroup = (name) => GROUPS.find(([, names]) => names.test(name))?.[0] ?? "Study";

/** The catalogue as one person may use it. */
export class Catalogue {
  /** @param {Object} answer of GET /export-types */
  constructor(answer) {
    this.user = answer.user;
    this.isAdmin = answer.is_admin;
    this.maySeePatients = answer.may_see_patients;
    this.defaultOrder = answer.default_order;
    this.keepDays = answer.keep_days;
    this.modalities = answer.modalities;
  }

  /** The modality of this name; the first if there is none. */
  findModality(name) {
    return this.modalities.find((modality) => modality.name === name) ?? this.modalities[0];
  }

  /** An export type and its modality; undefined for a type that is no more. */
  findType(type) {
    for (const modality of this.modalities) {
      const found = modality.types.find((each) => each.type === type);
      if (found) return { modality, ...found };
    }
    return undefined;
  }

  /** Filters that this person may use: a modality's, and those of one of its types. */
  listFilters(modality, type) {
    const all = [...modality.filters, ...(type?.own_filters ?? [])];
    return all.filter((filter) => !filter.needs_group || this.maySeePatients);
  }
}
