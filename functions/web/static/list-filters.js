/** Search, filters and order of the exports table. The address holds them, so that a list can be shared. */

import { isNarrowed, readAddress } from "./address.js";
import { nameTypeInFull } from "./catalogue.js";
import { byId, fill, make, makeButton } from "./dom.js";

const TYPING_MS = 500;
const NEWEST = "-created_at";
const ORDERS = [
  [NEWEST, "newest first"],
  ["created_at", "oldest first"],
  ["-finished_at", "ended last first"],
  ["finished_at", "ended first first"],
  ["-size", "largest first"],
  ["size", "smallest first"],
  ["-studies", "most studies first"],
  ["studies", "fewest studies first"],
  ["expires_at", "expiring first"],
  ["-expires_at", "expiring last"],
];
const HIDDEN = ["type", "owner_name", "requested_from", "requested_to"]; // until "Filters" is opened
const NO_PATIENTS = "Words of a name, type, person or schedule. Do not enter patient data: the address shows it.";

/** The fields above the table, and the headings that sort it. */
export class ListFilters {
  /**
   * @param {import("./catalogue.js").Catalogue} catalogue
   * @param {(changes: Object<string, string>, replace: boolean) => void} onchange gets the changed fields
   */
  constructor(catalogue, onchange) {
    this.onchange = onchange;
    this.fields = {
      q: make("input", { type: "search", id: "list-q", maxlength: 80, title: NO_PATIENTS, autocomplete: "off" }),
      type: makeSelect("list-type", [["", "any"], ...listTypes(catalogue)]),
      owner_name: make("input", { type: "text", id: "list-owner", maxlength: 80, autocomplete: "off" }),
      requested_from: make("input", { type: "date", id: "list-from", max: "9999-12-30" }),
      requested_to: make("input", { type: "date", id: "list-to", max: "9999-12-30" }),
      sort: makeSelect("list-sort", ORDERS),
    };
    this.owner = makeField("Person", this.fields.owner_name);
    this.schedule = make("span", { class: "chip", hidden: true });
    this.more = make(
      "details",
      {},
      make("summary", {}, "Filters"),
      makeField("Type", this.fields.type),
      this.owner,
      makeField("Requested from", this.fields.requested_from),
      makeField("to", this.fields.requested_to),
    );
    fill(
      byId("list-filters"),
      makeField("Search", this.fields.q),
      makeField("Order", this.fields.sort),
      this.schedule,
      makeButton("Clear", "small", () => this.#clear(), { id: "list-clear" }),
      this.more,
    );
    this.#listen();
  }

  /** Show the values of an address. */
  show(query) {
    for (const [name, field] of Object.entries(this.fields)) {
      const value = query[name] || (name === "sort" ? NEWEST : "");
      const isTyped = field === document.activeElement && (this.isTyping || field.value.trim() === value);
      if (!isTyped) field.value = value;
    }
    this.owner.hidden = query.scope !== "all";
    this.more.open ||= HIDDEN.some((name) => query[name]);
    this.#showSchedule(query.schedule_id);
    byId("list-clear").hidden = !isNarrowed(query);
    for (const heading of listHeadings()) {
      const order = { [heading.dataset.sort]: "ascending", [`-${heading.dataset.sort}`]: "descending" };
      heading.setAttribute("aria-sort", order[query.sort || NEWEST] ?? "none");
    }
  }

  #listen() {
    for (const [name, field] of Object.entries(this.fields)) {
      field.addEventListener("change", () => this.#send({ [name]: field.value }));
    }
    this.fields.q.addEventListener("input", () => {
      clearTimeout(this.timer);
      this.isTyping = true;
      this.timer = setTimeout(() => this.#send({ q: this.fields.q.value }), TYPING_MS);
    });
    for (const heading of listHeadings())
      heading.querySelector("button").addEventListener("click", () => this.#sort(heading));
  }

  #send(changes) {
    clearTimeout(this.timer);
    this.isTyping = false;
    if (readAddress(location.hash).path !== "exports") return; // the user is leaving the view
    this.onchange(trim(changes), "q" in changes);
  }

  /** Sort by a column: the largest or latest first, then the other way round. */
  #sort(heading) {
    const isDescending = heading.getAttribute("aria-sort") === "descending";
    this.#send({ sort: isDescending ? heading.dataset.sort : `-${heading.dataset.sort}` });
  }

  #showSchedule(id) {
    this.schedule.hidden = !id;
    if (!id) return;
    const remove = () => this.#send({ schedule_id: "" });
    const button = makeButton("×", "quiet", remove, { "aria-label": "Remove: Exports of one schedule" });
    fill(this.schedule, make("span", {}, "Exports of one schedule"), button);
  }

  #clear() {
    const names = [...Object.keys(this.fields).filter((name) => name !== "sort"), "schedule_id", "state"];
    this.#send(Object.fromEntries(names.map((name) => [name, ""])));
    byId("exports-title").focus();
  }
}

const listHeadings = () => document.querySelectorAll("#exports th[data-sort]");

/** The default order is not part of an address. */
function trim(changes) {
  const trimmed = Object.entries(changes).map(([name, value]) => [name, value.trim()]);
  return Object.fromEntries(trimmed.map(([name, value]) => [name, value === NEWEST ? "" : value]));
}

const listTypes = (catalogue) =>
  catalogue.modalities.flatMap(({ types }) => types.map((each) => [each.type, nameTypeInFull(each)]));

const makeSelect = (id, options) =>
  make(
    "select",
    { id },
    options.map(([value, text]) => make("option", { value }, text)),
  );

const makeField = (text, field) =>
  make("div", { class: "inline" }, make("label", { for: field.id }, text), field);
