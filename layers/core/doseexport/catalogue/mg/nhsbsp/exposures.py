"""An exposure of an NHSBSP survey: its names, and why it is excluded (docs/export-rules.md §6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Self

from doseexport.catalogue.mg.nhsbsp.views import MAGNIFICATION_CODES, is_specimen, name_view

SEPARATOR = "\x1f"
"""Separates the values of a cell that holds several."""

YES = "yes"
"""The value of a cell or an option that is on. Any other value is off."""

WORDS = "scout, postclip, prefire, biopsy, postfire, stereo, specimen, specimin, artefact, artifact"
"""The default words: a protocol that contains one of them is of no survey (docs/export-rules.md §6)."""

_ANODES = {"TUNGSTEN": "W", "MOLY": "Mo", "RHOD": "Rh"}
_FILTERS = {"ALUM": "Al", "MOLY": "Mo", "RHOD": "Rh", "SILV": "Ag", "COPPER": "Cu", "TITAN": "Ti"}


@dataclass(frozen=True, slots=True)
class Exposure:
    """The cells of one exposure. The event stream has these columns in this order.

    `filter_texts` and `modifiers` (codes) can hold several values. Units are kV, mm, mAs and mGy.
    `source_code` is the source of the dose report. `has_exposure` is YES if a tube load is stored.
    """

    laterality: str
    view_code: str
    view_text: str
    modifiers: str
    protocol: str
    type_code: str
    type_text: str
    source_code: str
    anode_text: str
    filter_texts: str
    kv: str
    thickness: str
    mas: str
    has_exposure: str
    mode: str
    agd: str

    @property
    def view(self) -> str:
        """The NHSBSP name of the view with the side in front, such as LCC."""
        return self.laterality.strip()[:1].upper() + name_view(self.view_code, self.view_text)

    @property
    def anode(self) -> str:
        """The short name of the anode's material: W, Mo or Rh, or else the material as stored."""
        return _shorten(self.anode_text, _ANODES)

    @property
    def filters(self) -> tuple[str, ...]:
        """The distinct short names of the filter materials, in the order of the filters."""
        texts = filter(None, self.filter_texts.split(SEPARATOR))
        return tuple(dict.fromkeys(_shorten_filter(text) for text in texts))

    @property
    def control(self) -> str:
        """The exposure control: AUTO, MANUAL or blank."""
        mode = self.mode.upper()
        return "AUTO" if "AUTO" in mode else "MANUAL" if "MAN" in mode else ""

    @property
    def has_derived_load(self) -> bool:
        """Whether the mAs is derived from pulse currents and times, because no tube load is stored."""
        return bool(self.mas) and self.has_exposure != YES


def _shorten(text: str, names: Mapping[str, str]) -> str:
    return next((name for part, name in names.items() if part in text.upper()), text)


def _shorten_filter(text: str) -> str:
    short = _shorten(text, _FILTERS)
    return "Sn" if short == text and re.search(r"\bTIN\b", text.upper()) else short


@dataclass(frozen=True, slots=True)
class Rules:
    """The options that exclude exposures from the surveys."""

    words: tuple[str, ...]
    exclude_test_patients: bool
    exclude_zero_agd: bool
    exclude_magnification: bool

    @classmethod
    def read(cls, options: Mapping[str, str]) -> Self:
        """Return the rules of a request's options."""
        return cls(
            words=tuple(word.strip().lower() for word in options["words"].split(",") if word.strip()),
            exclude_test_patients=options["exclude_test_patients"] == YES,
            exclude_zero_agd=options["exclude_zero_agd"] == YES,
            exclude_magnification=options["exclude_magnification"] == YES,
        )

    def explain_exclusion(self, exposure: Exposure, *, is_test_patient: bool = False) -> str:
        """Return the first reason to exclude an exposure, in the order of export-rules.md §6, or ""."""
        return next(self._reasons(exposure, is_test_patient=is_test_patient), "")

    def _reasons(self, exposure: Exposure, *, is_test_patient: bool) -> Iterator[str]:
        if is_test_patient and self.exclude_test_patients:
            yield "test patient"
        if not exposure.laterality.strip():
            yield "no laterality"
        if is_specimen(exposure.view_code, exposure.view_text):
            yield "view of a specimen"
        elif not name_view(exposure.view_code, exposure.view_text):
            yield "no view"
        if word := find_word(exposure.protocol, self.words):
            yield f'protocol contains "{word}"'
        if not exposure.anode_text.strip():
            yield "no anode material"
        if not exposure.filters:
            yield "no filter material"
        if self.exclude_zero_agd and exposure.agd == "0":
            yield "AGD is 0"
        if self.exclude_magnification and MAGNIFICATION_CODES & set(exposure.modifiers.split(SEPARATOR)):
            yield "magnification view"


def find_word(text: str, words: tuple[str, ...]) -> str:
    """Return the first of the lower-case words that the text contains in any case, or ""."""
    return next((word for word in words if word in text.lower()), "")
