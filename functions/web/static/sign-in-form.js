/** The form of a sign-in: one step at a time, with its fields, its error and its way back. */

import { busy, fill, make, makeButton, setText } from "./dom.js";
import { describeError, SignInError, StartAgain } from "./sign-in-errors.js";

/**
 * Show one step in the form. Resolve with what `work` returns. If it fails, show why and wait for another try.
 * Reject with StartAgain if the sign-in must begin again.
 * @param {HTMLFormElement} form
 * @param {{content: Array, action: string, work: (values: Object<string, string>) => Promise<*>,
 *   explain?: (error: Error) => Error, message?: string, others?: Object<string, () => *>}} step
 *   `others` are further buttons by their text. The step resolves with what their function returns.
 */
export function askStep(
  form,
  { content, action, work, explain = (error) => error, message = "", others = {} },
) {
  const errorText = make("p", { id: `${form.id}-error`, class: "error", role: "alert" }, message);
  const button = make("button", { type: "submit", class: "button primary" }, action);
  return new Promise((resolve, reject) => {
    const finish = (outcome) => outcome.then(resolve).catch((error) => show(explain(error)));
    const show = (error) => {
      if (error instanceof StartAgain) return reject(error);
      setText(errorText, describeError(error));
      return markWrong(form, error.field, errorText.id);
    };
    const run = (pressed, start) =>
      busy(pressed, () => {
        setText(errorText, "");
        return finish(Promise.resolve().then(start));
      });
    const rest = Object.entries(others).map(([text, start]) => {
      const other = makeButton(text, "quiet", () => run(other, start));
      return other;
    });
    fill(form, content, errorText, button, rest);
    form.onsubmit = (event) => {
      event.preventDefault();
      run(button, () => work(readValues(form)));
    };
    (findFirstEmpty(form) ?? button).focus();
  });
}

/** Return a labelled input. `hint` is a text below it. */
export function makeField(prefix, name, label, { hint, ...attributes } = {}) {
  const id = `${prefix}-${name}`;
  const input = make("input", {
    id,
    name,
    type: "text",
    autocapitalize: "none",
    spellcheck: "false",
    "aria-describedby": hint && `${id}-hint`,
    ...attributes,
  });
  return make(
    "div",
    { class: "field" },
    make("label", { for: id }, label),
    input,
    hint && make("small", { id: `${id}-hint` }, hint),
  );
}

/** Return the field for a new password, with a box that shows it. */
export function makeNewPasswordField(prefix) {
  const field = makeField(prefix, "password", "New password", {
    type: "password",
    autocomplete: "new-password",
    hint: "At least 14 characters, with upper and lower case letters, digits and symbols",
  });
  const input = field.querySelector("input");
  const id = `${prefix}-show`;
  const onchange = (event) => input.setAttribute("type", event.target.checked ? "text" : "password");
  const box = make("input", { id, type: "checkbox", onchange });
  return [field, make("div", { class: "field box" }, box, make("label", { for: id }, "Show what I type"))];
}

/** Return the field for a code of the app. */
export const makeCodeField = (prefix) =>
  makeField(prefix, "code", "Code", { autocomplete: "one-time-code", inputmode: "numeric", maxlength: "12" });

/** Return the six digits that were entered. Throw a SignInError for anything else. */
export function readCode({ code }) {
  const digits = code.replaceAll(/\s/g, "");
  if (!/^[0-9]{6}$/.test(digits)) throw new SignInError("Enter the six digits that the app shows.", "code");
  return digits;
}

const readValues = (form) => Object.fromEntries(new FormData(form));

const findFirstEmpty = (form) => [...form.querySelectorAll("input")].find((input) => !input.value);

/** Mark the field that is wrong, and move to it. */
function markWrong(form, name, errorId) {
  for (const input of form.querySelectorAll("[aria-invalid]")) input.removeAttribute("aria-invalid");
  const wrong = name && form.querySelector(`.field [name="${name}"]`);
  if (!wrong) return;
  wrong.setAttribute("aria-invalid", "true");
  const hint = wrong.getAttribute("aria-describedby")?.split(" ")[0] ?? "";
  wrong.setAttribute("aria-describedby", hint === errorId ? errorId : `${hint} ${errorId}`.trim());
  wrong.focus();
}
