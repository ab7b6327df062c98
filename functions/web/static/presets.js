/** Presets: saved requests of the user and shared ones. */

import { nameTypeInFull } from "./catalogue.js";
import { busy, byId, fill, make, openDialog, setText } from "./dom.js";
import { confirm, notify, notifyError } from "./messages.js";

const NONE = "none yet";
const UNREADABLE = "Cannot load the presets. Reload the page to try again.";
const UNUSABLE = "This preset uses options that no longer exist. It can only be deleted.";
const UNAVAILABLE = "OpenREM’s database has no studies for this preset. It cannot be used now.";
const UNNAMED = "Enter a name for the preset.";
const FORM_DATES = "as in the form";
const OWN_DATES = "as saved";

/** The card "Presets" of the form, and the dialog that saves one. */
export class Presets {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./form.js").ExportForm} form
   */
  constructor(api, form) {
    Object.assign(this, { api, form, presets: [], refreshCount: 0 });
    byId("preset").addEventListener("input", () => this.#describe());
    byId("preset-use").addEventListener("click", () => busy(byId("preset-use"), () => this.#use()));
    byId("preset-delete").addEventListener("click", () => busy(byId("preset-delete"), () => this.#delete()));
    byId("preset-open").addEventListener("click", () => busy(byId("preset-open"), () => this.#open()));
    byId("preset-edit").addEventListener("click", () => busy(byId("preset-edit"), () => this.#edit()));
    byId("preset-cancel").addEventListener("click", () => byId("preset-dialog").close());
    byId("preset-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("preset-save"), () => this.#save());
    });
    this.#fill({ presets: [], complete: true }, "");
    this.#refresh("");
  }

  /** Load the presets, and select the one with this id. */
  async #refresh(id) {
    const number = (this.refreshCount += 1);
    try {
      const answer = await this.api.listPresets();
      if (number === this.refreshCount) this.#fill(answer, id);
    } catch {
      if (number === this.refreshCount) setText(byId("preset-note"), UNREADABLE);
    }
  }

  #fill({ presets, complete }, id) {
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
    byId("preset-edit").disabled = !(isUsable && preset.links.change);
    byId("preset-delete").disabled = !preset?.links.delete;
    const reason = preset?.usable ? UNAVAILABLE : UNUSABLE;
    const dates = preset?.dates;
    const moving = dates ? `Study dates now: ${dates.date_from} to ${dates.date_to}.` : "";
    setText(byId("preset-note"), preset && !isUsable ? reason : moving);
  }

  async #use() {
    // The page may be open since yesterday, when a period had other dates.
    if (this.#chosen.window) await this.#refresh(this.#chosen.id);
    if (!this.#chosen) return;
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
    this.edited = null;
    await this.#show({ name: "", shared: false, window: null, request: this.request }, FORM_DATES);
  }

  /** Open the dialog to rename or share the chosen preset, or to change its period. */
  async #edit() {
    this.edited = this.#chosen;
    this.request = this.edited.request;
    await this.#show(this.edited, OWN_DATES);
  }

  async #show({ name, shared, window, request }, noWindow) {
    setText(byId("preset-dialog-title"), name ? `Change “${name}”` : "Save as preset");
    setText(byId("preset-type"), nameTypeInFull(this.form.catalogue.findType(request.type)));
    this.#showError("");
    byId("preset-name").value = name;
    byId("preset-shared").checked = shared;
    try {
      const { describeWindow, PRESET_WINDOWS } = await import("./recurrence.js");
      const windows = { "": noWindow, ...PRESET_WINDOWS, ...(window && { [window]: describeWindow(window) }) };
      fill(byId("preset-window"), Object.entries(windows).map(makeOption));
      byId("preset-window").value = window ?? "";
    } catch (error) {
      notifyError(error);
      return;
    }
    this.isOpen = openDialog(byId("preset-dialog"));
  }

  async #save() {
    const name = byId("preset-name").value.trim();
    if (!name) return this.#showError(UNNAMED);
    const { edited, isOpen } = this;
    const replaced = edited ? null : this.presets.find((each) => each.mine && isSameName(each.name, name));
    if (replaced && !(await confirm(describeReplacement(replaced.name)))) return undefined;
    try {
      const window = byId("preset-window").value || null;
      const preset = {
        name,
        shared: byId("preset-shared").checked,
        window,
        request: window ? omitDates(this.request) : this.request,
      };
      const written = edited ?? replaced;
      const { id } = await (written ? this.api.changePreset(written.id, preset) : this.api.savePreset(preset));
      if (isOpen()) byId("preset-dialog").close();
      notify(`Preset “${name}” ${edited ? "changed" : "saved"}.`);
      return this.#refresh(id);
    } catch (problem) {
      return isOpen() ? this.#showError(problem.message) : notifyError(problem);
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

/** Whether the service takes two names for one: it ignores the case of letters. */
const isSameName = (one, other) => one.normalize().toLowerCase() === other.normalize().toLowerCase();

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
