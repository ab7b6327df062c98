"""Random studies for the writers, as COPY would send them."""

import re
from datetime import UTC, date, datetime

from hypothesis import settings
from hypothesis import strategies as st

from doseexport.catalogue import Column, FileContext, Frequency, ModalityWorkbook
from doseexport.catalogue.columns import DATE, NUMBER, TEXT, TIME
from doseexport.engine.query import Counts
from doseexport.engine.writers.file_plan import FilePlan

STUDY_COLUMNS = tuple(
    Column(*column)
    for column in (("Accession", "", TEXT), ("Dose", "", NUMBER), ("Date", "", DATE), ("Time", "", TIME))
)
EVENT_COLUMNS = tuple(
    Column(*column) for column in (("Protocol", "", TEXT), ("Comments", "", TEXT), ("DLP", "", NUMBER))
)

thoroughly = settings(deadline=None, max_examples=40)

HOSTILE = (
    "\t\n\r\x0b\x0c\x01\x1f\x7f\x85\u2028\ufffe\uffff\ufeff=+-@'\"<>&;,\\_x0Dd15F [](){}:*?/|é🫀\uff1d\uff20"
)
SAYINGS = (
    "_x000D_",
    "_x0041\r",
    "=1+1",
    "-5",
    "]]>",
    "\\N",
    "\\.",
    "NaN",
    "Summary",
    "'",
    "unknown",
    "All data",
    "<r>a & b <unclosed></r>",
    "<r></r>",
)
texts = st.one_of(
    st.text(st.sampled_from(HOSTILE), max_size=8),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(SAYINGS),
)
some_numbers = st.from_regex(r"-?(0|[1-9][0-9]{0,7})(\.[0-9]{0,7}[1-9])?", fullmatch=True)
numbers = st.one_of(st.just(""), some_numbers)
days = st.one_of(st.just(""), st.dates(date(1900, 3, 1), date(9999, 12, 31)).map(date.isoformat))
# openpyxl and calamine read times to the millisecond; the digits after it are a unit test's.
times = st.one_of(
    st.just(""), st.times().map(lambda time: time.isoformat("milliseconds") + "000" * bool(time.second % 2))
)
protocols = st.one_of(
    texts, st.sampled_from(["", "Head", "HEAD", "head", "he ad", "p" * 31 + "a", "p" * 31 + "b"])
)

events = st.tuples(protocols, texts, numbers)
# A row without any value is one that calamine does not see: every study has a dose.
study_cells = st.tuples(texts, some_numbers, days, times)
PROTOCOLS = Frequency("Acquisition protocol", "event.acquisition_protocol", of="events")
BOOK = ModalityWorkbook(frequencies=(PROTOCOLS,), sheets=PROTOCOLS)

studies = st.lists(st.tuples(study_cells, st.lists(events, max_size=7)), min_size=1, max_size=8)


def copy_text(cells):
    r"""A row of COPY … (FORMAT text, NULL ''): \ and control characters are escaped."""
    letters = {"\\": "\\\\", "\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\v": "\\v"}
    return "\t".join("".join(letters.get(char, char) for char in cell) for cell in cells).encode()


def copy_csv(cells):
    r"""A row of COPY … (FORMAT csv): what holds a comma, a quote or a line end is quoted, and so is \. ."""
    return ",".join(map(_quote, cells)).encode()


def _quote(cell):
    if re.search('[,"\r\n]', cell) or cell == "\\.":
        return '"' + cell.replace('"', '""') + '"'
    return cell


def make_layout(rows):
    found = [event[0] for _, own in rows for event in own]
    return FilePlan(
        title="CT export",
        software="Dose Export",
        created=datetime(2026, 11, 23, tzinfo=UTC),
        context=FileContext(
            study_columns=STUDY_COLUMNS,
            event_columns=EVENT_COLUMNS,
            widths={},
            options={},
            frequencies={PROTOCOLS.title: [(name, found.count(name)) for name in sorted(set(found))]},
        ),
        block_columns=EVENT_COLUMNS,
        counts=Counts(len(rows), len(found), max(len(own) for _, own in rows)),
        about=[("Asked by", "ada")],
    )
