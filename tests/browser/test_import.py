"""A coordinator brings the messy list of the event in, looks first, and takes it back."""

import pytest
from playwright.sync_api import Page, expect

from tests.support import import_files as files
from tests.support.browsing import follow

pytestmark = pytest.mark.one_database  # The same tables are tested on both without a browser.

WAITS = 60_000


def test_a_list_is_looked_at_imported_and_undone(fresh_site, page: Page, tmp_path):
    made = files.messy_xlsx(tmp_path / "list.xlsx")
    with_strangers = tmp_path / "new.csv"
    with_strangers.write_text(
        "Name;E-mail;Organisation;Land;Rolle\n"
        "Ylva Ny;ylva@new.example;Nytt kontor;NO;leder\n"
        "Åse Sample-Rogn;p023@example.org;;;sjef\n"
        "Uten adresse;feil;;;\n",
        encoding="utf-8",
    )
    fresh_site.sign_in(page, "coordinator")
    page.goto(f"{fresh_site.url}/people/")
    page.get_by_label("More to do with people").click()
    follow(page, page.get_by_role("link", name="Import people"))

    upload(page, tmp_path / "list.xlsx")
    everything = made["rows"] + made["doubles"]
    # Everybody is known already, so there is nothing new but remarks.
    lines = f"{everything} = {everything} taken + 0 with a fault"
    expect(page.get_by_text(lines)).to_be_visible(timeout=WAITS)
    follow(page, page.get_by_role("button", name="Forget the file"))

    upload(page, with_strangers)
    expect(page.get_by_text("3 = 2 taken + 1 with a fault")).to_be_visible(timeout=WAITS)
    expect(page.get_by_text("“feil” is not a mail address")).to_be_visible()
    expect(page.get_by_text("the file says sjef")).to_be_visible()

    follow(page, page.get_by_role("button", name="Import 2 rows"))
    undo = page.get_by_role("link", name="Undo this import")
    expect(undo).to_be_visible(timeout=WAITS)
    page.goto(f"{fresh_site.url}/people/?q=ylva")
    expect(page.get_by_role("link", name="Ylva Ny")).to_be_visible()

    page.go_back()
    follow(page, undo)
    expect(page.get_by_text("People removed")).to_be_visible()
    follow(page, page.get_by_role("button", name="Undo the import"))
    expect(page.get_by_text("The import is undone")).to_be_visible()
    page.goto(f"{fresh_site.url}/people/?q=ylva")
    expect(page.get_by_role("link", name="Ylva Ny")).to_have_count(0)


def test_a_file_with_an_endless_name_fits_a_phone(fresh_site, page: Page, tmp_path):
    path = tmp_path / f"{'participants' * 16}.csv"
    path.write_text("Name;E-mail\nYlva Ny;ylva@new.example\n", encoding="utf-8")
    fresh_site.sign_in(page, "coordinator")
    page.goto(f"{fresh_site.url}/people/imports/")
    upload(page, path)
    expect(page.get_by_text("1 = 1 taken + 0 with a fault")).to_be_visible(timeout=WAITS)
    page.set_viewport_size({"width": 360, "height": 740})
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    page.goto(f"{fresh_site.url}/people/imports/")
    assert page.evaluate("document.documentElement.scrollWidth") == 360


def upload(page: Page, path) -> None:
    page.get_by_label("File").set_input_files(path)
    page.get_by_label("Event").select_option("rotterdam-2023")
    page.get_by_label("Basis").fill("legitimate interest, follow-up of the event")
    page.get_by_label("Source").fill("signed list")
    follow(page, page.get_by_role("button", name="Read the file"))
