"""Warnings list the studies that they are about, within a limit."""

from doseexport import catalogue
from doseexport.engine.study_warnings import (
    MOST_LISTED,
    Concerned,
    FlaggedRows,
    ListedStudy,
    StudyWarning,
    WarningLog,
    count_warnings,
    describe_warnings,
    list_ids,
    shows_accession_numbers,
)


def test_concerned_lists_each_study_with_its_rows():
    concerned = Concerned()
    for study, rows in ((b"5", 1), (b"5", 2), (b"3", 1)):
        concerned.add(study, rows)
    assert (concerned.rows, concerned.studies, concerned.listed) == (4, 2, {b"5": 3, b"3": 1})


def test_concerned_lists_a_limited_number_of_studies_and_counts_the_others():
    concerned = Concerned()
    for number in range(MOST_LISTED + 5):
        concerned.add(b"%d" % number)
        concerned.add(b"%d" % number)
    assert len(concerned.listed) == MOST_LISTED == 1_000
    assert (concerned.rows, concerned.studies) == (2 * MOST_LISTED + 10, MOST_LISTED + 5)
    assert set(concerned.listed.values()) == {2}
    (warning,) = describe_warnings([("Odd: {n}.", concerned)], {})
    assert (len(warning.studies), warning.more) == (MOST_LISTED, 5)


def test_rows_of_no_study_are_counted_and_name_none():
    log = WarningLog()
    for study, times in ((b"7", 2), (b"", 3)):
        log.study = study
        log.add("Odd: {n}.", times)
    log.add("Late: {n}.")
    found = list(log.describe())
    assert list_ids(found) == {b"7"}
    assert describe_warnings(found, {}) == [
        StudyWarning("Odd: 5.", (ListedStudy(7, None, 2),)),
        StudyWarning("Late: 1."),
    ]
    assert [each.message for each in count_warnings(found)] == ["Odd: 5.", "Late: 1."]


def test_flagged_rows_of_several_flags_count_for_each_warning():
    stream = catalogue.find_spec("ct-csv").studies
    rows = FlaggedRows()
    for flags, study in ((b"3", b"1"), (b"2", b"1"), (b"1", b"2"), (b"3", b"2")):
        rows.add(flags, study)
    assert [(message, each.rows, each.listed) for message, each in rows.describe(stream)] == [
        (stream.row_warnings[0].message, 3, {b"1": 1, b"2": 2}),
        (stream.row_warnings[1].message, 3, {b"1": 2, b"2": 1}),
    ]


def test_warnings_have_accession_numbers_where_these_are_shown():
    concerned = Concerned()
    concerned.add(b"7", 2)
    found = [("Odd in {n} of the events.", concerned)]
    assert list_ids(found) == {b"7"}
    assert describe_warnings(found, {7: "ACC"}) == [
        StudyWarning("Odd in 2 of the events.", (ListedStudy(7, "ACC", 2),))
    ]
    assert describe_warnings(found, {})[0].studies == (ListedStudy(7, None, 2),)


def test_accession_numbers_are_shown_by_files_that_have_them_as_a_column():
    shown = {name for name, spec in catalogue.load_specs().items() if shows_accession_numbers(spec)}
    assert shown == {
        f"{modality}-{form}"
        for modality in ("ct", "dx", "mg", "nm", "rf")
        for form in ("csv", "xlsx", "tables", "parquet")
    }
