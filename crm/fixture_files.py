"""Reads the files of `fixtures/`, whose columns `fixtures/README.md` describes."""

import csv
import gzip
import json
from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

from django.conf import settings

FOLDER = Path(settings.BASE_DIR) / "fixtures"
YES_NO = {"Y": True, "N": False, "?": None}


def rows(name: str) -> Iterator[dict[str, str]]:
    """The rows of a CSV file (plain or .gz) by column name."""
    path = FOLDER / name
    opener = gzip.open if path.suffix == ".gz" else open
    with opener(path, "rt", encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def document(name: str) -> Any:
    """The content of a JSON file."""
    return json.loads((FOLDER / name).read_text(encoding="utf-8"))


def mail_templates() -> Iterator[tuple[str, str, dict[str, str]]]:
    """Every checked wording as (language, key, {"subject", "body"}), a file for each language."""
    for path in sorted((FOLDER / "mail_templates").glob("??.json")):
        for key, words in json.loads(path.read_text(encoding="utf-8")).items():
            yield path.stem, key, words


def moment(text: str | None) -> datetime | None:
    """An ISO moment with its offset; None for an empty cell."""
    return datetime.fromisoformat(text) if text else None


def day(text: str | None) -> date | None:
    """An ISO day; None for an empty cell."""
    return date.fromisoformat(text) if text else None


def parts(text: str | None, mark: str = "|") -> list[str]:
    """The pieces of a cell that holds a list."""
    return [piece for piece in (text or "").split(mark) if piece]
