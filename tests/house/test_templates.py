"""Every template can be read: a fault in one that few pages include shows here first."""

import pytest
from django.template.loader import get_template

from tests.support.installation import ROOT

TEMPLATES = ROOT / "templates"


@pytest.mark.parametrize(
    "name", sorted(str(path.relative_to(TEMPLATES)) for path in TEMPLATES.rglob("*.html"))
)
def test_template_can_be_read(name):
    get_template(name)
