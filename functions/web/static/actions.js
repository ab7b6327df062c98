/** Actions on exports: abort, download, change retention, run again, edit, delete. */

import { busy, byId } from "./dom.js";
import { nameExport } from "./export-words.js";
import { confirm, notify, notifyError } from "./messages.js";
import { count, formatExactTime } from "./words.js";

const MAX_DELETED = 100; // of one request
const BETWEEN_DOWNLOADS_MS = 500; // browsers drop downloads that start at the same time

const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms));

/** Actions on the rows of the exports table. Each action shows an error message if it fails. */
export class Actions {
  /**
   * @param {import("./api.js").Api} api
   * @param {import("./exports.js").ExportList} list
   * @param {(each: Object) => void} onedit
   */
  constructor(api, list, onedit) {
    Object.assign(this, { api, list, onedit });
  }

  /** Abort an export. The row shows "Aborting" before the service has answered. */
  async abort(row) {
    row.setAborting(true);
    row.parts.more.focus(); // the pressed button is hidden now
    try {
      this.list.update(await this.api.abortExport(row.export.id));
    } catch (problem) {
      row.setAborting(false);
      notifyError(problem);
    }
    await this.list.refresh();
  }

  /** Download the file of a row through a new link. */
  download(row, button) {
    return this.downloadFile(row.export, button);
  }

  /** Download the file of an export, which the table need not show. `button` is the pressed one, if any. */
  downloadFile(each, button) {
    return this.#try(button, () => this.#follow(each, (link) => link));
  }

  /** Download several files, one after the other. One that fails does not stop the others. */
  downloadAll(rows, button) {
    return busy(button, async () => {
      for (const [place, row] of rows.entries()) {
        if (place) await pause(BETWEEN_DOWNLOADS_MS);
        await this.downloadFile(row.export);
      }
    });
  }

  /** Abort several exports after a confirmation. */
  async abortAll(rows) {
    const title = rows.length > 1 ? `Abort ${rows.length} exports?` : "Abort this export?";
    if (!(await confirm({ title, text: "They end without a file.", action: "Abort" }))) return;
    await Promise.all(rows.map((row) => this.abort(row)));
    byId("exports-title").focus();
  }

  /** Download the manifest of the file. */
  downloadManifest(row, button) {
    return this.#try(button, () => this.#follow(row.export, (link) => link.manifest));
  }

  /** Set how many days the file is retained, counted from the end of the export. */
  setRetention(row, days, button) {
    return this.#try(button, async () => {
      this.list.update(await this.api.setRetention(row.export.id, days));
      notify(`Retention changed. The file expires on ${formatExactTime(row.export.expires_at)}.`);
    });
  }

  /** Show the history of an export in its details. */
  showHistory(row, button) {
    return this.#try(button, async () => {
      const { entries } = await this.api.getAuditTrail(row.export.id);
      row.details.showHistory(entries);
    });
  }

  async #follow(each, choose) {
    const link = choose(await this.#createDownload(each));
    const anchor = document.createElement("a");
    anchor.href = link.url;
    anchor.download = link.file_name;
    anchor.click();
  }

  async #createDownload(each) {
    try {
      return await this.api.createDownload(each.id);
    } catch (problem) {
      const name = each.name ?? nameExport(each, this.list.catalogue);
      throw new Error(`${name}: ${problem.message}`, { cause: problem });
    }
  }

  /** Request the same export again. */
  runAgain(row, button) {
    const { type, filters, order, options, include_names, include_ids, retention_days, name } = row.export;
    const request = { type, filters, order, options, include_names, include_ids, retention_days, name };
    if (this.list.catalogue.canSendMail) request.send_mail = row.export.send_mail;
    return this.#try(button, async () => {
      await this.list.add(await this.api.requestExport(request));
      notify("Requested again.");
    });
  }

  /** Fill the form with the request of an export. */
  edit(row) {
    this.onedit(row.export);
  }

  /** Delete the export of a row after a confirmation. */
  removeOne(row, button) {
    return this.remove([row], button);
  }

  /** Delete exports after a confirmation. */
  remove(rows, button) {
    return this.#try(button, async () => {
      if (!(await confirm({ ...describeDeletion(rows, this.list.catalogue), action: "Delete" }))) return;
      const ids = rows.map((row) => row.export.id);
      const deleted = [];
      const refusals = new Set();
      try {
        while (ids.length) {
          const answer = await this.api.deleteExports(ids.splice(0, MAX_DELETED));
          this.list.removeDeleted(answer.deleted);
          deleted.push(...answer.deleted);
          for (const { message } of answer.refused) refusals.add(message);
        }
      } finally {
        byId("exports-title").focus(); // the focused element may have been removed
        if (deleted.length) notify(`${count(deleted.length, "export")} deleted.`);
        for (const message of refusals) notify(message, true);
      }
    });
  }

  #try(button, work) {
    const attempt = () => work().catch(notifyError);
    return button ? busy(button, attempt) : attempt();
  }
}

function describeDeletion(rows, catalogue) {
  if (rows.length > 1) {
    const text = "The exports and their files are permanently deleted for everyone.";
    return { title: `Delete ${rows.length} exports?`, text };
  }
  const text = "The export and its file are permanently deleted for everyone.";
  return { title: `Delete ${nameExport(rows[0].export, catalogue)}?`, text };
}
