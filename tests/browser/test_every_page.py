"""Every page in a browser: readable for all, no wider than a phone, silent in the console.

The list of pages comes from the URL configuration; tests/browser/pages.py has an address for each.
Light on a desk and dark on a phone are looked at; the components page is looked at in every pair.
"""

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest
from django.urls import resolve
from playwright.sync_api import Browser, BrowserContext, Page, Route

from tests.access_matrix import MATRIX
from tests.browser.pages import EXAMPLES, NOT_PAGES, Look
from tests.conftest import serve_site
from tests.routes import routes
from tests.support import axe

pytestmark = pytest.mark.one_database  # How a page looks does not depend on the database.

DESK = {"width": 1280, "height": 900}
PHONE = {"width": 360, "height": 740}
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]
ROLES = ("coordinator", "administrator", "host", "expert", "reporter")
WORLD = Path(__file__).with_name("world.py").read_text(encoding="utf-8")
PASSWORD = "a long enough password"
# The interface for programs and the machine room have pages of the libraries they come from.
# The campaign of the moment, which has an address of its own too.
THE_CAMPAIGN = "/settings/campaign/"
NOT_OURS = ("api:", "admin:")


def looks(name: str) -> list[Look]:
    """The example addresses of a route with who opens each."""
    found = [Look(each) if isinstance(each, str) else each for each in EXAMPLES[name]]
    row = MATRIX.get(name)
    first = next((role for role in ROLES if row and role in (row.get or ())), "stranger")
    return [look if look.who else look._replace(who=first) for look in found]


LOOKS = [look for name in EXAMPLES for look in looks(name)]


def needs_example(name: str) -> bool:
    """Whether a GET of this route answers with a page of ours."""
    if name in EXAMPLES or name in NOT_PAGES:
        return False
    is_only_posted = name in MATRIX and MATRIX[name].get is None
    return not is_only_posted and not name.startswith(NOT_OURS)


def test_every_page_has_an_example_address():
    names = {route.name for route in routes()}
    assert sorted(filter(needs_example, names)) == [], "pages without a line in pages.py"
    assert (EXAMPLES.keys() | NOT_PAGES.keys()) - names == set(), "lines without a page"
    assert EXAMPLES.keys() & NOT_PAGES.keys() == set()


def test_every_example_address_leads_to_its_page():
    filled = {
        name: {urlsplit(re.sub("{.*?}", "1", look.path)).path for look in looks(name)}
        for name in EXAMPLES
    }
    found = {name: {resolve(path).view_name for path in paths} for name, paths in filled.items()}
    assert found == {name: {name} for name in EXAMPLES}


# --- The site and who looks at it ---


@pytest.fixture(scope="module")
def site(_sample_template, tmp_path_factory) -> Iterator[SimpleNamespace]:
    """A server on the sample and on the rows behind the example addresses."""
    made = _sample_template.copy(tmp_path_factory.mktemp("every-page") / "data")
    said = made.manage("shell", "-c", WORLD).stdout
    world = json.loads(next(line[5:] for line in said.splitlines() if line.startswith("WORLD")))
    running = serve_site(made, with_worker=False)
    yield SimpleNamespace(url=running.url, sign_in=running.sign_in, world=world)
    made.remove()
    running.mail.stop()


@pytest.fixture(scope="module")
def page_of(site, browser: Browser) -> Iterator[Callable[[str], Page]]:
    """The browser page of somebody, signed in at first use."""
    pages: dict[str, Page] = {}

    def open_page(who: str) -> Page:
        if who not in pages:
            pages[who] = browser.new_context().new_page()
            enter(site, pages[who], who)
        return pages[who]

    yield open_page
    for page in pages.values():
        page.context.close()


def enter(site: SimpleNamespace, page: Page, who: str) -> None:
    if who in ROLES:
        site.sign_in(page, who)
    elif who.startswith("link "):
        page.goto(site.url + site.world["links"][who.removeprefix("link ")])
    elif who != "stranger":
        page.goto(f"{site.url}/accounts/login/")
        page.fill("[name=login]", "newcomer@example.org" if who == "newcomer" else SECOND)
        page.fill("[name=password]", PASSWORD)
        page.locator("form:has([name=password]) [type=submit]").click()
        page.wait_for_url("**/2fa/authenticate/" if who != "newcomer" else f"{site.url}/")
    if who == "second":
        page.fill("[name=code]", site.world["codes"][0])
        page.locator("form:has([name=code]) [type=submit]").first.click()
        page.wait_for_url(f"{site.url}/")
    if who in ("newcomer", "second"):
        # What changes the sign-in asks for the password once more.
        page.goto(f"{site.url}/accounts/reauthenticate/?next=/settings/")
        page.fill("[name=password]", PASSWORD)
        page.locator("form:has([name=password]) [type=submit]").click()
        page.wait_for_url(f"{site.url}/settings/")


SECOND = "second@example.org"


# --- What is looked for ---


