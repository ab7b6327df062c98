"""Serve a synthetic OpenREM database until Ctrl-C: `python -m local.sample --studies 6500`."""

import argparse
import contextlib
import signal
import time

import psycopg

from local import sample
from local.sample.postgres import Postgres, PostgresError

COUNTS = """
    SELECT coalesce(modality_type, 'of no modality'), count(DISTINCT study.id), count(ct.id) + count(event.id)
    FROM remapp_generalstudymoduleattr study
    LEFT JOIN remapp_ctradiationdose dose ON dose.general_study_module_attributes_id = study.id
    LEFT JOIN remapp_ctirradiationeventdata ct ON ct.ct_radiation_dose_id = dose.id
    LEFT JOIN remapp_projectionxrayradiationdose proj ON proj.general_study_module_attributes_id = study.id
    LEFT JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = proj.id
    GROUP BY 1 ORDER BY 2 DESC, 1"""


def main() -> None:
    """Fill a database and print its URL. If the server was started here, run it until Ctrl-C."""
    options = _options()
    try:
        if options.url:
            _fill(options.url, options)
            return
        with Postgres() as server:
            _fill(server.create_database("openrem"), options)
            if not options.once:
                _wait()
    except KeyboardInterrupt:
        raise SystemExit(130) from None
    except (psycopg.Error, PostgresError) as error:
        raise SystemExit(f"The sample database could not be filled: {error}") from error


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m local.sample", description=sample.__doc__)
    parser.add_argument(
        "--studies", type=_count, default=6500, metavar="N", help="CT studies (default: 6500)"
    )
    for name in sample.SHARES:
        text = f"{name.upper()} studies (default: in proportion)"
        parser.add_argument(f"--{name}", type=int, metavar="N", help=text)
    text = "exposures of the first RF study (default: 0, an ordinary study)"
    parser.add_argument("--rf-exposures", type=int, default=0, metavar="N", help=text)
    parser.add_argument("--url", help="fill this existing, empty database instead of starting a server")
    parser.add_argument(
        "--once", action="store_true", help="stop the server as soon as the database is filled"
    )
    return parser.parse_args()


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _fill(url: str, options: argparse.Namespace) -> None:
    start = time.monotonic()
    given = {name: getattr(options, name) for name in sample.SHARES if getattr(options, name) is not None}
    sample.fill(
        url, options.studies, rf_exposures=options.rf_exposures, last_day=sample.find_yesterday(), **given
    )
    seconds = time.monotonic() - start
    with psycopg.connect(url) as connection:
        rows = connection.execute(COUNTS).fetchall()
    for modality, studies, events in rows:
        print(f"{studies} {modality} studies, {events} events", flush=True)
    print(f"in {seconds:.1f} s", flush=True)
    print(url, flush=True)


def _wait() -> None:
    print("Press Ctrl-C to stop.", flush=True)
    with contextlib.suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    main()
