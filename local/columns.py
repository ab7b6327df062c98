"""Write docs/columns.md, the dictionary of every export type: `python -m local.columns`."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace

from doseexport import catalogue
from doseexport.catalogue import AuditWorkbook, CustomRows, Spec, Tables
from doseexport.catalogue.dictionary import Entry, describe_file, describe_type
from doseexport.catalogue.layouts import SUMMARY, WARNINGS
from doseexport.catalogue.options import MONTH, SHIFTED
from doseexport.catalogue.shared.pseudonyms import DERIVED, pseudonymise
from doseexport.catalogue.spec import EVERYTHING
from local.stack.build import ROOT

TARGET = ROOT / "docs" / "columns.md"

_INTRODUCTION = """# Columns
What the cells below each heading hold, for every export type. This page is generated from the columns in
the code (`make columns`). The sheet Columns of every workbook, the manifest beside every file,
`GET /export-types` and the web page show the same texts for one type or one file.

- **Heading**: `<n>` stands for the number of a repeated block: `E<n> CTDIvol` is E1 CTDIvol, E2 CTDIvol and
  so on.
- **Source**: columns of OpenREM as table.column, without the prefix `remapp_` of its tables. Words stand
  where OpenREM does not hold the value. [Export rules](export-rules.md) describe how the tables are joined.
- **Conversion**: what is done to the stored value. It is written as stored where this is empty. The option
  `dap_unit` changes unit and conversion of every DAP ([export rules](export-rules.md), §1.9).
- **Several rows**: what happens if OpenREM holds several rows where a cell shows one. "With a warning" means
  that the file counts the studies or events.
- **Files**: the export types with the heading, and the sheets where a type has several kinds of sheets. Data
  name the sheets in `<>`.

The last table has the columns of files with [pseudonyms](pseudonyms.md).

Square brackets behind a meaning say what includes a column that not every file has.
"""
_TITLES = ("Heading", "Meaning", "Unit", "DICOM", "Source", "Conversion", "Blank", "Several rows", "Files")
_FIXED_SHEETS = {SUMMARY, WARNINGS}
_SHARED, _AUDITS = "Several modalities", "Dose audits"

Places = Mapping[Entry, Mapping[str, tuple[str, ...]]]
"""The sheets of each entry by the type that has it. Entries have no sheets of their own."""


def render() -> str:
    """Return the text of the file. The same code always gives the same text."""
    sections = _sort_entries(catalogue.load_specs())
    tables = (_render_table(title, places) for title, places in sections.items())
    return "\n".join([_INTRODUCTION, *tables, _render_pseudonyms()])


def _render_pseudonyms() -> str:
    """Return the table of the columns that only files with pseudonyms have."""
    found: dict[Entry, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for dates in (MONTH, SHIFTED):
        spec = pseudonymise(catalogue.find_spec("ct-csv"), dates)
        for entry in describe_file(spec, spec.build_sample_context(), EVERYTHING):
            if entry.conversion.startswith(DERIVED):
                found[entry] = {"all types with the option": ()}
    return _render_table("With pseudonyms", found)


def _sort_entries(specs: Mapping[str, Spec]) -> dict[str, Places]:
    """Return the entries by section: those of several modalities, of each modality, and of audits."""
    found: dict[Entry, dict[str, tuple[str, ...]]] = defaultdict(dict)
    audits: dict[Entry, dict[str, tuple[str, ...]]] = defaultdict(dict)
    for name, spec in specs.items():
        for entry in describe_type(name):
            of = audits if isinstance(spec.layout, AuditWorkbook) else found
            of[replace(entry, sheets=())][name] = _choose_sheets(spec, entry)
    sections: dict[str, dict[Entry, Mapping[str, tuple[str, ...]]]] = {_SHARED: {}}
    for modality in sorted({spec.modality.name for spec in specs.values()}):
        sections[modality] = {}
    for entry, types in found.items():
        modalities = {specs[name].modality.name for name in types}
        title = _SHARED if len(modalities) > 1 else modalities.pop()
        sections[title][entry] = types
    return {**sections, _AUDITS: dict(audits)}


def _choose_sheets(spec: Spec, entry: Entry) -> tuple[str, ...]:
    """Return the sheets of an entry, unless its heading or the type says enough."""
    layout = spec.layout
    if set(entry.sheets) <= _FIXED_SHEETS:
        return entry.sheets
    own = {sheet for each in describe_type(spec.type) for sheet in each.sheets} - _FIXED_SHEETS
    has_several_kinds = isinstance(layout, Tables) or (
        isinstance(layout, CustomRows) and not layout.summary and len(own) > 1
    )
    return entry.sheets if has_several_kinds else ()


def _render_table(title: str, places: Places) -> str:
    rows = (_list_cells(entry, types) for entry, types in places.items())
    lines = [f"| {' | '.join(cells)} |".replace("  ", " ") for cells in (_TITLES, *rows)]
    lines.insert(1, "|---" * len(_TITLES) + "|")
    return f"## {title}\n" + "\n".join(lines) + "\n"


def _list_cells(entry: Entry, types: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    included = f" [{entry.included_by}]" if entry.included_by else ""
    yield f"`{_escape(entry.heading)}`"
    yield _escape(entry.meaning) + included
    yield from map(
        _escape, (entry.unit, entry.dicom, entry.source, entry.conversion, entry.blank, entry.several_rows)
    )
    yield _list_files(types)


def _list_files(types: Mapping[str, tuple[str, ...]]) -> str:
    """Return the types with their sheets. Types with the same sheets stand together."""
    by_sheets: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for name, sheets in types.items():
        by_sheets[sheets].append(name)
    return "; ".join(
        ", ".join(names) + (f": {', '.join(map(_name_sheet, sheets))}" if sheets else "")
        for sheets, names in by_sheets.items()
    )


def _name_sheet(sheet: str) -> str:
    return f"`{sheet}`" if "<" in sheet else sheet


def _escape(text: str) -> str:
    return text.replace("|", "\\|")


if __name__ == "__main__":
    TARGET.write_text(render(), encoding="utf-8")
