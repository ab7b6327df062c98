"""`make demo`: the whole service on this machine, and one CT export through it.

DEMO_ONCE=1 ends after the download; DATABASE_URL=postgresql://... uses an OpenREM database that is there
already; STUDIES=1000 makes the synthetic one smaller or larger.
"""

import hashlib
import os
import signal
import sys
import textwrap
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Never

import psycopg
from python_calamine import CalamineWorkbook

from local import sample
from local.sample.postgres import Postgres
from local.stack import users
from local.stack.screen import Screen
from local.stack.service import Service, fetch
from local.stack.stack import STATE, Stack

DOWNLOADS = STATE / "demo"
_PATIENCE = 1800
_START_PATIENCE = 60
_INTERRUPTED = 130
_SHOWN_SHEETS = 12


class DemoError(RuntimeError):
    """Something did not work; the text says what, in one message."""


def main() -> None:
    """Run the demo; exit 1 with a message if any of it fails."""
    signal.signal(signal.SIGTERM, _leave)  # so that what was started ends in order
    screen = Screen(sys.stdout)
    try:
        _run(screen)
    except KeyboardInterrupt:
        screen.end_line()
        screen.say("\n  Stopped before the end; nothing is left running.")
        sys.exit(_INTERRUPTED)
    except Exception as problem:  # noqa: BLE001 - a person reads it, whatever it is
        screen.end_line()
        sys.exit(f"\nThe demo failed: {problem}")


def _leave(*_: object) -> Never:
    raise KeyboardInterrupt


def _run(screen: Screen) -> None:
    screen.title("Dose Export, the whole service on this machine")
    with ExitStack() as running:
        database_url = running.enter_context(_database(screen))
        with screen.step("Service from template.yaml") as step:
            stack = running.enter_context(Stack(database_url))
            step.note(f"{stack.cloud.endpoint}, permissions on")
        people = _people(screen, stack)
        service = Service(stack.url, users.sign_in(stack, people[0]))
        path = _download(screen, service, _export(screen, service, stack.logs.parent))
        _describe(screen, path)
        if os.environ.get("DEMO_ONCE") != "1":
            _stay(screen, stack, people)


@contextmanager
def _database(screen: Screen) -> Iterator[str]:
    if url := os.environ.get("DATABASE_URL"):
        with screen.step("Your database, from DATABASE_URL") as step:
            step.note(f"{_count_studies(url):,} CT studies")
        yield url
        return
    studies = int(os.environ.get("STUDIES", "6500"))
    with ExitStack() as running:
        with screen.step("PostgreSQL from a wheel") as step:
            server = running.enter_context(Postgres())
            step.note(f"127.0.0.1:{server.port}")
        with screen.step("Synthetic OpenREM database") as step:
            url = server.create_database("openrem")
            sample.fill(url, studies)
            step.note(f"{studies:,} CT studies")
        yield url


def _count_studies(url: str) -> int:
    """Count what there is to export; better now than as a failed export in two minutes."""
    query = "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            found = connection.execute(query).fetchone()
    except psycopg.Error as problem:
        raise DemoError(f"the database of DATABASE_URL cannot be read: {problem}") from None
    return int(found[0]) if found else 0


def _people(screen: Screen, stack: Stack) -> list[users.User]:
    with screen.step("Users") as step:
        people = users.create_demo_people(stack)
        step.note(", ".join(user.name for user in people))
    return people


def _export(screen: Screen, service: Service, logs: Path) -> Any:
    """Ask for a CT workbook and follow it to its end."""
    with screen.step("Signed in as physicist, asked for ct-xlsx") as step:
        asked = service.ask(type="ct-xlsx")
        if asked.status != 202:  # noqa: PLR2004
            raise DemoError(f"POST /exports was answered with {asked.status}: {asked.body.decode()}")
        step.note("202 Accepted")
    export = asked.json
    start = time.monotonic()
    with screen.progress("Exporting") as show:
        for export in service.follow(asked.json["id"], _PATIENCE):
            show(export["studies_done"] or 0, export["studies_total"], export["state"])
            if export["state"] == "QUEUED" and time.monotonic() - start > _START_PATIENCE:
                raise DemoError(f"no worker took the export; the logs are in {logs}")
    if export["state"] != "COMPLETED":
        raise DemoError("the export ended as {state}. {error[message]} ({error[code]})".format_map(export))
    return export


def _download(screen: Screen, service: Service, export: Any) -> Path:
    with screen.step("Downloaded by the presigned link") as step:
        link = service.call("POST", f"/exports/{export['id']}/download")
        if link.status != 200:  # noqa: PLR2004
            raise DemoError(f"the download was refused with {link.status}: {link.body.decode()}")
        content = fetch(link.json["url"]).body
        if hashlib.sha256(content).hexdigest() != export["sha256"]:
            raise DemoError("the file's SHA-256 is not what the service said")
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        path = DOWNLOADS / Path(export["file_name"]).name
        path.write_bytes(content)
        step.note(f"{len(content):,} bytes, SHA-256 as promised")
    return path


def _describe(screen: Screen, path: Path) -> None:
    with CalamineWorkbook.from_path(path) as workbook:
        sheets = [(name, workbook.get_sheet_by_name(name).height) for name in workbook.sheet_names]
    if "All data" not in dict(sheets):
        raise DemoError(f"the workbook has no sheet All data, only {', '.join(dict(sheets))}")
    screen.say(f"\n  {path}\n\n    {'sheet':<32}{'rows, header included':>24}")
    for name, rows in sheets[:_SHOWN_SHEETS]:
        screen.say(f"    {name:<32}{rows:>24,}")
    if rest := sheets[_SHOWN_SHEETS:]:
        rows = sum(height for _, height in rest)
        screen.say(f"    {f'and {len(rest)} more':<32}{rows:>24,}")


def _stay(screen: Screen, stack: Stack, people: list[users.User]) -> None:
    logins = "\n".join(
        f"{user.name:<12}{user.password}   {', '.join(user.groups) or 'no group'}" for user in people
    )
    screen.say(
        f"""
  The service stays up until Ctrl-C. Open the page in a browser, and sign in as one of these:

    Page   {stack.url}/
    Logs   {stack.logs}

{textwrap.indent(logins, "    ")}

  Or ask for every study above 500 mGy.cm as csv, without the page:

    API='{stack.url}'
    TOKEN=$(curl -s {stack.cloud.endpoint}/ \\
      -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\
      -H 'Content-Type: application/x-amz-json-1.1' \\
      -d '{{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "{stack.resource("UserPoolClient")}",
           "AuthParameters": {{"USERNAME": "physicist", "PASSWORD": "{people[0].password}"}}}}' \\
      | sed 's/.*"AccessToken": *"\\([^"]*\\).*/\\1/')
    curl -s "$API/exports" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
      -d '{{"type": "ct-csv", "filters": {{"dlp_min": 500}}}}'
    curl -s "$API/exports" -H "Authorization: Bearer $TOKEN"
"""
    )
    with suppress(KeyboardInterrupt):
        signal.pause()
    screen.say("\n  Stopped; nothing is left running.")


if __name__ == "__main__":
    main()
