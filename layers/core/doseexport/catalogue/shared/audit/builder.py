"""The builder of an audit: it reads studies and their events, and at the end makes all sheets.

Only groups are held in memory. Values wait in a temporary file, which sorts them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import NamedTuple

from doseexport.catalogue.columns import Cells
from doseexport.catalogue.layouts import Chart, FileContext, Row, Sheet, SummaryRow
from doseexport.catalogue.shared.audit import reading, sheets
from doseexport.catalogue.shared.audit.charts import ChartChoice
from doseexport.catalogue.shared.audit.drl import Levels
from doseexport.catalogue.shared.audit.groups import NO_NAME, Group, GroupKey, Groups
from doseexport.catalogue.shared.audit.options import BY_STANDARD_NAME
from doseexport.catalogue.shared.audit.outliers import OutlierRules, OutlierSearch
from doseexport.catalogue.shared.audit.populations import Patient, PatientReader
from doseexport.catalogue.shared.audit.quantities import explain_missing, write_quotient
from doseexport.catalogue.shared.audit.reading import AuditRules, ExamNames, Places, read_first
from doseexport.catalogue.shared.audit.results import Analyst, Result
from doseexport.catalogue.shared.audit.rooms import RoomMedians
from doseexport.catalogue.shared.audit.sheets import Units
from doseexport.catalogue.shared.audit.store import Alert, Outlier, Store
from doseexport.catalogue.shared.audit.summary import Summary, ValueCounts
from doseexport.catalogue.spec import SKIPPED
from doseexport.errors import ExportError

_NAMES_OFF = "OpenREM has no standard names switched on"
_NONE_IN_NM = "Nuclear medicine has no standard names"

_Found = dict[tuple[str, str, str], tuple[Group, ...]]


class _Study(NamedTuple):
    """A study while its events are read. `found` remembers groups by protocol, names and detail of events."""

    number: int
    exams: tuple[str, ...]
    room: str
    patient: Patient
    found: _Found


class Audit:
    """Builder of the sheets of an audit by the rules of a modality."""

    def __init__(self, rules: AuditRules, context: FileContext) -> None:
        options = context.options
        self._rules = rules
        self._options = options
        self._quantities = rules.quantities
        self._skipped = context.widths.get(SKIPPED, 0)
        self._studies = Places(context.study_columns)
        self._events = Places(context.event_columns)
        self._read_cells = self._studies.make_reader(
            reading.STUDY_ID,
            reading.DESCRIPTION,
            reading.REQUEST,
            reading.STUDY_NAMES,
            reading.ROOM,
            reading.AGE,
            reading.WEIGHT,
        )
        derived = [each.heading for each in reading.list_derived(context.study_columns)]
        self._has_pseudonyms = bool(derived)
        labels = derived or [reading.STUDY_DATE, reading.ACCESSION]
        self._read_labels = self._studies.make_reader(*labels)
        self._read_event = self._events.make_reader(
            reading.EVENT_ID,
            reading.PROTOCOL,
            reading.EVENT_NAMES,
            reading.EVENT_VALUE,
            reading.EXCLUSION,
            reading.DETAIL,
        )
        self._has_plain_details = rules.make_detail is read_first
        self._read_values = [quantity.read for quantity in self._quantities]
        self._has_names = reading.STUDY_NAMES in self._studies
        self._patients = PatientReader.of(options)
        self._names = ExamNames(options["exam_by"], events_as_studies=rules.exams_of_studies)
        self._groups = Groups()
        self._found_by_event: dict[tuple[object, ...], _Found] = {}
        self._found: dict[tuple[object, ...], tuple[Group, ...]] = {}
        tie_label = derived.index(reading.STUDY_PSEUDONYM) if derived else None
        self._store = Store(len(labels), tie_label=tie_label)
        self._add_value = self._store.values_to_add.append
        self._counted = 0
        self._has_value = False  # of the study that is read
        self._values = tuple(ValueCounts() for _ in self._quantities)
        self._levels = Levels(options["drl"], rules.modality, options["exam_map"])
        self._units = Units(options)
        self._has_accession = reading.ACCESSION in self._studies
        self.sheets: tuple[Sheet, ...] = sheets.list_sheets(self._quantities, context.study_columns)
        self._tabs = {sheet.name: place for place, sheet in enumerate(self.sheets)}
        self._choice = ChartChoice()
        self._summary = Summary(self._values)

    def build_rows(self, study: Cells, events: list[Cells]) -> Sequence[Row]:
        """Read a study. Return no rows: every sheet needs all studies."""
        read = self._read_study(study)
        self._counted += 1
        self._has_value = False
        self._add_study_values(study, read)
        for event in events:
            self._add_event(event, read)
        has_alert = self._add_alerts(study, read)
        if self._has_value or has_alert:
            self._store.add_study(read.number, self._read_labels(study))
        return ()

    def end(self) -> Iterator[Row]:
        """Yield the rows of all sheets. Raise ExportError if there is no value at all."""
        if not self._count_values():
            raise ExportError(
                "NO_VALUES",
                "The studies hold no dose value that an audit can use, so there is no file."
                " Change the filters or the options.",
            )
        self._store.sort()
        self._groups.rank()
        analyst = Analyst(
            self._rules.modality,
            self._levels,
            self._store,
            has_weight_limits=bool(self._options["adult_weight"]),
        )
        search = OutlierSearch(OutlierRules(self._options), self._store)
        results: dict[int, Result] = {}
        rooms = RoomMedians()
        for group in self._groups.sorted():
            quantity = self._quantities[group.key.quantity]
            result = results[group.number] = analyst.analyse(group, quantity)
            cautions = analyst.list_cautions(result)
            self._summary.add(result, cautions)
            if not group.n:
                continue
            rooms.add(result)
            self._choice.add(result)
            search.search(result, quantity)
            tab = sheets.PROTOCOLS if quantity.per_event else sheets.EXAMINATIONS
            yield self._tabs[tab], sheets.write_group(result, quantity, self._units, cautions)
        yield from self._build(sheets.ROOMS, rooms.build_rows(self._quantities, self._units))
        search.add_alerts(results)
        yield from self._build(sheets.OUTLIERS, self._list_outliers(search, results))
        yield from self._build(sheets.EXCLUDED, self._list_excluded())
        yield from self._build(sheets.LEVELS, self._list_levels())

    @property
    def charts_after(self) -> int:
        """The index of the sheet Rooms."""
        return self._tabs[sheets.ROOMS]

    @property
    def charts(self) -> Sequence[Chart]:
        """The charts of the first quantity."""
        return self._choice.make_charts(self._quantities[0], self._units)

    @property
    def summary(self) -> Sequence[SummaryRow]:
        """The rows of Summary after those of the request."""
        facts: dict[str, str | int] = {
            "Studies": self._counted,
            "Values": self._count_values(),
            "Studies of test patients left out": self._skipped,
        }
        return list(self._summary.build_rows(self._quantities, self._units, self._levels, facts))

    @property
    def answer(self) -> str:
        """The groups above their DRL."""
        return self._summary.answer

    @property
    def exclusions(self) -> dict[str, int]:
        """The number of values left out, by reason."""
        return dict(sum((each.left_out for each in self._values), Counter[str]()).most_common())

    @property
    def warnings(self) -> list[str]:
        """What the options ask for and the database or the DRL table does not have."""
        warnings = [
            f'exam_map names the exam "{exam}", which the DRL table does not have.'
            for exam in self._levels.list_unknown_exams()
        ]
        if self._options["exam_by"] == BY_STANDARD_NAME and not self._has_names:
            missing = _NONE_IN_NM if self._rules.modality == "NM" else _NAMES_OFF
            warnings.append(f"{missing}, so every exam is {NO_NAME}.")
        return warnings

    def _count_values(self) -> int:
        return sum(each.values for each in self._values)

    def _read_study(self, study: Cells) -> _Study:
        number, description, request, names, room, age, weight = self._read_cells(study)
        exams = self._names.name_study(description, request, names)
        patient = self._patients.read(age, weight)
        key = exams if self._rules.exams_of_studies else (), room, patient.populations
        found = self._found_by_event.setdefault(key, {})
        return _Study(int(number), exams, room or NO_NAME, patient, found)

    def _add_study_values(self, study: Cells, read: _Study) -> None:
        for place, quantity in enumerate(self._rules.of_studies):
            found = self._find_groups(read, read.exams, place, "")
            self._add(read, found, place, study[self._studies[quantity.name]], "", 0)

    def _add_event(self, event: Cells, read: _Study) -> None:
        number, protocol, names, text, exclusion, detail = self._read_event(event)
        if not number:
            return
        place = len(self._quantities) - 1
        if not self._has_plain_details:
            detail = self._rules.make_detail(event[self._events[reading.DETAIL] :])
        key = protocol, names, detail
        found = read.found.get(key)
        if found is None:
            named = self._names.name_event(protocol, names, read.exams)
            found = read.found[key] = self._find_groups(read, named, place, detail or NO_NAME)
        self._add(read, found, place, text, exclusion, int(number))

    def _add(  # noqa: PLR0913, PLR0917  a value has this many properties
        self, read: _Study, groups: tuple[Group, ...], place: int, text: str, exclusion: str, event: int
    ) -> None:
        reason, value = self._read_values[place](text)
        reason = reason or exclusion or read.patient.exclusion
        if reason:
            self._values[place].left_out[reason] += 1
            for group in groups:
                group.left_out[reason] += 1
            return
        self._has_value = True
        self._values[place].values += 1
        for group in groups:
            group.add(value, read.number, read.patient.weight)
            self._add_value((group.number, value, read.number, event))

    def _find_groups(
        self, read: _Study, exams: tuple[str, ...], place: int, detail: str
    ) -> tuple[Group, ...]:
        found = self._found.get(key := (exams, read.room, read.patient.populations, detail, place))
        if found is None:
            found = self._found[key] = tuple(
                self._groups.find(GroupKey(exam, read.room, population, detail, place))
                for exam in exams
                for population in read.patient.populations
            )
        return found

    def _add_alerts(self, study: Cells, read: _Study) -> bool:
        """Add the alerts of a study. Return whether it has any."""
        found = False
        for heading, place in self._rules.alerts.items():
            reasons = int(study[self._studies[heading]] or 0)
            if not reasons:
                continue
            found = True
            quantity = self._quantities[place]
            text = study[self._studies[quantity.name]]
            value = None if explain_missing(text) else quantity.scale(text)
            for group in self._find_groups(read, read.exams, place, ""):
                left_out = bool(read.patient.exclusion)
                self._store.add_alert(Alert(group.number, read.number, value, reasons, left_out))
        return found

    def _build(self, sheet: str, rows: Iterator[Cells]) -> Iterator[Row]:
        return ((self._tabs[sheet], cells) for cells in rows)

    def _list_outliers(self, search: OutlierSearch, results: dict[int, Result]) -> Iterator[Cells]:
        rules = OutlierRules(self._options)
        for each in self._store.outliers():
            result = results[each.group]
            quantity = self._quantities[result.group.key.quantity]
            z = None
            if each.value is not None and not each.left_out:
                z = search.score(result.group, each.value, quantity)
            yield self._write_outlier(each, result, z, rules.describe(each.reasons))

    def _write_outlier(self, each: Outlier, result: Result, z: float | None, reasons: str) -> Cells:
        key, quantity = result.group.key, self._quantities[result.group.key.quantity]
        ratio, median = "", result.median
        if each.value is not None and median is not None:
            ratio = write_quotient(each.value * median.denominator, median.numerator)
        return [
            *self._name_outlier(each),
            key.exam,
            key.room,
            key.population,
            key.detail,
            quantity.name,
            self._units.name(quantity),
            self._units.write(quantity, each.value),
            self._units.write(quantity, median),
            ratio,
            sheets.write_float(z),
            reasons,
            "",
            "",
        ]

    def _name_outlier(self, each: Outlier) -> Cells:
        """Return the cells that say which study and event it is."""
        if self._has_pseudonyms:
            return list(each.labels)
        date, accession = each.labels
        numbers = [date, str(each.study), str(each.event or "")]
        return [*numbers, accession] if self._has_accession else numbers

    def _list_excluded(self) -> Iterator[Cells]:
        """Yield the rows of Excluded. The numbers of groups that differ in their detail only are added."""
        counted: Counter[tuple[GroupKey, str]] = Counter()
        for group in self._groups.by_number():
            for reason, number in group.left_out.items():
                counted[group.key._replace(detail=""), reason] += number
        for (key, reason), number in sorted(counted.items(), key=lambda item: (item[0][0].order, item[0][1])):
            quantity = self._quantities[key.quantity]
            yield [key.exam, key.room, key.population, quantity.name, reason, str(number)]

    def _list_levels(self) -> Iterator[Cells]:
        for row in self._levels.rows:
            yield sheets.write_level(row)
        yield []
        yield list(sheets.MATCH_HEADINGS)
        for exam in sorted({group.key.exam for group in self._groups.by_number()}):
            yield sheets.write_match(exam, self._levels.find_exam(exam))
