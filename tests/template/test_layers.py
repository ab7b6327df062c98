"""Check the layers: pinned packages for CPython 3.13 on arm64, and the root certificates of RDS."""

import importlib.util
import ssl
import subprocess
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from local.stack import lower

ELF = b"\x7fELF"
AARCH64 = 0xB7  # e_machine, at offset 18 of an ELF header
LIMIT = 60_000_000  # bytes unpacked; Lambda allows 262 MB for all layers and the code
PARQUET_LIMIT = 40_000_000


@pytest.fixture(scope="module")
def built(sam, tmp_path_factory):
    """Return the folder of what `sam build` makes of the template."""
    folder = tmp_path_factory.mktemp("sam")
    output = sam("build", "--build-dir", str(folder / "build"), "--cache-dir", str(folder / "cache"))
    assert "Build Succeeded" in output
    return folder / "build"


def has_runtime():
    """Return whether this machine has the Python of the deployed functions."""
    command = ["env", "PYENV_VERSION=3.13", "python3.13", "-c", ""]
    return subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.fixture(scope="module")
def worker(built):
    return built / "WorkerLayer"


@pytest.fixture(scope="module")
def parquet(built):
    return built / "ParquetLayer"


@pytest.fixture(scope="module")
def core(built):
    return built / "CoreLayer"


def _binaries(folder):
    for path in folder.rglob("*"):
        if path.is_file():
            with path.open("rb") as file:
                head = file.read(20)
            if head.startswith(ELF):
                yield path, int.from_bytes(head[18:20], "little")


def test_sam_build_builds_every_layer(built, core, worker, parquet):
    resources = lower.read(built / "template.yaml")["Resources"]
    assert resources["CoreLayer"]["Properties"]["ContentUri"] == "CoreLayer"
    assert (worker / "rds-ca-bundle.pem").is_file()
    assert (worker / "python/psycopg").is_dir()
    assert (parquet / "python/arro3/io").is_dir()
    assert (core / "python/doseexport/__init__.py").is_file()


def test_worker_layer_binaries_are_for_arm64(worker):
    found = dict(_binaries(worker))
    assert set(found.values()) == {AARCH64}
    names = {path.name for path in found}
    assert "_psycopg.cpython-313-aarch64-linux-gnu.so" in names
    assert any(name.startswith("libpq") for name in names)
    assert any(name.startswith("isal_zlib") for name in names)


def test_parquet_layer_has_only_arro3_for_arm64(parquet):
    found = dict(_binaries(parquet))
    assert set(found.values()) == {AARCH64}
    assert {path.name for path in found} == {"_core.abi3.so", "_io.abi3.so"}
    assert {path.name.partition("-")[0] for path in (parquet / "python").iterdir()} == {
        "arro3",
        "arro3_core",
        "arro3_io",
    }
    assert sum(path.stat().st_size for path in parquet.rglob("*") if path.is_file()) < PARQUET_LIMIT


def test_core_layer_has_no_binaries(core):
    assert list(_binaries(core)) == []


def test_core_layer_contains_the_package_and_its_dependencies(core):
    assert (core / "python/doseexport/aws/settings.py").is_file()
    assert (core / "python/aws_lambda_powertools").is_dir()
    assert (core / "python/tzdata/zoneinfo/Europe/London").is_file()


def test_template_offers_every_time_zone_of_the_core_layer(source, core):
    lines = (core / "python/tzdata/zoneinfo/zone.tab").read_text().splitlines()
    zones = {line.split("\t")[2] for line in lines if not line.startswith("#")}
    assert set(source["Parameters"]["TimeZone"]["AllowedValues"]) == {"UTC", *zones}


@pytest.mark.parametrize("unneeded", ["boto3", "botocore", "tests", "bin", "openpyxl"])
def test_layers_contain_nothing_unneeded(core, worker, unneeded):
    assert [path for layer in (core, worker) for path in layer.rglob(unneeded)] == []


def _find_uncompiled(layer):
    modules = [path for path in layer.rglob("*.py") if "__pycache__" not in path.parts]
    assert len(modules) > 50
    compiled = {path: path.parent / "__pycache__" / f"{path.stem}.cpython-313.pyc" for path in modules}
    return [path for path, bytecode in compiled.items() if not bytecode.is_file()]


@pytest.mark.skipif(not has_runtime(), reason="needs python3.13, the Python of the deployed functions")
def test_layers_have_bytecode_that_lambda_never_compares_with_its_source(core, worker):
    for layer in (core, worker):
        assert _find_uncompiled(layer) == []
        for path in layer.rglob("*.pyc"):
            flags = path.read_bytes()[4:8]
            assert int.from_bytes(flags, "little") == 0b01, "hash-based and unchecked (PEP 552)"


def test_layer_is_built_without_the_python_of_the_functions(root, run, tmp_path):
    variables = {"ARTIFACTS_DIR": str(tmp_path), "RUNTIME": "false"}
    assert "no bytecode" in run("make", "build-CoreLayer", cwd=root / "layers/core", **variables)
    assert list(tmp_path.rglob("*.pyc")) == []
    assert (tmp_path / "python/doseexport/__init__.py").is_file()


def test_layers_are_small(core, worker):
    sizes = [path.stat().st_size for layer in (core, worker) for path in layer.rglob("*") if path.is_file()]
    assert sum(sizes) < LIMIT


def test_worker_layer_has_rds_roots_at_the_configured_path(source, worker):
    variables = source["Resources"]["RunExport"]["Properties"]["Environment"]["Variables"]
    assert (worker / variables["DATABASE_CA_FILE"].removeprefix("/opt/")).is_file()


@pytest.mark.parametrize("layer", ["core", "parquet", "worker"])
def test_layer_pins_match_the_lock_file(root, layer):
    spec = importlib.util.spec_from_file_location("pin", root / "layers/pin.py")
    pin = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(pin)
    written = (root / "layers" / layer / "requirements.txt").read_text()
    assert written == pin.pin(layer), "run python layers/pin.py"


@pytest.fixture(scope="module")
def roots(root):
    data = (root / "layers/worker/rds-ca-bundle.pem").read_bytes()
    return x509.load_pem_x509_certificates(data)


def test_rds_roots_are_self_signed_authorities_valid_for_five_years(roots):
    soon = datetime.now(UTC) + timedelta(days=5 * 365)
    for certificate in roots:
        assert certificate.issuer == certificate.subject
        certificate.verify_directly_issued_by(certificate)
        assert certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
        assert certificate.not_valid_before_utc < datetime.now(UTC)
        assert certificate.not_valid_after_utc > soon


@pytest.mark.parametrize("region", ["eu-west-1", "eu-west-2", "eu-central-1", "us-east-1"])
def test_rds_roots_cover_region_in_every_key_type(roots, region):
    names = [certificate.subject.rfc4514_string() for certificate in roots]
    key_types = {
        key_type
        for key_type in ("RSA2048", "RSA4096", "ECC384")
        for name in names
        if f"{region} Root CA {key_type}" in name
    }
    assert key_types == {"RSA2048", "RSA4096", "ECC384"}


def test_rds_roots_are_all_readable_by_openssl(root, roots):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(root / "layers/worker/rds-ca-bundle.pem")
    assert len(context.get_ca_certs()) == len(roots) > 60
