"""Run the service, and redeploy the page as it is edited in functions/web: `python -m local.stack.page`.

STUDIES=400 says how many CT studies the synthetic database has; LOGIN=1 signs in by managed login. The
logins are the same at every start.
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
PASSWORD = "Only-on-loopback-1"  # noqa: S105 - of people who exist while this runs, on loopback alone
_PAUSE = 0.5


def main() -> None:
    """Serve until Ctrl-C."""
    with suppress(KeyboardInterrupt), Postgres() as server:
        url = server.create_database("openrem")
        sample.fill(url, int(os.environ.get("STUDIES", "400")))
        prefix = "hospital" if os.environ.get("LOGIN") == "1" else ""
        with Stack(url, LoginDomainPrefix=prefix) as stack:
            for user in users.create_demo_people(stack, PASSWORD):
                print(f"{user.name:<12}{user.password}   {', '.join(user.groups) or 'no group'}")
            print(f"logs        {stack.logs}\npage        {stack.url}/", flush=True)
            _keep_up_to_date(stack)


def _keep_up_to_date(stack: Stack) -> None:
    served = _look(WEB)
    while True:
        time.sleep(_PAUSE)
        if (found := _look(WEB)) != served:
            served = found
            stack.cloud.client("lambda").update_function_code(
                FunctionName=stack.resource("Web"), ZipFile=build.function(WEB)
            )
            print(f"{time.strftime('%H:%M:%S')} the page is new", flush=True)


def _look(folder: Path) -> dict[Path, float]:
    return {path: path.stat().st_mtime for path in folder.rglob("*") if path.is_file()}


if __name__ == "__main__":
    main()
