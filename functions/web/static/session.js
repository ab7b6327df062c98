/** The session: tokens in session storage, from managed login (code and PKCE) or from a password. */

import { SharedTokens } from "./shared-tokens.js";
import { SignInError } from "./sign-in-errors.js";
import { PoolError, UserPool } from "./user-pool.js";

const TOKENS = "doseexport.tokens";
const LOGIN = "doseexport.login";
const RENEW_EARLY_MS = 60_000;
const REVOKE_MS = 2000; // how long a sign-out waits for the user pool

/**
 * The tokens of this tab: obtained, shared with the other tabs, renewed and revoked.
 * The event "signed-in" says that tokens came from another tab, "signed-out" that another tab signed out.
 */
export class Session extends EventTarget {
  /** @param {{client_id: string, login: ?string, pool_endpoint: string, scopes: string, logout: ?string}} config */
  constructor(config) {
    super();
    this.config = config;
    this.pool = new UserPool(config);
    this.renewal = null;
    this.tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
    this.shared = new SharedTokens({
      offer: () => this.tokens,
      onreceive: (tokens) => this.#adopt(tokens),
      onend: () => this.#end(),
    });
    if (!this.shared.isCurrent(this.tokens)) this.clearTokens();
    if (this.tokens) this.shared.announce();
  }

  /** Take the tokens of another tab, if this one has none. */
  async join() {
    if (!this.tokens) await this.shared.request();
  }

  /** Whether there are tokens, valid or renewable. */
  get isSignedIn() {
    return this.tokens !== null;
  }

  /** Whether users sign in on the page of the managed login. */
  get usesLoginPage() {
    return Boolean(this.config.login);
  }

  /** The id of the user (the sub of the token), or null without a token. */
  get userId() {
    return this.tokens && readClaims(this.tokens.access).sub;
  }

  /** The user name, or "" without a token. */
  get name() {
    return this.tokens ? readClaims(this.tokens.access).username : "";
  }

  /** Return the access token, renewed if it ends within a minute. Return null if the user must sign in. */
  async getToken() {
    if (!this.shared.isCurrent(this.tokens)) this.#end();
    if (this.tokens && Date.now() > this.tokens.expires - RENEW_EARLY_MS) await this.renew();
    return this.tokens?.access ?? null;
  }

