"""The city field with its suggestions: by key, by finger, read aloud, and without JavaScript."""

import pytest

from tests.support import axe

pytestmark = pytest.mark.one_database  # What a browser makes of the field is the same on both.

PHONE = {"width": 360, "height": 740}
CITY = "[name=city]"
OPTION = "[role=listbox] [role=option]"


@pytest.fixture
def page(sample_site, newcomer):
    """The English form on a dark phone, the city field in focus."""
    with newcomer(javascript=True, viewport=PHONE, scheme="dark") as opened:
        opened.goto(f"{sample_site.url}/en/visit/")
        opened.locator(CITY).focus()
        yield opened


def typed(page, words: str) -> None:
    page.keyboard.type(words, delay=30)
    page.wait_for_selector(OPTION)


def told(page) -> dict:
    """How the field stands in the accessibility tree."""
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    (node,) = [
        node
        for node in tree
        if node.get("role", {}).get("value") == "combobox"
        and node["name"]["value"] == "City or municipality"
    ]
    return {each["name"]: each["value"].get("value") for each in node["properties"]}


def test_suggestion_is_chosen_with_arrows_and_enter(page):
    typed(page, "lodz")
    assert page.get_attribute(CITY, "aria-expanded") == "true"
    page.keyboard.press("ArrowDown")
    active = page.get_attribute(CITY, "aria-activedescendant")
    first = page.text_content(f"#{active}")
    page.keyboard.press("Enter")

    assert first.startswith("Łódź")
    assert page.input_value(CITY) == first
    assert page.get_attribute(CITY, "aria-expanded") == "false"
    assert page.get_attribute(CITY, "aria-activedescendant") is None
    assert page.url.endswith("/en/visit/")
    assert page.evaluate("document.activeElement.name") == "city"


def test_arrows_go_round_and_mark_one_option(page):
    typed(page, "La Haye")
    count = page.locator(OPTION).count()
    page.keyboard.press("ArrowUp")
    last = page.get_attribute(CITY, "aria-activedescendant")
    page.keyboard.press("ArrowDown")

    assert last.endswith(f"-{count - 1}")
    assert page.get_attribute(CITY, "aria-activedescendant").endswith("-0")
    assert page.locator(f"{OPTION}[aria-selected=true]").count() == 1
    assert page.text_content(f"{OPTION}[aria-selected=true]") == (
        "La Haye (The Hague), South Holland, Netherlands"
    )


def test_escape_closes_the_list_and_keeps_what_was_typed(page):
    typed(page, "lodz")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Escape")
    closed = page.locator("[role=listbox]").is_hidden()
    page.keyboard.press("ArrowDown")

    assert closed
    assert page.locator("[role=listbox]").is_visible()
    assert page.input_value(CITY) == "lodz"


def test_slow_typing_over_a_slow_line_still_ends_in_suggestions(page):
    unanswered = []

    def answer(route):
        if unanswered:
            route.continue_()
        else:
            unanswered.append(route)

    page.route(lambda url: url.endswith("city=lod"), answer)
    with page.expect_request(lambda request: request.url.endswith("city=lod")):
        page.keyboard.type("lod")
    typed(page, "z")

    assert page.locator(OPTION).first.text_content().startswith("Łódź")


def test_tab_goes_on_with_what_was_typed(page):
    typed(page, "lodz")
    page.keyboard.press("Tab")

    assert page.input_value(CITY) == "lodz"
    assert page.locator("[role=listbox]").is_hidden()
    assert page.evaluate("document.activeElement.name") == "country"


def test_number_of_places_is_read_aloud(page):
    status = page.locator("[role=status]").first
    typed(page, "lodz")
    count = page.locator(OPTION).count()
    many = status.text_content()
    page.fill(CITY, "Qqqqqq")
    page.locator("[role=status]", has_text="No place found").wait_for(state="attached")

    assert many.startswith(f"{count} place")
    assert status.text_content() == "No place found; what you typed counts as it is."


def test_field_is_a_combobox_to_a_screen_reader(page):
    typed(page, "lodz")
    page.keyboard.press("ArrowDown")
    stands = told(page)

    assert (stands["autocomplete"], stands["hasPopup"]) == ("list", "listbox")
    assert (stands["focused"], stands["expanded"]) == (True, True)
    assert stands["describedby"] == "id_city-help"
    assert "activedescendant" in stands


def test_finger_chooses_a_suggestion(sample_site, browser):
    context = browser.new_context(viewport=PHONE, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(f"{sample_site.url}/en/visit/")
    page.locator(CITY).tap()
    typed(page, "Gand")
    option = page.locator(OPTION).first
    height, words = option.bounding_box()["height"], option.text_content()
    option.tap()

    assert height >= 44
    assert page.input_value(CITY) == words
    assert page.locator("[role=listbox]").is_hidden()
    context.close()


def test_open_list_has_no_fault_and_stays_on_the_narrow_screen(page, artefact):
    typed(page, "Bruges")
    page.keyboard.press("ArrowDown")
    found = [each["id"] for each in axe.violations(page)]
    page.screenshot(path=artefact("public-city-list.png"))
    box = page.locator("[role=listbox]").bounding_box()

    assert found == []
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= PHONE["width"]
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_chosen_suggestion_is_kept_in_the_tab(page):
    typed(page, "lodz")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    chosen = page.input_value(CITY)
    page.reload()

    assert page.input_value(CITY) == chosen


def test_without_javascript_it_is_a_plain_text_field(sample_site, newcomer):
    with newcomer(javascript=False, viewport=PHONE, scheme="light") as page:
        page.goto(f"{sample_site.url}/en/visit/")

        assert page.get_attribute(CITY, "role") is None
        assert page.locator("[role=listbox]").count() == 0
