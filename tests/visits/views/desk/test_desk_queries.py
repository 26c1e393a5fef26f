"""Requests, visits, Today and Plan ask the database as often for 300 rows as for 3."""

from datetime import date, timedelta

import pytest
from django.urls import reverse

from crm.models import AuditEntry, Interaction, Message
from tests.factories.crm import (
    CLOCK,
    EventFactory,
    MailTemplateFactory,
    MunicipalityFactory,
    PersonFactory,
    UserFactory,
)
from tests.factories.visits import (
    AgendaItemFactory,
    BriefEditionFactory,
    CampaignFactory,
    ChecklistItemFactory,
    HostFactory,
    PlacementFactory,
    PlanDecisionFactory,
    PlanEditFactory,
    PlanVersionFactory,
    TravelLegFactory,
    UnplacedFactory,
    VisitFactory,
    VisitFollowUpFactory,
    VisitReportFactory,
    VisitRequestFactory,
)
from tests.visits.views.desk.test_queries import asked, copies, desk, people
from visits.domain.fill import fill_query
from visits.models import CalendarDay, Host, PreferredDate, Unplaced, Visit

__all__ = ["desk"]
# How often a page asks is the same on both.
pytestmark = [pytest.mark.django_db, pytest.mark.one_database]


def requests(count, **values):
    campaign = CampaignFactory(event=EventFactory())
    city = MunicipalityFactory()
    first = VisitRequestFactory(campaign=campaign, municipality=city, place=city.place, **values)
    made = copies(first, count - 1, ref=lambda n: f"RQ{n:03}")
    return [first, *type(first).objects.filter(ref__in=[row.ref for row in made])]


def history_of(row, kind, count):
    AuditEntry.objects.bulk_create(
        AuditEntry(at=CLOCK, verb="edit", model=f"visits.{kind}", row_id=str(row.pk))
        for _n in range(count)
    )
    made = Message.objects.bulk_create(
        Message(direction="out", status="queued", subject=f"m{n}", at=CLOCK) for n in range(count)
    )
    if hasattr(row, "messages"):
        row.messages.add(*made)


def request_list(count):
    requests(count)
    return reverse("visits:request-list")


def request_detail(count):
    rows = requests(count)
    row = rows[0]
    history_of(row, "visitrequest", count)
    for found in people(count):
        found.organisation_id = row.municipality.organisation_id
        found.save(update_fields=["organisation"])
        found.participations.create(event=row.campaign.event, status="attended")
        Interaction.objects.create(kind="call", person=found, by=UserFactory(), at=CLOCK, text="c")
    Interaction.objects.bulk_create(
        Interaction(kind="call", organisation=row.municipality.organisation, at=CLOCK, text="c")
        for _n in range(count)
    )
    PreferredDate.objects.bulk_create(
        PreferredDate(request=row, rank=n + 1, on=date(2023, 2, 1) + timedelta(days=n % 28))
        for n in range(count)
    )
    CalendarDay.objects.bulk_create(
        CalendarDay(
            country="BE", first_on=date(2023, 2, 20), last_on=date(2023, 2, 24), name=f"day {n}"
        )
        for n in range(count)
    )
    made = copies(VisitFactory(campaign=row.campaign), count - 1, ref=lambda n: f"VQ{n}")
    for visit in Visit.objects.filter(ref__in=[each.ref for each in made]):
        visit.requests.add(row)
    return reverse("visits:request-detail", args=[row.ref])


def visits(count):
    row = VisitFactory(municipality=MunicipalityFactory(), at_risk=True)
    made = copies(row, count - 1, ref=lambda n: f"VQ{n:03}")
    request = row.requests.get()
    for visit in Visit.objects.filter(ref__in=[each.ref for each in made]):
        visit.requests.add(request)
    return row


def visit_list(count):
    visits(count)
    return reverse("visits:visit-list")


def visit_detail(count):
    row = visits(count)
    history_of(row, "visit", count)
    leg = TravelLegFactory(visit=row)
    copies(leg, count - 1)
    copies(AgendaItemFactory(visit=row, order=1), count - 1, order=lambda n: n + 2)
    copies(ChecklistItemFactory(visit=row), count - 1, key=lambda n: f"k{n}")
    report = VisitReportFactory(visit=row, counts={"policy_makers": 3})
    assert report.counts.count() == 1
    for _n in range(count):
        VisitFollowUpFactory(visit=row)
    return reverse("visits:visit-detail", args=[row.ref])


def today(count):
    requests(count, due_at=CLOCK)
    visits(count)
    for _n in range(count):
        VisitFollowUpFactory(visit=Visit.objects.first(), person=PersonFactory())
    for visit in Visit.objects.all()[:10]:
        BriefEditionFactory(visit=visit)
    return reverse("visits:today")


def plan(count):
    rows = requests(count)
    version = PlanVersionFactory(plan__campaign=rows[0].campaign)
    Unplaced.objects.bulk_create(
        Unplaced(version=version, request=row, reason_code="window", reason="No day.")
        for row in rows
    )
    copies(version, count - 1, number=lambda n: n + 1_000)
    visits(count)
    hosts = copies(HostFactory(user=None), count - 1, ref=lambda n: f"H{n}")
    # Everybody leads a visit of this campaign and travels there.
    leaders = Host.objects.filter(ref__in=[host.ref for host in hosts])
    for visit, host in zip(Visit.objects.all(), leaders, strict=False):
        visit.campaign, visit.host, visit.place = rows[0].campaign, host, rows[0].place
        visit.save(update_fields=["campaign", "host", "place"])
    decision = PlanDecisionFactory(plan=version.plan, request=rows[0])
    copies(decision, count - 1)
    history_of(version, "planversion", count)
    return reverse("visits:plan")


