"""A robot that follows every mailed link and sends every form as it stands changes nothing."""

import base64
import re
from datetime import timedelta

import pytest

from crm.domain.messages import find_gaps
from crm.domain.outbox import with_link
from crm.models import ClockSetting, ConsentRecord, MailTemplate, OutgoingMail
from tests.factories.crm import CLOCK, ConsentRecordFactory, ContactPointFactory
from tests.visits.public.conftest import path_of
from tests.visits.public.robots import Page, crawl, everything
from visits.domain import municipality, own_request, requests
from visits.domain.letters import draft_letter, send_draft
from visits.domain.links import make_link, token_of
from visits.models import PendingRequest, PrivateLink, VisitRequest
from visits.states import RequestState

# What a link does is the same on both.
pytestmark = pytest.mark.one_database

WITHOUT_A_STEP = [state for state in RequestState if state not in ("proposed", "scheduled")]


def test_robot_fills_forms_as_browsers_do():
    (form,) = Page(
        '<form method="POST" action="a/"><input name="kept" value="1"><input name="empty">'
        '<input type="radio" name="date" value="1"><input type="checkbox" name="on" checked>'
        '<textarea name="words">\nas typed</textarea><button name="go" value="yes">'
        '<select name="part"><option value="any"><option value="am" selected></select></form>'
    ).forms

    assert (form.action, form.method) == ("a/", "post")
    assert form.values == {
        "kept": ["1"], "empty": [""], "on": ["on"], "words": ["as typed"], "go": ["yes"],
        "part": ["am"],
    }  # fmt: skip


def link_to(request: VisitRequest) -> str:
    return f"/en/visit/r/{token_of(make_link(request))}/"


def unchanged_by_a_robot(link: str) -> list[str]:
    """Let the robot loose; the forms it sent, "path: status" each."""
    before = everything()
    opened, sent = crawl(link)

    assert everything() == before
    assert len(opened) > 1
    return sent


def refused(sent: list[str], action: str) -> bool:
    """Whether the form was found, and refused each time it was sent."""
    answers = [told.rpartition(": ")[2] for told in sent if told.startswith(action + ":")]
    return bool(answers) and set(answers) == {"400"}


@pytest.mark.parametrize("state", WITHOUT_A_STEP)
def test_robot_changes_no_request_whatever_its_state(asked, state):
    VisitRequest.objects.update(state=state)
    sent = unchanged_by_a_robot(link_to(asked))

    assert refused(sent, "/en/visit/mine/data/")


def test_robot_accepts_no_date(offered):
    sent = unchanged_by_a_robot(link_to(offered.asked))

    assert refused(sent, "/en/visit/mine/accept/")
    assert refused(sent, "/en/visit/mine/other-dates/")
    assert refused(sent, "/en/visit/mine/withdraw/")
    assert refused(sent, "/en/visit/mine/colleague/")


@pytest.fixture
def agreed(offered):
    municipality.accept(offered.asked, offered.holds[0], address="Town hall", at=CLOCK)
    offered.asked.refresh_from_db()
    return offered.asked


def test_robot_cancels_no_visit(agreed):
    own_request.tick_checklist(agreed, done=[agreed.visits.get().checklist.first().pk], at=CLOCK)
    sent = unchanged_by_a_robot(link_to(agreed))

    assert refused(sent, "/en/visit/mine/withdraw/")
    assert any(told.startswith("/en/visit/mine/checklist/") for told in sent)
    assert any(told.startswith("/en/visit/mine/correct/") for told in sent)


def test_robot_undoes_no_cancellation(agreed):
    municipality.withdraw(agreed, reason="", at=CLOCK)

    assert refused(unchanged_by_a_robot(link_to(agreed)), "/en/visit/mine/undo/")


def test_robot_takes_back_no_consent(verified):
    asked = verified(consent_name_city="on")
    sent = unchanged_by_a_robot(link_to(asked))

    assert "/en/visit/mine/consents/: 302" in sent


def test_robot_confirms_no_form_and_deletes_none(client, ghent, form, last_link):
    client.post("/en/visit/", form())
    before = everything()
    opened, sent = crawl(last_link())

    assert everything() == before
    assert refused(sent, "/en/visit/mine/verify/")
    assert PendingRequest.objects.get().verified_at is None


