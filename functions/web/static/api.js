/** The API, as docs/openapi.json describes it. Paths are relative to the page: both have one origin. */

const UNREACHABLE = "The service cannot be reached. Is the network there?";
const BUSY = "The service is busy. Try again in a moment.";

/** The API refused or failed; `message` is a sentence for a person, `field` the part of the request at fault. */
export class Problem extends Error {
  constructor(status, { code = "", detail, field = null } = {}) {
    // Without a sentence it was API Gateway that refused, before any function ran.
    super(detail ?? ([429, 503].includes(status) ? BUSY : `The service answered with ${status}.`));
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Calls with the session's token. When the session has ended, `askAgain` signs in and the call goes on. */
export class Api {
  /**
   * @param {string} base what stands before every path; "" for the page's own folder
   * @param {import("./session.js").Session} session
   * @param {() => Promise<void>} askAgain resolves when somebody has signed in again
   */
  constructor(base, session, askAgain) {
    this.base = base || document.baseURI.replace(/[?#].*$/, "").replace(/\/[^/]*$/, "");
    this.session = session;
    this.askAgain = askAgain;
  }

  /** What can be exported, and what this person may do. */
  listTypes = () => this.#call("GET", "/export-types");

  /** What an export would hold, before it is asked for. */
  preview = (request, signal) => this.#call("POST", "/exports/preview", { body: request, signal });

  /** Ask for an export. */
  request = (request) => this.#askOnce("/exports", request);

  /** A key of its own lets a lost answer be asked for again without asking for an export twice. */
  async #askOnce(path, body) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const call = () => this.#call("POST", path, { body, headers });
    try {
      return await call();
    } catch (problem) {
      if (problem.status !== 0) throw problem;
      return call();
    }
  }

  /** One page of exports, newest first. */
  list(query) {
    const given = Object.entries(query).filter(([, value]) => value);
    return this.#call("GET", `/exports?${new URLSearchParams(given)}`);
  }

  /** One export as it is now. */
  get = (id) => this.#call("GET", `/exports/${id}`);

  /** Stop an export. */
  abort = (id) => this.#call("POST", `/exports/${id}/abort`);

  /** A link to the file, good for minutes. */
  download = (id) => this.#call("POST", `/exports/${id}/download`);

  /** Keep an export's file for so many days from its end. */
  keep = (id, days) => this.#call("PATCH", `/exports/${id}`, { body: { keep_days: days } });

  /** What happened to an export, oldest first. */
  trail = (id) => this.#call("GET", `/exports/${id}/trail`);

  /** Delete exports: what was deleted, and what was refused and why. */
  delete = (ids) => this.#call("DELETE", "/exports", { body: { ids } });

  /** One's own presets and the shared ones, by name. */
  listPresets = () => this.#call("GET", "/presets");

  /** Keep a request under a name. */
  keepPreset = (preset) => this.#call("POST", "/presets", { body: preset });

  /** Delete a preset. */
  deletePreset = (id) => this.#call("DELETE", `/presets/${id}`);

  /** One's own schedules, oldest first; scope "all" for everyone's. */
  listSchedules = (scope) => this.#call("GET", `/schedules?${new URLSearchParams({ scope })}`);

  /** Have a request asked for again and again. */
  makeSchedule = (schedule) => this.#call("POST", "/schedules", { body: schedule });

  /** Let a schedule be due, or not. */
  enableSchedule = (id, enabled) => this.#call("PATCH", `/schedules/${id}`, { body: { enabled } });

  /** Delete a schedule; its exports stay. */
  deleteSchedule = (id) => this.#call("DELETE", `/schedules/${id}`);

  /** Ask for a schedule's export now. */
  runSchedule = (id) => this.#askOnce(`/schedules/${id}/run`);

  /** Who asked for how much in a month (2026-11); for administrators. */
  getUsage = (month) => this.#call("GET", `/usage?${new URLSearchParams({ month })}`);

  async #call(method, path, { body, headers, signal } = {}) {
    for (let triesLeft = 3; ; triesLeft -= 1) {
      const token = await this.session.getToken();
      const response = token && (await this.#send(method, path, { body, headers, signal, token }));
      if (response && response.status !== 401) return readAnswer(response);
      if (!triesLeft) throw new Problem(401, { detail: "The session has ended. Sign in again." });
      // A token may end early, when the person was removed or signed out elsewhere.
      if (!token || triesLeft < 3 || !(await this.session.renew())) await this.askAgain();
    }
  }

  #send(method, path, { body, headers, signal, token }) {
    return fetch(this.base + path, {
      method,
      signal,
      cache: "no-store",
      headers: {
        Authorization: `Bearer ${token}`,
        ...(body ? { "Content-Type": "application/json" } : {}),
        ...headers,
      },
      body: body && JSON.stringify(body),
    }).catch((error) => {
      throw error.name === "AbortError"
        ? error
        : new Problem(0, { code: "UNREACHABLE", detail: UNREACHABLE });
    });
  }
}

async function readAnswer(response) {
  const answer = await response.json().catch(() => null);
  if (response.ok) return answer;
  throw new Problem(response.status, answer ?? {});
}
