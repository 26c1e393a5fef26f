"""Writing a finished document: whole, or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write `content` to `path` so that nobody ever sees half of it.

    A full disk or a missing folder raises OSError and leaves what was there before. The file may
    hold personal data, so only its owner may read it, whatever the umask.
    """
    if path.is_dir():
        raise IsADirectoryError(21, "it is a folder", str(path))
    handle, draft = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name[:40]}-")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(draft, 0o600)
        os.replace(draft, path)
    except BaseException:
        Path(draft).unlink(missing_ok=True)
        raise
