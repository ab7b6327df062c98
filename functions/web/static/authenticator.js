/** An authenticator app: its key as a QR code and as text, the field for its codes, and the dialog. */

import { busy, byId, make, setShown } from "./dom.js";
import { notify, notifyError } from "./messages.js";
import { explainStep, SignInError } from "./sign-in-errors.js";
import { askStep, makeField } from "./sign-in-form.js";

const SVG = "http://www.w3.org/2000/svg";
const ISSUER = encodeURIComponent("Dose Export");
const QUIET_ZONE = 4;

/** Return the instructions for a key: the QR code, the key in groups of four, and a link for phones. */
export async function makeInstructions(key, userName) {
  const address = `otpauth://totp/${ISSUER}:${encodeURIComponent(userName)}?secret=${key}&issuer=${ISSUER}`;
  return [
    make(
      "p",
      {},
      "Scan this code with an authenticator app, or type the key into it. Then enter the code that the app shows.",
    ),
    await drawQrCode(address),
    make("p", {}, "Key: ", make("code", { class: "app-key" }, key.match(/.{1,4}/g).join(" "))),
    make("a", { href: address }, "Open in the app on this device"),
  ];
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

/** The dialog in which a signed-in user sets up an authenticator app. */
export class AuthenticatorDialog {
  /** @param {import("./session.js").Session} session */
  constructor(session) {
    this.session = session;
    this.dialog = byId("app-dialog");
    const button = byId("app-open");
    setShown(button, !session.usesLoginPage);
    button.addEventListener("click", () => busy(button, () => this.#open().catch(notifyError)));
    byId("app-cancel").addEventListener("click", () => this.dialog.close());
    this.dialog.addEventListener("close", () => byId("app-form").replaceChildren());
  }

  async #open() {
    const proof = { AccessToken: await this.session.getToken() };
    const pool = this.session.pool;
    const { SecretCode: key } = await pool.createAppKey(proof).catch((error) => {
      throw explainStep(error);
    });
    const content = [...(await makeInstructions(key, this.session.name)), makeCodeField("app")];
    this.dialog.showModal();
    const work = async (values) => {
      await pool.verifyAppCode(proof, readCode(values));
      await pool.requireAppCode(proof.AccessToken);
    };
    askStep(byId("app-form"), { content, action: "Continue", work, explain: explainStep }).then(
      () => this.#close("From now on, signing in needs a code of the app."),
      (error) => this.#close(error.message, true),
    );
  }

  #close(text, isError = false) {
    this.dialog.close();
    notify(text, isError);
  }
}

async function drawQrCode(text) {
  const { qrcode } = await import("./qrcode.js");
  const code = qrcode(0, "M"); // 0: the smallest size that holds the text
  code.addData(text);
  code.make();
  const size = code.getModuleCount();
  const numbers = [...Array(size).keys()];
  const dark = numbers.flatMap((y) =>
    numbers.filter((x) => code.isDark(y, x)).map((x) => `M${x} ${y}h1v1h-1z`),
  );
  const path = document.createElementNS(SVG, "path");
  path.setAttribute("d", dark.join(""));
  const picture = document.createElementNS(SVG, "svg");
  const side = size + 2 * QUIET_ZONE;
  picture.setAttribute("viewBox", `${-QUIET_ZONE} ${-QUIET_ZONE} ${side} ${side}`);
  picture.setAttribute("class", "qr-code");
  picture.setAttribute("role", "img");
  picture.setAttribute("aria-label", "QR code of the key");
  picture.append(path);
  return picture;
}
