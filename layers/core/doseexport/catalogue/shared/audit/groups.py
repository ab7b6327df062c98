"""The groups of an audit while its values arrive: exam × room × population × quantity × detail."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from fractions import Fraction
from typing import NamedTuple

from doseexport.catalogue.shared.audit.populations import POPULATIONS, WEIGHT_DECIMALS

NO_NAME = "(none)"
"""The name of an exam, a room or a detail that is not recorded."""

_PLACES = {name: place for place, name in enumerate(POPULATIONS)}


class GroupKey(NamedTuple):
    """What the values of a group have in common. `quantity` is its place among those of the modality."""

    exam: str
    room: str
    population: str
    detail: str
    quantity: int

    @property
    def order(self) -> tuple[str, str, int, str, int]:
        """The key of a group's place on a sheet: texts by code point, populations in their order."""
        return self.exam, self.room, _PLACES[self.population], self.detail, self.quantity


@dataclass(slots=True)
class Group:
    """A group: its number, its values counted and summed as whole numbers, and what is left out, by reason.

    `weighed` counts the values of studies with a weight, and `weights` sums those weights. `first` is the
    rank of its smallest value among all values, known when they are sorted.
    """

    number: int
    key: GroupKey
    n: int = 0
    total: int = 0
    studies: int = 0
    last_study: int = -1
    weighed: int = 0
    weights: int = 0
    left_out: Counter[str] = field(default_factory=Counter)
    first: int = 0

    def add(self, value: int, study: int, weight: int | None) -> None:
        """Count a value of a study. Values of one study follow each other."""
        self.n += 1
        self.total += value
        if study != self.last_study:
            self.last_study = study
            self.studies += 1
        if weight is not None:
            self.weighed += 1
            self.weights += weight

    @property
    def mean_weight(self) -> Fraction | None:
        """The mean weight in kg over the values with one, or None."""
        return Fraction(self.weights, self.weighed * 10**WEIGHT_DECIMALS) if self.weighed else None


class Groups:
    """All groups of an audit, in the order in which they first occur."""

    def __init__(self) -> None:
        self._by_key: dict[GroupKey, Group] = {}

    def find(self, key: GroupKey) -> Group:
        """Return the group of a key. A new one is added."""
        group = self._by_key.get(key)
        if group is None:
            group = self._by_key[key] = Group(len(self._by_key), key)
        return group

    def by_number(self) -> list[Group]:
        """Return the groups in the order of their numbers."""
        return list(self._by_key.values())

    def sorted(self) -> list[Group]:
        """Return the groups in the order of the sheets."""
        return sorted(self._by_key.values(), key=lambda group: group.key.order)

    def rank(self) -> None:
        """Set the first rank of each group among all sorted values."""
        first = 0
        for group in self._by_key.values():
            group.first = first
            first += group.n
