/** Presets: saved requests of the user and shared ones. */

import { nameTypeInFull } from "./catalogue.js";
import { busy, byId, fill, make, setText } from "./dom.js";
import { confirm, notify, notifyError } from "./messages.js";

const NONE = "none yet";
const UNREADABLE = "Cannot load the presets. Reload the page to try again.";
const UNUSABLE = "This preset uses options that no longer exist. It can only be deleted.";
const UNAVAILABLE = "OpenREM’s database has no studies for this preset. It cannot be used now.";
const UNNAMED = "Enter a name for the preset.";

/** The card "Presets" of the form, and the dialog that saves one. */
export class Presets {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   */
  constructor(api, form) {
    Object.assign(this, { api, form, presets: [] });
    byId("preset").addEventListener("input", () => this.#describe());
    byId("preset-use").addEventListener("click", () => this.#use());
    byId("preset-delete").addEventListener("click", () => busy(byId("preset-delete"), () => this.#delete()));
    byId("preset-open").addEventListener("click", () => busy(byId("preset-open"), () => this.#open()));
    byId("preset-cancel").addEventListener("click", () => byId("preset-dialog").close());
    byId("preset-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("preset-save"), () => this.#save());
    });
    this.#show({ presets: [], complete: true }, "");
    this.#refresh("");
  }

  /** Load the presets, and select the one with this id. */
  async #refresh(id) {
    try {
      this.#show(await this.api.listPresets(), id);
    } catch {
      setText(byId("preset-note"), UNREADABLE);
    }
  }

  #show({ presets, complete }, id) {
    this.presets = presets;
    const title = complete ? "Shared by others" : "Shared by others, the newest only";
    const [mine, others] = [presets.filter(({ mine }) => mine), presets.filter(({ mine }) => !mine)];
    const first = make("option", { value: "" }, presets.length ? "choose one" : NONE);
    fill(byId("preset"), first, makeGroup("Mine", mine), makeGroup(title, others));
    byId("preset").disabled = !presets.length;
    byId("preset").value = presets.some((each) => each.id === id) ? id : "";
    this.#describe();
  }

  get #chosen() {
    return this.presets.find(({ id }) => id === byId("preset").value);
  }

  #describe() {
    const preset = this.#chosen;
    const isUsable = preset?.usable && this.form.catalogue.findType(preset.request.type);
    byId("preset-use").disabled = !isUsable;
    byId("preset-delete").disabled = !preset?.links.delete;
    const reason = preset?.usable ? UNAVAILABLE : UNUSABLE;
    const dates = preset?.dates;
    const moving = dates ? `Study dates now: ${dates.date_from} to ${dates.date_to}.` : "";
    setText(byId("preset-note"), preset && !isUsable ? reason : moving);
  }

  #use() {
    const { name, request, dates } = this.#chosen;
    this.form.usePreset({ ...request, filters: { ...request.filters, ...dates } });
    notify(`Preset “${name}” loaded into the form.`);
  }

  async #delete() {
    const { id, name, shared } = this.#chosen;
    const text = shared
      ? `“${name}” is shared: deleting it removes it for everyone.`
      : `“${name}” will be permanently deleted.`;
    if (!(await confirm({ title: "Delete this preset?", text, action: "Delete" }))) return;
    try {
      await this.api.deletePreset(id);
      notify(`Preset “${name}” deleted.`);
    } catch (problem) {
      notifyError(problem);
    }
    await this.#refresh("");
    byId("presets-title").focus(); // the pressed button is disabled now
  }

  /** Open the dialog if the form can be saved as a preset. */
  async #open() {
    try {
      this.request = this.form.readForPreset();
    } catch (problem) {
      this.form.showProblem(problem);
      return;
    }
    const { type } = this.request;
    setText(byId("preset-type"), nameTypeInFull(this.form.catalogue.findType(type)));
    this.#showError("");
    byId("preset-name").value = "";
    byId("preset-shared").checked = false;
    try {
      const { PRESET_WINDOWS } = await import("./recurrence.js");
      fill(byId("preset-window"), [["", "as in the form"], ...Object.entries(PRESET_WINDOWS)].map(makeOption));
    } catch (error) {
      notifyError(error);
      return;
    }
    byId("preset-dialog").showModal();
  }

  async #save() {
    const name = byId("preset-name").value.trim();
    if (!name) return this.#showError(UNNAMED);
    const replaced = this.presets.find((each) => each.mine && each.name === name);
    if (replaced && !(await confirm(describeReplacement(name)))) return undefined;
    try {
      const period = byId("preset-window").value || null;
      const preset = {
        name,
        shared: byId("preset-shared").checked,
        window: period,
        request: period ? omitDates(this.request) : this.request,
      };
      const { id } = await this.api.savePreset(preset);
      if (replaced) await this.api.deletePreset(replaced.id);
      byId("preset-dialog").close();
      notify(`Preset “${name}” saved.`);
      return this.#refresh(id);
    } catch (problem) {
      return this.#showError(problem.message);
    }
  }

  #showError(message) {
    const name = byId("preset-name");
    setText(byId("preset-error"), message);
    name.setAttribute("aria-invalid", String(message !== ""));
    if (message) name.focus();
  }
}

function describeReplacement(name) {
  const text = "You have a preset of this name. The form replaces what it holds.";
  return { title: `Replace “${name}”?`, text, action: "Replace" };
}

const makeOption = ([value, text]) => make("option", { value }, text);

function omitDates(request) {
  const { date_from, date_to, ...filters } = request.filters;
  return { ...request, filters };
}

function makeGroup(label, presets) {
  const options = presets.map(({ id, name, shared, mine, owner_name: owner }) =>
    make("option", { value: id }, mine ? name + (shared ? " (shared)" : "") : `${name} · ${owner}`),
  );
  return options.length > 0 && make("optgroup", { label }, options);
}
