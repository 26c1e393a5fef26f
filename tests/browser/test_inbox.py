"""Mail from a real mailbox, seen, filed, undone and made a request of, in a browser."""

import pytest
from playwright.sync_api import Page, expect

from tests.crm.domain.inbox.letters import letter
from tests.support.browsing import follow
from tests.support.imap import Mailbox, find

pytestmark = pytest.mark.one_database  # The same verbs are tested on both without a browser.

EVIL = (
    "<script>window.__xss = 1</script><img src=x onerror='window.__xss = 1'>"
    "<svg/onload=window.__xss=1><a href='javascript:window.__xss=1'>Click</a>"
)


@pytest.fixture
def own_mailbox():
    if find() is None:
        pytest.skip("No Dovecot: install the system package dovecot-imapd.")
    server = Mailbox().start()
    server.empty()
    yield server
    server.stop()


def test_incoming_mail_is_looked_at_filed_taken_back_and_made_a_request(
    fresh_site, own_mailbox, page: Page
):
    own_mailbox.deliver(
        letter("Ylva Ny <ylva@new.invalid>", subject="A visit to us", text="Kan dere komme?"),
        letter(
            f'"{EVIL}" <evil@nowhere.invalid>'.replace("'", ""),
            subject=EVIL,
            text=f"<b>{EVIL}</b>",
            message_id="<evil@nowhere.invalid>",
        ).replace(b"text/plain", b"text/html"),
    )
    environment = {name: str(value) for name, value in own_mailbox.settings().items()}
    fresh_site.installation.manage("read_mail", **environment)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    fresh_site.sign_in(page, "coordinator")
    page.goto(f"{fresh_site.url}/")

    follow(page, page.get_by_role("link", name="2 mails to look at"))
    follow(
        page, page.get_by_role("row").filter(has_text="evil@nowhere.invalid").get_by_role("link")
    )
    expect(page.get_by_text("We know nobody with this address.")).to_be_visible()
    assert page.evaluate("window.__xss") is None
    follow(page, page.get_by_role("button", name="Ignore", exact=True))
    follow(page, page.get_by_role("button", name="Undo"))
    expect(page.get_by_text("Taken back; the mail waits for a look again.")).to_be_visible()
    follow(page, page.get_by_role("button", name="Always ignore this sender"))

    follow(page, page.get_by_role("link", name="A visit to us"))
    page.get_by_label("Find a person or organisation").fill("platane")
    follow(page, page.get_by_role("button", name="Search").last)
    page.get_by_role("group", name="People").get_by_role("checkbox").first.check()
    follow(page, page.get_by_role("button", name="File it"))
    expect(page.get_by_text("Filed.", exact=True)).to_be_visible()
    expect(page.get_by_text("Nothing to look at")).to_be_visible()
    follow(page, page.get_by_role("button", name="Undo"))

    follow(page, page.get_by_role("link", name="Make a visit request"))
    expect(page.get_by_label("What they said or wrote")).to_have_value(
        "A visit to us\n\nKan dere komme?"
    )
    expect(page.get_by_label("Mail address")).to_have_value("ylva@new.invalid")
    page.get_by_label("City").fill("Bergen")
    page.get_by_label("Country").select_option("NO")
    follow(page, page.get_by_role("button", name="Note the request"))
    expect(page.get_by_text("Kan dere komme?").first).to_be_visible()
    assert all(url.startswith(fresh_site.url) for url in asked if url.startswith("http"))
