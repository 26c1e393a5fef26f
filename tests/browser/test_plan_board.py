"""The plan as a work table in a browser: planned, dragged, refused, pinned, shared, published."""

import re
from io import BytesIO
from unicodedata import normalize

import pytest
from playwright.sync_api import Page, expect
from pypdf import PdfReader

from tests.support.browsing import follow

# No city waits for an answer to an offer, so that a struck visit finds another day.
NO_OFFERS = """
from crm import clock
from crm.models import User
from visits.domain.proposals import take_back_proposal
from visits.models import Visit
by = User.objects.get(email="coordinator@example.org")
for visit in Visit.objects.filter(state="tentative"):
    take_back_proposal(visit, reason="To plan it anew.", at=clock.now(), by=by)
# The worker's reminders of today, so that what is new afterwards comes of the plan.
from visits.domain.reminders import remind
remind(at=clock.now())
"""
# The other cities with an agreed date.
AGREED = ("R02", "R07", "R14", "R15", "R18", "R23")
SECOND = """
from crm.models import User
first = User.objects.get(email="coordinator@example.org")
second = User.objects.create_user("second@example.org", "demo-february-2023", name="Eva Second")
second.groups.set(first.groups.all())
from crm import clock
from visits.domain.proposals import take_back_proposal
from visits.models import Visit
for ref in ("R04", "R16", "R11", "R08"):
    visit = Visit.objects.live().get(requests__ref=ref)
    take_back_proposal(visit, reason="To plan it anew.", at=clock.now(), by=first)
"""


@pytest.fixture
def site(fresh_site):
    """Four cities wait for a plan, and a second coordinator has an account."""
    fresh_site.installation.manage("shell", "--verbosity", "0", "--command", SECOND)
    return fresh_site


def plan_anew(page: Page, number: int) -> None:
    """Plan from the page and open the version the worker has made."""
    page.goto(f"{page.url.split('/plan/')[0]}/plan/")
    follow(page, page.get_by_role("button", name="Plan again"))
    version = page.get_by_role("link", name=f"v{number}", exact=True)
    expect(version).to_be_visible(timeout=60_000)
    follow(page, version)


def block(page: Page, ref: str):
    return page.locator(f".plan-drawing [data-move={ref}]")


def cell(page: Page, host: str, day: str) -> tuple[float, float]:
    """The middle of a host's day on the screen."""
    column = page.locator(f"rect[data-day='{day}']").bounding_box()
    inside = "lane => (Number(lane.dataset.top) + 40) * lane.ownerSVGElement.getScreenCTM().d"
    top = page.locator(f"[data-host={host}]").evaluate(inside)
    return column["x"] + column["width"] / 2, column["y"] + top


def drag(page: Page, ref: str, host: str, day: str) -> None:
    """Take a block with the mouse and hold it over a host's day until the verdict is there."""
    bar = block(page, ref).locator("rect").bounding_box()
    page.mouse.move(bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    page.mouse.down()
    x, y = cell(page, host, day)
    page.mouse.move(x - 12, y, steps=4)
    page.mouse.move(x, y)
    page.locator(".plan-cell.is-possible").first.wait_for()


def drop(page: Page) -> None:
    with page.expect_navigation():
        page.mouse.up()


def verdicts(page: Page, ref: str) -> list[dict]:
    address = page.locator("[data-plan]").get_attribute("data-verdicts-url")
    ask = "address => fetch(address).then(answer => answer.json())"
    return page.evaluate(ask, f"{address}?request={ref}")["cells"]


def free_day(page: Page, ref: str, host: str) -> str:
    cells = verdicts(page, ref)
    return next(
        each["day"]
        for each in cells
        if each["host"] == host and each["possible"] and not each["here"] and not each["soft"]
    )


def pull(page, key):
    """Pull at a block that does not move."""
    box = page.locator(f'.plan-visit[data-block="{key}"]').bounding_box()
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 60, y + 5, steps=4)
    page.mouse.up()


