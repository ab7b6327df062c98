"""Every sheet has a legal, unique name, whatever its protocol is called."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from doseexport.engine.writers.sheet_names import MAX_NAME, RESERVED, SheetNames
from tests.properties.engine.writers.studies import HOSTILE, SAYINGS

ALIKE = ["Head", "HEAD", "he ad", "he_ad", "straße", "STRASSE", "\u017f", "s", "K", "\u212a", "\u0130"]
LONG = ["p" * n + tail for n in (27, 29, 30, 31, 32, 300) for tail in ("", "_2", "'", " (2)", "🫀", "🫀🫀")]
protocols = st.one_of(
    st.text(st.sampled_from(HOSTILE), max_size=34),
    st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=40),
    st.sampled_from(
        [*SAYINGS, *ALIKE, *LONG, *RESERVED, "all data from E2", "Summary_2", "E1", "$A$1", "R1C1"]
    ),
)


@settings(deadline=None, max_examples=300)
@given(st.lists(st.tuples(protocols, st.integers(0, 3)), max_size=40))
def test_sheet_names_are_legal_and_differ(requested):
    names = SheetNames()
    given_out = []
    for protocol, pages in requested:
        name = names.name_protocol(protocol)
        given_out += [name, *(names.name_continuation(name, page) for page in range(2, 2 + pages))]
    given_out += [names.name_block_sheet("E682"), names.name_block_sheet("E682")]
    folded = [name.casefold() for name in given_out]
    assert len(set(folded)) == len(folded)
    assert set(folded).isdisjoint(name.casefold() for name in RESERVED)
    for name in given_out:
        assert 0 < len(name.encode("utf-16-le")) // 2 <= MAX_NAME
        assert not re.search(r"[\[\]:*?/\\\x00-\x1f\x7f\ufffe\uffff]|^'|'$", name)
        name.encode()  # no half of a surrogate pair
