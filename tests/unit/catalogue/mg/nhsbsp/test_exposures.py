"""The name of an exposure in a survey, and the reasons to leave it out."""

import pytest

from doseexport.catalogue import find_spec
from doseexport.catalogue.mg.nhsbsp.exposures import SEPARATOR, Exposure, Rules
from tests.unit.catalogue.mg.nhsbsp.exposures import OPTIONS, make_exposure


def explain(exposure, *, is_test_patient=False, **options):
    rules = Rules.read(OPTIONS | options)
    return rules.explain_exclusion(exposure, is_test_patient=is_test_patient)


def test_exposure_cells_are_those_of_the_event_stream():
    headings = [column.heading for column in find_spec("mg-nhsbsp-csv").events.columns]
    assert headings == list(Exposure.__slots__)


@pytest.mark.parametrize(
    ("laterality", "letter"), [("Left", "L"), ("Right", "R"), ("Both", "B"), ("left breast", "L"), ("", "")]
)
def test_view_starts_with_its_side(laterality, letter):
    assert make_exposure(laterality=laterality).view == f"{letter}CC"


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Tungsten or Tungsten compound", "W"),
        ("MOLYBDENUM", "Mo"),
        ("rhodium", "Rh"),
        ("Gold", "Gold"),
    ],
)
def test_anode_has_its_short_name_or_its_own(text, name):
    assert make_exposure(anode_text=text).anode == name


@pytest.mark.parametrize(
    ("texts", "names"),
    [
        (["Aluminum or Aluminum compound"], ("Al",)),
        (["ALUMINIUM"], ("Al",)),
        (["Molybdenum"], ("Mo",)),
        (["Rhodium or Rhodium compound"], ("Rh",)),
        (["silver"], ("Ag",)),
        (["Copper or Copper compound"], ("Cu",)),
        (["Titanium"], ("Ti",)),
        (["Tin or Tin compound"], ("Sn",)),
        (["Tinsel", "Platinum", "Astatine"], ("Tinsel", "Platinum", "Astatine")),
        (["Silver"] * 11, ("Ag",)),
        (["Rhodium", "Silver", "Rhodium or Rhodium compound"], ("Rh", "Ag")),
        ([], ()),
    ],
)
def test_filters_are_distinct_short_materials_in_order(texts, names):
    assert make_exposure(filter_texts=SEPARATOR.join(texts)).filters == names


@pytest.mark.parametrize(
    ("mode", "control"),
    [
        ("AUTOMATIC", "AUTO"),
        ("Auto filter", "AUTO"),
        ("MANUAL", "MANUAL"),
        ("semi-automatic manual", "AUTO"),
        ("TEC", ""),
        ("", ""),
    ],
)
def test_control_is_auto_manual_or_blank(mode, control):
    assert make_exposure(mode=mode).control == control


@pytest.mark.parametrize(
    ("mas", "has_exposure", "is_computed"),
    [("17.1", "", True), ("17.1", "yes", False), ("", "", False), ("0", "", True)],
)
def test_load_without_stored_exposure_is_computed(mas, has_exposure, is_computed):
    assert make_exposure(mas=mas, has_exposure=has_exposure).has_derived_load is is_computed


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        ({}, ""),
        ({"laterality": ""}, "no laterality"),
        ({"laterality": " "}, "no laterality"),
        ({"view_code": "", "view_text": ""}, "no view"),
        ({"view_code": "R-10242", "view_text": ""}, ""),
        ({"view_code": "G-8310", "view_text": ""}, "view of a specimen"),
        ({"view_code": "127457009", "view_text": "anything"}, "view of a specimen"),
        ({"view_code": "99", "view_text": "Specimen"}, "view of a specimen"),
        ({"protocol": "Stereotactic"}, 'protocol contains "stereo"'),
        ({"protocol": "POSTCLIP R CC"}, 'protocol contains "postclip"'),
        ({"protocol": ""}, ""),
        ({"anode_text": ""}, "no anode material"),
        ({"filter_texts": ""}, "no filter material"),
        ({"filter_texts": f"{SEPARATOR}Silver"}, ""),
        ({"kv": "", "thickness": "", "mas": "", "mode": "", "agd": ""}, ""),
        ({"agd": "0"}, ""),
        ({"modifiers": "R-102D6"}, ""),
    ],
)
def test_exposure_is_left_out_for_a_reason_or_kept(cells, reason):
    assert explain(make_exposure(**cells)) == reason


@pytest.mark.parametrize(
    "word",
    "scout postclip prefire biopsy postfire stereo specimen specimin artefact artifact".split(),  # noqa: SIM905
)
def test_word_of_the_list_is_found_anywhere_in_any_case(word):
    assert explain(make_exposure(protocol=f"x{word.upper()}y")) == f'protocol contains "{word}"'


def test_request_adds_its_own_words():
    def read(protocol):
        return explain(make_exposure(protocol=protocol), words="Implant, needle  loc")

    assert read("R IMPLANT displaced") == 'protocol contains "implant"'
    assert read("Needle  Loc") == 'protocol contains "needle  loc"'
    assert read("stereo") == ""


def test_protocol_is_never_left_out_without_words():
    assert explain(make_exposure(protocol="stereo, biopsy"), words="") == ""


def test_reason_is_the_first_that_applies():
    wrong = {
        "laterality": "",
        "view_code": "",
        "view_text": "",
        "protocol": "biopsy",
        "anode_text": "",
        "filter_texts": "",
        "agd": "0",
        "modifiers": "R-102D6",
    }
    inclusions = dict.fromkeys(("exclude_test_patients", "exclude_zero_agd", "exclude_magnification"), "yes")
    mends = {
        "no laterality": {"laterality": "Left"},
        "no view": {"view_code": "G-8310", "view_text": "specimen"},
        "view of a specimen": {"view_code": "R-10242", "view_text": "cranio-caudal"},
        'protocol contains "biopsy"': {"protocol": ""},
        "no anode material": {"anode_text": "Rhodium"},
        "no filter material": {"filter_texts": "Silver"},
        "AGD is 0": {"agd": "0.1"},
        "magnification view": {"modifiers": ""},
    }
    assert explain(make_exposure(**wrong), is_test_patient=True, **inclusions) == "test patient"
    for reason, mend in mends.items():
        assert explain(make_exposure(**wrong), **inclusions) == reason
        wrong |= mend
    assert explain(make_exposure(**wrong), **inclusions) == ""


@pytest.mark.parametrize(
    ("option", "cells", "is_test_patient", "reason"),
    [
        ("exclude_test_patients", {}, True, "test patient"),
        ("exclude_zero_agd", {"agd": "0"}, False, "AGD is 0"),
        ("exclude_magnification", {"modifiers": "R-102D6"}, False, "magnification view"),
        (
            "exclude_magnification",
            {"modifiers": f"R-102D7{SEPARATOR}399163009"},
            False,
            "magnification view",
        ),
    ],
)
def test_options_decide_what_is_left_out(option, cells, is_test_patient, reason):
    exposure = make_exposure(**cells)
    assert explain(exposure, is_test_patient=is_test_patient) == ""
    assert explain(exposure, is_test_patient=is_test_patient, **{option: "yes"}) == reason
    assert explain(make_exposure(modifiers="R-102D7"), **{option: "yes"}) == ""


def test_agd_that_is_not_recorded_is_not_0():
    assert explain(make_exposure(agd=""), exclude_zero_agd="yes") == ""
    assert explain(make_exposure(agd="0.00000001"), exclude_zero_agd="yes") == ""