def test_robot_takes_over_no_request(asked, last_link):
    own_request.ask_hand_over(
        asked, name="Kim", role="", address="kim@ghent.example", language="en", at=CLOCK
    )
    before = everything()
    opened, sent = crawl(last_link())

    assert everything() == before
    assert refused(sent, "/en/visit/mine/verify/")


# --- every kind of mail ---


def links_in(mail: OutgoingMail) -> set[str]:
    """The paths of this site that a mail names, in its text and its HTML."""
    parts = with_link(mail, mail.text) + " " + with_link(mail, mail.html)
    found = [address.rstrip(".,;:") for address in re.findall(r"https?://[^\s\"'<>]+", parts)]
    return {re.sub(r"^https?://[^/]+", "", address) for address in found if "/visit/" in address}


def send(request: VisitRequest, key: str, visit) -> OutgoingMail:
    """A letter from the template `key`, with a word in every gap a person would fill."""
    message = draft_letter(request, key, at=CLOCK, visit=visit)
    for gap in find_gaps(message.subject + message.body):
        message.subject = message.subject.replace(f"[[{gap}]]", "words")
        message.body = message.body.replace(f"[[{gap}]]", "words")
    return send_draft(message, request, at=CLOCK)


def test_links_of_every_kind_of_mail_change_nothing_when_opened_twice(
    client, agreed, form, last_link
):
    visit = agreed.visits.get()
    keys = set(MailTemplate.objects.values_list("key", flat=True))
    with_links = set(
        MailTemplate.objects.filter(
            body__regex=r"\{(link|stop_link|confirm_link)\}", language="en"
        ).values_list("key", flat=True)
    )
    mails = {key: send(agreed, key, visit) for key in keys}
    client.post("/en/visit/", form(address="new@ghent.example"))
    mails["confirm"] = OutgoingMail.objects.latest("pk")
    own_request.ask_hand_over(
        agreed, name="Kim", role="", address="kim@ghent.example", language="en", at=CLOCK
    )
    mails["hand over"] = OutgoingMail.objects.latest("pk")
    own_request.ask_about_data(agreed, "stop", text="", at=CLOCK)
    mails["data"] = OutgoingMail.objects.latest("pk")
    found = {name: links_in(mail) for name, mail in mails.items()}
    before = everything()
    for paths in found.values():
        for path in [*paths, *paths]:
            assert client.head(path, follow=True).status_code == 200
            assert client.get(path, follow=True).status_code == 200

    assert everything() == before
    assert {name for name, paths in found.items() if paths} >= {*with_links, "confirm", "hand over"}
    assert all("/visit/r/" in path for paths in found.values() for path in paths)


# --- the token itself ---


def test_token_is_256_bits_and_every_link_has_its_own(asked):
    tokens = {token_of(make_link(asked)) for _ in range(200)}

    assert len(tokens) == 200
    assert {len(base64.urlsafe_b64decode(token + "=")) for token in tokens} == {32}


def test_database_holds_no_token_only_its_hash(asked, last_link):
    requests.start_review(asked, at=CLOCK)
    send(asked, "request_ack", None)
    tokens = [token_of(link) for link in PrivateLink.objects.all()]
    rows = str(everything())

    assert path_of(OutgoingMail.objects.latest("pk")).split("/")[-2] in tokens
    assert [token for token in tokens if token in rows] == []


def test_link_ends_some_time_after_the_project_by_the_real_clock(client, asked, settings):
    link = make_link(asked)
    campaign = asked.campaign
    length = campaign.project_end - campaign.window_start

    assert link.expires_at - link.made_at < length + timedelta(days=181)
    PrivateLink.objects.update(expires_at=link.made_at)
    ClockSetting.objects.fix(CLOCK - timedelta(days=30))
    assert client.get(f"/en/visit/r/{token_of(link)}/").status_code == 404


# --- stop means stop ---


def test_stop_ends_every_consent_to_anything_but_this_visit(client, verified, form):
    asked = verified(consent_name_city="on")
    known = ContactPointFactory(value="Robin@Ghent.example").person
    for purpose in ("newsletter", "visit_contact"):
        ConsentRecordFactory(person=known, purpose=purpose, status="granted", at=CLOCK)
    client.post("/en/visit/mine/data/", {"ref": asked.ref, "kind": "stop", "text": ""})

    assert not ConsentRecord.objects.granted("newsletter").exists()
    assert not ConsentRecord.objects.granted("name_city").exists()
    assert ConsentRecord.objects.granted("visit_contact").filter(person=known).exists()
    assert asked.state == "received"
