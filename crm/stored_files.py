"""Files in a folder of ours that no row of a table knows of."""

from collections.abc import Container
from pathlib import Path


def forget_unknown(folder: Path, known: Container[str], *, before: float, named: str = "*") -> None:
    """Remove files called like `named` that are not `known` and were last written to `before`.

    `before` is a moment in real time, seconds since 1970: whatever is being written is younger.
    What another process removes meanwhile is passed over.
    """
    for path in folder.glob(named):
        try:
            if path.name not in known and path.stat().st_mtime < before:
                path.unlink()
        except FileNotFoundError:
            continue
