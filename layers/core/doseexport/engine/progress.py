"""What watches a run: it is told how far the run is, and may stop it."""

from __future__ import annotations

from typing import Protocol


class Stoppable(Protocol):
    """Something that may block, and that another thread can make give up."""

    def cancel(self) -> None:
        """Give up now; may be called at any time, more than once."""


class Monitor(Protocol):
    """The other end of a run's progress."""

    def guard(self, blocking: Stoppable) -> None:
        """Cancel `blocking` too when the run has to stop."""

    def expect(self, studies: int) -> None:
        """Learn how many studies there will be."""

    def advance(self) -> None:
        """Learn that one more study is written; raises why the run has to stop, if it has to."""
