/** Selection of rows: checkboxes, the checkbox for all, and the buttons that say how many exports they change. */

import { byId, setShown, setText } from "./dom.js";

const WORDS = { abort: "Abort", download: "Download", delete: "Delete" };

/** The selection in a table. `listRows` returns its rows. */
export class Selection {
  /** @param {() => import("./row.js").Row[]} listRows */
  constructor(listRows) {
    this.listRows = listRows;
    byId("select-all").addEventListener("change", (event) => this.selectAll(event.target.checked));
  }

  /** Return the selected rows whose exports have a link, such as "delete". */
  listWith = (link) => this.#listSelected().filter((row) => row.export.links[link]);

  #listSelected = () => this.listRows().filter((row) => row.parts.select.checked);

  /** Update the buttons and the checkbox for all. Delete is always there, and the others when they can do something. */
  update() {
    for (const [link, word] of Object.entries(WORDS)) {
      const button = byId(link);
      const number = this.listWith(link).length;
      button.disabled = !number;
      setText(button, number ? `${word} ${number}` : word);
      if (link !== "delete") setShown(button, number > 0);
    }
    const selected = this.#listSelected().length;
    const selectable = this.listRows().filter((row) => !row.parts.select.disabled).length;
    const all = byId("select-all");
    all.checked = selected > 0 && selected === selectable;
    all.indeterminate = selected > 0 && selected < selectable;
    all.disabled = !selectable;
    setShown(byId("select-rest"), all.checked && !byId("more").hidden);
  }

  /** Select all rows, or none. */
  selectAll(checked) {
    for (const { parts } of this.listRows()) parts.select.checked = checked && !parts.select.disabled;
    this.update();
  }
}
