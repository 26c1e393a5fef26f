"""The debrief in a browser: search, note, follow-up and roster without leaving the keyboard."""

import pytest
from playwright.sync_api import expect

from tests.support.browsing import follow

pytestmark = pytest.mark.one_database  # What keys do is the same on both.


def test_a_person_is_found_noted_and_promised_by_keyboard_and_the_promise_undone(fresh_site, page):
    faults: list[str] = []
    page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
    page.on("pageerror", lambda error: faults.append(str(error)))
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/people/")
    page.keyboard.press("/")
    page.keyboard.type("marieke")
    expect(page.locator("#rows tbody tr")).to_have_count(1)
    expect(page.locator("#result-count")).to_have_text("1 of 69 people")
    assert page.url == f"{fresh_site.url}/people/?q=marieke"
    follow(page, page.locator("#rows tbody th a"), key="Enter")
    page.keyboard.press("n")
    expect(page.locator("dialog#note textarea")).to_be_focused()
    page.keyboard.type("Rang back, wants a morning")
    page.locator("dialog#note footer button").press("Enter")
    page.locator(".toast", has_text="Written down.").wait_for()
    first = page.locator(".timeline > li").first.inner_text()
    assert "Rang back, wants a morning" in first
    page.keyboard.press("f")
    page.locator("dialog#promise input[name=text]").fill("Send the cost sheet")
    page.keyboard.press("Enter")
    page.locator(".toast", has_text="Promised for Mon 20 Feb 2023.").wait_for()
    here = page.url
    page.locator(".post-button button", has_text="Done").click()
    page.locator(".toast-undo").click()
    page.locator(".toast", has_text="Open again: Send the cost sheet").wait_for()
    assert page.url == here
    assert faults == []


def test_the_last_action_is_taken_back_by_its_key_on_another_page(fresh_site, page):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/visits/")
    page.keyboard.press("u")
    expect(page.locator(".toast")).to_have_text("There is nothing to take back.")
    page.goto(f"{fresh_site.url}/follow-ups/")
    page.locator("#rows tbody button", has_text="Done").first.click()
    words = page.locator(".toast-words", has_text="Kept: ").inner_text()
    page.goto(f"{fresh_site.url}/people/")
    page.keyboard.press("/")
    page.keyboard.type("u")
    assert "/people/" in page.url
    page.goto(f"{fresh_site.url}/visits/")
    page.keyboard.press("Control+k")
    page.keyboard.type("undo")
    expect(page.locator("#palette [role=option]:visible").first).to_contain_text(f"Undo: {words}")
    page.keyboard.press("Escape")
    expect(page.locator("#palette")).to_be_hidden()
    page.keyboard.press("u")
    page.locator(".toast", has_text="Open again: ").wait_for()
    page.keyboard.press("Control+k")
    page.keyboard.type("undo")
    page.keyboard.press("Enter")
    expect(page.locator(".toast", has_text="There is nothing to take back.")).to_be_visible()


LONG_EVENT = """
from crm.models import Event, FollowUp
Event.objects.update(name="Sample event of the " + "Verantwortungsgesellschaft" * 6)
FollowUp.objects.update(event=Event.objects.get())
"""


def test_a_long_event_stays_within_the_follow_ups_and_the_bar_below_them(fresh_site, page):
    fresh_site.installation.manage("shell", "-c", LONG_EVENT)
    fresh_site.sign_in(page)
    for width in (1280, 360):
        page.set_viewport_size({"width": width, "height": 800})
        page.goto(f"{fresh_site.url}/follow-ups/")
        table = page.locator(".table-wrap")
        assert table.evaluate("each => each.scrollWidth - each.clientWidth") <= 0
    page.set_viewport_size({"width": 1280, "height": 400})
    bar = page.locator("[data-bulk-bar]")
    assert bar.evaluate("each => getComputedStyle(each).position") == "static"
    page.get_by_label("Tick all rows").check()
    assert bar.evaluate("each => getComputedStyle(each).position") == "sticky"


