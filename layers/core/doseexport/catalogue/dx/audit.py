"""The audit of radiography: DAP of studies, and DAP of exposures by view."""

from __future__ import annotations

from doseexport.catalogue.columns import NUMBER, Column, Stream
from doseexport.catalogue.dx.exports import DX
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.quantities import DX_DAP
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.audit.specs import (
    add_totals,
    keep_values,
    make_audit,
    name_events,
    read_studies,
)
from doseexport.catalogue.shared.xray import EVENT_LINK, PROJ_REPEAT_WARNING, code_meaning

_JOINS = add_totals(
    "integ", "remapp_accumintegratedprojradiogdose", dap=keep_values("total.dose_area_product_total")
)

_EVENTS = Stream(
    columns=(
        Column(reading.EVENT_ID, "event.id", NUMBER, "OpenREM's number of the event"),
        Column(reading.PROTOCOL, "event.acquisition_protocol", meaning="(125203, DCM)"),
        name_events(EVENT_LINK),
        Column(reading.EVENT_VALUE, "event.dose_area_product", NUMBER, "Gy.m2 (122130, DCM)"),
        Column(reading.DETAIL, code_meaning("event.image_view_id"), meaning="(111031, DCM)"),
    ),
    joins="",
)

SPECS = (
    make_audit(
        DX,
        AuditRules("DX"),
        read_studies((Column(DX_DAP.name, "integ.dap", NUMBER, "Gy.m2 (113722, DCM)"),), _JOINS),
        _EVENTS,
        (PROJ_REPEAT_WARNING,),
    ),
)
