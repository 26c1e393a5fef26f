"""The municipality's path in a real browser, with real mail: from the form to the agreed date."""

import itertools
import re
import time

import polib
import pytest
from django.conf import settings
from icalendar import Calendar

from tests.support import axe
from tests.support.browsing import follow
from tests.support.installation import ROOT

PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
# Two dates in the week after the demo clock, by the backup host, for the newest request.
PROPOSE = """
from datetime import UTC, datetime, timedelta
from crm import clock
from visits.domain.proposals import propose_dates
from visits.domain.letters import send_letter
from visits.models import Host, VisitRequest
request = VisitRequest.objects.filter(is_sample=False).latest("pk")
at = clock.now()
slots = [(datetime(2023, 2, 24, hour, tzinfo=UTC), datetime(2023, 2, 24, hour + 2, tzinfo=UTC))
         for hour in (8, 12)]
visit = propose_dates(request, host=Host.objects.get(ref="H2"), mode="on_site", slots=slots,
                      expires_at=at + timedelta(days=2), at=at)
send_letter(request, "date_proposal", at=at, visit=visit)
"""
WORDS = {
    "en": ("Please confirm your request for a visit", "Your date is agreed"),
    "nb": ("Bekreft forespørselen din om et besøk", "Datoen er avtalt"),
    "nl": ("Bevestig uw aanvraag voor een bezoek", "Uw datum is afgesproken"),
    "it": ("Confermi la sua richiesta di visita", "La data è concordata"),
    "fr": ("Veuillez confirmer votre demande de visite", "Votre date est convenue"),
    "de": ("Bitte bestätigen Sie Ihre Besuchsanfrage", "Ihr Termin ist vereinbart"),
    "es": ("Confirme su solicitud de visita", "Su fecha está acordada"),
    "pl": ("Prosimy o potwierdzenie zgłoszenia wizyty", "Termin jest uzgodniony"),
    "el": ("Παρακαλούμε επιβεβαιώστε το αίτημά σας για επίσκεψη", "Η ημερομηνία σας συμφωνήθηκε"),
}
# Forms of the private page, and the required field that is emptied before they are sent.
REFUSED = (
    ("correct", "requester_name"),
    ("colleague", ""),
    ("other-dates", ""),
    ("data", ""),
)
# The fewest that walk every pair of script, screen, theme and database; all others in `make soak`.
ENOUGH = {"en", "nl", "it", "de", "el"}
# Each language once.
WALKS = [
    ("en", True, PHONE, "dark", "sqlite"),
    ("nb", True, DESK, "light", "postgresql"),
    ("nl", False, DESK, "dark", "sqlite"),
    ("it", False, PHONE, "light", "postgresql"),
    ("fr", True, PHONE, "light", "sqlite"),
    ("de", True, DESK, "dark", "postgresql"),
    ("es", False, PHONE, "dark", "sqlite"),
    ("pl", False, DESK, "light", "postgresql"),
    ("el", True, DESK, "light", "sqlite"),
]


def faults_of(page, checker) -> list[str]:
    """What axe finds, and whether the page is wider than shown.

    Axe needs JavaScript itself: a page without it is shown once more in `checker`, which has it.
    """
    width = page.evaluate("document.documentElement.scrollWidth")
    if checker is not page:
        words = page.content()
        checker.route(page.url, lambda route: route.fulfill(body=words, content_type="text/html"))
        checker.goto(page.url)
        checker.unroute(page.url)
    found = [each["id"] for each in axe.violations(checker)]
    return found + (["wider than the screen"] if width > page.viewport_size["width"] else [])


def mail_to(site, address: str, count: int):
    """The `count`th mail that reached an address, waiting for the worker."""
    until = time.monotonic() + 150
    while time.monotonic() < until:
        found = [mail for mail in site.mail.received if address in mail.recipients]
        if len(found) >= count:
            return found[count - 1].message
        time.sleep(0.3)
    raise AssertionError(f"mail {count} to {address} did not arrive")


def link_in(message) -> str:
    text = message.get_body(("plain",)).get_content()
    return re.search(r"https?://\S+/visit/r/\S+", text)[0]


def english_left(page, language: str) -> list[str]:
    """English sentences of ours on a page of another language, though we have a translation."""
    if language == "en":
        return []
    catalogue = polib.pofile(str(ROOT / "locale" / language / "LC_MESSAGES" / "django.po"))
    shown = page.text_content("body")
    return [
        entry.msgid
        for entry in catalogue
        if len(entry.msgid) > 12
        and "%(" not in entry.msgid
        and entry.msgid not in entry.msgstr
        and entry.msgid in shown
    ]


