/** Building and changing the page. Text is only ever text: nothing here reads markup. */

/**
 * Make an element: `make("p", {class: "hint"}, "words", child)`.
 * A name that begins with "on" listens; true sets a bare attribute; false, null and undefined set none.
 * @param {string} tag
 * @param {Object<string, *>} attributes
 * @param {...(Node|string|null|false|Array)} children
 * @returns {HTMLElement}
 */
export function make(tag, attributes = {}, ...children) {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) setAttribute(element, name, value);
  element.append(...children.flat().filter((child) => child != null && child !== false));
  return element;
}

function setAttribute(element, name, value) {
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (value === true) element.setAttribute(name, "");
  else if (value !== false && value != null) element.setAttribute(name, value);
}

/** The element with this id. */
export const byId = (id) => document.getElementById(id);

/** A button of this kind ("primary", "plain", "danger", "quiet"). */
export function makeButton(text, kind, onclick, attributes = {}) {
  return make("button", { type: "button", class: `button ${kind}`, onclick, ...attributes }, text);
}

/** Set an element's text if it differs, so that nothing is announced or repainted twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide an element. */
export function setShown(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

/** Put these children in the place of an element's own. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
}

/**
 * Let a button show that it is at work until `work` ends; a second click meanwhile does nothing.
 * @param {HTMLElement} button
 * @param {() => Promise<*>} work
 */
export async function busy(button, work) {
  if (button.getAttribute("aria-busy") === "true") return undefined;
  button.setAttribute("aria-busy", "true");
  try {
    return await work();
  } finally {
    button.removeAttribute("aria-busy");
  }
}
