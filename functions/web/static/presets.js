/** Presets: what people keep under a name. The list of one's own and the shared ones, and a way to keep another. */

import { nameTypeInFull } from "./catalogue.js";
import { busy, byId, fill, make, setText } from "./dom.js";
import { complain, confirm, notify } from "./messages.js";

const NONE = "none yet";
const UNREADABLE = "Presets cannot be shown now.";
const UNUSABLE = "This preset asks for what is no more. It can only be deleted.";
const UNNAMED = "A preset needs a name.";

/** The card "Presets" of the form, and the dialog that keeps one. */
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
    byId("preset-keep").addEventListener("click", () => this.#open());
    byId("keep-cancel").addEventListener("click", () => byId("keep").close());
    byId("keep-form").addEventListener("submit", (event) => {
      event.preventDefault();
      busy(byId("keep-yes"), () => this.#keep());
    });
    this.#show({ presets: [], complete: true }, "");
    this.#look("");
  }

  /** Ask which there are, and choose this one. */
  async #look(id) {
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
    byId("preset-use").disabled = !preset?.usable;
    byId("preset-delete").disabled = !preset?.links.delete;
    setText(byId("preset-note"), preset && !preset.usable ? UNUSABLE : "");
  }

  #use() {
    const { name, request } = this.#chosen;
    this.form.use(request);
    notify(`The form holds the preset “${name}”.`);
  }

  async #delete() {
    const { id, name, shared } = this.#chosen;
    const text = shared ? `“${name}” is shared: nobody will have it any more.` : `“${name}” will be gone.`;
    if (!(await confirm({ title: "Delete this preset?", text, action: "Delete" }))) return;
    try {
      await this.api.deletePreset(id);
      notify(`The preset “${name}” was deleted.`);
    } catch (problem) {
      complain(problem);
    }
    await this.#look("");
    byId("presets-title").focus(); // the button that was pressed can do no more
  }

  /** Ask for a name, if all that the form holds can be kept. */
  #open() {
    try {
      this.request = this.form.readForPreset();
    } catch (problem) {
      this.form.showProblem(problem);
      return;
    }
    const { type } = this.request;
    setText(byId("keep-what"), nameTypeInFull(this.form.catalogue.findType(type)));
    this.#complain("");
    byId("keep-name").value = "";
    byId("keep-shared").checked = false;
    byId("keep").showModal();
  }

  async #keep() {
    const name = byId("keep-name").value.trim();
    if (!name) return this.#complain(UNNAMED);
    try {
      const preset = { name, shared: byId("keep-shared").checked, request: this.request };
      const { id } = await this.api.keepPreset(preset);
      byId("keep").close();
      notify(`The preset “${name}” is saved.`);
      return this.#look(id);
    } catch (problem) {
      return this.#complain(problem.message);
    }
  }

  #complain(sentence) {
    const name = byId("keep-name");
    setText(byId("keep-fault"), sentence);
    name.setAttribute("aria-invalid", String(sentence !== ""));
    if (sentence) name.focus();
  }
}

function makeGroup(label, presets) {
  const options = presets.map(({ id, name, shared, mine, kept_by: keeper }) =>
    make("option", { value: id }, mine ? name + (shared ? " (shared)" : "") : `${name} · ${keeper}`),
  );
  return options.length > 0 && make("optgroup", { label }, options);
}