def pytest_generate_tests(metafunc):
    if "walk" in metafunc.fixturenames:
        database = metafunc.config.getoption("--database")
        here = [row for row in WALKS if row[-1] == database]
        metafunc.parametrize("walk", [walk_of(row) for row in here])


def walk_of(row):
    marks = () if row[0] in ENOUGH else pytest.mark.full
    return pytest.param(row, id=row[0], marks=marks)


def test_every_language_and_every_pair_of_circumstances_is_walked():
    assert {row[0] for row in WALKS} == {code for code, _name in settings.LANGUAGES} == set(WORDS)
    columns = range(1, 5)
    for one, other in itertools.combinations(columns, 2):
        pairs = {(str(row[one]), str(row[other])) for row in WALKS if row[0] in ENOUGH}
        assert len(pairs) == 4


def test_officer_goes_from_the_form_to_the_agreed_date(fresh_site, newcomer, artefact, walk):
    language, javascript, viewport, scheme, _database = walk
    address = f"officer-{language}@ghent.example"
    form = f"{fresh_site.url}/{language}/visit/"
    mine = f"{form}mine/"
    faults = {}
    with (
        newcomer(javascript=javascript, viewport=viewport, scheme=scheme) as page,
        newcomer(javascript=True, viewport=viewport, scheme=scheme) as second,
    ):

        def look(name: str) -> None:
            found = faults_of(page, page if javascript else second) + english_left(page, language)
            if found:
                faults[name] = found
            page.screenshot(path=artefact(f"public-{language}-{name}.png"), full_page=True)

        page.goto(form)
        look("1-form")
        page.fill("[name=city]", "Gand")
        page.fill("[name=department]", "Veiligheid")
        page.fill("[name=requester_name]", "Robin Example")
        page.fill("[name=address]", address)
        page.check("[name=topics][value=T01]")
        page.check("[name=mode][value=on_site]")
        page.fill("[name=date_1]", "2023-02-24")
        page.wait_for_timeout(3_200)
        follow(page, page.locator("main button[type=submit]"))
        # 24 February is in the school break of Flanders: the page says so and lets them keep it.
        look("2-warned")
        page.check("[name=keep_1]")
        follow(page, page.locator("main button[type=submit]"))
        assert page.url == f"{form}sent/"
        look("3-sent")

        asked = mail_to(fresh_site, address, 1)
        page.goto(link_in(asked))
        look("4-verify")
        follow(page, page.locator("main button[type=submit]"))
        look("5-nothing-chosen")
        page.check("#choice-1")
        follow(page, page.locator("main button[type=submit]"))
        look("6-received")
        reference = re.search(r"\bR\d+\b", page.text_content("main"))[0]

        fresh_site.installation.manage("shell", "-c", PROPOSE, SITE_URL=fresh_site.url)
        page.goto(link_in(mail_to(fresh_site, address, 3)))
        look("7-offered")
        for path, emptied in REFUSED:
            page.goto(f"{mine}{path}/")
            if emptied:
                page.fill(f"[name={emptied}]", "")
            # The last form of the page: above it may stand one that takes consents back.
            follow(page, page.locator("main form button[type=submit]").last)
            assert page.locator("[data-error-summary]").count() == 1, path
            look(f"7-refused-{path}")
        page.goto(mine)
        page.check("#slot-2")
        follow(page, page.locator("main form:has([name=hold]) button[type=submit]"))
        look("8-place-wanted")
        follow(page, page.locator("main form:has([name=place]) button[type=submit]"))
        look("8-place-refused")
        page.fill("[name=place]", "Town hall, room 2")
        follow(page, page.locator("main form:has([name=place]) button[type=submit]"))
        heading = page.text_content("h1")
        look("8-agreed")
        with page.expect_download() as download:
            page.click("a[href$='visit.ics']")
        event = Calendar.from_ical(download.value.path().read_bytes()).walk("VEVENT")[0]
        confirmed = mail_to(fresh_site, address, 5)

        page.goto(f"{mine}withdraw/")
        look("9-cancel")
        page.fill("[name=reference]", reference)
        follow(page, page.locator("main button[type=submit]"))
        look("10-cancelled")
        page.check("[name=sure]")
        follow(page, page.locator("main form:has([name=sure]) button[type=submit]"))
        undone = page.text_content("h1")

    subject, agreed = WORDS[language]
    assert faults == {}
    # A long subject may begin on the next line of the header, after a blank.
    assert asked["Subject"] == subject
    assert (heading, undone) == (agreed, agreed)
    assert event["DTSTART"].dt.isoformat() == "2023-02-24T13:00:00+01:00"
    assert any(part.get_content_type() == "text/calendar" for part in confirmed.walk())


