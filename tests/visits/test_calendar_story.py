"""One visit told to a city's calendar from the offer to the end, over the change of the clocks.

A calendar is kept as a mail program keeps it: an entry is known by its UID, and a later SEQUENCE
(of equal ones the newer DTSTAMP) replaces it. Each file is read by two parsers.
"""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import icalendar
import pytest
import vobject

from crm.domain import reference
from crm.models import Message, OutgoingMail
from tests.factories.crm import CoordinatorFactory, PlaceFactory
from tests.factories.visits import CampaignFactory, HostFactory, TopicFactory, VisitRequestFactory
from visits.domain import municipality
from visits.domain import visits as verbs
from visits.domain.briefing import send_brief
from visits.domain.letters import edit_draft, send_draft
from visits.domain.own_request import correct
from visits.domain.proposals import propose_dates
from visits.domain.replies import tell_newly_confirmed
from visits.models import Visit
from visits.states import RequestState

pytestmark = pytest.mark.django_db
BRUSSELS = ZoneInfo("Europe/Brussels")
START = datetime(2023, 3, 20, 9, tzinfo=UTC)


class CityCalendar:
    """What a mail program makes of the calendar files that reached it."""

    def __init__(self):
        self.entries, self.read = {}, 0

    def open_new_mails(self) -> list[str]:
        """Take in the mails not read yet; their methods."""
        methods = []
        for mail in OutgoingMail.objects.filter(pk__gt=self.read).order_by("pk"):
            self.read = mail.pk
            if mail.calendar:
                methods.append(self.take(mail.calendar, mail.calendar_method))
        return methods

    def take(self, text: str, method: str) -> str:
        calendar = icalendar.Calendar.from_ical(text)
        (event,) = calendar.walk("VEVENT")
        other = vobject.readOne(text)
        assert calendar["METHOD"] == other.method.value == method
        assert other.vevent.uid.value == event["UID"]
        assert other.vevent.dtstart.value.astimezone(UTC) == event.start.astimezone(UTC)
        uid, age = str(event["UID"]), (int(event["SEQUENCE"]), event["DTSTAMP"].dt)
        known = self.entries.get(uid)
        assert known is None or age > known[0], "an older file would be passed over"
        self.entries[uid] = (age, None if method == "CANCEL" else event)
        return method

    @property
    def event(self):
        """The one entry; None when it was taken out."""
        ((_age, event),) = self.entries.values()
        return event

    @property
    def local_start(self) -> str:
        return self.event.start.isoformat()


def send_newest_draft(request, *, at, by):
    """The coordinator fills the gaps of the newest draft and sends it."""
    draft = Message.objects.drafts().latest("pk")
    body = draft.body.replace("[[reason]]", "The trains do not run.")
    body = body.replace("[[next_step]]", "we look for another day.")
    send_draft(
        edit_draft(draft, subject=draft.subject, body=body, at=at, by=by), request, at=at, by=by
    )


@pytest.fixture
def asked(db):
    reference.load_mail_templates()
    ghent = PlaceFactory(name="Gent", alternate_names="Ghent|Gand")
    campaign = CampaignFactory(window_start="2023-03-20", window_end="2023-04-14")
    request = VisitRequestFactory(
        campaign=campaign, place=ghent, state=RequestState.UNDER_REVIEW, ref="R30"
    )
    request.topics.add(TopicFactory(code="T01"))
    return request


