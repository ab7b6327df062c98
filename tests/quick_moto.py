"""Moto for thousands of tests: one call at a time, and nothing copied or computed that no test can see.

A request for rows of DynamoDB reaches moto's own code without HTTP. Every other request is made and parsed.
"""

import copy
import json
import re
import threading
from collections.abc import Callable
from functools import cache, lru_cache, wraps
from types import SimpleNamespace
from typing import Any

from boto3.session import Session
from botocore import xform_name
from botocore.parsers import create_parser
from botocore.signers import RequestSigner
from botocore.useragent import UserAgentString
from moto import backend_index
from moto.backends import get_backend
from moto.cognitoidp import models as cognito_models
from moto.core import DEFAULT_ACCOUNT_ID
from moto.core import models as moto_models
from moto.core import responses as moto_responses
from moto.core.botocore_stubber import BotocoreStubber
from moto.core.exceptions import HTTPException, JsonRESTError
from moto.core.request import normalize_request
from moto.dynamodb.comparisons import ConditionExpressionParser
from moto.dynamodb.exceptions import ItemSizeTooLarge
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType, Item, LimitedSizeDict
from moto.dynamodb.models.table import Table
from moto.dynamodb.parsing.ast_nodes import DepthFirstTraverser, Node
from moto.dynamodb.parsing.expressions import UpdateExpressionParser
from moto.dynamodb.parsing.validators import (
    ActionCountValidator,
    ExpressionAttributeResolvingProcessor,
    OverlappingPathsValidator,
)
from moto.dynamodb.responses import DynamoHandler

ITEM_BYTES = 405_000
TURN = threading.RLock()
ROW_REQUESTS = (
    *("GetItem", "BatchGetItem", "Query", "Scan"),
    "CreateTable",
    *("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"),
)


def install() -> None:
    """Change moto in this process."""
    moto_responses.method_names_from_class = cache(moto_responses.method_names_from_class)
    moto_models.RESPONSES_METHODS = []  # 1,300 patterns of addresses, for callers other than botocore
    BotocoreStubber.process_request = _process_request
    BotocoreStubber.__call__ = _take_turns(BotocoreStubber.__call__)
    UserAgentString.to_string = cache(UserAgentString.to_string)
    RequestSigner.handler = _sign_briefly(RequestSigner.handler)
    Table.__deepcopy__ = _copy_table
    DynamoDBBackend.update_item = _update_copy(DynamoDBBackend.update_item)
    Item.project = _project_directly(Item.project)
    Item.__init__ = _init_item
    UpdateExpressionParser.make = cache(UpdateExpressionParser.make)
    ConditionExpressionParser._lex_one_node = _lex_once(ConditionExpressionParser._lex_one_node)  # noqa: SLF001
    DepthFirstTraverser.traverse = _traverse
    Node.__deepcopy__ = _copy_node
    # A user pool checks its key for 0.2 s, to sign tokens with it. No test asks moto for a token.
    cognito_models.jwk = SimpleNamespace(RSAKey=SimpleNamespace(import_key=lambda _file: None))


def make_session() -> Session:
    """Return a session whose clients ask moto for rows directly."""
    session = Session()
    for name in ROW_REQUESTS:
        session.events.register(f"before-call.dynamodb.{name}", _answer)
    return session


def _answer(model: Any, params: dict[str, Any], context: dict[str, Any], **_: Any) -> Any:
    """Return moto's answer to a request that botocore has checked and written."""
    if not moto_models.botocore_stubber.enabled:
        return None
    handler = DynamoHandler()
    handler.current_account, handler.region = DEFAULT_ACCOUNT_ID, context["client_region"]
    handler.body = json.loads(params["body"])
    try:
        with TURN:
            answer = getattr(handler, xform_name(model.name))().result
    except JsonRESTError as error:
        return SimpleNamespace(status_code=error.code), _parse_error(error, model)
    return SimpleNamespace(status_code=200), answer


def _parse_error(error: JsonRESTError, model: Any) -> dict[str, Any]:
    """Return an error as botocore reads it: its code, and what an error of that code has besides."""
    failed = {"status_code": error.code, "headers": {}, "body": error.description.encode()}
    parser = create_parser("json")
    parsed = parser.parse(failed, model.output_shape)
    shape = model.service_model.shape_for_error_code(parsed["Error"]["Code"])
    return parsed | (parser.parse(failed, shape) if shape else {})


def _sign_briefly(sign: Callable[..., Any]) -> Callable[..., Any]:
    """Sign a request to moto without its signature, of which moto reads no more than the region.

    Those to S3 are signed in full: the signature also says how the body was written.
    """

    @wraps(sign)
    def sign_briefly(signer: RequestSigner, operation_name: str, request: Any, **options: Any) -> None:
        if signer.signing_name == "s3" or not moto_models.botocore_stubber.enabled:
            sign(signer, operation_name=operation_name, request=request, **options)
        else:
            scope = f"testing/20261123/{signer.region_name}/any/aws4_request"
            request.headers["Authorization"] = f"AWS4-HMAC-SHA256 Credential={scope}"

    return sign_briefly


