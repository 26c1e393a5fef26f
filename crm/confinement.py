"""Shuts in a process that reads what strangers wrote. Nothing of Django."""

import os
import resource
import sys
from typing import Any

FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def shut_in(*, memory_bytes: int, seconds: int, may_write: bool) -> None:
    """Give up memory, time, the network, other processes and perhaps writing files, for good.

    What is refused afterwards raises PermissionError; `seconds` are of CPU.
    """
    resource.setrlimit(resource.RLIMIT_AS, (memory_bytes, memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def refuse(event: str, arguments: Any) -> None:
        # Reading is left: Python loads its character sets when a text names them.
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if event.startswith(FORBIDDEN) or (writes and not may_write):
            raise PermissionError(event)

    sys.addaudithook(refuse)
