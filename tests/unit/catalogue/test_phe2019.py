"""Texts that share a cell of a survey form."""

import pytest

from doseexport.catalogue.shared.phe2019 import join_texts


@pytest.mark.parametrize(
    ("texts", "joined"),
    [
        (("a", "b", "c", "d"), "a | b | c | d"),
        (("", "b", "", "d"), "b | d"),
        (("", "", ""), ""),
    ],
)
def test_join_texts_leaves_out_missing_texts(texts, joined):
    assert join_texts(texts) == joined
