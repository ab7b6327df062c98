"""Print progress on a terminal: one line per step, and a bar for long steps."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO

_LABEL = 44
_BAR = 30


class Step:
    """A step in progress."""

    def __init__(self) -> None:
        """Start without a note."""
        self.text = ""

    def note(self, text: str) -> None:
        """Set the result that is shown on the step's line."""
        self.text = text


class Screen:
    """A terminal or a file. Unless it is a terminal, a line appears only when its step is finished."""

    def __init__(self, out: TextIO) -> None:
        """Write to `out`."""
        self._out = out
        self._live = out.isatty()
        self._open = False

    def print_line(self, text: str) -> None:
        """Write a line unchanged."""
        print(text, file=self._out, flush=True)

    def title(self, text: str) -> None:
        """Write a heading with blank lines around it."""
        self.print_line(f"\n  {self._bold(text)}\n")

    @contextmanager
    def step(self, label: str) -> Iterator[Step]:
        """Show that a step is running, and then how long it took."""
        step, start = Step(), time.monotonic()
        self._redraw(f"  · {label}")
        yield step
        self._finish(
            f"  {self._green('✓')} {label:<{_LABEL}}{time.monotonic() - start:>6.1f} s   {step.text}"
        )

    @contextmanager
    def progress(self, label: str) -> Iterator[Callable[[int, int | None, str], None]]:
        """Show a bar. The caller reports the finished studies, the total and the state."""
        start, last, sign = time.monotonic(), "", ""

        def show(done: int, total: int | None, state: str) -> None:
            nonlocal last, sign
            sign = self._red("✗") if state in {"FAILED", "ABORTED"} else self._green("✓")
            share = done / total if total else 0.0
            filled = round(share * _BAR)
            last = f"{done:,} of {total:,} studies" if total else state.lower()
            bar = "█" * filled + "░" * (_BAR - filled)
            self._redraw(f"  · {label}  {bar} {share:>4.0%}  {last}")

        yield show
        self._finish(f"  {sign} {label:<{_LABEL}}{time.monotonic() - start:>6.1f} s   {last}")

    def end_line(self) -> None:
        """End an unfinished line."""
        if self._open:
            self.print_line("")
            self._open = False

    def _redraw(self, text: str) -> None:
        if self._live:
            print(f"\r\x1b[K{text}", end="", file=self._out, flush=True)
            self._open = True

    def _finish(self, text: str) -> None:
        print(f"\r\x1b[K{text}" if self._live else text, file=self._out, flush=True)
        self._open = False

    def _bold(self, text: str) -> str:
        return f"\x1b[1m{text}\x1b[0m" if self._live else text

    def _red(self, text: str) -> str:
        return f"\x1b[31m{text}\x1b[0m" if self._live else text

    def _green(self, text: str) -> str:
        return f"\x1b[32m{text}\x1b[0m" if self._live else text
