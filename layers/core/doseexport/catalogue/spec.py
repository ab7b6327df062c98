"""What an export type is made of: columns, the tables around them, children to look at. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from doseexport.catalogue import filters, options
from doseexport.catalogue.columns import STANDARD, Column, Inclusions, RepeatWarning, Stream
from doseexport.catalogue.filters import Filter, Order
from doseexport.catalogue.layouts import CustomRows, FileContext, Frequency, Layout, ModalityWorkbook
from doseexport.catalogue.options import Option
from doseexport.errors import unprocessable


@dataclass(frozen=True, slots=True)
class Modality:
    """How the studies of one modality are chosen, and where their events are.

    `codes` are values of modality_type; `scopes` wraps filter conditions by table; `event_tables`
    joins `chosen` (id, position) to its events; `event_key` is one value per event, never NULL.
    """

    name: str
    codes: tuple[str, ...]
    filters: tuple[Filter, ...]
    orders: tuple[Order, ...]
    scopes: Mapping[str, str]
    event_tables: str
    event_key: str = "event.id"


@dataclass(frozen=True, slots=True)
class Spec:
    """One export type: `type` is its public name, `format` csv or xlsx.

    `events` is None where the file shows no events; `widths` are whole numbers known before the
    first row (name → SQL over `chosen`); `own_filters` belong to this type alone; of the filters
    that `needs` names at least one must be given.
    """

    type: str
    format: str
    help: str
    modality: Modality
    studies: Stream
    events: Stream | None
    layout: Layout
    checks: tuple[RepeatWarning, ...] = ()
    widths: Mapping[str, str] = field(default_factory=dict)
    options: tuple[Option, ...] = ()
    own_filters: tuple[Filter, ...] = ()
    needs: tuple[str, ...] = ()
    _filters: dict[str, Filter] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Index the filters by their canonical names."""
        object.__setattr__(self, "_filters", {each.name: each for each in self.filters})

    @property
    def filters(self) -> tuple[Filter, ...]:
        """The filters of the type: its modality's, and its own."""
        return (*self.modality.filters, *self.own_filters)

    @property
    def orders(self) -> tuple[Order, ...]:
        """The orders of the type."""
        return self.modality.orders

    @property
    def columns(self) -> tuple[Column, ...]:
        """Every column that may be read of studies and of events."""
        return (*self.studies.columns, *(self.events.columns if self.events else ()))

    def list_columns(self) -> list[Column]:
        """Return the columns that a reader of the file can meet; of those that repeat the first."""
        layout = self.layout
        if not isinstance(layout, CustomRows):
            blocks = layout.blocks.columns if isinstance(layout, ModalityWorkbook) and layout.blocks else ()
            return [*self.columns, *blocks]
        sheets = layout.start(self._start_anything(layout)).sheets
        return list({column.heading: column for sheet in sheets for column in sheet.columns}.values())

    def _start_anything(self, layout: CustomRows) -> FileContext:
        every = Inclusions(include_names=True, include_ids=True, standard=True)
        return FileContext(
            study_columns=self.studies.wanted(every),
            event_columns=self.events.wanted(every) if self.events else (),
            widths=dict.fromkeys(self.widths, 1),
            options=options.fill_defaults(self.options, {}),
            frequencies={each.title: [] for each in layout.frequencies},
        )

    def filter(self, name: str) -> Filter:
        """Return the filter of this canonical name."""
        return self._filters[name]

    def parse_filters(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return canonical names and values, or raise RequestError naming the filter."""
        chosen = filters.parse_filters(self.filters, given)
        if self.needs and not any(name in chosen for name in self.needs):
            needed = " or ".join(self.needs)
            raise unprocessable(
                "FILTER_NEEDED", f"This export type needs {needed}.", f"filters.{self.needs[0]}"
            )
        return chosen

    def parse_options(self, given: Mapping[str, object]) -> dict[str, str]:
        """Return canonical names and values, or raise RequestError naming the option."""
        return options.parse_options(self.options, given)

    def parse_order(self, given: object) -> str:
        """Return the canonical name of the order asked for."""
        return filters.parse_order(self.orders, given)

    def order_sql(self, name: str) -> str:
        """Return the SQL of an order; the default's is empty."""
        return next(each.sql for each in self.orders if each.name == name)

    def can_show(self, wish: str) -> bool:
        """Tell whether a file of this type has a column for the names, or the ids, of patients."""
        return any(column.included_by == wish for column in self.studies.columns)

    def study_cells(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns that are read of a study; extras are for functions that make rows."""
        return (
            self.studies.read(inclusions)
            if isinstance(self.layout, CustomRows)
            else self.studies.wanted(inclusions)
        )

    def event_cells(self, inclusions: Inclusions) -> tuple[Column, ...]:
        """Return the columns that are read of an event; extras are for functions, and for sheets."""
        if self.events is None:
            return ()
        needed = isinstance(self.layout, ModalityWorkbook | CustomRows)
        return self.events.read(inclusions) if needed else self.events.wanted(inclusions)

    @property
    def has_standard_names(self) -> bool:
        """Whether the file looks different where the database has standard names switched on."""
        return any(column.included_by == STANDARD for column in self.columns)

    def frequencies(self, inclusions: Inclusions) -> tuple[Frequency, ...]:
        """Return what has to be counted before the first row of such a file."""
        found = self.layout.frequencies if isinstance(self.layout, ModalityWorkbook | CustomRows) else ()
        return tuple(each for each in found if each.included_by != STANDARD or inclusions.standard)
