"""What has a time: visits that have not begun, dates that are over, forms for impossible steps."""

from datetime import UTC, datetime, timedelta

import pytest
from django.core.exceptions import ValidationError

from crm.models import ClockSetting, User
from tests.factories.crm import CLOCK
from tests.factories.visits import HoldFactory, VisitFactory, VisitRequestFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.booking import hold_until
from visits.domain.proposals import accept_slot, propose_dates
from visits.domain.visits import complete_visit, mark_no_show, postpone_visit, start_visit
from visits.models import Visit, VisitRequest

pytestmark = pytest.mark.django_db

NOT_BEGUN = "V07 has not begun: it starts on Thu 16 Feb 2023, 09:30 Copenhagen (CET)."
BEGINS = datetime(2023, 2, 16, 8, 30, tzinfo=UTC)


@pytest.fixture
def desk(client, sample, coordinator):
    client.force_login(coordinator)
    return client


def visit(ref):
    return Visit.objects.get(ref=ref)


# --- A visit takes place when its time has come ---


def test_visit_does_not_take_place_the_day_before(desk):
    assert said(do(desk, "visit-complete", "V07", other=5)) == [NOT_BEGUN]
    assert visit("V07").state == "briefed"
    assert not hasattr(visit("V07"), "report")


def test_counts_are_asked_for_once_the_visit_has_begun(desk):
    page = go(desk, "visit-detail", "V07", tab="report")
    assert "It took place" not in page.text
    assert "Once the visit has begun, the counts and three lines of the day go here." in page.text
    assert "Nobody came" not in page.text
    ClockSetting.objects.fix(BEGINS)
    page = go(desk, "visit-detail", "V07", tab="report")
    assert "It took place" in page.text
    assert "Nobody came" in page.text


def test_nobody_can_have_come_to_a_visit_that_has_not_begun(desk):
    answer = desk.get("/visits/V07/step/no-show/", follow=True)
    assert said(answer) == [NOT_BEGUN]
    assert answer.redirect_chain == [("/visits/V07/", 302)]
    answer = do(desk, "visit-step", "V07", "no-show", side="municipality", reason="Nobody.")
    assert said(answer) == [NOT_BEGUN]
    assert visit("V07").state == "briefed"


def test_expert_is_not_asked_who_came(client, sample):
    ClockSetting.objects.fix(datetime(2023, 2, 21, 8, tzinfo=UTC))
    client.force_login(User.objects.get(email="expert@example.org"))
    assert "It took place" not in go(client, "visit-detail", "V09", tab="report").text


