"""Public Health England's form of 2019 for CT dose surveys, one row per study (docs/export-rules.md §8.1).

The series are the events by id without localisers. The form has headings for four series. Further series
follow the comments.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doseexport.catalogue.columns import (
    ALWAYS,
    COUNTED,
    NEVER,
    NO_SOURCE,
    NUMBER,
    TEXT,
    Cells,
    Column,
    RowWarning,
    Stream,
)
from doseexport.catalogue.ct.exports import (
    CT,
    CTDIVOL,
    DLP,
    DLP_TOTAL,
    EVENTS_DLP,
    PHANTOM,
    SCANNING_LENGTH,
    warn_of_repeats_in_event,
)
from doseexport.catalogue.layouts import NO_EXCLUSIONS, CustomRows, FileContext, Row, Sheet
from doseexport.catalogue.shared.plausibility import NEGATIVE_AGE, warn_of_doubled_total
from doseexport.catalogue.shared.study import AGE, HEIGHT, MASS, OF_STUDY, warn_of_repeats
from doseexport.catalogue.spec import Spec

HEADED_SERIES = 4
LOCALISER = "113805"
"""Constant Angle Acquisition (113805, DCM)."""

_OF_EVENT = "ct_irradiation_event_data_id"
_IS_SERIES = f"kind.code_value IS DISTINCT FROM '{LOCALISER}'"

_STUDY_TABLES = f"""
LEFT JOIN remapp_patientstudymoduleattr patstudy ON patstudy.{OF_STUDY}
LEFT JOIN LATERAL (
    SELECT count(DISTINCT ctdose.id) AS reports, count(ctacc.id) AS rows,
        sum(ctacc.ct_dose_length_product_total) AS dlp
    FROM remapp_ctradiationdose ctdose
    LEFT JOIN remapp_ctaccumulateddosedata ctacc ON ctacc.ct_radiation_dose_id = ctdose.id
    WHERE ctdose.{OF_STUDY}
) total ON true"""

_SERIES_TABLES = f"""
LEFT JOIN remapp_contextid kind ON kind.id = event.ct_acquisition_type_id
LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id
LEFT JOIN remapp_scanninglength scanlen ON scanlen.{_OF_EVENT} = event.id
LEFT JOIN LATERAL (
    SELECT count(*) AS tubes, array_agg(trim_scale(tube.kvp) ORDER BY tube.id) AS kvps
    FROM remapp_ctxraysourceparameters tube WHERE tube.{_OF_EVENT} = event.id
) source ON true"""

_KVP = "CASE source.tubes WHEN 2 THEN array_to_string(source.kvps, ' | ') ELSE source.kvps[1]::text END"

_PATIENT_COLUMNS = (
    AGE.named("Age (yrs)"),
    MASS.named("Weight (kg)"),
    HEIGHT.named("Height (cm)", sql="patstudy.patient_size * 100", unit="cm", conversion="× 100 from m"),
)
_TOTAL_COLUMN = DLP_TOTAL.named("Total DLP* (whole scan) mGy.cm", sql="total.dlp")

_PLACE = "of the scanning length, TID 10014"
_SERIES_COLUMNS = (
    SCANNING_LENGTH.named("Imaged length"),
    Column("Start position", "scanlen.bottom_z_location_of_scanning_length", NUMBER, f"Lower end {_PLACE}",
           "scanninglength.bottom_z_location_of_scanning_length", "mm"),
    Column("End position", "scanlen.top_z_location_of_scanning_length", NUMBER, f"Upper end {_PLACE}",
           "scanninglength.top_z_location_of_scanning_length", "mm"),
    Column("kV", _KVP, TEXT, "Tube voltage", "ctxraysourceparameters.kvp", "kV", "113733 DCM",
           rows="two X-ray sources: both as a text joined by |; else the first by id"),
    PHANTOM.named("CTDI phantom"),
    Column("Scan FOV (mm)", "NULL", NUMBER, "Field of view: to fill in", NO_SOURCE, "mm", blank=ALWAYS),
    CTDIVOL.named("CTDIvol (mGy)*"),
    DLP.named("DLP (mGy.cm)*"),
)  # fmt: skip
_SHOWN_SERIES = tuple(
    replace(each, kind=NUMBER) if each.heading == "kV" else each for each in _SERIES_COLUMNS
)

_HEADED_CELLS = HEADED_SERIES * len(_SHOWN_SERIES)
_FORM_COLUMNS = (
    Column("Patient No", "", NUMBER, "Number of the study in the form, from 1", COUNTED, blank=NEVER),
    *_PATIENT_COLUMNS,
    *(_SHOWN_SERIES * HEADED_SERIES),
    _TOTAL_COLUMN,
    Column(
        "Patient comments",
        "",
        TEXT,
        "CT acquisition types of all series of the study",
        "ctirradiationeventdata.ct_acquisition_type_id",
        dicom="113820 DCM",
        conversion="the meanings of the codes; a series without a code is of unknown type",
        blank=NEVER,
        rows="joined by commas",
    ),
)


_FURTHER_SERIES = (
    f"More than {HEADED_SERIES} series in {{n}} of the studies:"
    " the further series follow the comments, without headings."
)


class SurveyForm:
    """Builder of one row per study, numbered from 1."""

    exclusions = NO_EXCLUSIONS
    warnings = ()
    sheets = (Sheet("PHE CT 2019", _FORM_COLUMNS, overflow=tuple(each.kind for each in _SHOWN_SERIES)),)

    def __init__(self, context: FileContext) -> None:
        self._warn = context.warn
        self._patients = 0

    def build_rows(self, study: Cells, events: list[Cells]) -> Iterator[Row]:
        """Yield the row of a study. The last two cells of an event are the code and meaning of its type."""
        *patient, total = study
        series = [event for event in events if event[-2] != LOCALISER]
        types = ", ".join(event[-1] or "unknown type" for event in series)
        cells = [cell for event in series for cell in event[:-2]]
        headed, further = cells[:_HEADED_CELLS], cells[_HEADED_CELLS:]
        headed += [""] * (_HEADED_CELLS - len(headed))
        self._patients += 1
        if len(series) > HEADED_SERIES:
            self._warn(_FURTHER_SERIES)
        yield 0, [str(self._patients), *patient, *headed, total, f"Series types: {types}", *further]

    def end(self) -> tuple[Row, ...]:
        """Return no rows: every row belongs to a study."""
        return ()


_STUDY_ROW_WARNINGS = (
    RowWarning("patstudy.id IS NULL", "No patient study record in {n} of the studies: its cells are blank."),
    RowWarning("total.reports = 0", "No CT dose report in {n} of the studies: its cells are blank."),
    RowWarning("total.rows = 0", "No accumulated dose in {n} of the studies: total DLP is blank."),
    NEGATIVE_AGE,
    warn_of_doubled_total(("total.dlp", EVENTS_DLP)),
    RowWarning(
        "total.reports > 1", "Several CT dose reports in {n} of the studies: the events of all are included."
    ),
    RowWarning("total.rows > 1", "Several accumulated doses in {n} of the studies: total DLP is their sum."),
)

_SERIES_ROW_WARNINGS = (
    RowWarning(
        f"scanlen.id IS NULL AND {_IS_SERIES}",
        "No scanning length in {n} of the series: its cells are blank.",
    ),
    RowWarning(
        f"source.tubes > 2 AND {_IS_SERIES}",
        "More than two X-ray sources in {n} of the series: kV is that of the first.",
    ),
)

_REPEAT_WARNINGS = (
    warn_of_repeats("remapp_patientstudymoduleattr", "patient study record"),
    warn_of_repeats_in_event(
        "remapp_scanninglength", 1, "Several scanning lengths in {n} of the events: the first was used."
    ),
)

SPECS = (
    Spec(
        type="ct-phe2019",
        format="xlsx",
        help=(
            "PHE 2019 dose survey form for adults and children, localisers excluded."
            " The form for children has the same cells, one column further to the right"
        ),
        modality=CT,
        studies=Stream(
            columns=(*_PATIENT_COLUMNS, _TOTAL_COLUMN),
            joins=_STUDY_TABLES,
            ties=("patstudy.id",),
            row_warnings=_STUDY_ROW_WARNINGS,
        ),
        events=Stream(
            columns=_SERIES_COLUMNS,
            joins=_SERIES_TABLES,
            ties=("scanlen.id",),
            row_warnings=_SERIES_ROW_WARNINGS,
            extras=(Column("code", "kind.code_value"), Column("type", "kind.code_meaning")),
        ),
        layout=CustomRows(SurveyForm),
        repeat_warnings=_REPEAT_WARNINGS,
    ),
)