def test_holiday_of_the_typed_city_is_told_at_once(sample_site, newcomer):
    with newcomer(javascript=True, viewport=DESK, scheme="light") as page:
        page.goto(f"{sample_site.url}/en/visit/")
        page.fill("[name=city]", "Tallinn")
        page.fill("[name=date_1]", "2023-02-24")
        page.locator("[name=date_1]").dispatch_event("change")
        page.wait_for_selector("#notes-1 .notice")

        assert "is a public holiday in Tallinn" in page.text_content("#notes-1")


def test_city_that_several_places_bear_is_chosen_from_a_plain_list(sample_site, newcomer):
    with newcomer(javascript=False, viewport=PHONE, scheme="light") as page:
        page.goto(f"{sample_site.url}/en/visit/")
        page.fill("[name=city]", "Bruges")
        page.wait_for_timeout(3_200)
        follow(page, page.locator("main button[type=submit]"))
        choices = page.locator("[name=place]").count()
        page.get_by_label("Bruges, Nouvelle-Aquitaine, France").check()

        assert choices == 2
        assert page.locator("fieldset:has([name=place]) legend").text_content().startswith("Which")


def tab_to(page, selector: str, *, most: int = 120) -> None:
    """Press Tab until the element has the focus, which must be seen there."""
    for _press in range(most):
        page.keyboard.press("Tab")
        found = page.evaluate(
            """selector => {
                const here = document.activeElement;
                if (!here.matches(selector)) return null;
                const box = here.getBoundingClientRect();
                return box.bottom > 0 && box.top < innerHeight;
            }""",
            selector,
        )
        if found is not None:
            assert found, f"{selector} has the focus out of sight"
            return
    raise AssertionError(f"{selector} cannot be reached by keyboard")


@pytest.mark.one_database  # What keys do is the same on both.
def test_officer_asks_and_accepts_by_keyboard_alone(fresh_site, newcomer):
    address = "keys@ghent.example"
    with newcomer(javascript=True, viewport=DESK, scheme="light") as page:
        page.goto(f"{fresh_site.url}/en/visit/")
        for name, typed in (
            ("city", "Gand"),
            ("department", "Safety"),
            ("requester_name", "Robin Example"),
            ("address", address),
        ):
            tab_to(page, f"[name={name}]")
            page.keyboard.type(typed)
        for choice in ("[name=topics]", "[name=mode]"):
            tab_to(page, choice)
            page.keyboard.press("Space")
        page.wait_for_timeout(3_200)
        tab_to(page, "main button[type=submit]")
        follow(page, page.locator(":focus"), key="Enter")
        assert "/visit/sent/" in page.url

        page.goto(link_in(mail_to(fresh_site, address, 1)))
        tab_to(page, "#choice-1")
        page.keyboard.press("Space")
        tab_to(page, "main button[type=submit]")
        follow(page, page.locator(":focus"), key="Enter")

        fresh_site.installation.manage("shell", "-c", PROPOSE, SITE_URL=fresh_site.url)
        page.goto(link_in(mail_to(fresh_site, address, 3)))
        tab_to(page, "[name=hold]")
        page.keyboard.press("Space")
        page.keyboard.press("ArrowDown")
        tab_to(page, "main form:has([name=hold]) button[type=submit]")
        follow(page, page.locator(":focus"), key="Enter")
        assert page.text_content("h1") == "Your date is agreed"
        assert "13:00–15:00 Brussels (CET)" in page.text_content("main")

        with page.expect_download() as download:
            tab_to(page, "a[href$='visit.ics']")
            page.keyboard.press("Enter")
        event = Calendar.from_ical(download.value.path().read_bytes()).walk("VEVENT")[0]
        assert event["DTSTART"].dt.isoformat() == "2023-02-24T13:00:00+01:00"

        reference = re.search(r"\bR\d+\b", page.text_content("main"))[0]
        tab_to(page, "a[href$='/withdraw/']")
        follow(page, page.locator(":focus"), key="Enter")
        tab_to(page, "[name=reference]")
        page.keyboard.type(reference)
        tab_to(page, "main button[type=submit]")
        follow(page, page.locator(":focus"), key="Enter")
        assert page.text_content("h1") == "You withdrew your request"
        tab_to(page, "[name=sure]")
        page.keyboard.press("Space")
        tab_to(page, "main form:has([name=sure]) button[type=submit]")
        follow(page, page.locator(":focus"), key="Enter")
        assert page.text_content("h1") == "Your date is agreed"
