"""Extend MiniStack's Cognito by what it lacks of a sign-in in several steps.

MiniStack accepts any session, any new password and any code twice, and never demands an authenticator app.
Here, as in Cognito: a session belongs to one user and one step and ends with its use; a new password follows
the policy of the pool; a pool that requires codes demands an app before it gives tokens; a code counts once.
Temporary passwords follow the policy too.
"""

import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

Json = dict[str, Any]
Answer = tuple[int, dict[str, str], bytes]
Handler = Callable[[Json], Answer]

SESSION_SECONDS = 900
TOTP = "SOFTWARE_TOKEN_MFA"
STEPS = {"NEW_PASSWORD_REQUIRED", "MFA_SETUP", TOTP}


@dataclass
class Session:
    """One step that one user must take before `ends`."""

    user_name: str
    step: str
    ends: float
    secret: str | None = None
    is_verified: bool = False


class Refusal(Exception):  # noqa: N818  an answer of Cognito, not a failure
    """An error that Cognito answers with."""

    def __init__(self, code: str, message: str) -> None:
        """Make the answer with this code and message."""
        super().__init__(message)
        self.code = code


class Sessions:
    """The open sessions of sign-ins, by their token."""

    def __init__(self) -> None:
        """Begin without sessions."""
        self._open: dict[str, Session] = {}

    def open(self, session: Session) -> str:
        """Keep a session and return its token."""
        token = secrets.token_urlsafe(48)
        self._open[token] = session
        return token

    def find(self, token: str, step: str) -> Session:
        """Return the session of a token. Raise Refusal if there is none for this step."""
        session = self._open.get(token)
        if session is None or session.step != step:
            raise Refusal("NotAuthorizedException", "Invalid session for the user.")
        if session.ends < time.time():
            raise Refusal("NotAuthorizedException", "Invalid session for the user, session is expired.")
        return session

    def close(self, token: str) -> None:
        """Forget a session."""
        self._open.pop(token, None)