def test_a_plan_is_worked_on_by_mouse_and_keyboard_by_two_and_published(site, page, browser):
    page.set_viewport_size({"width": 1440, "height": 1000})
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    site.sign_in(page)
    page.goto(f"{site.url}/plan/")
    plan_anew(page, 3)

    # By mouse to another day, with the verdict before the drop.
    day = free_day(page, "R11", "H2")
    drag(page, "R11", "H2", day)
    expect(page.locator("[data-verdict]")).to_contain_text("no more travel")
    drop(page)
    expect(page.locator(".toast")).to_contain_text("R11 Lisbon moved from")
    expect(page.locator(".lead")).to_contain_text("Edited by hand")
    expect(block(page, "R11")).to_be_focused()

    # On an impossible day the reason is said and nothing is sent.
    drag(page, "R04", "H2", "2023-02-22")
    told = re.compile(
        r"^Backup expert \(sample\) does not travel\. "
        r"Would fit online \(1 h 30 min\) at \d\d:\d\d \w+ \(\w+\)\.$"
    )
    expect(page.locator("[data-verdict]")).to_have_text(told)
    page.mouse.up()
    expect(page.locator("[data-verdict]")).to_have_text(told)
    expect(page.locator("#plan-work")).to_contain_text("here it is met online")
    page.reload()
    # What is agreed does not follow the mouse, and says why.
    pull(page, "R14")
    expect(page.locator("#plan-work")).to_contain_text("is agreed with its city")
    page.reload()
    expect(page.locator(".lead")).to_contain_text("Edited by hand")

    # By keyboard: arrows walk the blocks, m opens the days, Enter moves.
    block(page, "R11").focus()
    page.keyboard.press("m")
    dialog = page.locator("dialog#plan-work")
    expect(dialog.locator("h2")).to_have_text("Move R11 Lisbon")
    day = free_day(page, "R11", "H2")
    dialog.locator(f"input[value='H2 {day}']").focus()
    page.keyboard.press("Space")
    follow(page, dialog.get_by_role("button", name="Move", exact=True), key="Enter")
    expect(page.locator(".toast")).to_contain_text("R11 Lisbon moved from")
    expect(block(page, "R11")).to_be_focused()

    # Pinned where it is; the next plan keeps it there.
    page.keyboard.press("p")
    dialog.locator("input[name=reason]").fill("The city can only then")
    follow(page, dialog.locator("input[name=reason]"), key="Enter")
    expect(page.locator("#decisions")).to_contain_text("R11 Lisbon pinned")
    pinned = block(page, "R11").get_attribute("data-place")
    plan_anew(page, 4)
    assert block(page, "R11").get_attribute("data-place") == pinned
    expect(block(page, "R11")).to_have_accessible_name(re.compile("pinned$"))

    # A second coordinator changes the draft meanwhile: the page hears of it, nothing is lost.
    other = browser.new_context().new_page()
    sign_in_second(site, other)
    other.goto(f"{site.url}/plan/v4/move/?request=R04")
    follow(other, other.get_by_role("button", name="Leave out"))
    expect(page.locator("#plan-news")).to_contain_text("R04 Venice left out", timeout=15_000)
    page.goto(f"{site.url}/plan/v4/move/?request=R16")
    page.evaluate("document.querySelector('[name=seen]').value = '0'")
    with page.expect_response(lambda answer: answer.status == 409):
        page.get_by_role("button", name="Leave out").click()
    expect(page.get_by_role("alert")).to_contain_text("Eva Second")
    follow(page, page.get_by_role("button", name="Leave out"))
    follow(page, page.locator(".toast-undo").first)
    expect(page.locator(".toast").first).to_contain_text("Undone")

    # Published: exactly the touched ones have a draft in Mail.
    touched = set(
        page.locator(".change-new + .line-main a, .change-moved + .line-main a").all_inner_texts()
    )
    assert touched == {"R11 Lisbon", "R16 Nice"}
    before = drafts_in_mail(other, site)
    page.on("dialog", lambda asked: asked.accept())
    follow(page, page.get_by_role("button", name="Publish"))
    expect(page.locator(".toast")).to_contain_text("2 draft letters wait; nothing was sent.")
    drafted = drafts_in_mail(page, site) - before
    assert sorted(words[:3] for words in drafted) == ["R11", "R16"]
    assert site.mail.messages == []
    assert faults == []


