"""What Lambda tells a handler of its invocation."""

from types import SimpleNamespace

CONTEXT = SimpleNamespace(
    function_name="function",
    memory_limit_in_mb=512,
    invoked_function_arn="arn:aws:lambda:eu-west-2:123456789012:function:function",
    aws_request_id="invocation",
    get_remaining_time_in_millis=lambda: 840_000,
)
