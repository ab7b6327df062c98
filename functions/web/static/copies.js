/** The request of the form to use elsewhere: as a link, as a curl command, and as a Python program. */

import { Problem } from "./api.js";
import { notify } from "./messages.js";

const NAMED = "This filter identifies a patient and is not copied. Clear it first.";

/**
 * Copy the request of the form. Throw a Problem if a filter identifies a patient.
 * @param {"link"|"curl"|"python"} kind
 * @param {import("./form.js").ExportForm} form
 * @param {string} base the address of the API
 */
export async function copyRequest(kind, form, base) {
  const request = form.readRequest();
  const named = form.findPrivate(request.filters);
  if (named) throw new Problem(422, { detail: NAMED, field: `filters.${named.name}` });
  const url = new URL(`${base}/exports`, location.href).href;
  const [text, what] = {
    link: () => [new URL(form.address, location.href).href, "Link"],
    curl: () => [writeCurl(url, shorten(request)), "curl command"],
    python: () => [writePython(url, shorten(request)), "Python program"],
  }[kind]();
  await navigator.clipboard.writeText(text);
  notify(kind === "link" ? `${what} copied.` : `${what} copied. It reads an access token from TOKEN.`);
}

/** Leave out what has its default. */
const shorten = (request) =>
  Object.fromEntries(
    Object.entries(request).filter(([, value]) =>
      typeof value === "object" ? Object.keys(value).length : value !== false && value !== undefined,
    ),
  );

function writeCurl(url, request) {
  const quote = (text) => `'${text.replaceAll("'", `'\\''`)}'`;
  return [
    `curl -X POST ${quote(url)}`,
    '-H "Authorization: Bearer $TOKEN"',
    "-H 'Content-Type: application/json'",
    `-d ${quote(JSON.stringify(request))}`,
  ].join(" \\\n  ");
}

function writePython(url, request) {
  return `import json
import os
import urllib.request

request = ${writeLiteral(request)}
call = urllib.request.Request(
    ${JSON.stringify(url)},
    json.dumps(request).encode(),
    {"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"},
)
with urllib.request.urlopen(call) as answer:
    print(json.load(answer)["id"])
`;
}

/** Return a value as Python writes it. Texts and numbers are the same in JSON. */
function writeLiteral(value) {
  if (value === true) return "True";
  if (typeof value !== "object") return JSON.stringify(value);
  const items = Object.entries(value).map(([name, each]) => `${JSON.stringify(name)}: ${writeLiteral(each)}`);
  return `{${items.join(", ")}}`;
}
