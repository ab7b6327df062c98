"""The assignment of exposures to the surveys 2D, DBT and CEM (docs/export-rules.md §6).

| exposure | decided by | survey |
|---|---|---|
| with a Cu or Ti filter, the high-energy exposure of contrast-enhanced mammography | the filter | CEM |
| without a type, or stationary and made from images | a DBT word in the protocol, else W and Al | DBT or 2D |
| any other | its type; to review if the protocol contradicts it, or for another type | 2D or DBT |

OpenREM stores the type stationary for every exposure that it reads from an image, tomosynthesis included.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

from doseexport.catalogue.mg.nhsbsp.exposures import Exposure, find_word

SURVEYS = ("2D", "DBT", "CEM")
"""The surveys in the order of their numbers."""

TWO_D, DBT, CEM = SURVEYS

DBT_WORDS = ("tomo", "dbt", "3d", "combo")
_FROM_IMAGES = "113866"
_TYPES = {"113611": TWO_D, "113613": DBT}
_HIGH_ENERGY = frozenset({"Cu", "Ti"})

DERIVED_LOAD = (
    "in the DBT survey; its mAs is derived from pulse currents and times, which some devices store too low:"
    " compare it with the value that the device shows"
)


@dataclass(frozen=True, slots=True)
class Assignment:
    """The survey of an exposure, or "", and the reason to review it, or ""."""

    survey: str
    review: str = ""


def assign_survey(exposure: Exposure) -> Assignment:
    """Return the survey of an exposure that is not excluded, and whether to review it."""
    if _HIGH_ENERGY & set(exposure.filters):
        return Assignment(CEM)
    word = find_word(exposure.protocol, DBT_WORDS)
    survey = _TYPES.get(exposure.type_code, "")
    is_from_image = exposure.source_code == _FROM_IMAGES
    if not exposure.type_code or (is_from_image and survey == TWO_D):
        is_dbt = word or (exposure.anode == "W" and "Al" in exposure.filters)
        survey = DBT if is_dbt else TWO_D
    else:
        event_type = f"event type {exposure.type_text or exposure.type_code}"
        if not survey:
            return Assignment("", f"{event_type}: neither 2D nor DBT")
        if survey == TWO_D and word:
            return Assignment("", f'{event_type}, protocol contains "{word}"')
    is_doubtful = survey == DBT and not is_from_image and exposure.has_derived_load
    return Assignment(survey, DERIVED_LOAD if is_doubtful else "")


@dataclass(slots=True)
class ViewNumbers:
    """The numbers of the views of one study, from the start in each survey: LCC, LCC2, LCC3 and so on."""

    _seen: Counter[tuple[str, str]] = field(default_factory=Counter)

    def name(self, exposure: Exposure, survey: str = "") -> str:
        """Return the view code of the next exposure of the study in this survey."""
        self._seen[survey, exposure.view] += 1
        number = self._seen[survey, exposure.view]
        return exposure.view if number == 1 else f"{exposure.view}{number}"
