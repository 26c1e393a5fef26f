"""The weekly digest: on Monday morning at the office, once a week and person, to who wants it."""

from datetime import UTC, date, datetime, timedelta

import pytest
from django.conf import settings
from django.db import IntegrityError

from crm.models import ClockSetting, OutgoingMail, Person, WeeklyDigest
from tests.factories.crm import (
    CLOCK,
    CoordinatorFactory,
    FollowUpFactory,
    InteractionFactory,
    PersonFactory,
    UserFactory,
)
from tests.factories.visits import (
    DateWishFactory,
    HoldFactory,
    HostAvailabilityFactory,
    VisitFactory,
    VisitReportFactory,
    VisitRequestFactory,
)
from visits.domain.digests import digest_of, send_digests, words_of

pytestmark = pytest.mark.django_db
# Monday 13 February 2023, 08:00 in Oslo.
MONDAY = datetime(2023, 2, 13, 7, 0, tzinfo=UTC)


@pytest.fixture
def ann():
    return CoordinatorFactory(wants_digest=True, time_zone="Europe/Oslo", name="Ann")


def test_it_goes_on_monday_at_eight_once(ann):
    FollowUpFactory(due_on=date(2023, 2, 10), text="Send the guide")
    assert send_digests(at=MONDAY - timedelta(minutes=1)) == 0
    assert send_digests(at=MONDAY) == 1
    assert send_digests(at=MONDAY + timedelta(minutes=1)) == 0
    mail = OutgoingMail.objects.get()
    assert (mail.recipient, mail.subject) == (ann.email, "Your week from Mon 13 Feb 2023")
    assert "Overdue\n– Fri 10 Feb 2023: Send the guide" in mail.text
    assert send_digests(at=MONDAY + timedelta(days=7)) == 1


def test_each_office_has_its_own_eight_o_clock(ann):
    CoordinatorFactory(wants_digest=True, time_zone="Europe/Lisbon")
    FollowUpFactory(due_on=date(2023, 2, 14))
    assert [send_digests(at=MONDAY + timedelta(hours=n)) for n in range(3)] == [1, 1, 0]


@pytest.mark.parametrize(
    "at", [MONDAY + timedelta(hours=13), MONDAY + timedelta(days=1), CLOCK], ids=str
)
def test_old_news_stays_at_home(ann, at):
    FollowUpFactory(due_on=date(2023, 2, 10))
    assert send_digests(at=at) == 0


def test_only_who_asked_and_coordinates_gets_one(ann):
    FollowUpFactory(due_on=date(2023, 2, 10))
    CoordinatorFactory()
    UserFactory(role="reporter", wants_digest=True)
    CoordinatorFactory(wants_digest=True, is_active=False)
    assert send_digests(at=MONDAY) == 1
    assert OutgoingMail.objects.get().recipient == ann.email


def test_a_week_without_news_sends_nothing(ann):
    assert send_digests(at=MONDAY) == 0
    assert (WeeklyDigest.objects.count(), OutgoingMail.objects.count()) == (1, 0)


def test_the_database_itself_takes_one_a_week(ann):
    WeeklyDigest.objects.create(user=ann, monday=date(2023, 2, 13), made_at=MONDAY)
    with pytest.raises(IntegrityError):
        WeeklyDigest.objects.create(user=ann, monday=date(2023, 2, 13), made_at=MONDAY)


def test_it_tells_overdue_this_week_theirs_and_silence_and_no_colleague_s(ann):
    known = {"created_at": CLOCK - timedelta(days=30)}
    heard = PersonFactory(given="Bo", family="Heard", **known)
    InteractionFactory(person=heard, at=CLOCK)
    silent = PersonFactory(given="Cy", family="Silent", **known)
    FollowUpFactory(text="late", due_on=date(2023, 2, 14), person=heard)
    FollowUpFactory(text="this week", due_on=date(2023, 2, 19), assigned_to=ann)
    FollowUpFactory(text="next week", due_on=date(2023, 2, 20))
    FollowUpFactory(text="not hers", due_on=date(2023, 2, 14), assigned_to=CoordinatorFactory())
    FollowUpFactory(text="from them", due_on=date(2023, 2, 16), owner="theirs")
    digest = digest_of(ann, at=CLOCK)
    told = [[row.text for row in rows] for rows in (digest.overdue, digest.this_week)]
    assert told == [["late"], ["this week"]]
    assert [row.text for row in digest.from_them] == ["from them"]
    assert (digest.silent, digest.silent_people) == (1, [silent])
    _subject, body = words_of(digest)
    assert "Cy Silent" in body
    assert "Bo Heard" in body
    assert "not hers" not in body


