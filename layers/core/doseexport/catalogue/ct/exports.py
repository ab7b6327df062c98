"""CT as csv, one row per study, and as a workbook (docs/export-rules.md §2)."""

from __future__ import annotations

from typing import Any

from doseexport.catalogue.columns import (
    CODED,
    NOT_RECORDED,
    NUMBER,
    Column,
    RepeatWarning,
    RowWarning,
    Stream,
)
from doseexport.catalogue.filters import Filter, Order
from doseexport.catalogue.layouts import EVENTS, Frequency, ModalityWorkbook, Wide
from doseexport.catalogue.options import MAX_EVENTS
from doseexport.catalogue.schema import Total
from doseexport.catalogue.shared.dose_check import DOSE_CHECK
from doseexport.catalogue.shared.plausibility import warn_of_doubled_total
from doseexport.catalogue.shared.selection import (
    COMMON_FILTERS,
    COMMON_ORDERS,
    SCOPES,
    STUDY,
    STUDY_NAME_FILTER,
    WEIGHT_FILTERS,
)
from doseexport.catalogue.shared.standard_names import (
    STUDY_NAMES,
    count_event_names,
    filter_event_names,
    list_event_names,
    name_event,
)
from doseexport.catalogue.shared.study import (
    OF_CHOSEN,
    OF_STUDY,
    STUDY_FREQUENCIES,
    STUDY_JOINS,
    STUDY_REPEAT_WARNINGS,
    STUDY_ROW_WARNINGS,
    STUDY_TIES,
    count_events,
    read_comments,
    study_columns,
    warn_of_repeats,
)
from doseexport.catalogue.spec import Modality, Spec
from doseexport.catalogue.values import COUNT_VALUE, NUMBER_VALUE, TEXT_VALUE

_EVENT_JOIN = f"""
JOIN remapp_ctradiationdose ctdose ON ctdose.{OF_CHOSEN}
JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = ctdose.id"""

EVENTS_DLP = f"(SELECT sum(event.dlp) FROM (SELECT study.id) chosen {_EVENT_JOIN})"
"""The sum of the DLP (mGy·cm) of a study's events."""

_TOTAL_JOIN = f"""
LEFT JOIN remapp_ctradiationdose ctdose ON ctdose.{OF_STUDY}
LEFT JOIN (
    SELECT chosen.id, count(*) AS rows, sum(ct_dose_length_product_total) AS dlp,
        sum(total_number_of_irradiation_events) AS events
    FROM chosen
    JOIN remapp_ctradiationdose ctdose ON ctdose.{OF_CHOSEN}
    JOIN remapp_ctaccumulateddosedata ctacc ON ctacc.ct_radiation_dose_id = ctdose.id
    GROUP BY chosen.id
) ctacc ON ctacc.id = study.id
LEFT JOIN (
    SELECT chosen.id, sum(event.dlp) AS dlp FROM chosen {_EVENT_JOIN} GROUP BY chosen.id
) events ON events.id = study.id"""

_OF_EVENT = "ct_irradiation_event_data_id"
_CHILD_JOIN = f"""
LEFT JOIN remapp_contextid acquisition_type ON acquisition_type.id = event.ct_acquisition_type_id
LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id
LEFT JOIN remapp_scanninglength scanlen ON scanlen.{_OF_EVENT} = event.id
LEFT JOIN remapp_ctdosecheckdetails chk ON chk.{_OF_EVENT} = event.id
LEFT JOIN remapp_ctxraysourceparameters s1 ON s1.{_OF_EVENT} = event.id AND NOT EXISTS (
    SELECT FROM remapp_ctxraysourceparameters earlier
    WHERE earlier.{_OF_EVENT} = s1.{_OF_EVENT} AND earlier.id < s1.id)
LEFT JOIN remapp_ctxraysourceparameters s2 ON s2.{_OF_EVENT} = s1.{_OF_EVENT} AND s2.id > s1.id"""


_SOURCES = "ctxraysourceparameters."
_SOURCE_RULES = (
    "the source with the lowest id of the event, whatever its name",
    "the second source by id; third and later ones are left out, with a warning",
)
_SOURCE_BLANKS = (NOT_RECORDED, "not recorded, or the event has one source")


