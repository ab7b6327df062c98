"""Two ordered streams become studies with their events; every row is accounted for."""

from itertools import chain, repeat

import pytest

from doseexport import catalogue
from doseexport.engine.merge import MOST_REPEATED, MergeStats, merge_streams
from doseexport.errors import ExportError

DATA = catalogue.find_spec("ct-csv")


def merge(studies, events, separator=b","):
    stats = MergeStats()
    return list(merge_streams(iter(studies), iter(events), separator, stats)), stats


def test_merge_gives_each_study_its_events_in_order():
    studies = [b"7,0,seven\n", b"3,0,three\n", b"5,0,five\n"]
    events = [b"7,1,0,a\n", b"7,2,0,b\n", b"5,9,0,c\n"]
    merged, stats = merge(studies, events)
    assert merged == [(b"seven", [b"a", b"b"]), (b"three", []), (b"five", [b"c"])]
    stats.check_totals(3, 3)


def test_merge_leaves_separators_inside_cells():
    merged, _ = merge([b"7\t0\ta\tb\\tc\n"], [b"7\t1\t0\t\td\n"], b"\t")
    assert merged == [(b"a\tb\\tc", [b"\td"])]


def test_merge_of_nothing_is_nothing():
    merged, stats = merge([], [])
    assert merged == []
    stats.check_totals(0, 0)


def test_merge_drops_and_remembers_repeated_rows():
    studies = [b"7,0,first\n", b"7,0,second\n", b"8,0,eight\n"]
    events = [b"7,1,0,a\n", b"7,1,0,again\n", b"7,1,0,and again\n", b"8,2,0,b\n"]
    merged, stats = merge(studies, events)
    assert merged == [(b"first", [b"a"]), (b"eight", [b"b"])]
    assert stats.repeated == {b"7"}
    stats.check_totals(2, 2)


def test_merge_accepts_last_study_repeated_after_its_events():
    merged, stats = merge([b"7,0,a\n", b"7,0,b\n"], [])
    assert merged == [(b"a", [])]
    stats.check_totals(1, 0)


@pytest.mark.parametrize(
    ("studies", "events"),
    [
        ([b"7,0,a\n"], [b"7,1,0,x\n"]),
        ([b"7,0,a\n", b"8,0,b\n"], [b"7,1,0,x\n"]),
        ([b"7,0,a\n", b"8,0,b\n"], [b"9,1,0,orphan\n", b"7,2,0,x\n"]),
        ([b"7,0,a\n", b"8,0,b\n"], [b"8,1,0,x\n", b"7,2,0,in the wrong order\n"]),
    ],
)
def test_merge_fails_on_lost_or_orphaned_row(studies, events):
    _, stats = merge(studies, events)
    with pytest.raises(ExportError) as lost:
        stats.check_totals(2, 2)
    assert lost.value.code == "ROWS_LOST"


def test_merge_ignores_event_of_unselected_study():
    merged, stats = merge([b"7,0,a\n", b"8,0,b\n"], [b"7,1,0,x\n", b"9,2,0,orphan\n", b"8,3,0,y\n"])
    assert merged == [(b"a", [b"x"]), (b"b", [])]
    with pytest.raises(ExportError):
        stats.check_totals(2, 3)


def test_merge_counts_flagged_rows_and_knows_their_studies():
    studies = [b"1,9,a\n", b"2,1,b\n", b"2,1,b\n", b"3,0,c\n"]
    events = [b"1,1,1,x\n", b"1,1,1,x\n", b"1,2,3,y\n"]
    _, stats = merge(studies, events)
    first, fourth = DATA.studies.row_warnings[0].message, DATA.studies.row_warnings[3].message
    assert [
        (message, each.rows, each.listed) for message, each in stats.study_flags.describe(DATA.studies)
    ] == [(first, 2, {b"1": 1, b"2": 1}), (fourth, 1, {b"1": 1})]
    of_first, of_second = (warning.message for warning in DATA.events.row_warnings[:2])
    assert [
        (message, each.rows, each.listed) for message, each in stats.event_flags.describe(DATA.events)
    ] == [(of_first, 2, {b"1": 2}), (of_second, 1, {b"1": 1})]


def test_merge_of_regular_rows_has_no_warning():
    _, stats = merge([b"1,0,a\n"], [b"1,1,0,x\n"])
    assert not [*stats.study_flags.describe(DATA.studies), *stats.event_flags.describe(DATA.events)]
    assert not stats.repeated


def test_merge_tells_the_log_whose_rows_are_written():
    stats = MergeStats()
    seen = []
    for _ in merge_streams(iter([b"7,0,a\n", b"8,0,b\n"]), iter([b"8,1,0,x\n"]), b",", stats):
        stats.log.add("Odd in {n} of the studies.")
        seen.append(stats.log.study)
    assert seen == [b"7", b"8"]
    ((message, concerned),) = stats.log.describe()
    assert (message, concerned.listed) == ("Odd in {n} of the studies.", {b"7": 1, b"8": 1})
    assert stats.log.study == b""


def test_merge_remembers_a_limited_number_of_repeated_studies():
    ids = [str(n).encode() for n in range(MOST_REPEATED + 5)]
    rows = chain.from_iterable(repeat(b"%s,0,x\n" % each, 2) for each in ids)
    _, stats = merge(rows, [])
    assert len(stats.repeated) == MOST_REPEATED
    assert stats.more_repeated == 5
