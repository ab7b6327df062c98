"""Build the schemas of export requests: each export type with its filters, orders and options."""

import re

from doseexport import catalogue
from doseexport.catalogue import ID, NAME, Spec
from doseexport.catalogue.filters import DEFAULT_ORDER, Filter, Order
from doseexport.domain.export_name import FORBIDDEN, MAX_EXPORT_NAME
from doseexport.domain.request import OPENREM_ORDER
from doseexport.domain.rights import PATIENT_GROUP
from local.openapi.schemas import FLAG as BOOLEAN
from local.openapi.schemas import RETENTION_DAYS, Json, make_object, refer
from local.openapi.values import make_values, refer_to_value

REQUESTED_RETENTION: Json = {
    **RETENTION_DAYS,
    "type": ["integer", "null"],
    "description": "Days to retain the file, at most `retention_days.max` of GET /export-types. "
    "Null means `retention_days.default`.",
}
SEND_MAIL: Json = BOOLEAN | {
    "default": False,
    "description": "Mail the owner when the export ends, to the address that Cognito has verified. "
    "Only if `can_send_mail` of GET /export-types holds.",
}
EXPORT_NAME: Json = {
    "type": ["string", "null"],
    "maxLength": MAX_EXPORT_NAME,
    "pattern": f"^[^{re.escape(FORBIDDEN)}]*$",
    "description": "A name for the export, which its file name begins with. Never patient data.",
}


def make_request_schemas() -> Json:
    """Return the schemas by name."""
    return {**_make_requests(), **make_values()}


def _make_requests() -> Json:
    """Return a request schema per export type, and the filters and orders that a modality's types share."""
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
    """Return the name of the filters schema, which types share unless they have filters of their own."""
    is_own = spec.own_filters or spec.default_filters or not spec.is_ordered
    return f"{spec.type if is_own else spec.modality.name}-filters"


def _order_name(spec: Spec) -> str:
    """Return the name of the orders schema, which types share unless they have no choice of order."""
    return f"{spec.modality.name if spec.is_ordered else spec.type}-order"


def _make_request(spec: Spec) -> Json:
    properties = {
        "type": {"const": spec.type},
        "filters": refer(_filters_name(spec)),
        "order": refer(_order_name(spec)),
        "options": _make_options(spec),
        "include_names": _make_inclusion(spec, NAME, "Include patients' names in the file."),
        "include_ids": _make_inclusion(spec, ID, "Include patients' IDs in the file."),
        "retention_days": REQUESTED_RETENTION,
        "send_mail": SEND_MAIL,
        "name": EXPORT_NAME,
    }
    optional = [name for name in properties if name != "type" and not (name == "filters" and spec.needs)]
    return make_object(properties, *optional, description=spec.help, **{"x-format": spec.format})


def _make_inclusion(spec: Spec, inclusion: str, description: str) -> Json:
    if not spec.can_include(inclusion):
        return {"const": False, "description": "Files of this type never identify patients."}
    return BOOLEAN | {"default": False, "description": f"{description} Members of {PATIENT_GROUP} only."}


def _make_options(spec: Spec) -> Json:
    properties = {
        each.name: refer_to_value(each.value_type) | {"description": each.help, "default": each.default}
        for each in spec.options
    }
    return make_object(properties, *properties) | {"type": ["object", "null"]}


def _make_filters(spec: Spec) -> Json:
    properties: Json = {}
    for each in spec.filters:
        properties[each.name] = _make_filter(each)
        if each.name in spec.default_filters:
            properties[each.name]["default"] = spec.default_filters[each.name]
        for alias in each.aliases:
            properties[alias] = refer_to_value(each.value_type) | {"description": f"An alias of {each.name}."}
    order = {"description": "The order, under the name that OpenREM's URLs use."}
    properties[OPENREM_ORDER] = refer(_order_name(spec)) | order
    closed = make_object(properties, *properties, description="A study must match all filters.")
    if spec.needs:
        given = {"anyOf": [{"type": "integer"}, {"type": "string", "pattern": r"\S"}]}
        return closed | {"anyOf": [{"required": [name], "properties": {name: given}} for name in spec.needs]}
    return closed | {"type": ["object", "null"]}


def _make_filter(known: Filter) -> Json:
    description = known.help + (f", in {known.unit}" if known.unit else "")
    schema = refer_to_value(known.value_type) | {
        "description": description,
        "x-value-type": known.value_type.name,
    }
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
    others = [{"const": name, "description": f"An alias of {order.name}."} for name in order.aliases]
    return [{"const": order.name, "description": order.help}, *others]
