/** Setting up an authenticator app: its key as a QR code and as text, and the dialog. Loaded when needed. */

import { byId, make, SVG } from "./dom.js";
import { notify } from "./messages.js";
import { explainStep } from "./sign-in-errors.js";
import { askStep, makeCodeField, readCode } from "./sign-in-form.js";

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

/** Open the dialog in which a signed-in user sets up an authenticator app. */
export async function openDialog(session) {
  const { pool } = session;
  const proof = { AccessToken: await session.getToken() };
  const { SecretCode: key } = await pool.createAppKey(proof).catch((error) => {
    throw explainStep(error);
  });
  const content = [...(await makeInstructions(key, session.name)), makeCodeField("app")];
  const dialog = byId("app-dialog");
  const close = (text, isError = false) => {
    dialog.close();
    notify(text, isError);
  };
  const work = async (values) => {
    await pool.verifyAppCode(proof, readCode(values));
    await pool.requireAppCode(proof.AccessToken);
  };
  byId("app-cancel").onclick = () => dialog.close();
  dialog.onclose = () => byId("app-form").replaceChildren(); // this also removes the key
  dialog.showModal();
  askStep(byId("app-form"), { content, action: "Continue", work, explain: explainStep }).then(
    () => close("From now on, signing in needs a code of the app."),
    (error) => close(error.message, true),
  );
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
