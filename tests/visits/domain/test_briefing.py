"""Sending a city its brief."""

from io import BytesIO

import pytest
from django.core.exceptions import ValidationError
from pypdf import PdfReader

from crm import clock
from crm.domain.outbox import send_due
from visits.domain.briefing import keep_edition, send_brief, settle_upcoming
from visits.domain.checklists import tick_item
from visits.domain.disruptions import enter_disruption
from visits.domain.letters import send_letter
from visits.domain.own_request import tick_checklist
from visits.domain.visits import cancel_visit, edit_visit
from visits.models import Visit
from visits.models.visits import Side

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample")]


def test_send_brief_mails_every_department_and_keeps_every_edition(coordinator):
    visit = Visit.objects.get(ref="V09")

    mails = send_brief(visit, at=clock.now(), by=coordinator)

    assert [mail.recipient for mail in mails] == ["r14@example.org", "r15@example.org"]
    assert all("Gdańsk" not in mail.subject for mail in mails)
    assert all("BEGIN:VCALENDAR" in mail.calendar for mail in mails)
    assert visit.state == "briefed"
    kept = visit.editions.filter(void=False).values_list("kind", "language")
    assert sorted(kept) == [("internal", "en"), ("public", "en"), ("public", "pl")]


def test_changed_facts_send_a_briefed_visit_back_to_confirmed(coordinator):
    visit = Visit.objects.get(ref="V09")
    send_brief(visit, at=clock.now(), by=coordinator)

    edit_visit(visit, values={"address": "Another hall"}, at=clock.now(), by=coordinator)

    assert visit.state == "confirmed"


def test_send_brief_refuses_a_visit_that_is_only_on_offer(coordinator):
    visit = Visit.objects.get(ref="V11")

    with pytest.raises(ValidationError, match="once it is confirmed"):
        send_brief(visit, at=clock.now(), by=coordinator)
    assert not visit.editions.exists()


def test_cancelled_visit_leaves_no_brief_in_force(coordinator):
    visit = Visit.objects.get(ref="V07")
    assert visit.editions.filter(void=False).exists()

    cancel_visit(visit, side=Side.US, reason="Storm.", at=clock.now(), by=coordinator)

    assert not visit.editions.filter(void=False).exists()


def _sent_by(smtp_sink, address):
    [letter] = smtp_sink.to(address)
    return letter, [part for part in letter.iter_attachments() if part.get_filename()]


def _send_as_real(visit, coordinator):
    """The sample never leaves the machine; as a real visit its letters do."""
    Visit.objects.filter(pk=visit.pk).update(is_sample=False)
    visit.requests.update(is_sample=False)
    visit.refresh_from_db()
    return send_brief(visit, at=clock.now(), by=coordinator)


def test_the_programme_that_the_letter_speaks_of_is_attached(coordinator, smtp_sink):
    visit = Visit.objects.get(ref="V09")
    visit.notes = "Speak of nothing secret."
    visit.save()
    mails = _send_as_real(visit, coordinator)

    assert send_due() == 2

    letter, attached = _sent_by(smtp_sink, "r14@example.org")
    assert "załącz" in letter.get_body(("plain",)).get_content()
    assert [part.get_filename() for part in attached] == ["visit.ics", "V09-public-pl-v1.pdf"]
    pdf = PdfReader(BytesIO(attached[1].get_content()))
    text = " ".join(page.extract_text() for page in pdf.pages)
    assert "Gdańsk" in text
    assert "Speak of nothing secret." not in text
    assert mails[0].message.language == "pl"
    assert visit.editions.filter(kind="public", language="pl").get().sent_at is not None


def test_a_change_before_the_letter_leaves_is_in_the_attached_programme(coordinator, smtp_sink):
    visit = Visit.objects.get(ref="V09")
    _send_as_real(visit, coordinator)
    edit_visit(visit, values={"address": "Another hall"}, at=clock.now(), by=coordinator)

    send_due()

    _letter, attached = _sent_by(smtp_sink, "r15@example.org")
    assert attached[1].get_filename() == "V09-public-en-v2.pdf"
    pdf = PdfReader(BytesIO(attached[1].get_content()))
    assert "Another hall" in pdf.pages[0].extract_text()


def test_other_letters_carry_no_programme(coordinator, smtp_sink):
    visit = Visit.objects.get(ref="V09")
    visit.requests.update(is_sample=False)
    at = clock.now()
    send_letter(visit.requests.first(), "reminder_d3", at=at, by=coordinator, visit=visit)

    send_due()

    assert [part.get_filename() for part in smtp_sink.messages[0].iter_attachments()] == []


def test_whatever_makes_a_kept_brief_untrue_sends_the_visit_back_to_confirmed(coordinator):
    visit = Visit.objects.get(ref="V09")
    changes = (
        lambda at: tick_item(visit.checklist.first(), done=False, at=at, by=coordinator),
        lambda at: enter_disruption(_strike(visit), at=at, by=coordinator),
        lambda at: edit_visit(visit, values={"notes": "Ask first."}, at=at, by=coordinator),
    )
    visit.checklist.update(done=True)
    for change in changes:
        send_brief(visit, at=clock.now(), by=coordinator)
        change(clock.now())
        visit.refresh_from_db()
        assert visit.state == "confirmed"


def test_several_ticks_of_the_city_at_once_move_the_visit_once(coordinator):
    visit = Visit.objects.get(ref="V09")
    visit.checklist.update(done=False)
    send_brief(visit, at=clock.now(), by=coordinator)
    done = list(visit.checklist.values_list("pk", flat=True))

    assert tick_checklist(visit.requests.first(), done=done, at=clock.now()) == len(done) > 1

    visit.refresh_from_db()
    assert visit.state == "confirmed"


def test_keeping_the_internal_brief_anew_makes_the_visit_briefed_again(coordinator):
    """The city's programme, which was sent, says the same as before: nothing need be sent."""
    visit = Visit.objects.get(ref="V09")
    send_brief(visit, at=clock.now(), by=coordinator)
    edit_visit(visit, values={"notes": "Ask first."}, at=clock.now(), by=coordinator)
    assert visit.state == "confirmed"

    keep_edition(visit, "internal", at=clock.now(), by=coordinator)

    assert visit.state == "briefed"


def test_a_changed_topic_is_noticed_by_the_worker(coordinator):
    visit = Visit.objects.get(ref="V09")
    send_brief(visit, at=clock.now(), by=coordinator)
    visit.topics.update(limits="Promise nothing.")

    assert settle_upcoming(at=clock.now()) >= 1

    visit.refresh_from_db()
    assert visit.state == "confirmed"


def test_the_briefs_of_the_sample_are_as_true_as_its_story_says():
    assert settle_upcoming(at=clock.now()) == 0


def _strike(visit):
    return {
        "kind": "strike",
        "name": "Trains stand still",
        "countries": [visit.country],
        "airports": [],
        "places": [],
        "modes": ["rail"],
        "starts_at": visit.starts_at,
        "ends_at": visit.ends_at,
        "severity": 2,
        "status": "announced",
        "source": "",
    }
