"""`python -m local.sample --studies 6500`: a database to look at, there until Ctrl-C."""

import argparse
import contextlib
import signal
import time

import psycopg

from local import sample
from local.postgres import Postgres, PostgresError


def main() -> None:
    """Fill a database, say where it is, and keep it until Ctrl-C if it is ours."""
    options = _options()
    try:
        if options.url:
            _fill(options.url, options.studies)
            return
        with Postgres() as server:
            _fill(server.create_database("openrem"), options.studies)
            if not options.once:
                _wait()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except (psycopg.Error, PostgresError) as error:
        raise SystemExit(f"The sample was not made: {error}") from error


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.sample", description=sample.__doc__)
    parser.add_argument("--studies", type=_count, default=6500, metavar="N", help="CT studies (6500)")
    parser.add_argument("--url", help="fill this existing, empty database instead of a new server's")
    parser.add_argument("--once", action="store_true", help="end when it is filled, and remove it")
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _fill(url: str, studies: int) -> None:
    start = time.monotonic()
    sample.fill(url, studies)
    seconds = time.monotonic() - start
    with psycopg.connect(url) as connection:
        row = connection.execute("SELECT count(*) FROM remapp_ctirradiationeventdata").fetchone()
    print(f"{studies} CT studies, {row[0] if row else 0} events, in {seconds:.1f} s", flush=True)
    print(url, flush=True)


def _wait() -> None:
    print("Ctrl-C ends it.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    main()
