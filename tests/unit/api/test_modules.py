"""Modules of the page joined into one file, as a JavaScript engine understands them."""

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from doseexport.api.modules import join_modules
from doseexport.api.static import read_files

STATIC = Path(__file__).resolve().parents[3] / "functions" / "web" / "static"
APP = 'import { say as tell } from "./words.js";\n\nexport const told = tell("app");\n'
WORDS = 'import { mark } from "./marks.js";\n\nexport function say(text) {\n  return text + mark();\n}\n'
MARKS = "let count = 0;\n\nexport const mark = () => `${(count += 1)}`;\n"
LATE = (
    'import { say } from "./words.js";\nimport { own } from "./later.js";\n\nexport const late = say(own);\n'
)
LATER = 'export const own = "late";\n'
FILES = {"app.js": APP, "words.js": WORDS, "marks.js": MARKS, "late.js": LATE, "later.js": LATER}


def join(**changes):
    files = {name: text.encode() for name, text in {**FILES, **changes}.items()}
    return {name: data.decode() for name, data in join_modules(files, "app.js").items()}


def test_joined_modules_are_one_file_without_imports():
    app = join()["app.js"]
    assert not re.search("^import", app, re.MULTILINE)
    assert app.index("$marks = ") < app.index("$words = ") < app.index("$app = ")
    assert app.endswith("export { $marks, $words, $app };\n")


def test_late_module_takes_joined_ones_from_the_file_and_others_by_themselves():
    late = join()["late.js"]
    assert 'import { $words } from "./app.js";\nconst { say } = $words;\n' in late
    assert 'import { own } from "./later.js";\n' in late
    assert join()["later.js"] == LATER


@pytest.mark.skipif(not shutil.which("node"), reason="node is not installed; the browser tests run the page")
def test_joined_modules_share_their_state(tmp_path):
    for name, text in join().items():
        (tmp_path / name).write_text(text)
    (tmp_path / "package.json").write_text('{"type": "module"}')
    (tmp_path / "main.js").write_text(
        'import { $app } from "./app.js";\nimport { late } from "./late.js";\n'
        "console.log(JSON.stringify([$app.told, late]));\n"
    )
    done = subprocess.run(["node", "main.js"], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == ["app1", "late2"]


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"marks.js": 'import { told } from "./app.js";\n'}, "app.js imports itself"),
        ({"app.js": 'import { x } from "./none.js";\n'}, "app needs none.js"),
        ({"words.js": "export default 1;\n"}, "words.js cannot be joined: export default"),
        ({"words.js": 'import * as all from "./marks.js";\n'}, "words.js cannot be joined"),
        ({"words.js": 'import { a } from "https://elsewhere.example/a.js";\n'}, "words.js cannot be joined"),
    ],
)
def test_module_in_another_form_is_refused(changes, message):
    with pytest.raises(ValueError, match=message):
        join(**changes)


def test_page_is_joined_without_a_remaining_import_or_export():
    app = join_modules(read_files(STATIC), "app.js")["app.js"].decode()
    modules = re.findall(r"^const (\$\w+) = \(\(\) => \{$", app, re.MULTILINE)
    assert len(modules) > 20
    assert len(set(modules)) == len(modules)
    assert not re.search(r"^(import|export) (?!\{ \$)", app, re.MULTILINE)


def test_page_loads_late_only_files_that_it_has():
    files = read_files(STATIC)
    for name, data in files.items():
        if name.endswith(".js"):
            late = re.findall(r'import\("\./([\w-]+\.js)"\)', data.decode())
            assert set(late) <= files.keys(), name
