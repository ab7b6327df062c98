/** The session: tokens in session storage, from managed login (code and PKCE) or from a password. */

const TOKENS = "doseexport.tokens";
const LOGIN = "doseexport.login";
const RENEW_EARLY_MS = 60_000;

/** Signing in failed. The message is for the user. */
export class SignInError extends Error {}

/** The tokens of this tab: obtained, renewed and revoked. */
export class Session {
  /** @param {{client_id: string, login: ?string, pool_endpoint: string, scopes: string, logout: ?string}} config */
  constructor(config) {
    this.config = config;
    this.tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
    this.renewal = null;
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

  /** Sign in with user name and password. Throw a SignInError if that fails. */
  async signIn(name, password) {
    const answer = await this.#initiate("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password });
    if (!answer.AuthenticationResult) {
      throw new SignInError(
        `This page does not support a step that this account needs: ${answer.ChallengeName}. Ask an administrator.`,
      );
    }
    this.#storeTokens(readPoolTokens(answer.AuthenticationResult));
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

  /** Clear the tokens and revoke them. */
  async signOut() {
    const refresh = this.tokens?.refresh;
    this.clearTokens();
    if (refresh) await this.#revoke(refresh).catch(() => {});
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
  }

  async #renew() {
    const refresh = this.tokens?.refresh;
    if (!refresh) return false;
    try {
      if (this.usesLoginPage) await this.#exchange({ grant_type: "refresh_token", refresh_token: refresh });
      else await this.#renewByPool(refresh);
      return true;
    } catch (error) {
      if (error instanceof SignInError) this.clearTokens();
      return false;
    }
  }

  async #renewByPool(refresh) {
    const answer = await this.#initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refresh });
    this.#storeTokens({ refresh, ...readPoolTokens(answer.AuthenticationResult) });
  }

  #initiate(flow, parameters) {
    const body = { AuthFlow: flow, ClientId: this.config.client_id, AuthParameters: parameters };
    return callPool(this.config.pool_endpoint, "InitiateAuth", body);
  }

  async #exchange(form) {
    const body = new URLSearchParams({ client_id: this.config.client_id, ...form });
    const response = await fetch(`${this.config.login}/oauth2/token`, { method: "POST", body });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new SignInError("Your session has ended. Sign in again.");
    const { access_token: access, expires_in: seconds, refresh_token: refresh } = answer;
    this.#storeTokens({ access, expires: findEnd(seconds), refresh: refresh ?? this.tokens?.refresh });
  }

  #revoke(token) {
    if (!this.usesLoginPage) {
      return callPool(this.config.pool_endpoint, "RevokeToken", {
        Token: token,
        ClientId: this.config.client_id,
      });
    }
    const body = new URLSearchParams({ token, client_id: this.config.client_id });
    return fetch(`${this.config.login}/oauth2/revoke`, { method: "POST", body, keepalive: true });
  }

  #storeTokens(tokens) {
    this.tokens = tokens;
    sessionStorage.setItem(TOKENS, JSON.stringify(tokens));
  }
}

function readPoolTokens({ AccessToken: access, ExpiresIn: seconds, RefreshToken: refresh }) {
  return { access, expires: findEnd(seconds), ...(refresh ? { refresh } : {}) };
}

const findEnd = (seconds) => Date.now() + seconds * 1000;

async function callPool(endpoint, action, body) {
  const headers = {
    "Content-Type": "application/x-amz-json-1.1",
    "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
  };
  const response = await fetch(endpoint, { method: "POST", headers, body: JSON.stringify(body) });
  const answer = await response.json().catch(() => ({}));
  if (response.ok) return answer;
  const isWrong = /NotAuthorized|UserNotFound/.test(answer.__type ?? "");
  throw new SignInError(
    isWrong ? "Incorrect user name or password." : (answer.message ?? "Try again later."),
  );
}

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
