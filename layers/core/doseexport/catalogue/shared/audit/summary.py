"""The sheet Summary of an audit, and its answer in one line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from doseexport.catalogue.layouts import SummaryRow
from doseexport.catalogue.shared.audit.columns import SUMMARY_COLUMNS
from doseexport.catalogue.shared.audit.drl import NONE, Levels
from doseexport.catalogue.shared.audit.groups import NO_NAME
from doseexport.catalogue.shared.audit.quantities import Quantity
from doseexport.catalogue.shared.audit.results import CLEARLY_ABOVE, Result
from doseexport.catalogue.shared.audit.sheets import Units

_HEADINGS = tuple(column.heading for column in SUMMARY_COLUMNS[:-1])


@dataclass(slots=True)
class ValueCounts:
    """The numbers of values of a quantity, and of those left out, by reason. Each counts once."""

    values: int = 0
    left_out: Counter[str] = field(default_factory=Counter)


@dataclass(slots=True)
class _Counts:
    groups: int = 0
    compared: int = 0
    above: int = 0
    clearly_above: int = 0


@dataclass(slots=True)
class Summary:
    """The counts of an audit, by the place of the quantity, and its cautions with their numbers of groups.

    `values` are the counts of values, of which several groups can have the same.
    """

    values: Sequence[ValueCounts]
    counts: dict[int, _Counts] = field(default_factory=dict)
    cautions: Counter[str] = field(default_factory=Counter)
    rooms: set[str] = field(default_factory=set)

    def add(self, result: Result, cautions: Iterable[str]) -> None:
        """Count the result of a group."""
        group = result.group
        if not group.n:
            return
        counts = self.counts.setdefault(group.key.quantity, _Counts())
        counts.groups += 1
        counts.compared += result.ratio is not None
        counts.above += bool(result.flag)
        counts.clearly_above += result.flag == CLEARLY_ABOVE
        self.cautions.update(cautions)
        if group.key.room != NO_NAME:
            self.rooms.add(group.key.room)

    @property
    def answer(self) -> str:
        """The answer of the audit in one line."""
        compared = sum(each.compared for each in self.counts.values())
        above = sum(each.above for each in self.counts.values())
        if not compared:
            return "No group could be compared with a DRL"
        groups = "group" if compared == 1 else "groups"
        return f"{above} of {compared} {groups} above their DRL"

    def build_rows(
        self, quantities: tuple[Quantity, ...], units: Units, levels: Levels, facts: Mapping[str, str | int]
    ) -> Iterator[SummaryRow]:
        """Yield the rows after those of the request. `facts` are lines of a name and a value."""
        yield from facts.items()
        yield ("Rooms", len(self.rooms))
        yield from _describe_table(levels)
        yield ()
        yield _HEADINGS
        for place, quantity in enumerate(quantities):
            each, own = self.counts.get(place, _Counts()), self.values[place]
            yield (
                quantity.name,
                units.name(quantity),
                each.groups,
                own.values,
                own.left_out.total(),
                each.compared,
                each.above,
                each.clearly_above,
            )
        yield ()
        yield ("Caution", "Groups")
        yield from sorted(self.cautions.items(), key=lambda item: (-item[1], item[0]))


def _describe_table(levels: Levels) -> Iterator[SummaryRow]:
    yield ("DRL table", levels.table)
    if levels.table == NONE:
        return
    if not levels.rows:
        yield ("DRL table holds", "no level for this modality")
        return
    row = levels.rows[0]
    yield ("DRL source", row.source)
    yield ("DRL table from", row.effective_from)
    yield ("DRL licence", row.licence)
