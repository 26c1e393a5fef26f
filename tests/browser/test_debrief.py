"""Twenty people debriefed from the keyboard: at most twelve keys each besides the words."""

import pytest
from playwright.sync_api import expect

pytestmark = pytest.mark.one_database  # What keys do is the same on both.

PEOPLE, MOST_KEYS = 20, 12
COUNT_KEYS = """
document.addEventListener("keydown", () => {
  localStorage.setItem("pressed", Number(localStorage.getItem("pressed") || 0) + 1);
}, true);
"""


def test_twenty_people_are_logged_with_note_and_follow_up_by_keyboard(fresh_site, page):
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/events/rotterdam-2023/")
    page.add_init_script(COUNT_KEYS)
    page.evaluate(COUNT_KEYS)
    page.keyboard.press("b")
    page.wait_for_url("**/debrief/*/")
    typed, names = 0, []
    for number in range(PEOPLE):
        expect(page.locator("[name=note]")).to_be_focused()
        names.append(page.locator("h1").inner_text())
        words = f"Asked about visit {number}, wants the guide"
        here = page.url
        page.keyboard.type(words)
        typed += len(words)
        page.keyboard.press("Tab")
        if number % 2:
            promise = f"Send guide {number}"
            page.keyboard.type(promise)
            typed += len(promise)
        page.keyboard.press("Tab")
        page.keyboard.type("3")
        page.keyboard.press("Enter")
        page.wait_for_url(lambda url, here=here: url != here)
    pressed = int(page.evaluate("localStorage.getItem('pressed')"))
    overhead = (pressed - typed) / PEOPLE
    assert overhead <= MOST_KEYS
    assert len(set(names)) == PEOPLE
    page.goto(f"{fresh_site.url}/follow-ups/?event=rotterdam-2023&q=visit")
    expect(page.locator("#result-count")).to_contain_text("10 of")
    page.goto(f"{fresh_site.url}/people/?q={names[0].split()[-1]}")
    page.locator("#rows tbody th a").first.click()
    expect(page.locator(".timeline")).to_contain_text("Asked about visit 0")
    assert faults == []


def test_what_was_half_typed_is_there_again_until_it_is_written_down(fresh_site, page):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/events/rotterdam-2023/debrief/")
    here = page.url
    page.locator("[name=note]").fill("Asked about")
    page.goto(f"{fresh_site.url}/events/rotterdam-2023/")
    page.goto(here)
    expect(page.locator("[name=note]")).to_have_value("Asked about")
    expect(page.get_by_text("What you type stays in this browser tab")).to_be_visible()
    page.get_by_role("button", name="Throw it away").click()
    page.reload()
    expect(page.locator("[name=note]")).to_have_value("")
    page.locator("[name=note]").fill("Asked about cameras")
    page.locator("[name=promise]").press("Enter")
    page.locator(".toast", has_text="Written down").wait_for()
    page.goto(here)
    expect(page.locator("[name=note]")).to_have_value("")


def test_a_debriefing_is_taken_back_from_the_toast_and_the_person_is_there_again(fresh_site, page):
    fresh_site.sign_in(page)
    page.goto(f"{fresh_site.url}/events/rotterdam-2023/debrief/")
    name = page.locator("h1").inner_text().removeprefix("Debriefing ")
    page.locator("[name=note]").fill("Wrong person")
    page.locator("[name=promise]").press("Enter")
    page.locator(".toast", has_text=f"Written down: {name}.").wait_for()
    page.locator(".toast-undo").click()
    page.locator(".toast", has_text=f"Taken back: {name}.").wait_for()
    expect(page.locator("h1")).to_have_text(f"Debriefing {name}")
    expect(page.get_by_text("Wrong person")).to_have_count(0)
