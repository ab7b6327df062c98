"""The CT survey form computed a second time from OpenREM's tables (export-rules §8.1)."""

from tests.oracles.ct import add, first

SERIES_HEADINGS = [
    "Imaged length", "Start position", "End position", "kV", "CTDI phantom", "Scan FOV (mm)",
    "CTDIvol (mGy)*", "DLP (mGy.cm)*",
]  # fmt: skip
HEADINGS = [
    "Patient No", "Age (yrs)", "Weight (kg)", "Height (cm)", *(SERIES_HEADINGS * 4),
    "Total DLP* (whole scan) mGy.cm", "Patient comments",
]  # fmt: skip
PHANTOMS = {"113691": "32 cm", "113690": "16 cm"}
CONSTANT_ANGLE = "113805"


def fill_form(archive):
    """Yield one row per study of an Archive: numbers, texts, and None where blank."""
    for number, study in enumerate(archive.studies, start=1):
        patient = first(archive.patient_studies[study["id"]])
        size = patient["patient_size"]
        events = [
            (event, code_of(archive, event, "ct_acquisition_type_id")) for event in archive.events_of(study)
        ]
        series = [(event, kind) for event, kind in events if kind.get("code_value") != CONSTANT_ANGLE]
        blocks = [fill_series(archive, event) for event, _ in series]
        types = [kind.get("code_meaning") or "unknown type" for _, kind in series]
        headed = [cell for block in blocks[:4] for cell in block]
        yield [
            number,
            patient["patient_age_decimal"],
            patient["patient_weight"],
            None if size is None else size * 100,
            *headed,
            *[None] * (32 - len(headed)),
            add(total["ct_dose_length_product_total"] for total in totals_of(archive, study)),
            "Series types: " + ", ".join(types),
            *(cell for block in blocks[4:] for cell in block),
        ]


def fill_series(archive, event):
    """The eight cells of a series."""
    length = first(archive.lengths[event["id"]])
    phantom = code_of(archive, event, "ctdiw_phantom_type_id")
    return [
        length["scanning_length"],
        length["bottom_z_location_of_scanning_length"],
        length["top_z_location_of_scanning_length"],
        voltage_of(archive.tubes[event["id"]]),
        PHANTOMS.get(phantom.get("code_value"), phantom.get("code_meaning")),
        None,
        event["mean_ctdivol"],
        event["dlp"],
    ]


def voltage_of(tubes):
    """The first tube's kV, or both of exactly two tubes as a text, without missing ones."""
    if len(tubes) != 2:
        return first(tubes)["kvp"]
    known = [tube["kvp"] for tube in tubes if tube["kvp"] is not None]
    if len(known) < 2:
        return known[0] if known else None
    return " | ".join(f"{voltage.normalize():f}" for voltage in known)


def totals_of(archive, study):
    return [total for dose in archive.doses[study["id"]] for total in archive.totals[dose["id"]]]


def code_of(archive, event, column):
    return archive.codes.get(event[column], {})
