"""The whole job once, by hand: officer, coordinator and host, each in a browser of their own."""

import re
import time
from contextlib import contextmanager

import pytest
from pypdf import PdfReader

from tests.support.browsing import follow

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
OFFICER = "robin@ghent.example"


@pytest.fixture
def person(browser):
    """Opens a browser as one of the three: `with person(viewport) as page`."""

    @contextmanager
    def open_page(viewport: dict):
        context = browser.new_context(viewport=viewport, accept_downloads=True)
        try:
            yield context.new_page()
        finally:
            context.close()

    return open_page


def latest_link(site, count: int) -> str:
    """The private link in the `count`th mail that reached the officer."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        found = site.mail.to(OFFICER)
        if len(found) >= count:
            text = found[count - 1].get_body(("plain",)).get_content()
            return re.search(r"https?://\S+/visit/r/\S+", text)[0]
        time.sleep(0.3)
    raise AssertionError(f"mail {count} to the officer did not arrive")


def test_the_whole_job_from_the_form_to_the_brief(fresh_site, person, artefact, tmp_path):
    with person(PHONE) as officer, person(DESK) as desk, person(PHONE) as host:
        ask_for_a_visit(fresh_site, officer)
        officer.goto(latest_link(fresh_site, 1))
        officer.check("#choice-1")
        follow(officer, officer.locator("main button[type=submit]"))
        ref = re.search(r"\bR\d+\b", officer.text_content("main"))[0]

        fresh_site.sign_in(desk)
        desk.goto(fresh_site.url)
        desk.screenshot(path=artefact("walk-1-today.png"), full_page=True)
        assert desk.get_by_role("link", name=f"{ref} ").first.is_visible()
        propose_online(fresh_site, desk, ref, artefact)

        officer.goto(latest_link(fresh_site, 3))
        officer.screenshot(path=artefact("walk-3-offered.png"), full_page=True)
        officer.check("#slot-1")
        follow(officer, officer.locator("main form:has([name=hold]) button[type=submit]"))
        officer.screenshot(path=artefact("walk-4-agreed.png"), full_page=True)

        visit = confirm_with_link(fresh_site, desk, ref, artefact)
        read_brief(fresh_site, host, visit, artefact, tmp_path)


def ask_for_a_visit(site, page) -> None:
    page.goto(f"{site.url}/en/visit/")
    page.fill("[name=city]", "Gand")
    page.fill("[name=department]", "Safety and Prevention")
    page.fill("[name=requester_name]", "Maximilian-Alexander Sample-Platane")
    page.fill("[name=address]", OFFICER)
    page.check("[name=topics][value=T02]")
    page.check("[name=mode][value=online]")
    page.fill("[name=people]", "9")
    page.wait_for_timeout(3_200)
    follow(page, page.locator("main button[type=submit]"))


def propose_online(site, page, ref: str, artefact) -> None:
    page.goto(f"{site.url}/requests/{ref}/propose/?host=H1&mode=online&minutes=90")
    for number in (0, 1):
        page.locator("[name=ticked]").nth(number).check()
    page.check("[name=send_now]")
    page.screenshot(path=artefact("walk-2-propose.png"), full_page=True)
    follow(page, page.get_by_role("button", name="Hold and propose"))
    assert "date proposed" in page.text_content("main")


def confirm_with_link(site, page, ref: str, artefact) -> str:
    """The coordinator adds the meeting's link, which confirms the visit; its reference."""
    page.goto(f"{site.url}/requests/{ref}/")
    assert "scheduled" in page.text_content("main")
    follow(page, page.locator("a[href^='/visits/V']").last)
    visit = page.url.rstrip("/").rsplit("/", 1)[1]
    page.goto(f"{site.url}/visits/{visit}/edit/")
    page.fill("[name=meeting_link]", "https://meet.example/ghent")
    follow(page, page.locator("main form button[type=submit]"))
    page.screenshot(path=artefact("walk-5-visit.png"), full_page=True)
    assert "confirmed" in page.text_content("main")
    return visit


def read_brief(site, page, visit: str, artefact, tmp_path) -> None:
    """The host finds the visit on the phone and opens its internal brief."""
    site.sign_in(page, "host")
    page.goto(f"{site.url}/my-week/")
    page.screenshot(path=artefact("walk-6-my-week.png"), full_page=True)
    assert page.get_by_role("link", name=f"{visit} ").is_visible()
    answer = page.request.get(f"{site.url}/visits/{visit}/brief/internal.pdf")
    assert answer.ok, answer.status
    path = tmp_path / "brief.pdf"
    path.write_bytes(answer.body())
    text = "\n".join(part.extract_text() for part in PdfReader(path).pages)
    assert visit in text
    assert "Maximilian-Alexander Sample-Platane" in text
