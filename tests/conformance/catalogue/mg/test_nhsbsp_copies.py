"""NHSBSP surveys beyond OpenREM's test files, on changed copies."""

from collections import Counter

from tests.conformance.catalogue.mg.comparison import SURVEYS, read_rows, read_sheets
from tests.conformance.tables import read_csv

VIEW = "UPDATE remapp_irradeventxraydata SET image_view_id = 900001 WHERE id IN (40, 41);"
CODE = (
    "INSERT INTO remapp_contextid (id, code_value, code_meaning, cid_table) VALUES (900001, '{}', '{}', '');"
)
PROTOCOL = "UPDATE remapp_irradeventxraydata SET acquisition_protocol = '{}' WHERE id = 40;"
FILTER = "UPDATE remapp_xrayfilters SET xray_filter_material_id = 900001 WHERE {};"
OF_EVENT_40 = (
    "irradiation_event_xray_source_data_id ="
    " (SELECT id FROM remapp_irradeventxraysourcedata WHERE irradiation_event_xray_data_id = 40)"
)


def test_p34_view_is_known_by_code_and_by_text_in_any_case(altered, export) -> None:
    for code, text, view in (
        ("399368009", "anything", "OB"),
        ("local", "Medio-Lateral OBLIQUE", "OB"),
        ("local", "latero-medial oblique", "LMO"),
        ("local", "exaggerated cranio-caudal", "XCC"),
    ):
        url = altered(CODE.format(code, text) + VIEW)
        codes = read_csv(export("mg-nhsbsp-csv", url)).column("View code")
        assert Counter(codes)[f"L{view}"] == 1 + (view == "OB"), code
    assert "Lcranio-caudal rolled" in read_csv(
        export("mg-nhsbsp-csv", altered(CODE.format("x", "cranio-caudal rolled") + VIEW))
    ).column("View code")


def test_p35_more_words_leave_an_exposure_out_than_openrems_eight(altered, export) -> None:
    for word in ("Specimin", "ARTIFACT"):
        assert len(read_csv(export("mg-nhsbsp-csv", altered(PROTOCOL.format(word)))).rows) == 23
    assert len(read_csv(export("mg-nhsbsp-csv", altered(PROTOCOL.format("implant")))).rows) == 24


def test_p35_request_adds_its_own_words(openrem_url: str, export) -> None:
    def count(words: str) -> int:
        return len(read_csv(export("mg-nhsbsp-csv", openrem_url, f"--option=words={words}")).rows)

    assert (count("routine, tomo"), count("stereo"), count("nowhere")) == (15, 24, 26)


def test_p36_repeats_are_numbered_without_end_where_openrem_ends_at_21(altered, export) -> None:
    url = altered(
        "UPDATE remapp_irradeventxraydata SET projection_xray_radiation_dose_id = (SELECT id"
        " FROM remapp_projectionxrayradiationdose WHERE general_study_module_attributes_id = 31),"
        " acquisition_protocol = NULL, image_view_id = view.id, laterality_id = side.id"
        " FROM remapp_contextid view, remapp_contextid side WHERE remapp_irradeventxraydata.id"
        " BETWEEN 23 AND 48 AND view.code_value = 'R-10242' AND side.code_value = 'G-A101'"
    )
    codes = read_csv(export("mg-nhsbsp-csv", url)).column("View code")
    assert codes == ["LCC", *(f"LCC{n}" for n in range(2, 27))]


def test_p37_copper_titanium_and_tin_have_short_names_and_the_first_two_are_cem(altered, export) -> None:
    for text, short, survey in (
        ("Copper or Copper compound", "Cu", "CEM"),
        ("Titanium", "Ti", "CEM"),
        ("Tin or Tin compound", "Sn", "2D"),
    ):
        url = altered(CODE.format("x", text) + FILTER.format(OF_EVENT_40))
        assert short in read_csv(export("mg-nhsbsp-csv", url)).column("Filter")
        sheets = read_sheets(export("mg-nhsbsp-xlsx", url, "--option=survey_number=5"))
        (row,) = [row for sheet in SURVEYS for row in sheets[sheet] if row["Filter"] == short]
        assert row in sheets[survey]
        assert row["Survey number"] == 5 + SURVEYS.index(survey)
        assert (row["Patient number"], row["View code"]) == (5, "LCC")


def test_p38_missing_value_costs_only_its_own_exposure_or_cell(altered, export) -> None:
    lose = "UPDATE remapp_irradeventxraysourcedata SET anode_target_material_id = NULL WHERE"
    url = altered(
        f"{lose} irradiation_event_xray_data_id = 40; DELETE FROM remapp_exposure WHERE {OF_EVENT_40};"
    )
    assert len(read_csv(export("mg-nhsbsp-csv", url)).rows) == 23
    url = altered(
        f"DELETE FROM remapp_exposure WHERE {OF_EVENT_40}; DELETE FROM remapp_kvp WHERE {OF_EVENT_40};"
        " UPDATE remapp_irradeventxraymechanicaldata SET compression_thickness = NULL"
        " WHERE irradiation_event_xray_data_id = 40"
    )
    rows = read_rows(read_csv(export("mg-nhsbsp-csv", url)))
    assert len(rows) == 24
    (row,) = [row for row in rows if (row["Patient number"], row["View code"]) == ("5", "LCC")]
    assert (row["kV"], row["Thickness"], row["mAs"]) == ("", "", "")


def test_nhsbsp_options_leave_out_what_they_name(altered, export) -> None:
    url = altered(
        "UPDATE remapp_patientmoduleattr SET not_patient_indicator = 'phantom'"
        " WHERE general_study_module_attributes_id = 34;"
        + CODE.format("R-102D6", "Magnification")
        + "UPDATE remapp_imageviewmodifier SET image_view_modifier_id = 900001"
        " WHERE irradiation_event_xray_data_id = 27"
    )
    reasons = {
        "exclude_test_patients": {"test patient": 2},
        "exclude_zero_agd": {"AGD is 0": 3},
        "exclude_magnification": {"magnification view": 1},
        "whole_years": {},
    }
    for option, wanted in reasons.items():
        sheets = read_sheets(export("mg-nhsbsp-xlsx", url, f"--option={option}=yes"))
        found = Counter(row["Reason"] for row in sheets["Excluded"])
        assert found == Counter(wanted) + Counter({'protocol contains "stereo"': 2})
        rows = read_csv(export("mg-nhsbsp-csv", url, f"--option={option}=yes")).rows
        assert len(rows) == 24 - sum(wanted.values())
