"""The named studies other than CT have more rows, fewer rows or other values, as their names say."""

from itertools import product

import pytest

from tests.databases.sampled import JOINS, code, count_rows, rows

KINDS = ("RF", "MG", "DX")
PLAIN = dict.fromkeys(JOINS, 2) | dict.fromkeys(
    ("patients", "ages", "equipment", "reports", "accumulated"), 1
)
PLAIN |= dict.fromkeys(("ct_reports", "fluoroscopic", "glandular", "integrated"), 0)
OF_KIND = {
    "RF": {"integrated": 1, "fluoroscopic": 1},
    "MG": {"glandular": 2},
    "DX": {"integrated": 1, "filters": 4},
}
TOTALS = ("integrated", "fluoroscopic", "glandular")
PULSES = ("kvps", "currents", "widths", "exposures", "filters")
EXPOSED = ("events", "sources", "mechanics", "detectors", "distances", *PULSES)
NONE, HALF = -9, -0.5
# What a named study has more of than a plain one, or none of, or half of it.
ROWS = {
    "two patient rows": {"patients": 1},
    "two patient study rows": {"ages": 1},
    "no patient row": {"patients": NONE},
    "no patient study row": {"ages": NONE},
    "two equipment rows": {"equipment": 1},
    "no equipment row": {"equipment": NONE},
    "bare rows": {"patients": NONE, "ages": NONE, "equipment": NONE},
    "no dose row": dict.fromkeys(("reports", "accumulated", *TOTALS, *EXPOSED), NONE),
    "no events": dict.fromkeys(("glandular", *EXPOSED), NONE),
    "no source row": dict.fromkeys(("sources", *PULSES), HALF),
    "two source rows": {"sources": 1},
    "no mechanical row": {"mechanics": HALF, "distances": HALF},
    "two mechanical rows": {"mechanics": 1},
    "no distance row": {"distances": HALF},
    "two distance rows": {"distances": 1},
    "no detector row": {"detectors": HALF},
    "two detector rows": {"detectors": 1},
    "no accumulated row": dict.fromkeys(("accumulated", *TOTALS), NONE),
    "no totals": dict.fromkeys(TOTALS, NONE),
    "no pulse rows": dict.fromkeys(PULSES, HALF),
    "also CT": {"ct_reports": 1},
}
ROWS_OF_KIND = {
    "RF two totals": {"integrated": 1, "fluoroscopic": 1},
    "MG two totals": {"glandular": 2},
    "DX two totals": {"integrated": 1},
    "RF two accumulated rows": {"accumulated": 1, "integrated": 1},
    "MG two accumulated rows": {"accumulated": 1},
    "DX two accumulated rows": {"accumulated": 1, "integrated": 1},
}
ROWS_OF_KIND |= {f"{kind} {name}": change for kind, (name, change) in product(KINDS, ROWS.items())}