def plan_version(count):
    rows = requests(count)
    version = PlanVersionFactory(plan__campaign=rows[0].campaign)
    UnplacedFactory(version=version, request=rows[0])
    visits(count)
    for visit in Visit.objects.all():
        PlacementFactory(version=version, visit=visit)
    for row in rows[1:]:
        PlacementFactory(
            version=version,
            visit=None,
            host=visit.host,
            mode="on_site",
            starts_at=visit.starts_at,
            ends_at=visit.ends_at,
            zone=visit.zone,
            requests=[row],
        )
    decision = PlanDecisionFactory(plan=version.plan, request=rows[0])
    copies(decision, count - 1)
    return reverse("visits:plan-version", args=[version.number])


def plan_compare(count):
    """Two versions with `count` placements each, all different, and `count` requests left."""
    rows = requests(count)
    one = PlanVersionFactory(plan__campaign=rows[0].campaign)
    other = PlanVersionFactory(plan=one.plan)
    visits(count)
    for visit in Visit.objects.all():
        PlacementFactory(version=one, visit=visit)
        PlacementFactory(
            version=other,
            visit=None,
            host=visit.host,
            mode=visit.mode,
            starts_at=visit.starts_at + timedelta(hours=1),
            ends_at=visit.ends_at,
            zone=visit.zone,
            requests=rows[:1],
        )
    for version in (one, other):
        Unplaced.objects.bulk_create(
            Unplaced(version=version, request=row, reason_code="window", reason="No day.")
            for row in rows
        )
    return reverse("visits:plan-compare") + f"?left={one.number}&right={other.number}"


def plan_news(count):
    version = PlanVersionFactory()
    edits = copies(PlanEditFactory(version=version), count - 1, number=lambda n: n + 1_000)
    version.edits = len(edits) + 1
    version.save(update_fields=["edits"])
    return reverse("visits:plan-news", args=[version.number]) + "?edits=0"


def busy_host(count):
    """A host with as many agreed visits, and one request that waits."""
    CampaignFactory(event=EventFactory())
    row = visits(count)
    VisitFactory(host=row.host, starts_at=CLOCK + timedelta(days=6))
    return VisitRequestFactory(campaign=row.campaign, wishes=[date(2023, 2, 27)])


def request_propose(count):
    return reverse("visits:request-propose", args=[busy_host(count).ref])


def request_why(count):
    asked_for = busy_host(count)
    requests(count)
    return reverse("visits:request-why", args=[asked_for.ref])


def visit_move(count):
    """An agreed visit that would be met online, and as many beside it."""
    row = VisitFactory(reserved=True, starts_at=CLOCK + timedelta(days=7))
    row.place = row.requests.get().place
    row.save(update_fields=["place"])
    copies(row, count - 1, ref=lambda n: f"VQ{n:03}", starts_at=lambda n: CLOCK, ends_at=_soon)
    for name in ("date_changed", "visit_changed"):
        MailTemplateFactory(key=name)
    return reverse("visits:visit-postpone", args=[row.ref]) + "?mode=online"


def _soon(number):
    return CLOCK + timedelta(hours=1)


def plan_fill(count):
    row = busy_host(3)
    for found in people(count):
        city = MunicipalityFactory()
        found.organisation = city.organisation
        found.save(update_fields=["organisation"])
        found.participations.create(event=row.campaign.event, status="attended")
    host = Visit.objects.first().host
    departs = CLOCK + timedelta(days=6)
    query = fill_query(host.ref, host.home_id, row.place_id, departs, departs + timedelta(hours=6))
    return reverse("visits:plan-fill") + "?" + query


# What each page may ask, with the session, the account, its roles and the frame counted in.
CEILINGS = {
    request_list: 27,
    # One of them, as of request_propose, looks for strikes and storms on the wished days.
    request_detail: 32,
    visit_list: 8,
    # One of them looks for the journeys around it, of which a late landing is told on every tab.
    visit_detail: 21,
    # One of them looks for mails of known people that nobody has answered.
    today: 36,
    # One of them each looks for what the hosts do for other campaigns; one for moves that wait for
    # their cities; one for strikes and storms on the way.
    plan: 37,
    # A draft's page also tells which journeys publishing changes: 14 more. One looks for the
    # strikes and storms that visits are moved into.
    plan_version: 44,
    plan_compare: 42,
    plan_news: 6,
}
# Pages that weigh journeys: as often for twelve rows as for three.
# One or two of each look for visits and dates that the hosts have with other campaigns.
WEIGHING = {
    request_propose: 42,
    request_why: 39,
    plan_fill: 39,
    # It is done and taken back, so that the letter shown is the very letter. Its journeys are told
    # before and after, and as they would be without the strikes and storms that may hit them.
    visit_move: 103,
}


@pytest.mark.parametrize("page", CEILINGS, ids=lambda page: page.__name__)
@pytest.mark.parametrize("count", [3, 300])
def test_page_asks_the_database_at_most_so_often(desk, page, count):
    assert asked(desk, page(count)) == CEILINGS[page]


@pytest.mark.parametrize("page", WEIGHING, ids=lambda page: page.__name__)
@pytest.mark.parametrize("count", [3, 12])
def test_page_that_weighs_journeys_asks_as_often_for_many_rows(desk, page, count):
    assert asked(desk, page(count)) == WEIGHING[page]
