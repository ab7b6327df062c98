"""rf-openskin: the exposures of one fluoroscopy study in the format of openSkin (docs/export-rules.md §9).

The file has 39 columns, no header, and one row per exposure. Coded values are written as their meanings.
Only the last copper filter of an exposure is shown.
"""

from __future__ import annotations

from doseexport.catalogue.columns import (
    ALWAYS,
    CODED,
    NEVER,
    NO_SOURCE,
    NUMBER,
    TEXT,
    Column,
    RowWarning,
    Stream,
)
from doseexport.catalogue.filters import Filter
from doseexport.catalogue.layouts import Long
from doseexport.catalogue.rf.exports import RF
from doseexport.catalogue.shared import exposures
from doseexport.catalogue.shared.selection import STUDY
from doseexport.catalogue.shared.study import OF_STUDY, SEX, warn_of_repeats
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
        Column("Patient", "'Anon'", meaning="Anon: openSkin's patient name", source=NO_SOURCE, blank=NEVER),
        SEX,
        Column(
            "Study UID",
            "study.study_instance_uid",
            meaning="UID of the study",
            source="generalstudymoduleattr.study_instance_uid",
            dicom="(0020,000D)",
        ),
        Column("Blank", "''", meaning="Not used by OpenREM", source=NO_SOURCE, blank=ALWAYS),
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


def _read_angle(heading: str, column: str, dicom: str) -> Column:
    meaning = heading.replace("end angle", "angle of the positioner at the end")
    source = f"{exposures.MECHANICAL}{column}"
    return Column(heading, f"mech.{column}", NUMBER, meaning, source, "degrees", dicom)


def _read_copper(heading: str, column: str, what: str, dicom: str) -> Column:
    is_coded = column.endswith("_id")
    return Column(
        heading,
        code_meaning(f"copper.{column}") if is_coded else f"copper.{column}",
        TEXT if is_coded else NUMBER,
        f"{what} of the copper filter",
        f"xrayfilters.{column}",
        "" if is_coded else "mm",
        dicom,
        conversion=CODED if is_coded else "",
        blank="not recorded, or no copper filter",
        rows="the last copper filter by id",
    )


_CHILDREN = (SOURCE, MECHANICAL, DISTANCE)
_PULSES = (KVP, CURRENT, PULSE_WIDTH)
_EVENT_STREAM = Stream(
    columns=(
        exposures.PLANE,
        exposures.TIME,
        exposures.TYPE,
        exposures.PROTOCOL,
        Column(
            "Reference point",
            "src.reference_point_definition",
            meaning="Definition of the reference point",
            source=f"{exposures.SOURCE}reference_point_definition",
            dicom="113780 DCM",
        ),
        Column(
            "Event UID",
            "event.irradiation_event_uid",
            meaning="UID of the irradiation event",
            source=f"{exposures.EVENT}irradiation_event_uid",
            dicom="113769 DCM",
        ),
        exposures.DAP,
        exposures.RP_DOSE.named("Dose RP"),
        exposures.PRIMARY_ANGLE,
        exposures.SECONDARY_ANGLE,
        _read_angle("Primary end angle", "positioner_primary_end_angle", "113739 DCM"),
        _read_angle("Secondary end angle", "positioner_secondary_end_angle", "113740 DCM"),
        _read_angle("Column angulation", "column_angulation", "113770 DCM"),
        _read_copper("Copper filter type", "xray_filter_type_id", "Type", "113772 DCM"),
        _read_copper("Copper filter material", "xray_filter_material_id", "Material", "113757 DCM"),
        _read_copper("Copper minimum", "xray_filter_thickness_minimum", "Smallest thickness", "113758 DCM"),
        _read_copper("Copper maximum", "xray_filter_thickness_maximum", "Largest thickness", "113773 DCM"),
        exposures.read_code(
            "Fluoro mode",
            "src.fluoro_mode_id",
            "Mode of fluoroscopy",
            f"{exposures.SOURCE}fluoro_mode_id",
            "113732 DCM",
        ),
        exposures.PULSE_RATE,
        exposures.PULSES,
        exposures.KVP,
        exposures.CURRENT,
        exposures.EXPOSURE_TIME.named("Exposure time"),
        exposures.PULSE_WIDTH.named("Pulse width"),
        Column(
            "Exposure",
            STORED_UAS,
            NUMBER,
            "Tube load",
            "exposure.exposure",
            "µAs",
            "113736 DCM",
            rows="added",
        ),
        exposures.FOCAL_SPOT,
        exposures.DURATION.named("Irradiation duration"),
        exposures.AVERAGE_CURRENT.named("Average mA"),
        exposures.SOURCE_TO_DETECTOR.named("Source to detector"),
        exposures.SOURCE_TO_ISOCENTRE.named("Source to isocenter"),
        exposures.TABLE_LONGITUDINAL,
        exposures.TABLE_LATERAL,
        exposures.TABLE_HEIGHT.named("Table height"),
        exposures.read_code(
            "Target region",
            "event.target_region_id",
            "Part of the body",
            f"{exposures.EVENT}target_region_id",
            "123014 DCM",
        ),
        exposures.COMMENT,
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
