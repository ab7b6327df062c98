/** Which rows are chosen for deletion: the boxes, the box for all, and the button that counts them. */

import { byId, setText } from "./dom.js";

/** The boxes of a table's rows; `listRows` gives the rows there are. */
export class Selection {
  /** @param {() => import("./row.js").Row[]} listRows */
  constructor(listRows) {
    this.listRows = listRows;
    byId("select-all").addEventListener("change", (event) => this.#chooseAll(event.target.checked));
  }

  /** The rows chosen. */
  find = () => this.listRows().filter((row) => row.parts.select.checked);

  /** Let the button and the box for all say what is chosen. */
  show() {
    const chosen = this.find().length;
    const possible = this.listRows().filter((row) => !row.parts.select.disabled).length;
    byId("delete").disabled = !chosen;
    setText(byId("delete"), chosen ? `Delete ${chosen}` : "Delete");
    const all = byId("select-all");
    all.checked = chosen > 0 && chosen === possible;
    all.indeterminate = chosen > 0 && chosen < possible;
    all.disabled = !possible;
  }

  #chooseAll(checked) {
    for (const { parts } of this.listRows()) parts.select.checked = checked && !parts.select.disabled;
    this.show();
  }
}