def _tube(n: int) -> tuple[Column, ...]:
    """Return the columns of the n-th X-ray source by id, whatever its name."""
    rules: Any = {"rows": _SOURCE_RULES[n - 1], "blank": _SOURCE_BLANKS[n - 1]}
    return (
        Column(
            f"S{n} name",
            f"s{n}.identification_of_the_xray_source",
            meaning="Name of the X-ray source",
            source=f"{_SOURCES}identification_of_the_xray_source",
            dicom="113832 DCM",
            **rules,
        ),
        Column(f"S{n} kVp", f"s{n}.kvp", NUMBER, "Tube voltage",
               f"{_SOURCES}kvp", "kV", "113733 DCM", **rules),
        Column(f"S{n} max mA", f"s{n}.maximum_xray_tube_current", NUMBER, "Largest tube current",
               f"{_SOURCES}maximum_xray_tube_current", "mA", "113833 DCM", **rules),
        Column(f"S{n} mA", f"s{n}.xray_tube_current", NUMBER, "Mean tube current",
               f"{_SOURCES}xray_tube_current", "mA", "113734 DCM", **rules),
        Column(f"S{n} Exposure time/rotation", f"s{n}.exposure_time_per_rotation", NUMBER,
               "Exposure time of one rotation", f"{_SOURCES}exposure_time_per_rotation", "s",
               "113834 DCM", **rules),
    )  # fmt: skip


PHANTOM_SQL = (
    "CASE phantom.code_value WHEN '113691' THEN '32 cm' WHEN '113690' THEN '16 cm'"
    " ELSE phantom.code_meaning END"
)

_TABLE = "ctirradiationeventdata"
_OF = f"{_TABLE}."
PHANTOM = Column(
    "Phantom",
    PHANTOM_SQL,
    meaning="Phantom to which CTDIvol refers",
    source=f"{_OF}ctdiw_phantom_type_id",
    dicom="113835 DCM",
    conversion="code 113691: 32 cm; code 113690: 16 cm; else the meaning of the code",
)
CTDIVOL = Column("CTDIvol", "event.mean_ctdivol", NUMBER, "Mean CTDIvol of the acquisition",
                 f"{_OF}mean_ctdivol", "mGy", "113830 DCM")  # fmt: skip
DLP = Column("DLP", "event.dlp", NUMBER, "DLP of the acquisition", f"{_OF}dlp", "mGy·cm", "113838 DCM")
SCANNING_LENGTH = Column("Scanning length", "scanlen.scanning_length", NUMBER, "Length that was scanned",
                         "scanninglength.scanning_length", "mm", "113825 DCM")  # fmt: skip
DLP_TOTAL = Column(
    "DLP total (mGy.cm)",
    "ctacc.dlp",
    NUMBER,
    "Total DLP of the study, as the device declared it",
    "ctaccumulateddosedata.ct_dose_length_product_total",
    "mGy·cm",
    "113813 DCM",
    rows="added, with a warning",
)
_PROTOCOL = Column(
    "Protocol",
    "event.acquisition_protocol",
    meaning="Acquisition protocol",
    source=f"{_OF}acquisition_protocol",
    dicom="125203 DCM",
)
_TYPE = Column(
    "Type",
    "acquisition_type.code_meaning",
    meaning="Type of the acquisition, such as Spiral Acquisition",
    source=f"{_OF}ct_acquisition_type_id",
    dicom="113820 DCM",
    conversion=CODED,
)
_MODULATION = Column(
    "mA Modulation type",
    "event.xray_modulation_type",
    meaning="Type of the modulation of the tube current",
    source=f"{_OF}xray_modulation_type",
    dicom="113842 DCM",
)
_DOSE_CHECK = Column(
    "Dose check details",
    DOSE_CHECK,
    meaning="Dose Check: configured alerts and notifications (mGy·cm and mGy), estimates, reason and person",
    source=(
        "ctdosecheckdetails.dlp_alert_value, ctdosecheckdetails.ctdivol_alert_value,"
        " ctdosecheckdetails.dlp_notification_value, ctdosecheckdetails.ctdivol_notification_value"
    ),
    dicom="113900 DCM, 113908 DCM",
    conversion="one line of text; numbers with two decimals, halves to even",
    blank="no value is configured",
)
_COMMENTS = Column("Comments", "event.comment", meaning="Comment of the acquisition",
                   source=f"{_OF}comment", dicom="121106 DCM")  # fmt: skip