def test_ten_steps_leave_one_entry_that_moves_and_in_the_end_is_taken_out(asked):
    calendar, boss, moments = CityCalendar(), CoordinatorFactory(), iter(range(1, 99))

    def now():
        return START + timedelta(minutes=next(moments))

    # 1 Two dates are offered: nothing to put into a calendar yet.
    day = datetime(2023, 3, 24, 10, tzinfo=BRUSSELS)
    slots = [(day, day + timedelta(hours=3)), (day + timedelta(days=6), day + timedelta(days=6.1))]
    visit = propose_dates(
        asked, host=HostFactory(), mode="on_site", slots=slots, at=now(), by=boss,
        expires_at=START + timedelta(days=2),
    )  # fmt: skip
    assert calendar.open_new_mails() == []

    # 2 The city takes the first.
    visit = municipality.accept(asked, visit.holds.first(), at=now())
    assert calendar.open_new_mails() == ["REQUEST"]
    assert calendar.event["STATUS"] == "TENTATIVE"
    assert calendar.local_start == "2023-03-24T10:00:00+01:00"

    # 3 The desk learns where to meet, which confirms the visit.
    before = visit.state
    visit.refresh_from_db()
    visit = verbs.edit_visit(visit, values={"address": "Town hall"}, at=now(), by=boss)
    tell_newly_confirmed(visit, before=before, at=now())
    assert calendar.open_new_mails() == ["REQUEST"]
    assert (calendar.event["STATUS"], calendar.event["LOCATION"]) == ("CONFIRMED", "Town hall")

    # 4 The programme goes out.
    send_brief(visit, at=now(), by=boss)
    assert calendar.open_new_mails() == ["REQUEST"]

    # 5 The city moves to another room; the programme goes out again.
    asked.refresh_from_db()
    correct(asked, values={}, meeting_place="Library", at=now())
    visit.refresh_from_db()
    send_brief(visit, at=now(), by=boss)
    assert calendar.open_new_mails() == ["REQUEST"]
    assert calendar.event["LOCATION"] == "Library"

    # 6 We move the date beyond the change of the clocks: the same hour, another distance to UTC.
    visit.refresh_from_db()
    later = datetime(2023, 3, 27, 10, tzinfo=BRUSSELS)
    moved = verbs.postpone_visit(
        visit, starts_at=later, ends_at=later + timedelta(hours=3), side="us",
        reason="SECRET of the house", at=now(), by=boss,
    )  # fmt: skip
    assert calendar.open_new_mails() == []
    send_newest_draft(asked, at=now(), by=boss)
    assert calendar.open_new_mails() == ["REQUEST"]
    assert calendar.local_start == "2023-03-27T10:00:00+02:00"
    assert "SECRET" not in OutgoingMail.objects.latest("pk").text

    # 7 The city agrees on its page.
    municipality.agree_to_move(asked, moved, at=now())
    assert calendar.open_new_mails() == ["REQUEST"]
    assert calendar.event["STATUS"] == "CONFIRMED"

    # 8 The city withdraws.
    asked.refresh_from_db()
    municipality.withdraw(asked, reason="", at=now())
    assert calendar.open_new_mails() == ["CANCEL"]
    assert calendar.event is None

    # 9 It was a mistake.
    asked.refresh_from_db()
    municipality.undo_withdrawal(asked, at=now())
    assert calendar.open_new_mails() == ["REQUEST"]
    assert calendar.local_start == "2023-03-27T10:00:00+02:00"

    # 10 We have to cancel.
    last = Visit.objects.live().get()
    verbs.cancel_visit(last, side="us", reason="SECRET of the house", at=now(), by=boss)
    assert calendar.open_new_mails() == []
    send_newest_draft(asked, at=now(), by=boss)
    assert calendar.open_new_mails() == ["CANCEL"]
    assert calendar.event is None
    assert list(calendar.entries) == [f"{visit.ref}@{asked.campaign.slug}"]
    assert "SECRET" not in OutgoingMail.objects.latest("pk").text


def test_cancelling_what_the_city_does_not_know_of_drafts_nothing(asked):
    day = datetime(2023, 3, 24, 10, tzinfo=BRUSSELS)
    visit = propose_dates(
        asked, host=HostFactory(), mode="on_site", slots=[(day, day + timedelta(hours=3))],
        expires_at=START + timedelta(days=2), at=START,
    )  # fmt: skip
    verbs.cancel_visit(visit, side="us", reason="No train", at=START)
    assert Message.objects.drafts().count() == 0
