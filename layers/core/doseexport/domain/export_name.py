"""The name of an export, and the file names made of it.

A name is free text that nobody can check for patients. So it is never part of a key, a log line, a metric, an
event or an audit entry. A file gets it only when it is downloaded.
"""

from __future__ import annotations

from collections.abc import Mapping

from doseexport.domain.export import Export
from doseexport.domain.request import ExportRequest
from doseexport.domain.rights import Caller, may_read_schedule, may_see_name
from doseexport.errors import unprocessable

MAX_EXPORT_NAME = 60
"""The most characters in the name of an export."""
FORBIDDEN = '\\/:*?"<>|'
"""The characters that a file name cannot have on Windows."""
_LONGEST_LABEL = 150
"""The most bytes that a name adds to a file name. File systems allow 255 in all."""


def split_name(body: object) -> tuple[str | None, object]:
    """Return the name in the body of a request, and the body without it.

    Raise RequestError (422) naming `name`.
    """
    if not isinstance(body, Mapping) or "name" not in body:
        return None, body
    return read_export_name(body["name"]), {field: value for field, value in body.items() if field != "name"}


def read_export_name(value: object) -> str | None:
    """Return a name without surrounding spaces, or None for a blank one.

    Raise RequestError (422) naming `name`.
    """
    if value is None:
        return None
    name = value.strip() if isinstance(value, str) else None
    if name is None or len(name) > MAX_EXPORT_NAME or not name.isprintable():
        message = f"A name must have at most {MAX_EXPORT_NAME} printable characters."
        raise unprocessable("BAD_NAME", message, "name")
    if set(name) & set(FORBIDDEN) or name.startswith(".") or name.endswith("."):
        message = (
            f"A name becomes part of a file name: it has none of {' '.join(FORBIDDEN)} and no dot at an end."
        )
        raise unprocessable("BAD_NAME", message, "name")
    return name or None


def find_label(caller: Caller, export: Export) -> str:
    """Return what file names of the export begin with for this caller. It can be empty.

    The label of a schedule's export is the schedule's name with the study dates, for those who may see the
    schedule. With pseudonyms it has no dates.
    """
    if export.name and may_see_name(caller, export):
        return export.name
    if export.schedule_name and may_read_schedule(caller, export):
        return "_".join([export.schedule_name, *_list_dates(export.request)])
    return ""


def label_file(file_name: str, label: str | None) -> str:
    """Return a file name that begins with the label, such as Van 3_ct-xlsx_2026-11-23_1130.xlsx."""
    safe = "".join("-" if character in FORBIDDEN else character for character in label or "")
    short = safe.encode()[:_LONGEST_LABEL].decode(errors="ignore").strip(" .")
    return f"{short}_{file_name}" if short else file_name


def _list_dates(request: ExportRequest) -> list[str]:
    """Return the study dates of a request, or none if its file has pseudonyms, which hide them."""
    if request.has_pseudonyms:
        return []
    dates = [request.filters.get("date_from"), request.filters.get("date_to")]
    return list(dict.fromkeys(date for date in dates if date))