def test_what_is_done_from_another_page_is_found_in_the_palette_once(sample_site, page):
    sample_site.sign_in(page)
    options = page.locator("#palette [role=option]:visible", has_text="New request by hand")
    for here in ("/people/", "/requests/"):
        page.goto(f"{sample_site.url}{here}")
        page.keyboard.press("Control+k")
        with page.expect_response("**/search/**"):
            page.keyboard.type("new request")
        expect(options).to_have_count(1)
    page.keyboard.press("Enter")
    page.wait_for_url("**/requests/new/")


def test_the_roster_is_marked_by_keyboard_and_focus_walks_on(fresh_site, page):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/events/rotterdam-2023/")
    page.keyboard.press("j")
    page.keyboard.press("w")
    rows = page.locator("tr[data-roster]")
    away = "[data-mark=no_show][aria-pressed=true]"
    rows.nth(0).locator(away).wait_for()
    expect(rows.nth(1).locator("th a")).to_be_focused()
    page.keyboard.press("k")
    page.keyboard.press("1")
    rows.nth(0).locator("[data-mark=attended][aria-pressed=true]").wait_for()
    expect(rows.nth(0).locator("th a")).to_be_focused()
    page.reload()
    assert rows.nth(0).locator("[data-mark=day_1]").get_attribute("aria-pressed") == "true"
    assert rows.nth(0).locator("[data-mark=day_2]").get_attribute("aria-pressed") == "false"


def test_ticked_people_are_tagged_kept_as_a_view_and_archived_with_undo(fresh_site, page):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/people/?country=NL")
    page.get_by_label("Tick all rows").check()
    page.locator("#bulk-tag").fill("Delta cities")
    follow(page, page.get_by_role("button", name="Put on"))
    expect(page.locator("#rows a.tag")).to_have_count(9)
    follow(page, page.locator("#rows a.tag").first)
    page.locator("summary", has_text="Views").click()
    page.get_by_label("Keep this view as").fill("The delta")
    follow(page, page.get_by_role("button", name="Keep", exact=True))
    expect(page.locator("summary", has_text="The delta")).to_be_visible()
    page.get_by_label("Tick all rows").check()
    follow(page, page.get_by_role("button", name="Archive"))
    expect(page.locator("#result-count")).to_have_text("0 of 60 people")
    follow(page, page.locator(".toast-undo"))
    expect(page.locator("#result-count")).to_have_text("9 of 69 people")


def test_marks_in_the_list_of_a_map_are_as_small_as_elsewhere(sample_site, page):
    sample_site.sign_in(page)
    page.goto(f"{sample_site.url}/organisations/?shown=map")
    page.locator(".map-table > summary").click()
    assert page.locator(".map-table svg").first.bounding_box()["height"] < 24


def test_what_takes_the_focus_in_the_head_of_a_list_is_seen_on_a_phone(sample_site, page):
    page.set_viewport_size({"width": 360, "height": 800})
    sample_site.sign_in(page, "coordinator")
    for path in ("/people/", "/follow-ups/", "/mail/"):
        page.goto(f"{sample_site.url}{path}")
        heads = page.locator(".table-stack thead :is(a, input, button)")
        assert heads.count() > 1
        for head in heads.all():
            box = head.bounding_box()
            assert box is not None, path
            assert box["x"] >= 0, path
            assert box["x"] + box["width"] <= 360, path
            # Whatever lies over it, or cuts it away, would be hit instead.
            head.focus()
            hit = head.evaluate(
                """each => {
                    each.scrollIntoView({block: "center"});
                    const box = each.getBoundingClientRect();
                    const middle = [box.x + box.width / 2, box.y + box.height / 2];
                    const found = document.elementFromPoint(...middle);
                    return each.contains(found) || found?.contains(each);
                }"""
            )
            assert hit, path
