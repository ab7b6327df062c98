"""rf-openskin: the exposures of one fluoroscopy study in the format of openSkin (docs/export-rules.md §9).

The file has 39 columns, no header, and one row per exposure. Coded values are written as their meanings.
Only the last copper filter of an exposure is shown.
"""

from __future__ import annotations

from doseexport.catalogue.columns import DATETIME, NUMBER, Column, RowWarning, Stream
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import Long
from doseexport.catalogue.rf.exports import RF
from doseexport.catalogue.shared.selection import STUDY
from doseexport.catalogue.shared.study import OF_STUDY, warn_of_repeats
from doseexport.catalogue.shared.xray import (
    CURRENT,
    DISTANCE,
    HIGH_DOSE,
    KVP,
    MECHANICAL,
    OF_SOURCE,
    PULSE_WIDTH,
    REPORT_ROW_WARNINGS,
    SOURCE,
    STORED_UAS,
    code_meaning,
)
from doseexport.catalogue.spec import Spec
from doseexport.catalogue.values import EXACT_VALUE, INTEGER_VALUE

_STUDY_STREAM = Stream(
    columns=(
        Column("Patient", "'Anon'", meaning="openSkin's patient name"),
        Column("Sex", "pat.patient_sex", meaning="(0010,0040)"),
        Column("Study UID", "study.study_instance_uid", meaning="(0020,000D)"),
        Column("Blank", "''", meaning="always blank"),
    ),
    joins=f"LEFT JOIN remapp_patientmoduleattr pat ON pat.{OF_STUDY}",
    ties=("pat.id",),
    row_warnings=(
        RowWarning("pat.id IS NULL", "No patient record in {n} of the studies: the sex is blank."),
        *REPORT_ROW_WARNINGS,
    ),
)

_COPPER = f"""
LEFT JOIN LATERAL (
    SELECT filter.* FROM remapp_xrayfilters filter
    JOIN remapp_contextid code ON code.id = filter.xray_filter_material_id
    WHERE filter.{OF_SOURCE} AND code.code_meaning ~* 'copper' ORDER BY filter.id DESC LIMIT 1
) copper ON true"""

_CHILDREN = (SOURCE, MECHANICAL, DISTANCE)
_PULSES = (KVP, CURRENT, PULSE_WIDTH)
_EVENT_STREAM = Stream(
    columns=(
        Column("Plane", code_meaning("event.acquisition_plane_id"), meaning="(113764, DCM)"),
        Column("Time", "event.date_time_started", DATETIME, "(111526, DCM)"),
        Column("Type", code_meaning("event.irradiation_event_type_id"), meaning="(113721, DCM)"),
        Column("Protocol", "event.acquisition_protocol", meaning="(125203, DCM)"),
        Column("Reference point", "src.reference_point_definition", meaning="(113780, DCM)"),
        Column("Event UID", "event.irradiation_event_uid", meaning="(113769, DCM)"),
        Column("DAP", "event.dose_area_product", NUMBER, "Gy.m2 (122130, DCM)"),
        Column("Dose RP", "src.dose_rp", NUMBER, "Gy (113738, DCM)"),
        Column("Primary angle", "mech.positioner_primary_angle", NUMBER, "degrees (112011, DCM)"),
        Column("Secondary angle", "mech.positioner_secondary_angle", NUMBER, "degrees (112012, DCM)"),
        Column("Primary end angle", "mech.positioner_primary_end_angle", NUMBER, "degrees (113739, DCM)"),
        Column("Secondary end angle", "mech.positioner_secondary_end_angle", NUMBER, "degrees (113740, DCM)"),
        Column("Column angulation", "mech.column_angulation", NUMBER, "degrees (113770, DCM)"),
        Column("Copper filter type", code_meaning("copper.xray_filter_type_id"), meaning="(113772, DCM)"),
        Column(
            "Copper filter material", code_meaning("copper.xray_filter_material_id"), meaning="(113757, DCM)"
        ),
        Column("Copper minimum", "copper.xray_filter_thickness_minimum", NUMBER, "mm (113758, DCM)"),
        Column("Copper maximum", "copper.xray_filter_thickness_maximum", NUMBER, "mm (113773, DCM)"),
        Column("Fluoro mode", code_meaning("src.fluoro_mode_id"), meaning="(113732, DCM)"),
        Column("Pulse rate", "src.pulse_rate", NUMBER, "pulses/s (113791, DCM)"),
        Column("Number of pulses", "src.number_of_pulses", NUMBER, "(113768, DCM)"),
        Column("kVp", KVP.value, NUMBER, "kV (113733, DCM), mean of the pulses"),
        Column("mA", CURRENT.value, NUMBER, "mA (113734, DCM), mean of the pulses"),
        Column("Exposure time", "src.exposure_time", NUMBER, "ms (113824, DCM)"),
        Column("Pulse width", PULSE_WIDTH.value, NUMBER, "ms (113793, DCM), mean of the pulses"),
        Column("Exposure", STORED_UAS, NUMBER, "uAs (113736, DCM), sum of the pulses"),
        Column("Focal spot size", "src.focal_spot_size", NUMBER, "mm (113766, DCM)"),
        Column("Irradiation duration", "src.irradiation_duration", NUMBER, "s (113742, DCM)"),
        Column("Average mA", "src.average_xray_tube_current", NUMBER, "mA (113767, DCM)"),
        Column("Source to detector", "dist.distance_source_to_detector", NUMBER, "mm (113750, DCM)"),
        Column("Source to isocenter", "dist.distance_source_to_isocenter", NUMBER, "mm (113748, DCM)"),
        Column("Table longitudinal", "dist.table_longitudinal_position", NUMBER, "mm (113751, DCM)"),
        Column("Table lateral", "dist.table_lateral_position", NUMBER, "mm (113752, DCM)"),
        Column("Table height", "dist.table_height_position", NUMBER, "mm (113753, DCM)"),
        Column("Target region", code_meaning("event.target_region_id"), meaning="(123014, DCM)"),
        Column("Comment", "event.comment", meaning="(121106, DCM)"),
    ),
    joins="".join(each.join for each in (*_CHILDREN, *_PULSES)) + _COPPER,
    ties=tuple(child.tie for child in _CHILDREN),
    row_warnings=(*(child.missing for child in _CHILDREN), *(each.derived for each in _PULSES), HIGH_DOSE),
)

SPECS = (
    Spec(
        type="rf-openskin",
        format="csv",
        help="Exposures of one study for openSkin, without header",
        modality=RF,
        studies=_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=Long(header=False, rows_for_empty_studies=False),
        repeat_warnings=(
            warn_of_repeats("remapp_patientmoduleattr", "patient record"),
            SOURCE.repeated,
            MECHANICAL.repeated,
            DISTANCE.repeated,
        ),
        own_filters=(
            Filter(
                "study_id",
                INTEGER_VALUE,
                STUDY,
                "study.id = %s::integer",
                "the study with this database ID in OpenREM",
            ),
            Filter(
                "study_uid",
                EXACT_VALUE,
                STUDY,
                "study.study_instance_uid = %s",
                "the study with this Study Instance UID",
                one_study=True,
            ),
        ),
        needs=("study_id", "study_uid"),
    ),
)
