"""Sign in to the dose database, by a secret or by an IAM token of the function's role.

A secret can also hold the authority ("ca") that signs the certificate of a database outside RDS. It replaces
the roots of RDS, so that no other authority is trusted.
"""

from __future__ import annotations

import json
import ssl
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache

from doseexport.aws.clients import (
    SECRET_REFUSALS,
    BotoCoreError,
    ClientError,
    find_error_code,
    make_client,
    prepare_clients,
)
from doseexport.aws.settings import DatabaseSettings, Settings
from doseexport.engine.postgres import Database
from doseexport.errors import ExportError, RetryableError


def prepare_login(environment: Mapping[str, str]) -> None:
    """Make the client for signing in while Lambda initialises a function."""
    prepare_clients("secretsmanager" if environment.get("DATABASE_SECRET_ARN") else "rds")


@dataclass(frozen=True, slots=True)
class _Login:
    """A user name with its password, and the file of the authority that signs the server's certificate."""

    user: str
    password: str
    ca_file: str | None


def find_database(settings: Settings, name: str, seconds_left: Callable[[], float]) -> Database:
    """Return the configured database, whose sessions are called `name`.

    Raise ExportError if none is configured or the secret cannot be used. Raise RetryableError if the secret
    cannot be read at the moment.
    """
    where = settings.database
    if where is None:
        raise ExportError("DATABASE_MISSING", "No database is configured for this function.")
    login = _find_login(where)
    is_verified = login.ca_file is not None and where.sslmode.startswith("verify")
    parameters = {
        "host": where.host,
        "port": where.port,
        "dbname": where.name,
        "user": login.user,
        "password": login.password,
        "sslmode": where.sslmode,
        **({"sslrootcert": login.ca_file} if is_verified else {}),
    }
    return Database(parameters, str(settings.time_zone), name, seconds_left)


def _find_login(where: DatabaseSettings) -> _Login:
    try:
        if where.secret_arn is None:
            return _Login(where.user, _make_token(where), where.ca_file)
        text = make_client("secretsmanager").get_secret_value(SecretId=where.secret_arn)["SecretString"]
        secret = json.loads(text)
        ca_file = _write_authority(secret["ca"]) if secret.get("ca") else where.ca_file
        return _Login(secret["username"], secret["password"], ca_file)
    except (ClientError, BotoCoreError) as error:
        if find_error_code(error) in SECRET_REFUSALS:
            raise ExportError("SECRET_REFUSED", "Access to the database secret was denied.") from None
        raise RetryableError(
            "SECRET_UNREACHABLE", "The database secret cannot be read at the moment."
        ) from None
    except (KeyError, ValueError, TypeError, AttributeError):
        raise ExportError("SECRET_UNREADABLE", "The database secret has no username and password.") from None


@cache
def _write_authority(certificates: str) -> str:
    """Write the certificates of an authority to a file, because libpq reads files, and return its path.

    The file stays until the function's environment ends: each new connection and each cancel reads it.
    """
    try:
        ssl.create_default_context(cadata=certificates)
    except (ssl.SSLError, ValueError, TypeError):
        raise ExportError(
            "SECRET_UNREADABLE", 'The "ca" in the database secret is not a certificate in PEM format.'
        ) from None
    with tempfile.NamedTemporaryFile("w", prefix="database-ca-", suffix=".pem", delete=False) as file:
        file.write(certificates)
    return file.name


def _make_token(where: DatabaseSettings) -> str:
    token: str = make_client("rds").generate_db_auth_token(
        DBHostname=where.host, Port=where.port, DBUsername=where.user
    )
    return token