class Challenges:
    """The operations of a sign-in, each around the one of MiniStack."""

    def __init__(self, cognito: Any) -> None:
        """Extend the module `cognito` of MiniStack."""
        self._cognito = cognito
        self._sessions = Sessions()
        self._initiate_auth: Handler = cognito._initiate_auth  # noqa: SLF001
        self._respond: Handler = cognito._respond_to_auth_challenge  # noqa: SLF001
        self._associate: Handler = cognito._associate_software_token  # noqa: SLF001
        self._verify: Handler = cognito._verify_software_token  # noqa: SLF001

    def initiate_auth(self, data: Json) -> Answer:
        """Sign in with a password, up to the first step that the user must take."""
        answer = self._initiate_auth(data)
        if data.get("AuthFlow") != "USER_PASSWORD_AUTH":
            return answer
        return self._continue(answer, data["ClientId"], data["AuthParameters"]["USERNAME"])

    def respond(self, data: Json) -> Answer:
        """Take a step, up to the next one or the tokens."""
        step = data.get("ChallengeName", "")
        if step not in STEPS:
            return self._respond(data)
        token, responses = data.get("Session", ""), data["ChallengeResponses"]
        session = self._sessions.find(token, step)
        if responses.get("USERNAME") != session.user_name:
            raise Refusal("NotAuthorizedException", "Invalid session for the user.")
        pool, user = self._find_user(data["ClientId"], session.user_name)
        if step == "NEW_PASSWORD_REQUIRED":
            refused: Answer | None = self._cognito._validate_password(pool, responses["NEW_PASSWORD"])  # noqa: SLF001
            if refused:
                return refused
        elif step == "MFA_SETUP":
            _enrol(session, user)
        else:
            self._use_code(user, responses["SOFTWARE_TOKEN_MFA_CODE"])
        answer = self._respond(data)
        if answer[0] == 200:  # noqa: PLR2004
            self._sessions.close(token)
        return self._continue(answer, data["ClientId"], session.user_name)

    def associate(self, data: Json) -> Answer:
        """Give a secret for an authenticator app."""
        if "Session" not in data:
            return self._associate(data)
        session = self._sessions.find(data["Session"], "MFA_SETUP")
        self._sessions.close(data["Session"])
        secret = json.loads(self._associate({})[2])["SecretCode"]
        return _reply({"SecretCode": secret, "Session": self._sessions.open(_renew(session, secret))})

    def verify(self, data: Json) -> Answer:
        """Compare a code of the authenticator app with the secret, and turn codes on for the user."""
        if "Session" not in data:
            return self._verify(data)
        session = self._sessions.find(data["Session"], "MFA_SETUP")
        if not self._cognito._totp_matches(session.secret, data.get("UserCode")):  # noqa: SLF001
            raise Refusal("EnableSoftwareTokenMFAException", "Code mismatch")
        self._sessions.close(data["Session"])
        verified = _renew(session, session.secret)
        verified.is_verified = True
        return _reply({"Status": "SUCCESS", "Session": self._sessions.open(verified)})

    def _use_code(self, user: Json, code: str) -> None:
        """Refuse a right code that was used before. MiniStack refuses a wrong one."""
        if user.get("_totp_used") == code:
            raise Refusal("ExpiredCodeException", "Your software token has already been used once.")
        if self._cognito._totp_matches(user["_totp_secret"], code):  # noqa: SLF001
            user["_totp_used"] = code

    def _find_user(self, client: str, name: str) -> tuple[Json, Json]:
        pool, _ = self._cognito._pool_for_client(client)  # noqa: SLF001
        return pool, pool["_users"].get(name, {})

    def _continue(self, answer: Answer, client: str, name: str) -> Answer:
        """Give a session to the next step. Demand an authenticator app where the pool requires codes."""
        status, _, body = answer
        if status != 200:  # noqa: PLR2004
            return answer
        content = json.loads(body)
        pool, user = self._find_user(client, name)
        requires_code = pool.get("MfaConfiguration") == "ON"
        has_app = TOTP in user.get("_mfa_enabled", [])
        if "AuthenticationResult" in content and requires_code and not has_app:
            parameters = {"MFAS_CAN_SETUP": json.dumps([TOTP]), "USER_ID_FOR_SRP": name}
            content = {"ChallengeName": "MFA_SETUP", "ChallengeParameters": parameters}
        if step := content.get("ChallengeName"):
            content["Session"] = self._sessions.open(Session(name, step, time.time() + SESSION_SECONDS))
        return _reply(content)


def install_challenges() -> None:
    """Replace MiniStack's operations of a sign-in. Call this before it serves."""
    from ministack.services import cognito  # type: ignore[import-untyped]  # noqa: PLC0415  reads settings

    challenges = Challenges(cognito)
    cognito._generate_temp_password = make_temporary_password  # noqa: SLF001
    cognito._initiate_auth = _answer_refusals(challenges.initiate_auth)  # noqa: SLF001
    cognito._respond_to_auth_challenge = _answer_refusals(challenges.respond)  # noqa: SLF001
    cognito._associate_software_token = _answer_refusals(challenges.associate)  # noqa: SLF001
    cognito._verify_software_token = _answer_refusals(challenges.verify)  # noqa: SLF001


def make_temporary_password() -> str:
    """Return a random password that the policy of the template accepts. MiniStack's are too short for it."""
    return f"Aa1-{secrets.token_urlsafe(12)}"


def _enrol(session: Session, user: Json) -> None:
    """Store the verified secret with the user, as VerifySoftwareToken does for a user with a token."""
    if not session.is_verified:
        raise Refusal("NotAuthorizedException", "Invalid session for the user.")
    user |= {"_totp_secret": session.secret, "_mfa_enabled": [TOTP], "_preferred_mfa": TOTP}


def _answer_refusals(handler: Handler) -> Handler:
    def answer(data: Json) -> Answer:
        try:
            return handler(data)
        except Refusal as refusal:
            return _reply({"__type": refusal.code, "message": str(refusal)}, 400)

    return answer


def _renew(session: Session, secret: str | None) -> Session:
    return Session(session.user_name, session.step, time.time() + SESSION_SECONDS, secret)


def _reply(content: Json, status: int = 200) -> Answer:
    return status, {"Content-Type": "application/x-amz-json-1.1"}, json.dumps(content).encode()
