"""X-ray tables, quantities and filters that RF, DX and MG share (docs/export-rules.md §1).

The SQL names `chosen` (id, position), `study`, `proj` (dose report), `event`, and the event's children
`src`, `mech`, `det` and `dist`. Quantities that are stored in several rows are scalar subqueries by indexed
foreign keys, so that an export of three studies reads the rows of three studies only.
"""

from __future__ import annotations

from dataclasses import dataclass

from doseexport.catalogue.columns import RepeatWarning, RowWarning
from doseexport.catalogue.filters import Filter, Order
from doseexport.catalogue.shared.dose_check import round_half_even
from doseexport.catalogue.shared.plausibility import warn_of_high_dose
from doseexport.catalogue.shared.selection import SCOPES, STUDY
from doseexport.catalogue.shared.standard_names import filter_event_names
from doseexport.catalogue.shared.study import OF_CHOSEN, OF_STUDY, warn_of_repeats
from doseexport.catalogue.shared.totals import DAP, EVENTS
from doseexport.catalogue.values import COUNT_VALUE, NUMBER_VALUE, TEXT_VALUE

EVENT_LINK = "irradeventxraydata"
"""The table of events without its prefix remapp_, as `standard_names` takes it."""

EVENT_TABLES = f"""
JOIN remapp_projectionxrayradiationdose proj ON proj.{OF_CHOSEN}
JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = proj.id"""

CGYCM2 = "1000000"
"""cGy·cm² in one Gy·m²."""


@dataclass(frozen=True, slots=True)
class Child:
    """A table of which an event should have one row: its join, tie and warnings."""

    join: str
    tie: str
    missing: RowWarning
    repeated: RepeatWarning


def _of_event(alias: str, table: str, what: str) -> Child:
    tables = f"JOIN {table} child ON child.irradiation_event_xray_data_id = event.id"
    return Child(
        f"\nLEFT JOIN {table} {alias} ON {alias}.irradiation_event_xray_data_id = event.id",
        f"{alias}.id",
        RowWarning(f"{alias}.id IS NULL", f"No {what} in {{n}} of the events: its cells are blank."),
        _warn_of_repeated_children(tables, "event.id", what),
    )


def _warn_of_repeated_children(tables: str, parent: str, what: str) -> RepeatWarning:
    sql = (
        f"SELECT chosen.id FROM chosen {EVENT_TABLES} {tables}"
        f" GROUP BY chosen.id, {parent} HAVING count(*) > 1"
    )
    return RepeatWarning(sql, f"Several {what} in {{n}} of the events: the first was used.")


SOURCE = _of_event("src", "remapp_irradeventxraysourcedata", "X-ray source data")
MECHANICAL = _of_event("mech", "remapp_irradeventxraymechanicaldata", "mechanical data")
DETECTOR = _of_event("det", "remapp_irradeventxraydetectordata", "detector data")

_MECHANICAL_ID = "irradiation_event_xray_mechanical_data_id"
DISTANCE = Child(
    f"\nLEFT JOIN remapp_doserelateddistancemeasurements dist ON dist.{_MECHANICAL_ID} = mech.id",
    "dist.id",
    RowWarning("dist.id IS NULL", "No distances in {n} of the events: their cells are blank."),
    _warn_of_repeated_children(
        "JOIN remapp_irradeventxraymechanicaldata mech ON mech.irradiation_event_xray_data_id = event.id"
        f" JOIN remapp_doserelateddistancemeasurements child ON child.{_MECHANICAL_ID} = mech.id",
        "mech.id",
        "distances",
    ),
)
"""Its join needs that of MECHANICAL before it."""

PROJ_JOIN = f"\nLEFT JOIN remapp_projectionxrayradiationdose proj ON proj.{OF_STUDY}"
PROJ_TIE = "proj.id"
PROJ_ROW_WARNING = RowWarning(
    "proj.id IS NULL", "No X-ray dose report in {n} of the studies: its cells are blank."
)
PROJ_REPEAT_WARNING = warn_of_repeats(
    "remapp_projectionxrayradiationdose",
    "X-ray dose report",
    "the events of all are included, the comment is that of the first",
)

_REPORTS = f"(SELECT count(*) FROM remapp_projectionxrayradiationdose proj WHERE proj.{OF_STUDY})"
REPORT_ROW_WARNINGS = (
    RowWarning(f"{_REPORTS} = 0", "No X-ray dose report in {n} of the studies: there are no events."),
    RowWarning(
        f"{_REPORTS} > 1", "Several X-ray dose reports in {n} of the studies: the events of all are included."
    ),
)
"""Warnings for studies that are not joined to their dose reports."""


