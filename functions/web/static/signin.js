/** Sign-in: a page at first, and a dialog over the page when a session has ended. */

import { byId, fill, setShown } from "./dom.js";
import { PasswordSignIn } from "./password-sign-in.js";
import { askStep } from "./sign-in-form.js";

/** The sign-in prompts. Only one is open at a time; all callers wait for it. */
export class SignIn {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.prompting = null;
    const dialog = byId("ended");
    dialog.addEventListener("cancel", (event) => event.preventDefault());
    // Chromium closes a dialog at the second Escape in any case.
    dialog.addEventListener("close", () => this.prompting && !dialog.open && dialog.showModal());
    byId("ended-leave").addEventListener("click", () => this.#signOut());
  }

  /** Show the sign-in page until the user has signed in. */
  async prompt(message = "") {
    setShown(byId("sign-in"), true);
    await this.#run(byId("sign-in-form"), { heading: "h2", message });
    fill(byId("sign-in-form")); // this also removes the password
    setShown(byId("sign-in"), false);
  }

  /** Show a dialog over the page. If another user signs in, reload the page. */
  promptAgain(findDraft) {
    this.prompting ??= this.#promptAgain(findDraft).finally(() => {
      this.prompting = null;
    });
    return this.prompting;
  }

  async #promptAgain(findDraft) {
    const before = this.#userId;
    const dialog = byId("ended");
    dialog.showModal();
    await this.#run(byId("ended-form"), { heading: "h3", findDraft });
    fill(byId("ended-form"));
    this.prompting = null;
    dialog.close();
    if (before && this.session.userId !== before) await this.#reload();
  }

  /** The id of the current user, or of the last one once the tokens are cleared. */
  get #userId() {
    return this.session.userId ?? this.lastUserId;
  }

  /** Remember the current user for the time after the tokens are cleared. */
  rememberUser() {
    this.lastUserId = this.session.userId;
  }

  async #signOut() {
    await this.session.signOut();
    location.reload();
  }

  #reload() {
    location.reload();
    return new Promise(() => {});
  }

  /** Return when the user has signed in, here or in another tab. */
  #run(form, { heading, message = "", findDraft = () => null }) {
    const elsewhere = new Promise((resolve) => {
      this.session.addEventListener("signed-in", resolve, { once: true });
    });
    const here = this.session.usesLoginPage
      ? this.#goToLogin(form, message, findDraft)
      : this.#askPassword(form, heading, message);
    return Promise.race([here, elsewhere]);
  }

  async #askPassword(form, heading, message) {
    const signIn = new PasswordSignIn(form, this.session.pool, form.id, heading);
    this.session.begin(await signIn.run(message));
  }

  #goToLogin(form, message, findDraft) {
    const work = async () => {
      await this.session.beginLogin(findDraft(), this.#userId);
      return new Promise(() => {}); // the page is being left
    };
    return askStep(form, { content: [], action: "Sign in", work, message });
  }
}
