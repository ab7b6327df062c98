/** What people do with exports: stop, fetch, run again, change and run, delete. */

import { nameExport } from "./course.js";
import { busy, byId } from "./dom.js";
import { complain, confirm, notify } from "./messages.js";
import { count, formatExactTime } from "./words.js";

/** The actions of a table's rows; every one says what went wrong, if something did. */
export class Actions {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./exports.js").ExportList} list
   * @param {(each: Object) => void} onedit
   */
  constructor(api, list, onedit) {
    Object.assign(this, { api, list, onedit });
  }

  /** Stop an export; it is shown as stopping before the service has answered. */
  async abort(row) {
    row.setAborting(true);
    row.parts.more.focus(); // the button that was pressed is gone
    try {
      this.list.update(await this.api.abort(row.export.id));
    } catch (problem) {
      row.setAborting(false);
      complain(problem);
    }
    await this.list.look();
  }

  /** Fetch the file by a link that is made now. */
  download(row, button) {
    return this.#fetch(row, button, (link) => link);
  }

  /** Fetch the file's manifest in the same way. */
  manifest(row, button) {
    return this.#fetch(row, button, (link) => link.manifest);
  }

  /** Keep the file for so many days from the export's end. */
  keep(row, days, button) {
    return this.#try(button, async () => {
      this.list.update(await this.api.keep(row.export.id, days));
      notify(`The file is kept until ${formatExactTime(row.export.expires_at)}.`);
    });
  }

  /** Show what happened to an export. */
  trail(row, button) {
    return this.#try(button, async () => {
      const { entries } = await this.api.trail(row.export.id);
      row.details.tell(entries);
    });
  }

  #fetch(row, button, choose) {
    return this.#try(button, async () => {
      const link = choose(await this.api.download(row.export.id));
      const anchor = document.createElement("a");
      anchor.href = link.url;
      anchor.download = link.file_name;
      anchor.click();
    });
  }

  /** Ask for the same once more. */
  again(row, button) {
    const { type, filters, order, options, names, ids, keep_days } = row.export;
    return this.#try(button, async () => {
      this.list.add(await this.api.request({ type, filters, order, options, names, ids, keep_days }));
      notify("Asked for again.");
    });
  }

  /** Fill the form with what was asked for. */
  edit(row) {
    this.onedit(row.export);
  }

  /** Delete exports, after a question. */
  async remove(rows) {
    if (!(await confirm({ ...askAbout(rows, this.list.catalogue), action: "Delete" }))) return;
    await this.#try(byId("delete"), async () => {
      const { deleted, refused } = await this.api.delete(rows.map((row) => row.export.id));
      this.list.forget(deleted);
      byId("exports-title").focus(); // what had the focus may be gone
      if (deleted.length) notify(`${count(deleted.length, "export")} deleted.`);
      for (const { sentence } of refused) notify(sentence, true);
    });
  }

  #try(button, work) {
    return busy(button, () => work().catch(complain));
  }
}

function askAbout(rows, catalogue) {
  if (rows.length > 1) {
    const text = "The exports and their files are gone for everybody, and cannot be brought back.";
    return { title: `Delete ${rows.length} exports?`, text };
  }
  const text = "The export and its file are gone for everybody, and cannot be brought back.";
  return { title: `Delete ${nameExport(rows[0].export, catalogue)}?`, text };
}
