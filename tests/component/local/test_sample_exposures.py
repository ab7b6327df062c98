"""The exposures of the named studies are plain, but for what the study is named after."""

import pytest

from tests.databases.sampled import (
    ANGLES,
    CURRENT,
    DAP,
    EXPOSURE,
    GRID,
    HIGHEST,
    KVP,
    LONDON,
    MATERIAL,
    MODIFIER,
    PLANE,
    POSITION,
    PROTOCOL,
    SIDE,
    SOURCE,
    TYPE,
    VIEW,
    WIDTH,
    code,
    join_values,
)

AGD = "trim_scale(average_glandular_dose)"
ALL_VIEWS = (
    "R-10242 399162004 R-10226 399368009 R-10224 399260004 R-10228 399352003 R-10230 399099002 R-10244"
    " 399196006 R-102D0 399188001 R-40AAA 441555000 R-1024A 399192008 R-1024B 399101009"
    " LOCAL-CC LOCAL-MLO LOCAL-ML LOCAL-FB LOCAL-XCC LOCAL-ODD LOCAL-1 X-NONE -"
)
MISSING = (
    "concat_ws(',', CASE WHEN irradiation_event_uid IS NULL THEN 'uid' END,"
    " CASE WHEN irradiation_event_type_id IS NULL THEN 'type' END,"
    " CASE WHEN acquisition_plane_id IS NULL THEN 'plane' END)"
)
CLOCK = (
    "2024-07-01 13:13:26.048800 2024-03-31 00:59:59.999999 2024-03-31 02:00:00.000000"
    " 2024-10-27 01:30:00.000000 2024-10-27 01:30:00.000000"
)
ALL_MODIFIERS = (
    "{R-102D6} {399163009} {R-102D7} {NULL} {R-102D7,R-102D6} {NULL,R-102D5,NULL,R-102D2} -"
    " {X-NONE} {LOCAL-1}"
)
ALL_WORDS = (
    "SCOUT Post clip PostClip R prefire BIOPSY 2 Post-fire POSTFIRE Stereotactic stereo Specimen"
    " specimin ARTEFACT check artifact Nothing to say"
)
# The values found for each exposure in order. A dash is NULL.
OF_EVERY_KIND = [
    ("several pulse rows", KVP, "{70,0,NULL,80} {0,NULL} {0} {NULL} {@} {@} {60,61,61}"),
    ("several pulse rows", CURRENT, "{100,0,NULL,50} {0,0} {0} {NULL} {10,20,NULL} {10,20} {51.44,558.06}"),
    ("several pulse rows", WIDTH, "{5,0,NULL,10} {NULL,NULL} {0} {NULL} {3,4,5} {3,4,5} {2,30.48}"),
    ("several pulse rows", EXPOSURE, "{1,0,NULL,2.5} {NULL,NULL} {0} {NULL} - - {NULL}"),
    ("no protocols", f"'<' || {PROTOCOL} || '>'", "<> - - < >"),
    ("no identifiers", MISSING, "uid type plane uid,type,plane"),
    ("repeated identifiers", "irradiation_event_uid", "2.25.1 2.25.1 2.25.1"),
    ("no meanings", f"{PLANE} || {TYPE} || {MATERIAL}::text", "X-NONEX-NONE{X-NONE} X-NONEX-NONE{X-NONE}"),
    ("extreme numbers", DAP, "9999.9999999999 0.0000000001 -0.00001"),
    ("wrong count", "number_of_events", "9 9 9"),
    ("two dose rows", "report.comment", "- - second dose row second dose row"),
    ("all filters", f"cardinality({MATERIAL}) IS NULL", "false " * 26 + "true"),
    ("standard names", PROTOCOL, "Linked once Linked twice Linked never"),
]
OF_RF = [
    ("biplane", PLANE, "113620 113621 113620 113620 113621 113620"),
    ("biplane", TYPE, "P5-06000 P5-06000 P5-06000 113613 113611 P5-06000"),
    ("biplane and a single plane", PLANE, "113620 113620 113621 113622 113622"),
    ("plane B alone", PLANE, "113621 113621 113621"),
    ("plane B before A", PLANE, "113621 113621 113621 113620"),
    ("planes of another scheme", PLANE, "LOCAL-FRONTAL LOCAL-FRONTAL LOCAL-FRONTAL LOCAL-LATERAL"),
    ("no plane", PLANE, "- - -"),
    ("angles", ANGLES, "0/0 5/0 -5/0 5.00000001/0 10.1/0 0/5 0/-5.1 - 90/0 - 30/30 35/25 40/20 -"),
    ("rates and fields", "trim_scale(pulse_rate)", "0 0 7.5 15 7.5 - 15 -"),
    ("rates and fields", "ii_field_size", "220 0 220 0 110 220 - -"),
    ("filters of groups", f"cardinality({MATERIAL})", "1 2 2 1 10 1 - 2"),
    ("filters of groups", f"{HIGHEST}[1]", "0.2 0.1 0.1 - 0.1 1 - 1"),
    ("event types", TYPE, "P5-06000 44491008 113611 113612 113613 - LOCAL-2 113611"),
    ("zero dose", "trim_scale(dose_area_product + dose_rp)", "0 0 0"),
    ("no dose recorded", "coalesce(dose_area_product, dose_rp)", "- - -"),
    (
        "summer time",
        LONDON,
        CLOCK,
    ),
    ("field sizes", "trim_scale(collimated_field_width)", "42.978 142 - -"),
    ("grids", GRID, "{111646} {111641,111642} {NULL} -"),
    (
        "positions",
        POSITION,
        "F-10470+F-10450+F-10340 F-10480+F-10450+F-10340 F-10470++ F-10470+F-10450+F-10310 ++",
    ),
    ("only fluoroscopy", TYPE, "P5-06000 P5-06000 P5-06000"),
    ("only acquisitions", TYPE, "113611 113611 113611"),
]
OF_MG = [
    ("views", VIEW, ALL_VIEWS),
    (
        "modifiers",
        MODIFIER,
        ALL_MODIFIERS,
    ),
    (
        "words",
        PROTOCOL,
        ALL_WORDS,
    ),
    ("sides", SIDE, "- G-A102 7771000 24028007 T-04030 X-NONE - G-A101"),
    ("specimens", VIEW, "G-8310 127457009 LOCAL-SPEC R-10226 R-10242"),
    ("no target", code("anode_target_material_id"), "- X-NONE"),
    ("filters of NHSBSP", f"cardinality({MATERIAL})", "- 1 2 2 10 1 1 1"),
    ("zero dose", AGD, "0 -"),
    (
        "Hologic pairs",
        f"{SOURCE} || {TYPE} || {VIEW}",
        " ".join(
            f"113867{kind}{view}" for view in ("R-10242", "R-10226") for kind in ("113613", "113611") * 2
        ),
    ),
    ("Pristina 2D", KVP, " ".join(["{26,34.045}"] * 4)),
    ("Pristina 2D", EXPOSURE, "- - - -"),
    ("Pristina tomosynthesis", f"{TYPE} || cardinality({CURRENT})", " ".join(["11361310"] * 4)),
    ("Giotto tomosynthesis", f"{TYPE} || cardinality({EXPOSURE})", " ".join(["11361311"] * 4)),
    ("Giotto tomosynthesis", WIDTH, "- - - -"),
    (
        "images",
        f"{SOURCE} || {MATERIAL}::text",
        "113866{C-150F9} 113866{C-150F9} 113866{C-167F9} 113866{C-167F9}",
    ),
    ("image tomosynthesis", f"{SOURCE} || {TYPE}", "113866113611 " * 5 + "113866113613"),
    ("image tomosynthesis", PROTOCOL, "Flat Field TOMO Combo l cc 3d DBT Plain Plain"),
    ("contradictions", f"{SOURCE} || {TYPE}", "113856113611 113856113613 113856113611 113856113613"),
    ("contradictions", PROTOCOL, "R CC Tomo Conventional 2D Plain Plain"),
    ("no types", TYPE, "- - - -"),
    (
        "contrast-enhanced",
        MATERIAL,
        "{C-167F9} {C-127F9} {C-167F9} {C-127F9} {C-167F9} {LOCAL-TI} {C-167F9} {LOCAL-TI}",
    ),
    ("repeats", VIEW, "R-10242 R-10242 R-10242 399162004 R-10242 R-10242 R-10242 LOCAL-CC R-10242"),
    ("repeats", SIDE, "G-A101 G-A101 G-A101 G-A101 G-A100 G-A101 G-A101 7771000 G-A101"),
    (
        "all dropped",
        f"coalesce({SIDE}, 'none') || coalesce({VIEW}, 'none')",
        "noneR-10242 G-A101none G-A100R-10226",
    ),
    (
        "modes",
        "'<' || exposure_control_mode || '>'",
        '<AUTOMATIC> <manual> <AEC> - <> <SEMIAUTO MANUAL> <=AUTO> < AUTO > <TEC, "x">',
    ),
    ("bare exposures", f"coalesce({KVP}, {EXPOSURE})", "- {28} -"),
]
OF_DX = [
    ("seven projections", TYPE, " ".join(["113611"] * 7)),
    ("many projections", TYPE, " ".join(["113611"] * 23)),
    ("CR study", "modality_type", "CR CR"),
    ("PX study", "modality_type", "PX"),
    ("unequal rows", CURRENT, "{100,200} {100,200} - {100,NULL} {50,45.4}"),
    ("unequal rows", WIDTH, "{1,2,3} - {1} {1,2} {10,10}"),
    ("unequal rows", EXPOSURE, "- - - - -"),
    ("zero dose", DAP, "0 0"),
    ("no dose recorded", DAP, "- -"),
    ("positions", POSITION, "F-10470+F-10450+F-10340 ++F-10340 F-10470++ ++ +F-10440+ +F-10440+"),
    ("exposure indices", "trim_scale(exposure_index)", "0 123.455 1.005 -"),
    ("fewer counted", "number_of_events", "4 4 4 4 4 4 4 4"),
    ("not counted", "number_of_events", "- -"),
    ("two planes", PLANE, "113620 113620 113621 113621"),
]
KVP_OF_PLAIN = {"RF": "70", "MG": "28", "DX": "80"}
OF_KIND = {"RF": OF_RF, "MG": OF_MG, "DX": OF_DX}
EXPECTED = [
    (f"{kind} {name}", expression, expected.replace("@", KVP_OF_PLAIN[kind]))
    for kind, own in OF_KIND.items()
    for name, expression, expected in OF_EVERY_KIND + own
]


@pytest.mark.parametrize(("name", "expression", "expected"), EXPECTED)
def test_sample_exposures_are_as_named(select_sample, name, expression, expected):
    assert select_sample(join_values(expression), f"broken: {name}") == [{"found": expected}]
