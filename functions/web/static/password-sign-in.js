/** Sign-in with user name and password: the password, and every step that the user pool asks for after it. */

import { make } from "./dom.js";
import {
  describeError,
  explainPassword,
  explainReset,
  explainStep,
  isServiceFailure,
  requireStrongPassword,
  SignInError,
  StartAgain,
} from "./sign-in-errors.js";
import { askStep, makeCodeField, makeField, makeNewPasswordField, readCode } from "./sign-in-form.js";

const CODE_SENT = "If the account exists, a code was sent to its email address.";
const NO_MAIL =
  "No mail after some minutes? Look in the spam folder, and try again in an hour. " +
  "If you have never signed in, ask an administrator for another invitation.";
const RESET = "An administrator has reset your password. A code was sent to your email address.";

/** One sign-in, from the password to the tokens. */
export class PasswordSignIn {
  /**
   * @param {HTMLFormElement} form shows one step after the other
   * @param {import("./user-pool.js").UserPool} pool
   * @param {string} prefix of the ids of the fields
   * @param {string} heading "h2" or "h3", for the titles of the steps
   */
  constructor(form, pool, prefix, heading) {
    Object.assign(this, { form, pool, prefix, heading, userName: "" });
    this.steps = {
      NEW_PASSWORD_REQUIRED: (step) => this.#askNewPassword(step),
      MFA_SETUP: (step) => this.#askAppSetup(step),
      SOFTWARE_TOKEN_MFA: (step) => this.#askAppCode(step),
    };
  }

  /** Return the tokens, as Cognito's AuthenticationResult, when the user has taken every step. */
  async run(message) {
    let shown = message;
    for (;;) {
      try {
        return await this.#signIn(shown);
      } catch (error) {
        shown = describeError(error);
      }
    }
  }

  async #signIn(message) {
    let answer = await this.#askPassword(message);
    while (!answer.AuthenticationResult) {
      const ask = this.steps[answer.ChallengeName];
      if (!ask) {
        throw new StartAgain(
          `This page does not support a step that this account needs: ${answer.ChallengeName}. Ask an administrator.`,
        );
      }
      answer = await ask(answer);
    }
    return answer.AuthenticationResult;
  }

  #askPassword(message) {
    const content = [
      this.#makeNameField(),
      makeField(this.prefix, "password", "Password", { type: "password", autocomplete: "current-password" }),
    ];
    const work = async ({ name, password }) => {
      this.#readName(name);
      if (!password) throw new SignInError("Enter your password.", "password");
      return this.#enterPassword(password);
    };
    const others = { "Forgotten your password?": () => this.#askResetName() };
    return this.#ask({ content, action: "Sign in", work, message, others });
  }

  async #enterPassword(password) {
    try {
      return await this.pool.signIn(this.userName, password);
    } catch (error) {
      if (error.code === "PasswordResetRequiredException") return this.#askReset(RESET);
      throw explainPassword(error);
    }
  }

  #askNewPassword(step) {
    const content = [
      ...this.#describe("Choose your password", "It replaces the temporary one."),
      this.#makeHiddenName(),
      ...makeNewPasswordField(this.prefix),
    ];
    const work = async ({ password }) => {
      requireStrongPassword(password);
      return this.#takeStep(step, { NEW_PASSWORD: password });
    };
    return this.#ask({ content, action: "Set password", work, explain: explainStep });
  }

  async #askAppSetup(step) {
    const { makeInstructions } = await import("./authenticator.js");
    const { SecretCode: key, Session } = await this.pool
      .createAppKey({ Session: step.Session })
      .catch((error) => {
        throw explainStep(error);
      });
    const content = [
      ...this.#describe(
        "Set up an authenticator app",
        "This service asks for a code of an app at every sign-in.",
      ),
      ...(await makeInstructions(key, this.userName)),
      makeCodeField(this.prefix),
    ];
    const work = async (values) => {
      const verified = await this.pool.verifyAppCode({ Session }, readCode(values));
      return this.#takeStep({ ...step, Session: verified.Session }, {});
    };
    return this.#ask({ content, action: "Continue", work, explain: explainStep });
  }

  #askAppCode(step) {
    const content = [
      ...this.#describe("Enter your code", "Your authenticator app shows it beside “Dose Export”."),
      makeCodeField(this.prefix),
    ];
    const work = async (values) => this.#takeStep(step, { SOFTWARE_TOKEN_MFA_CODE: readCode(values) });
    const others = { "Back to sign-in": goBack };
    return this.#ask({ content, action: "Continue", work, explain: explainStep, others });
  }

  #askResetName() {
    const content = [
      ...this.#describe("Forgotten password", "A code by email lets you choose another password."),
      this.#makeNameField(),
    ];
    const work = async ({ name }) => {
      this.#readName(name);
      await this.#sendResetCode();
      return this.#askReset(CODE_SENT);
    };
    return this.#ask({ content, action: "Send code", work, others: { "Back to sign-in": goBack } });
  }

  #askReset(text) {
    const content = [
      ...this.#describe("Choose another password", text),
      make("p", { class: "hint" }, NO_MAIL),
      this.#makeHiddenName(),
      makeField(this.prefix, "code", "Code from the mail", {
        autocomplete: "one-time-code",
        inputmode: "numeric",
      }),
      ...makeNewPasswordField(this.prefix),
    ];
    const work = async ({ code, password }) => {
      if (!code.trim()) throw new SignInError("Enter the code from the mail.", "code");
      requireStrongPassword(password);
      await this.pool.resetPassword(this.userName, code.trim(), password);
      return this.#enterPassword(password);
    };
    const sendAgain = async () => {
      await this.#sendResetCode();
      return this.#askReset(CODE_SENT);
    };
    const others = { "Send another code": sendAgain, "Back to sign-in": goBack };
    return this.#ask({ content, action: "Set password", work, explain: explainReset, others });
  }

  /** Ask for a mail with a code. A refusal looks like success, because it depends on the account. */
  async #sendResetCode() {
    try {
      await this.pool.sendResetCode(this.userName);
    } catch (error) {
      if (isServiceFailure(error)) throw explainReset(error);
    }
  }

  #takeStep(step, responses) {
    return this.pool.takeStep(step, {
      USERNAME: step.ChallengeParameters?.USER_ID_FOR_SRP ?? this.userName,
      ...responses,
    });
  }

  /** Show a step. Screen readers read its title and text when they enter the form. */
  #ask(step) {
    const hasTitle = step.content.some((each) => each.id === `${this.prefix}-step`);
    for (const [name, id] of [
      ["aria-labelledby", "step"],
      ["aria-describedby", "step-text"],
    ]) {
      if (hasTitle) this.form.setAttribute(name, `${this.prefix}-${id}`);
      else this.form.removeAttribute(name);
    }
    return askStep(this.form, step);
  }

  #readName(name) {
    this.userName = name.trim();
    if (!this.userName) throw new SignInError("Enter your user name.", "name");
  }

  #makeNameField() {
    return makeField(this.prefix, "name", "User name", { autocomplete: "username", value: this.userName });
  }

  /** Return a field that tells password managers whose password is chosen. */
  #makeHiddenName() {
    return make("input", { name: "name", autocomplete: "username", value: this.userName, hidden: true });
  }

  #describe(title, text) {
    return [
      make(this.heading, { id: `${this.prefix}-step` }, title),
      make("p", { id: `${this.prefix}-step-text` }, text),
    ];
  }
}

function goBack() {
  throw new StartAgain("");
}
