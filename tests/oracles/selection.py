"""Filters and orders of four modalities as plain SQL, independent of the exports.

A filter finds pairs of a study and the row that meets it: two filters on the same kind of row must be met by
one row. CT, MG and RF are looked up in the sample, NM in the awkward database.
"""

from dataclasses import dataclass, field

OF_STUDY = "general_study_module_attributes_id"
NEWEST_FIRST = "study_date DESC NULLS LAST, study_time DESC NULLS LAST, study.id"
PLANES = """FROM remapp_projectionxrayradiationdose report
        JOIN remapp_accumxraydose plane ON plane.projection_xray_radiation_dose_id = report.id"""
EQUIPMENT = "generalequipmentmoduleattr__"
XRAY_EVENT = "projectionxrayradiationdose__irradeventxraydata__"
CT_EVENT = "ctradiationdose__ctirradiationeventdata__"
ACTIVITY = (
    "radiopharmaceuticalradiationdose__radiopharmaceuticaladministrationeventdata__administered_activity"
)
NOT_A_TEST = (
    f"study.id NOT IN (SELECT {OF_STUDY} FROM remapp_patientmoduleattr"
    " WHERE not_patient_indicator IS NOT NULL) AND %s <> ''"
)
STUDIES_WITH_TOTALS = "studies_with_totals"
# Each study with its totals. Those that are not stored are those of its dose reports. A session makes this
# table once: each of its hundreds of queries would else add up all totals.
MAKE_STUDIES_WITH_TOTALS = f"""CREATE TEMPORARY TABLE {STUDIES_WITH_TOTALS} AS
    SELECT filled.*
    FROM remapp_generalstudymoduleattr study
    LEFT JOIN (
        SELECT {OF_STUDY}, count(event.id) AS events,
            count(event.id) FILTER (WHERE code_value IN ('116152004', 'P5-08001', 'C0860888')) AS spiral,
            count(event.id) FILTER (WHERE code_value = '113804') AS axial,
            count(event.id) FILTER (WHERE code_value = '113805') AS localisers,
            count(event.id) FILTER (WHERE code_value = '113806') AS stationary,
            (SELECT sum(ct_dose_length_product_total) FROM remapp_ctaccumulateddosedata total
             WHERE total.ct_radiation_dose_id = ANY(array_agg(report.id))) AS dlp
        FROM remapp_ctradiationdose report
        LEFT JOIN remapp_ctirradiationeventdata event ON event.ct_radiation_dose_id = report.id
        LEFT JOIN remapp_contextid code ON code.id = event.ct_acquisition_type_id GROUP BY 1
    ) ct ON ct.{OF_STUDY} = study.id
    LEFT JOIN (
        SELECT {OF_STUDY}, count(event.id) AS events FROM remapp_projectionxrayradiationdose report
        LEFT JOIN remapp_irradeventxraydata event ON event.projection_xray_radiation_dose_id = report.id
        GROUP BY 1
    ) xray ON xray.{OF_STUDY} = study.id
    LEFT JOIN (
        SELECT {OF_STUDY}, sum(dose_area_product_total) AS dap {PLANES}
        JOIN remapp_accumintegratedprojradiogdose total ON total.accumulated_xray_dose_id = plane.id
        GROUP BY 1
    ) dose ON dose.{OF_STUDY} = study.id
    LEFT JOIN (
        SELECT DISTINCT ON ({OF_STUDY}) {OF_STUDY}, (SELECT sum(dose_rp_total)
            FROM remapp_accumintegratedprojradiogdose WHERE accumulated_xray_dose_id = plane.id) AS rp
        {PLANES} ORDER BY {OF_STUDY}, plane.id
    ) plane ON plane.{OF_STUDY} = study.id
    LEFT JOIN (
        SELECT {OF_STUDY},
            (array_agg(accumulated_average_glandular_dose ORDER BY breast.id DESC)
                FILTER (WHERE code_value IN ('T-04030', '80248007', 'C0222601')))[1] AS agd_left,
            (array_agg(accumulated_average_glandular_dose ORDER BY breast.id DESC)
                FILTER (WHERE code_value IN ('T-04020', '73056007', 'C0222600')))[1] AS agd_right
        {PLANES} JOIN remapp_accummammographyxraydose breast ON breast.accumulated_xray_dose_id = plane.id
        JOIN remapp_contextid code ON code.id = breast.laterality_id GROUP BY 1
    ) breasts ON breasts.{OF_STUDY} = study.id
    CROSS JOIN LATERAL jsonb_populate_record(study, jsonb_build_object(
        'total_dlp', coalesce(study.total_dlp, ct.dlp),
        'number_of_events', coalesce(study.number_of_events, ct.events, xray.events),
        'number_of_spiral', coalesce(study.number_of_spiral, ct.spiral),
        'number_of_axial', coalesce(study.number_of_axial, ct.axial),
        'number_of_const_angle', coalesce(study.number_of_const_angle, ct.localisers),
        'number_of_stationary', coalesce(study.number_of_stationary, ct.stationary),
        'total_dap', coalesce(study.total_dap, dose.dap),
        'total_rp_dose_a', coalesce(study.total_rp_dose_a, plane.rp),
        'total_agd_left', coalesce(study.total_agd_left, breasts.agd_left),
        'total_agd_right', coalesce(study.total_agd_right, breasts.agd_right)
    )) filled"""


