"""Warnings of values that are stored but hardly possible (docs/export-rules.md §1.8).

They are exported as stored.
"""

from __future__ import annotations

from doseexport.catalogue.columns import RowWarning

_STORED = "exported as stored."
MOST_DOSE = "1000000"
"""The greatest plausible dose at the reference point over DAP, in 1/m²: that of a field of 1 mm²."""

NEGATIVE_AGE = RowWarning(
    "patstudy.patient_age_decimal < 0", f"The age is negative in {{n}} of the studies: {_STORED}"
)


def warn_of_high_dose(dose: str, dap: str, of: str) -> RowWarning:
    """Return the warning of a dose at the reference point (Gy) that is too high for the DAP (Gy·m²).

    OpenREM 0.10 stored such doses without their unit, so that they can be 1,000 times as high.
    """
    return RowWarning(
        f"{dap} > 0 AND {dose} > {dap} * {MOST_DOSE}",
        f"The dose at the reference point is too high for the DAP in {{n}} of the {of}: {_STORED}",
    )


def warn_of_doubled_total(*totals: tuple[str, str]) -> RowWarning:
    """Return the warning of totals that are twice the sum of their events: a total can be stored twice.

    Each is SQL for a total and for the sum of its events, in the same unit. A thousandth is allowed for
    rounding.
    """
    return RowWarning(
        " OR ".join(
            f"({total} > 0 AND abs({total} - 2 * {events}) <= {total} * 0.001)" for total, events in totals
        ),
        f"The total is twice the sum of the events in {{n}} of the studies: {_STORED}",
    )
