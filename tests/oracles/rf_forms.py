"""The RF survey form and openSkin computed a second time (export-rules §8.2 and §9)."""

from collections import defaultdict
from decimal import Decimal

from tests.oracles.ct import add, first
from tests.oracles.rf import show


def openskin_row(archive, study, event):
    """The 39 cells of an event."""
    source, mechanical = archive.source(event), archive.mechanical(event)
    distance = first(archive.distances[mechanical["id"]])
    copper = [
        row
        for row in archive.filters[source["id"]]
        if "copper" in (archive.meaning(row["xray_filter_material_id"]) or "").lower()
    ]
    last = copper[-1] if copper else defaultdict(lambda: None)
    started = event["date_time_started"]
    return [show(cell) for cell in (
        "Anon", first(archive.patients[study["id"]])["patient_sex"], study["study_instance_uid"], "",
        archive.meaning(event["acquisition_plane_id"]), started and started.replace(tzinfo=None),
        archive.meaning(event["irradiation_event_type_id"]), event["acquisition_protocol"],
        source["reference_point_definition"], event["irradiation_event_uid"], event["dose_area_product"],
        source["dose_rp"], mechanical["positioner_primary_angle"], mechanical["positioner_secondary_angle"],
        mechanical["positioner_primary_end_angle"], mechanical["positioner_secondary_end_angle"],
        mechanical["column_angulation"], archive.meaning(last["xray_filter_type_id"]),
        archive.meaning(last["xray_filter_material_id"]), last["xray_filter_thickness_minimum"],
        last["xray_filter_thickness_maximum"], archive.meaning(source["fluoro_mode_id"]),
        source["pulse_rate"], source["number_of_pulses"], archive.mean_of(source, "kvp"),
        archive.mean_of(source, "xraytubecurrent"), source["exposure_time"],
        archive.mean_of(source, "pulsewidth"),
        add(row["exposure"] for row in archive.exposures[source["id"]]), source["focal_spot_size"],
        source["irradiation_duration"], source["average_xray_tube_current"],
        distance["distance_source_to_detector"], distance["distance_source_to_isocenter"],
        distance["table_longitudinal_position"], distance["table_lateral_position"],
        distance["table_height_position"], archive.meaning(event["target_region_id"]), event["comment"],
    )]  # fmt: skip


COPPER = {"C-127F9", "C-12700", "66925006"}
ALUMINIUM = {"C-120F9", "C-12000", "12503006"}


def survey_cells(archive, study):
    """Letters → cell, of every column of the survey form but the running number."""
    pat, patstudy = first(archive.patients[study["id"]]), first(archive.patient_studies[study["id"]])
    projections = [
        row
        for report in archive.reports[study["id"]]
        for plane in archive.accumulated[report["id"]]
        for row in archive.projections[plane["id"]]
    ]
    sums = {
        letter: add(row[column] for row in projections)
        for letter, column in {
            "F": "fluoro_dose_area_product_total",
            "G": "acquisition_dose_area_product_total",
            "H": "total_fluoro_time",
            "J": "fluoro_dose_rp_total",
            "K": "acquisition_dose_rp_total",
        }.items()
    }
    words = ("procedure_code_meaning", "requested_procedure_code_meaning", "study_description")
    cells = {
        "C": study["id"],
        "D": study["study_date"],
        "E": study["total_dap"],
        **sums,
        "I": add([study["total_rp_dose_a"], study["total_rp_dose_b"]]),
        "L": " | ".join(study[name] for name in words if study[name]),
        "M": patstudy["patient_weight"],
        "O": patstudy["patient_age_decimal"],
        "P": pat["patient_sex"],
        "Q": patstudy["patient_size"],
    }
    return {letter: show(cell) for letter, cell in {**cells, **exposure_cells(archive, study)}.items()}


def exposure_cells(archive, study):
    """The cells R to AQ."""
    events = archive.events_of(study)
    codes = [archive.codes.get(event["irradiation_event_type_id"], {}).get("code_value") for event in events]
    pairs = list(zip(events, codes, strict=True))
    fluoro = [event for event, code in pairs if "11361" not in (code or "")]
    taken = [event for event, code in pairs if "11361" in (code or "")]
    sources = [archive.source(event) for event in events]
    rates = [distinct(archive.source(event)["pulse_rate"] for event in kind) for kind in (fluoro, taken)]
    grids = [
        archive.meaning(row["xray_grid_id"]) for source in sources for row in archive.grids[source["id"]]
    ]
    sizes = distinct(source["ii_field_size"] for source in sources if source["ii_field_size"] is not None)
    return {
        "R": join(event["acquisition_protocol"] for event in fluoro),
        "S": join(archive.meaning(archive.source(event)["fluoro_mode_id"]) for event in fluoro),
        "T": rate_words(rates[0], None),
        "U": rate_words(rates[1], "Single shot"),
        "V": len(taken),
        "W": join(grids),
        "Y": positions(archive, events),
        "AB": field_words(sources),
        "AC": "".join(f"{size}, " for size in sizes) + " mm" if sizes else "",
        "AE": thickness_words(archive, sources, COPPER),
        "AF": thickness_words(archive, sources, ALUMINIUM),
        "AQ": all_rates(*rates),
    }


def distinct(values):
    return list(dict.fromkeys(values))


def join(values):
    return " | ".join(distinct(value for value in values if value))


def rate_words(rates, of_none):
    if len(rates) > 1:
        return "Multiple rates"
    return (of_none if rates[0] is None else rates[0]) if rates else None


def all_rates(fluoro, taken):
    def write(rates):
        return [f"{rate:.1f}" for rate in rates if rate is not None]

    words = f"Fluoro: {' | '.join(write(fluoro))} fps. " if len(fluoro) > 1 else ""
    if len(taken) > 1:
        listed = (["Single shot"] if None in taken else []) + write(taken)
        words += f"Acquisition: {' | '.join(listed)} fps. "
    return words


def positions(archive, events):
    names = ("patient_table_relationship", "patient_orientation", "patient_orientation_modifier")
    triples = distinct(tuple(event[f"{name}_cid_id"] for name in names) for event in events)
    meanings = [archive.meaning(code) for triple in triples for code in triple]
    return "".join(f"{meaning}, " for meaning in meanings if meaning is not None)


def field_words(sources):
    words = ""
    for title, column, unit in (("Area", "area", "m²"), ("Width", "width", "mm"), ("Height", "height", "mm")):
        values = [source[f"collimated_field_{column}"] for source in sources]
        values = [value for value in values if value is not None]
        if values and min(values):
            words += f"{title} {min(values):.4f} to {max(values):.4f} {unit}, "
    return words


def thickness_words(archive, sources, codes):
    values = [
        row["xray_filter_thickness_maximum"]
        for source in sources
        for row in archive.filters[source["id"]]
        if archive.codes.get(row["xray_filter_material_id"], {}).get("code_value") in codes
    ]
    values = [value for value in values if value is not None]
    return f"{two_digits(min(values))} - {two_digits(max(values))} mm" if values and min(values) else ""


def two_digits(value):
    """Two significant digits, with zeros."""
    return format(Decimal(f"{value:.2g}"), "f")
