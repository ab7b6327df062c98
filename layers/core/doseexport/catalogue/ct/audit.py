"""The audit of CT: DLP of studies, and CTDIvol of events by phantom."""

from __future__ import annotations

from doseexport.catalogue.columns import NUMBER, Column, Stream
from doseexport.catalogue.ct.exports import CT
from doseexport.catalogue.shared.audit import reading
from doseexport.catalogue.shared.audit.quantities import DLP
from doseexport.catalogue.shared.audit.reading import AuditRules
from doseexport.catalogue.shared.audit.specs import keep_values, make_audit, name_events, read_studies
from doseexport.catalogue.shared.study import OF_CHOSEN, warn_of_repeats

_TOTALS = f"""
LEFT JOIN (
    SELECT chosen.id, count(*) AS rows, {keep_values("ctacc.ct_dose_length_product_total")} AS dlp
    FROM chosen
    JOIN remapp_ctradiationdose ctdose ON ctdose.{OF_CHOSEN}
    JOIN remapp_ctaccumulateddosedata ctacc ON ctacc.ct_radiation_dose_id = ctdose.id
    GROUP BY chosen.id
) totals ON totals.id = study.id"""

_PHANTOM = "CASE phantom.code_value WHEN '113690' THEN '16 cm' WHEN '113691' THEN '32 cm' ELSE 'unknown' END"
_EXCLUSION = (
    f"CASE acquisition_type.code_value WHEN '113805' THEN '{reading.LOCALISER}'"
    f" WHEN '113806' THEN '{reading.STATIONARY}' END"
)

_STUDIES = read_studies((Column(DLP.name, "totals.dlp", NUMBER, "mGy.cm (113813, DCM)"),), _TOTALS)
_EVENTS = Stream(
    columns=(
        Column(reading.EVENT_ID, "event.id", NUMBER, "OpenREM's number of the event"),
        Column(reading.PROTOCOL, "event.acquisition_protocol", meaning="(125203, DCM)"),
        name_events("ctirradiationeventdata"),
        Column(reading.EVENT_VALUE, "event.mean_ctdivol", NUMBER, "mGy (113830, DCM)"),
        Column(reading.EXCLUSION, _EXCLUSION, meaning="CT Acquisition Type (113820, DCM)"),
        Column(reading.DETAIL, _PHANTOM, meaning="CTDIw Phantom Type (113835, DCM)"),
    ),
    joins="""
LEFT JOIN remapp_contextid acquisition_type ON acquisition_type.id = event.ct_acquisition_type_id
LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id""",
)

SPECS = (
    make_audit(
        CT,
        AuditRules("CT"),
        _STUDIES,
        _EVENTS,
        (warn_of_repeats("remapp_ctradiationdose", "CT dose report", "the values of all are included"),),
    ),
)
