"""The definition of an export type: its modality, columns, tables, layout, options and filters."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace

from doseexport.catalogue import filters, options
from doseexport.catalogue.columns import (
    STANDARD,
    Column,
    Inclusions,
    RepeatWarning,
    RowWarning,
    Stream,
)
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.catalogue.layouts import (
    CustomRows,
    FileContext,
    Frequency,
    Layout,
    ModalityWorkbook,
    Table,
    Tables,
)
from doseexport.catalogue.options import Option
from doseexport.catalogue.schema import Feature, Schema, Total
from doseexport.errors import unprocessable

SKIPPED = "skipped"
"""The name of the width that counts the studies that default filters leave out."""

EVERYTHING = Inclusions(include_names=True, include_ids=True, standard=True)
"""Everything that a file can include."""

NO_TOTALS = "OpenREM has no totals yet for {n} studies: they were computed from the accumulated doses."


@dataclass(frozen=True, slots=True)
class Modality:
    """A modality: how its studies are chosen, and how their events are joined.

    `codes` are values of modality_type. `scopes` gives the SQL around filter conditions, by table.
    `event_tables` joins `chosen` (id, position) to its events. `event_key` is SQL for a value that is
    unique to each event and never NULL. A database without `feature` has no such studies.
    """

    name: str
    codes: tuple[str, ...]
    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    scopes: Mapping[str, str]
    event_tables: str
    event_key: str = "event.id"
    feature: Feature | None = None


@dataclass(frozen=True, slots=True)
class Spec:
    """An export type: `type` is its public name, `format` is csv, xlsx or zip.

    `events` is None where the file shows no events. `widths` names whole numbers that are counted before
    the first row, each with its SQL over `chosen`. `own_filters` exist for this type only. At least one
    of the filters that `needs` names must be given. `totals` are those that the file shows.
    `default_filters` hold where a request does not give them, and the width SKIPPED counts the studies that
    they leave out. `is_ordered` is false where the order of studies makes no difference to the file. `title`
    follows the modality's name in the file.
    """

    type: str
    format: str
    help: str
    modality: Modality
    studies: Stream
    events: Stream | None
    layout: Layout
    repeat_warnings: tuple[RepeatWarning, ...] = ()
    widths: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    own_filters: tuple[Filter, ...] = ()
    needs: tuple[str, ...] = ()
    default_filters: Mapping[str, str] = field(default_factory=dict)
    is_ordered: bool = True
    title: str = "export"
    totals: tuple[Total, ...] = ()
    _filters: dict[str, Filter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the filters by their canonical names."""
        object.__setattr__(self, "_filters", {each.name: each for each in self.filters})

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of the modality, then those of this type only."""
        return (*self.modality.filters, *self.own_filters)

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders of the type. Where there is no choice, it is the default order."""
        every = self.modality.orders
        return every if self.is_ordered else tuple(each for each in every if each.name == DEFAULT_ORDER)

    @property
    def columns(self) -> tuple[Column, ...]:
        """All columns of studies, of events and of further tables, whatever a request includes."""
        details = self.layout.details if isinstance(self.layout, Tables) else ()
        return (
            *self.studies.columns,
            *(self.events.columns if self.events else ()),
            *(column for table in details for column in table.columns),
        )

    def build_sample_context(self) -> FileContext:
        """Return the context of a file with all columns, in which everything repeated occurs once."""
        return FileContext(
            study_columns=self.studies.included(EVERYTHING),
            event_columns=self.events.included(EVERYTHING) if self.events else (),
            widths=dict.fromkeys(self.widths, 1),
            options=options.fill_defaults(self.options, {}),
        )

    def filter(self, name: str) -> Filter:
        """Return the filter of this canonical name."""
        return self._filters[name]

    def parse_filters(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return filters by canonical name with canonical values, or raise RequestError for one of them."""
        chosen = {**self.default_filters, **filters.parse_filters(self.filters, given)}
        if self.needs and not any(name in chosen for name in self.needs):
            needed = " or ".join(map(_label, self.needs))
            raise unprocessable("FILTER_NEEDED", f"Enter a {needed}.", f"filters.{self.needs[0]}")
        return dict(sorted(chosen.items()))

    def parse_options(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return options by name with canonical values, or raise RequestError for one of them."""
        return options.parse_options(self.options, given)

    def parse_order(self, given: object) -> str:
        """Return the canonical name of the requested order, or raise RequestError."""
        return filters.parse_order(self.orders, given)

    def order_sql(self, name: str) -> str:
        """Return the SQL of an order. That of the default order is empty."""
        return next(each.sql for each in self.orders if each.name == name)

    def warn_of_totals(self, filters: Iterable[str], order: str) -> Spec:
        """Return the spec with a warning of computed totals, if the file or these choices use totals."""
        chosen = [self.filter(name).total for name in filters]
        chosen += [each.total for each in self.orders if each.name == order]
        used = dict.fromkeys((*self.totals, *filter(None, chosen)))
        if not used:
            return self
        warning = RowWarning(" OR ".join(f"({each.is_computed})" for each in used), NO_TOTALS)
        studies = replace(self.studies, row_warnings=(*self.studies.row_warnings, warning))
        return replace(self, studies=studies)

    def list_features(self, filters: Iterable[str]) -> Iterator[tuple[str, Feature]]:
        """Yield the fields of a request with these filters that need a feature, each with the feature."""
        if self.modality.feature:
            yield "type", self.modality.feature
        for each in map(self.filter, filters):
            if each.feature:
                yield f"filters.{each.name}", each.feature

    def is_offered(self, schema: Schema) -> bool:
        """Return whether a database with this schema has such studies."""
        return self.modality.feature is None or schema.has(self.modality.feature)

    def limit_to(self, schema: Schema) -> Spec:
        """Return the spec without the filters that a database with this schema cannot answer."""

        def limit(filters: tuple[Filter, ...]) -> tuple[Filter, ...]:
            return tuple(each for each in filters if each.feature is None or schema.has(each.feature))

        modality = replace(self.modality, filters=limit(self.modality.filters))
        return replace(self, modality=modality, own_filters=limit(self.own_filters))

    def can_include(self, inclusion: str) -> bool:
        """Return whether a file of this type has a column for names (NAME) or IDs (ID) of patients."""
        return any(column.included_by == inclusion for column in self.studies.columns)

    def selected_study_columns(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns to read of a study. Extras are read only for functions that make rows."""
        return (
            self.studies.selected(inclusions)
            if isinstance(self.layout, CustomRows)
            else self.studies.included(inclusions)
        )

    def selected_event_columns(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns to read of an event. Extras are read for functions and for sheets by name."""
        if self.events is None:
            return ()
        needed = isinstance(self.layout, ModalityWorkbook | CustomRows)
        return self.events.selected(inclusions) if needed else self.events.included(inclusions)

    def list_details(self, inclusions: Inclusions) -> tuple[Table, ...]:
        """Return the tables of a file beside those of studies and events, if it consists of tables."""
        details = self.layout.details if isinstance(self.layout, Tables) else ()
        return tuple(each for each in details if each.included_by != STANDARD or inclusions.standard)

    def list_tables(self, inclusions: Inclusions) -> tuple[Table, ...]:
        """Return the tables of a file in their order, each with all its columns. Other files have none."""
        layout = self.layout
        if not isinstance(layout, Tables) or self.events is None:
            return ()
        studies = replace(layout.studies, columns=layout.studies.columns + self.studies.included(inclusions))
        events = replace(layout.events, columns=layout.events.columns + self.events.included(inclusions))
        return (studies, events, *self.list_details(inclusions))

    @property
    def has_standard_names(self) -> bool:
        """Whether the file depends on the setting of OpenREM that switches standard names on."""
        if any(column.included_by == STANDARD for column in self.columns):
            return True
        # A request can leave out these columns. Summary and sheets of standard names stay.
        return any(each.included_by == STANDARD for each in self.frequencies(EVERYTHING))

    @property
    def has_event_times(self) -> bool:
        """Whether the file has times that depend on the time zone in which OpenREM runs."""
        return any(column.kind.name == "datetime" for column in self.columns)

    def frequencies(self, inclusions: Inclusions) -> tuple[Frequency, ...]:
        """Return what must be counted before the first row of such a file."""
        found = self.layout.frequencies if isinstance(self.layout, ModalityWorkbook | CustomRows) else ()
        return tuple(each for each in found if each.included_by != STANDARD or inclusions.standard)


def _label(name: str) -> str:
    """Return the name of a filter as a form shows it: study_uid is Study UID."""
    words = [{"id": "ID", "uid": "UID"}.get(word, word) for word in name.split("_")]
    return " ".join([words[0].capitalize(), *words[1:]])
