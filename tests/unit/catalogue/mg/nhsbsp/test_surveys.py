"""The survey of an exposure, and whether it needs review."""

import pytest

from doseexport.catalogue.mg.nhsbsp.exposures import SEPARATOR
from doseexport.catalogue.mg.nhsbsp.surveys import DERIVED_LOAD, Assignment, ViewNumbers, assign_survey
from tests.unit.catalogue.mg.nhsbsp.exposures import make_exposure

IMAGE = {"source_code": "113866"}
DBT_TYPE = {"type_code": "113613", "type_text": "Rotational Acquisition"}
W_AL = {"anode_text": "Tungsten", "filter_texts": "Aluminum"}


@pytest.mark.parametrize(
    ("cells", "survey"),
    [
        ({}, "2D"),
        (DBT_TYPE, "DBT"),
        ({"source_code": "113867"}, "2D"),
        ({"source_code": ""}, "2D"),
        ({**DBT_TYPE, "source_code": ""}, "DBT"),
        (W_AL, "2D"),
        (IMAGE, "2D"),
        ({**IMAGE, **DBT_TYPE}, "DBT"),
        ({**IMAGE, **W_AL}, "DBT"),
        ({**IMAGE, **W_AL, "anode_text": "Rhodium"}, "2D"),
        ({**IMAGE, "anode_text": "Tungsten", "filter_texts": f"Rhodium{SEPARATOR}Aluminum"}, "DBT"),
        ({"type_code": "", "type_text": ""}, "2D"),
        ({"type_code": "", "type_text": "", **W_AL}, "DBT"),
        *(
            ({**IMAGE, "protocol": protocol}, "DBT")
            for protocol in ("Flat Field Tomo", "R CC DBT", "3d routine", "LCC Combo")
        ),
        ({**DBT_TYPE, "protocol": "3D_ROUTINE"}, "DBT"),
        *(
            ({**cells, "filter_texts": material}, "CEM")
            for material in ("Copper or Copper compound", "Titanium", f"Aluminum{SEPARATOR}Copper")
            for cells in ({}, IMAGE, DBT_TYPE, {"protocol": "Combo"})
        ),
    ],
)
def test_exposure_is_assigned_to_one_survey(cells, survey):
    assert assign_survey(make_exposure(**cells)) == Assignment(survey)


@pytest.mark.parametrize("word", ["tomo", "dbt", "3d", "combo"])
def test_report_2d_with_protocol_dbt_needs_review(word):
    place = assign_survey(make_exposure(protocol=f"R {word.upper()}"))
    assert place == Assignment("", f'event type Stationary Acquisition, protocol contains "{word}"')


@pytest.mark.parametrize(
    ("code", "text", "name"),
    [("113612", "Stepping Acquisition", "Stepping Acquisition"), ("44491008", "", "44491008")],
)
@pytest.mark.parametrize("source", [{}, IMAGE], ids=["report", "image"])
def test_unknown_type_needs_review(code, text, name, source):
    place = assign_survey(make_exposure(type_code=code, type_text=text, **source))
    assert place == Assignment("", f"event type {name}: neither 2D nor DBT")


def test_dbt_with_computed_load_is_in_the_survey_and_needs_review():
    assert assign_survey(make_exposure(**DBT_TYPE, has_exposure="")) == Assignment("DBT", DERIVED_LOAD)
    assert assign_survey(make_exposure(type_code="", **W_AL, has_exposure="")) == Assignment(
        "DBT", DERIVED_LOAD
    )


@pytest.mark.parametrize(
    "cells",
    [{}, {**IMAGE, **W_AL}, {**DBT_TYPE, "filter_texts": "Copper"}, {**DBT_TYPE, "mas": ""}],
    ids=["2D", "from an image", "CEM", "no load at all"],
)
def test_computed_load_elsewhere_needs_no_review(cells):
    assert assign_survey(make_exposure(**cells, has_exposure="")).review == ""


def test_views_are_numbered_from_the_second_in_each_survey():
    views = ViewNumbers()
    left, right = make_exposure(), make_exposure(laterality="Right")
    assert [views.name(each, "2D") for each in (left, right, left, left)] == ["LCC", "RCC", "LCC2", "LCC3"]
    assert [views.name(each, "DBT") for each in (left, left)] == ["LCC", "LCC2"]
    assert views.name(left, "2D") == "LCC4"


def test_view_numbers_have_no_limit():
    views = ViewNumbers()
    names = [views.name(make_exposure()) for _ in range(25)]
    assert (names[0], names[-1], len(set(names))) == ("LCC", "LCC25", 25)
