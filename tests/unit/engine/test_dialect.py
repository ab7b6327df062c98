"""What depends on the release of the server is chosen by its number."""

import pytest

from doseexport.engine.dialect import adapt_statement, check_server
from doseexport.errors import ExportError


@pytest.mark.parametrize("release", [100_023, 120_022, 160_004, 180_001])
def test_server_from_postgresql_10_on_is_accepted(release):
    assert check_server(release, is_postgresql=True) is None


def test_server_below_postgresql_10_is_refused_by_name():
    with pytest.raises(ExportError) as refused:
        check_server(90_624, is_postgresql=True)
    assert refused.value.message == (
        "The database server is PostgreSQL 9.6. Dose Export needs PostgreSQL 10 or later."
    )


def test_server_that_only_speaks_like_postgresql_is_refused():
    with pytest.raises(ExportError) as refused:
        check_server(130_000, is_postgresql=False)
    assert refused.value.code == "NOT_POSTGRESQL"


STATEMENT = "SELECT trim_scale((a)::numeric), ')' FROM t WHERE trim_scale(b) = %s"


@pytest.mark.parametrize("release", [130_000, 160_004, 180_001])
def test_statement_is_not_changed_where_the_server_has_every_function(release):
    assert adapt_statement(STATEMENT, release) == STATEMENT


def test_statement_for_an_old_server_keeps_all_but_the_missing_function():
    adapted = adapt_statement(STATEMENT, 120_022)
    assert "trim_scale" not in adapted
    assert adapted.count("regexp_replace(") == 2
    assert adapted.startswith("SELECT regexp_replace(((a)::numeric)::text, ")
    assert ", ')' FROM t WHERE regexp_replace((b)::text, " in adapted
    assert adapted.endswith(" = %s")
