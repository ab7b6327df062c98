/** Client of the API in docs/openapi.json. Paths are relative to the page, which has the same origin. */

const UNREACHABLE = "Cannot reach the service. Check your connection.";
const BUSY = "The service is busy. Try again in a moment.";

/** An error response of the API. `message` is for the user; `field` is the part of the request that is wrong. */
export class Problem extends Error {
  constructor(status, { code = "", detail, field = null } = {}) {
    // Without a detail, the answer came from API Gateway before any function ran.
    super(
      detail ??
        ([429, 503].includes(status) ? BUSY : `The service returned error ${status}. Try again later.`),
    );
    this.status = status;
    this.code = code;
    this.field = field;
  }
}

/** Calls with the session's token. When the session has ended, `signInAgain` signs in and the call continues. */
export class Api {
  /**
   * @param {string} base the prefix of every path; "" for the folder of the page
   * @param {import("./session.js").Session} session
   * @param {() => Promise<void>} signInAgain resolves when the user has signed in again
   */
  constructor(base, session, signInAgain) {
    this.base = base || document.baseURI.replace(/[?#].*$/, "").replace(/\/[^/]*$/, "");
    this.session = session;
    this.signInAgain = signInAgain;
  }

  /** Return what can be exported and what this user may do, without the columns of the types. */
  listExportTypes = () => this.#call("GET", "/export-types?columns=none");

  /** Return the same with the columns of every type. */
  listColumns = () => this.#call("GET", "/export-types");

  /** Return the counts and estimates of an export before it is requested. It replaces one with the same token. */
  previewExport(request, token, signal) {
    const path = `/exports/preview?${new URLSearchParams({ replaces: token })}`;
    return this.#call("POST", path, { body: request, signal });
  }

  /** Return the first rows of an export before it is requested. */
  showFirstRows = (request, signal) => this.#call("POST", "/exports/preview/rows", { body: request, signal });

  /** Return the state and version of the service. */
  getHealth = () => this.#call("GET", "/health");

  /** Return texts that a filter can hold, with the number of studies of each. */
  listSuggestions = (query, signal) =>
    this.#call("GET", `/suggestions?${new URLSearchParams(query)}`, { signal });

  /** Request an export. */
  requestExport = (request) => this.#postOnce("/exports", request);

  /** Send a request with an idempotency key, so that a retry after a lost answer makes no second export. */
  async #postOnce(path, body) {
    const headers = { "Idempotency-Key": crypto.randomUUID() };
    const call = () => this.#call("POST", path, { body, headers });
    try {
      return await call();
    } catch (problem) {
      if (problem.status !== 0) throw problem;
      return call();
    }
  }

  /** Return one page of exports, newest first. */
  listExports(query) {
    const given = Object.entries(query).filter(([, value]) => value);
    return this.#call("GET", `/exports?${new URLSearchParams(given)}`);
  }

  /** Return the current state of one export. */
  getExport = (id) => this.#call("GET", `/exports/${id}`);

  /** Abort an export. */
  abortExport = (id) => this.#call("POST", `/exports/${id}/abort`);

  /** Return a link to the file that is valid for minutes. */
  createDownload = (id) => this.#call("POST", `/exports/${id}/download`);

  /** Set how many days the file is retained, counted from the end of the export. */
  setRetention = (id, days) => this.#call("PATCH", `/exports/${id}`, { body: { retention_days: days } });

  /** Return the audit trail of an export, oldest entry first. */
  getAuditTrail = (id) => this.#call("GET", `/exports/${id}/audit-trail`);

  /** Delete exports. Return the deleted ones, and the refused ones with the reason. */
  deleteExports = (ids) => this.#call("DELETE", "/exports", { body: { ids } });

  /** Return the user's presets and the shared ones, by name. */
  listPresets = () => this.#call("GET", "/presets");

  /** Save a request as a preset. */
  savePreset = (preset) => this.#call("POST", "/presets", { body: preset });

  /** Change fields of a preset. */
  changePreset = (id, changes) => this.#call("PATCH", `/presets/${id}`, { body: changes });

  /** Delete a preset. */
  deletePreset = (id) => this.#call("DELETE", `/presets/${id}`);

  /** Return the user's schedules, oldest first; everyone's with scope "all". */
  listSchedules = (scope) => this.#call("GET", `/schedules?${new URLSearchParams({ scope })}`);

  /** Create a schedule that repeats a request. */
  createSchedule = (schedule) => this.#call("POST", "/schedules", { body: schedule });

  /** Change fields of a schedule. */
  changeSchedule = (id, changes) => this.#call("PATCH", `/schedules/${id}`, { body: changes });

  /** Return the coming runs of a schedule before it is created, or, with an id, before it is changed. */
  previewSchedule(id, body, signal) {
    return this.#call("POST", id ? `/schedules/${id}/preview` : "/schedules/preview", { body, signal });
  }

  /** Return the newest runs of a schedule. */
  listScheduleRuns = (id) => this.#call("GET", `/schedules/${id}/runs`);

  /** Delete a schedule. Its exports are kept. */
  deleteSchedule = (id) => this.#call("DELETE", `/schedules/${id}`);

  /** Run a schedule now. */
  runSchedule = (id) => this.#postOnce(`/schedules/${id}/run`);

  /** Return the usage per user in a month ("2026-11"). For administrators only. */
  getUsage = (month) => this.#call("GET", `/usage?${new URLSearchParams({ month })}`);

  async #call(method, path, { body, headers, signal } = {}) {
    for (let triesLeft = 3; ; triesLeft -= 1) {
      const token = await this.session.getToken();
      const response = token && (await this.#send(method, path, { body, headers, signal, token }));
      if (response && response.status !== 401) return readAnswer(response);
      if (!triesLeft) throw new Problem(401, { detail: "Your session has ended. Sign in again." });
      // A token can end early if the user was removed or signed out elsewhere.
      if (!token || triesLeft < 3 || !(await this.session.renew())) await this.signInAgain();
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
