"""Our mails as a mail program on a phone shows them."""

import json

import pytest

from crm.domain.outbox import mail_html
from tests.conftest import ROOT

LINK = "https://visits.a-long-name-of-a-project.example/en/visit/r/" + "x" * 43 + "/"
LANGUAGES = [path.stem for path in sorted((ROOT / "fixtures/mail_templates").glob("??.json"))]


@pytest.mark.parametrize("language", LANGUAGES)
def test_no_letter_scrolls_sideways_on_a_phone_and_its_link_can_be_pressed(page, language):
    path = ROOT / "fixtures" / "mail_templates" / f"{language}.json"
    letters = json.loads(path.read_text("utf-8"))
    bodies = [words["body"].replace("{link}", LINK) for words in letters.values()]
    page.set_viewport_size({"width": 360, "height": 740})

    page.set_content(mail_html("\n\n".join([*bodies, LINK]), language=language, link=LINK))

    assert page.evaluate("document.scrollingElement.scrollWidth") <= 360
    links = page.locator(f'a[href="{LINK}"]')
    assert links.count() > len(bodies) / 2
    assert {text for text in links.all_inner_texts() if len(text) > 30} == set()
