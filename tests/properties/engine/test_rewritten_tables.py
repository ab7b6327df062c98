"""No order of rewrites, committed or rolled back, loses a row of an export.

STATE_EXAMPLES=200 tries longer.
"""

import os
from itertools import count

import psycopg
import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.component.exporting import export
from tests.databases.rewrites import REWRITES, export_meanwhile, make_template

TABLES = st.sampled_from(
    [
        "remapp_generalstudymoduleattr",
        "remapp_patientstudymoduleattr",
        "remapp_generalequipmentmoduleattr",
        "remapp_ctirradiationeventdata",
        "remapp_ctxraysourceparameters",
        "remapp_irradeventxraydata",
        "remapp_irradeventxraysourcedata",
    ]
)
KINDS = st.sampled_from(["ct-csv", "dx-csv", "mg-csv"])
REWRITE = st.sampled_from(REWRITES)
SERVER = {}
NUMBERS = count(1)


class RewrittenTables(RuleBasedStateMachine):
    """A database whose tables are rewritten, and exports before, between and beside the rewrites."""

    def __init__(self):
        super().__init__()
        self.name = f"rewritten_{next(NUMBERS)}"
        self.url = SERVER["postgres"].create_database(self.name, SERVER["template"])

    def teardown(self):
        SERVER["postgres"].drop_database(self.name)

    @rule(rewrite=REWRITE, table=TABLES)
    def rewrite_table(self, rewrite, table):
        with psycopg.connect(self.url) as connection:
            self.act(connection, rewrite, table)

    @rule(kind=KINDS)
    def export_at_rest(self, kind):
        assert export(self.url, type=kind)[0] == SERVER[kind]

    @rule(
        kind=KINDS,
        rewrites=st.lists(st.tuples(REWRITE, TABLES), min_size=1, max_size=3),
        commits=st.booleans(),
    )
    def export_beside_rewrites(self, kind, rewrites, commits):
        def act(connection):
            for rewrite, table in rewrites:
                self.act(connection, rewrite, table)

        assert export_meanwhile(self.url, kind, act, commits=commits) == SERVER[kind]

    def act(self, connection, rewrite, table):
        """Rewrite a table, which may have been rewritten before."""
        connection.execute("DROP TABLE IF EXISTS saved")
        connection.execute(f"ALTER TABLE {table} DROP COLUMN IF EXISTS added")
        rewrite(connection, table)


@pytest.fixture(autouse=True, scope="module")
def _server(postgres):
    url = make_template(postgres, "to_rewrite")
    SERVER.update(postgres=postgres, template="to_rewrite")
    for kind in ("ct-csv", "dx-csv", "mg-csv"):
        SERVER[kind], report = export(url, type=kind)
        assert report.events > 0


TestRewrittenTables = RewrittenTables.TestCase
TestRewrittenTables.settings = settings(
    max_examples=int(os.environ.get("STATE_EXAMPLES", "12")),
    stateful_step_count=8,
    deadline=None,
    report_multiple_bugs=False,
    phases=[Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow],
)