_EVENT_COLUMNS = (
    _PROTOCOL,
    name_event(_TABLE, "CT"),
    _TYPE,
    Column("Exposure time", "event.exposure_time", NUMBER, "Total exposure time of the acquisition",
           f"{_OF}exposure_time", "s", "113824 DCM"),
    SCANNING_LENGTH,
    Column("Slice thickness", "event.nominal_single_collimation_width", NUMBER,
           "Nominal width of a single collimated slice", f"{_OF}nominal_single_collimation_width", "mm",
           "113826 DCM"),
    Column("Total collimation", "event.nominal_total_collimation_width", NUMBER,
           "Nominal total width of the collimation", f"{_OF}nominal_total_collimation_width", "mm",
           "113827 DCM"),
    Column("Pitch", "event.pitch_factor", NUMBER, "Pitch factor", f"{_OF}pitch_factor", "ratio",
           "113828 DCM"),
    Column("No. sources", "event.number_of_xray_sources", NUMBER, "Number of X-ray sources",
           f"{_OF}number_of_xray_sources", "", "113823 DCM"),
    CTDIVOL,
    PHANTOM,
    DLP,
    *_tube(1),
    *_tube(2),
    _MODULATION,
    _DOSE_CHECK,
    _COMMENTS,
)  # fmt: skip

_EVENT = "ctradiationdose__ctirradiationeventdata__"

_DLP = Total(
    "study.total_dlp",
    f"""(SELECT sum(ctacc.ct_dose_length_product_total) FROM remapp_ctradiationdose ctdose
    JOIN remapp_ctaccumulateddosedata ctacc ON ctacc.ct_radiation_dose_id = ctdose.id
    WHERE ctdose.{OF_STUDY})""",
)


def _count_events(stored: str, codes: str = "") -> Total:
    """Return the number of events, or of those of a type. It is NULL without a dose report (§1.7)."""
    counted = f"count(*) FILTER (WHERE kind.code_value IN ({codes}))" if codes else "count(event.id)"
    return Total(
        f"study.{stored}",
        f"""(SELECT {counted} FROM remapp_ctradiationdose ctdose
    LEFT JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = ctdose.id
    LEFT JOIN remapp_contextid kind ON kind.id = event.ct_acquisition_type_id
    WHERE ctdose.{OF_STUDY} HAVING count(*) > 0)""",
    )


def _filter_count(name: str, total: Total, counted: str, alias: str) -> Filter:
    return Filter(name, COUNT_VALUE, STUDY, total.value, f"number of {counted}", (alias,), total=total)


_CT_FILTERS = (
    Filter("acquisition_protocol", TEXT_VALUE, "ct_event", "event.acquisition_protocol",
           "an event's acquisition protocol contains", (_EVENT + "acquisition_protocol",), suggests=True),
    Filter("acquisition_type", TEXT_VALUE, "ct_event",
           "(SELECT code_meaning FROM remapp_contextid code WHERE code.id = event.ct_acquisition_type_id)",
           "an event's acquisition type contains", ("ct_acquisition_type",), suggests=True),
    filter_event_names("ct_event", _TABLE, "CT", _EVENT),
    Filter("dlp_min", NUMBER_VALUE, STUDY, f"{_DLP.value} >= %s::numeric",
           "total DLP of the study at least", ("total_dlp__gte", "study_dlp_min"), "mGy.cm", total=_DLP),
    Filter("dlp_max", NUMBER_VALUE, STUDY, f"{_DLP.value} <= %s::numeric",
           "total DLP of the study at most", ("total_dlp__lte", "study_dlp_max"), "mGy.cm", total=_DLP),
    _filter_count("events", _count_events("number_of_events"), "events", "num_events"),
    _filter_count("spiral_events",
                  _count_events("number_of_spiral", "'116152004', 'P5-08001', 'C0860888'"),
                  "spiral events", "num_spiral_events"),
    _filter_count("axial_events", _count_events("number_of_axial", "'113804'"),
                  "sequenced events", "num_axial_events"),
    _filter_count("localiser_events", _count_events("number_of_const_angle", "'113805'"),
                  "constant angle events", "num_spr_events"),
    _filter_count("stationary_events", _count_events("number_of_stationary", "'113806'"),
                  "stationary events", "num_stationary_events"),
)  # fmt: skip

_HIGHEST_DLP = Order(
    "highest_dlp", f"{_DLP.value} DESC NULLS LAST", "highest total DLP first", ("-total_dlp",), _DLP
)

_ONE_EVENT = (
    "EXISTS (SELECT FROM remapp_ctradiationdose ctdose"
    " JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = ctdose.id"
    f" WHERE ctdose.{OF_STUDY} AND {{}})"
)


