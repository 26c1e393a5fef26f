"""From a table to the pairs that may be one human, the likeliest first."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from crm.matching.blocking import candidates
from crm.matching.columns import Columns, columns_of
from crm.matching.compare import Levels, compare
from crm.matching.fields import Level, Scheme, Table
from crm.matching.pairs import Pair
from crm.matching.weights import Weights, bits_of, learn, probability

# More likely one human than two.
LIKELY = 0.5
# How likely two of one name are one human at least, when nothing tells them apart.
NAMESAKES = 0.6


@dataclass(frozen=True)
class Found:
    pairs: list[Pair]
    weights: Weights
    compared: int


def find_pairs(
    scheme: Scheme,
    table: Table,
    *,
    at_least: float = LIKELY,
    on_progress: Callable[[int, int], None] = lambda done, total: None,
) -> Found:
    """All likely pairs of a table, with weights learnt from it.

    `on_progress` hears steps done and steps in all: one for each key and two more.
    """
    steps = len(scheme.keys) + 2
    left, right = candidates(scheme, table, on_key=lambda count: on_progress(count, steps))
    columns = columns_of(scheme, table)
    levels = compare(scheme, columns, left, right)
    on_progress(steps - 1, steps)
    weights = learn(scheme, columns, left, right, levels)
    pairs = _likely(scheme, columns, weights, left, right, levels, at_least)
    on_progress(steps, steps)
    return Found(pairs, weights, compared=len(left))


def weigh_pairs(
    scheme: Scheme,
    table: Table,
    weights: Weights,
    left: np.ndarray,
    right: np.ndarray,
    *,
    at_least: float = LIKELY,
) -> list[Pair]:
    """The likely ones among these pairs, with weights learnt before."""
    columns = columns_of(scheme, table)
    levels = compare(scheme, columns, left, right)
    return _likely(scheme, columns, weights, left, right, levels, at_least)


def weigh_first(scheme: Scheme, table: Table, weights: Weights) -> list[Pair]:
    """The first record of a table with each of the rest: the likely ones."""
    others = np.arange(1, len(table[scheme.names[0]]))
    return weigh_pairs(scheme, table, weights, np.zeros_like(others), others)


def _likely(
    scheme: Scheme,
    columns: Columns,
    weights: Weights,
    left: np.ndarray,
    right: np.ndarray,
    levels: Levels,
    at_least: float,
) -> list[Pair]:
    bits = bits_of(scheme, columns, weights, left, right, levels)
    chance = probability(bits, weights.prior)
    chance[_namesakes(scheme, levels) & (chance < NAMESAKES)] = NAMESAKES
    kept = np.flatnonzero(chance >= at_least)
    kept = kept[np.argsort(-bits[kept], kind="stable")]
    return [
        Pair(
            left=int(left[at]),
            right=int(right[at]),
            probability=float(chance[at]),
            bits=float(bits[at]),
            levels=dict(zip(scheme.names, map(Level, levels[at].tolist()), strict=True)),
        )
        for at in kept
    ]


def _namesakes(scheme: Scheme, levels: Levels) -> np.ndarray:
    """Which pairs have one name and nothing that tells them apart."""
    if scheme.namesake is None:
        return np.zeros(len(levels), dtype=bool)
    of = {name: levels[:, at] for at, name in enumerate(scheme.names)}
    same = {name: column == Level.SAME for name, column in of.items()}
    open_ = {name: same[name] | (column == Level.UNKNOWN) for name, column in of.items()}
    first, second = scheme.namesake.names
    place = scheme.namesake.place
    found = same[first] & (same[second] | (open_[second] & same[place])) & open_[place]
    for name in scheme.namesake.apart:
        found &= open_[name]
    return found
