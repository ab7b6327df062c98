"""Exposures for tests."""

from doseexport.catalogue.mg.nhsbsp.exposures import WORDS, Exposure

OPTIONS = {
    "survey_number": "1",
    "words": WORDS,
    "exclude_test_patients": "no",
    "exclude_zero_agd": "no",
    "exclude_magnification": "no",
    "whole_years": "no",
}
LEFT_CC = {
    "laterality": "Left",
    "view_code": "R-10242",
    "view_text": "cranio-caudal",
    "modifiers": "",
    "protocol": "ROUTINE",
    "type_code": "113611",
    "type_text": "Stationary Acquisition",
    "source_code": "113856",
    "anode_text": "Tungsten or Tungsten compound",
    "filter_texts": "Rhodium or Rhodium compound",
    "kv": "28",
    "thickness": "43",
    "mas": "90.2",
    "has_exposure": "yes",
    "mode": "AUTOMATIC",
    "agd": "1.3",
}


def make_exposure(**cells: str) -> Exposure:
    """Return an exposure of the 2D survey with these cells changed."""
    return Exposure(**LEFT_CC | cells)
