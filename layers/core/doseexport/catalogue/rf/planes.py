"""Accumulated doses of a fluoroscopy study as blocks A and B of nine columns each (docs/export-rules.md §3).

The accumulated doses of a study are added by plane, over all its rows and dose reports, and the planes are
ordered by code: Plane A, Plane B, Single Plane, others, none. Plane B is always in block B. The other
planes fill the blocks from A on. A third plane is left out, with a warning.
"""

from __future__ import annotations

from dataclasses import dataclass

from doseexport.catalogue.columns import NUMBER, Column, RowWarning
from doseexport.catalogue.shared.plausibility import warn_of_doubled_total, warn_of_high_dose
from doseexport.catalogue.shared.study import OF_CHOSEN
from doseexport.catalogue.shared.xray import EVENT_TABLES, EVENTS_DAP

PLANE_B = "113621"

_INTEGRATED = "remapp_accumintegratedprojradiogdose"
_PROJECTION = "remapp_accumprojxraydose"


@dataclass(frozen=True, slots=True)
class PlaneTotal:
    """A total: its name in SQL, heading and meaning, the column that it adds, its unit and DICOM concept."""

    name: str
    heading: str
    meaning: str
    table: str
    column: str
    unit: str
    dicom: str

    @property
    def source(self) -> str:
        """The source in the dictionary."""
        return f"{self.table.removeprefix('remapp_')}.{self.column}"


TOTALS = (
    PlaneTotal("dap", "DAP total (Gy.m^2)", "Total dose-area product", _INTEGRATED, "dose_area_product_total",
               "Gy·m²", "113722 DCM"),
    PlaneTotal("rp", "Dose RP total (Gy)", "Total dose at the reference point", _INTEGRATED, "dose_rp_total",
               "Gy", "113725 DCM"),
    PlaneTotal("fluoro_dap", "Fluoro DAP total (Gy.m^2)", "Dose-area product of fluoroscopy", _PROJECTION,
               "fluoro_dose_area_product_total", "Gy·m²", "113726 DCM"),
    PlaneTotal("fluoro_rp", "Fluoro dose RP total (Gy)", "Dose at the reference point of fluoroscopy",
               _PROJECTION, "fluoro_dose_rp_total", "Gy", "113728 DCM"),
    PlaneTotal("fluoro_time", "Fluoro duration total (s)", "Time of fluoroscopy", _PROJECTION,
               "total_fluoro_time", "s", "113730 DCM"),
    PlaneTotal("acq_dap", "Acq. DAP total (Gy.m^2)", "Dose-area product of acquisitions", _PROJECTION,
               "acquisition_dose_area_product_total", "Gy·m²", "113727 DCM"),
    PlaneTotal("acq_rp", "Acq. dose RP total (Gy)", "Dose at the reference point of acquisitions",
               _PROJECTION, "acquisition_dose_rp_total", "Gy", "113729 DCM"),
    PlaneTotal("acq_time", "Acq. duration total (s)", "Time of acquisitions", _PROJECTION,
               "total_acquisition_time", "s", "113855 DCM"),
)  # fmt: skip
"""The totals of a plane, in the order of their columns."""


def _add_rows(alias: str, table: str) -> str:
    """Return SQL for the sums over an accumulated dose's rows of one table, and for the number of rows."""
    sums = ", ".join(f"sum({each.column}) AS {each.name}" for each in TOTALS if each.table == table)
    return (
        f"CROSS JOIN LATERAL (SELECT count(*) AS rows, {sums} FROM {table}"
        f" WHERE accumulated_xray_dose_id = accum.id) {alias}"
    )


ACCUMULATED = f"""
JOIN remapp_projectionxrayradiationdose proj ON proj.{OF_CHOSEN}
JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = proj.id
{_add_rows("integ", _INTEGRATED)}
{_add_rows("accproj", _PROJECTION)}"""
"""Joins `chosen` to its accumulated doses, with their totals as `integ` and `accproj`."""

