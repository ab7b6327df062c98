"""Audits computed a second time: SQL of its own reads the values, PostgreSQL makes quantiles and logarithms.

Nothing here is shared with the exports.
"""

import math
from collections import Counter, defaultdict
from dataclasses import dataclass, field
from decimal import Decimal
from fractions import Fraction
from functools import cache

import psycopg
from psycopg.rows import namedtuple_row

from tests.oracles.mg_nhsbsp import VIEWS

POPULATIONS = [
    "age unknown", "adult", "child <5 kg", "child 5–<15 kg", "child 15–<30 kg", "child 30–<50 kg",
    "child 50–<80 kg", "child ≥80 kg", "child, no weight", "child <3 months", "child 3 months–<1 y",
    "child 1–<6 y", "child ≥6 y",
]  # fmt: skip

STUDIES = """
SELECT study.id, study.study_date AS date, study.study_description AS description,
    study.requested_procedure_code_meaning AS request,
    (SELECT display_name FROM remapp_uniqueequipmentnames WHERE id = (
        SELECT unique_equipment_name_id FROM remapp_generalequipmentmoduleattr
        WHERE general_study_module_attributes_id = study.id ORDER BY id LIMIT 1)) AS room,
    (SELECT patient_age_decimal FROM remapp_patientstudymoduleattr
     WHERE general_study_module_attributes_id = study.id ORDER BY id LIMIT 1) AS age,
    (SELECT patient_weight FROM remapp_patientstudymoduleattr
     WHERE general_study_module_attributes_id = study.id ORDER BY id LIMIT 1) AS weight,
    array(SELECT standard_name FROM remapp_standardnames WHERE id IN (
        SELECT standardnames_id FROM remapp_generalstudymoduleattr_standard_names
        WHERE generalstudymoduleattr_id = study.id)) AS names,
    {values}
FROM remapp_generalstudymoduleattr study
WHERE study.modality_type = ANY(%s) AND NOT EXISTS (
    SELECT FROM remapp_patientmoduleattr pat
    WHERE pat.general_study_module_attributes_id = study.id AND pat.not_patient_indicator IS NOT NULL)
"""

# Every stored number of a study, in the unit of the sheets.
NUMBERS = {
    "DLP": "array(SELECT ct_dose_length_product_total FROM remapp_ctaccumulateddosedata acc"
    " JOIN remapp_ctradiationdose dose ON dose.id = acc.ct_radiation_dose_id"
    " WHERE dose.general_study_module_attributes_id = study.id)",
    **{
        (modality, name): f"array(SELECT {sql} FROM {table} total"
        " JOIN remapp_accumxraydose accum ON accum.id = total.accumulated_xray_dose_id"
        " JOIN remapp_projectionxrayradiationdose dose ON dose.id = accum.projection_xray_radiation_dose_id"
        " WHERE dose.general_study_module_attributes_id = study.id)"
        for modality, name, sql, table in (
            ("RF", "DAP", "dose_area_product_total * 10000", "remapp_accumintegratedprojradiogdose"),
            ("RF", "RP dose", "dose_rp_total * 1000", "remapp_accumintegratedprojradiogdose"),
            ("RF", "Fluoroscopy time", "total_fluoro_time", "remapp_accumprojxraydose"),
            ("DX", "DAP", "dose_area_product_total * 1000000", "remapp_accumintegratedprojradiogdose"),
        )
    },
}
OF_STUDY = {
    "CT": ["DLP"],
    "RF": ["DAP", "RP dose", "Fluoroscopy time"],
    "DX": ["DAP"],
    "MG": [],
    "NM": [],
}
CODES = {"CT": ["CT"], "RF": ["RF"], "DX": ["DX", "CR", "PX"], "MG": ["MG"], "NM": ["NM"]}
PER_EVENT = {"CT": "CTDIvol", "DX": "DAP per exposure", "MG": "AGD", "NM": "Activity"}

