"""Sending a city its brief."""

import pytest
from django.core.exceptions import ValidationError

from crm import clock
from visits.domain.briefing import send_brief
from visits.domain.visits import cancel_visit, edit_visit
from visits.models import Visit
from visits.models.visits import Side

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample")]


def test_send_brief_mails_every_department_and_keeps_both_editions(coordinator):
    visit = Visit.objects.get(ref="V09")

    mails = send_brief(visit, at=clock.now(), by=coordinator)

    assert [mail.recipient for mail in mails] == ["r14@example.org", "r15@example.org"]
    assert all("Gdańsk" not in mail.subject for mail in mails)
    assert all("BEGIN:VCALENDAR" in mail.calendar for mail in mails)
    assert visit.state == "briefed"
    assert sorted(visit.editions.filter(void=False).values_list("kind", flat=True)) == [
        "internal",
        "public",
    ]


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
