"""Lists of exports are read from the indexes of their table."""

from tests.fakes import ADA, BEN, add


def test_list_goes_newest_first_from_a_given_place(services, clock):
    exports = []
    for _ in range(4):
        exports.append(add(services))
        clock.move(seconds=1)
    add(services, BEN)
    (first,) = services.indexes.list_owned(ADA.id)
    assert [position.id for position in first] == [export.id for export in reversed(exports)]
    (rest,) = services.indexes.list_owned(ADA.id, first[1])
    assert rest == first[2:]
    (everyone,) = services.indexes.list_month("2026-11")
    assert len(everyone) == 5
    (rest,) = services.indexes.list_month("2026-11", everyone[3])
    assert rest == everyone[4:]
    assert [list(page) for page in services.indexes.list_month("2026-10")] == [[]]