@pytest.mark.one_database  # A finger is the same on both.
def test_the_board_takes_the_width_there_is_and_its_days_stay_under_their_heads(site, page):
    site.sign_in(page)
    for width, room in ((1280, 1230), (1920, 1850)):
        page.set_viewport_size({"width": width, "height": 1000})
        page.goto(f"{site.url}/plan/")
        board = page.locator(".plan-scroll").bounding_box()
        assert room <= board["width"] < width
        for place in (0, 19):
            head = page.locator(".plan-head").nth(place).bounding_box()
            column = page.locator(".plan-column").nth(place).bounding_box()
            assert head["x"] == pytest.approx(column["x"], abs=1)
        for place in (0, 1):
            host = page.locator(".plan-host").nth(place).bounding_box()
            rule = page.locator(".plan-rule").nth(place).bounding_box()
            assert host["y"] + host["height"] == pytest.approx(rule["y"], abs=1.5)


def test_a_finger_drags_a_visit_and_a_silent_server_leaves_the_page_in_order(site, browser):
    context = browser.new_context(viewport={"width": 1180, "height": 820}, has_touch=True)
    page = context.new_page()
    site.sign_in(page)
    page.goto(f"{site.url}/plan/")
    plan_anew(page, 3)

    # Nothing answers: that is said, and the page goes on.
    page.route("**/verdicts/**", lambda route: route.abort())
    bar = block(page, "R11").locator("rect").bounding_box()
    page.mouse.move(bar["x"] + 4, bar["y"] + 4)
    page.mouse.down()
    page.mouse.move(bar["x"] - 40, bar["y"] + 20, steps=4)
    page.mouse.up()
    expect(page.locator("[data-verdict]")).to_contain_text("nothing was moved")
    expect(page.locator(".plan-drag, .plan-cell")).to_have_count(0)
    page.unroute("**/verdicts/**")

    # By finger, along the board that would else scroll under it.
    day = free_day(page, "R11", "H2")
    finger = context.new_cdp_session(page)
    bar = block(page, "R11").locator("rect").bounding_box()
    at = (bar["x"] + bar["width"] / 2, bar["y"] + bar["height"] / 2)
    to = cell(page, "H2", day)
    touch(finger, "touchStart", at)
    for step in range(1, 9):
        touch(finger, "touchMove", [a + (b - a) * step / 8 for a, b in zip(at, to, strict=True)])
    expect(page.locator("[data-verdict]")).to_contain_text("no more travel")
    with page.expect_navigation():
        touch(finger, "touchEnd")
    expect(page.locator(".toast")).to_contain_text("R11 Lisbon moved from")

    # From the tray by its grip, up to the board; the rest of the row scrolls the page.
    page.goto(page.url.split("#")[0].replace("/plan/v3/", "/plan/v3/move/?request=R11"))
    follow(page, page.get_by_role("button", name="Leave out"))
    row = page.locator("[data-tray] [data-move=R11]")
    row.scroll_into_view_if_needed()
    grip = row.locator("[data-grip]").bounding_box()
    assert min(grip["width"], grip["height"]) >= 44
    at = (grip["x"] + 22, grip["y"] + 22)
    touch(finger, "touchStart", at)
    touch(finger, "touchMove", (at[0], at[1] - 20))
    for step in range(120):  # Held at the upper edge, the page comes down with the board.
        if cell(page, "H2", day)[1] > 140:
            break
        touch(finger, "touchMove", (at[0], 90 + step % 2))
    touch(finger, "touchMove", cell(page, "H2", day))
    expect(page.locator(".plan-cell.is-under.is-possible")).to_be_attached()
    with page.expect_navigation():
        touch(finger, "touchEnd")
    expect(page.locator(".toast")).to_contain_text("R11 Lisbon placed on")
    context.close()


def touch(finger, kind: str, *points) -> None:
    """One event of a real finger, as the browser's own input pipeline hands it to the page."""
    named = [{"x": x, "y": y} for x, y in points]
    finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": named})


