"""Quantities with several rows per event, and coded texts (export-rules §1.5)."""

from decimal import Decimal

import psycopg
import pytest

from doseexport.catalogue.shared import xray as _xray

OF_SOURCE = "irradiation_event_xray_source_data_id integer"
TABLES = f"""
CREATE TEMP TABLE remapp_contextid (id integer, code_value text, code_meaning text);
CREATE TEMP TABLE remapp_kvp (id serial, kvp numeric(16,8), {OF_SOURCE});
CREATE TEMP TABLE remapp_xraytubecurrent (id serial, xray_tube_current numeric(16,8), {OF_SOURCE});
CREATE TEMP TABLE remapp_pulsewidth (id serial, pulse_width numeric(16,8), {OF_SOURCE});
CREATE TEMP TABLE remapp_exposure (id serial, exposure numeric(16,2), {OF_SOURCE});
CREATE TEMP TABLE remapp_xrayfilters (id serial, xray_filter_thickness_minimum numeric(16,8),
    xray_filter_thickness_maximum numeric(16,8), xray_filter_material_id integer, {OF_SOURCE});
"""
VALUES = {
    "kvp": "kvp",
    "xraytubecurrent": "xray_tube_current",
    "pulsewidth": "pulse_width",
    "exposure": "exposure",
}
MEANS = {"kvp": _xray.KVP, "xraytubecurrent": _xray.CURRENT, "pulsewidth": _xray.PULSE_WIDTH}
JOINS = "".join(each.join for each in (*MEANS.values(), _xray.UAS))
SOURCE, OTHER = 7, 8


@pytest.fixture(scope="module")
def connection(postgres):
    """Tables of one event's source data, of this connection alone."""
    with psycopg.connect(postgres.url(), autocommit=True) as connection:
        connection.execute(TABLES)
        yield connection


@pytest.fixture
def compute(connection):
    """`compute(sql, kvp=[…], …)`: the SQL's value for a source with these rows, beside another source."""
    for table in (*VALUES, "xrayfilters", "contextid"):
        connection.execute(f"TRUNCATE remapp_{table}")

    def compute(sql, pulses="NULL", **rows):
        for table, values in rows.items():
            for value in values:
                add_row(connection, table, value, SOURCE)
            add_row(connection, table, "1000", OTHER)
        columns = "src(id, anode_target_material_id, number_of_pulses)"
        select = f"SELECT {sql} FROM (VALUES ({SOURCE}, 1, {pulses}::numeric)) {columns} {JOINS}"
        return connection.execute(select).fetchone()[0]

    return compute


def add_row(connection, table, value, source):
    connection.execute(
        f"INSERT INTO remapp_{table} ({VALUES[table]}, {OF_SOURCE.split(maxsplit=1)[0]}) VALUES (%s, %s)",
        [value, source],
    )


@pytest.fixture
def list_filters(connection, compute):
    """`list_filters((material, min, max), …)`: the cells of materials and of thicknesses."""

    def list_filters(*filters):
        for number, (material, least, most) in enumerate(filters, start=1):
            if material is not None:
                connection.execute("INSERT INTO remapp_contextid VALUES (%s, '', %s)", [number, material])
            connection.execute(
                "INSERT INTO remapp_xrayfilters VALUES (DEFAULT, %s, %s, %s, %s)",
                [least, most, None if material is None else number, SOURCE],
            )
        return compute(_xray.FILTER_MATERIALS), compute(_xray.FILTER_THICKNESSES)

    return list_filters


@pytest.mark.parametrize("table", MEANS)
@pytest.mark.parametrize(
    ("rows", "mean"),
    [
        ([], None),
        (["100.5"], "100.5"),
        (["0"], "0"),
        ([None], None),
        (["0", "0"], None),
        ([None, "0", None], None),
        (["50", "0", "60"], "55"),
        ([None, "60"], "60"),
        (["0", None, "0.00000001"], "0.00000001"),
    ],
)
def test_quantity_is_the_value_of_one_row_or_the_mean_without_zeros(compute, table, rows, mean):
    found = compute(MEANS[table].value, **{table: rows})
    assert found == (None if mean is None else Decimal(mean))


