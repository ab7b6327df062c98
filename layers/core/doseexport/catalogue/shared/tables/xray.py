"""Tables of X-ray events: single pulses and single filters."""

from __future__ import annotations

from doseexport.catalogue.columns import COUNTED, NEVER, NUMBER, Column
from doseexport.catalogue.layouts import EVENT_ID, Table
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.tables.columns import make_coded, number_rows
from doseexport.catalogue.shared.xray import EVENT_TABLES, OF_SOURCE

_OF_EVENT = "irradiation_event_xray_data_id"
_FIRST_SOURCE = f"""{EVENT_TABLES}
JOIN remapp_irradeventxraysourcedata src ON src.{_OF_EVENT} = event.id AND NOT EXISTS (
    SELECT FROM remapp_irradeventxraysourcedata earlier
    WHERE earlier.{_OF_EVENT} = src.{_OF_EVENT} AND earlier.id < src.id)"""

_KINDS = (
    ("kvp", "remapp_kvp", "kvp"),
    ("tube_current", "remapp_xraytubecurrent", "xray_tube_current"),
    ("exposure", "remapp_exposure", "exposure"),
    ("pulse_width", "remapp_pulsewidth", "pulse_width"),
)
_SOURCE_ID = OF_SOURCE.partition(" ")[0]
_ROWS = " UNION ALL ".join(
    f"SELECT {place} AS place, '{kind}' AS kind, id, {_SOURCE_ID}, {column}::numeric AS value FROM {table}"
    for place, (kind, table, column) in enumerate(_KINDS)
)

PULSES = Table(
    name="pulses",
    help="One row per value that is stored for a pulse, or for the exposure as a whole if it is the only one",
    columns=(
        EVENT_ID,
        Column(
            "kind",
            "pulse.kind",
            meaning="What the value is: kvp (kV), tube_current (mA), exposure (µA·s) or pulse_width (ms)",
            source=COUNTED,
            blank=NEVER,
        ),
        number_rows("pulse.id", "event.id, pulse.place", "Number of the value, from 1, of its kind"),
        Column(
            "value",
            "pulse.value",
            NUMBER,
            meaning="The value, in the unit of its kind",
            source="kvp.kvp, xraytubecurrent.xray_tube_current, exposure.exposure, pulsewidth.pulse_width",
            dicom="113733 DCM, 113734 DCM, 113736 DCM, 113793 DCM",
            rows="one row per value",
        ),
    ),
    key=("event_id", "kind", "n"),
    references={"event_id": "events"},
    joins=f"{_FIRST_SOURCE}\nJOIN ({_ROWS}) pulse ON pulse.{OF_SOURCE}",
    order=("event.id", "pulse.place", "pulse.id"),
)

EVENT_DAP = exposures.DAP.named(
    "dap_gy_cm2", sql=f"{exposures.DAP.sql} * 10000", unit="Gy·cm²", conversion="× 10,000 from Gy·m²"
)
NUMBER_OF_PULSES = exposures.PULSES.named("number_of_pulses")

_PER_FILTER = "one row per filter"
_THICKNESS = "xrayfilters.xray_filter_thickness_"
_MATERIAL = exposures.read_code(
    "material",
    "filter.xray_filter_material_id",
    "Material of the filter",
    exposures.FILTERS.source,
    exposures.FILTERS.dicom,
)
FILTERS = Table(
    name="filters",
    help="One row per X-ray filter of an event",
    columns=(
        EVENT_ID,
        number_rows("filter.id"),
        *(each.named(each.heading, rows=_PER_FILTER) for each in make_coded(_MATERIAL)),
        Column("thickness_min_mm", "filter.xray_filter_thickness_minimum", NUMBER, "Least thickness",
               f"{_THICKNESS}minimum", "mm", "113758 DCM", rows=_PER_FILTER),
        Column("thickness_max_mm", "filter.xray_filter_thickness_maximum", NUMBER, "Greatest thickness",
               f"{_THICKNESS}maximum", "mm", "113773 DCM", rows=_PER_FILTER),
    ),
    key=("event_id", "n"),
    references={"event_id": "events"},
    joins=f"{_FIRST_SOURCE}\nJOIN remapp_xrayfilters filter ON filter.{OF_SOURCE}",
    order=("event.id", "filter.id"),
)  # fmt: skip
