/** Messages: a live region for screen readers, short visible messages, and a confirmation dialog. */

import { byId, make, makeButton } from "./dom.js";

const SHOWN_MS = 7000;
const TOGETHER_MS = 50;

let waiting = [];

/** Announce a text to screen readers, together with others of the same moment, which would replace it. */
export function announce(text) {
  waiting.push(text);
  if (waiting.length === 1) setTimeout(announceWaiting, TOGETHER_MS);
}

function announceWaiting() {
  const region = byId("live");
  const text = waiting.join(" ");
  waiting = [];
  // A screen reader repeats the same text only if the region changes.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

/** Show a short message. It disappears automatically unless it is an error. */
export function notify(text, isError = false) {
  const close = showMessage(text, isError ? "message is-error" : "message");
  if (!isError) setTimeout(close, SHOWN_MS);
}

/** Show a message with a button until the user presses it or closes the message. */
export function offer(text, action, onclick) {
  const press = (event) => {
    onclick(event.currentTarget);
    close();
  };
  const close = showMessage(text, "message", makeButton(action, "plain", press));
}

function showMessage(text, style, button = null) {
  announce(text);
  const message = make("div", { class: style }, make("p", {}, text), button);
  const close = () => message.remove();
  message.append(makeButton("×", "quiet", close, { "aria-label": "Close this message" }));
  byId("messages").append(message);
  return close;
}

let titleBefore = null;
let marked = "";

/** Show a text in the title of the page, until the user looks at the tab. */
export function markTitle(text) {
  if (titleBefore === null) {
    titleBefore = document.title;
    document.addEventListener("visibilitychange", restoreTitle, { once: true });
  }
  document.title = marked = text;
}

function restoreTitle() {
  if (document.title === marked) document.title = titleBefore; // another view has set its own
  titleBefore = null;
}

/** Show an error until the user closes it. */
export const notifyError = (error) => notify(error.message, true);

/** Ask for confirmation of an action that cannot be undone. Return true if the user confirms. */
export function confirm({ title, text, action }) {
  const dialog = byId("confirm");
  byId("confirm-title").textContent = title;
  byId("confirm-text").textContent = text;
  byId("confirm-yes").textContent = action;
  dialog.returnValue = "";
  dialog.showModal();
  return new Promise((resolve) => {
    dialog.addEventListener("close", () => resolve(dialog.returnValue === "yes"), { once: true });
  });
}
