"""What the public form keeps in the tab: what the person changed, and nothing else."""

import pytest

pytestmark = pytest.mark.one_database  # What is kept in the browser never reaches a database.

DESK = {"width": 1280, "height": 900}


@pytest.fixture
def page(sample_site, newcomer):
    """The English form, opened by a new visitor."""
    with newcomer(javascript=True, viewport=DESK, scheme="light") as opened:
        opened.goto(f"{sample_site.url}/en/visit/")
        yield opened


def switch(page, language: str) -> None:
    with page.expect_navigation(wait_until="load"):
        page.click(f".languages [hreflang={language}]")


def test_language_of_the_mails_follows_the_page_when_it_was_not_chosen(page):
    page.fill("[name=department]", "Safety")
    switch(page, "nb")

    assert page.input_value("[name=department]") == "Safety"
    assert page.input_value("[name=language]") == "nb"


def test_chosen_language_of_the_mails_is_kept_by_a_reload_and_not_by_another_page(page):
    page.select_option("[name=language]", "fr")
    page.reload()
    reloaded = page.input_value("[name=language]")
    switch(page, "nb")

    assert (reloaded, page.input_value("[name=language]")) == ("fr", "nb")


def test_field_nobody_touched_keeps_what_the_page_says(page):
    page.select_option("[name=part_1]", "morning")
    page.select_option("[name=part_1]", "any")
    page.fill("[name=department]", "Safety")
    typed = page.evaluate("Object.keys(JSON.parse(sessionStorage['form-visit']))")

    assert typed == ["department"]


def test_note_of_a_date_and_its_tick_come_back(page):
    page.fill("[name=city]", "Tallinn")
    page.fill("[name=date_1]", "2023-02-24")
    page.locator("[name=date_1]").dispatch_event("change")
    page.check("[name=keep_1]")
    page.reload()
    page.wait_for_selector("#notes-1 .notice")
    after_reload = page.is_checked("[name=keep_1]")
    switch(page, "de")
    page.wait_for_selector("#notes-1 .notice")

    assert (after_reload, page.is_checked("[name=keep_1]")) == (True, True)
    assert "Feiertag" in page.text_content("#notes-1")


def test_tick_for_one_date_says_nothing_about_another(page):
    page.fill("[name=city]", "Tallinn")
    page.fill("[name=date_1]", "2023-02-24")
    page.locator("[name=date_1]").dispatch_event("change")
    page.check("[name=keep_1]")
    page.fill("[name=date_1]", "2023-02-25")
    page.locator("[name=date_1]").dispatch_event("change")
    page.wait_for_selector("[name=keep_1][value='2023-02-25']")

    assert not page.is_checked("[name=keep_1]")


def test_ticks_and_choices_come_back(page):
    page.check("[name=topics] >> nth=0")
    page.check("[name=mode][value=online]")
    page.reload()

    assert page.is_checked("[name=topics] >> nth=0")
    assert page.is_checked("[name=mode][value=online]")
