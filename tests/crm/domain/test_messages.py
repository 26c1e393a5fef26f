"""Templates are filled from a closed list of plain names and from nothing else."""

import pytest
from django.core.exceptions import ValidationError

from crm.domain.messages import fill, find_gaps

VALUES = {"name": "Ann {reference} {0}", "reference": "R30", "request": object()}


@pytest.mark.parametrize(
    "template",
    [
        "{request.__class__}",
        "{request.__init__.__globals__}",
        "{name.__class__.__mro__[1]}",
        "{name[0]}",
        "{0.__class__}",
        "{settings.SECRET_KEY}",
        "{}",
        "{unknown}",
    ],
)
def test_a_placeholder_reaches_no_attribute_and_no_index(template):
    with pytest.raises(ValidationError, match="has no value"):
        fill(template, VALUES)


def test_a_value_is_never_read_as_a_template():
    assert fill("Hello {name}, {reference}.", VALUES) == "Hello Ann {reference} {0}, R30."


def test_a_lonely_brace_is_told_in_a_sentence():
    with pytest.raises(ValidationError, match="brace without its partner"):
        fill("Hello {name", VALUES)


def test_what_is_not_known_becomes_a_gap_for_a_person():
    assert find_gaps(fill("Because {reason}.", {}, with_gaps=True)) == ["reason"]