@dataclass(frozen=True)
class Filter:
    """A value to filter by, the table whose row must meet it, and SQL for the (study, row) pairs that do."""

    value: str
    table: str
    sql: str


@dataclass(frozen=True)
class Modality:
    """What one modality's exports can be filtered and sorted by."""

    name: str
    types: tuple[str, ...]
    filters: dict[str, Filter]
    openrem_names: dict[str, str]  # OpenREM's parameter → filter
    orders: dict[str, tuple[str, str]]  # order → OpenREM's name of it, SQL
    events: str  # SQL for the (study, event) pairs
    counts: dict[str, str] = field(default_factory=dict)  # filter by a count → column
    ranges: dict[str, str] = field(default_factory=dict)  # filter without _min and _max → SQL (study, value)
    apart: tuple[dict[str, str], ...] = ()  # filters that fewer studies meet by one row than by several
    refused: tuple[str, ...] = ()
    unknown_to_openrem: frozenset[str] = frozenset()


def study(condition, found="study.id"):
    return f"SELECT study.id, {found} FROM {STUDIES_WITH_TOTALS} study WHERE {condition}"


def child(table, condition):
    return f"SELECT {OF_STUDY}, id FROM remapp_{table} WHERE {condition}"


def equipment(condition):
    return (
        f"SELECT {OF_STUDY}, equip.id FROM remapp_generalequipmentmoduleattr equip"
        f" LEFT JOIN remapp_uniqueequipmentnames name ON name.id = unique_equipment_name_id WHERE {condition}"
    )


def study_name(condition):
    return (
        "SELECT link.generalstudymoduleattr_id, link.id"
        " FROM remapp_generalstudymoduleattr_standard_names link"
        f" JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE {condition}"
    )


def ct_event(condition, found="event.id"):
    return (
        f"SELECT {OF_STUDY}, {found} FROM remapp_ctirradiationeventdata event"
        " JOIN remapp_ctradiationdose dose ON dose.id = ct_radiation_dose_id"
        " LEFT JOIN remapp_contextid code ON code.id = ct_acquisition_type_id"
        " LEFT JOIN remapp_ctirradiationeventdata_standard_protocols link"
        " ON link.ctirradiationeventdata_id = event.id"
        f" LEFT JOIN remapp_standardnames standard ON standard.id = link.standardnames_id WHERE {condition}"
    )


def xray_event(condition, found="event.id"):
    """Of records that should be single and are not, the first one counts: it is in the file."""
    return (
        f"SELECT {OF_STUDY}, {found} FROM remapp_irradeventxraydata event"
        " JOIN remapp_projectionxrayradiationdose report ON report.id = projection_xray_radiation_dose_id"
        " LEFT JOIN remapp_contextid view ON view.id = event.image_view_id"
        + "".join(
            f" LEFT JOIN LATERAL (SELECT * FROM remapp_irradeventxray{table}"
            f" WHERE irradiation_event_xray_data_id = event.id ORDER BY id LIMIT 1) {table} ON true"
            for table in ("mechanicaldata", "sourcedata")
        )
        + " LEFT JOIN remapp_irradeventxraydata_standard_protocols link ON irradeventxraydata_id = event.id"
        f" LEFT JOIN remapp_standardnames standard ON standard.id = standardnames_id WHERE {condition}"
    )


def administration(condition, found="adm.id"):
    return (
        f"SELECT {OF_STUDY}, {found} FROM remapp_radiopharmaceuticaladministrationeventdata adm"
        " JOIN remapp_radiopharmaceuticalradiationdose rad ON rad.id = radiopharmaceutical_radiation_dose_id"
        f" WHERE {condition}"
    )


