"""Decide whether the rules of the template accept parameters, as CloudFormation does."""

from collections.abc import Mapping
from typing import Any


def accepts(rule: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Return whether a rule accepts these parameters."""
    if not evaluate(rule.get("RuleCondition", True), values):
        return True
    return all(evaluate(each["Assert"], values) for each in rule["Assertions"])


def evaluate(expression: Any, values: Mapping[str, Any]) -> Any:
    """Return the value of an expression with these parameters."""
    if not isinstance(expression, dict):
        return expression
    ((name, argument),) = expression.items()
    if name == "Ref":
        return values[argument]
    found = [evaluate(each, values) for each in argument]
    return {
        "Fn::Equals": lambda first, second: first == second,
        "Fn::Contains": lambda known, value: value in known,
        "Fn::EachMemberEquals": lambda members, value: all(each == value for each in members),
        "Fn::Not": lambda each: not each,
        "Fn::And": lambda *each: all(each),
        "Fn::Or": lambda *each: any(each),
    }[name](*found)
