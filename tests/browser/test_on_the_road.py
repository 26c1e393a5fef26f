"""My week in a train: kept, read and written without a network, and cleared on leaving."""

import json

import pytest
from playwright.sync_api import Page, expect

from tests.browser.test_every_page import RULES
from tests.support import axe

pytestmark = pytest.mark.one_database  # What a phone keeps does not depend on the database.

PHONE = {"width": 360, "height": 740}
STORED = """async () => {
  const found = {};
  for (const name of (await caches.keys()).filter((name) => name.startsWith("road-"))) {
    const store = await caches.open(name);
    for (const request of await store.keys()) found[new URL(request.url).pathname] = true;
  }
  return Object.keys(found).sort();
}"""
CONTACT = """
from visits.models import Visit
Visit.objects.filter(ref="V08").update(local_contact_phone="+49 711 555 0101")
"""
MOVE = """
from datetime import timedelta
from crm import clock
from crm.models import User
from visits.domain.visits import postpone_visit
from visits.models import Visit
visit = Visit.objects.get(ref="V08")
starts = visit.starts_at + timedelta(days=49)
postpone_visit(visit, starts_at=starts, ends_at=starts + visit.duration, side="municipality",
    reason="strike", at=clock.now(), by=User.objects.get(email="coordinator@example.org"),
    override_reason="the city asked")
"""
NOTES = """
import json
from visits.models import VisitNote
print("NOTES" + json.dumps([[n.visit.ref, n.text, n.visit_had_changed]
    for n in VisitNote.objects.order_by("pk")]))
"""


def notes(site) -> list:
    said = site.installation.manage("shell", "-c", NOTES).stdout
    return json.loads(next(line[5:] for line in said.splitlines() if line.startswith("NOTES")))


def faults(page: Page) -> list[str]:
    return [each["id"] for each in axe.violations(page, RULES)]


def write(page: Page, ref: str, text: str) -> None:
    form = page.locator(f"form[data-ref={ref}]").first
    form.locator("xpath=ancestor::details").locator("summary").click()
    form.locator("textarea").fill(text)
    form.locator("button").click()