def has(column):
    return f"position(lower(%s) IN lower({column})) > 0"


def plain(column):
    """Return the condition for an identifier that is not stored as a hash."""
    return f"NOT {column.removeprefix('patient_').removesuffix('_number')}_hashed AND {has(column)}"


# Filter → table, SQL: the same for every modality that has the filter.
SHARED = {
    "date_from": ("study", study("study_date >= %s")),
    "date_to": ("study", study("study_date <= %s")),
    "study_description": ("study", study(has("study_description"))),
    "procedure": ("study", study(has("procedure_code_meaning"))),
    "requested_procedure": ("study", study(has("requested_procedure_code_meaning"))),
    "accession_number": ("study", study(plain("accession_number"))),
    "events": ("study", study("number_of_events = %s::integer")),
    "test_patients": ("study", study(NOT_A_TEST)),
    "institution": ("equip", equipment(has("equip.institution_name"))),
    "manufacturer": ("equip", equipment(has("equip.manufacturer"))),
    "model": ("equip", equipment(has("equip.manufacturer_model_name"))),
    "station": ("equip", equipment(has("equip.station_name"))),
    "display_name": ("equip", equipment(has("display_name"))),
    "age_min": ("patstudy", child("patientstudymoduleattr", "patient_age_decimal >= %s::numeric")),
    "age_max": ("patstudy", child("patientstudymoduleattr", "patient_age_decimal <= %s::numeric")),
    "weight_min": ("patstudy", child("patientstudymoduleattr", "patient_weight >= %s::numeric")),
    "weight_max": ("patstudy", child("patientstudymoduleattr", "patient_weight <= %s::numeric")),
    "patient_name": ("pat", child("patientmoduleattr", plain("patient_name"))),
    "patient_id": ("pat", child("patientmoduleattr", plain("patient_id"))),
    "standard_study_name": ("name", study_name(has("standard_name"))),
}
# OpenREM's parameters, those of older versions too. A filter may also have the same name in both.
SHARED_NAMES = {
    "study_date__gt": "date_from",
    "date_after": "date_from",
    "study_date__lt": "date_to",
    "date_before": "date_to",
    "procedure_code_meaning": "procedure",
    "requested_procedure_code_meaning": "requested_procedure",
    EQUIPMENT + "institution_name": "institution",
    "institution_name": "institution",
    EQUIPMENT + "manufacturer": "manufacturer",
    EQUIPMENT + "manufacturer_model_name": "model",
    "model_name": "model",
    "manufacturer_model_name": "model",
    EQUIPMENT + "station_name": "station",
    "station_name": "station",
    EQUIPMENT + "unique_equipment_name__display_name": "display_name",
    "patientstudymoduleattr__patient_age_decimal__gte": "age_min",
    "patient_age_min": "age_min",
    "patientstudymoduleattr__patient_age_decimal__lte": "age_max",
    "patient_age_max": "age_max",
    "test_data": "test_patients",
} | {name: name for name in ("study_description", "accession_number", "patient_name", "patient_id")}
WEIGHT_NAMES = {
    "patientstudymoduleattr__patient_weight__gte": "weight_min",
    "patientstudymoduleattr__patient_weight__lte": "weight_max",
}
XRAY_NAMES = {
    "standard_names__standard_name": "standard_study_name",
    XRAY_EVENT + "standard_protocols__standard_name": "standard_acquisition_name",
    XRAY_EVENT + "acquisition_protocol": "acquisition_protocol",
}


def by_equipment(column):
    return (
        f"(SELECT {column} FROM remapp_generalequipmentmoduleattr equip"
        " LEFT JOIN remapp_uniqueequipmentnames name ON name.id = equip.unique_equipment_name_id"
        f' WHERE {OF_STUDY} = study.id ORDER BY equip.id LIMIT 1) COLLATE "C" NULLS LAST'
    )


SHARED_ORDERS = {
    "newest_first": ("-time_date", NEWEST_FIRST),
    "oldest_first": ("time_date", "study_date NULLS LAST, study_time NULLS LAST"),
    "study_description": ("study_description", 'study_description COLLATE "C" NULLS LAST'),
    "institution": (EQUIPMENT + "institution_name", by_equipment("equip.institution_name")),
    "manufacturer": (EQUIPMENT + "manufacturer", by_equipment("equip.manufacturer")),
    "model": (EQUIPMENT + "manufacturer_model_name", by_equipment("equip.manufacturer_model_name")),
    "display_name": (EQUIPMENT + "unique_equipment_name__display_name", by_equipment("display_name")),
}


