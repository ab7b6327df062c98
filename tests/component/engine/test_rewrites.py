"""A table that is rewritten while an export waits for it loses no row."""

import threading

import psycopg
import pytest

from doseexport.catalogue import Inclusions
from doseexport.engine.postgres import Database
from doseexport.engine.query import build_queries
from doseexport.errors import ExportError
from tests.component.exporting import export, list_distinct_specs, parse
from tests.databases.rewrites import REWRITES, export_meanwhile, is_waiting, make_template

EVENT_AND_CHILDREN = {
    "ct-csv": ("ctirradiationeventdata", "ctxraysourceparameters", "patientstudymoduleattr"),
    "dx-tables": ("kvp",),
    "dx-csv": ("irradeventxraydata", "irradeventxraysourcedata", "patientmoduleattr"),
    "mg-csv": ("irradeventxraydata", "irradeventxraymechanicaldata", "generalequipmentmoduleattr"),
    "nm-csv": ("radiopharmaceuticaladministrationeventdata", "patientstate", "patientmoduleattr"),
    "rf-csv": ("irradeventxraydata", "accumxraydose", "projectionxrayradiationdose"),
}
TABLES = [(kind, f"remapp_{table}") for kind, tables in EVENT_AND_CHILDREN.items() for table in tables]


@pytest.fixture(scope="module")
def template_url(postgres):
    return make_template(postgres, "rewrites")


@pytest.fixture(scope="module")
def rewritten_url(postgres, template_url):
    """A database of which each test rewrites a table: its rows stay the same."""
    return postgres.create_database("rewritten", template_url.rpartition("/")[2])


@pytest.fixture(scope="module")
def expected(rewritten_url):
    """The file of each type before any table was rewritten."""
    files = {kind: export(rewritten_url, type=kind) for kind in EVENT_AND_CHILDREN}
    assert all(report.events > 0 for _, report in files.values())
    return {kind: data for kind, (data, _) in files.items()}


@pytest.mark.parametrize(("kind", "table"), TABLES)
def test_export_file_of_a_table_rewritten_in_each_way_is_whole(expected, rewritten_url, kind, table):
    with psycopg.connect(rewritten_url) as connection:
        connection.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS added")
    for rewrite in REWRITES:
        found = export_meanwhile(rewritten_url, kind, lambda holder, rewrite=rewrite: rewrite(holder, table))
        assert found == expected[kind], rewrite.__name__


def test_export_file_of_a_locked_table_waits_and_holds_nothing(make_database, template_url):
    """A migration and an export that wait for each other's tables do not deadlock."""
    url = make_database(template_url)
    expected, _ = export(url, type="ct-csv")

    exclusive = "LOCK TABLE {} IN ACCESS EXCLUSIVE MODE"
    done = []
    thread = threading.Thread(target=lambda: done.append(export(url, type="ct-csv")[0]))
    with psycopg.connect(url, autocommit=True) as watcher, psycopg.connect(url) as holder:
        holder.execute(exclusive.format("remapp_patientstudymoduleattr"))
        thread.start()
        while not is_waiting(watcher):
            thread.join(0.02)
        # The export holds tables that come earlier by name, for less time than a deadlock needs to be found.
        holder.execute(exclusive.format("remapp_ctirradiationeventdata"))
        holder.commit()
    thread.join()
    assert done == [expected]


def test_begin_fails_clearly_where_a_lock_stays(make_database, template_url):
    url = make_database(template_url)
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        database = Database({"conninfo": url}, seconds_left=lambda: 1.0)
        queries = build_queries(parse(type="ct-csv"), Inclusions())
        with pytest.raises(ExportError) as failed, database.open_snapshot() as snapshot:
            snapshot.begin(queries.tables)
    assert failed.value.code == "TABLES_LOCKED"


def test_begin_is_cancelled_while_it_waits(make_database, template_url):
    url = make_database(template_url)
    queries = build_queries(parse(type="ct-csv"), Inclusions())
    with psycopg.connect(url) as holder:
        holder.execute("LOCK TABLE remapp_ctirradiationeventdata IN ACCESS EXCLUSIVE MODE")
        with Database({"conninfo": url}).open_snapshot() as snapshot:
            stop = threading.Timer(0.3, snapshot.cancel)
            stop.start()
            with pytest.raises((ExportError, psycopg.Error)):
                snapshot.begin(queries.tables)
            stop.join()


@pytest.mark.parametrize("spec", list_distinct_specs().values(), ids=lambda spec: spec.type)
def test_queries_name_every_table_that_their_statements_read(postgres, standard_url, spec):
    """PostgreSQL itself says, by the dependencies of views, which tables the statements read."""
    inclusions = Inclusions(include_names=True, include_ids=True, standard=True)
    needed = dict.fromkeys(spec.needs[:1], "1")
    queries = build_queries(parse(type=spec.type, filters=needed), inclusions)
    read = set()
    with psycopg.connect(standard_url) as connection:
        statements = (
            queries.counts,
            *queries.frequencies.values(),
            queries.studies,
            queries.events,
            *queries.details.values(),
        )
        for query in filter(None, statements):
            sql = query.sql.replace("%s", "'1'")
            width = len(connection.execute(f"SELECT * FROM ({sql}) found LIMIT 0").description)
            columns = ", ".join(f"c{n}" for n in range(width))
            connection.execute(f"CREATE TEMPORARY VIEW looked_at ({columns}) AS {sql}")
            names = connection.execute(
                "SELECT DISTINCT depended.relname FROM pg_rewrite rule"
                " JOIN pg_depend dependency ON dependency.objid = rule.oid"
                " JOIN pg_class depended ON depended.oid = dependency.refobjid"
                " WHERE rule.ev_class = 'looked_at'::regclass AND depended.relname <> 'looked_at'"
            ).fetchall()
            read |= {name for (name,) in names}
            connection.execute("DROP VIEW looked_at")
        connection.rollback()
    assert read <= queries.tables
    assert read