def _process_request(_stubber: BotocoreStubber, request: Any) -> tuple[int, Any, Any]:
    """Answer a request, as moto does after a look at the addresses of all its services."""
    read = normalize_request(request)
    try:
        return _find_method(request.url.partition("?")[0])(read, read.raw_url, read.headers)
    except HTTPException as error:
        return error.code, error.get_headers(), error.get_body()


@lru_cache(maxsize=10_000)
def _find_method(url: str) -> Callable[..., Any]:
    service = next(name for name, pattern in backend_index.backend_url_patterns if pattern.match(url))
    regions = get_backend(service)[DEFAULT_ACCOUNT_ID]
    backend = regions["us-east-1" if "us-east-1" in regions else "aws"]
    return next(method for pattern, method in backend.urls.items() if re.match(pattern, url))


def _take_turns(answer: Callable[..., Any]) -> Callable[..., Any]:
    """Let moto answer one call at a time: its rows are not made for two threads, DynamoDB's are."""

    @wraps(answer)
    def answer_in_turn(*call: Any, **event: Any) -> Any:
        with TURN:
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


def _init_item(item: Item, hash_key: DynamoType, range_key: DynamoType | None, attrs: dict[str, Any]) -> None:
    """Add up the size of a row once, and not again for each of its values."""
    item.hash_key, item.range_key, item.attrs = hash_key, range_key, LimitedSizeDict()
    dict.update(item.attrs, {name: DynamoType(value) for name, value in attrs.items()})
    if item.size() > ITEM_BYTES:
        raise ItemSizeTooLarge


def _project_directly(project: Callable[..., Any]) -> Callable[..., Any]:
    """Take whole attributes of a row as they are. Moto translates the row twice for each of them."""

    @wraps(project)
    def project_item(item: Item, paths: list[list[str]]) -> Item:
        names = [path[0] for path in paths]
        if any(len(path) > 1 or "[" in path[0] for path in paths):
            return project(item, paths)
        made = copy.copy(item)
        made.attrs = LimitedSizeDict()
        dict.update(made.attrs, {name: item.attrs[name] for name in names if name in item.attrs})
        return made

    return project_item


def _lex_once(lex: Callable[..., Any]) -> Callable[..., Any]:
    """Remember the first word of each text: the expressions are few."""
    lex_text = cache(lambda text: lex(ConditionExpressionParser, text))
    return lambda _parser, text: lex_text(text)


def _traverse(traverser: DepthFirstTraverser, root: Node) -> Node:
    """Process the nodes of an expression, children first, as moto does with many more look-ups of classes."""
    if isinstance(traverser, OF_THE_WHOLE):
        traverser.process(root)
        return root
    processors = traverser._processing_map()  # noqa: SLF001
    wanted = CLASSES[tuple(processors)]
    prepares = isinstance(traverser, ExpressionAttributeResolvingProcessor)

    def visit(node: Node, position: int = -1) -> Node:
        parent = node.parent
        for number, child in enumerate(node.children or ()):
            if prepares:
                traverser.pre_processing_of_child(node, number)
            if NODES[type(child)]:
                visit(child, number)
        found = wanted[type(node)]
        if found:
            node = processors[found](node)
            node.parent = parent
            if parent:
                parent.children[position] = node
        return node

    return visit(root)


class _FirstClasses(dict[type, type | None]):
    """Class → the first of some classes of which it is a subclass, or None. Asked once for each class."""

    def __init__(self, classes: tuple[type, ...]) -> None:
        super().__init__()
        self._classes = classes

    def __missing__(self, kind: type) -> type | None:
        self[kind] = next((each for each in self._classes if issubclass(kind, each)), None)
        return self[kind]


class _ClassesByProcessor(dict[tuple[type, ...], _FirstClasses]):
    def __missing__(self, classes: tuple[type, ...]) -> _FirstClasses:
        self[classes] = _FirstClasses(classes)
        return self[classes]


CLASSES = _ClassesByProcessor()
NODES = CLASSES[Node,]
"""Class → Node if it is a node of an expression."""
OF_THE_WHOLE = (ActionCountValidator, OverlappingPathsValidator)
"""What these look for in a part of an expression, they find in the whole also."""


def _copy_node(node: Node, memo: dict[int, Any]) -> Node:
    """Copy a parsed expression. Whatever in it is no node never changes."""
    made = copy.copy(node)
    if node.children is not None:
        made.children = [_copy_node(child, memo) if NODES[type(child)] else child for child in node.children]
        for child in made.children:
            if NODES[type(child)]:
                child.parent = made
    return made