def code_meaning(column: str) -> str:
    """Return SQL for the code meaning that a coded column (`event.laterality_id`) refers to."""
    return f"(SELECT code.code_meaning FROM remapp_contextid code WHERE code.id = {column})"


def code(column: str) -> str:
    """Return SQL for the code value that a coded column refers to."""
    return f"(SELECT code.code_value FROM remapp_contextid code WHERE code.id = {column})"


OF_SOURCE = "irradiation_event_xray_source_data_id = src.id"


@dataclass(frozen=True, slots=True)
class Quantity:
    """A quantity that can be derived: its join, its SQL, and the warning of derived values.

    `stored` is the SQL of the stored values by id, without NULL and 0, joined by spaces. The join needs that
    of SOURCE before it.
    """

    join: str
    value: str
    derived: RowWarning
    stored: str = ""


def _mean(alias: str, table: str, column: str, name: str) -> Quantity:
    """Return the value of a single row, or the mean of several rows without NULL and 0 (§1.5)."""
    join = f"""
LEFT JOIN LATERAL (
    SELECT count(nullif({column}, 0)) AS averaged,
        CASE WHEN count(*) = 1 THEN min({column}) ELSE avg(nullif({column}, 0)) END AS value,
        string_agg(trim_scale({column})::text, ' ' ORDER BY id) FILTER (WHERE {column} <> 0) AS stored
    FROM {table} WHERE {OF_SOURCE}
) {alias} ON true"""
    message = f"{name} of {{n}} exposures averaged: several values are stored."
    derived = RowWarning(f"{alias}.averaged > 1", message)
    return Quantity(join, f"{alias}.value", derived, f"{alias}.stored")


EVENTS_DAP = f"(SELECT sum(event.dose_area_product) FROM (SELECT study.id) chosen {EVENT_TABLES})"
"""The sum of the DAP (Gy·m²) of a study's events."""

HIGH_DOSE = warn_of_high_dose("src.dose_rp", "event.dose_area_product", "events")

KVP = _mean("voltage", "remapp_kvp", "kvp", "kVp")
CURRENT = _mean("current", "remapp_xraytubecurrent", "xray_tube_current", "mA")
PULSE_WIDTH = _mean("width", "remapp_pulsewidth", "pulse_width", "Pulse width")


def _number_rows(table: str, column: str) -> str:
    return f"(SELECT row_number() OVER (ORDER BY id) AS k, {column} AS value FROM {table} WHERE {OF_SOURCE})"


STORED_UAS = f"(SELECT sum(exposure) FROM remapp_exposure WHERE {OF_SOURCE})"
"""µAs as declared by the device: the sum of its rows."""

# mA times ms is µAs. The join is full, so that a row without a counterpart makes the result NULL.
# A single row of each can hold the means of several pulses.
_DERIVED_UAS = f"""(SELECT
            CASE WHEN count(ma.k) = count(*) AND count(ms.k) = count(*) THEN sum(ma.value * ms.value) END
            * CASE WHEN count(*) = 1 AND src.number_of_pulses > 1 THEN src.number_of_pulses ELSE 1 END
        FROM {_number_rows("remapp_xraytubecurrent", "xray_tube_current")} ma
        FULL JOIN {_number_rows("remapp_pulsewidth", "pulse_width")} ms USING (k))"""

# Without OFFSET, PostgreSQL would compute both values again wherever they are used.
UAS = Quantity(
    f"""
LEFT JOIN LATERAL (SELECT {STORED_UAS} AS stored OFFSET 0) load ON true
LEFT JOIN LATERAL (
    SELECT CASE WHEN load.stored IS NULL THEN {_DERIVED_UAS} END AS value OFFSET 0
) derived ON true""",
    "coalesce(load.stored, derived.value)",
    RowWarning(
        "derived.value IS NOT NULL", "mAs of {n} exposures computed from tube current and pulse width."
    ),
)
"""µAs: the sum of the stored exposures, or without any the sum of the k-th mA times the k-th ms (§1.5)."""

HAS_STORED_UAS = "load.stored IS NOT NULL"
"""Whether a tube load is stored. It needs the join of UAS."""

MAS = f"{UAS.value} * 0.001"
"""mAs, exact. It needs the join of UAS."""