def shared_filters(**values):
    return {name: Filter(value, *SHARED[name]) for name, value in values.items()}


CT_COUNTS = {
    "events": "number_of_events",
    "spiral_events": "number_of_spiral",
    "axial_events": "number_of_axial",
    "localiser_events": "number_of_const_angle",
    "stationary_events": "number_of_stationary",
}
CT = Modality(
    name="CT",
    types=("ct-csv", "ct-xlsx", "ct-phe2019"),
    filters=shared_filters(
        date_from="2023-01-11",
        date_to="2023-01-11",
        study_description="ct T",
        procedure="THORAX",
        requested_procedure="contrast",
        accession_number="1",
        events="3",
        test_patients="exclude",
        institution="north",
        manufacturer="siemens",
        model="force",
        station="CT",
        display_name="ct 1",
        age_min="57.3",
        age_max="57.3",
        weight_min="45.4",
        weight_max="92",
        patient_name="NOBODY",
        patient_id="fict-1",
        standard_study_name="chest",
    )
    | {
        "dlp_min": Filter("650.3195", "study", study("total_dlp >= %s::numeric")),
        "dlp_max": Filter("650.3195", "study", study("total_dlp <= %s::numeric")),
        "spiral_events": Filter("some", "study", study("number_of_spiral > 0 AND %s <> ''")),
        "axial_events": Filter("1", "study", study("number_of_axial = %s::integer")),
        "localiser_events": Filter("0", "study", study("number_of_const_angle = %s::integer")),
        "stationary_events": Filter("some", "study", study("number_of_stationary > 0 AND %s <> ''")),
        "acquisition_protocol": Filter("THORAX", "event", ct_event(has("event.acquisition_protocol"))),
        "acquisition_type": Filter("spiral", "event", ct_event(has("code.code_meaning"))),
        "standard_acquisition_name": Filter("head", "event", ct_event(has("standard_name"))),
    },
    openrem_names=SHARED_NAMES
    | WEIGHT_NAMES
    | {
        "standard_names__standard_name": "standard_study_name",
        CT_EVENT + "standard_protocols__standard_name": "standard_acquisition_name",
        CT_EVENT + "acquisition_protocol": "acquisition_protocol",
        "total_dlp__gte": "dlp_min",
        "total_dlp__lte": "dlp_max",
        "num_events": "events",
        "num_spiral_events": "spiral_events",
        "num_axial_events": "axial_events",
        "num_spr_events": "localiser_events",
        "num_stationary_events": "stationary_events",
    },
    orders=SHARED_ORDERS | {"highest_dlp": ("-total_dlp", "total_dlp DESC NULLS LAST")},
    events=ct_event("true"),
    counts=CT_COUNTS,
    ranges={"dlp": study("total_dlp IS NOT NULL", "total_dlp")},
    apart=({"acquisition_protocol": "topogram", "acquisition_type": "spiral"},),
    refused=("study_dap_min", "activity_min", "view"),
    unknown_to_openrem=frozenset({"acquisition_type"}),
)
MG = Modality(
    name="MG",
    types=("mg-csv", "mg-xlsx", "mg-nhsbsp-csv", "mg-nhsbsp-xlsx"),
    filters=shared_filters(
        date_from="2022-10-13",
        date_to="2022-10-13",
        study_description="mammo S",
        procedure="SCREEN",
        requested_procedure="mammogram",
        accession_number="1",
        events="4",
        test_patients="exclude",
        institution="north",
        manufacturer="hologic",
        model="prist",
        station="MGNM",
        display_name="mammo 2",
        age_min="47.4",
        age_max="47.4",
        patient_name="NOBODY",
        patient_id="fict-",
        standard_study_name="screen",
    )
    | {
        "acquisition_protocol": Filter("tomo", "event", xray_event(has("event.acquisition_protocol"))),
        "standard_acquisition_name": Filter("mlo", "event", xray_event(has("standard_name"))),
        "view": Filter("OBLIQUE", "event", xray_event(has("view.code_meaning"))),
        "compression_thickness_min": Filter(
            "80.5", "event", xray_event("compression_thickness >= %s::numeric")
        ),
        "compression_thickness_max": Filter(
            "25", "event", xray_event("compression_thickness <= %s::numeric")
        ),
        "exposure_control_mode": Filter("manual", "event", xray_event(has("exposure_control_mode"))),
    },
    openrem_names=SHARED_NAMES
    | XRAY_NAMES
    | {
        "num_events": "events",
        XRAY_EVENT + "image_view__code_meaning": "view",
        XRAY_EVENT + "irradeventxraymechanicaldata__compression_thickness__range_min": (
            "compression_thickness_min"
        ),
        XRAY_EVENT + "irradeventxraymechanicaldata__compression_thickness__range_max": (
            "compression_thickness_max"
        ),
        XRAY_EVENT + "irradeventxraysourcedata__exposure_control_mode": "exposure_control_mode",
    },
    orders=SHARED_ORDERS
    | {
        "procedure": ("procedure_code_meaning", 'procedure_code_meaning COLLATE "C" NULLS LAST'),
        "highest_agd_left": ("-total_agd_left", "total_agd_left DESC NULLS LAST"),
        "highest_agd_right": ("-total_agd_right", "total_agd_right DESC NULLS LAST"),
    },
    events=xray_event("true"),
    counts={"events": "number_of_events"},
    ranges={
        "compression_thickness": xray_event("compression_thickness IS NOT NULL", "compression_thickness")
    },
    refused=("weight_min", "patientstudymoduleattr__patient_weight__gte", "study_dap_min"),
)
NM = Modality(
    name="NM",
    types=("nm-csv", "nm-xlsx"),
    filters=shared_filters(
        date_from="2022-01-01",
        date_to="2022-05-25",
        study_description="pet ",
        procedure="BONE",
        requested_procedure="pet ct",
        accession_number="4",
        test_patients="exclude",
        institution="north",
        manufacturer="siemens",
        model="disc",
        station="NMNM",
        display_name='"old',
        age_min="47.7",
        age_max="47.7",
        weight_min="93.56",
        weight_max="93.56",
        patient_name="NOBODY",
        patient_id="fict-4",
    )
    | {
        "activity_min": Filter("300", "adm", administration("administered_activity >= %s::numeric")),
        "activity_max": Filter("500.5", "adm", administration("administered_activity <= %s::numeric")),
    },
    openrem_names=SHARED_NAMES
    | WEIGHT_NAMES
    | {
        ACTIVITY + "_gte": "activity_min",
        ACTIVITY + "__gte": "activity_min",
        ACTIVITY + "_lte": "activity_max",
        ACTIVITY + "__lte": "activity_max",
    },
    orders=SHARED_ORDERS,
    events=administration("true"),
    ranges={"activity": administration("administered_activity IS NOT NULL", "administered_activity")},
    refused=("acquisition_protocol", "num_events", "standard_study_name", "total_dlp__gte"),
)
RF = Modality(
    name="RF",
    types=("rf-csv", "rf-xlsx", "rf-phe2019", "rf-openskin"),
    filters=shared_filters(
        date_from="2022-10-13",
        date_to="2022-10-13",
        study_description="BARIUM s",
        procedure="coronary",
        requested_procedure="swallow, b",
        accession_number="1",
        test_patients="exclude",
        institution="north",
        manufacturer="siemens",
        model="artis",
        station="rfnm",
        display_name="BIPLANE",
        age_min="47.4",
        age_max="47.4",
        weight_min="45.4",
        weight_max="92",
        patient_name="NOBODY",
        patient_id="fict-",
        standard_study_name="coronary",
    )
    | {
        "physician": Filter("made, UP", "study", study(has("performing_physician_name"))),
        "study_dap_min": Filter("2.5", "study", study("total_dap * 1000000 >= %s::numeric")),
        "study_dap_max": Filter("2.5", "study", study("total_dap * 1000000 <= %s::numeric")),
        "acquisition_protocol": Filter("fluoro LOW", "event", xray_event(has("event.acquisition_protocol"))),
        "standard_acquisition_name": Filter("DSA: ab", "event", xray_event(has("standard_name"))),
    },
    openrem_names=SHARED_NAMES
    | WEIGHT_NAMES
    | XRAY_NAMES
    | {"performing_physician_name": "physician"}
    | {name: name for name in ("study_dap_min", "study_dap_max")},
    orders=SHARED_ORDERS
    | {
        "highest_dap": ("-total_dap", "total_dap DESC NULLS LAST"),
        "highest_rp_dose": ("-total_rp_dose_a", "total_rp_dose_a DESC NULLS LAST"),
    },
    events=xray_event("true"),
    ranges={"study_dap": study("total_dap IS NOT NULL", "total_dap * 1000000")},
    apart=({"acquisition_protocol": "coronary", "standard_acquisition_name": "DSA: ab"},),
    refused=("events", "num_events", "total_dlp__gte", "event_dap_min"),
)
MODALITIES = {each.name: each for each in (CT, MG, NM, RF)}
