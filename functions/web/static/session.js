/** Who is signed in: tokens in session storage, got by managed login (code and PKCE) or by password. */

const TOKENS = "doseexport.tokens";
const LOGIN = "doseexport.login";
const EARLY_MS = 60_000;

/** Signing in did not work; the message is a sentence for a person. */
export class SignInError extends Error {}

/** The tokens of this tab, and how they are got, renewed and given back. */
export class Session {
  /** @param {{client_id: string, login: ?string, pool_endpoint: string, scopes: string, logout: ?string}} config */
  constructor(config) {
    this.config = config;
    this.tokens = JSON.parse(sessionStorage.getItem(TOKENS) ?? "null");
    this.renewal = null;
  }

  /** Whether there is a token, valid or renewable. */
  get isSignedIn() {
    return this.tokens !== null;
  }

  /** Whether people sign in on the managed login's own page. */
  get usesLoginPage() {
    return Boolean(this.config.login);
  }

  /** The person of the token (Cognito's sub); null without one. */
  get person() {
    return this.tokens && readClaims(this.tokens.access).sub;
  }

  /** The person's user name; "" without a token. */
  get name() {
    return this.tokens ? readClaims(this.tokens.access).username : "";
  }

  /** An access token that is still good for a while; null when signing in is needed. */
  async getToken() {
    if (this.tokens && Date.now() > this.tokens.expires - EARLY_MS) await this.renew();
    return this.tokens?.access ?? null;
  }

  /** Get new tokens; true if that worked. Several askers share one renewal. */
  renew() {
    this.renewal ??= this.#renew().finally(() => {
      this.renewal = null;
    });
    return this.renewal;
  }

  /** Sign in by user name and password; SignInError tells why not. */
  async signIn(name, password) {
    const answer = await this.#initiate("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password });
    if (!answer.AuthenticationResult) {
      throw new SignInError(
        `This account needs one more step, which this page cannot do: ${answer.ChallengeName}.`,
      );
    }
    this.#keep(readPoolTokens(answer.AuthenticationResult));
  }

  /** Leave for the managed login; `draft` is given back by finishLogin to the `person` it belongs to. */
  async beginLogin(draft, person) {
    const verifier = makeRandomText();
    const state = makeRandomText();
    sessionStorage.setItem(LOGIN, JSON.stringify({ verifier, state, hash: location.hash, draft, person }));
    const parameters = new URLSearchParams({
      response_type: "code",
      client_id: this.config.client_id,
      redirect_uri: findOwnAddress(),
      scope: this.config.scopes,
      state,
      code_challenge_method: "S256",
      code_challenge: await hash(verifier),
    });
    location.assign(`${this.config.login}/oauth2/authorize?${parameters}`);
  }

  /** Take the code that the managed login sent us back with, if it did; returns this person's draft. */
  async finishLogin() {
    const query = new URLSearchParams(location.search);
    const kept = JSON.parse(sessionStorage.getItem(LOGIN) ?? "null");
    sessionStorage.removeItem(LOGIN);
    if (!query.has("code") && !query.has("error")) return null;
    history.replaceState(null, "", location.pathname + (kept?.hash ?? ""));
    // First of all: whoever made this address chose its words.
    if (!kept || kept.state !== query.get("state"))
      throw new SignInError("That login was not begun here. Try again.");
    if (query.has("error"))
      throw new SignInError(query.get("error_description") ?? "The login was not finished.");
    await this.#exchange({
      grant_type: "authorization_code",
      code: query.get("code"),
      redirect_uri: findOwnAddress(),
      code_verifier: kept.verifier,
    });
    return kept.person === this.person ? kept.draft : null;
  }

  /** Forget the tokens here, and let the pool forget them. */
  async signOut() {
    const refresh = this.tokens?.refresh;
    this.forget();
    if (refresh) await this.#revoke(refresh).catch(() => {});
  }

  /** Leave for the managed login's own end; it sends people back here. */
  endLogin() {
    const parameters = new URLSearchParams({
      client_id: this.config.client_id,
      logout_uri: findOwnAddress(),
    });
    location.assign(`${this.config.logout}?${parameters}`);
  }

  /** Forget the tokens of this tab. */
  forget() {
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
      if (error instanceof SignInError) this.forget();
      return false;
    }
  }

  async #renewByPool(refresh) {
    const answer = await this.#initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refresh });
    this.#keep({ refresh, ...readPoolTokens(answer.AuthenticationResult) });
  }

  #initiate(flow, parameters) {
    const body = { AuthFlow: flow, ClientId: this.config.client_id, AuthParameters: parameters };
    return callPool(this.config.pool_endpoint, "InitiateAuth", body);
  }

  async #exchange(form) {
    const body = new URLSearchParams({ client_id: this.config.client_id, ...form });
    const response = await fetch(`${this.config.login}/oauth2/token`, { method: "POST", body });
    const answer = await response.json().catch(() => ({}));
    if (!response.ok) throw new SignInError("The login has ended. Sign in again.");
    const { access_token: access, expires_in: seconds, refresh_token: refresh } = answer;
    this.#keep({ access, expires: findEnd(seconds), refresh: refresh ?? this.tokens?.refresh });
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

  #keep(tokens) {
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
    isWrong ? "The user name or the password is not right." : (answer.message ?? "Try again later."),
  );
}

/** The address the managed login sends people back to: this page, without query and hash. */
const findOwnAddress = () => location.origin + location.pathname;

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