def test_a_strike_moves_one_agreed_visit_with_its_own_yes_and_writes_to_its_city_alone(
    fresh_site, page
):
    fresh_site.installation.manage("shell", "--verbosity", "0", "--command", NO_OFFERS)
    page.set_viewport_size({"width": 1440, "height": 1000})
    fresh_site.sign_in(page)
    page.on("dialog", lambda asked: asked.accept())
    before = drafts_in_mail(page, fresh_site)
    page.goto(f"{fresh_site.url}/plan/replan/")

    # What the strike touches is ticked already; the rest stays to the minute.
    struck = page.locator("li", has=page.locator("input[name=released][value=V08]"))
    expect(struck).to_contain_text("Airport strike in Germany touches it.")
    expect(struck.locator("input")).to_be_checked()
    page.fill("#because", "Airport strike")
    follow(page, page.get_by_role("button", name="Make three plans"))
    expect(page.locator("#answers h2")).to_have_text("Plans for “Airport strike”")
    expect(page.locator("#answers[aria-live]")).to_have_count(0, timeout=90_000)
    plans = page.locator("#answers").get_by_role("link", name=re.compile(r"Plan v\d+"))
    follow(page, plans.last)

    # The agreed date moves only with its own yes.
    follow(page, page.get_by_role("button", name="Publish"))
    expect(page.locator(".toast")).to_contain_text("V08 has a date with its city")
    page.locator("input[name=approved][value=V08]").check()
    follow(page, page.get_by_role("button", name="Publish"))
    expect(page.locator(".toast")).to_contain_text("nothing was sent")

    page.goto(f"{fresh_site.url}/visits/V08/")
    expect(page.locator("main")).to_contain_text("Replaced by V19 Stuttgart")
    after = drafts_in_mail(page, fresh_site)
    assert "R17: Der Besuch hat einen neuen Termin" in after - before
    # What spoke of the old date is gone; of the cities that have one, no other hears anything.
    assert "R17: Unser Besuch steht bevor" not in after
    assert not {words for words in after - before if words.startswith(AGREED)}
    assert fresh_site.mail.messages == []


def drafts_in_mail(page: Page, site) -> set[str]:
    """The subjects of the draft letters that wait, as the Mail page lists them."""
    page.goto(f"{site.url}/mail/")
    links = page.locator("main a[href*='/draft/']")
    return set(links.evaluate_all("links => links.map(link => link.textContent.trim())"))


def sign_in_second(site, page: Page) -> None:
    page.goto(f"{site.url}/accounts/login/")
    page.fill("input[name=login]", "second@example.org")
    page.fill("input[name=password]", "demo-february-2023")
    page.locator("form:has(input[name=password]) [type=submit]").click()
    page.wait_for_url(lambda url: "/accounts/login" not in url)


@pytest.mark.one_database  # Paper is the same on both.
def test_the_plan_prints_on_one_wide_sheet_and_names_its_keys(site, page, artefact):
    site.sign_in(page)
    page.goto(f"{site.url}/plan/")
    plan_anew(page, 3)
    page.keyboard.press("?")
    for words in ("next visit", "move the visit", "pin it", "forbid a place to it"):
        expect(page.locator("[data-page-keys]")).to_contain_text(words)
    page.keyboard.press("Escape")
    for path, name, edited in (("/plan/", "calendar", "R11"), ("/plan/v3/", "version", "R16")):
        # An edit leaves open why the others are in the tray; nobody scrolls there before printing.
        page.set_viewport_size({"width": 1280, "height": 300})
        page.route("**/plan/v3/reasons/*", lambda route: route.abort())
        page.goto(f"{site.url}/plan/v3/move/?request={edited}")
        follow(page, page.locator("button[name=leave_out]"))
        page.unroute("**/plan/v3/reasons/*")
        page.goto(site.url + path)
        sheet = page.pdf(prefer_css_page_size=True, print_background=True)
        text = PdfReader(BytesIO(sheet)).pages[0].extract_text()
        assert "Not worked out since the last change by hand." not in text
        assert "Left out by hand." in text
        artefact(f"plan-{name}.pdf").write_bytes(sheet)
        pages = PdfReader(BytesIO(sheet)).pages
        assert (name, len(pages)) == (name, 1)
        box = pages[0].mediabox
        assert (round(box.width / 72 * 25.4), round(box.height / 72 * 25.4)) == (420, 297)
        page.emulate_media(media="print")
        page.set_viewport_size({"width": 1512, "height": 1047})
        board = page.locator(".plan-scroll").bounding_box()
        assert board["width"] > 0
        drawing = page.locator(".plan-drawing").bounding_box()
        assert 0.95 < (drawing["x"] + drawing["width"]) / 1512 <= 1.0
        homes = page.locator(".plan-home").evaluate_all(
            "marks => marks.map(mark => mark.getBoundingClientRect().right)"
        )
        assert homes
        assert max(homes) <= drawing["x"] + drawing["width"]
        # The tours fill what board and lists leave of the sheet, down to its foot.
        tours = page.locator(".plan-map svg").first.bounding_box()
        assert tours["height"] > 0.25 * 1047
        assert 0.9 < (tours["y"] + tours["height"]) / 1047 <= 1.0
        page.emulate_media(media="null")


