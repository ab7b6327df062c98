"""Groups of similar RF exposures computed a second time, pair by pair (export-rules §3)."""

from tests.oracles.rf import show


def groups_of(archive, study):
    """Its groups, each a list of events."""
    remaining = archive.events_of(study)
    groups = []
    while remaining:
        opened = [event for event in remaining if is_similar(archive, remaining[0], event)]
        groups.append(opened)
        taken = {event["id"] for event in opened}
        remaining = [event for event in remaining if event["id"] not in taken]
    return groups


def is_similar(archive, opener, event):
    """Whether an event joins the group that `opener` opens."""
    for column in ("positioner_primary_angle", "positioner_secondary_angle"):
        wanted, found = archive.mechanical(opener)[column], archive.mechanical(event)[column]
        if wanted is not None and (found is None or abs(wanted - found) > 5):
            return False
    ours, theirs = archive.source(opener), archive.source(event)
    pairs = [
        (archive.meaning(opener[column]), archive.meaning(event[column]))
        for column in ("acquisition_plane_id", "irradiation_event_type_id")
    ]
    pairs.append((opener["acquisition_protocol"] or None, event["acquisition_protocol"]))
    pairs += [(ours[column], theirs[column]) for column in ("ii_field_size", "pulse_rate")]
    if any(wanted is not None and wanted != found for wanted, found in pairs):
        return False
    return all(has_filter(archive, theirs, row) for row in archive.filters[ours["id"]])


def has_filter(archive, source, wanted):
    name = name_material(archive, wanted)
    if name is None:
        return True
    most = "xray_filter_thickness_maximum"
    return any(
        name_material(archive, row) == name and (wanted[most] is None or wanted[most] == row[most])
        for row in archive.filters[source["id"]]
    )


def name_material(archive, row):
    code = archive.codes.get(row["xray_filter_material_id"], {})
    return code.get("code_meaning") or code.get("code_value")


def group_cells(archive, events):
    """Heading → cell, for every column of a group; means as exact as Decimal divides."""
    shown = archive.event_cells(events[0])
    cells = {name: shown[name] for name in ("Type", "Protocol", "Standard acquisition name")}
    cells["No. exposures"] = str(len(events))
    for name in ("Plane", "Pulse rate", "Field size", "Filter material", "Mean filter thickness (mm)"):
        cells[name] = shown[name]
    sources, mechanics = list(map(archive.source, events)), list(map(archive.mechanical, events))
    quantities = {
        "kVp {}": [value for source in sources for value in archive.values_of(source, "kvp") if value],
        "mA {}": [
            value for source in sources for value in archive.values_of(source, "xraytubecurrent") if value
        ],
        "pulse width {} (ms)": [
            value for source in sources for value in archive.values_of(source, "pulsewidth") if value
        ],
        "Exp time {} (ms)": [source["exposure_time"] for source in sources],
        "DAP {} (Gy.m^2)": [event["dose_area_product"] for event in events],
        "Ref point dose {} (Gy)": [source["dose_rp"] for source in sources],
        "Primary angle {}": [row["positioner_primary_angle"] for row in mechanics],
        "Secondary angle {}": [row["positioner_secondary_angle"] for row in mechanics],
    }
    for heading, values in quantities.items():
        known = [value for value in values if value is not None]
        cells[heading.format("min")] = show(min(known, default=None))
        cells[heading.format("max")] = show(max(known, default=None))
        cells[heading.format("mean")] = show(sum(known) / len(known) if known else None)
    return cells
