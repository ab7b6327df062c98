/** Tabs after the ARIA authoring practices: one tab stop, arrow keys between the tabs. */

import { nameModality } from "./catalogue.js";
import { fill, make } from "./dom.js";

/**
 * Fill the list with one tab per modality.
 * @param {HTMLElement} list
 * @param {{name: string}[]} modalities
 * @param {(name: string) => void} onselect
 */
export function makeTabs(list, modalities, onselect) {
  const tabs = modalities.map(({ name }) => makeTab(name, () => onselect(name)));
  fill(list, tabs);
  list.addEventListener("keydown", (event) => moveAmong(tabs, event));
}

/** Select the tab of this name, which labels the panel. */
export function selectTab(list, panel, name) {
  for (const tab of list.children) {
    const isSelected = tab.value === name;
    tab.setAttribute("aria-selected", String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
    if (isSelected) panel.setAttribute("aria-labelledby", tab.id);
  }
}

function makeTab(name, onclick) {
  const full = nameModality(name);
  const attributes = {
    type: "button",
    role: "tab",
    id: `tab-${name}`,
    "aria-controls": "modality",
    value: name,
    onclick,
  };
  return make("button", attributes, make("strong", {}, name), full !== name && make("span", {}, ` ${full}`));
}

function moveAmong(tabs, event) {
  const here = tabs.indexOf(document.activeElement);
  const targets = { ArrowRight: here + 1, ArrowLeft: here - 1 + tabs.length, Home: 0, End: tabs.length - 1 };
  if (!(event.key in targets)) return;
  event.preventDefault();
  const tab = tabs[targets[event.key] % tabs.length];
  tab.focus();
  tab.click();
}