def warn_of_repeats_in_event(table: str, most: int, message: str) -> RepeatWarning:
    """Return the warning for a table of which an event should have at most `most` rows."""
    sql = (
        f"SELECT chosen.id FROM chosen {_EVENT_JOIN} JOIN {table} child"
        f" ON child.{_OF_EVENT} = event.id GROUP BY chosen.id, event.id HAVING count(*) > {most}"
    )
    return RepeatWarning(sql, message)


_REPEAT_WARNINGS = (
    *STUDY_REPEAT_WARNINGS,
    warn_of_repeats(
        "remapp_ctradiationdose",
        "CT dose report",
        "the events of all are included, the comment is that of the first",
    ),
    warn_of_repeats_in_event(
        "remapp_scanninglength", 1, "Several scanning lengths in {n} of the events: the first was used."
    ),
    warn_of_repeats_in_event(
        "remapp_ctdosecheckdetails", 1, "Several dose checks in {n} of the events: the first was used."
    ),
    warn_of_repeats_in_event(
        "remapp_ctxraysourceparameters",
        2,
        "More than two X-ray sources in {n} of the events: the third and later ones are not in the file.",
    ),
)

_STUDY_ROW_WARNINGS = (
    *STUDY_ROW_WARNINGS,
    RowWarning("ctdose.id IS NULL", "No CT dose report in {n} of the studies: its cells are blank."),
    RowWarning(
        "ctacc.id IS NULL", "No accumulated dose in {n} of the studies: DLP total and No. events are blank."
    ),
    RowWarning(
        "ctacc.rows > 1",
        "Several accumulated doses in {n} of the studies: DLP total and No. events are their sums.",
    ),
    warn_of_doubled_total(("ctacc.dlp", "events.dlp")),
)

_EVENT_ROW_WARNINGS = (
    RowWarning("scanlen.id IS NULL", "No scanning length in {n} of the events: its cell is blank."),
    RowWarning("s2.id IS NULL AND s1.identification_of_the_xray_source = 'B'",
         "X-ray source B without a source A in {n} of the events: its values are in the S1 columns."),
)  # fmt: skip

CT = Modality(
    name="CT",
    codes=("CT",),
    filters=(*COMMON_FILTERS, *WEIGHT_FILTERS, STUDY_NAME_FILTER, *_CT_FILTERS),
    orders=(*COMMON_ORDERS, _HIGHEST_DLP),
    scopes={**SCOPES, "ct_event": _ONE_EVENT},
    event_tables=_EVENT_JOIN,
)

_EVENTS = count_events(
    "ctacc.events",
    "Number of irradiation events, as the device declared it",
    "ctaccumulateddosedata.total_number_of_irradiation_events",
    dicom="113812 DCM",
    blank="not declared, even if the study has events",
    rows="added, with a warning",
)

_STUDY_STREAM = Stream(
    columns=(
        *study_columns(read_comments("ctdose.comment", "ctradiationdose.comment"), _EVENTS, standard="CT"),
        DLP_TOTAL,
    ),
    joins=STUDY_JOINS + _TOTAL_JOIN,
    ties=(*STUDY_TIES, "ctdose.id"),
    row_warnings=_STUDY_ROW_WARNINGS,
)

_EVENT_STREAM = Stream(
    columns=_EVENT_COLUMNS,
    joins=_CHILD_JOIN,
    ties=("scanlen.id", "chk.id", "s2.id"),
    row_warnings=_EVENT_ROW_WARNINGS,
    extras=(list_event_names(_TABLE, "CT"),),
)

_PROTOCOLS = Frequency("Acquisition protocol", "event.acquisition_protocol", _PROTOCOL.source, EVENTS)
_EVENT_NAMES = count_event_names(_TABLE, "CT")
_BOOK = ModalityWorkbook(
    frequencies=(*STUDY_FREQUENCIES, _PROTOCOLS, STUDY_NAMES, _EVENT_NAMES),
    sheets=_PROTOCOLS,
    standard_sheets=_EVENT_NAMES,
)


def _make_spec(form: str, help_text: str, layout: Wide | ModalityWorkbook) -> Spec:
    return Spec(
        type=f"ct-{form}",
        format=form,
        help=help_text,
        modality=CT,
        studies=_STUDY_STREAM,
        events=_EVENT_STREAM,
        layout=layout,
        repeat_warnings=_REPEAT_WARNINGS,
        options=(MAX_EVENTS,),
    )


SPECS = (
    _make_spec("csv", "One row per study, acquisitions in adjacent columns", Wide()),
    _make_spec("xlsx", "Workbook with a summary, all data, and one sheet per acquisition protocol", _BOOK),
)
