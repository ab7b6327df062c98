"""Sign in to the dose database, by a secret or by an IAM token of the function's role."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from doseexport.aws.clients import BotoCoreError, ClientError, error_code, make_client, prepare_clients
from doseexport.aws.settings import DatabaseSettings, Settings
from doseexport.engine.postgres import Database
from doseexport.errors import ExportError, RetryableError

_REFUSED = frozenset(
    {
        "AccessDeniedException",
        "DecryptionFailure",
        "InvalidParameterException",
        "InvalidRequestException",
        "ResourceNotFoundException",
        "ValidationException",
    }
)
"""Codes of Secrets Manager that no retry can help against: an administrator must change something first."""


def prepare_login(environment: Mapping[str, str]) -> None:
    """Make the client for signing in while Lambda initialises a function."""
    prepare_clients("secretsmanager" if environment.get("DATABASE_SECRET_ARN") else "rds")


def find_database(settings: Settings, name: str, seconds_left: Callable[[], float]) -> Database:
    """Return the configured database, whose sessions are called `name`.

    Raise ExportError if none is configured or the secret cannot be used. Raise RetryableError if the secret
    cannot be read at the moment.
    """
    where = settings.database
    if where is None:
        raise ExportError("DATABASE_MISSING", "No database is configured for this function.")
    user, password = _find_login(where)
    parameters = {
        "host": where.host,
        "port": where.port,
        "dbname": where.name,
        "user": user,
        "password": password,
        "sslmode": where.sslmode,
        **({"sslrootcert": where.ca_file} if where.ca_file and where.sslmode.startswith("verify") else {}),
    }
    return Database(parameters, str(settings.time_zone), name, seconds_left)


def _find_login(where: DatabaseSettings) -> tuple[str, str]:
    try:
        if where.secret_arn is None:
            return where.user, _make_token(where)
        text = make_client("secretsmanager").get_secret_value(SecretId=where.secret_arn)["SecretString"]
        secret = json.loads(text)
        return secret["username"], secret["password"]
    except (ClientError, BotoCoreError) as error:
        if error_code(error) in _REFUSED:
            raise ExportError("SECRET_REFUSED", "Access to the database secret was denied.") from None
        raise RetryableError(
            "SECRET_UNREACHABLE", "The database secret cannot be read at the moment."
        ) from None
    except (KeyError, ValueError, TypeError):
        raise ExportError("SECRET_UNREADABLE", "The database secret has no username and password.") from None


def _make_token(where: DatabaseSettings) -> str:
    token: str = make_client("rds").generate_db_auth_token(
        DBHostname=where.host, Port=where.port, DBUsername=where.user
    )
    return token