  /** Renew the tokens. Return true on success. Concurrent calls share one renewal. */
  renew() {
    this.renewal ??= this.#renew().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  /** Begin a session with the tokens of a sign-in on this page (Cognito's AuthenticationResult). */
  begin(result) {
    this.#storeTokens(readPoolTokens(result));
  }

  /** Go to the managed login. finishLogin returns `draft` only to the user with this id. */
  async beginLogin(draft, userId) {
    const verifier = makeRandomText();
    const state = makeRandomText();
    sessionStorage.setItem(LOGIN, JSON.stringify({ verifier, state, hash: location.hash, draft, userId }));
    const parameters = new URLSearchParams({
      response_type: "code",
      client_id: this.config.client_id,
      redirect_uri: findPageAddress(),
      scope: this.config.scopes,
      state,
      code_challenge_method: "S256",
      code_challenge: await hash(verifier),
    });
    location.assign(`${this.config.login}/oauth2/authorize?${parameters}`);
  }

  /** Exchange the code from the managed login, if there is one. Return the draft of this user. */
  async finishLogin() {
    const query = new URLSearchParams(location.search);
    const saved = JSON.parse(sessionStorage.getItem(LOGIN) ?? "null");
    sessionStorage.removeItem(LOGIN);
    if (!query.has("code") && !query.has("error")) return null;
    history.replaceState(null, "", location.pathname + (saved?.hash ?? ""));
    // Check the state first: an attacker may have written the texts in this address.
    if (!saved || saved.state !== query.get("state"))
      throw new SignInError("This sign-in was not started here. Try again.");
    if (query.has("error"))
      throw new SignInError(query.get("error_description") ?? "The sign-in was not finished. Try again.");
    await this.#exchange({
      grant_type: "authorization_code",
      code: query.get("code"),
      redirect_uri: findPageAddress(),
      code_verifier: saved.verifier,
    });
    return saved.userId === this.userId ? saved.draft : null;
  }

  /** Sign out of all tabs: clear the tokens and revoke them. */
  async signOut() {
    const refresh = this.tokens?.refresh;
    this.clearTokens();
    this.shared.end();
    if (!refresh) return;
    const isOver = new Promise((resolve) => setTimeout(resolve, REVOKE_MS));
    await Promise.race([this.#revoke(refresh).catch(() => {}), isOver]);
  }

  /** Go to the sign-out of the managed login, which returns to this page. */
  endLogin() {
    const parameters = new URLSearchParams({
      client_id: this.config.client_id,
      logout_uri: findPageAddress(),
    });
    location.assign(`${this.config.logout}?${parameters}`);
  }

  /** Clear the tokens of this tab. */
  clearTokens() {
    this.tokens = null;
    sessionStorage.removeItem(TOKENS);
    this.shared.withdraw?.();
  }

  async #renew() {
    const refresh = this.tokens?.refresh;
    if (!refresh) return false;
    try {
      if (this.usesLoginPage) await this.#exchange({ grant_type: "refresh_token", refresh_token: refresh });
      else await this.#renewByPool(refresh);
      return this.isSignedIn;
    } catch (error) {
      const isRefused = error instanceof PoolError && !isTemporary(error);
      if (isRefused || error instanceof SignInError) this.clearTokens();
      return false;
    }
  }

  async #renewByPool(refresh) {
    const { generation } = this.shared;
    const { AuthenticationResult: result } = await this.pool.renew(refresh);
    this.#storeTokens({ refresh, ...readPoolTokens(result) }, generation);
  }

  async #exchange(form) {
    const { generation } = this.shared;
    const body = new URLSearchParams({ client_id: this.config.client_id, ...form });
    const response = await fetch(`${this.config.login}/oauth2/token`, { method: "POST", body });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) {
      const failure = new PoolError(`status ${response.status}`);
      throw isTemporary(failure) ? failure : new SignInError("Your session has ended. Sign in again.");
    }
    const { access_token: access, expires_in: seconds, refresh_token: refresh } = answer;
    const tokens = { access, expires: findEnd(seconds), refresh: refresh ?? this.tokens?.refresh };
    this.#storeTokens(tokens, generation);
  }

  #revoke(token) {
    if (!this.usesLoginPage) return this.pool.revoke(token);
    const body = new URLSearchParams({ token, client_id: this.config.client_id });
    return fetch(`${this.config.login}/oauth2/revoke`, { method: "POST", body, keepalive: true });
  }

  /** Keep tokens, unless a tab has signed out since they were requested, in this generation. */
  #storeTokens(tokens, generation = this.shared.generation) {
    if (generation !== this.shared.generation) return;
    this.#keepTokens({ ...tokens, generation });
    this.shared.send(this.tokens);
  }

  #keepTokens(tokens) {
    this.tokens = tokens;
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
    this.shared.announce();
  }

  /** Take tokens from another tab, unless they are of another user or no newer than those of this tab. */
  #adopt(tokens) {
    const isOther = this.tokens && readClaims(tokens.access).sub !== this.userId;
    if (isOther || tokens.expires <= (this.tokens?.expires ?? 0)) return;
    this.#keepTokens(tokens);
    this.dispatchEvent(new Event("signed-in"));
  }

  /** Another tab has signed out. */
  #end() {
    this.clearTokens();
    this.dispatchEvent(new Event("signed-out"));
  }
}

// Cognito could not answer, so the session has not ended.
const isTemporary = ({ code }) => /TooManyRequests|InternalError|^status (429|5)/.test(code);

function readPoolTokens({ AccessToken: access, ExpiresIn: seconds, RefreshToken: refresh }) {
  return { access, expires: findEnd(seconds), ...(refresh ? { refresh } : {}) };
}

const findEnd = (seconds) => Date.now() + seconds * 1000;

/** Return the address that the managed login returns to: this page, without query and hash. */
const findPageAddress = () => location.origin + location.pathname;

const makeRandomText = () => toBase64Url(crypto.getRandomValues(new Uint8Array(32)));

async function hash(text) {
  return toBase64Url(new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text))));
}

function toBase64Url(bytes) {
  return btoa(String.fromCharCode(...bytes))
    .replaceAll("+", "-")
    .replaceAll("/", "_")
    .replaceAll("=", "");
}

function readClaims(token) {
  const text = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
  return JSON.parse(atob(text));
}