def test_it_names_each_visit_of_which_nobody_has_said_who_came_with_the_page_to_say_it(ann):
    over = VisitFactory(starts_at=MONDAY - timedelta(days=3), state="briefed")
    VisitFactory(starts_at=MONDAY - timedelta(days=3), state="completed")
    VisitFactory(starts_at=MONDAY + timedelta(days=1), state="briefed")
    Person.objects.all().delete()
    assert send_digests(at=MONDAY) == 1
    part = OutgoingMail.objects.get().text.split("Nobody has said yet who came\n")[1]
    assert part.split("\n\n")[0].splitlines() == [
        f"– Fri 10 Feb 2023: {over} ({settings.SITE_URL}/my-week/visits/{over.ref}/after/)"
    ]


def parts(text):
    """The lines of the mail below each title."""
    found = {}
    for part in text.split("\n\n"):
        title, *lines = part.splitlines()
        found[title] = [line.removeprefix("– ") for line in lines]
    return found


def test_it_lists_the_wishes_for_another_date_as_today_does(ann, client):
    """With the working time left to answer."""
    ClockSetting.objects.fix(MONDAY)
    soon, late = MONDAY + timedelta(days=1, hours=4), MONDAY - timedelta(hours=65)
    due = [DateWishFactory(due_at=at, request__ref=ref) for at, ref in ((soon, "R1"), (late, "R2"))]
    DateWishFactory(settled_at=MONDAY, outcome="kept")
    first, second = due[::-1]
    assert send_digests(at=MONDAY) == 1
    told = parts(OutgoingMail.objects.get().text)["Asks for another date"]
    when = "Thu 23 Feb 2023, 10:00–13:00 Brussels (CET)"
    site = settings.SITE_URL
    assert told == [
        f"2 h late: {first.visit}, R2, {when} ({site}/visits/{first.visit.ref}/)",
        f"11 h left: {second.visit}, R1, {when} ({site}/visits/{second.visit.ref}/)",
    ]
    client.force_login(ann)
    today = client.get("/").text
    assert [words in today for words in ("2 h late", "11 h left")] == [True, True]


def test_it_lists_what_today_lists_of_requests_and_visits(ann):
    site, tomorrow = settings.SITE_URL, MONDAY + timedelta(days=1)
    asked = VisitRequestFactory(due_at=MONDAY + timedelta(hours=3))
    held = VisitFactory(state="tentative", starts_at=MONDAY + timedelta(days=9))
    HoldFactory(visit=held, expires_at=tomorrow)
    ill = VisitFactory(state="confirmed", starts_at=MONDAY + timedelta(days=10))
    HostAvailabilityFactory(host=ill.host, starts_at=ill.starts_at, ends_at=ill.ends_at)
    storm = VisitFactory(state="confirmed", at_risk=True, starts_at=MONDAY + timedelta(days=11))
    mended = VisitReportFactory(
        visit__state="reported",
        visit__starts_at=MONDAY - timedelta(days=5),
        correction="We were 12.",
        corrected_at=MONDAY,
    )
    Person.objects.all().delete()
    assert send_digests(at=MONDAY) == 1
    told = parts(OutgoingMail.objects.get().text)
    assert told["Answer now"][0] == f"2 h left: {asked} ({site}/requests/{asked.ref}/)"
    (ending,) = told["Offers that end"]
    assert ending.endswith(f": {held} ({site}/visits/{held.ref}/)")
    (unable,) = told["Hosts who cannot"]
    assert unable.endswith(f": {ill}, {ill.host.name} ({site}/visits/{ill.ref}/)")
    (risk,) = told["At risk"]
    assert risk.endswith(f": {storm} ({site}/visits/{storm.ref}/)")
    ref = mended.visit.ref
    assert told["Reports"] == [
        f"{mended.visit}, corrected by the city, waits for us ({site}/visits/{ref}/)"
    ]


def test_a_sample_coordinator_is_never_mailed(ann):
    FollowUpFactory(due_on=date(2023, 2, 10))
    ann.is_sample = True
    ann.save()
    send_digests(at=MONDAY)
    assert OutgoingMail.objects.get().state == OutgoingMail.State.HELD_SAMPLE


def test_long_lists_say_how_many_more_there_are(ann):
    for number in range(20):
        FollowUpFactory(text=f"promise {number}", due_on=date(2023, 2, 10))
    Person.objects.all().delete()
    _subject, body = words_of(digest_of(ann, at=CLOCK))
    assert "– and 5 more" in body