def faults_of(page: Page, address: str) -> list[str]:
    """Everything wrong with the page at `address`, light on a desk and dark on a phone."""
    faults: list[str] = []

    def note_line(line) -> None:
        # That the page itself answered with an error is no fault of the page.
        is_answer = "Failed to load resource" in line.text and line.location["url"] == page.url
        if line.type in ("error", "warning") and not is_answer:
            faults.append(f"console: {line.text}")

    def note_error(error) -> None:
        faults.append(f"script: {error}")

    page.on("console", note_line)
    page.on("pageerror", note_error)
    page.set_viewport_size(DESK)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    page.goto(address)
    faults += [f"light desk, {each}" for each in violations(page)]
    headings = page.locator("h1").all_inner_texts()
    if len(headings) != 1 or not headings[0].strip():
        faults.append(f"headings of the first level: {headings}")
    page.set_viewport_size(PHONE)
    page.emulate_media(color_scheme="dark")
    faults += [f"dark phone, {each}" for each in violations(page)]
    width = page.evaluate("document.documentElement.scrollWidth")
    if width > PHONE["width"]:
        faults.append(f"{width} px wide on a phone")
    page.remove_listener("console", note_line)
    page.remove_listener("pageerror", note_error)
    return faults


def violations(page: Page) -> list[str]:
    # Colours fade from one theme to the other; what is judged is the end.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map((each) => each.finished)).then(() => 0)"
    )
    found = axe.violations(page, RULES)
    return [f"{each['id']}: {node['html'][:160]}" for each in found for node in each["nodes"]]


@pytest.mark.parametrize("look", LOOKS, ids=lambda look: f"{look.who} {look.path}")
def test_page_has_no_fault(site, page_of, look):
    page = page_of(look.who)
    path = look.path.format(**site.world)
    assert faults_of(page, site.url + path) == []
    came_to = urlsplit(page.url).path
    assert came_to == urlsplit(path).path or "/reset/key/" in path, f"led to {came_to}"


# Another alphabet in place of ours, a third longer, read from the right.
PSEUDO = """() => {
    document.documentElement.dir = "rtl";
    const letters = "אבגדהוזחטיכלמנסעפצקרשתםןףךץוהד";
    const turned = (text) => text.replace(/[a-z]+/gi, (word) =>
        [...(word + word.slice(0, Math.ceil(word.length / 3)))]
            .map((letter) => letters[letter.toLowerCase().charCodeAt(0) - 97]).join(""));
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
        if (!["SCRIPT", "STYLE"].includes(walker.currentNode.parentElement.tagName)) {
            walker.currentNode.data = turned(walker.currentNode.data);
        }
    }
}"""
PUBLIC = [look for look in LOOKS if look.path.startswith("/en/visit/")]


@pytest.mark.parametrize("look", PUBLIC, ids=lambda look: f"{look.who} {look.path}")
def test_public_page_can_be_read_from_the_right_in_longer_words(site, page_of, look, artefact):
    page = page_of(look.who)
    page.emulate_media(color_scheme="light", reduced_motion="reduce")
    faults = []
    for name, size in (("desk", DESK), ("phone", PHONE)):
        page.set_viewport_size(size)
        page.goto(site.url + look.path.format(**site.world))
        page.evaluate(PSEUDO)
        faults += [f"{name}, {each}" for each in violations(page)]
        if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
            faults.append(f"wider than the {name}")
    picture = re.sub(r"\W+", "-", f"{look.who}{look.path}").strip("-")
    page.screenshot(path=artefact(f"rtl-{picture}.png"), full_page=True)
    assert faults == []


@pytest.mark.parametrize("path", ["/settings/users/", "/no-such-page/", "/requests/R999/"])
def test_refusal_is_a_page_without_fault(site, page_of, path):
    assert faults_of(page_of("coordinator"), site.url + path) == []


@pytest.mark.parametrize("status", ["400", "409", "500", "503"])
def test_page_of_a_breakdown_has_no_fault(site, page_of, status):
    def answer(route: Route) -> None:
        route.fulfill(
            status=int(status), content_type="text/html", body=site.world["broken"][status]
        )

    page = page_of("stranger")
    page.route("**/broken/", answer)
    assert faults_of(page, f"{site.url}/broken/") == []
    page.unroute("**/broken/", answer)


def test_every_page_of_the_desk_has_a_title_of_its_own(site, page_of):
    titles: dict[str, set[str]] = {}
    for look in LOOKS:
        if look.who in ROLES and look.path != THE_CAMPAIGN:
            # A filter changes no title, but without its people a mailing has no page.
            path = look.path.format(**site.world)
            title = title_at(page_of(look.who).context, site.url + path)
            titles.setdefault(title, set()).add(urlsplit(path).path)
    assert {title: paths for title, paths in titles.items() if len(paths) > 1} == {}


def title_at(context: BrowserContext, address: str) -> str:
    return re.search(r"<title>(.*?)</title>", context.request.get(address).text(), re.S)[1]
