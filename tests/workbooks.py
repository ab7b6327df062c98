"""Read workbooks exactly as their files store them."""

from typing import Any
from unittest import mock
from xml.etree import ElementTree as ET

import openpyxl
from openpyxl.workbook import Workbook


def load_exactly(file: Any) -> Workbook:
    """Load a workbook with openpyxl, whose texts then are what the file says, _xHHHH_ and all.

    On its own it drops x005F_ wherever a shared text has it, so that _x005F_x0041_ becomes _x0041_.
    """
    with mock.patch("openpyxl.reader.excel.read_string_table", _read_shared_texts):
        return openpyxl.load_workbook(file)


def _read_shared_texts(part: Any) -> list[str]:
    return ["".join(item.itertext()) for item in ET.parse(part).getroot()]