def test_my_week_asks_for_the_counts_of_what_has_begun_until_they_are_there(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    assert list(go(client, "my-week").context["uncounted"]) == []
    ClockSetting.objects.fix(BEGINS + timedelta(hours=8))
    page = go(client, "my-week")
    assert [visit.ref for visit in page.context["uncounted"]] == ["V07"]
    assert page.text.count("Nobody has said yet who came.") == 1
    do(client, "visit-complete", "V07", other=5)
    assert list(go(client, "my-week").context["uncounted"]) == []


@pytest.mark.parametrize(
    ("verb", "early"),
    [
        (lambda row, **act: start_visit(row, **act), timedelta(minutes=60)),
        (lambda row, **act: complete_visit(row, counts={"other": 3}, **act), timedelta(0)),
        (lambda row, **act: mark_no_show(row, side="us", reason="x", **act), timedelta(0)),
    ],
)
def test_step_is_refused_a_minute_too_early_and_taken_in_time(verb, early):
    row = VisitFactory()
    by = row.host.user
    in_time = row.starts_at - early
    with pytest.raises(ValidationError, match="has not begun: it starts on Thu 23 Feb 2023, 10:00"):
        verb(row, at=in_time - timedelta(minutes=1), by=by)
    row.refresh_from_db()
    assert row.state == "confirmed"
    verb(row, at=in_time, by=by)
    row.refresh_from_db()
    assert row.state != "confirmed"


# --- Dates are offered and taken while they lie ahead ---


def offered(desk, ref="R24", **fields):
    values = {
        "host": "H2",
        "mode": "online",
        "minutes": 90,
        "slot_1": "2023-02-27T10:00",
        "only_one": "on",
        "expires_at": "2023-02-17T17:00",
    }
    return do(desk, "request-propose", ref, **(values | fields))


def offer(**changes):
    row = VisitRequestFactory()
    start = CLOCK + timedelta(days=2)
    values = {
        "host": VisitFactory().host,
        "mode": "online",
        "slots": [(start, start + timedelta(hours=2))],
        "expires_at": CLOCK + timedelta(days=1),
        "at": CLOCK,
    }
    return propose_dates(row, **(values | changes))


def test_deadline_ends_before_the_first_date_begins(desk):
    answer = offered(desk, slot_2="2023-02-20T10:00", expires_at="2023-02-20T17:00")
    assert refused(answer) == [
        "The deadline has to end before the first date begins: Mon 20 Feb 2023, 10:00 Prague (CET)."
    ]
    assert "expires_at" in answer.context["form"].errors
    assert VisitRequest.objects.get(ref="R24").visits.count() == 0


def test_verb_refuses_a_deadline_at_the_start_of_the_first_date():
    start = CLOCK + timedelta(days=2)
    with pytest.raises(ValidationError, match="before the first date begins"):
        offer(expires_at=start)
    assert offer(expires_at=start - timedelta(minutes=1)).holds.count() == 1


def test_date_that_has_begun_cannot_be_taken():
    start = CLOCK - timedelta(minutes=30)
    row = VisitFactory(starts_at=start, state="tentative")
    row.requests.update(state="proposed")
    hold = HoldFactory(visit=row, expires_at=CLOCK + timedelta(days=1))
    words = "This date is over; choose another one or ask for new dates on this page."
    with pytest.raises(ValidationError, match=words):
        accept_slot(hold, at=CLOCK, evidence="by their page")


def test_only_check_says_that_two_dates_of_one_host_overlap_and_judges_the_deadline(desk):
    before = Visit.objects.count()
    answer = offered(
        desk,
        slot_2="2023-02-27T11:45",
        expires_at="2023-02-14T17:00",
        check=1,
    )
    assert refused(answer) == [
        "Dates 1 and 2 overlap each other; the host needs half an hour after each.",
        "The deadline has to lie ahead.",
    ]
    assert Visit.objects.count() == before


def test_no_reason_puts_a_host_into_two_places(desk):
    answer = offered(desk, slot_2="2023-02-27T10:00", override_reason="They insist.")
    assert refused(answer) == [
        "Dates 1 and 2 overlap each other; the host needs half an hour after each."
    ]
    assert VisitRequest.objects.get(ref="R24").visits.count() == 0


def test_form_begins_with_a_deadline_before_its_first_date(desk):
    usual = go(desk, "request-propose", "R24").context["form"]["expires_at"].value()
    assert usual.isoformat() == "2023-02-20T17:00:00"
    page = go(desk, "request-propose", "R24", mode="online", slot_1="2023-02-20T13:30")
    assert page.context["form"]["expires_at"].value().isoformat() == "2023-02-19T17:00:00"
    page = go(desk, "request-propose", "R24", slot_1="never")
    assert page.status_code == 200


def test_deadline_for_a_date_of_today_is_an_hour_before_it():
    campaign = VisitRequestFactory().campaign
    soon = CLOCK + timedelta(hours=5)
    assert hold_until(campaign, CLOCK, before=soon) == soon - timedelta(hours=1)


def test_visit_is_not_moved_into_the_past():
    row = VisitFactory(reserved=True)
    with pytest.raises(ValidationError, match="The new start has to lie ahead."):
        postpone_visit(
            row,
            starts_at=CLOCK - timedelta(days=1),
            ends_at=CLOCK,
            side="us",
            reason="x",
            at=CLOCK,
            by=row.host.user,
        )


# --- A form that can only refuse does not open ---


@pytest.mark.parametrize(
    ("path", "sentence"),
    [
        ("/visits/V01/move/", "V01 is “reported” and cannot become “postponed”."),
        (
            "/visits/V03/move/",
            "V03 Bergen does not stand any more: it was postponed, so nothing was changed.",
        ),
        ("/visits/V01/step/cancel/", "V01 is “reported” and cannot become “cancelled”."),
        ("/visits/V11/step/no-show/", "V11 is “tentative” and cannot become “nobody came”."),
        ("/requests/R01/step/decline/", "R01 is “fulfilled” and cannot become “declined”."),
        ("/requests/R24/step/waitlist/", "R24 is “received” and cannot become “waiting list”."),
        ("/requests/R24/refer/", "R24 is “received” and cannot become “referred”."),
        ("/requests/R01/merge/", "R01 is “fulfilled” and cannot become “merged”."),
        ("/requests/R01/propose/", "R01 is “fulfilled” and cannot become “date proposed”."),
        (
            "/requests/R04/propose/",
            "R04 has an open proposal; take it back before you offer new dates.",
        ),
        ("/requests/R02/propose/", "R02 has a date already; move or cancel that visit instead."),
    ],
)
def test_form_for_an_impossible_step_says_so_at_once(desk, path, sentence):
    answer = desk.get(path, follow=True)
    assert said(answer) == [sentence]
    record = "/".join(path.split("/")[:3]) + "/"
    assert answer.redirect_chain == [(record, 302)]


def test_days_of_a_request_lead_to_an_offer_only_where_one_can_be_made(desk):
    assert "/requests/R24/propose/?slot_1=" in go(desk, "request-detail", "R24").text
    assert "/propose/" not in go(desk, "request-detail", "R02").text.partition('class="strip')[2]
