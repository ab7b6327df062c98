"""Layers, as the local stack builds them."""

import io
import zipfile

from local.stack.build import UNPACKED_AT, build_layer, unpack_layer


def test_unpack_layer_writes_its_files_and_names_the_folder(tmp_path):
    package = tmp_path / "layer" / "package"
    package.mkdir(parents=True)
    (package / "module.py").write_text("NUMBER = 1\n")
    (tmp_path / "layer" / "bundle.pem").write_text("certificate")
    folder = tmp_path / "unpacked"
    with zipfile.ZipFile(io.BytesIO(unpack_layer(tmp_path / "layer", folder))) as link:
        assert {name: link.read(name).decode() for name in link.namelist()} == {UNPACKED_AT: str(folder)}
    with zipfile.ZipFile(io.BytesIO(build_layer(tmp_path / "layer"))) as built:
        expected = {name: built.read(name) for name in built.namelist()}
    unpacked = [path for path in folder.rglob("*") if path.is_file()]
    assert {str(path.relative_to(folder)): path.read_bytes() for path in unpacked} == expected
    assert {"bundle.pem", "python/package/module.py"} < set(expected)
