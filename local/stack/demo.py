"""Run the complete service on this machine and make one CT export: `make demo`.

DEMO_ONCE=1 ends after the download. DATABASE_URL=postgresql://... uses an existing OpenREM database.
STUDIES=1000 sets the size of the synthetic database.
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
_EXPORT_SECONDS = 1800
_START_SECONDS = 60
_INTERRUPTED = 130
_SHOWN_SHEETS = 12


class DemoError(RuntimeError):
    """The demo failed. The text says why."""


def main() -> None:
    """Run the demo. Exit with status 1 and a message if it fails."""
    signal.signal(signal.SIGTERM, _interrupt)  # so that everything that was started is stopped
    screen = Screen(sys.stdout)
    try:
        _run(screen)
    except KeyboardInterrupt:
        screen.end_line()
        screen.print_line("\n  Interrupted. Everything was stopped.")
        sys.exit(_INTERRUPTED)
    except Exception as problem:  # noqa: BLE001 - any failure must end in a readable message
        screen.end_line()
        sys.exit(f"\nThe demo failed: {problem}")


def _interrupt(*_: object) -> Never:
    raise KeyboardInterrupt


def _run(screen: Screen) -> None:
    screen.title("Dose Export: the complete service on this machine")
    with ExitStack() as running:
        database_url = running.enter_context(_open_database(screen))
        with screen.step("Service from template.yaml") as step:
            stack = running.enter_context(Stack(database_url))
            step.note(f"{stack.cloud.endpoint}, permissions enforced")
        demo_users = _create_users(screen, stack)
        service = Service(stack.url, users.sign_in(stack, demo_users[0]))
        path = _download(screen, service, _export(screen, service, stack.logs.parent))
        _show_sheets(screen, path)
        if os.environ.get("DEMO_ONCE") != "1":
            _serve(screen, stack, demo_users)


@contextmanager
def _open_database(screen: Screen) -> Iterator[str]:
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
            sample.fill(url, studies, last_day=sample.find_yesterday())
            step.note(f"{studies:,} CT studies")
        yield url


def _count_studies(url: str) -> int:
    """Count the CT studies, so that an unusable database is reported now and not by a failed export."""
    query = "SELECT count(*) FROM remapp_generalstudymoduleattr WHERE modality_type = 'CT'"
    try:
        with psycopg.connect(url, connect_timeout=5) as connection:
            found = connection.execute(query).fetchone()
    except psycopg.Error as problem:
        raise DemoError(f"The database of DATABASE_URL cannot be read: {problem}") from None
    return int(found[0]) if found else 0


def _create_users(screen: Screen, stack: Stack) -> list[users.User]:
    with screen.step("Users") as step:
        demo_users = users.create_demo_users(stack)
        step.note(", ".join(user.name for user in demo_users))
    return demo_users


def _export(screen: Screen, service: Service, logs: Path) -> Any:
    """Request a CT workbook and wait until it is finished."""
    with screen.step("Signed in as physicist, requested ct-xlsx") as step:
        reply = service.request_export(type="ct-xlsx")
        if reply.status != 202:  # noqa: PLR2004
            raise DemoError(f"POST /exports returned {reply.status}: {reply.body.decode()}")
        step.note("202 Accepted")
    export = reply.json
    start = time.monotonic()
    with screen.progress("Exporting") as show:
        for export in service.follow(reply.json["id"], _EXPORT_SECONDS):
            show(export["studies_done"] or 0, export["studies_total"], export["state"])
            if export["state"] == "QUEUED" and time.monotonic() - start > _START_SECONDS:
                raise DemoError(f"No worker took the export. See the logs in {logs}")
    if export["state"] != "COMPLETED":
        raise DemoError("The export is {state}. {error[message]} ({error[code]})".format_map(export))
    return export


def _download(screen: Screen, service: Service, export: Any) -> Path:
    with screen.step("Downloaded through the presigned link") as step:
        link = service.call("POST", f"/exports/{export['id']}/download")
        if link.status != 200:  # noqa: PLR2004
            raise DemoError(f"The download link was refused with {link.status}: {link.body.decode()}")
        content = fetch(link.json["url"]).body
        if hashlib.sha256(content).hexdigest() != export["sha256"]:
            raise DemoError("The file's SHA-256 differs from the one that the service reported.")
        DOWNLOADS.mkdir(parents=True, exist_ok=True)
        path = DOWNLOADS / Path(export["file_name"]).name
        path.write_bytes(content)
        step.note(f"{len(content):,} bytes, SHA-256 verified")
    return path


def _show_sheets(screen: Screen, path: Path) -> None:
    with CalamineWorkbook.from_path(path) as workbook:
        sheets = [(name, workbook.get_sheet_by_name(name).height) for name in workbook.sheet_names]
    if "All data" not in dict(sheets):
        raise DemoError(f"The workbook has no sheet All data, only {', '.join(dict(sheets))}")
    screen.print_line(f"\n  {path}\n\n    {'sheet':<32}{'rows (with header)':>24}")
    for name, rows in sheets[:_SHOWN_SHEETS]:
        screen.print_line(f"    {name:<32}{rows:>24,}")
    if rest := sheets[_SHOWN_SHEETS:]:
        rows = sum(height for _, height in rest)
        screen.print_line(f"    {f'and {len(rest)} more':<32}{rows:>24,}")


def _serve(screen: Screen, stack: Stack, demo_users: list[users.User]) -> None:
    logins = "\n".join(
        f"{user.name:<12}{user.password}   {', '.join(user.groups) or 'no group'}" for user in demo_users
    )
    screen.print_line(
        f"""
  The service runs until Ctrl-C. Open the page in a browser and sign in as one of these users:

    Page   {stack.url}/
    Logs   {stack.logs}

{textwrap.indent(logins, "    ")}

  Or export every study with a DLP of at least 500 mGy.cm as csv, without the page:

    API='{stack.url}'
    TOKEN=$(curl -s {stack.cloud.endpoint}/ \\
      -H 'X-Amz-Target: AWSCognitoIdentityProviderService.InitiateAuth' \\
      -H 'Content-Type: application/x-amz-json-1.1' \\
      -d '{{"AuthFlow": "USER_PASSWORD_AUTH", "ClientId": "{stack.resource("UserPoolClient")}",
           "AuthParameters": {{"USERNAME": "physicist", "PASSWORD": "{demo_users[0].password}"}}}}' \\
      | sed 's/.*"AccessToken": *"\\([^"]*\\).*/\\1/')
    curl -s "$API/exports" -H "Authorization: Bearer $TOKEN" -H 'Content-Type: application/json' \\
      -d '{{"type": "ct-csv", "filters": {{"dlp_min": 500}}}}'
    curl -s "$API/exports" -H "Authorization: Bearer $TOKEN"
"""
    )
    with suppress(KeyboardInterrupt):
        signal.pause()
    screen.print_line("\n  Everything was stopped.")


if __name__ == "__main__":
    main()