_SHORT_MATERIALS = {
    "aluminum": "Al",
    "aluminium": "Al",
    "copper": "Cu",
    "tantalum": "Ta",
    "molybdenum": "Mo",
    "rhodium": "Rh",
    "silver": "Ag",
    "niobium": "Nb",
    "europium": "Eu",
    "lead": "Pb",
}
_SHORT_TARGETS = {"molybdenum": "Mo", "rhodium": "Rh", "tungsten": "W"}


def _shorten(words: dict[str, str], column: str) -> str:
    """Return a SELECT of the first short name whose word is in the meaning of a code, else the meaning.

    The meaning is put into lower case once, and in ASCII, which takes half the time of regular expressions.
    """
    cases = " ".join(
        f"WHEN position('{word}' in lowered) > 0 THEN '{short}'" for word, short in words.items()
    )
    return (
        f"SELECT CASE {cases} ELSE code_meaning END AS name"
        ' FROM (SELECT code_meaning, lower(code_meaning COLLATE "C") AS lowered'
        f" FROM remapp_contextid WHERE id = {column} OFFSET 0) code"
    )


TARGET = f"({_shorten(_SHORT_TARGETS, 'src.anode_target_material_id')})"
"""The short name of the anode's material (MG)."""

FILTER_MATERIALS = (
    "(SELECT string_agg(coalesce(material.name, ''), ' | ' ORDER BY filter.id)"
    " FROM remapp_xrayfilters filter LEFT JOIN LATERAL"
    f" ({_shorten(_SHORT_MATERIALS, 'filter.xray_filter_material_id')}) material ON true"
    f" WHERE filter.{OF_SOURCE})"
)
"""Short names of the filters' materials by filter id, joined by " | ". Without one the entry is empty."""

_LEAST, _MOST = "xray_filter_thickness_minimum", "xray_filter_thickness_maximum"
_THICKNESS = f"(coalesce({_LEAST}, {_MOST}) + coalesce({_MOST}, {_LEAST})) * 0.5"

# Without OFFSET, PostgreSQL would compute the mean again wherever it is used.
FILTER_THICKNESSES = (
    "(SELECT string_agg(CASE WHEN is_named"
    f" THEN coalesce({round_half_even('filter.mean', 4)}, '') ELSE '' END, ' | ' ORDER BY filter.id)"
    f" FROM (SELECT id, xray_filter_material_id IS NOT NULL AS is_named, {_THICKNESS} AS mean"
    f" FROM remapp_xrayfilters WHERE {OF_SOURCE} OFFSET 0) filter)"
)
"""Mean thicknesses (mm) of the filters by filter id, with four decimals and the same empty entries."""

XRAY_EVENT = "xray_event"
XRAY_SCOPES = {
    **SCOPES,
    XRAY_EVENT: (
        "EXISTS (SELECT FROM remapp_projectionxrayradiationdose proj"
        " JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = proj.id"
        f" WHERE proj.{OF_STUDY} AND {{}})"
    ),
}
"""All filters of the scope XRAY_EVENT must hold for the same `event`."""

EVENT_ALIAS = "projectionxrayradiationdose__irradeventxraydata__"
"""The beginning of OpenREM's names of event filters."""


def list_xray_filters(modality: str) -> tuple[Filter, ...]:
    """Return the filters of events that RF, DX and MG share. `modality` is that of the standard names."""
    protocol = Filter(
        "acquisition_protocol",
        TEXT_VALUE,
        XRAY_EVENT,
        "event.acquisition_protocol",
        "an event's acquisition protocol contains",
        (EVENT_ALIAS + "acquisition_protocol",),
        suggests=True,
    )
    return protocol, filter_event_names(XRAY_EVENT, EVENT_LINK, modality, EVENT_ALIAS)


STUDY_DAP_FILTERS = (
    Filter("study_dap_min", NUMBER_VALUE, STUDY, f"{DAP.value} >= %s::numeric * 0.000001",
           "total DAP of the study at least", (), "cGy.cm^2", total=DAP),
    Filter("study_dap_max", NUMBER_VALUE, STUDY, f"{DAP.value} <= %s::numeric * 0.000001",
           "total DAP of the study at most", (), "cGy.cm^2", total=DAP),
)  # fmt: skip

EVENTS_FILTER = Filter(
    "events", COUNT_VALUE, STUDY, EVENTS.value, "number of events", ("num_events",), total=EVENTS
)

HIGHEST_DAP = Order(
    "highest_dap", f"{DAP.value} DESC NULLS LAST", "highest total DAP first", ("-total_dap",), DAP
)