def test_week_is_read_and_noted_on_the_road(fresh_site, browser, artefact):
    fresh_site.installation.manage("shell", "-c", CONTACT)
    context = browser.new_context(viewport=PHONE, color_scheme="dark")
    page = context.new_page()
    week = f"{fresh_site.url}/my-week/"
    fresh_site.sign_in(page, "host")
    page.goto(week)
    kept = page.locator("[data-road-kept]")
    expect(kept).to_have_text("19 of 19 pages and PDFs kept for the road", timeout=60_000)

    # --- Opened again: what says the same is not fetched anew ---
    statuses: dict[str, int] = {}

    def note(answer):
        if "/brief/" in answer.url:
            statuses[answer.url.split("/visits/")[1]] = answer.status

    page.on("response", note)
    for _try in range(6):
        page.reload()
        # From a busy server the page may come too late; then it is the kept one, which keeps none.
        if page.evaluate("!('kept' in document.documentElement.dataset)"):
            break
    expect(kept).to_have_text("19 of 19 pages and PDFs kept for the road", timeout=60_000)
    # The worker may just have seen that V08 is no longer as it was briefed.
    steady = {path: status for path, status in statuses.items() if not path.startswith("V08/")}
    assert len(statuses) == 16
    assert set(steady.values()) == {304}

    # --- Without a network ---
    context.set_offline(True)
    page.goto(week)
    expect(page.locator(".phone-age")).to_contain_text("as of Wed 15 Feb 2023, 10:00")
    expect(page.locator(".phone-age")).to_contain_text("offline")
    stuttgart = page.locator(".week-entry", has=page.get_by_role("link", name="V08 Stuttgart"))
    expect(stuttgart.locator("a[href^='tel:']").first).to_have_text("+49 711 555 0101")
    assert (
        page.evaluate("getComputedStyle(document.querySelector('.week-day')).paddingTop") != "0px"
    )
    write(page, "V07", "They want cameras.")
    write(page, "V08", "Ask for the mayor.")
    expect(page.locator("[data-road-notes] > li")).to_have_count(2)
    assert faults(page) == []
    page.screenshot(path=artefact("road-offline.png"), full_page=True)
    stuttgart.get_by_role("link", name="Brief").first.click()
    expect(page.locator("article.brief")).to_contain_text("Stuttgart")
    expect(page.locator("p.only-kept")).to_be_visible()
    page.screenshot(path=artefact("road-brief.png"))
    page.goto(f"{week}?week=2023-W08")
    expect(page.get_by_role("link", name="V09 Gdańsk").first).to_be_visible()
    page.goto(f"{fresh_site.url}/visits/V01/")
    expect(page.locator("[data-road-not-kept]")).to_be_visible()
    expect(page.locator("[data-road-notes] > li")).to_have_count(2)
    pdf = "async () => (await caches.match('/visits/V08/brief/internal.pdf')).text()"
    assert page.evaluate(pdf).startswith("%PDF")

    policy = "async () => (await caches.match('/my-week/')).headers.get('Content-Security-Policy')"
    assert "default-src 'self'" in page.evaluate(policy)

    # --- The network is back, and the answer to the first note gets lost ---
    fresh_site.installation.manage("shell", "-c", MOVE)
    lost = []

    def lose(route):
        if not lost and route.request.method == "POST":
            lost.append(route.fetch().status)
            return route.abort()
        return route.continue_()

    context.route("**/note/", lose)
    with page.expect_event("requestfailed", lambda request: request.method == "POST"):
        context.set_offline(False)
    left = page.locator("[data-road-notes] > li")
    expect(left).to_have_count(2)
    assert lost == [200]
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(left).to_have_count(1)
    expect(left).to_contain_text("V08 Stuttgart has changed since: now it is V19, Fri 7 Apr 2023")
    expect(page.locator(".phone-age")).to_have_text(
        "as of Wed 15 Feb 2023, 10:00 Oslo (CET)", use_inner_text=True
    )
    assert faults(page) == []
    page.screenshot(path=artefact("road-changed.png"), full_page=True)
    page.reload()
    expect(left).to_contain_text("Ask for the mayor.")
    assert notes(fresh_site) == [
        ["V07", "They want cameras.", False],
        ["V08", "Ask for the mayor.", True],
    ]
    left.get_by_role("button", name="Remove from this phone").click()
    expect(left).to_have_count(0)

    # --- The session ends; somebody else takes the phone, then its owner ---
    expect(kept).to_contain_text("17 of 17", timeout=60_000)
    assert "/visits/V08/brief/internal/" not in page.evaluate(STORED)
    context.set_offline(True)
    write(page, "V07", "Coffee at nine.")
    expect(left).to_have_count(1)
    context.clear_cookies()
    context.set_offline(False)
    expect(page.locator("[data-road-say=signed-out]")).to_be_visible()
    page.screenshot(path=artefact("road-signed-out.png"))
    page.get_by_role("link", name="Sign in to send them").click()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(STORED) == []
    fresh_site.sign_in(page, "coordinator")
    page.goto(week)
    expect(left).to_have_count(0)
    assert len(notes(fresh_site)) == 2
    context.clear_cookies()
    fresh_site.sign_in(page, "host")
    page.goto(week)
    expect(page.locator("[data-road-say=sent]")).to_be_visible()
    assert notes(fresh_site)[2:] == [["V07", "Coffee at nine.", False]]

    # --- Leaving ---
    expect(kept).to_contain_text("17 of 17", timeout=60_000)
    page.goto(f"{fresh_site.url}/visits/V07/")
    page.locator("summary.who").click()
    page.get_by_role("button", name="Sign out").click()
    page.wait_for_url("**/accounts/login/**")
    assert page.evaluate(STORED) == []
    context.set_offline(True)
    with pytest.raises(Exception, match="ERR_INTERNET_DISCONNECTED|ERR_FAILED"):
        page.goto(week)
    context.close()
