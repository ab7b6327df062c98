/** What to tell a user whose sign-in was refused. No sentence depends on whether an account exists. */

import { PoolError } from "./user-pool.js";

/** Signing in failed. The message is for the user; `field` is the name of the input that is wrong, if one is. */
export class SignInError extends Error {
  constructor(message, field = null) {
    super(message);
    this.field = field;
  }
}

/** The sign-in must begin again. The message says why. */
export class StartAgain extends SignInError {}

// Each is a message and the field that is wrong.
const WRONG_PASSWORD = [
  "Incorrect user name or password. A temporary password stops working after three days: ask an administrator for another.",
  "password",
];
const WRONG_RESET_CODE = [
  "The code is wrong or has expired. Use the code of the newest mail, or send another code.",
  "code",
];
const WRONG_APP_CODE = [
  "The code is wrong. Enter the code that the app shows now. If codes stay wrong, correct the clock of the device.",
  "code",
];
const USED_APP_CODE = ["This code was used already. Wait for the next one.", "code"];
const WEAK_PASSWORD = [
  "The password is too weak. Use at least 14 characters, with upper and lower case letters, digits and symbols.",
  "password",
];
const OLD_PASSWORD = ["You had this password before. Choose another one.", "password"];
const TOO_MANY = ["Too many attempts. Wait 15 minutes, then try again."];
const BUSY = ["The sign-in service is busy. Try again in a moment."];
const ENDED = ["This sign-in has ended: it took too long, or too many codes were wrong. Sign in again."];

const COMMON = {
  InvalidPasswordException: WEAK_PASSWORD,
  PasswordHistoryPolicyViolationException: OLD_PASSWORD,
  LimitExceededException: TOO_MANY,
  TooManyFailedAttemptsException: TOO_MANY,
  TooManyRequestsException: BUSY,
  InternalErrorException: BUSY,
};
const RESET = {
  ...COMMON,
  CodeMismatchException: WRONG_RESET_CODE,
  ExpiredCodeException: WRONG_RESET_CODE,
};
const APP = {
  ...COMMON,
  CodeMismatchException: WRONG_APP_CODE,
  EnableSoftwareTokenMFAException: WRONG_APP_CODE,
  ExpiredCodeException: USED_APP_CODE,
};
const REFUSALS = [
  "NotAuthorizedException",
  "UserNotFoundException",
  "UserNotConfirmedException",
  "InvalidParameterException",
];

/** Return the error to show when a password was refused. */
export const explainPassword = (error) => explain(error, COMMON, WRONG_PASSWORD);

/** Return the error to show when a new password with a code from a mail was refused. */
export const explainReset = (error) => explain(error, RESET, WRONG_RESET_CODE);

/** Return the error to show when a later step was refused. If the sign-in has ended, it must begin again. */
export const explainStep = (error) => explain(error, APP, ENDED, StartAgain);

/** Whether a request for a reset code failed for a reason that is the same for every account. */
export const isServiceFailure = (error) => !(error instanceof PoolError) || COMMON[error.code] === BUSY;

/** Throw a SignInError if the user pool would refuse this password. */
export function requireStrongPassword(password) {
  const rules = [/^.{14,}$/su, /[a-z]/, /[A-Z]/, /[0-9]/, /[^a-zA-Z0-9\s]/];
  if (!rules.every((rule) => rule.test(password))) throw new SignInError(...WEAK_PASSWORD);
}

/** Return why signing in failed, in words. */
export function describeError(error) {
  return error instanceof SignInError
    ? error.message
    : "Cannot reach the sign-in service. Check your connection.";
}

function explain(error, sentences, refused, Refused = SignInError) {
  if (!(error instanceof PoolError)) return error;
  if (/attempts exceeded/i.test(error.message)) return new SignInError(...TOO_MANY);
  if (REFUSALS.includes(error.code)) return new Refused(...refused);
  const unknown = [`Signing in failed (${error.code}). Try again later, or ask an administrator.`];
  return new SignInError(...(sentences[error.code] ?? unknown));
}
