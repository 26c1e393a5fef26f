"""The process that reads one mail: `python -m crm.domain.inbox.child OPTIONS`, the mail on stdin.

It starts without Django, takes only so much memory and time, opens no network and starts no other
process. What it found goes to standard output: JSON, or the bytes of one attachment.
"""

import json
import os
import resource
import sys
from typing import Any

from crm.domain.inbox.bounds import Bounds
from crm.domain.inbox.parsing import attachment_of, read_mail

FORBIDDEN = ("socket.", "subprocess.", "os.exec", "os.fork", "os.posix_spawn", "os.system")
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


def _shut_in(bounds: Bounds) -> None:
    """Give up memory, time, writing, the network and other processes, for good."""
    resource.setrlimit(resource.RLIMIT_AS, (bounds.memory_bytes, bounds.memory_bytes))
    resource.setrlimit(resource.RLIMIT_CPU, (bounds.seconds, bounds.seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    def refuse(event: str, arguments: Any) -> None:
        # Reading is left: Python loads its character sets when a mail names them.
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITES
        if writes or event.startswith(FORBIDDEN):
            raise PermissionError(event)

    sys.addaudithook(refuse)


def main() -> None:
    given = json.loads(sys.argv[1])
    bounds = Bounds(**given.get("bounds", {}))
    _shut_in(bounds)
    raw = sys.stdin.buffer.read(bounds.mail_bytes + 1)
    if given.get("attachment") is not None:
        found = attachment_of(raw, given["attachment"], bounds)
        if found is None:
            sys.exit(3)
        sys.stdout.buffer.write(found)
        return
    told = read_mail(raw, bounds, headers_only=given.get("headers_only", False))
    json.dump(told, sys.stdout, ensure_ascii=True)


if __name__ == "__main__":
    main()
