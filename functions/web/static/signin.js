/** Sign-in: a page at first, and a dialog over the page when a session has ended. */

import { busy, byId, fill, make, setShown, setText } from "./dom.js";
import { SignInError } from "./session.js";

/** The sign-in prompts. Only one is open at a time; all callers wait for it. */
export class SignIn {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.prompting = null;
    byId("ended").addEventListener("cancel", (event) => event.preventDefault());
    byId("ended-leave").addEventListener("click", () => this.#signOut());
  }

  /** Show the sign-in page until the user has signed in. */
  async prompt(message = "") {
    setShown(byId("sign-in"), true);
    await new Promise((resolve) => this.#fillForm(byId("sign-in-form"), "sign-in", message, resolve));
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
    await new Promise((resolve) => this.#fillForm(byId("ended-form"), "ended", "", resolve, findDraft));
    fill(byId("ended-form"));
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

  #signOut() {
    this.session.clearTokens();
    location.reload();
  }

  #reload() {
    location.reload();
    return new Promise(() => {});
  }

  #fillForm(form, prefix, message, done, findDraft = () => null) {
    const errorText = make("p", { class: "error", role: "alert" }, message);
    const button = make("button", { type: "submit", class: "button primary" }, "Sign in");
    const isPage = this.session.usesLoginPage;
    const fields = isPage
      ? []
      : [makeInput(prefix, "name", "User name"), makeInput(prefix, "password", "Password")];
    fill(form, fields, errorText, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      busy(button, () =>
        this.#submit(form, findDraft)
          .then(done)
          .catch((error) => setText(errorText, describeError(error))),
      );
    };
    (form.querySelector("input") ?? button).focus();
  }

  async #submit(form, findDraft) {
    if (!this.session.usesLoginPage) {
      return this.session.signIn(form.elements.name.value.trim(), form.elements.password.value);
    }
    await this.session.beginLogin(findDraft(), this.#userId);
    return new Promise(() => {}); // the page is being left
  }
}

/** Return why signing in failed, in words. */
export function describeError(error) {
  return error instanceof SignInError
    ? error.message
    : "Cannot reach the sign-in service. Check your connection.";
}

function makeInput(prefix, name, label) {
  const isName = name === "name";
  const attributes = {
    id: `${prefix}-${name}`,
    name,
    required: true,
    type: isName ? "text" : "password",
    autocomplete: isName ? "username" : "current-password",
    autocapitalize: "none",
    spellcheck: "false",
  };
  return make(
    "div",
    { class: "field" },
    make("label", { for: attributes.id }, label),
    make("input", attributes),
  );
}