EVENTS = {
    "CT": """
SELECT dose.general_study_module_attributes_id AS study, event.id, acquisition_protocol AS protocol,
    mean_ctdivol AS number, coalesce(type.code_value, '') AS type,
    CASE phantom.code_value
        WHEN '113690' THEN '16 cm' WHEN '113691' THEN '32 cm' ELSE 'unknown' END AS detail,
    array(SELECT standard_name FROM remapp_standardnames name
          JOIN remapp_ctirradiationeventdata_standard_protocols link ON link.standardnames_id = name.id
          WHERE link.ctirradiationeventdata_id = event.id) AS names
FROM remapp_ctirradiationeventdata event
JOIN remapp_ctradiationdose dose ON dose.id = event.ct_radiation_dose_id
LEFT JOIN remapp_contextid type ON type.id = event.ct_acquisition_type_id
LEFT JOIN remapp_contextid phantom ON phantom.id = event.ctdiw_phantom_type_id""",
    "DX": """
SELECT dose.general_study_module_attributes_id AS study, event.id, acquisition_protocol AS protocol,
    dose_area_product * 1000000 AS number, '' AS type, view.code_meaning AS detail,
    array(SELECT standard_name FROM remapp_standardnames name
          JOIN remapp_irradeventxraydata_standard_protocols link ON link.standardnames_id = name.id
          WHERE link.irradeventxraydata_id = event.id) AS names
FROM remapp_irradeventxraydata event
JOIN remapp_projectionxrayradiationdose dose ON dose.id = event.projection_xray_radiation_dose_id
LEFT JOIN remapp_contextid view ON view.id = event.image_view_id""",
    "MG": """
SELECT dose.general_study_module_attributes_id AS study, event.id, acquisition_protocol AS protocol,
    src.average_glandular_dose AS number, '' AS type, NULL AS detail,
    coalesce(view.code_value, '') AS view_code, coalesce(view.code_meaning, '') AS view,
    (SELECT compression_thickness FROM remapp_irradeventxraymechanicaldata
     WHERE irradiation_event_xray_data_id = event.id ORDER BY id LIMIT 1) AS thickness,
    coalesce(type.code_value, '') AS event_type, coalesce(source.code_value, '') AS source,
    coalesce(anode.code_meaning, '') AS anode,
    array(SELECT material.code_meaning FROM remapp_xrayfilters filter
          JOIN remapp_contextid material ON material.id = filter.xray_filter_material_id
          WHERE filter.irradiation_event_xray_source_data_id = src.id) AS filters,
    array(SELECT standard_name FROM remapp_standardnames name
          JOIN remapp_irradeventxraydata_standard_protocols link ON link.standardnames_id = name.id
          WHERE link.irradeventxraydata_id = event.id) AS names
FROM remapp_irradeventxraydata event
JOIN remapp_projectionxrayradiationdose dose ON dose.id = event.projection_xray_radiation_dose_id
LEFT JOIN remapp_irradeventxraysourcedata src ON src.id = (
    SELECT min(id) FROM remapp_irradeventxraysourcedata WHERE irradiation_event_xray_data_id = event.id)
LEFT JOIN remapp_contextid view ON view.id = event.image_view_id
LEFT JOIN remapp_contextid type ON type.id = event.irradiation_event_type_id
LEFT JOIN remapp_contextid source ON source.id = dose.source_of_dose_information_id
LEFT JOIN remapp_contextid anode ON anode.id = src.anode_target_material_id""",
    "NM": """
SELECT rad.general_study_module_attributes_id AS study, event.id, NULL AS protocol,
    administered_activity AS number, '' AS type,
    CASE WHEN radiopharmaceutical_agent_id IS NULL THEN radiopharmaceutical_agent_string
         ELSE agent.code_meaning END AS detail, array[]::text[] AS names
FROM remapp_radiopharmaceuticaladministrationeventdata event
JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.id = event.radiopharmaceutical_radiation_dose_id
LEFT JOIN remapp_contextid agent ON agent.id = event.radiopharmaceutical_agent_id""",
}

QUANTILES = "SELECT percentile_cont(%s::float8[]) WITHIN GROUP (ORDER BY v) FROM unnest(%s::float8[]) v"
FOUND: dict[tuple[tuple[float, ...], tuple[float, ...]], list[float]] = {}
SCORES = """
WITH logs AS (SELECT n, ln(v) AS l FROM unnest(%s::float8[]) WITH ORDINALITY AS given (v, n)),
centre AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY l) AS m FROM logs),
width AS (SELECT percentile_cont(0.5) WITHIN GROUP (ORDER BY abs(l - m)) AS mad, avg(abs(l - m)) AS mean
          FROM logs, centre)
SELECT CASE WHEN mad > 0 THEN 0.6745 * (l - m) / mad WHEN mean > 0 THEN (l - m) / (1.2533 * mean) END
FROM logs, centre, width ORDER BY n"""


