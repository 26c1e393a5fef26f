"""How alike two values are, for many pairs at once."""

import numpy as np
from rapidfuzz import process
from rapidfuzz.distance import OSA, JaroWinkler
from rapidfuzz.fuzz import token_set_ratio

from crm.matching.blocking import sorted_once
from crm.matching.columns import NONE, Column, Columns
from crm.matching.fields import Kind, Level, Scheme

# Shorter words are one letter from too many others.
SHORTEST_NEAR = 3
ALIKE_NAME, ALIKE_WORDS, ALIKE_TOKENS = 0.88, 0.86, 90.0

Levels = np.ndarray


def compare(scheme: Scheme, columns: Columns, left: np.ndarray, right: np.ndarray) -> Levels:
    """The level of every field (columns) for every pair (rows) of positions in the table."""
    levels = np.empty((len(left), len(scheme.fields)), dtype=np.int8)
    for at, field in enumerate(scheme.fields):
        levels[:, at] = _column(field.kind, columns[at], left, right)
    if scheme.swapped:
        _mark_swapped(scheme, columns, left, right, levels)
    for at, field in enumerate(scheme.fields):
        for name in field.told_by:
            levels[levels[:, scheme.names.index(name)] == Level.SAME, at] = Level.UNKNOWN
    return levels


def _column(kind: Kind, column: Column, left: np.ndarray, right: np.ndarray) -> np.ndarray:
    """The best level among all values of both sides."""
    a, b = column.first[left], column.first[right]
    levels = np.full(len(left), Level.UNKNOWN, dtype=np.int8)
    known = (a != NONE) & (b != NONE)
    levels[known] = _answers(kind, column.words, a[known], b[known])
    if column.more:
        several = np.isin(left, list(column.more)) | np.isin(right, list(column.more))
        asked = [
            (pair, one, other)
            for pair in np.flatnonzero(several & known).tolist()
            for one in column.all_of(int(left[pair]))
            for other in column.all_of(int(right[pair]))
        ]
        if asked:
            pairs, a, b = np.array(asked, dtype=np.int64).T
            np.minimum.at(levels, pairs, _answers(kind, column.words, a, b))
    return levels


def _answers(kind: Kind, words: list[str], a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """The level of each pair of values; equal questions are asked once."""
    levels = np.zeros(len(a), dtype=np.int8)
    differ = np.flatnonzero(a != b)
    if not len(differ):
        return levels
    low, high = np.minimum(a[differ], b[differ]), np.maximum(a[differ], b[differ])
    questions = low * len(words) + high
    asked = sorted_once(questions)
    ones = [words[code] for code in (asked // len(words)).tolist()]
    others = [words[code] for code in (asked % len(words)).tolist()]
    levels[differ] = COMPARED[kind](ones, others)[np.searchsorted(asked, questions)]
    return levels


def _names(ones: list[str], others: list[str]) -> np.ndarray:
    """One letter apart is near; an initial, a part of the name or a like sound is alike."""
    apart = process.cpdist(ones, others, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    close = process.cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float32)
    lengths = _shortest(ones, others)
    alike = (close >= ALIKE_NAME) | _parts(ones, others)
    near = (apart <= 1) & (lengths >= SHORTEST_NEAR)
    return np.select([near, alike], [Level.NEAR, Level.ALIKE], Level.OTHER)


def is_alike(one: str, other: str) -> bool:
    """Whether two names may be one: a slip of the pen, an initial, a part, a like sound."""
    return one == other or int(_names([one], [other])[0]) < Level.OTHER


def _words(ones: list[str], others: list[str]) -> np.ndarray:
    """Longer texts: a slip in a word is near; most words in common, in any order, is alike."""
    apart = process.cpdist(ones, others, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    close = process.cpdist(ones, others, scorer=JaroWinkler.similarity, dtype=np.float32)
    shared = process.cpdist(ones, others, scorer=token_set_ratio, dtype=np.float32)
    lengths = _shortest(ones, others)
    near = ((apart <= 1) & (lengths >= SHORTEST_NEAR)) | ((apart <= 2) & (lengths >= 8))
    alike = (close >= ALIKE_WORDS) | (shared >= ALIKE_TOKENS)
    return np.select([near, alike], [Level.NEAR, Level.ALIKE], Level.OTHER)


def _digits(ones: list[str], others: list[str]) -> np.ndarray:
    """One digit wrong, missing or changed places is near; the same digits in disorder alike."""
    apart = process.cpdist(ones, others, scorer=OSA.distance, score_cutoff=2, dtype=np.int32)
    mixed = np.fromiter(
        (sorted(one) == sorted(other) for one, other in zip(ones, others, strict=True)),
        dtype=bool,
        count=len(ones),
    )
    lengths = _shortest(ones, others)
    near = (apart <= 1) & (lengths >= SHORTEST_NEAR)
    alike = mixed | ((apart <= 2) & (lengths >= 6))
    return np.select([near, alike], [Level.NEAR, Level.ALIKE], Level.OTHER)


def _mails(ones: list[str], others: list[str]) -> np.ndarray:
    """A slip in an address is near; the same name at another provider says nothing, because it
    only repeats the name."""
    apart = process.cpdist(ones, others, scorer=OSA.distance, score_cutoff=1, dtype=np.int32)
    same_name = np.fromiter(
        (
            one.rpartition("@")[0] == other.rpartition("@")[0]
            for one, other in zip(ones, others, strict=True)
        ),
        dtype=bool,
        count=len(ones),
    )
    return np.select([apart <= 1, same_name], [Level.NEAR, Level.UNKNOWN], Level.OTHER)


def _codes(ones: list[str], others: list[str]) -> np.ndarray:
    """A country or a state is the same or another."""
    return np.full(len(ones), Level.OTHER, dtype=np.int8)


COMPARED = {
    Kind.NAME: _names,
    Kind.WORDS: _words,
    Kind.DIGITS: _digits,
    Kind.MAIL: _mails,
    Kind.CODE: _codes,
}


def _shortest(ones: list[str], others: list[str]) -> np.ndarray:
    return np.minimum(_lengths(ones), _lengths(others))


def _lengths(words: list[str]) -> np.ndarray:
    return np.fromiter(map(len, words), dtype=np.int32, count=len(words))


def _parts(ones: list[str], others: list[str]) -> np.ndarray:
    """Whether one name is a part of the other, or its initial: "j" and "john", "anna" and
    "anna maria"."""
    pairs = zip(ones, others, strict=True)
    return np.fromiter(
        (_is_part(one, other) or _is_part(other, one) for one, other in pairs),
        dtype=bool,
        count=len(ones),
    )


def _is_part(short: str, long: str) -> bool:
    if len(short) == 1:
        return long.startswith(short)
    return " " in long and f" {short} " in f" {long} "


def _mark_swapped(
    scheme: Scheme, columns: Columns, left: np.ndarray, right: np.ndarray, levels: Levels
) -> None:
    """Names in each other's place are alike in both fields."""
    assert scheme.swapped is not None, "asked for only then"
    first, second = (scheme.names.index(name) for name in scheme.swapped)
    codes = {word: code for code, word in enumerate(columns[first].words)}
    same = np.array(
        [*(codes.setdefault(word, len(codes)) for word in columns[second].words), NONE],
        dtype=np.int64,
    )
    one, two = columns[first].first, same[columns[second].first]
    crossed = (one[left] == two[right]) & (two[left] == one[right])
    crossed &= (one[left] != two[left]) & (one[left] != NONE) & (two[left] != NONE)
    for at in (first, second):
        levels[crossed, at] = Level.ALIKE
