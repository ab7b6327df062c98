/** What the page says: a live region for ears, short messages for eyes, and a question before deletion. */

import { byId, make, makeButton } from "./dom.js";

const SHOWN_MS = 7000;

/** Say something to people who listen to the page. */
export function announce(text) {
  const region = byId("live");
  // The same words twice are read only if the region changes.
  region.textContent = region.textContent === text ? `${text}\u00a0` : text;
}

/** Show a short message; it goes by itself. */
export function notify(text, isFault = false) {
  announce(text);
  const message = make("div", { class: isFault ? "message is-fault" : "message" }, make("p", {}, text));
  const close = () => message.remove();
  message.append(makeButton("×", "quiet", close, { "aria-label": "Close this message" }));
  byId("messages").append(message);
  if (!isFault) setTimeout(close, SHOWN_MS);
}

/** Show what went wrong, until it is closed. */
export const complain = (error) => notify(error.message, true);

/** Ask before something that cannot be undone; true if the answer is yes. */
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
