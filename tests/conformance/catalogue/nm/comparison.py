"""Compare columns of nuclear medicine in the csv, our workbook and OpenREM's (export-rules §7)."""

import re
from datetime import date, datetime, time, timedelta
from typing import Any

from tests.conformance.workbook_tables import write_date, write_time

NUMBERS = re.compile(
    r"Age|Height|Mass \(kg\)|Radionuclide Half Live|Administered activity \(MBq\)|Effective dose \(mSv\)"
    r"|Organ Dose \d+ \(mGy\)|Organ Mass \d+\(g\)|Body Surface Area \(m\^2\)|Body Mass Index \(kg/m\^2\)"
    r"|Glucose \(mmol/l\)|Fasting Duration \(hours\)|Hydration Volume \(ml\)|Serum Creatinine \(mg/dl\)"
    r"|Glomerular Filtration Rate \d+ \(ml/min/1\.73m\^2\)"
    r"|Series \d+ (number of .*|coincidence window width|energy window (lower|upper) limit)"
)
MOMENTS = re.compile(r"Radiopharmaceutical (Start|Stop) Time|Series \d+ date")

# OpenREM's headings of its workbook (its "E1 " left out, {} a child's number) and those of both csvs.
THEIR_HEADINGS = {
    "Model": "Model name",
    "Patient sex": "Sex",
    "Test patient": "Test patient?",
    "Patient age": "Age",
    "Patient height (m)": "Height",
    "Patient weight (kg)": "Mass (kg)",
    "Coincidence Window Width {}": "Series {} coincidence window width",
    "Energy Window Lower Limit {}": "Series {} energy window lower limit",
    "Energy Window Upper Limit {}": "Series {} energy window upper limit",
    "Number Of RR Intervals {}": "Series {} number of RR intervals",
    "Number Of Slices {}": "Series {} number of slices",
    "Number Of Time Slices {}": "Series {} number of time slices",
    "Number Of Time Slots {}": "Series {} number of time slots",
    "PET Series Datetime {}": "Series {} date",
    "Reconstruction Method {}": "Series {} reconstruction method",
    "Scan Progression Direction {}": "Series {} scan procession",
    "Glomerular Filtration Rate (ml/min/1.73m^2) {}": "Glomerular Filtration Rate {} (ml/min/1.73m^2)",
    "Organ Dose (mGy) {}": "Organ Dose {} (mGy)",
    "Organ Dose Laterality {}": "Organ Laterality {}",
    "Organ Dose Mass (g) {}": "Organ Mass {}(g)",
}
# What only one of the two workbooks has (D21).
ONLY_THEIRS = {"Acquisition protocol", "Number of events"}
ONLY_OURS = {
    "Study Comments", "Body Surface Area (m^2)", "Body Surface Area Formula", "Body Mass Index (kg/m^2)",
    "Body Mass Index Equation", "Glucose (mmol/l)", "Fasting Duration (hours)", "Hydration Volume (ml)",
    "Recent Physical Activity", "Serum Creatinine (mg/dl)",
}  # fmt: skip


def translate_heading(theirs: str) -> str:
    """Return the csv's heading of a column of OpenREM's workbook."""
    name = theirs.removeprefix("E1 ")
    number = re.search(r" (\d+)$", name)
    if number is None:
        return THEIR_HEADINGS.get(name, name)
    pattern = f"{name[: number.start()]} {{}}"
    return THEIR_HEADINGS.get(pattern, pattern).format(number[1])


def is_number(heading: str) -> bool:
    """Return whether a column holds numbers."""
    return NUMBERS.fullmatch(heading) is not None


def is_same(heading: str, text: str, value: Any) -> bool:
    """Return whether a cell of our workbook is of the right type and holds what the csv holds."""
    if text == "":
        return value is None
    if heading in ("Study date", "Date of birth"):
        return isinstance(value, date) and write_date(value) == text
    if heading == "Study time":
        return isinstance(value, time | timedelta) and is_close(
            f"1900-01-01 {write_time(value)}", f"1900-01-01 {text}"
        )
    if MOMENTS.fullmatch(heading):
        return isinstance(value, datetime) and is_close(value.isoformat(), text)
    if is_number(heading):
        return isinstance(value, int | float) and float(text) == value
    return isinstance(value, str) and unescape(value) == text


def unescape(value: str) -> str:
    """Return a sheet's text without the escapes, such as _x000D_, that its readers leave in it."""
    return re.sub("_x([0-9A-F]{4})_", lambda found: chr(int(found[1], 16)), value)


def is_close(one: str, other: str) -> bool:
    """Return whether two moments are the same to the millisecond, which is what openpyxl reads."""
    apart = datetime.fromisoformat(one) - datetime.fromisoformat(other)
    return abs(apart) < timedelta(milliseconds=1)
