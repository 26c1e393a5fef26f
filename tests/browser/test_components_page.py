"""The components page in a real browser: every theme and width, keys, no JavaScript."""

from collections.abc import Iterator

import pytest
from django.conf import settings
from django.test import Client
from playwright.sync_api import Browser, Page, expect

from tests.support import axe

pytestmark = pytest.mark.one_database  # How components look does not depend on the database.

PATH = "/settings/components/"
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]


def cookies_of(live_server, user) -> list[dict]:
    client = Client()
    client.force_login(user)
    name = settings.SESSION_COOKIE_NAME
    return [{"name": name, "value": client.cookies[name].value, "url": live_server.url}]


@pytest.fixture
def desk(live_server, coordinator, page: Page) -> Iterator[Page]:
    """A signed-in coordinator; every message of the browser's console is a fault."""
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.context.add_cookies(cookies_of(live_server, coordinator))
    page.goto(live_server.url + PATH)
    yield page
    assert said == []


def violations(page: Page) -> list[str]:
    found = axe.violations(page, RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


def test_a_fault_is_found_again_after_the_page_changed(page):
    """Otherwise the looks at pages would prove nothing."""
    page.set_content("<html lang=en><title>A page</title><main><h1>A page</h1><p>Text</main>")
    assert violations(page) == []
    page.evaluate("document.querySelector('p').innerHTML = '<img src=x><button></button>'")
    assert {each.split(":")[0] for each in violations(page)} == {"image-alt", "button-name"}


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
def test_components_have_no_accessibility_fault(desk, live_server, theme, width):
    desk.set_viewport_size({"width": width, "height": 900})
    desk.emulate_media(color_scheme=theme)
    desk.reload()
    assert violations(desk) == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_open_dialog_menu_and_palette_have_no_accessibility_fault(desk, theme):
    desk.emulate_media(color_scheme=theme)
    desk.get_by_role("button", name="Decline…").click()
    assert violations(desk) == []
    desk.keyboard.press("Escape")
    desk.locator("#buttons summary", has_text="More").click()
    assert violations(desk) == []
    desk.keyboard.press("Escape")
    desk.keyboard.press("Control+k")
    assert violations(desk) == []


@pytest.mark.parametrize("width", [320, 360, 768, 1024, 1280, 2560])
def test_components_never_scroll_sideways(desk, width):
    desk.set_viewport_size({"width": width, "height": 900})
    assert desk.evaluate("document.documentElement.scrollWidth") == width


def test_right_to_left_page_never_scrolls_sideways(desk):
    desk.set_viewport_size({"width": 360, "height": 900})
    desk.evaluate("document.documentElement.dir = 'rtl'")
    assert desk.evaluate("document.documentElement.scrollWidth") == 360
    assert violations(desk) == []


def test_theme_button_turns_the_page_dark_and_the_server_remembers(desk):
    desk.get_by_role("button", name="Light or dark").click()
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
    desk.reload()
    expect(desk.locator("html")).to_have_attribute("data-theme", "dark")
    assert desk.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(20, 24, 27)"


def test_slash_goes_to_the_search_and_letters_typed_there_do_nothing_else(desk):
    desk.keyboard.press("/")
    expect(desk.locator("[data-search]")).to_be_focused()
    desk.keyboard.type("g?")
    expect(desk.locator("[data-search]")).to_have_value("g?")
    expect(desk.locator("#keys")).not_to_be_visible()


def test_question_mark_shows_the_keys_of_this_page_too(desk):
    desk.keyboard.press("?")
    expect(desk.locator("#keys")).to_be_visible()
    expect(desk.locator("[data-page-keys]")).to_contain_text("Answer")


def test_page_opens_at_its_top(desk):
    assert desk.evaluate("scrollY") == 0


def test_palette_finds_a_place_by_a_piece_of_its_name(desk):
    desk.keyboard.press("Control+k")
    desk.keyboard.type("organ")
    options = desk.locator("#palette [role=option]:visible")
    expect(options).to_have_count(1)
    expect(options).to_contain_text("Organisations")
    expect(options).to_have_attribute("aria-selected", "true")


def test_j_and_k_walk_the_rows_and_x_ticks_one(desk):
    desk.set_viewport_size({"width": 1280, "height": 900})
    rows = desk.locator("#lists tbody tr")
    rows.nth(0).locator("th a").focus()
    desk.keyboard.press("j")
    expect(rows.nth(1).locator("th a")).to_be_focused()
    desk.keyboard.press("x")
    expect(rows.nth(1).locator("[data-row-tick]")).to_be_checked()
    expect(desk.locator("[data-bulk-count]")).to_have_text("1 ticked")


def test_tick_all_ticks_every_row(desk):
    desk.get_by_label("Tick all rows").check()
    expect(desk.locator("[data-bulk-count]")).to_have_text("5 ticked")


def test_dialog_gives_focus_back_to_what_opened_it(desk):
    opener = desk.get_by_role("button", name="Decline…")
    opener.click()
    expect(desk.locator("#sample-reason")).to_be_focused()
    desk.keyboard.press("Escape")
    expect(opener).to_be_focused()


def test_everything_is_readable_without_javascript(live_server, coordinator, browser: Browser):
    context = browser.new_context(java_script_enabled=False)
    context.add_cookies(cookies_of(live_server, coordinator))
    page = context.new_page()
    page.goto(live_server.url + PATH)
    page.locator("#buttons summary", has_text="More").click()
    expect(page.get_by_role("link", name="Merge…")).to_be_visible()
    context.close()


def test_sign_in_works_in_a_browser_and_has_no_accessibility_fault(live_server, coordinator, page):
    page.goto(live_server.url + "/accounts/login/?next=" + PATH)
    assert violations(page) == []
    sign_in(page, coordinator)
    expect(page.get_by_role("heading", level=1)).to_have_text("Components")


def sign_in(page: Page, user) -> None:
    user.set_password("a long enough password")
    user.save()
    page.fill("[name=login]", user.email)
    page.fill("[name=password]", "a long enough password")
    page.locator("form:has([name=password]) [type=submit]").click()


def test_typed_text_is_back_after_the_session_ended(live_server, coordinator, page):
    page.context.add_cookies(cookies_of(live_server, coordinator))
    page.goto(live_server.url + PATH)
    page.get_by_label("City or municipality").fill("Ostrava")
    page.get_by_label("Your questions").fill("Two lines\nof a question")
    page.get_by_role("radio", name="Online").check()
    page.context.clear_cookies(name=settings.SESSION_COOKIE_NAME)
    page.evaluate("""() => {
        const form = document.querySelector("#form form");
        form.removeAttribute("data-no-keep");
        form.action = location.pathname;
        form.requestSubmit();
    }""")
    page.wait_for_url("**/accounts/login/**")
    sign_in(page, coordinator)
    expect(page.get_by_label("City or municipality")).to_have_value("Ostrava")
    expect(page.get_by_label("Your questions")).to_have_value("Two lines\nof a question")
    expect(page.get_by_role("radio", name="Online")).to_be_checked()


def test_typed_text_is_not_put_back_where_the_form_arrived(live_server, coordinator, page):
    page.context.add_cookies(cookies_of(live_server, coordinator))
    page.goto(live_server.url + PATH)
    page.get_by_label("City or municipality").fill("Ostrava")
    page.evaluate("""() => {
        const form = document.querySelector("#form form");
        form.removeAttribute("data-no-keep");
        form.method = "post";
        form.dispatchEvent(new SubmitEvent("submit", {bubbles: true, cancelable: true}));
        location.assign(location.pathname);
    }""")
    page.wait_for_load_state()
    expect(page.get_by_label("City or municipality")).to_have_value("")
