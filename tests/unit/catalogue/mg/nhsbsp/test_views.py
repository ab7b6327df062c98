"""NHSBSP's names of views: by code, by text, as stored."""

import pytest

from doseexport.catalogue.mg.nhsbsp.views import is_specimen, name_view

# export-rules §13, written down a second time.
CODES = [
    ("R-10242", "399162004", "CC"),
    ("R-10226", "399368009", "OB"),
    ("R-10224", "399260004", "ML"),
    ("R-10228", "399352003", "LM"),
    ("R-10230", "399099002", "LMO"),
    ("R-10244", "399196006", "FB"),
    ("R-102D0", "399188001", "SIO"),
    ("R-40AAA", "441555000", "ISO"),
    ("R-1024A", "399192008", "XCCL"),
    ("R-1024B", "399101009", "XCCM"),
]
TEXTS = [
    ("cranio-caudal", "CC"),
    ("medio-lateral oblique", "OB"),
    ("medio-lateral", "ML"),
    ("medial-lateral", "ML"),
    ("latero-medial", "LM"),
    ("latero-medial oblique", "LMO"),
    ("caudo-cranial (from below)", "FB"),
    ("caudo-cranial", "FB"),
    ("superolateral to inferomedial oblique", "SIO"),
    ("inferomedial to superolateral oblique", "ISO"),
    ("cranio-caudal exaggerated laterally", "XCCL"),
    ("cranio-caudal exaggerated medially", "XCCM"),
    ("exaggerated cranio-caudal", "XCC"),
    ("exaggerated cranio-caudal (retired)", "XCC"),
    ("cranio-caudal exaggerated", "XCC"),
]


@pytest.mark.parametrize(("srt", "snomed", "name"), CODES)
def test_view_code_of_either_scheme_overrides_the_text(srt, snomed, name):
    assert name_view(srt, "") == name_view(snomed, "latero-medial") == name


@pytest.mark.parametrize(("text", "name"), TEXTS)
def test_view_text_is_read_in_any_case_where_the_code_says_nothing(text, name):
    assert name_view("", text) == name_view("99LOCAL", text.upper()) == name


@pytest.mark.parametrize("text", ["axillary tissue", "Cleavage view", "cranio-caudal rolled"])
def test_view_of_another_kind_is_named_as_stored(text):
    assert name_view("R-1024D", text) == text


@pytest.mark.parametrize("text", ["", " "])
def test_view_without_code_and_text_has_no_name(text):
    assert name_view("99LOCAL", text) == ""


@pytest.mark.parametrize(
    ("code", "text", "is_one"),
    [
        ("G-8310", "", True),
        ("127457009", "cranio-caudal", True),
        ("", "Tissue SPECIMEN from breast", True),
        ("R-10242", "cranio-caudal", False),
        ("", "", False),
    ],
)
def test_specimen_is_known_by_code_or_text(code, text, is_one):
    assert is_specimen(code, text) is is_one
