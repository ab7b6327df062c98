"""The settings of a function, read from its environment and checked."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from zoneinfo import ZoneInfo

from doseexport.domain.rights import EXPORT_GROUP
from doseexport.errors import DoseExportError


@dataclass(frozen=True, slots=True)
class DatabaseSettings:
    """How to reach the dose database.

    Without `secret_arn` the sign-in is by IAM. Without `ca_file` the system's certificates are used.
    """

    host: str
    port: int
    name: str
    user: str
    secret_arn: str | None
    sslmode: str
    ca_file: str | None


@dataclass(frozen=True, slots=True)
class SchedulerTarget:
    """The schedule group, and the function, role and dead-letter queue of its schedules."""

    group: str
    function_arn: str
    role_arn: str
    queue_arn: str


@dataclass(frozen=True, slots=True)
class PseudonymSettings:
    """Who may have pseudonyms, and the secrets of their keys.

    `group` is the group whose members may. `prefix` begins the names of secrets, and `encryption` is the ARN
    of the KMS key that encrypts them, or empty for that of AWS.
    """

    group: str
    prefix: str
    encryption: str


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment variables that template.yaml sets.

    `database` is None for functions that read no database. `target` and `user_pool_id` are empty for
    functions that handle no schedules.
    """

    exports_table_name: str
    audit_table_name: str
    saved_requests_table_name: str
    bucket_name: str
    queue_url: str
    max_active_exports: int
    max_requests_per_minute: int
    retention: timedelta
    max_retention: timedelta
    audit_retention: timedelta
    download_seconds: int
    time_zone: ZoneInfo
    max_schedules: int
    owner_inactive: timedelta
    user_pool_id: str
    target: SchedulerTarget
    pseudonyms: PseudonymSettings
    has_mail_sender: bool
    database: DatabaseSettings | None

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] | None = None) -> Settings:
        """Return the settings. Raise DoseExportError naming a variable that is missing or wrong."""
        values = _Environment(os.environ if environment is None else environment)
        retention, max_retention = _read_retention(values)
        return cls(
            exports_table_name=values.text("EXPORTS_TABLE_NAME"),
            audit_table_name=values.text("AUDIT_TABLE_NAME"),
            saved_requests_table_name=values.text("SAVED_REQUESTS_TABLE_NAME"),
            bucket_name=values.text("BUCKET_NAME"),
            queue_url=values.text("QUEUE_URL"),
            max_active_exports=values.number("MAX_ACTIVE_EXPORTS", 5),
            max_requests_per_minute=values.number("MAX_REQUESTS_PER_MINUTE", 30),
            retention=retention,
            max_retention=max_retention,
            audit_retention=timedelta(days=values.number("AUDIT_RETENTION_DAYS", 2555)),
            download_seconds=values.number("DOWNLOAD_SECONDS", 300),
            time_zone=values.zone("TIME_ZONE", "Europe/London"),
            max_schedules=values.number("MAX_SCHEDULES", 20),
            owner_inactive=timedelta(days=values.number("OWNER_INACTIVE_DAYS", 90)),
            user_pool_id=values.optional("USER_POOL_ID") or "",
            target=_read_target(values),
            pseudonyms=_read_pseudonyms(values),
            has_mail_sender=values.optional("MAIL_SENDER") is not None,
            database=_read_database(values),
        )


def _read_target(values: _Environment) -> SchedulerTarget:
    return SchedulerTarget(
        group=values.optional("SCHEDULE_GROUP") or "",
        function_arn=values.optional("RUN_SCHEDULE_ARN") or "",
        role_arn=values.optional("SCHEDULE_ROLE_ARN") or "",
        queue_arn=values.optional("SCHEDULE_DEAD_LETTERS_ARN") or "",
    )


def _read_pseudonyms(values: _Environment) -> PseudonymSettings:
    return PseudonymSettings(
        group=values.optional("PSEUDONYM_GROUP") or EXPORT_GROUP,
        prefix=values.optional("PSEUDONYM_PREFIX") or "doseexport/pseudonyms/",
        encryption=values.optional("PSEUDONYM_ENCRYPTION") or "",
    )


def _read_retention(values: _Environment) -> tuple[timedelta, timedelta]:
    """Return how long files are retained by default, and at most."""
    default, maximum = values.number("RETENTION_DAYS", 30), values.number("MAX_RETENTION_DAYS", 90)
    if default > maximum:
        raise _bad("RETENTION_DAYS", "must not be larger than MAX_RETENTION_DAYS")
    return timedelta(days=default), timedelta(days=maximum)


def _read_database(values: _Environment) -> DatabaseSettings | None:
    if not values.optional("DATABASE_HOST"):
        return None
    return DatabaseSettings(
        host=values.text("DATABASE_HOST"),
        port=values.number("DATABASE_PORT", 5432),
        name=values.text("DATABASE_NAME"),
        user=values.optional("DATABASE_USER") or "",
        secret_arn=values.optional("DATABASE_SECRET_ARN"),
        sslmode=values.optional("DATABASE_SSLMODE") or "verify-full",
        ca_file=values.optional("DATABASE_CA_FILE"),
    )


@dataclass(frozen=True, slots=True)
class _Environment:
    """Environment variables by name. An empty variable counts as missing."""

    variables: Mapping[str, str]

    def optional(self, name: str) -> str | None:
        return self.variables.get(name) or None

    def text(self, name: str) -> str:
        value = self.optional(name)
        if value is None:
            raise _bad(name, "is missing")
        return value

    def number(self, name: str, default: int) -> int:
        text = self.optional(name) or str(default)
        if not text.isdecimal() or int(text) < 1:
            raise _bad(name, "must be a whole number, at least 1")
        return int(text)

    def zone(self, name: str, default: str) -> ZoneInfo:
        try:
            return ZoneInfo(self.optional(name) or default)
        except (ValueError, OSError, KeyError) as error:
            raise _bad(name, "must be a time zone such as Europe/London") from error


def _bad(name: str, problem: str) -> DoseExportError:
    return DoseExportError("BAD_SETTING", f"The environment variable {name} {problem}.", name)
