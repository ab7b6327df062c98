/** Helpers that build and change elements. Text is never parsed as markup. */

/** The namespace of the elements of a picture. */
export const SVG = "http://www.w3.org/2000/svg";

/**
 * Make an element: `make("p", {class: "hint"}, "words", child)`.
 * A name that begins with "on" adds a listener. True sets a bare attribute. False, null and undefined set none.
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

/** Return the element with this id. */
export const byId = (id) => document.getElementById(id);

/** Return a button with this style ("primary", "plain", "danger", "quiet"). */
export function makeButton(text, style, onclick, attributes = {}) {
  return make("button", { type: "button", class: `button ${style}`, onclick, ...attributes }, text);
}

/** Set the text of an element if it differs, so that nothing is announced or repainted twice. */
export function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

/** Show or hide an element. */
export function setShown(element, shown) {
  if (element.hidden === shown) element.hidden = !shown;
}

let openings = 0;

/** Open a dialog. Return a function that says whether it is still open and was not opened again. */
export function openDialog(dialog) {
  const opening = (openings += 1);
  dialog.dataset.opening = opening;
  dialog.showModal();
  return () => dialog.open && dialog.dataset.opening === String(opening);
}

/** Replace the children of an element. */
export function fill(element, ...children) {
  element.replaceChildren(...children.flat().filter((child) => child != null && child !== false));
}

/** Replace the children of an element. A focus in it goes to what is the same as before, or else to `other`. */
export function refill(element, other, ...children) {
  const focused = element.contains(document.activeElement) && document.activeElement;
  fill(element, ...children);
  if (focused) (findSame(element, focused) ?? other).focus({ preventScroll: true });
}

function findSame(element, old) {
  const all = [...element.querySelectorAll("a, button, input, [tabindex]")];
  return all.find((each) => (old.id ? each.id === old.id : !each.id && nameElement(each) === nameElement(old)));
}

const nameElement = (element) => element.getAttribute("aria-label") ?? element.textContent;

/**
 * Mark a button as busy until `work` ends. A second click meanwhile does nothing.
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
