/** Selection of rows for deletion: checkboxes, the checkbox for all, and the button with the count. */

import { byId, setText } from "./dom.js";

/** The selection in a table. `listRows` returns its rows. */
export class Selection {
  /** @param {() => import("./row.js").Row[]} listRows */
  constructor(listRows) {
    this.listRows = listRows;
    byId("select-all").addEventListener("change", (event) => this.#selectAll(event.target.checked));
  }

  /** Return the selected rows. */
  listSelected = () => this.listRows().filter((row) => row.parts.select.checked);

  /** Update the button and the checkbox for all. */
  update() {
    const selected = this.listSelected().length;
    const selectable = this.listRows().filter((row) => !row.parts.select.disabled).length;
    byId("delete").disabled = !selected;
    setText(byId("delete"), selected ? `Delete ${selected}` : "Delete");
    const all = byId("select-all");
    all.checked = selected > 0 && selected === selectable;
    all.indeterminate = selected > 0 && selected < selectable;
    all.disabled = !selectable;
  }

  #selectAll(checked) {
    for (const { parts } of this.listRows()) parts.select.checked = checked && !parts.select.disabled;
    this.update();
  }
}
