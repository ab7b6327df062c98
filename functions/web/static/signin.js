/** Asking people to sign in: as a page at first, as a dialog above the page when a session has ended. */

import { busy, byId, fill, make, setShown, setText } from "./dom.js";
import { SignInError } from "./session.js";

/** Asks once at a time; everybody who needs a session waits for the same answer. */
export class SignIn {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.asking = null;
    byId("ended").addEventListener("cancel", (event) => event.preventDefault());
    byId("ended-leave").addEventListener("click", () => this.#leave());
  }

  /** Show the page that asks, until somebody has signed in. */
  async ask(fault = "") {
    setShown(byId("sign-in"), true);
    await new Promise((resolve) => this.#fillForm(byId("sign-in-form"), "sign-in", fault, resolve));
    fill(byId("sign-in-form")); // the password with it
    setShown(byId("sign-in"), false);
  }

  /** Ask in a dialog, with the page as it is behind it; another person starts anew. */
  askAgain(findDraft) {
    this.asking ??= this.#askAgain(findDraft).finally(() => {
      this.asking = null;
    });
    return this.asking;
  }

  async #askAgain(findDraft) {
    const before = this.#person;
    const dialog = byId("ended");
    dialog.showModal();
    await new Promise((resolve) => this.#fillForm(byId("ended-form"), "ended", "", resolve, findDraft));
    fill(byId("ended-form"));
    dialog.close();
    if (before && this.session.person !== before) await this.#startAnew();
  }

  /** Who is here, or was until their tokens were forgotten. */
  get #person() {
    return this.session.person ?? this.lastPerson;
  }

  /** Remember who was here, for when their tokens are forgotten. */
  remember() {
    this.lastPerson = this.session.person;
  }

  #leave() {
    this.session.forget();
    location.reload();
  }

  #startAnew() {
    location.reload();
    return new Promise(() => {});
  }

  #fillForm(form, prefix, fault, done, findDraft = () => null) {
    const place = make("p", { class: "fault", role: "alert" }, fault);
    const button = make("button", { type: "submit", class: "button primary" }, "Sign in");
    const isPage = this.session.usesLoginPage;
    const fields = isPage
      ? []
      : [makeInput(prefix, "name", "User name"), makeInput(prefix, "password", "Password")];
    fill(form, fields, place, button);
    form.onsubmit = (event) => {
      event.preventDefault();
      busy(button, () =>
        this.#submit(form, findDraft)
          .then(done)
          .catch((error) => setText(place, describeFault(error))),
      );
    };
    (form.querySelector("input") ?? button).focus();
  }

  async #submit(form, findDraft) {
    if (!this.session.usesLoginPage) {
      return this.session.signIn(form.elements.name.value.trim(), form.elements.password.value);
    }
    await this.session.beginLogin(findDraft(), this.#person);
    return new Promise(() => {}); // the page is being left
  }
}

/** Why signing in did not work, in words. */
export function describeFault(error) {
  return error instanceof SignInError ? error.message : "The login cannot be reached. Is the network there?";
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
