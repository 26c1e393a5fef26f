"""How much each level of each field tells, learnt from the table itself without labels.

Fellegi and Sunter: a level weighs the logarithm of how much more often it occurs within one
human's records than between two humans'. The latter is counted on random pairs, the former is
found by expectation and maximisation on the candidate pairs.
"""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from crm.matching.columns import Columns
from crm.matching.compare import Levels, compare
from crm.matching.fields import TELLING, Kind, Level, Scheme

RANDOM_PAIRS = 25_000
ROUNDS = 40
# Before anything is learnt: one record in twenty is a second one, and no pair is likely one human.
DOUBLE_SHARE, MOST_LIKELY = 0.05, 0.05
# How much that guess weighs beside what is found.
PRIOR_DOUBLES = 0.05
# Fields where a value's share of the table says how much sharing it tells.
COUNTED = (Kind.NAME, Kind.WORDS)
# How many pairs the usual shares of a field count for: they lead in small tables.
PRIOR_PAIRS = 40.0
# Values that fewer records share are not remembered: they would tell who is in the table.
LEAST_SHARED = 10
COMMON_VALUES = 300
# In smaller tables no value is taken to be rarer than in one of this size.
SMALL = 1_000


@dataclass(frozen=True)
class Weights:
    """Shares of levels by field, within one human (`same`) and between two (`other`).

    `prior` is the share of pairs that are one human. `common` is the share of records that have a
    frequent value, by field; `rare` the typical share of any other value.
    """

    same: np.ndarray
    other: np.ndarray
    prior: float
    common: tuple[dict[str, float], ...]
    rare: tuple[float, ...]

    @property
    def table(self) -> np.ndarray:
        """The weight in bits of each level of each field; 0 for an unknown one."""
        told = np.log2(self.same / self.other)
        return np.hstack([told, np.zeros((len(told), 1))])

    def as_json(self) -> dict[str, Any]:
        """As plain values to store; `from_json` reads them."""
        return {
            "same": np.round(self.same, 8).tolist(),
            "other": np.round(self.other, 8).tolist(),
            "prior": self.prior,
            "common": [dict(each) for each in self.common],
            "rare": list(self.rare),
        }


def from_json(stored: dict[str, Any]) -> Weights:
    return Weights(
        same=np.array(stored["same"]),
        other=np.array(stored["other"]),
        prior=stored["prior"],
        common=tuple(stored["common"]),
        rare=tuple(stored["rare"]),
    )


def usual_weights(scheme: Scheme, size: int) -> Weights:
    """What is known before anything was learnt, for a table of this many records."""
    pairs = max(size * (size - 1) / 2, 1.0)
    fields = scheme.fields
    return Weights(
        same=np.array([field.usual for field in fields]),
        other=np.array([field.chance for field in fields]),
        prior=min(MOST_LIKELY, max(size, 2) * DOUBLE_SHARE / pairs),
        common=tuple({} for _field in fields),
        rare=tuple(field.chance[Level.SAME] for field in fields),
    )


def learn(
    scheme: Scheme, columns: Columns, left: np.ndarray, right: np.ndarray, levels: Levels
) -> Weights:
    """The weights of this table, from its candidate pairs and as many random ones."""
    size = len(columns[0].first)
    weights = replace(
        usual_weights(scheme, size),
        other=_between_two(scheme, columns, size),
        **_shares(columns, size),
    )
    usual = np.array([each.usual for each in scheme.fields])
    total = max(size * (size - 1) / 2, 1.0)
    counted = [
        np.stack([levels[:, at] == level for level in TELLING], axis=1).astype(np.float32)
        for at in range(len(scheme.fields))
    ]
    for _round in range(ROUNDS):
        belief = probability(plain_bits(weights, levels), weights.prior).astype(np.float32)
        seen = np.stack([belief @ column for column in counted]) + PRIOR_PAIRS * usual
        doubles = float(belief.sum()) + PRIOR_DOUBLES * max(size, 2) * DOUBLE_SHARE
        prior = min(doubles / (total + PRIOR_DOUBLES * total), MOST_LIKELY)
        settled = abs(prior - weights.prior) < 1e-4 * weights.prior
        weights = replace(weights, same=seen / seen.sum(axis=1, keepdims=True), prior=prior)
        if settled:
            break
    return weights


def _between_two(scheme: Scheme, columns: Columns, size: int) -> np.ndarray:
    """The shares of levels among random pairs, nearly all of which are two humans."""
    chance = np.random.default_rng(1)
    if size * (size - 1) // 2 <= RANDOM_PAIRS:
        one, other = np.triu_indices(size, 1)
    else:
        one = chance.integers(0, size, RANDOM_PAIRS)
        other = (one + chance.integers(1, size, RANDOM_PAIRS)) % size
    levels = compare(scheme, columns, one, other)
    seen = np.stack([(levels == level).sum(axis=0) for level in TELLING], axis=1).astype(float)
    # What never met by chance here may yet.
    seen += PRIOR_PAIRS * np.array([each.chance for each in scheme.fields])
    return seen / seen.sum(axis=1, keepdims=True)


def _shares(columns: Columns, size: int) -> dict[str, Any]:
    """How many of the records have a value: the frequent ones by name, the rest as one share."""
    common: list[dict[str, float]] = []
    rare: list[float] = []
    for column in columns:
        counts = column.counts
        most = np.argsort(-counts, kind="stable")[:COMMON_VALUES]
        named = most[counts[most] >= LEAST_SHARED]
        common.append({column.words[code]: float(counts[code] / size) for code in named.tolist()})
        rest = np.delete(counts, named).astype(float)
        typical = float((rest**2).sum() / rest.sum() / size) if len(rest) else 0.0
        rare.append(max(typical, 1 / max(size, SMALL)))
    return {"common": tuple(common), "rare": tuple(rare)}


def plain_bits(weights: Weights, levels: Levels) -> np.ndarray:
    """The weight of each pair by its levels alone."""
    told = weights.table
    bits = np.zeros(len(levels))
    for at in range(levels.shape[1]):
        bits += told[at, levels[:, at]]
    return bits


def bits_of(
    scheme: Scheme,
    columns: Columns,
    weights: Weights,
    left: np.ndarray,
    right: np.ndarray,
    levels: Levels,
) -> np.ndarray:
    """The weight of each pair, where sharing a rare value tells more than sharing a common one."""
    bits = plain_bits(weights, levels)
    for at, field in enumerate(scheme.fields):
        column, common = columns[at], weights.common[at]
        typical = float(weights.other[at, Level.SAME])
        by_rest = np.log2(typical / weights.rare[at]) if field.kind in COUNTED else 0.0
        told = np.full(len(column.words), by_rest)
        for code, word in enumerate(column.words):
            if word in common:
                told[code] = np.log2(typical / common[word])
        pairs = np.flatnonzero(levels[:, at] == Level.SAME)
        shared = column.first[left[pairs]]
        apart = np.flatnonzero(shared != column.first[right[pairs]])
        bits[pairs] += told[shared]
        for number in apart.tolist():
            pair = pairs[number]
            both = set(column.all_of(int(left[pair]))) & set(column.all_of(int(right[pair])))
            bits[pair] += max(told[code] for code in both) - told[shared[number]]
    return bits


def probability(bits: np.ndarray, prior: float) -> np.ndarray:
    """How likely a pair of this weight is one human."""
    needed = np.log2((1 - prior) / prior)
    return 1 / (1 + np.exp2(np.clip(needed - bits, -60, 60)))
