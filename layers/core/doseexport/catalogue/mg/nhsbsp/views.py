"""NHSBSP's short names of mammography views (docs/export-rules.md §13, DICOM CID 4014).

The code decides first, in SRT (SNOMED-RT style) or SNOMED CT, then the text in any case: OpenREM stores
one text per code, the first that it received. Medio-lateral oblique is `OB` in the NHSBSP's software.
"""

from __future__ import annotations

SPECIMEN_CODES = frozenset({"G-8310", "127457009"})
"""Tissue specimen from breast."""

MAGNIFICATION_CODES = frozenset({"R-102D6", "399163009"})
"""The view modifier Magnification (DICOM CID 4015)."""

# SRT, SNOMED CT, NHSBSP, texts
_VIEWS = (
    ("R-10242", "399162004", "CC", ("cranio-caudal",)),
    ("R-10226", "399368009", "OB", ("medio-lateral oblique",)),
    ("R-10224", "399260004", "ML", ("medio-lateral", "medial-lateral")),
    ("R-10228", "399352003", "LM", ("latero-medial",)),
    ("R-10230", "399099002", "LMO", ("latero-medial oblique",)),
    ("R-10244", "399196006", "FB", ("caudo-cranial (from below)", "caudo-cranial")),
    ("R-102D0", "399188001", "SIO", ("superolateral to inferomedial oblique",)),
    ("R-40AAA", "441555000", "ISO", ("inferomedial to superolateral oblique",)),
    ("R-1024A", "399192008", "XCCL", ("cranio-caudal exaggerated laterally",)),
    ("R-1024B", "399101009", "XCCM", ("cranio-caudal exaggerated medially",)),
)
_BY_CODE = {code: name for srt, snomed, name, _ in _VIEWS for code in (srt, snomed)}
# A retired view without a code. Devices write it in several ways.
_XCC = ("exaggerated cranio-caudal", "exaggerated cranio-caudal (retired)", "cranio-caudal exaggerated")
_BY_TEXT = {text: name for *_, name, texts in _VIEWS for text in texts} | dict.fromkeys(_XCC, "XCC")


def name_view(code: str, text: str) -> str:
    """Return the NHSBSP name of a view, or its text as stored if it has none, or "" without a view."""
    return _BY_CODE.get(code) or _BY_TEXT.get(text.strip().lower(), text if text.strip() else "")


def is_specimen(code: str, text: str) -> bool:
    """Return whether a view shows a specimen instead of a breast."""
    return code in SPECIMEN_CODES or "specimen" in text.lower()