@pytest.mark.parametrize("table", MEANS)
@pytest.mark.parametrize(
    ("rows", "is_derived"),
    [
        ([], False),
        (["50"], False),
        (["0", None, "50"], False),
        (["50", "50"], True),
        (["50", "0", "60"], True),
    ],
)
def test_mean_of_several_values_is_derived(compute, table, rows, is_derived):
    assert compute(MEANS[table].derived.condition, **{table: rows}) is is_derived


def test_mean_is_not_rounded(compute):
    mean = compute(_xray.KVP.value, kvp=["50", "60", "60"])
    assert abs(mean - Decimal(170) / 3) < Decimal("1e-15")


@pytest.mark.parametrize(
    ("exposures", "uas"),
    [
        (["1199"], "1199"),
        (["0"], "0"),
        (["100.25", None, "0", "50"], "150.25"),
        (["0", None], "0"),
    ],
)
def test_exposures_are_added_and_nothing_is_derived_beside_them(compute, exposures, uas):
    rows = {"exposure": exposures, "xraytubecurrent": ["400"], "pulsewidth": ["10"]}
    assert compute(_xray.UAS.value, **rows) == Decimal(uas)
    assert compute(_xray.UAS.derived.condition) is False


@pytest.mark.parametrize("exposures", [[], [None], [None, None]])
@pytest.mark.parametrize(
    ("currents", "widths", "uas"),
    [
        (["400"], ["10"], "4000"),
        (["51.44", "558.06"], ["2", "30.48"], "17112.5488"),
        (["0", "50"], ["20", "10"], "500"),
        ([None, "50"], ["20", "10"], "500"),
        (["50", "50"], ["10", None], "500"),
        ([None, "50"], ["20", None], None),
        (["50", "60"], ["10"], None),
        (["50"], ["10", "20"], None),
        (["50"], [], None),
        ([], ["10"], None),
        ([], [], None),
        (["0.00000001"], ["0.00000001"], "0.0000000000000001"),
    ],
)
def test_missing_exposure_is_sum_of_kth_current_times_kth_width(compute, exposures, currents, widths, uas):
    found = compute(_xray.UAS.value, exposure=exposures, xraytubecurrent=currents, pulsewidth=widths)
    assert found == (None if uas is None else Decimal(uas))
    assert compute(_xray.UAS.derived.condition) is (uas is not None)


@pytest.mark.parametrize(
    ("pulses", "currents", "widths", "uas"),
    [
        ("5", ["400"], ["10"], 20_000),
        ("1", ["400"], ["10"], 4_000),
        ("0", ["400"], ["10"], 4_000),
        ("2", ["400", "100"], ["10", "20"], 6_000),
        ("9", ["400", "100"], ["10", "20"], 6_000),
        ("5", ["400"], [None], None),
    ],
)
def test_one_averaged_current_and_width_count_for_each_pulse(compute, pulses, currents, widths, uas):
    found = compute(_xray.UAS.value, pulses, xraytubecurrent=currents, pulsewidth=widths)
    assert found == uas


def test_stored_exposure_of_several_pulses_is_not_multiplied(compute):
    found = compute(_xray.UAS.value, "5", exposure=["70"], xraytubecurrent=["400"], pulsewidth=["10"])
    assert found == 70


def test_rows_are_paired_by_id_not_by_place(connection, compute):
    for number, current, width in ((3, 3, 3000), (1, 1, 1000), (2, 2, 2000)):
        for table, value in (("xraytubecurrent", current), ("pulsewidth", width)):
            connection.execute(f"INSERT INTO remapp_{table} VALUES (%s, %s, %s)", [number, value, SOURCE])
    connection.execute("UPDATE remapp_pulsewidth SET id = id + 10 WHERE id = 1")
    assert compute(_xray.UAS.value) == 1 * 2000 + 2 * 3000 + 3 * 1000


def test_mas_are_exact_thousandths(compute):
    assert str(compute(f"trim_scale({_xray.MAS})", exposure=["0.01"])) == "0.00001"