@dataclass
class Group:
    """The values of a group as (value, study, event, weight, date), and what is left out."""

    values: list = field(default_factory=list)
    left_out: Counter = field(default_factory=Counter)


def none(text):
    return text or "(none)"


def list_populations(study, *, adult_age=16, child_bands="weight"):
    age, weight = study.age, read_weight(study.weight)
    if age is None or age.is_nan() or age < 0:
        return ["age unknown"]
    if age >= adult_age:
        return ["adult"]
    by_weight = "child, no weight"
    if weight is not None:
        bands = zip((5, 15, 30, 50, 80, math.inf), POPULATIONS[2:8], strict=True)
        by_weight = next(name for limit, name in bands if weight < limit)
    ages = zip((Decimal("0.25"), 1, 6, math.inf), POPULATIONS[9:], strict=True)
    by_age = next(name for limit, name in ages if age < limit)
    return {"weight": [by_weight], "age": [by_age], "both": [by_weight, by_age]}[child_bands]


def read_weight(weight):
    return None if weight is None or weight.is_nan() or weight <= 0 else weight


def classify(number):
    if number is None or number.is_nan():
        return "not recorded"
    return "" if number > 0 else "zero or negative"


def name_detail(modality, event):
    if modality != "MG":
        return none(event.detail)
    ways = {event.view_code, event.view.strip().lower()}
    view = next((name for name, known in VIEWS.items() if ways & set(known)), event.view)
    view = "MLO" if view == "OB" else view
    band = "(none)"
    if read_weight(event.thickness) is not None:
        low = int(event.thickness) // 10 * 10
        band = f"{low}–{low + 9} mm"
    return f"{find_technique(event)} | {view if view.strip() else '(none)'} | {band}"


def find_technique(event):
    materials = " ".join(filter(None, event.filters)).upper()
    if "COPPER" in materials or "TITAN" in materials:
        return "CEM"
    protocol = (event.protocol or "").lower()
    says_dbt = any(word in protocol for word in ("tomo", "dbt", "3d", "combo"))
    if not event.event_type or (event.source == "113866" and event.event_type == "113611"):
        hologic = "TUNGSTEN" in event.anode.upper() and "ALUM" in materials
        return "DBT" if says_dbt or hologic else "2D"
    if event.event_type == "113613":
        return "DBT"
    return "2D" if event.event_type == "113611" and not says_dbt else "unknown"


class Reader:
    """The reader of the groups of a modality, by (exam, room, population, detail, quantity)."""

    def __init__(self, modality, exam_by, adult_weight, *, standard, bands):
        self.modality, self.exam_by, self.standard, self.bands = modality, exam_by, standard, bands
        self.limits = adult_weight
        self.groups = defaultdict(Group)

    def add(self, study, exams, key, value, event=None):
        number, reason = value
        weight = read_weight(study.weight)
        populations = list_populations(study, **self.bands)
        if not reason and self.limits and populations == ["adult"]:
            reason = self.exclude_adult(weight)
        for exam in exams:
            for population in populations:
                group = self.groups[exam, none(study.room), population, *key]
                if reason:
                    group.left_out[reason] += 1
                else:
                    group.values.append((number, study.id, event, weight, study.date))

    def exclude_adult(self, weight):
        low, high = map(Decimal, self.limits.split("-"))
        if weight is None:
            return "adult without weight"
        return "" if low <= weight <= high else f"adult outside {self.limits.replace('-', '–')} kg"

    def add_study(self, study):
        exams = name_exams(study, self.exam_by, standard=self.standard)
        for n, name in enumerate(OF_STUDY[self.modality]):
            real = [each for each in getattr(study, f"v{n}") if each is not None and not each.is_nan()]
            positive = [each for each in real if each > 0]
            number = sum(positive) if positive else real[0] if real else None
            exact = None if number is None else Fraction(number) / (60 if name == "Fluoroscopy time" else 1)
            self.add(study, exams, ("", name), (exact, classify(number)))

    def add_event(self, study, event):
        reason = classify(event.number)
        reason = reason or {"113805": "localiser", "113806": "stationary acquisition"}.get(event.type, "")
        number = None if reason else Fraction(event.number)
        key = name_detail(self.modality, event), PER_EVENT[self.modality]
        self.add(study, self.name_exams_of(study, event), key, (number, reason), event.id)

    def name_exams_of(self, study, event):
        if self.modality == "NM":
            return name_exams(study, self.exam_by, standard=False)
        names = sorted({name for name in event.names if name}) if self.standard else []
        own = [none(event.protocol)]
        return {"auto": names or own, "standard_name": names or ["(none)"]}.get(self.exam_by, own)


