"""Lists of exports are read from the indexes of their table."""

from doseexport.aws.dynamodb.export_indexes import Span
from tests.fakes import ADA, BEN, add


def test_list_goes_newest_first_from_a_given_place(services, clock):
    exports = []
    for _ in range(4):
        exports.append(add(services))
        clock.move(seconds=1)
    add(services, BEN)
    span = Span("2026-11", "2026-12")
    newest = [export.id for export in reversed(exports)]
    first = services.indexes.read_owned(ADA.id, span, None, 2)
    assert first.ids == newest[:2]
    rest = services.indexes.read_owned(ADA.id, span, first.end, 3)
    assert rest.ids == newest[2:]
    assert rest.end is None


def test_list_month_yields_the_exports_of_all_owners_newest_first(services, clock):
    own = add(services)
    clock.move(seconds=1)
    other = add(services, BEN)
    (everyone,) = services.indexes.list_month("2026-11")
    assert [position.id for position in everyone] == [other.id, own.id]
    assert [list(page) for page in services.indexes.list_month("2026-10")] == [[]]
