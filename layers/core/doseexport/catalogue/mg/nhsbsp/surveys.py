"""Which of NHSBSP's surveys an exposure belongs to (export-rules §6). Pure.

| exposure | told by | survey |
|---|---|---|
| with a Cu or Ti filter | it: the high-energy exposure of contrast-enhanced mammography | CEM |
| of no type, or stationary and from an image | a word in the protocol, then W + Al | DBT, else 2D |
| any other | its type; Review if the protocol contradicts, or if the type is another | 2D, DBT |

OpenREM calls every exposure that it knows from an image alone stationary, tomosynthesis too.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from doseexport.catalogue.mg.nhsbsp.exposures import Exposure, find_word

SURVEYS = ("2D", "DBT", "CEM")
"""The surveys; each has the number after that of the one before."""

TWO_D, DBT, CEM = SURVEYS

DBT_WORDS = ("tomo", "dbt", "3d", "combo")
_FROM_IMAGES = "113866"
_TYPES = {"113611": TWO_D, "113613": DBT}
_HIGH_ENERGY = frozenset({"Cu", "Ti"})

LOW_LOAD = (
    "in the DBT survey; its mAs is computed from the pulses' currents and times,"
    " which some devices store too low: compare it with the device's own"
)


@dataclass(frozen=True, slots=True)
class Place:
    """The survey an exposure is in, if it can be told, and why it is on Review, if it is."""

    survey: str
    review: str = ""


def find_place(exposure: Exposure) -> Place:
    """Return where a kept exposure belongs."""
    if _HIGH_ENERGY & set(exposure.filters):
        return Place(CEM)
    word = find_word(exposure.protocol, DBT_WORDS)
    survey = _TYPES.get(exposure.type_code, "")
    is_from_image = exposure.source_code == _FROM_IMAGES
    if not exposure.type_code or (is_from_image and survey == TWO_D):
        is_dbt = word or (exposure.anode == "W" and "Al" in exposure.filters)
        survey = DBT if is_dbt else TWO_D
    else:
        if not survey:
            return Place("", f"event type {exposure.type_text or exposure.type_code}: neither 2D nor DBT")
        if survey == TWO_D and word:
            return Place("", f"event type {exposure.type_text or exposure.type_code}, protocol says {word}")
    is_doubtful = survey == DBT and not is_from_image and exposure.has_computed_load
    return Place(survey, LOW_LOAD if is_doubtful else "")


@dataclass(slots=True)
class ViewNumbers:
    """The view codes of one study: LCC, LCC2, LCC3 … in each survey from the start."""

    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def name(self, exposure: Exposure, survey: str = "") -> str:
        """Return the code of the study's next exposure in this survey."""
        self._seen[survey, exposure.view] += 1
        number = self._seen[survey, exposure.view]
        return exposure.view if number == 1 else f"{exposure.view}{number}"
