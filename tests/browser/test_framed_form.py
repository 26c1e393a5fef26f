"""The form inside another site's page, in a Chromium that blocks third-party cookies."""

import json
import threading
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from tests.browser.test_public_path import link_in, mail_to
from tests.conftest import Site
from tests.support import chromium as chromium_finder
from tests.support.smtp import Sink

pytestmark = pytest.mark.one_database  # What a browser allows a frame is the same on both.

REFUSED = "chrome-error://chromewebdata/"
# Posts the form of this page so many times as a program would, without its proof of work.
SEND = """async (times) => {
  const codes = [];
  for (let sent = 0; sent < times; sent += 1) {
    const body = new FormData(document.querySelector("form"));
    body.delete("work");
    codes.push((await fetch("", { method: "POST", body })).status);
  }
  return codes;
}"""
TYPED = {
    "city": "Gand",
    "department": "Veiligheid",
    "requester_name": "Robin Example",
    "address": "framed@ghent.example",
}


class ParentPage(BaseHTTPRequestHandler):
    """A page that frames the address behind its question mark."""

    def do_GET(self):
        address = self.path.partition("?")[2]
        size = 'width="700" height="900"'
        body = f'<!doctype html><title>A city</title><iframe {size} src="{address}">'
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *words):
        pass


@contextmanager
def parent_site():
    """Another site, as `http://localhost:…`: the form's own is 127.0.0.1."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), ParentPage)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://localhost:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def framing(sample_installation):
    """A site that allows one other site to frame its form, and two other sites: allowed, not."""
    sink = Sink()
    sink.start()
    smtp = {"SMTP_HOST": sink.host, "SMTP_PORT": str(sink.port)}
    with parent_site() as allowed, parent_site() as stranger:
        url = sample_installation.serve(EMBEDDING_SITES=allowed, **smtp)
        sample_installation.start("worker", SITE_URL=url, **smtp)
        yield Site(url, sample_installation, sink), allowed, stranger
        sample_installation.stop()
    sink.stop()


@pytest.fixture
def strict_page(playwright, chromium, tmp_path):
    """Opens a page of a profile without third-party cookies: `with strict_page() as page`."""
    preferences = tmp_path / "profile" / "Default" / "Preferences"
    preferences.parent.mkdir(parents=True)
    preferences.write_text(
        json.dumps({"profile": {"cookie_controls_mode": 1, "block_third_party_cookies": True}})
    )

    @contextmanager
    def opened(**options):
        context = playwright.chromium.launch_persistent_context(
            preferences.parent.parent,
            executable_path=chromium,
            args=chromium_finder.launch_arguments(),
            **options,
        )
        try:
            yield context.pages[0]
        finally:
            context.close()

    return opened


def framed(page, parent: str, address: str):
    """The frame that shows `address` on a page of `parent`."""
    page.goto(f"{parent}/?{address}")
    # By its place: a refused frame has lost its name.
    frame = page.main_frame.child_frames[0]
    frame.wait_for_load_state()
    return frame


def fill(frame) -> None:
    for name, words in TYPED.items():
        frame.fill(f"[name={name}]", words)
    frame.check("[name=mode][value=online]")


@pytest.mark.parametrize("javascript", [True, False])
def test_form_is_sent_from_the_frame_of_an_allowed_site(framing, strict_page, artefact, javascript):
    site, allowed, _ = framing
    with strict_page(java_script_enabled=javascript) as page:
        frame = framed(page, allowed, f"{site.url}/en/visit/?campaign=february-2023")
        fill(frame)
        outward = frame.get_attribute("a[href^='/en/visit/offer/']", "target")
        page.wait_for_timeout(3_200)
        frame.click("button[type=submit]")
        frame.wait_for_url(f"{site.url}/en/visit/sent/?campaign=february-2023")
        heading = frame.text_content("h1")
        page.screenshot(path=artefact(f"framed-sent-{javascript}.png"))
        cookies = page.context.cookies()

    assert heading == "One more step: look in your mail"
    assert (outward, cookies) == ("_blank", [])
    assert "/en/visit/r/" in link_in(mail_to(site, TYPED["address"], 1))


def test_proof_of_work_in_the_frame_frees_a_form_of_a_busy_network(framing, strict_page):
    site, allowed, _ = framing
    address = f"{site.url}/en/visit/"
    with strict_page() as page:
        errors = []
        page.on("console", lambda line: errors.append(line.text) if line.type == "error" else None)
        crowd = framed(page, allowed, address)
        page.wait_for_timeout(3_200)
        crowd.evaluate(SEND, 20)
        errors.clear()  # Chromium tells of each refused form as an error.
        frame = framed(page, allowed, address)
        untouched = frame.input_value("[name=work]")
        fill(frame)
        page.wait_for_timeout(3_200)
        frame.wait_for_function("document.querySelector('[name=work]').value", timeout=60_000)
        proof = frame.input_value("[name=work]")
        quiet = list(errors)
        without = frame.evaluate(SEND, 1)
        frame.click("button[type=submit]")
        frame.wait_for_url(f"{address}sent/")

    assert (untouched, len(proof) > 400, quiet) == ("", True, [])
    assert without == [429]


def test_browser_refuses_other_sites_and_other_pages(framing, strict_page):
    site, allowed, stranger = framing
    with strict_page() as page:
        shown = {
            "stranger": framed(page, stranger, f"{site.url}/en/visit/").url,
            "allowed": framed(page, allowed, f"{site.url}/en/visit/").url,
            **{
                path: framed(page, allowed, site.url + path).url
                for path in ("/en/visit/offer/", "/en/visit/mine/", "/accounts/login/", "/")
            },
        }

    assert shown.pop("allowed") == f"{site.url}/en/visit/"
    assert set(shown.values()) == {REFUSED}