def apply(change, count):
    return {NONE: 0, HALF: count // 2}.get(change, count + change)


@pytest.mark.parametrize("name", ROWS_OF_KIND)
def test_sample_study_has_more_or_fewer_rows_and_no_other_defect(select_sample, name):
    (found,) = select_sample(count_rows(JOINS), f"broken: {name}")
    plain = PLAIN | OF_KIND[name[:2]]
    assert found == plain | {
        table: apply(change, plain[table]) for table, change in ROWS_OF_KIND[name].items()
    }


OF_STUDY = {
    "hashed identity": ("accession_hashed AND length(accession_number) = 64", True),
    "indicator empty": ("patients.not_patient_indicator", ""),
    "indicator text": ("patients.not_patient_indicator", 'phantom, "QA"'),
    "no equipment name": ("equipment.unique_equipment_name_id IS NULL", True),
    "no date": ("study_date", None),
    "no time": ("study_time", None),
}


@pytest.mark.parametrize(("kind", "name"), list(product((*KINDS, "NM"), OF_STUDY)))
def test_sample_study_or_patient_has_the_defect(select_sample, kind, name):
    expression, expected = OF_STUDY[name]
    plain = "two patient rows"
    query = (
        f"SELECT {expression} AS found FROM remapp_generalstudymoduleattr study"
        " JOIN remapp_patientmoduleattr patients ON patients.general_study_module_attributes_id = study.id"
        " JOIN remapp_generalequipmentmoduleattr equipment"
        " ON equipment.general_study_module_attributes_id = study.id WHERE study_description = %s"
    )
    assert [row["found"] for row in select_sample(query, f"broken: {kind} {name}")] == [expected]
    assert select_sample(query, f"broken: {kind} {plain}")[0]["found"] != expected


DECLARED = """
    SELECT sum(total_number_of_radiographic_frames) AS found FROM remapp_generalstudymoduleattr study
    JOIN remapp_projectionxrayradiationdose report ON report.general_study_module_attributes_id = study.id
    JOIN remapp_accumxraydose accum ON accum.projection_xray_radiation_dose_id = report.id
    JOIN remapp_accumintegratedprojradiogdose total ON total.accumulated_xray_dose_id = accum.id
    WHERE study_description = %s"""
FRAMES = {
    "DX no frames declared": None,
    "DX more frames declared": 30,
    "DX wrong count": 9,
    "RF wrong count": 9,
    "DX two planes": 4,
    "DX all filters": 27,
}


@pytest.mark.parametrize("name", FRAMES)
def test_sample_frames_are_declared_as_named(select_sample, name):
    assert select_sample(DECLARED, f"broken: {name}") == [{"found": FRAMES[name]}]


NM_JOINS = {
    "reports": ("radiopharmaceuticalradiationdose", "general_study_module_attributes_id", "study"),
    "administrations": (
        "radiopharmaceuticaladministrationeventdata",
        "radiopharmaceutical_radiation_dose_id",
        "reports",
    ),
    "persons": ("personparticipant", "radiopharmaceutical_administration_event_data_id", "administrations"),
    "organs": ("organdose", "radiopharmaceutical_administration_event_data_id", "administrations"),
    "characteristics": (
        "radiopharmaceuticaladministrationpatientcharacteristics",
        "radiopharmaceutical_radiation_dose_id",
        "reports",
    ),
    "states": (
        "patientstate",
        "radiopharmaceutical_administration_patient_characteristics_id",
        "characteristics",
    ),
    "rates": (
        "glomerularfiltrationrate",
        "radiopharmaceutical_administration_patient_characteristics_id",
        "characteristics",
    ),
    "series": ("petseries", "radiopharmaceutical_radiation_dose_id", "reports"),
}
NM_PLAIN = dict.fromkeys(NM_JOINS, 1) | {"organs": 2}
NM_ROWS = {
    "two administrations": {"administrations": 1},
    "two radiopharmaceutical rows": {"reports": 1, "administrations": 1, "series": 1},
    "no radiopharmaceutical row": dict.fromkeys(NM_JOINS, NONE),
    "no administration": dict.fromkeys(("administrations", "persons", "organs"), NONE),
    "many children": dict.fromkeys(("persons", "states", "rates", "series"), 11) | {"organs": 22},
    "no children": dict.fromkeys(("persons", "organs", "characteristics", "states", "rates", "series"), NONE),
    "two characteristics": {"characteristics": 1},
    "summer time": {"series": 1},
}


@pytest.mark.parametrize("name", NM_ROWS)
def test_sample_nm_study_has_more_or_fewer_rows(select_sample, name):
    (found,) = select_sample(count_rows(NM_JOINS), f"broken: NM {name}")
    changed = {table: apply(change, NM_PLAIN[table]) for table, change in NM_ROWS[name].items()}
    assert found == NM_PLAIN | changed


METHODS = rows(
    "organdose", "measurement_method", "adm.id", "radiopharmaceutical_administration_event_data_id"
)
NM_VALUES = {
    "agent as text": (
        "(radiopharmaceutical_agent_id IS NULL)::text || radiopharmaceutical_agent_string",
        'trueKit "A", =in house',
    ),
    "no agent": ("coalesce(radiopharmaceutical_agent_id::text, radiopharmaceutical_agent_string)", None),
    "activity None": ("recent_physical_activity", "None"),
    "summer time": (
        "to_char(radiopharmaceutical_start_datetime AT TIME ZONE 'Europe/London', 'MM-DD HH24:MI:SS.MS')",
        "07-01 09:00:00.250",
    ),
    "no meanings": (code("route_of_administration_id"), "X-NONE"),
    "zero dose": ("administered_activity + effective_dose", 0),
    "all text awkward": (
        f"cardinality({METHODS}) > 50",
        True,
    ),
    "extreme numbers": (
        "effective_dose::text || ' ' || administered_activity",
        "0.00000001 99999999.99999999",
    ),
}


@pytest.mark.parametrize("name", NM_VALUES)
def test_sample_administration_has_the_defect(select_sample, name):
    expression, expected = NM_VALUES[name]
    query = (
        f"SELECT {expression} AS found FROM remapp_generalstudymoduleattr study"
        " JOIN remapp_radiopharmaceuticalradiationdose rad"
        " ON rad.general_study_module_attributes_id = study.id"
        " JOIN remapp_radiopharmaceuticaladministrationeventdata adm"
        " ON adm.radiopharmaceutical_radiation_dose_id = rad.id"
        " JOIN remapp_radiopharmaceuticaladministrationpatientcharacteristics char"
        " ON char.radiopharmaceutical_radiation_dose_id = rad.id WHERE study_description = %s"
    )
    assert [row["found"] for row in select_sample(query, f"broken: NM {name}")] == [expected]
