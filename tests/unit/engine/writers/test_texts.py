"""Texts of a worksheet: legal XML, Excel's escapes, cut at the limit of a cell, shared where possible."""

from xml.etree import ElementTree as ET

import pytest

from doseexport.engine.writers import texts
from doseexport.engine.writers.texts import (
    LONGEST_SHARED,
    MAX_TEXT,
    SharedTexts,
    TextBodies,
    cut_text,
    escape,
    is_cut,
    write_text,
)


def text_in(body):
    cell = ET.fromstring(f'<c r="A1{body}')
    assert cell.get("t") == "inlineStr"
    return cell.findtext("is/t")


def shared_texts(shared):
    return [item.findtext("t") for item in ET.fromstring(b"<sst>" + shared.render() + b"</sst>")]


@pytest.mark.parametrize(
    ("text", "xml"),
    [
        ("<&>", "&lt;&amp;&gt;"),
        ("a\r\nb", "a_x000D_\nb"),
        ("\x00\x0b\x1f\ufffe\uffff", "_x0000__x000B__x001F__xFFFE__xFFFF_"),
        ("\t\n\x7f\x85", "\t\n\x7f\x85"),
        ("_x000D_", "_x005F_x000D_"),
        ("_x000d_x000D_", "_x005F_x000d_x005F_x000D_"),
        ("_x00g0_ _x_", "_x00g0_ _x_"),
        ("_x0041\r", "_x005F_x0041_x000D_"),
    ],
)
def test_text_is_escaped_where_xml_or_excel_would_change_it(text, xml):
    assert escape(text) == xml


@pytest.mark.parametrize("text", [" x", "x ", "\n", "x\t", "\u00a0x", "in side"])
def test_text_keeps_spaces_at_its_ends(text):
    body = write_text(text)
    assert text_in(body) == text
    assert ("preserve" in body) == (text != "in side")


def test_text_is_cut_at_excels_limit_never_inside_a_character():
    assert cut_text("a" * MAX_TEXT) == "a" * MAX_TEXT
    assert cut_text("a" * (MAX_TEXT + 1)) == "a" * MAX_TEXT
    assert cut_text("🫀" * 20_000) == "🫀" * (MAX_TEXT // 2)
    assert cut_text("é" * 30_000) == "é" * 30_000
    assert [is_cut("a" * MAX_TEXT), is_cut("a" * (MAX_TEXT + 1))] == [False, True]
    assert text_in(write_text("&" * (MAX_TEXT + 5))) == "&" * MAX_TEXT


def test_shared_texts_are_numbered_and_stored_once():
    shared = SharedTexts()
    first, second = TextBodies(shared), TextBodies(shared)
    bodies = [first["a"], first["<b>"], second["c "], second["a"], first["a"]]
    assert [ET.fromstring(f'<c r="A1{body}').findtext("v") for body in bodies] == ["0", "1", "2", "0", "0"]
    assert shared_texts(shared) == ["a", "<b>", "c "]
    assert len(shared) == 3
    assert 'xml:space="preserve">c ' in shared.render().decode()


def test_shared_texts_of_a_column_are_limited(monkeypatch):
    monkeypatch.setattr(texts, "MOST_SHARED", 2)
    shared = SharedTexts()
    full, other = TextBodies(shared), TextBodies(shared)
    bodies = [full[text] for text in "abcb"]
    assert [text_in(body) if "inlineStr" in body else None for body in bodies] == [None, None, "c", None]
    assert full["c"] == write_text("c")
    assert "inlineStr" not in other["c"]
    assert shared_texts(shared) == ["a", "b", "c"]


def test_long_texts_are_in_their_cells():
    shared = SharedTexts()
    column = TextBodies(shared)
    short, long = "x" * LONGEST_SHARED, "x" * (LONGEST_SHARED + 1)
    assert text_in(column[long]) == long
    assert 't="s"' in column[short]
    assert shared_texts(shared) == [short]
