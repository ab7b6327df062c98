"""CloudFormation's functions, as far as the local stack evaluates them."""

import pytest
from local.stack.intrinsics import IntrinsicError, resolve

TEMPLATE = {
    "Mappings": {"Days": {"30": {"Backstop": 37}}},
    "Conditions": {
        "HasKey": {"Fn::Not": [{"Fn::Equals": [{"Ref": "Key"}, ""]}]},
        "Both": {"Fn::And": [{"Condition": "HasKey"}, {"Fn::Equals": [{"Ref": "Days"}, "30"]}]},
        "Either": {"Fn::Or": [{"Condition": "HasKey"}, {"Fn::Equals": ["a", "a"]}]},
    },
}
VALUES = {"Key": "", "Days": "30", "Origins": "https://a,https://b", "Table": "table-1"}


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ("text", "text"),
        ({"Ref": "Table"}, "table-1"),
        ([{"Ref": "Table"}, {"Ref": "AWS::NoValue"}], ["table-1"]),
        ({"a": {"Ref": "AWS::NoValue"}, "b": 1}, {"b": 1}),
        ({"Fn::If": ["HasKey", "yes", "no"]}, "no"),
        ({"Fn::If": ["Both", "yes", {"Ref": "AWS::NoValue"}]}, None),
        ({"Fn::If": ["Either", {"Ref": "Table"}, "no"]}, "table-1"),
        ({"Fn::FindInMap": ["Days", {"Ref": "Days"}, "Backstop"]}, 37),
        ({"Fn::Split": [",", {"Ref": "Origins"}]}, ["https://a", "https://b"]),
        ({"Fn::Join": ["-", ["a", {"Ref": "Days"}]]}, "a-30"),
        ({"Condition": {"StringLike": {"x": "y"}}}, {"Condition": {"StringLike": {"x": "y"}}}),
    ],
)
def test_intrinsic_function_is_resolved(value, found):
    assert resolve(value, TEMPLATE, VALUES) == found


def test_condition_follows_its_parameter():
    keyed = {**VALUES, "Key": "arn"}
    assert resolve({"Fn::If": ["Both", "yes", "no"]}, TEMPLATE, keyed) == "yes"
    assert resolve({"Fn::If": ["Both", "yes", "no"]}, TEMPLATE, {**keyed, "Days": "7"}) == "no"


@pytest.mark.parametrize("value", [{"Fn::GetAtt": ["A", "B"]}, {"Fn::If": ["Odd", 1, 2]}])
def test_unknown_function_is_an_error(value):
    odd = {**TEMPLATE, "Conditions": {"Odd": {"Fn::Odd": []}}}
    with pytest.raises(IntrinsicError):
        resolve(value, odd, VALUES)
