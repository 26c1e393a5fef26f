"""A pair decided by keyboard: compared, merged, undone by toast and on the person's page."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.one_database  # What keys do is the same on both.


def add(page, site, given, address, role):
    page.goto(f"{site.url}/people/new/")
    page.get_by_label("Given name").fill(given)
    page.get_by_label("Family name").fill("Karlsborg")
    page.get_by_label("Role").fill(role)
    page.get_by_label("Mail", exact=False).first.fill(address)
    page.get_by_role("button", name="Add the person").click()


def test_a_pair_is_merged_by_keyboard_and_taken_apart_again(fresh_site, page):
    faults: list[str] = []
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    fresh_site.sign_in(page)
    add(page, fresh_site, "Annika", "annika@karlsborg.example", "Adviser")
    page.locator(".toast", has_text="in the lists now").wait_for()
    add(page, fresh_site, "Anika", "annika@karlsborg.example", "Head of Safety")
    # The lists are asked first, and what was typed stays.
    expect(page.get_by_text("Perhaps in the lists already")).to_be_visible()
    expect(page.get_by_label("Given name")).to_have_value("Anika")
    page.get_by_role("button", name="Add somebody else").click()
    page.locator(".toast", has_text="in the lists now").wait_for()

    page.goto(f"{fresh_site.url}/people/duplicates/")
    pair = page.locator("tbody tr", has_text="Annika Karlsborg")
    for _ in range(60):
        if pair.count():
            break
        page.wait_for_timeout(1000)
        page.reload()
    expect(pair).to_contain_text("same mail address")
    for _ in range(20):
        page.keyboard.press("j")
        if pair.locator(":focus").count():
            break
    page.keyboard.press("n")
    page.locator(".toast", has_text="stay two").locator(".toast-undo").click()
    page.locator(".toast", has_text="are asked about again").wait_for()
    for _ in range(20):
        page.keyboard.press("j")
        if pair.locator(":focus").count():
            break
    page.keyboard.press("m")
    page.get_by_label("Head of Safety").check()
    page.keyboard.press("Escape")
    page.locator("h1").click()
    page.keyboard.press("m")
    toast = page.locator(".toast", has_text="is one record now")
    toast.wait_for()
    expect(pair).to_have_count(0)
    toast.locator(".toast-undo").click()
    page.locator(".toast", has_text="are two records again").wait_for()
    page.goto(f"{fresh_site.url}/people/duplicates/")
    expect(pair).to_have_count(1)

    # Once more, and apart from the person's page.
    pair.get_by_role("link", name="Compare").click()
    page.get_by_role("button", name="Merge", exact=True).click()
    page.goto(f"{fresh_site.url}/people/?q=karlsborg")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    page.locator("#rows tbody th a").click()
    page.get_by_role("link", name="Take apart").click()
    page.get_by_role("button", name="Take apart").click()
    page.locator(".toast", has_text="are two records again").wait_for()
    page.goto(f"{fresh_site.url}/people/?q=karlsborg")
    expect(page.locator("#rows tbody tr")).to_have_count(2)
    assert faults == []
