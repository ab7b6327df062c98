"""Compare the csv of each modality with the bare COPY of the same rows, in paired turns.

`python -m tests.benchmarks.csv_and_copy URL` reads a sample database with many studies of each modality.
"""

import statistics
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.run import Comparison, run_comparison

TURNS = 5


def main(url: str) -> None:
    """Print the figures of each type, and the smallest, median and largest ratio of wall time."""
    for name in ("ct", "rf", "mg", "dx"):
        with TemporaryDirectory() as folder:
            found = run_comparison(
                Comparison("every study", f"{name}-csv", ("copy",)), url, TURNS, Path(folder)
            )
        turns = zip(found.runs["ours"], found.runs["copy"], strict=True)
        ratios = [ours.wall / copy.wall for ours, copy in turns]
        print(f"{min(ratios):.2f} to {max(ratios):.2f}, median {statistics.median(ratios):.2f}", flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
