/** The dialog that lists the keys of the page. */

import { make } from "./dom.js";

const KEYS = [
  ["Ctrl + Enter", "export what the form shows"],
  ["Enter", "preview it, from any field"],
  ["↓ ↑ Enter", "choose a suggestion below a field"],
  ["Escape", "close suggestions or a dialog"],
  ["← →", "change the modality, on its tabs"],
  ["Tab", "at the start of the page, skip to the content or to the export"],
  ["?", "show these keys, outside a field"],
];

/** Show the dialog until the user closes it. */
export function showKeys() {
  const rows = KEYS.map(([key, action]) => [make("dt", {}, make("kbd", {}, key)), make("dd", {}, action)]);
  const close = make("button", { class: "button primary", autofocus: true }, "Close");
  const dialog = make(
    "dialog",
    { "aria-labelledby": "keys-title", onclose: () => dialog.remove() },
    make(
      "form",
      { method: "dialog" },
      make("h2", { id: "keys-title" }, "Keys"),
      make("dl", { class: "keys" }, rows.flat()),
      make("div", { class: "buttons" }, close),
    ),
  );
  document.body.append(dialog);
  dialog.showModal();
}
