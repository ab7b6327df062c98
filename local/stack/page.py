"""Run the service, and redeploy the page as it is edited in functions/web: `python -m local.stack.page`.

STUDIES=400 sets the number of synthetic CT studies. LOGIN=1 enables managed login. The logins are the same at
every start.
"""

import os
import time
from contextlib import suppress
from pathlib import Path

from local import sample
from local.sample.postgres import Postgres
from local.stack import build, users
from local.stack.stack import Stack

WEB = build.ROOT / "functions" / "web"
PASSWORD = "Only-on-loopback-1"  # noqa: S105 - the users exist only while this runs, and only on loopback
_PAUSE = 0.5


def main() -> None:
    """Serve until Ctrl-C."""
    with suppress(KeyboardInterrupt), Postgres() as server:
        url = server.create_database("openrem")
        sample.fill(url, int(os.environ.get("STUDIES", "400")), last_day=sample.find_yesterday())
        prefix = "hospital" if os.environ.get("LOGIN") == "1" else ""
        with Stack(url, LoginDomainPrefix=prefix) as stack:
            for user in users.create_demo_users(stack, PASSWORD):
                print(f"{user.name:<12}{user.password}   {', '.join(user.groups) or 'no group'}")
            print(f"logs        {stack.logs}\npage        {stack.url}/", flush=True)
            _redeploy_changes(stack)


def _redeploy_changes(stack: Stack) -> None:
    deployed = _read_times(WEB)
    while True:
        time.sleep(_PAUSE)
        if (found := _read_times(WEB)) != deployed:
            deployed = found
            stack.cloud.client("lambda").update_function_code(
                FunctionName=stack.resource("Web"), ZipFile=build.build_function(WEB)
            )
            print(f"{time.strftime('%H:%M:%S')} page redeployed", flush=True)


def _read_times(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    main()
