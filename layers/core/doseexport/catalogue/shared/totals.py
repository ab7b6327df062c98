"""Totals of an X-ray study: stored by OpenREM, or computed by its own rules (docs/export-rules.md §1.7).

A file does not change when OpenREM stores totals that were computed here.
"""

from __future__ import annotations

from doseexport.catalogue.schema import Total
from doseexport.catalogue.shared.study import OF_STUDY

COMPUTED = "where OpenREM has stored no total: from the accumulated doses, with a warning"
"""The conversion of a total in the dictionary."""

_DOSES = """FROM remapp_projectionxrayradiationdose proj
    JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = proj.id"""
_INTEGRATED = """
    JOIN remapp_accumintegratedprojradiogdose integ ON integ.accumulated_xray_dose_id = accum.id"""


def _add(column: str) -> str:
    return f"(SELECT sum(integ.{column}) {_DOSES} {_INTEGRATED} WHERE proj.{OF_STUDY})"


DAP = Total("study.total_dap", _add("dose_area_product_total"))
"""Gy·m², of all planes."""

RP_DOSE = Total(
    "coalesce(study.total_rp_dose_a + study.total_rp_dose_b, study.total_rp_dose_a, study.total_rp_dose_b)",
    _add("dose_rp_total"),
)
"""Gy, of all planes."""

RP_DOSE_A = Total(
    "study.total_rp_dose_a",
    f"""(SELECT sum(integ.dose_rp_total) FROM remapp_accumintegratedprojradiogdose integ
    WHERE integ.accumulated_xray_dose_id = (SELECT min(accum.id) {_DOSES} WHERE proj.{OF_STUDY}))""",
)
"""Gy, of the first plane by id, which OpenREM calls A."""

EVENTS = Total(
    "study.number_of_events",
    f"""(SELECT count(event.id) FROM remapp_projectionxrayradiationdose proj
    LEFT JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = proj.id
    WHERE proj.{OF_STUDY} HAVING count(*) > 0)""",
)
"""The number of events. It is NULL without a dose report."""


def _find_agd(side: str, codes: str) -> Total:
    """Return the total AGD (mGy) of one side: that of its last accumulated dose by id."""
    return Total(
        f"study.total_agd_{side}",
        f"""(SELECT mammo.accumulated_average_glandular_dose {_DOSES}
    JOIN remapp_accummammographyxraydose mammo ON mammo.accumulated_xray_dose_id = accum.id
    JOIN remapp_contextid code ON code.id = mammo.laterality_id
    WHERE proj.{OF_STUDY} AND code.code_value IN ({codes}) ORDER BY mammo.id DESC LIMIT 1)""",
    )


AGD_LEFT = _find_agd("left", "'T-04030', '80248007', 'C0222601'")
AGD_RIGHT = _find_agd("right", "'T-04020', '73056007', 'C0222600'")
AGD_BOTH = _find_agd("both", "'T-04080', '63762007', 'C0222605'")
