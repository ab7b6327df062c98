"""What a database of OpenREM holds, which depends on its release, and what exports do without.

OpenREM 0.10 has neither nuclear medicine nor standard names. Before 0.10 a study has no totals, and after an
upgrade to 0.10 they are empty until a task of OpenREM has filled them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from doseexport.errors import ExportError

STUDY_TABLE = "remapp_generalstudymoduleattr"

TOTAL_COLUMNS: Mapping[str, str] = MappingProxyType({
    "number_of_events": "integer",
    "number_of_axial": "integer",
    "number_of_spiral": "integer",
    "number_of_stationary": "integer",
    "number_of_const_angle": "integer",
    "total_dlp": "numeric",
    "total_dap": "numeric",
    "total_rp_dose_a": "numeric",
    "total_rp_dose_b": "numeric",
    "total_agd_left": "numeric",
    "total_agd_right": "numeric",
    "total_agd_both": "numeric",
})  # fmt: skip
"""The columns of STUDY_TABLE, with their types, that count as NULL where a release lacks them."""


@dataclass(frozen=True, slots=True)
class Total:
    """A total of a study: SQL for what OpenREM has stored, and for the same from the accumulated doses.

    Both name `study`. The stored total is used unless it is NULL.
    """

    stored: str
    computed: str

    @property
    def value(self) -> str:
        """The SQL of the total."""
        return f"coalesce({self.stored}, {self.computed})"

    @property
    def is_computed(self) -> str:
        """The SQL of the condition that the total is not stored but known."""
        return f"{self.stored} IS NULL AND {self.computed} IS NOT NULL"


@dataclass(frozen=True, slots=True)
class Feature:
    """A part of OpenREM that came with release 1.0: its name in a sentence, and its tables."""

    name: str
    tables: frozenset[str]

    @property
    def absence(self) -> str:
        """The sentence that the database is of a release without the feature."""
        return f"OpenREM before 1.0 has no {self.name}."


NUCLEAR_MEDICINE = Feature(
    "nuclear medicine",
    frozenset({
        "remapp_glomerularfiltrationrate",
        "remapp_organdose",
        "remapp_patientstate",
        "remapp_petseries",
        "remapp_radiopharmaceuticaladministrationeventdata",
        "remapp_radiopharmaceuticaladministrationpatientcharacteristics",
        "remapp_radiopharmaceuticalradiationdose",
    }),
)  # fmt: skip
STANDARD_NAME_SETTINGS = "remapp_standardnamesettings"
STANDARD_NAMES = Feature(
    "standard names",
    frozenset({
        "remapp_ctirradiationeventdata_standard_protocols",
        "remapp_generalstudymoduleattr_standard_names",
        "remapp_irradeventxraydata_standard_protocols",
        "remapp_standardnames",
        STANDARD_NAME_SETTINGS,
    }),
)  # fmt: skip
FEATURES = (NUCLEAR_MEDICINE, STANDARD_NAMES)


OPTIONAL_TABLES: Mapping[str, Mapping[str, str]] = MappingProxyType({
    "remapp_skindosemapresults": MappingProxyType({
        "general_study_module_attributes_id": "integer",
        "peak_skin_dose": "numeric",
    }),
})  # fmt: skip
"""Tables, with the types of their columns, that count as empty where a release lacks them."""

FEATURE_TABLES = frozenset(table for feature in FEATURES for table in feature.tables) | set(OPTIONAL_TABLES)


@dataclass(frozen=True, slots=True)
class Schema:
    """What a database has: tables of features and optional ones, and what it lacks of them and of the totals.

    `unreadable` are the tables that the user of the database may not read. `missing_totals` are columns of
    STUDY_TABLE.
    """

    tables: frozenset[str] = FEATURE_TABLES
    unreadable: frozenset[str] = frozenset()
    missing_totals: frozenset[str] = frozenset()

    def has(self, feature: Feature) -> bool:
        """Return whether the database has all tables of a feature."""
        return feature.tables <= self.tables

    def require(self, features: Iterable[tuple[str, Feature]]) -> None:
        """Raise ExportError for the first feature that the database lacks, with the field that needs it."""
        for needed_by, feature in features:
            if not feature.tables & self.tables:
                raise ExportError("NOT_IN_OPENREM", feature.absence, needed_by)


FULL = Schema()
"""The schema of OpenREM 1.0."""


def list_missing(schema: Schema) -> list[str]:
    """Return the names of the features that a schema lacks."""
    return [each.name for each in FEATURES if not schema.has(each)]


def make_schema_without(features: Iterable[str]) -> Schema:
    """Return the schema that lacks the features of these names."""
    missing = [each.tables for each in FEATURES if each.name in set(features)]
    return Schema(tables=FEATURE_TABLES.difference(*missing))


def read_schema(tables: Mapping[str, bool], study_columns: Iterable[str]) -> Schema:
    """Return the schema of a database with these tables, each with whether its user may read it.

    A database without studies is no OpenREM, or hides its tables. Nothing is known of it then, and the first
    statement reports what it misses.
    """
    if STUDY_TABLE not in tables:
        return FULL
    return Schema(
        tables=FEATURE_TABLES & tables.keys(),
        unreadable=frozenset(name for name, is_readable in tables.items() if not is_readable),
        missing_totals=frozenset(TOTAL_COLUMNS) - frozenset(study_columns),
    )
