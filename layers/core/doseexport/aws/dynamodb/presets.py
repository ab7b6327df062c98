"""The presets' rows. A write that lost a race changes nothing and says so; it never raises for that."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from doseexport.aws.dynamodb.export_rows import owner_key
from doseexport.aws.dynamodb.preset_rows import name_kind, new_row, preset_key, read_row
from doseexport.aws.dynamodb.table import Change, Delete, Insert, Table
from doseexport.domain.preset import Preset

_HAS_ROOM = "attribute_not_exists(#presets) OR size(#presets) < :limit"
_UNCHANGED = "#revision = :revision"


class PresetRepository:
    """The table of what is saved, as far as presets go; a user's are in the set `presets` of their row."""

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    def create(self, preset: Preset, limit: int) -> bool:
        """Write a new preset; False if its owner has `limit` already."""
        take_place = Change(
            owner_key(preset.owner), "ADD #presets :ids", _HAS_ROOM, {"ids": {preset.id}, "limit": limit}
        )
        return self._table.write_together(Insert(new_row(preset)), take_place)

    def load(self, preset_id: str) -> Preset | None:
        """Return the preset as it is now, if there is one."""
        row = self._table.get(preset_key(preset_id))
        return None if row is None else read_row(row)

    def replace(self, preset: Preset, following: Preset) -> bool:
        """Write the following revision; False if the preset is no longer as it was read."""
        row = new_row(following)
        written = ("name", "shared", "kind", "request", "changed_at")
        update = "SET #revision = :next, " + ", ".join(f"#{name} = :{name}" for name in written)
        values = {**row, "next": following.revision, "revision": preset.revision}
        return self._table.update(Change(row["pk"], update, _UNCHANGED, values)) is not None

    def delete(self, preset: Preset) -> bool:
        """Delete the preset and free its owner's place; False if it is no longer as it was read."""
        end = Delete(preset_key(preset.id), _UNCHANGED, {"revision": preset.revision})
        free_place = Change(owner_key(preset.owner), "DELETE #presets :ids", values={"ids": {preset.id}})
        return self._table.write_together(end, free_place)

    def list_owned(self, owner: str) -> list[Preset]:
        """Return a user's presets as they are now, in no order."""
        row = self._table.get(owner_key(owner)) or {}
        return self._load_many([preset_key(preset_id) for preset_id in row.get("presets", ())])

    def list_shared(self, most: int) -> tuple[list[Preset], bool]:
        """Return the newest shared presets, at most so many, and whether these are all.

        What was shared a moment ago may be missing; what is shared no more is not there.
        """
        kind = {"kind": name_kind(shared=True)}
        pages = self._table.query("by_kind", "#kind = :kind", kind, None, newest_first=True)
        keys = [row["pk"] for row in islice(chain.from_iterable(pages), most + 1)]
        presets = self._load_many(keys[:most])
        return [preset for preset in presets if preset.shared], len(keys) <= most

    def _load_many(self, keys: list[str]) -> list[Preset]:
        return [read_row(row) for row in self._table.get_many(keys).values()]
