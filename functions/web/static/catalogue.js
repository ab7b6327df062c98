/** The catalogue of GET /export-types with readable names. An unknown name is made readable by rule. */

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
  audit: "Dose audit",
  tables: "Tables for programs",
  parquet: "Parquet tables",
  phe2019: "PHE 2019 survey",
  "phe2019-projection": "PHE 2019 survey: projection",
  "phe2019-study": "PHE 2019 survey: study",
  openskin: "openSkin",
  "nhsbsp-csv": "NHSBSP survey",
  "nhsbsp-xlsx": "NHSBSP survey workbook",
};

/** Filter groups in the order of the form. A filter belongs to the first group that matches its name, else to Study. */
const GROUPS = [
  ["Dates", /^date_/],
  ["Study", /^(study|procedure|requested|accession|standard_study|physician|dlp)/],
  ["Equipment", /^(institution|manufacturer|model|station|display_name)$/],
  ["Patient", /^(age|weight|patient|test_patients|sex|size)/],
  ["Events", /event|acquisition|exposure|view|compression|activity/],
];

/** Labels for names that are unclear alone. */
const LABELS = {
  date: "Study date",
  events: "Number of events",
  words: "Exclude protocols containing",
  dates: "Dates, with pseudonyms",
  drl: "DRL table",
  pseudonyms: "Pseudonyms of project",
  z: "Robust z",
};

const CAPITALS = /\b(agd|ct|dap|dlp|drl|id|nhsbsp|p95|phe|rp|uid)\b/g;

/** @typedef {{name: string, value_type: string, unit: string, help: string, aliases: string[], needs_group: ?string, identifies_patient: boolean}} Filter */

/** Return whether a filter identifies a patient and must stay out of addresses. */
export const isPrivate = (filter) => filter.identifies_patient;

/** Return a filter value as its field holds it: OpenREM's "2" becomes "exclude". */
export function normalise(filter, value) {
  return filter.value_type === "choice" && value === "2" ? "exclude" : value;
}

/** Return a readable form of a name: "study_dap" → "Study DAP". */
export function humanise(name) {
  if (name in LABELS) return LABELS[name];
  return capitalise(name.replaceAll(/[_-]/g, " ").replace(CAPITALS, (word) => word.toUpperCase()));
}

/** Return the text with a capital first letter. */
export const capitalise = (text) => text.charAt(0).toUpperCase() + text.slice(1);

/** Return the full name of a modality, or its short name if the full name is not known. */
export const nameModality = (name) => capitalise(MODALITIES[name] ?? name);

/** Return the words for all studies of a modality. */
export const nameStudies = (name) => `All ${MODALITIES[name] ?? name} studies`;

/** Return the name of an export type: "mg-nhsbsp-csv" → "NHSBSP survey". */
export function nameType(type) {
  const [, ...rest] = type.split("-");
  return TYPES[rest.join("-")] ?? humanise(rest.join("-") || type);
}

/** Return the name of an export type with modality and format: "CT workbook (xlsx)". */
export function nameTypeInFull({ type, format }) {
  const name = nameType(type);
  const isPlain = name === TYPES.csv || name === TYPES.xlsx;
  return `${type.split("-")[0].toUpperCase()} ${isPlain ? name.toLowerCase() : name} (${format})`;
}

/**
 * Group the filters of a form. The two ends of a range are one item.
 * @param {Filter[]} filters
 * @returns {{title: string, items: {label: string, filters: Filter[]}[]}[]}
 */
export function groupFilters(filters) {
  const groups = new Map(GROUPS.map(([title]) => [title, []]));
  for (const item of pairRanges(filters)) groups.get(findGroup(item.filters[0].name)).push(item);
  return [...groups].map(([title, items]) => ({ title, items })).filter(({ items }) => items.length);
}

/** Return one item per filter, or one per range (_min and _max, _from and _to). */
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

/** The catalogue as one user may use it. */
export class Catalogue {
  /** @param {Object} answer the body of GET /export-types */
  constructor(answer) {
    this.user = answer.user;
    this.isAdmin = answer.is_admin;
    this.canSendMail = answer.can_send_mail;
    this.maySeePatients = answer.may_see_patients;
    this.defaultOrder = answer.default_order;
    this.retention = answer.retention_days;
    this.modalities = answer.modalities;
  }

  /** Return the modality of this name, or the first one if there is none. */
  findModality(name) {
    return this.modalities.find((modality) => modality.name === name) ?? this.modalities[0];
  }

  /** Return an export type with its modality. Return undefined if the type no longer exists. */
  findType(type) {
    for (const modality of this.modalities) {
      const found = modality.types.find((each) => each.type === type);
      if (found) return { modality, ...found };
    }
    return undefined;
  }

  /** Return the filters that this user may use: those of a modality and of one of its types. */
  listFilters(modality, type) {
    const all = [...modality.filters, ...(type?.own_filters ?? [])];
    return all.filter((filter) => !filter.needs_group || this.maySeePatients);
  }
}
