"""What a municipality typed stands in our letters as words and as nothing else, and every letter
names days that still lie ahead."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.domain import reference
from crm.domain.messages import find_gaps
from crm.domain.outbox import link_marker
from crm.models import MailTemplate, OutgoingMail
from tests.factories.crm import CLOCK, CoordinatorFactory
from tests.factories.visits import CampaignFactory, HostFactory, VisitRequestFactory
from visits.domain.letters import draft_letter, edit_draft, send_draft, send_letter
from visits.domain.proposals import accept_slot, propose_dates
from visits.domain.replies import send_words
from visits.public.standing import standing_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def asked(db):
    reference.load_mail_templates()
    return VisitRequestFactory(
        campaign=CampaignFactory(funding_line="Grant agreement No 883286."),
        requester_name="[[reason]] [[[x]]] {link} {reason} <b>Ann</b>",
        address="ann@ghent.example",
    )


def links_in(mail: OutgoingMail) -> int:
    return mail.text.count(link_marker(mail.mail_id))


def test_brackets_in_a_name_do_not_keep_a_letter_from_going(asked):
    mail = send_letter(asked, "request_ack", at=CLOCK)

    assert mail.state == OutgoingMail.State.QUEUED
    assert "Hello [reason]] [x]]] (link) {reason} <b>Ann</b>," in mail.text
    assert "&lt;b&gt;Ann&lt;/b&gt;" in mail.html


def test_a_name_never_stands_for_the_private_link(asked):
    letter = send_letter(asked, "request_ack", at=CLOCK)
    send_words(asked, "R01: the date is agreed", ["See {link}"], at=CLOCK)

    assert (links_in(letter), links_in(OutgoingMail.objects.latest("pk"))) == (1, 1)


def test_a_project_without_a_funding_line_can_write_all_the_same(asked):
    asked.campaign.funding_line = ""
    mail = send_letter(asked, "request_ack", at=CLOCK)

    assert mail.text.rstrip().endswith(f"Reference {asked.ref}")


def test_a_letter_in_english_to_a_reader_of_another_language_says_so_in_that_language(asked):
    asked.language = "sl"
    letter = send_letter(asked, "request_ack", at=CLOCK)
    send_words(asked, "R01: the date is agreed", ["See {link}"], at=CLOCK)

    opening = "Pišemo Vam v angleščini; odgovorite nam lahko v slovenščini.\n\nHello "
    assert letter.text.startswith(opening)
    assert OutgoingMail.objects.latest("pk").text.startswith(opening)


def test_a_gap_of_the_template_still_waits_for_a_person(asked):
    draft = draft_letter(asked, "declined", at=CLOCK)

    assert "[[guides_link]]" in draft.body
    with pytest.raises(Exception, match=r"write what stands for \[\[reason\]\]"):
        send_draft(draft, asked, at=CLOCK)


def test_no_letter_to_the_city_holds_an_internal_field(secrets):
    """Every template in every language, with a secret in all that the city may not read."""
    visit, markers = secrets
    reference.load_mail_templates()
    asked = visit.requests.get()
    said = {}
    for key, language in MailTemplate.objects.values_list("key", "language"):
        asked.language = language
        draft = draft_letter(asked, key, at=CLOCK, visit=visit)
        said[key, language] = draft.subject + draft.body

    leaks = {where: m for where, words in said.items() for m in markers if m in words}
    assert (len(said) > 200, leaks) == (True, {})


def test_the_reason_on_record_never_fills_a_letter(asked):
    reference.load_mail_templates()
    asked.reason = "The mayor is said to change parties."
    for key in ("waitlist", "declined", "cancelled", "date_changed", "outside_window"):
        draft = draft_letter(asked, key, at=CLOCK)
        assert "reason" in find_gaps(draft.body), key
        assert "mayor" not in draft.body, key


def test_a_reason_given_for_the_city_is_told(asked):
    words = "Your dates lie in March."
    draft = draft_letter(asked, "declined", at=CLOCK, extra={"reason": words})
    assert words in draft.body


def test_a_letter_whose_private_link_was_taken_out_does_not_go(asked):
    draft = draft_letter(asked, "counter_date_received", at=CLOCK)
    words = draft.body.replace("{link}", "")
    edit_draft(draft, subject=draft.subject, body=words, at=CLOCK, by=CoordinatorFactory())

    with pytest.raises(ValidationError, match="cannot go without the private link; write {link}"):
        send_draft(draft, asked, at=CLOCK)
    assert not OutgoingMail.objects.exists()


def february(day: int, hour: int) -> datetime:
    return datetime(2023, 2, day, hour, tzinfo=UTC)


@pytest.fixture
def proposed(asked):
    """Two dates, the 22nd and the 23rd, offered until the 17th."""
    asked.requester_name = "Ann"
    slots = [(february(day, 9), february(day, 12)) for day in (22, 23)]
    return propose_dates(
        asked,
        host=HostFactory(),
        mode="on_site",
        slots=slots,
        expires_at=february(17, 16),
        at=CLOCK,
    )


def body_of(asked, key, visit, at) -> str:
    return draft_letter(asked, key, visit=visit, at=at).body


def test_an_offer_names_its_dates_and_until_when_they_are_held(asked, proposed):
    body = body_of(asked, "date_proposal", proposed, CLOCK)

    assert [day in body for day in ("Wed 22 Feb", "Thu 23 Feb", "Fri 17 Feb")] == [True] * 3


@pytest.mark.parametrize("key", ["confirmation", "public_brief", "reminder_d3"])
def test_after_acceptance_a_letter_names_the_day_of_the_visit_and_none_of_the_offer(
    asked, proposed, key
):
    visit = accept_slot(proposed.holds.get(rank=2), at=CLOCK + timedelta(hours=1))
    asked.refresh_from_db()
    later = february(19, 9)
    body = body_of(asked, key, visit, later)

    assert "Thu 23 Feb 2023, 10:00" in body
    assert ("17 Feb" in body, "22 Feb" in body) == (False, False)
    assert f"by {standing_of(asked, at=later).by_when}" in body


def test_an_offer_that_ran_out_is_no_longer_named(asked, proposed):
    body = body_of(asked, "date_proposal", proposed, february(18, 9))

    assert "17 Feb" not in body


@pytest.mark.parametrize("key", ["visit_thanks", "report_for_check", "no_show_followup"])
def test_a_letter_after_the_visit_names_a_deadline_ahead(asked, proposed, key):
    visit = accept_slot(proposed.holds.get(rank=1), at=CLOCK)
    asked.refresh_from_db()
    body = body_of(asked, key, visit, february(24, 9))

    assert "by Mon 27 Feb 2023, 10:00" in body or "by Tue 28 Feb 2023, 10:00" in body
