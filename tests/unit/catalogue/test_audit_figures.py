"""The figures of audits: quantiles, intervals, spread, levels, options and populations."""

import math
import statistics
from dataclasses import replace
from fractions import Fraction

import pytest

from doseexport.catalogue.shared.audit import drl
from doseexport.catalogue.shared.audit.drl import NONE, Levels, load_tables, parse_table
from doseexport.catalogue.shared.audit.figures import find_first, find_interval, find_quantile, measure_spread
from doseexport.catalogue.shared.audit.options import MAP_VALUE, RANGE_VALUE
from doseexport.catalogue.shared.audit.populations import PatientReader
from doseexport.catalogue.shared.audit.quantities import DLP, RF_DAP, read_unit, write_number
from doseexport.catalogue.shared.dap_units import DAP_UNIT_VALUE

UK = "ndrl_uk_ct_adult_2024-11-20"
HEADINGS = ",".join(drl.HEADINGS)


def row(**changes):
    cells = {
        "table": "t", "source": "s", "effective_from": "2026-01-01", "modality": "CT", "exam": "Head",
        "indication": "", "technique": "", "match": "head", "quantity": "DLP", "population": "adult",
        "detail": "", "unit": "mGy.cm", "value": "790", "year_adopted": "", "url": "u", "licence": "l",
    } | changes  # fmt: skip
    return f"{HEADINGS}\n" + ",".join(cells.values()) + "\n"


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 19, 20, 21, 100])
def test_quantile_equals_that_of_the_standard_library(n):
    values = sorted((7 * k * k + 3 * k) % 1009 for k in range(n))
    found = [find_quantile(values.__getitem__, n, Fraction(k, 20)) for k in range(21)]
    assert found[0] == values[0]
    assert found[-1] == values[-1]
    if n > 1:
        expected = statistics.quantiles(map(Fraction, values), n=20, method="inclusive")
        assert found[1:-1] == expected


@pytest.mark.parametrize(
    ("n", "ranks"), [(6, (1, 6)), (10, (1, 10)), (20, (5, 16)), (87, (34, 54)), (625, (288, 338))]
)
def test_interval_has_the_ranks_of_the_formula(n, ranks):
    low, high = find_interval(n)
    assert (low + 1, high + 1) == ranks


@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 20, 57, 58])
def test_spread_equals_the_median_of_deviations(n):
    logs = sorted(math.log(1 + (k * k * 31) % 97) for k in range(n))
    spread = measure_spread(logs.__getitem__, n)
    centre = statistics.median(logs)
    deviation = statistics.median(abs(log - centre) for log in logs)
    assert spread.centre == pytest.approx(centre, rel=1e-15)
    if deviation:
        assert (spread.factor, spread.width) == (0.6745, pytest.approx(deviation, rel=1e-12))


def test_spread_without_a_median_deviation_uses_the_mean():
    logs = [1.0] * 30 + [2.0]
    spread = measure_spread(logs.__getitem__, 31)
    assert spread.score(2.0) == pytest.approx(1 / (1.2533 / 31))
    equal = measure_spread([1.0].__getitem__, 1)
    assert equal.score(1.0) is None


def test_find_first_is_the_first_rank_of_many():
    assert [find_first(9, lambda rank, start=start: rank >= start) for start in range(10)] == list(range(10))


def test_number_has_seventeen_digits():
    assert write_number(Fraction(1, 3)) == "0.33333333333333333"
    assert write_number(120) == "120"
    assert write_number(RF_DAP.scale("0.000126596"), RF_DAP.factor("Gy·cm²")) == "1.26596"
    with pytest.raises(ValueError, match="more decimals"):
        DLP.scale("1.123456789")


def test_every_table_is_parsed_and_says_where_it_comes_from():
    tables = load_tables()
    assert UK in tables
    for name, rows in tables.items():
        assert {each.table for each in rows} == {name}
        assert all(each.url and each.licence and each.source for each in rows)


def test_uk_table_has_the_levels_of_the_page():
    levels = {(each.exam, each.quantity): each.value for each in load_tables()[UK]}
    assert len(levels) == 21
    assert levels["Head", "DLP"] == "790"
    assert levels["Chest", "CTDIvol"] == "8.5"
    assert drl.find_default("CT") == UK
    assert drl.find_default("RF") == NONE


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"table": "other"}, "name of the file"),
        ({"licence": ""}, "licence is blank"),
        ({"effective_from": "2026"}, "YYYY-MM-DD"),
        ({"modality": "MR"}, "no such quantity"),
        ({"quantity": "AGD"}, "no such quantity"),
        ({"unit": "mGy"}, "no such unit"),
        ({"population": "adults"}, "no such population"),
        ({"quantity": "CTDIvol", "unit": "mGy", "detail": "unknown"}, "16 cm or 32 cm"),
        ({"value": "0"}, "above 0"),
        ({"value": "NaN"}, "above 0"),
        ({"match": "head| "}, "no word"),
    ],
)
def test_bad_table_is_refused_with_its_line(changes, words):
    with pytest.raises(ValueError, match=f"t, line 2: .*{words}"):
        parse_table("t", row(**changes))


def test_table_without_its_headings_or_rows_is_refused():
    with pytest.raises(ValueError, match="headings"):
        parse_table("t", "a,b\n")
    with pytest.raises(ValueError, match="no rows"):
        parse_table("t", f"{HEADINGS}\n")


