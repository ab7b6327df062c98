"""The schemas of a request: export types, their filters and orders, what each kind of filter takes."""

from collections.abc import Mapping

from doseexport import exports
from doseexport.access import PATIENT_GROUP
from doseexport.exports import Dataset, Spec
from doseexport.filters import (
    COUNT,
    DATE,
    DEFAULT_ORDER,
    HASHABLE,
    MAX_TEXT,
    NUMBER,
    TEST_PATIENTS,
    TEXT,
    Filter,
    Kind,
    Order,
)
from doseexport.request import OPENREM_ORDER
from local.openapi_schemas import FLAG, Json, make_object, refer

_VALUES: Mapping[Kind, str] = {
    TEXT: "TextValue",
    HASHABLE: "TextValue",
    NUMBER: "NumberValue",
    DATE: "DateValue",
    COUNT: "CountValue",
    TEST_PATIENTS: "TestPatientsValue",
}
_ABSENT = "Null or blank: as if not given."


def make_request_schemas() -> Json:
    """Return the schemas by their names."""
    return {**_make_requests(), **_make_values()}


def _make_requests() -> Json:
    """Return the request of each export type, and the filters and orders that a dataset's types share."""
    specs = exports.catalogue().values()
    addresses = {spec.type: refer(spec.type)["$ref"] for spec in specs}
    schemas: Json = {
        "ExportRequest": {
            "oneOf": [{"$ref": address} for address in addresses.values()],
            "discriminator": {"propertyName": "type", "mapping": addresses},
        }
    }
    for spec in specs:
        schemas[spec.type] = _make_request(spec)
        schemas[_filters_name(spec.dataset)] = _make_filters(spec.dataset)
        schemas[_order_name(spec.dataset)] = _make_order(spec.dataset)
    return schemas


def _filters_name(dataset: Dataset) -> str:
    return f"{dataset.name}-filters"


def _order_name(dataset: Dataset) -> str:
    return f"{dataset.name}-order"


def _make_request(spec: Spec) -> Json:
    wish = f"Members of {PATIENT_GROUP} only."
    properties = {
        "type": {"const": spec.type},
        "filters": refer(_filters_name(spec.dataset)),
        "order": refer(_order_name(spec.dataset)),
        "names": FLAG | {"default": False, "description": f"Patients' names in the file. {wish}"},
        "ids": FLAG | {"default": False, "description": f"Patients' IDs in the file. {wish}"},
    }
    optional = ("filters", "order", "names", "ids")
    return make_object(properties, *optional, description=spec.help, **{"x-format": spec.format})


def _make_filters(dataset: Dataset) -> Json:
    properties: Json = {}
    for each in dataset.filters:
        properties[each.name] = _make_filter(each)
        for alias in each.aliases:
            properties[alias] = refer(_VALUES[each.kind]) | {"description": f"Another name of {each.name}."}
    order = {"description": "The order, as OpenREM's addresses carry it."}
    properties[OPENREM_ORDER] = refer(_order_name(dataset)) | order
    closed = make_object(properties, *properties, description="All have to hold.")
    return closed | {"type": ["object", "null"]}


def _make_filter(known: Filter) -> Json:
    words = known.help + (f", in {known.unit}" if known.unit else "")
    schema = refer(_VALUES[known.kind]) | {"description": words, "x-kind": known.kind.name}
    if known.unit:
        schema["x-unit"] = known.unit
    if known.aliases:
        schema["x-aliases"] = list(known.aliases)
    if known.pid:
        schema["x-needs-group"] = PATIENT_GROUP
    return schema


def _make_order(dataset: Dataset) -> Json:
    named = [schema for order in dataset.orders for schema in _name_order(order)]
    absent = {"enum": ["", None], "description": "The default."}
    return {"oneOf": [*named, absent], "default": DEFAULT_ORDER}


def _name_order(order: Order) -> list[Json]:
    others = [{"const": name, "description": f"Another name of {order.name}."} for name in order.aliases]
    return [{"const": order.name, "description": order.help}, *others]


def _make_values() -> Json:
    """Return what each kind of filter takes; filters.py reads them, tests compare the two."""
    number = r"^\s*([+-]?([0-9]{1,16}(\.[0-9]{0,16})?|\.[0-9]{1,16}))?\s*$"
    most = 10**16
    return {
        "TextValue": {
            "type": ["string", "number", "null"],
            "maxLength": MAX_TEXT,
            "pattern": r"^[^\u0000]*$",
            "description": f"Capitals do not matter; %, _ and \\ mean themselves. {_ABSENT}",
        },
        "NumberValue": {
            "type": ["string", "number", "null"],
            "pattern": number,
            "exclusiveMinimum": -most,
            "exclusiveMaximum": most,
            "description": f"A plain number such as 12 or 12.5. {_ABSENT}",
        },
        "DateValue": {
            "type": ["string", "null"],
            "pattern": r"^\s*([0-9]{4}-[0-9]{2}-[0-9]{2})?\s*$",
            "description": f"YYYY-MM-DD. {_ABSENT}",
        },
        "CountValue": {
            "type": ["string", "integer", "null"],
            "pattern": r"^\s*(0*([0-9]|10)|some|more)?\s*$",
            "minimum": 0,
            "maximum": 10,
            "description": f"0 to 10, some (more than 0) or more (more than 10). {_ABSENT}",
        },
        "TestPatientsValue": {
            "enum": ["include", "exclude", "2", 2, "", None],
            "description": f"2 is OpenREM's word for exclude. {_ABSENT}",
        },
    }