PLANES = f"""
    SELECT chosen.id, code.code_value AS code, min(code.code_meaning) AS meaning,
        bool_or(integ.rows > 1 OR accproj.rows > 1) OR count(*) > 1 AS is_added,
        {", ".join(f"sum({each.name}) AS {each.name}" for each in TOTALS)}
    FROM chosen {ACCUMULATED}
    LEFT JOIN remapp_contextid code ON code.id = accum.acquisition_plane_id
    GROUP BY chosen.id, code.code_value"""
"""SQL over `chosen` for the planes of the studies (id, code, meaning), each with its totals by name."""

_RANKED = f"""
    SELECT *, code IS NOT DISTINCT FROM '{PLANE_B}' AS is_b,
        bool_or(code = '{PLANE_B}') OVER (PARTITION BY id) IS TRUE AS has_b,
        row_number() OVER (PARTITION BY id, code IS NOT DISTINCT FROM '{PLANE_B}'
            ORDER BY code COLLATE "C") AS rank
    FROM ({PLANES}) plane"""

# One pass over the events takes three quarters of the time that a count for each plane takes.
_COUNTED = f"""
    SELECT chosen.id, code.code_meaning AS meaning, count(*) AS events
    FROM chosen {EVENT_TABLES}
    LEFT JOIN remapp_contextid code ON code.id = event.acquisition_plane_id
    GROUP BY chosen.id, code.code_meaning"""

_BLOCKS = f"""
    SELECT plane.*, coalesce(counted.events, 0) AS events,
        CASE WHEN is_b OR (rank = 2 AND NOT has_b) THEN 'b' WHEN rank = 1 THEN 'a' END AS block
    FROM ({_RANKED}) plane
    LEFT JOIN ({_COUNTED}) counted
        ON counted.id = plane.id AND counted.meaning IS NOT DISTINCT FROM plane.meaning"""


def _pick(block: str) -> str:
    names = [*(each.name for each in TOTALS), "events"]
    return ", ".join(f"max({name}) FILTER (WHERE block = '{block}') AS {block}_{name}" for name in names)


PLANE_JOIN = f"""
LEFT JOIN (
    SELECT id, bool_or(block IS NULL) AS is_cut, bool_or(is_added) AS is_added,
        {_pick("a")}, {_pick("b")}
    FROM ({_BLOCKS}) plane GROUP BY id
) planes ON planes.id = study.id"""

ADDED = "Several accumulated doses of one plane in {n} of the studies: the values are added."
PLANE_ROW_WARNINGS = (
    RowWarning(
        "planes.id IS NULL", "No accumulated dose in {n} of the studies: the cells of its planes are blank."
    ),
    RowWarning("planes.is_cut", "More than two planes in {n} of the studies: the third plane is left out."),
    RowWarning("planes.is_added", ADDED),
    warn_of_high_dose("planes.a_rp", "planes.a_dap", "studies"),
    warn_of_high_dose("planes.b_rp", "planes.b_dap", "studies of two planes"),
    warn_of_doubled_total(("(coalesce(planes.a_dap, 0) + coalesce(planes.b_dap, 0))", EVENTS_DAP)),
)  # fmt: skip


_PLANES_OF_BLOCKS = {
    "A": "plane A, or the first plane that is not plane B",
    "B": "plane B, or the second plane without a plane B",
}


def _list_columns(block: str) -> tuple[Column, ...]:
    of = f"of {_PLANES_OF_BLOCKS[block]}"
    blank = "not recorded, or the study has no such plane"
    totals = (
        Column(
            f"{block} {each.heading}",
            f"planes.{block.lower()}_{each.name}",
            NUMBER,
            f"{each.meaning} {of}",
            each.source,
            each.unit,
            each.dicom,
            blank=blank,
            rows="those of one plane are added, with a warning; a third plane is left out, with a warning",
        )
        for each in TOTALS
    )
    counted = Column(
        f"{block} Number of events",
        f"planes.{block.lower()}_events",
        NUMBER,
        f"Number of events {of}",
        "irradeventxraydata.acquisition_plane_id",
        dicom="113764 DCM",
        blank="the study has no such plane",
        rows="counted",
    )
    return (*totals, counted)


PLANE_COLUMNS = (*_list_columns("A"), *_list_columns("B"))
