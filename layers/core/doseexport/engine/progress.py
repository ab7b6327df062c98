"""The interface through which a run reports its progress and can be stopped."""

from __future__ import annotations

from typing import Protocol

from doseexport.catalogue.schema import Schema


class Stoppable(Protocol):
    """An operation that can block and that another thread can cancel."""

    def cancel(self) -> None:
        """Stop now. The method may be called at any time, and more than once."""


class Monitor(Protocol):
    """An observer of the progress of a run, which can stop the run."""

    def guard(self, blocking: Stoppable) -> None:
        """Cancel `blocking` when the run must stop."""

    def note_schema(self, schema: Schema) -> None:
        """Receive what the database has."""

    def expect(self, studies: int) -> None:
        """Receive the total number of studies."""

    def advance(self) -> None:
        """Count one more written study. Raise the reason if the run must stop."""
