"""Which records are worth comparing: those that share a key; never all with all."""

from collections.abc import Callable

import numpy as np

from crm.matching.fields import Key, Scheme, Table


def candidates(
    scheme: Scheme, table: Table, *, on_key: Callable[[int], None] = lambda count: None
) -> tuple[np.ndarray, np.ndarray]:
    """Positions of the records of each pair that shares a key, the lower first, each pair once.

    `on_key` hears how many keys are done.
    """
    size = max(len(table[scheme.names[0]]), 1)
    found = np.empty(0, dtype=np.int64)
    for number, key in enumerate(scheme.keys):
        found = sorted_once(np.concatenate([found, _pairs_within(_groups(key, table), size)]))
        on_key(number + 1)
    return found // size, found % size


def _groups(key: Key, table: Table) -> list[list[int]]:
    """Positions of the records that share a word, where they are few enough."""
    held: dict[str, list[int]] = {}
    for at, values in enumerate(zip(*(table[name] for name in key.fields), strict=True)):
        for word in key.words(*values):
            if word in held:
                held[word].append(at)
            else:
                held[word] = [at]
    return [group for group in held.values() if 1 < len(group) <= key.largest]


def _pairs_within(groups: list[list[int]], size: int) -> np.ndarray:
    """All pairs of each group as one number: lower position times size plus higher."""
    by_length: dict[int, list[list[int]]] = {}
    for group in groups:
        by_length.setdefault(len(group), []).append(group)
    parts = [np.empty(0, dtype=np.int64)]
    for length, alike in by_length.items():
        members = np.array(alike, dtype=np.int64)
        # Positions come in order, so the one before is the lower.
        one, other = np.triu_indices(length, 1)
        parts.append((members[:, one] * size + members[:, other]).ravel())
    pairs = np.concatenate(parts)
    # A record that has a word twice is no pair with itself.
    return pairs[pairs // size != pairs % size]


def sorted_once(numbers: np.ndarray) -> np.ndarray:
    """Each number once, in order; by sorting, which is faster here than `np.unique`."""
    numbers = np.sort(numbers)
    first = np.ones(len(numbers), dtype=bool)
    first[1:] = numbers[1:] != numbers[:-1]
    return numbers[first]
