"""The presets in the table of saved requests. A write that lost a race changes nothing and returns False."""

from __future__ import annotations

from itertools import chain, islice
from typing import Any

from doseexport.aws.dynamodb.export_rows import owner_key
from doseexport.aws.dynamodb.preset_rows import name_key, name_kind, new_row, preset_key, read_row
from doseexport.aws.dynamodb.table import Change, Delete, Insert, Table
from doseexport.domain.preset import Preset

_HAS_ROOM = "attribute_not_exists(#presets) OR size(#presets) < :limit"
_UNCHANGED = "#revision = :revision"
_OWN = "attribute_not_exists(pk) OR #preset_id = :id"


class PresetRepository:
    """The presets. The ids of a user's presets are in the set `presets` of the user's row.

    A row for each name of an owner is written in the same transaction, so that a name is there once.
    """

    def __init__(self, client: Any, table_name: str) -> None:
        self._table = Table(client, table_name)

    def create(self, preset: Preset, limit: int) -> bool:
        """Write a new preset. Return False if its owner has `limit` presets already, or one of its name."""
        take_slot = Change(
            owner_key(preset.owner), "ADD #presets :ids", _HAS_ROOM, {"ids": {preset.id}, "limit": limit}
        )
        return self._table.write_together(Insert(new_row(preset)), take_slot, _take_name(preset))

    def is_name_taken(self, preset: Preset) -> bool:
        """Return whether another preset of its owner has the name."""
        row = self._table.get(name_key(preset.owner, preset.name))
        return row is not None and row["preset_id"] != preset.id

    def load(self, preset_id: str) -> Preset | None:
        """Return the preset as it is now, or None."""
        row = self._table.get(preset_key(preset_id))
        return None if row is None else read_row(row)

    def replace(self, preset: Preset, following: Preset) -> bool:
        """Write the following revision.

        Return False if the preset has changed since it was read, or another one has the new name.
        """
        row = new_row(following)
        written = ("name", "shared", "kind", "request", "window", "changed_at")
        update = "SET #revision = :next, " + ", ".join(f"#{name} = :{name}" for name in written)
        values = {**row, "next": following.revision, "revision": preset.revision}
        change = Change(row["pk"], update, _UNCHANGED, values)
        is_same = name_key(preset.owner, preset.name) == name_key(preset.owner, following.name)
        free_name = [] if is_same else self._free_name(preset)
        return self._table.write_together(change, _take_name(following), *free_name)

    def delete(self, preset: Preset) -> bool:
        """Delete the preset and free its owner's slot. Return False if it has changed since it was read."""
        end = Delete(preset_key(preset.id), _UNCHANGED, {"revision": preset.revision})
        free_slot = Change(owner_key(preset.owner), "DELETE #presets :ids", values={"ids": {preset.id}})
        return self._table.write_together(end, free_slot, *self._free_name(preset))

    def _free_name(self, preset: Preset) -> list[Delete]:
        """Return the write that frees a preset's name. A preset of an older release may not have taken it."""
        key = name_key(preset.owner, preset.name)
        row = self._table.get(key)
        if row is None or row["preset_id"] != preset.id:
            return []
        return [Delete(key, "#preset_id = :id", {"id": preset.id})]

    def list_owned(self, owner: str) -> list[Preset]:
        """Return a user's presets as they are now, unordered."""
        row = self._table.get(owner_key(owner)) or {}
        return self._load_many([preset_key(preset_id) for preset_id in row.get("presets", ())])

    def list_shared(self, maximum: int) -> tuple[list[Preset], bool]:
        """Return the newest shared presets, at most `maximum`, and whether these are all.

        A preset that was shared a moment ago may be missing. One that is no longer shared is not returned.
        """
        kind = {"kind": name_kind(shared=True)}
        pages = self._table.query("by_kind", "#kind = :kind", kind, None, newest_first=True)
        keys = [row["pk"] for row in islice(chain.from_iterable(pages), maximum + 1)]
        presets = self._load_many(keys[:maximum])
        return [preset for preset in presets if preset.shared], len(keys) <= maximum

    def _load_many(self, keys: list[str]) -> list[Preset]:
        return [read_row(row) for row in self._table.get_many(keys).values()]


def _take_name(preset: Preset) -> Change:
    """Return the write that takes a preset's name, refused if another preset has it."""
    key = name_key(preset.owner, preset.name)
    return Change(key, "SET #preset_id = :id", _OWN, {"id": preset.id})
