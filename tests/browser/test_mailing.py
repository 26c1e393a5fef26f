"""Bulk mail with one missing value: the preview names person and placeholder; mended, it leaves."""

import pytest
from playwright.sync_api import Page, expect

from tests.support.browsing import follow

pytestmark = pytest.mark.one_database  # The same rules are tested on both without a browser.

WAITS = 60_000
PEOPLE = (
    "Name;E-mail;Organisation;Land\n"
    "Ada Ny;ada@new.example;Nytt kontor;NO\n"
    "Bo Ny;bo@new.example;;\n"
    "Cid Ny;;Nytt kontor;NO\n"
)
ADD = """
from django.utils import timezone
from crm.domain.imports.batches import import_now
from crm.models import ConsentRecord, Person
from pathlib import Path
import_now(Path({path!r}), event=None, basis="contract", source="our list", at=timezone.now())
for person in Person.objects.filter(family="Ny"):
    ConsentRecord.objects.create(
        person=person, purpose="newsletter", status="granted", at=timezone.now()
    )
"""


def test_a_missing_value_is_named_mended_and_everybody_gets_one_letter(
    fresh_site, page: Page, tmp_path
):
    file = tmp_path / "people.csv"
    file.write_text(PEOPLE, encoding="utf-8")
    fresh_site.installation.manage("shell", "-c", ADD.format(path=str(file)))
    fresh_site.sign_in(page, "coordinator")

    # A wording of one's own that names the organisation.
    page.goto(f"{fresh_site.url}/mail/wordings/new/")
    page.get_by_label("Name", exact=True).fill("Spring")
    page.get_by_label("Subject").fill("News for {organisaton}")
    page.get_by_label("Text").fill("{greeting}\n\nSpring news for {organisation}.\n\n{stop_link}")
    follow(page, page.get_by_role("button", name="Keep it"))
    fault = "There is no placeholder {organisaton}; did you mean {organisation}?"
    expect(page.get_by_role("alert").get_by_text(fault)).to_be_visible()
    page.get_by_label("Subject").fill("News for {organisation}")
    follow(page, page.get_by_role("button", name="Keep it"))

    # Tick them in the list and write.
    page.goto(f"{fresh_site.url}/people/?q=ny")
    for name in ("Ada Ny", "Bo Ny", "Cid Ny"):
        page.get_by_role("checkbox", name=name).check()
    follow(page, page.get_by_role("button", name="Write to these…"))
    page.get_by_label("Name", exact=True).fill("Spring news")
    page.get_by_label("Wording", exact=True).select_option(label="Spring")
    follow(page, page.get_by_role("button", name="Look at the letters"))

    # The preview names the person and the placeholder.
    expect(page.get_by_text("1 letter will go. 2 people get none.")).to_be_visible()
    row = page.get_by_role("row").filter(has_text="Bo Ny")
    expect(row.get_by_text("Nothing stands for {organisation}.")).to_be_visible()
    expect(page.get_by_role("row").filter(has_text="Cid Ny")).to_contain_text("no mail address")
    follow(page, page.get_by_role("link", name="Ada Ny"))
    letter = page.frame_locator("iframe")
    expect(letter.get_by_text("Spring news for Nytt kontor.")).to_be_visible()
    page.go_back()

    # Mend it on the person's page, look again, release.
    mailing = page.url
    follow(page, page.get_by_role("link", name="Bo Ny"))
    follow(page, page.get_by_role("link", name="To the person's page"))
    page.goto(page.url + "edit/")
    page.get_by_label("Organisation").fill("Nytt kontor")
    follow(page, page.get_by_role("button", name="Save"))
    page.goto(mailing)
    follow(page, page.get_by_role("button", name="Look again"))
    expect(page.get_by_text("2 letters will go. 1 person gets none.")).to_be_visible()
    follow(page, page.get_by_role("button", name="Release 2 letters"))
    expect(page.get_by_text("2 of 2")).to_be_visible(timeout=WAITS)

    got = sorted(address for mail in fresh_site.mail.received for address in mail.recipients)
    assert got == ["ada@new.example", "bo@new.example"]
    [mail] = fresh_site.mail.to("bo@new.example")
    assert mail["Subject"] == "News for Nytt kontor"
    address = mail["List-Unsubscribe"].strip("<>")

    # The link of the mail asks first, and stops on the button.
    page.goto(address)
    expect(page.get_by_role("heading", name="Stop these mails")).to_be_visible()
    follow(page, page.get_by_role("button", name="Stop these mails"))
    expect(page.get_by_role("heading", name="You get no more of these mails")).to_be_visible()
