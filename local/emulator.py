"""MiniStack, the AWS emulator, in a process of its own that ends with the process which started it."""

import os
import signal
import sys
import threading

from local import scheduler


def main() -> None:
    """Serve on GATEWAY_PORT; argv names the program that stands in for Lambda's Python."""
    threading.Thread(target=_end_with_parent, daemon=True).start()
    # MiniStack starts Python functions with its own interpreter: this is where it looks that up.
    sys.executable = sys.argv.pop(1)
    # It reads its settings while it is imported.
    from ministack.app import main as serve  # type: ignore[import-untyped]  # noqa: PLC0415

    scheduler.install()
    serve()


def _end_with_parent() -> None:
    # The parent holds the other end of stdin and never writes. However it ends, a kill included, this read
    # returns, and the whole process group goes: MiniStack and every function it runs.
    sys.stdin.buffer.read()
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    main()