def read_groups(url, modality, exam_by="auto", adult_weight=None, *, standard=False, **bands):
    """Return the groups by (exam, room, population, detail, quantity), of a database that never changes."""
    reader = Reader(modality, exam_by, adult_weight, standard=standard, bands=bands)
    found, events = read_rows(url, modality)
    studies = {study.id: study for study in found}
    for study in found:
        reader.add_study(study)
    for event in events:
        if event.study in studies:
            reader.add_event(studies[event.study], event)
    return dict(reader.groups)


@cache
def read_rows(url, modality):
    """Return the rows of the studies and of the events of a database that never changes."""
    values = ", ".join(
        f"{NUMBERS.get(name) or NUMBERS[modality, name]} AS v{n}" for n, name in enumerate(OF_STUDY[modality])
    )
    with psycopg.connect(url, row_factory=namedtuple_row) as connection:
        found = connection.execute(STUDIES.format(values=values or "1"), [CODES[modality]]).fetchall()
        events = connection.execute(EVENTS[modality]).fetchall() if modality in EVENTS else []
    return found, events


def name_exams(study, exam_by, *, standard):
    names = sorted({name for name in study.names if name}) if standard else []
    return {
        "auto": names or [none(study.description)],
        "study_description": [none(study.description)],
        "requested_procedure": [none(study.request)],
        "standard_name": names or ["(none)"],
    }[exam_by]


def find_quantiles(connection, values, *ps):
    """Let PostgreSQL find quantiles of numbers, once for all groups that have the same."""
    key = ps, tuple(map(float, values))
    if key not in FOUND:
        (FOUND[key],) = connection.execute(QUANTILES, [*map(list, key)]).fetchone()
    return FOUND[key]


def find_scores(connection, values):
    """Let PostgreSQL find the robust z of numbers."""
    return [z for (z,) in connection.execute(SCORES, [[float(v) for v in values]]).fetchall()]


def describe(connection, group):
    """Return the figures of a group by heading, None for a blank cell."""
    values = sorted(value[0] for value in group.values)
    n = len(values)
    weights = [value[3] for value in group.values if value[3] is not None]
    p25, median, p75, p95 = find_quantiles(connection, values, 0.25, 0.5, 0.75, 0.95)
    half = 1.96 * math.sqrt(n)
    low, high = max(math.floor((n - half) / 2), 1), min(math.ceil(1 + (n + half) / 2), n)
    return {
        "Studies": len({value[1] for value in group.values}),
        "n": n,
        "Left out": group.left_out.total(),
        "With weight": len(weights),
        "Mean weight (kg)": float(sum(weights) / len(weights)) if weights else None,
        "Min": float(values[0]),
        "P25": p25 if n >= 4 else None,
        "Median": median,
        "P75": p75 if n >= 4 else None,
        "P95": p95 if n >= 20 else None,
        "Max": float(values[-1]),
        "Mean": float(sum(values) / n),
        "Median CI low": float(values[low - 1]) if n >= 6 else None,
        "Median CI high": float(values[high - 1]) if n >= 6 else None,
    }


def list_outliers(connection, groups, limit=3.5, *, above_p95=False):
    """Return (group, study, event) → (value, median, z, reasons) of the values far from their group."""
    listed = {}
    for key, group in groups.items():
        if len({value[1] for value in group.values}) < 20:
            continue
        numbers = [value[0] for value in group.values]
        median, p95 = find_quantiles(connection, sorted(numbers), 0.5, 0.95)
        scores = find_scores(connection, numbers)
        for value, z in zip(group.values, scores, strict=True):
            reasons = ["high"] if z is not None and z > limit else []
            reasons += ["low"] if z is not None and z < -limit else []
            reasons += ["above P95"] if above_p95 and value[0] > p95 * (1 + 1e-12) else []
            if reasons:
                listed[(*key, value[1], value[2])] = (float(value[0]), median, z, "; ".join(reasons))
    return listed
