/** Suggestions below a text field, after the combobox pattern of the ARIA authoring practices. Free text stays valid. */

import { fill, make, setShown, setText } from "./dom.js";
import { announce } from "./messages.js";
import { count, formatNumber } from "./words.js";

const DELAY_MS = 250;
const NONE = "No suggestions.";

/**
 * Give a text field suggestions. The list opens while the user types, or by Arrow Down; Enter takes the
 * chosen text, Escape closes the list.
 * @param {HTMLInputElement} input
 * @param {(part: string, signal: AbortSignal) => Promise<Object>} load asks GET /suggestions
 * @param {boolean} isTyping whether the user has typed into the field already
 */
export function attachSuggestions(input, load, isTyping) {
  const combobox = new Combobox(input, load);
  combobox.listen();
  if (isTyping && document.activeElement === input) combobox.open();
}

class Combobox {
  constructor(input, load) {
    Object.assign(this, { input, load, place: -1 });
    this.list = make("ul", { class: "listbox", role: "listbox", id: `${input.id}-list`, "aria-label": `Suggestions: ${input.labels[0].textContent}` });
    this.note = make("p", { class: "hint" });
    this.popup = make("div", { class: "popup", hidden: true }, this.list, this.note);
    input.after(this.popup);
    input.setAttribute("aria-controls", this.list.id);
  }

  /** React to keys, to typing and to the mouse. */
  listen() {
    this.input.addEventListener("input", (event) => this.#loadSoon(event));
    this.input.addEventListener("keydown", (event) => this.#press(event));
    this.input.addEventListener("blur", () => this.#close());
    // The field keeps the focus, so that a press on an option does not close the list first.
    this.popup.addEventListener("mousedown", (event) => event.preventDefault());
    this.list.addEventListener("click", (event) => this.#take(event.target.closest("[role=option]")));
  }

  get #isOpen() {
    return !this.popup.hidden;
  }

  get #options() {
    return [...this.list.children];
  }

  /** Load after a pause. A text that was taken from the list or written by the page asks nothing. */
  #loadSoon(event) {
    clearTimeout(this.timer);
    if (!event.isTrusted || document.activeElement !== this.input) return;
    this.timer = setTimeout(() => this.open(), DELAY_MS);
  }

  /** Load and show the texts that contain what is typed. */
  async open() {
    this.pending?.abort();
    this.pending = new AbortController();
    const { signal } = this.pending;
    try {
      const answer = await this.load(this.input.value.trim(), signal);
      if (!signal.aborted && document.activeElement === this.input) this.#show(answer);
    } catch (error) {
      if (!signal.aborted) this.#showNote(error.message);
    }
  }

  #show({ values, complete, letters_needed: letters }) {
    this.#choose(-1);
    fill(
      this.list,
      values.map(({ value, count: studies }, place) => this.#makeOption(value, studies, place)),
    );
    this.#showNote(describe(values, complete, letters));
  }

  #makeOption(value, studies, place) {
    const number = make("span", { class: "number" }, formatNumber(studies));
    const words = make("span", { class: "hidden" }, studies === 1 ? " study" : " studies");
    const attributes = { role: "option", id: `${this.list.id}-${place}`, "aria-selected": "false", "data-value": value };
    return make("li", attributes, make("span", {}, value), " ", number, words);
  }

  #showNote(text) {
    setText(this.note, text);
    setShown(this.note, text !== "");
    setShown(this.popup, true);
    setShown(this.list, this.#options.length > 0);
    this.popup.scrollIntoView({ block: "nearest" });
    this.input.setAttribute("aria-expanded", String(this.#options.length > 0));
    announce(this.#options.length ? `${count(this.#options.length, "suggestion")}. ${text}` : text);
  }

  #close() {
    clearTimeout(this.timer);
    this.pending?.abort();
    this.#choose(-1);
    setShown(this.popup, false);
    this.input.setAttribute("aria-expanded", "false");
  }

  #press(event) {
    if (event.ctrlKey || event.metaKey) return;
    const act = { ArrowDown: () => this.#move(1), ArrowUp: () => this.#move(-1), Enter: () => this.#takeChosen(), Escape: () => this.#escape() }[
      event.key
    ];
    if (act?.()) event.preventDefault();
  }

  /** Move to the next or previous text, past the ends to the field itself. Open the list if it is closed. */
  #move(step) {
    if (!this.#isOpen) {
      if (step > 0) this.open();
      return true;
    }
    const stops = this.#options.length + 1;
    this.#choose(((this.place + 1 + step + stops) % stops) - 1);
    return true;
  }

  #choose(place) {
    this.#options[this.place]?.setAttribute("aria-selected", "false");
    this.place = place;
    const option = this.#options[place];
    option?.setAttribute("aria-selected", "true");
    option?.scrollIntoView({ block: "nearest" });
    if (option) this.input.setAttribute("aria-activedescendant", option.id);
    else this.input.removeAttribute("aria-activedescendant");
  }

  #takeChosen() {
    return this.#isOpen && this.#take(this.#options[this.place]);
  }

  #take(option) {
    if (!option) return false;
    this.input.value = option.dataset.value;
    this.#close();
    this.input.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  #escape() {
    const wasOpen = this.#isOpen;
    this.#close();
    return wasOpen;
  }
}

function describe(values, complete, letters) {
  if (letters) return `The database is large. Type ${letters} letters or more.`;
  if (!values.length) return NONE;
  return complete ? "" : "There are more. Type to narrow them.";
}
