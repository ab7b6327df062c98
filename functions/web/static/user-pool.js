/** Client of the user pool's own API (Cognito), for sign-in with a password on this page. */

/** The user pool refused a call. `code` names the reason. The message is Cognito's, not for the user. */
export class PoolError extends Error {
  constructor(code, message = "") {
    super(message);
    this.code = code;
  }
}

/** The calls of a sign-in. None of them needs AWS credentials. */
export class UserPool {
  /** @param {{client_id: string, pool_endpoint: string}} config */
  constructor(config) {
    this.endpoint = config.pool_endpoint;
    this.client = { ClientId: config.client_id };
  }

  /** Sign in. Return tokens (AuthenticationResult) or the next step (ChallengeName, Session). */
  signIn = (name, password) => this.#initiate("USER_PASSWORD_AUTH", { USERNAME: name, PASSWORD: password });

  /** Return new tokens for a refresh token. */
  renew = (refresh) => this.#initiate("REFRESH_TOKEN_AUTH", { REFRESH_TOKEN: refresh });

  /** Take a step of a sign-in. Return tokens or the next step. */
  takeStep = ({ ChallengeName, Session }, responses) =>
    this.#call("RespondToAuthChallenge", {
      ...this.client,
      ChallengeName,
      Session,
      ChallengeResponses: responses,
    });

  /** Return the key for an authenticator app. `proof` is {Session} during a sign-in, else {AccessToken}. */
  createAppKey = (proof) => this.#call("AssociateSoftwareToken", proof);

  /** Check a code of the authenticator app against the key. */
  verifyAppCode = (proof, code) => this.#call("VerifySoftwareToken", { ...proof, UserCode: code });

  /** Require a code of the authenticator app at every sign-in of this user. */
  requireAppCode = (token) =>
    this.#call("SetUserMFAPreference", {
      AccessToken: token,
      SoftwareTokenMfaSettings: { Enabled: true, PreferredMfa: true },
    });

  /** Send a code to the user's email address. */
  sendResetCode = (name) => this.#call("ForgotPassword", { ...this.client, Username: name });

  /** Set a new password with the code from the mail. */
  resetPassword = (name, code, password) =>
    this.#call("ConfirmForgotPassword", {
      ...this.client,
      Username: name,
      ConfirmationCode: code,
      Password: password,
    });

  /** Revoke a refresh token and the access tokens that came from it. */
  revoke = (refresh) => this.#call("RevokeToken", { ...this.client, Token: refresh });

  #initiate(flow, parameters) {
    return this.#call("InitiateAuth", { ...this.client, AuthFlow: flow, AuthParameters: parameters });
  }

  async #call(action, body) {
    const headers = {
      "Content-Type": "application/x-amz-json-1.1",
      "X-Amz-Target": `AWSCognitoIdentityProviderService.${action}`,
    };
    // A call can end after its page: the revocation at a sign-out.
    const options = { method: "POST", headers, body: JSON.stringify(body), keepalive: true };
    const response = await fetch(this.endpoint, options);
    const answer = await response.json().catch(() => ({}));
    if (response.ok) return answer;
    // The name may follow a namespace: "com.amazonaws…#NotAuthorizedException".
    throw new PoolError((answer.__type ?? `status ${response.status}`).split("#").pop(), answer.message);
  }
}