@pytest.mark.one_database  # Paper is the same on both.
def test_what_is_folded_away_on_the_screen_stands_open_on_paper(sample_site, page):
    sample_site.sign_in(page)
    page.goto(f"{sample_site.url}/requests/R24/why/")
    words = "What would help on this day"
    folded = page.locator("main details:not([open])").get_by_text(words)
    assert folded.count() > 1
    assert not any(part.is_visible() for part in folded.all())
    told = page.locator("main details").get_by_text(words).count()
    assert squeezed(on_paper(page)).count(squeezed(words)) == told
    page.goto(f"{sample_site.url}/visits/V08/")
    assert page.locator("main details.menu").count() > 0
    assert "Changethisagreedvisit" not in squeezed(on_paper(page))


def on_paper(page: Page) -> str:
    """What the page says when it is printed."""
    sheet = page.pdf(prefer_css_page_size=True)
    return " ".join(part.extract_text() for part in PdfReader(BytesIO(sheet)).pages)


def squeezed(words: str) -> str:
    return "".join(words.split())


# A third host, a calendar that nobody can read, a host who is away, and a visit moved by us.
NOTICES = """
from datetime import timedelta
from django.utils import timezone
from crm import clock
from visits.domain.visits import put_off, replace_visit
from visits.models import BusyFeed, Host, HostAvailability, Visit
at = clock.now()
first = Host.objects.get(ref="H1")
third = Host.objects.create(ref="H3", name="Lea Lyon", home=first.home, zone=first.zone)
then = timezone.now() + timedelta(days=1)
BusyFeed.objects.create(
    host=first, url="https://calendar.example/x.ics", added_at=at, next_try_at=then
)
visit = Visit.objects.get(ref="V08")
HostAvailability.objects.create(
    host=first, starts_at=visit.starts_at, ends_at=visit.ends_at
)
visit, later = Visit.objects.get(ref="V10"), timedelta(hours=1)
put_off(visit, side="us", reason="A strike.", at=at, by=None)
replace_visit(
    visit,
    host=first,
    starts_at=visit.starts_at + later,
    ends_at=visit.ends_at + later,
    at=at,
    by=None,
    override_reason="Agreed by phone.",
)
"""


@pytest.mark.one_database  # Paper is the same on both.
def test_the_plan_prints_on_one_sheet_beneath_four_notices_with_three_hosts(site, page, artefact):
    site.sign_in(page)
    page.goto(f"{site.url}/plan/")
    plan_anew(page, 3)
    site.installation.manage("shell", "--verbosity", "0", "--command", NOTICES)
    page.goto(f"{site.url}/plan/")
    sheet = page.pdf(prefer_css_page_size=True, print_background=True)
    artefact("plan-notices.pdf").write_bytes(sheet)
    pages = PdfReader(BytesIO(sheet)).pages
    assert len(pages) == 1
    text = " ".join(normalize("NFKC", pages[0].extract_text()).split())
    titles = ("Dates are unconfirmed", "Hosts who cannot", "Moved; the city has not agreed yet")
    for words in (*titles, "Little time after landing", "Lea Lyon", "Tours"):
        assert words in text
    assert "says why." not in text
    assert "Every slot that Ostrava could use is taken" in text