def test_stored_sum_may_be_requested_alone(compute):
    assert compute(_xray.STORED_UAS, xraytubecurrent=["400"], pulsewidth=["10"]) is None


@pytest.mark.parametrize(
    ("material", "short"),
    [
        ("Aluminum or Aluminum compound", "Al"),
        ("aluminium", "Al"),
        ("COPPER", "Cu"),
        ("Tantalum foil", "Ta"),
        ("Molybdenum or Molybdenum compound", "Mo"),
        ("rhodium", "Rh"),
        ("Silver", "Ag"),
        ("Niobium", "Nb"),
        ("Europium", "Eu"),
        ("Lead", "Pb"),
        ("Leaded copper with aluminum", "Al"),
        ("Lead and copper", "Cu"),
        ("Tin or Tin compound", "Tin or Tin compound"),
        ("", ""),
    ],
)
def test_material_has_its_short_name_or_its_own(list_filters, material, short):
    assert list_filters((material, None, None)) == (short, "")


@pytest.mark.parametrize(
    ("least", "most", "thickness"),
    [
        ("0.94", "1.06", "1.0000"),
        (None, "0.2", "0.2000"),
        ("0.2", None, "0.2000"),
        (None, None, ""),
        ("0", "0", "0.0000"),
        ("0", "0.1", "0.0500"),
        ("0.00005", "0.00005", "0.0000"),
        ("0.00015", "0.00015", "0.0002"),
        ("0.00025", "0.00025", "0.0002"),
        ("0.00025001", "0.00025", "0.0003"),
        ("0.0001", "0.0002", "0.0002"),
        ("0.0002", "0.0003", "0.0002"),
        ("12345678.9", "12345678.9", "12345678.9000"),
        ("-0.00015", "-0.00015", "-0.0002"),
    ],
)
def test_thickness_is_mean_at_four_decimals_with_halves_to_even(list_filters, least, most, thickness):
    assert list_filters(("Copper", least, most)) == ("Cu", thickness)


@pytest.mark.parametrize(
    ("filters", "cells"),
    [
        ([], (None, None)),
        ([("Silver", "0.05", "0.05")] * 3, ("Ag | Ag | Ag", "0.0500 | 0.0500 | 0.0500")),
        ([("Aluminum", None, None), ("Copper", None, None)], ("Al | Cu", " | ")),
        ([("Aluminum", None, None), ("Copper", "0.1", None)], ("Al | Cu", " | 0.1000")),
        ([(None, "1", "1")], ("", "")),
        (
            [("Aluminum", "1", "1"), (None, "2", "2"), ("Copper", "3", "3")],
            ("Al |  | Cu", "1.0000 |  | 3.0000"),
        ),
    ],
)
def test_every_filter_has_its_entry(list_filters, filters, cells):
    assert list_filters(*filters) == cells


def test_filters_are_in_the_order_of_their_ids(connection, list_filters):
    connection.execute("INSERT INTO remapp_contextid VALUES (10, '', 'Lead')")
    connection.execute("INSERT INTO remapp_xrayfilters VALUES (0, 9, 9, 10, %s)", [SOURCE])
    assert list_filters(("Copper", "1", "1")) == ("Pb | Cu", "9.0000 | 1.0000")


@pytest.mark.parametrize(
    ("target", "short"),
    [
        ("Tungsten or Tungsten compound", "W"),
        ("MOLYBDENUM", "Mo"),
        ("Rhodium", "Rh"),
        ("Tungsten and rhodium", "Rh"),
        ("Silver", "Silver"),
        (None, None),
    ],
)
def test_target_has_its_short_name_or_its_own(connection, compute, target, short):
    connection.execute("INSERT INTO remapp_contextid VALUES (1, '', %s)", [target])
    assert compute(_xray.TARGET) == short


def test_code_is_known_by_meaning_or_value(connection, compute):
    connection.execute("INSERT INTO remapp_contextid VALUES (1, 'R-10242', 'cranio-caudal')")
    column = "src.anode_target_material_id"
    assert (compute(_xray.code_meaning(column)), compute(_xray.code(column))) == ("cranio-caudal", "R-10242")
