"""The schemas of a request: export types, their filters and orders, what each kind of filter takes."""

from doseexport import catalogue
from doseexport.catalogue import ID, NAME, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.domain.request import OPENREM_ORDER
from doseexport.domain.rights import PATIENT_GROUP
from local.openapi_schemas import FLAG as BOOLEAN
from local.openapi_schemas import KEEP_DAYS, Json, make_object, refer
from local.openapi_values import VALUES, make_values

_KEPT = "Days to keep the file; at most `retention_days.max` of GET /export-types. Null: the default there."


def make_request_schemas() -> Json:
    """Return the schemas by their names."""
    return {**_make_requests(), **make_values()}


def _make_requests() -> Json:
    """Return the request of each export type, and the filters and orders that a modality's types share."""
    specs = catalogue.load_specs().values()
    addresses = {spec.type: refer(spec.type)["$ref"] for spec in specs}
    schemas: Json = {
        "ExportRequest": {
            "oneOf": [{"$ref": address} for address in addresses.values()],
            "discriminator": {"propertyName": "type", "mapping": addresses},
        }
    }
    for spec in specs:
        schemas[spec.type] = _make_request(spec)
        schemas[_filters_name(spec)] = _make_filters(spec)
        schemas[_order_name(spec)] = _make_order(spec)
    return schemas


def _filters_name(spec: Spec) -> str:
    """Types share their modality's filters, unless they have some of their own."""
    return f"{spec.type if spec.own_filters else spec.modality.name}-filters"


def _order_name(spec: Spec) -> str:
    return f"{spec.modality.name}-order"


def _make_request(spec: Spec) -> Json:
    properties = {
        "type": {"const": spec.type},
        "filters": refer(_filters_name(spec)),
        "order": refer(_order_name(spec)),
        "options": _make_options(spec),
        "include_names": _make_wish(spec, NAME, "Patients' names in the file."),
        "include_ids": _make_wish(spec, ID, "Patients' IDs in the file."),
        "retention_days": KEEP_DAYS | {"type": ["integer", "null"], "description": _KEPT},
    }
    optional = [name for name in properties if name != "type" and not (name == "filters" and spec.needs)]
    return make_object(properties, *optional, description=spec.help, **{"x-format": spec.format})


def _make_wish(spec: Spec, wish: str, words: str) -> Json:
    if not spec.can_include(wish):
        return {"const": False, "description": "ExportBucket of this type never name patients."}
    return BOOLEAN | {"default": False, "description": f"{words} Members of {PATIENT_GROUP} only."}


def _make_options(spec: Spec) -> Json:
    properties = {
        each.name: refer(VALUES[each.value_type]) | {"description": each.help, "default": each.default}
        for each in spec.options
    }
    return make_object(properties, *properties) | {"type": ["object", "null"]}


def _make_filters(spec: Spec) -> Json:
    properties: Json = {}
    for each in spec.filters:
        properties[each.name] = _make_filter(each)
        for alias in each.aliases:
            properties[alias] = refer(VALUES[each.value_type]) | {
                "description": f"Another name of {each.name}."
            }
    order = {"description": "The order, as OpenREM's addresses carry it."}
    properties[OPENREM_ORDER] = refer(_order_name(spec)) | order
    closed = make_object(properties, *properties, description="All have to hold.")
    if spec.needs:
        given = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"\S"}]}
        return closed | {"anyOf": [{"required": [name], "properties": {name: given}} for name in spec.needs]}
    return closed | {"type": ["object", "null"]}


def _make_filter(known: Filter) -> Json:
    words = known.help + (f", in {known.unit}" if known.unit else "")
    schema = refer(VALUES[known.value_type]) | {"description": words, "x-value-type": known.value_type.name}
    if known.unit:
        schema["x-unit"] = known.unit
    if known.aliases:
        schema["x-aliases"] = list(known.aliases)
    if known.pid:
        schema["x-needs-group"] = PATIENT_GROUP
    return schema


def _make_order(spec: Spec) -> Json:
    named = [schema for order in spec.orders for schema in _name_order(order)]
    absent = {"enum": ["", None], "description": "The default."}
    return {"oneOf": [*named, absent], "default": DEFAULT_ORDER}


def _name_order(order: Order) -> list[Json]:
    others = [{"const": name, "description": f"Another name of {order.name}."} for name in order.aliases]
    return [{"const": order.name, "description": order.help}, *others]
