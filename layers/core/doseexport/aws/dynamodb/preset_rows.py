"""Turn a preset into a row of the table of saved requests, and back.

docs/data-model.md lists the attributes.
"""

from __future__ import annotations

import hashlib
import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from doseexport.domain.preset import Preset, describe_saved
from doseexport.domain.request import ExportRequest
from doseexport.domain.timestamps import to_text
from doseexport.domain.window import Window

SCHEMA_VERSION = 1


def preset_key(preset_id: str) -> str:
    """Return the key of a preset's row."""
    return f"PRESET#{preset_id}"


def name_key(owner: str, name: str) -> str:
    """Return the key of the row that takes a preset's name for its owner, whatever its letters' case.

    It holds a hash, because a name is free text.
    """
    text = unicodedata.normalize("NFC", name).casefold()
    return f"PRESET_NAME#{owner}#{hashlib.sha256(text.encode()).hexdigest()}"


def name_kind(*, shared: bool) -> str:
    """Return the kind by which the index finds presets. Shared presets have a separate kind."""
    return "SHARED_PRESET" if shared else "PRESET"


def new_row(preset: Preset) -> dict[str, Any]:
    """Return the preset's row."""
    return {
        "pk": preset_key(preset.id),
        "schema_version": SCHEMA_VERSION,
        "kind": name_kind(shared=preset.shared),
        "id": preset.id,
        "owner": preset.owner,
        "owner_name": preset.owner_name,
        "name": preset.name,
        "shared": preset.shared,
        "request": describe_saved(preset.request),
        "window": preset.window.name if preset.window else None,
        "created_at": to_text(preset.created_at),
        "changed_at": to_text(preset.changed_at),
        "revision": preset.revision,
    }


def read_row(row: Mapping[str, Any]) -> Preset:
    """Return the preset that a row holds. Raise KeyError if the row holds none."""
    return Preset(
        id=row["id"],
        owner=row["owner"],
        owner_name=row["owner_name"],
        name=row["name"],
        shared=row["shared"],
        request=ExportRequest(**row["request"]),
        created_at=datetime.fromisoformat(row["created_at"]),
        changed_at=datetime.fromisoformat(row["changed_at"]),
        revision=int(row["revision"]),
        window=Window(row["window"]) if row.get("window") else None,
    )
