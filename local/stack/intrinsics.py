"""Evaluate CloudFormation's intrinsic functions for a deployed stack.

Only the functions in the properties that the local stack reads are supported.
"""

from collections.abc import Mapping
from typing import Any

Json = dict[str, Any]

NO_VALUE = "AWS::NoValue"


class IntrinsicError(RuntimeError):
    """The function is not supported here."""


def resolve(value: Any, template: Json, values: Mapping[str, str]) -> Any:
    """Return the value with its references and functions replaced.

    `values` holds parameters and physical ids by logical name.
    """
    if isinstance(value, list):
        found = [resolve(item, template, values) for item in value]
        return [item for item in found if item is not None]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((name, argument),) = value.items()
        if name == "Ref":
            return None if argument == NO_VALUE else values[argument]
        if name == "Condition" and isinstance(argument, str):
            return _holds({name: argument}, template, values)
        if name.startswith("Fn::"):
            return _call(name, argument, template, values)
    found_items = {key: resolve(item, template, values) for key, item in value.items()}
    return {key: item for key, item in found_items.items() if item is not None}


def _call(name: str, argument: Any, template: Json, values: Mapping[str, str]) -> Any:
    if name == "Fn::If":
        condition, then, otherwise = argument
        chosen = then if _holds({"Condition": condition}, template, values) else otherwise
        return resolve(chosen, template, values)
    arguments = resolve(argument, template, values)
    if name == "Fn::FindInMap":
        table, first, second = arguments
        return template["Mappings"][table][first][second]
    if name == "Fn::Split":
        separator, text = arguments
        return text.split(separator)
    if name == "Fn::Join":
        separator, texts = arguments
        return separator.join(texts)
    raise IntrinsicError(f"The local stack does not support {name}.")


def _holds(condition: Any, template: Json, values: Mapping[str, str]) -> bool:
    ((name, argument),) = condition.items()
    if name == "Condition":
        return _holds(template["Conditions"][argument], template, values)
    if name == "Fn::Equals":
        first, second = resolve(argument, template, values)
        return bool(first == second)
    found = [_holds(each, template, values) for each in argument]
    match name:
        case "Fn::Not":
            return not found[0]
        case "Fn::And":
            return all(found)
        case "Fn::Or":
            return any(found)
    raise IntrinsicError(f"The local stack does not support {name}.")
