"""Join the modules that the page always needs into one file, so that it starts with few requests.

Each module stays as it is written, in a function of its own, and is known to others by an object of what it
exports. Modules that are loaded later take what they import of it from the same file: it exists only once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

_IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([a-z0-9-]+)\.js";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export ((?:async )?function|class|const) (\w+)", re.MULTILINE)
_OTHER = re.compile(
    r'^(?:import (?:["*\w]|\{[^}]*\} from "(?!\./))|export (?:default|let|var|\*|\{))', re.MULTILINE
)


def join_modules(files: Mapping[str, bytes], entry: str) -> dict[str, bytes]:
    """Return the files with the module `entry` and all that it imports joined in its place.

    Raise ValueError if such a module is missing, imports itself in a circle, or is written in another form:
    `import { … } from "./x.js";`, and `export` before a function, class or const.
    """
    sources = {
        name.removesuffix(".js"): data.decode() for name, data in files.items() if name.endswith(".js")
    }
    first = entry.removesuffix(".js")
    order = _sort(first, sources, ())
    joined = "".join(f"{_wrap(name, sources[name])}\n" for name in order)
    names = ", ".join(_name(name) for name in order)
    changed = {name: _borrow(source, first, set(order)) for name, source in sources.items()}
    changed[first] = f"{joined}export {{ {names} }};\n"
    return {**files, **{f"{name}.js": source.encode() for name, source in changed.items()}}


def _sort(name: str, sources: Mapping[str, str], importers: tuple[str, ...]) -> list[str]:
    """Return a module after all that it imports, each once."""
    if name in importers:
        raise ValueError(f"{name}.js imports itself by {' and '.join(importers)}")
    if name not in sources:
        raise ValueError(f"{importers[-1] if importers else 'the page'} needs {name}.js")
    if found := _OTHER.search(sources[name]):
        raise ValueError(f"{name}.js cannot be joined: {found[0]}")
    found_names = [needed for _, needed in _IMPORT.findall(sources[name])]
    before = [each for needed in found_names for each in _sort(needed, sources, (*importers, name))]
    return list(dict.fromkeys([*before, name]))


def _wrap(name: str, source: str) -> str:
    """Return a module as an object of what it exports, which others may import."""
    body = _IMPORT.sub(lambda found: _take(found[1], _name(found[2])), source)
    body = _EXPORT.sub(lambda found: f"{found[1]} {found[2]}", body)
    exported = ", ".join(each for _, each in _EXPORT.findall(source))
    return f"const {_name(name)} = (() => {{\n{body}return {{ {exported} }};\n}})();\n"


def _borrow(source: str, first: str, joined: set[str]) -> str:
    """Return a module that takes what it imports of joined modules from the file they are in."""

    def change(found: re.Match[str]) -> str:
        if found[2] not in joined:
            return found[0]
        owner = _name(found[2])
        return f'import {{ {owner} }} from "./{first}.js";\n{_take(found[1], owner)}'

    return _IMPORT.sub(change, source)


def _take(names: str, owner: str) -> str:
    renamed = re.sub(r"(\w+) as (\w+)", r"\1: \2", names)
    return f"const {{{renamed}}} = {owner};\n"


def _name(module: str) -> str:
    return f"${module.replace('-', '_')}"
