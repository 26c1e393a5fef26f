"""Duplicates in FEBRL 1 to 4, found without labels and without the national id."""

import pytest

from crm.matching.search import find_pairs
from tests.support.febrl import FEBRL, FILES, rows, table, true_pairs

LEAST_F1, LEAST_PRECISION = 0.98, 0.995


@pytest.mark.parametrize("name", FILES)
def test_duplicates_are_found_and_hardly_anybody_else(name):
    records = rows(name)
    truth = true_pairs(records)

    found = {(pair.left, pair.right) for pair in find_pairs(FEBRL, table(records)).pairs}

    right = len(found & truth)
    precision, recall = right / len(found), right / len(truth)
    assert precision >= LEAST_PRECISION
    assert 2 * precision * recall / (precision + recall) >= LEAST_F1


def test_files_are_whole():
    sizes = {name: (len(rows(name)), len(true_pairs(rows(name)))) for name in FILES}
    assert sizes == {
        "febrl1": (1000, 500),
        "febrl2": (5000, 1934),
        "febrl3": (5000, 6538),
        "febrl4": (10000, 5000),
    }
