"""The process that reads one mail: `python -m crm.domain.inbox.child OPTIONS`, the mail on stdin.

It starts without Django, takes only so much memory and time, opens no network and starts no other
process. What it found goes to standard output: JSON, or the bytes of one attachment.
"""

import json
import sys

from crm.confinement import shut_in
from crm.domain.inbox.bounds import Bounds
from crm.domain.inbox.parsing import attachment_of, read_mail


def main() -> None:
    given = json.loads(sys.argv[1])
    bounds = Bounds(**given.get("bounds", {}))
    shut_in(memory_bytes=bounds.memory_bytes, seconds=bounds.seconds, may_write=False)
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
