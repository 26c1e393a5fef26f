"""Every template can be read: a fault in one that few pages include shows here first."""

import re

import pytest
from django.template.loader import get_template

from crm.counting import NOUNS
from tests.support.installation import ROOT

TEMPLATES = ROOT / "templates"


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
)
def test_template_can_be_read(name):
    get_template(name)


def test_what_a_list_counts_has_a_word_for_one():
    named = set()
    for path in TEMPLATES.rglob("*.html"):
        named |= set(re.findall(r'noun="(\w+)"|{% counted "(\w+)"', path.read_text("utf-8")))
    assert {name for pair in named for name in pair if name} <= set(NOUNS)
