"""The audit of mammography: AGD of exposures by technique, view and compressed thickness."""

from __future__ import annotations

from decimal import Decimal

from doseexport.catalogue.columns import NUMBER, Cells, Column, Stream
from doseexport.catalogue.mg.exports import MG
from doseexport.catalogue.mg.nhsbsp.exports import FILTER_TEXTS
from doseexport.catalogue.mg.nhsbsp.exposures import Exposure
from doseexport.catalogue.mg.nhsbsp.surveys import assign_survey
from doseexport.catalogue.mg.nhsbsp.views import name_view
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.groups import NO_NAME
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.audit.specs import make_audit, name_events, read_studies
from doseexport.catalogue.shared.xray import (
    EVENT_LINK,
    MECHANICAL,
    PROJ_REPEAT_WARNING,
    SOURCE,
    code,
    code_meaning,
)

_UNKNOWN = "unknown"
_OBLIQUE = {"OB": "MLO"}
_STEP = 10


def name_detail(cells: Cells) -> str:
    """Return technique, view and thickness band, such as `2D | MLO | 50–59 mm`."""
    view_code, view_text, thickness, protocol, type_code, source_code, anode, filters = cells
    technique = find_technique(protocol, type_code, source_code, anode, filters)
    view = name_view(view_code, view_text)
    return " | ".join((technique, _OBLIQUE.get(view, view) or NO_NAME, name_band(thickness)))


def find_technique(protocol: str, type_code: str, source_code: str, anode: str, filters: str) -> str:
    """Return the sheet of mg-nhsbsp-xlsx that an exposure is on, or `unknown` for one under Review only."""
    exposure = Exposure(
        laterality="",
        view_code="",
        view_text="",
        modifiers="",
        protocol=protocol,
        type_code=type_code,
        type_text="",
        source_code=source_code,
        anode_text=anode,
        filter_texts=filters,
        kv="",
        thickness="",
        mas="",
        has_exposure="",
        mode="",
        agd="",
    )
    return assign_survey(exposure).survey or _UNKNOWN


def name_band(thickness: str) -> str:
    """Return the band of a compressed thickness in mm: 40–49 mm holds from 40 to below 50."""
    if thickness in ("", "NaN") or Decimal(thickness) <= 0:
        return NO_NAME
    low = int(Decimal(thickness) // _STEP) * _STEP
    return f"{low}–{low + _STEP - 1} mm"


_EVENTS = Stream(
    columns=(
        Column(reading.EVENT_ID, "event.id", NUMBER, "OpenREM's number of the event"),
        Column(reading.PROTOCOL, "event.acquisition_protocol", meaning="(125203, DCM)"),
        name_events(EVENT_LINK),
        Column(reading.EVENT_VALUE, "src.average_glandular_dose", NUMBER, "mGy (111631, DCM)"),
        # In the order of name_detail.
        Column(reading.DETAIL, code("event.image_view_id"), meaning="Image View (111031, DCM), its code"),
        Column("view text", code_meaning("event.image_view_id"), meaning="Image View (111031, DCM)"),
        Column("thickness", "mech.compression_thickness", NUMBER, "mm (111633, DCM)"),
        Column("protocol of technique", "event.acquisition_protocol", meaning="(125203, DCM)"),
        Column("type code", code("event.irradiation_event_type_id"), meaning="(113721, DCM)"),
        Column("source code", code("proj.source_of_dose_information_id"), meaning="(113854, DCM)"),
        Column("anode", code_meaning("src.anode_target_material_id"), meaning="(111632, DCM)"),
        Column("filters", FILTER_TEXTS, meaning="(113757, DCM), of every filter"),
    ),
    joins=SOURCE.join + MECHANICAL.join,
    ties=(SOURCE.tie, MECHANICAL.tie),
    row_warnings=(SOURCE.missing, MECHANICAL.missing),
)

_VIEW_AND_BAND = (
    f"concat_ws('|', coalesce({code_meaning('event.image_view_id')}, ''),"
    f" CASE WHEN mech.compression_thickness > 0 THEN floor(mech.compression_thickness / {_STEP}) END)"
)
"""The parts of a detail that SQL can tell. The technique needs find_technique."""

SPECS = (
    make_audit(
        MG,
        AuditRules("MG", make_detail=name_detail, detail_sql=_VIEW_AND_BAND),
        read_studies(()),
        _EVENTS,
        (PROJ_REPEAT_WARNING, SOURCE.repeated, MECHANICAL.repeated),
    ),
)
