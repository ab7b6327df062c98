/** What the browser does when an export of the user ends: a notification, and the download of the file. */

import { byId } from "./dom.js";
import { nameState } from "./export-words.js";
import { notify } from "./messages.js";

const KEY = { notify: "notify-at-end", download: "download-at-end" };
const UNABLE = "This browser cannot show notifications of a page.";
const BLOCKED = "The browser blocks notifications of this page. Its settings can allow them.";

/** The two boxes above the table. They apply to this browser, and to this tab for downloads. */
export class Endings {
  /**
   * @param {string} user the name of the user, because another can sign in on the same tab
   * @param {(each: Object) => void} download starts the download of an export's file
   */
  constructor(user, download) {
    this.download = download;
    this.notifies = byId("notify-at-end");
    this.downloads = byId("download-at-end");
    this.notifies.checked = localStorage.getItem(KEY.notify) === "yes" && isAllowed();
    // Two tabs would download the same file twice.
    this.downloads.checked = sessionStorage.getItem(KEY.download) === user;
    this.notifies.addEventListener("change", () => this.#chooseNotifications());
    this.downloads.addEventListener("change", () =>
      sessionStorage.setItem(KEY.download, this.downloads.checked ? user : ""),
    );
    for (const box of [this.notifies, this.downloads]) box.disabled = false;
  }

  /** Do what the user chose for an export that has just ended. `name` is that of its type. */
  tell(each, name) {
    const { id, state } = each;
    if (this.notifies.checked && isAllowed() && document.hidden) this.#notify(id, nameState(state), name);
    if (this.downloads.checked && state === "COMPLETED") this.download(each);
  }

  #notify(id, state, name) {
    try {
      showNotification(id, state, name);
    } catch {
      // Chrome on Android permits notifications, but not those of a page.
      this.#keepChoice(false);
      notify(UNABLE, true);
    }
  }

  async #chooseNotifications() {
    const isOn = this.notifies.checked && (await askPermission());
    if (this.notifies.checked && !isOn) notify(BLOCKED, true);
    this.#keepChoice(isOn);
  }

  #keepChoice(isOn) {
    this.notifies.checked = isOn;
    localStorage.setItem(KEY.notify, isOn ? "yes" : "no");
  }
}

const isAllowed = () => globalThis.Notification?.permission === "granted";

const askPermission = async () => (await globalThis.Notification?.requestPermission()) === "granted";

/** Show a notification without filters, which can stand on a locked screen. Tabs share it by its tag. */
function showNotification(id, state, name) {
  const shown = new Notification(`Export ${state.toLowerCase()}`, { body: name, tag: id });
  shown.addEventListener("click", () => {
    globalThis.focus();
    location.hash = `#exports?export=${id}`;
    shown.close();
  });
}
