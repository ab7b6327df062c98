"""Moto for thousands of tests: one call at a time, and nothing copied or computed that no test can see."""

import copy
import threading
from collections.abc import Callable
from functools import cache, wraps
from types import SimpleNamespace
from typing import Any

from moto.cognitoidp import models as cognito_models
from moto.core import responses as moto_responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.serialize import ResponseSerializer
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.table import Table

VALUE_TYPES = {"S", "N", "B", "SS", "NS", "BS", "M", "L", "BOOL", "NULL"}


def install() -> None:
    """Change moto in this process."""
    moto_responses.method_names_from_class = cache(moto_responses.method_names_from_class)
    ResponseSerializer.get_value = _get_value_directly(ResponseSerializer.get_value)
    BotocoreStubber.__call__ = _take_turns(BotocoreStubber.__call__)
    Table.__deepcopy__ = _copy_table
    DynamoDBBackend.update_item = _update_copy(DynamoDBBackend.update_item)
    # A user pool checks its key for 0.2 s, to sign tokens with it. No test asks moto for a token.
    cognito_models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _file: None))


def _take_turns(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let moto answer one call at a time: its rows are not made for two threads, DynamoDB's are."""
    turn = threading.RLock()

    @wraps(answer)
    def answer_in_turn(*call: Any, **event: Any) -> Any:
        with turn:
            return answer(*call, **event)

    return answer_in_turn


def _copy_table(table: Table, _memo: dict[int, Any]) -> Table:
    """Copy what moto restores when it refuses a transaction. The copy shares the rows, which never change."""
    made = copy.copy(table)
    made.items = copy.copy(table.items)
    if table.has_range_key:
        made.items.update({key: copy.copy(rows) for key, rows in table.items.items()})
    return made


def _update_copy(update_item: Callable[..., Any]) -> Callable[..., Any]:
    """Update a copy of a row in place of the row, because copies of the table share it."""

    @wraps(update_item)
    def update(
        backend: DynamoDBBackend, table_name: str, key: dict[str, Any], *rest: Any, **more: Any
    ) -> Any:
        table = backend.get_table(table_name)
        row = backend.get_item(table_name, key)
        if row is not None:
            rows = table.items[row.hash_key] if table.has_range_key else table.items
            rows[row.range_key if table.has_range_key else row.hash_key] = copy.deepcopy(row)
        return update_item(backend, table_name, key, *rest, **more)

    return update


def _get_value_directly(get_value: Callable[..., Any]) -> Callable[..., Any]:
    """Find the value of an attribute of DynamoDB, such as {"S": "x"}, by its type and by no other names."""

    @wraps(get_value)
    def get(serializer: ResponseSerializer, value: Any, key: str, shape: Any) -> Any:
        if isinstance(value, dict) and key in VALUE_TYPES:
            return value.get(key)
        return get_value(serializer, value, key, shape)

    return get