@pytest.mark.parametrize(
    ("exam", "found"),
    [
        ("CT_HEAD", "Head"),
        ("CT Head and neck", "Head"),
        ("Forehead", ""),
        ("CT Chest", "Chest"),
        ("CT Chest/Abdomen", "Chest and abdomen"),
        ("chest, abdomen and pelvis", "Chest, abdomen, pelvis"),
        ("HRCT chest", "Chest - high resolution"),
        ("(none)", ""),
    ],
)
def test_longest_text_of_whole_words_finds_the_exam(exam, found):
    assert Levels(UK, "CT", "").find_exam(exam).exam == found


def test_exam_map_comes_first_and_its_longest_pattern_wins():
    lines = "brain = Chest\nct brain = Head\nxyz = No such exam\nct xyz a = Chest"
    levels = Levels(UK, "CT", MAP_VALUE.parse(lines))
    assert levels.find_exam("CT Brain").exam == "Head"
    assert levels.find_exam("MR brain").exam == "Chest"
    assert levels.find_exam("head xyz").exam == ""
    assert levels.list_unknown_exams() == ["No such exam"]


@pytest.mark.parametrize("between", ["\v", "\f", "\x85", "\u2028", "\u2029"])
def test_exam_map_ends_a_line_at_line_feeds_only(between):
    """Word and web pages have such line ends. What follows one is no pattern of its own."""
    levels = Levels(UK, "CT", MAP_VALUE.parse(f"Brain{between}MR = Head\nxyz = Chest"))
    assert levels.find_exam("CT Ankle").exam == ""
    assert levels.find_exam("CT Chest").exam == "Chest"
    assert levels.find_exam(f"brain{between}mr").exam == "Head"
    assert levels.find_exam("CT xyz").exam == "Chest"


def test_level_needs_the_same_quantity_population_and_detail():
    levels = Levels(UK, "CT", "")
    assert levels.find("CT Head", "DLP", "adult", "").value == "790"
    assert levels.find("CT Head", "DLP", "age unknown", "") is None
    # The page gives no phantom, so its CTDIvol is compared with nothing.
    assert [levels.find("CT Head", "CTDIvol", "adult", each) for each in ("", "16 cm", "unknown")] == [
        None
    ] * 3
    # The table has no CTDIvol of chest and abdomen; that of the chest is no substitute.
    assert levels.find_exam("Chest abdomen").exam == "Chest and abdomen"
    assert Levels(NONE, "CT", "a = b").find("a", "DLP", "adult", "") is None


def test_ctdivol_has_a_level_only_with_a_known_phantom(monkeypatch):
    (known,) = parse_table("t", row(quantity="CTDIvol", unit="mGy", detail="16 cm"))
    rows = tuple(replace(known, detail=each) for each in ("", "unknown", "16 cm"))
    monkeypatch.setattr(drl, "load_tables", lambda: {"t": rows})
    levels = Levels("t", "CT", "")
    found = [levels.find("CT Head", "CTDIvol", "adult", each) for each in ("", "unknown", "16 cm", "32 cm")]
    assert found == [None, None, known, None]


@pytest.mark.parametrize(
    ("age", "weight", "bands", "populations"),
    [
        ("", "70", "weight", ("age unknown",)),
        ("NaN", "70", "weight", ("age unknown",)),
        ("-0.1", "70", "weight", ("age unknown",)),
        ("16", "", "weight", ("adult",)),
        ("15.999", "4.999", "weight", ("child <5 kg",)),
        ("15.999", "5", "weight", ("child 5–<15 kg",)),
        ("0", "80", "weight", ("child ≥80 kg",)),
        ("3", "0", "weight", ("child, no weight",)),
        ("3", "-5", "both", ("child, no weight", "child 1–<6 y")),
        ("0.249", "3", "age", ("child <3 months",)),
        ("0.25", "3", "age", ("child 3 months–<1 y",)),
        ("6", "30", "both", ("child 30–<50 kg", "child ≥6 y")),
    ],
)
def test_population_by_age_and_weight(age, weight, bands, populations):
    assert PatientReader("16", "", bands).read(age, weight).populations == populations


@pytest.mark.parametrize(
    ("weight", "reason"),
    [
        ("50", ""),
        ("90.5", ""),
        ("49.9", "adult outside 50–90.5 kg"),
        ("90.6", "adult outside 50–90.5 kg"),
        ("", "adult without weight"),
        ("0", "adult without weight"),
    ],
)
def test_adult_weight_leaves_out_other_adults(weight, reason):
    reader = PatientReader("16", RANGE_VALUE.parse("50 - 90.50"), "weight")
    assert reader.read("40", weight).exclusion == reason
    assert reader.read("4", weight).exclusion == reader.read("", weight).exclusion == ""


@pytest.mark.parametrize(
    ("text", "unit"),
    [("mGy.cm", "mGy·cm"), ("cGy.cm^2", "cGy·cm²"), ("uGy.m2", "µGy·m²"), ("mGy cm", "mGy·cm")],
)
def test_unit_has_one_spelling(text, unit):
    assert read_unit(text) == unit


def test_dap_unit_has_ascii_spellings():
    assert [DAP_UNIT_VALUE.parse(each) for each in ("cGy.cm^2", "uGy.m2", "mGy·cm²")] == [
        "cGy·cm²", "µGy·m²", "mGy·cm²",
    ]  # fmt: skip
