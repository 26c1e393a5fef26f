"""Plans of two campaigns that share a host."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from django.core.management import CommandError, call_command
from django.urls import reverse

from crm import clock, wording
from crm.models import Place
from tests.factories.crm import CLOCK, MailTemplateFactory, PlaceFactory
from tests.factories.visits import (
    CampaignFactory,
    HoldFactory,
    HostFactory,
    VisitFactory,
    VisitRequestFactory,
)
from visits.domain.journeys import journeys_between
from visits.domain.plan_rules import decisions_of
from visits.domain.planning import facts_changed, load_problem
from visits.domain.plans import solve_campaign, store_version
from visits.domain.publishing import publish_version
from visits.domain.reach import Reach
from visits.domain.why import Weighing
from visits.models import Campaign
from visits.models.requests import Mode
from visits.planning import search
from visits.planning.check import violations
from visits.planning.problem import Busy, Limits
from visits.planning.search import solve
from visits.reason_words import desk_words
from visits.states import VisitState

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize("mode", [Mode.ONLINE, Mode.ON_SITE])
def test_plan_is_published_beside_what_its_host_does_for_another_campaign(mode):
    host = HostFactory()
    MailTemplateFactory(key="date_proposal")
    request = VisitRequestFactory(mode=mode, wishes=[date(2023, 2, 23)])
    campaign = request.campaign
    before = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    taken = before.placements.get()
    other = VisitFactory(
        campaign=CampaignFactory(slug="elsewhere", name="Elsewhere"),
        host=host,
        starts_at=taken.starts_at,
        reserved=True,
    )
    assert facts_changed(campaign, before.result["facts"], decisions_of(campaign)) == [
        "visits of other campaigns changed"
    ]
    version = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    publish_version(version, at=CLOCK, by=None)
    offer = request.visits.get()
    assert offer.ends_at <= other.starts_at or other.ends_at <= offer.starts_at
    assert version.placements.get().visit == offer
    assert {row["visit"] for row in version.result["visits"]} == {None}
    fresh = load_problem(campaign, at=CLOCK, fresh=True)
    assert [busy for row in fresh.problem.hosts for busy in row.busy] == []


def test_board_shows_what_a_host_does_for_another_campaign_and_nothing_drags_it(
    client, coordinator
):
    client.force_login(coordinator)
    row = VisitRequestFactory(wishes=[date(2023, 2, 23)])
    campaign = row.campaign
    other = CampaignFactory(
        slug="elsewhere", name="Elsewhere", window_start=date(2022, 2, 1), is_sample=False
    )
    lyon = PlaceFactory(name="Lyon", country="FR", latitude=45.75, longitude=4.85)
    host = HostFactory(name="Hanne")
    busy = VisitFactory(
        campaign=other,
        host=host,
        city="Lyon",
        country="FR",
        place=lyon,
        zone="Europe/Paris",
        starts_at=datetime(2023, 2, 16, 9, tzinfo=UTC),
        reserved=True,
    )
    version = store_version(solve_campaign(campaign, at=CLOCK, seconds=60))
    for path in (reverse("visits:plan"), reverse("visits:plan-version", args=[version.number])):
        page = client.get(path)
        (lane,) = page.context["board"].lanes
        (box,) = [box for box in lane.boxes if box.is_beside]
        assert box.words == (
            f"{busy.ref} Lyon, Thu 16 Feb 2023, 10:00–13:00 Paris (CET), for Elsewhere, confirmed"
        )
        assert (box.title, box.sub, box.can_move, box.place) == ("Lyon", busy.ref, False, "")
        assert f'data-block="{busy.ref}"' in page.text
        assert f'data-move="{busy.ref}"' not in page.text
        rides = [each.words for each in lane.boxes if each.kind == "travel"]
        assert any(words.startswith("Oslo to Lyon, ") for words in rides)
        assert any(words.startswith("Lyon to Oslo, ") for words in rides)


# --- The host is on the road for another campaign ---


@pytest.fixture
def tour():
    """H1 of Oslo is in Lyon on Wednesday and in Vienna on Thursday for the first campaign."""
    first = CampaignFactory(slug="first", name="First round")
    host = HostFactory(ref="H1", name="Joe Example")
    host.refresh_from_db()
    lyon = PlaceFactory(name="Lyon", country="FR", latitude=45.75, longitude=4.85)
    vienna = PlaceFactory(name="Vienna", country="AT", latitude=48.21, longitude=16.37)
    PlaceFactory(name="Ghent", country="BE", latitude=51.05, longitude=3.73)
    visits = [
        VisitFactory(
            ref=ref,
            campaign=first,
            host=host,
            city=place.name,
            country=place.country,
            place=place,
            zone="Europe/Paris",
            starts_at=datetime(2023, 2, day, 9, tzinfo=UTC),
            reserved=True,
        )
        for ref, place, day in (("V71", lyon, 22), ("V72", vienna, 23))
    ]
    ways = journeys_between(visits)[host]
    assert [row.origin_name for row in ways] == ["Oslo", "Lyon", "Vienna"]
    return visits, ways[0].departs_at, ways[-1].arrives_at


def second(**values):
    """A request of Ghent to a second campaign."""
    return VisitRequestFactory(
        campaign=CampaignFactory(slug="second", name="Second round", **values),
        place=Place.objects.get(name="Ghent"),
        wishes=[date(2023, 2, 22)],
    )


@pytest.mark.parametrize("mode", [Mode.ONLINE, Mode.ON_SITE])
def test_plan_leaves_the_whole_tour_for_another_campaign_alone(tour, mode):
    _visits, leaves, returns = tour
    request = second(window_start=date(2023, 2, 22), window_end=date(2023, 2, 24))
    type(request).objects.update(mode=mode)
    solved = solve_campaign(request.campaign, at=CLOCK, seconds=60)
    taken = [(row.start, row.end) for row in solved.solution.visits]
    taken += [(row.depart, row.arrive) for row in solved.solution.legs]
    assert [span for span in taken if span[0] < returns and leaves < span[1]] == []
    (block,) = solved.loaded.problem.hosts[0].busy
    assert (block.start, block.end, block.at_home) == (leaves, returns, True)


def test_day_inside_a_tour_names_the_campaign_and_the_return(tour):
    visits, _leaves, returns = tour
    request = second()
    until = wording.local_time(returns, "Europe/Oslo")
    told = f"Joe Example is on the road for “First round” until {until}."
    wednesday = datetime(2023, 2, 22, 9, tzinfo=UTC)
    reach = Reach(request, at=CLOCK)
    assert [desk_words(row) for row in reach.road_reasons(visits[0].host, wednesday)] == [told]
    assert [slot for slot in reach.slots() if slot.day == wednesday.date()] == []
    cells = Weighing(request, at=CLOCK).cells()
    assert [cell.sentence for cell in cells if cell.day == wednesday.date()] == [told]


@pytest.mark.parametrize("day", [21, 22, 23, 24])
@pytest.mark.parametrize("first", [22, 24, 27])
def test_campaign_is_planned_while_and_after_its_host_is_on_the_road(tour, day, first):
    _visits, leaves, returns = tour
    request = second(
        window_start=date(2023, 2, first),
        window_end=date(2023, 3, 31),
        project_end=date(2023, 3, 31),
    )
    at = datetime(2023, 2, day, 10, tzinfo=UTC)
    solved = solve_campaign(request.campaign, at=at, seconds=60)
    (visit,) = solved.solution.visits
    assert visit.start > at
    legs = solved.solution.legs
    assert (legs[0].origin.name, legs[-1].destination.name) == ("Oslo", "Oslo")
    assert not [leg for leg in legs if leg.depart < returns and leaves < leg.arrive]


def test_visit_agreed_in_the_middle_of_another_tour_stands_and_asks_for_no_journey(tour):
    visits, leaves, returns = tour
    request = second()
    agreed = VisitFactory(
        campaign=request.campaign,
        host=visits[0].host,
        place=request.place,
        starts_at=datetime(2023, 2, 24, 9, tzinfo=UTC),
        reserved=True,
    )
    VisitFactory(
        campaign=visits[0].campaign,
        host=visits[0].host,
        city="Lyon",
        place=visits[0].place,
        starts_at=datetime(2023, 2, 24, 14, tzinfo=UTC),
        ends_at=datetime(2023, 2, 24, 15, tzinfo=UTC),
        reserved=True,
    )
    solved = solve_campaign(request.campaign, at=CLOCK, seconds=60)
    (fact,) = [row for row in solved.solution.visits if row.fixed]
    assert (fact.fixed, fact.start) == (agreed.ref, agreed.starts_at)
    assert solved.solution.risks == ()
    week = [leg for leg in solved.solution.legs if leg.arrive > leaves]
    assert [leg for leg in week if leg.depart < agreed.ends_at] == []


def test_every_date_on_offer_for_another_campaign_is_a_tour(tour):
    visits, *_rest = tour
    offer = VisitFactory(
        ref="V73",
        campaign=visits[0].campaign,
        host=visits[0].host,
        city="Lyon",
        place=visits[0].place,
        state=VisitState.TENTATIVE,
        starts_at=datetime(2023, 2, 16, 9, tzinfo=UTC),
    )
    for day in (16, 27):
        start = datetime(2023, 2, day, 9, tzinfo=UTC)
        HoldFactory(visit=offer, starts_at=start, ends_at=start + timedelta(hours=3))
    request = second(window_end=date(2023, 3, 3), project_end=date(2023, 3, 3))
    days = {slot.day for slot in Reach(request, at=CLOCK).slots()}
    assert date(2023, 3, 1) in days
    assert not days & {date(2023, 2, day) for day in (16, 22, 23, 27)}


def test_check_refuses_a_plan_that_ignores_a_tour(tour, capsys, monkeypatch):
    request = second(window_start=date(2023, 2, 22), window_end=date(2023, 2, 24))
    loaded = load_problem(request.campaign, at=CLOCK)
    free = replace(
        loaded.problem,
        hosts=tuple(replace(host, busy=()) for host in loaded.problem.hosts),
        earliest=None,
    )
    plan = solve(free, Limits(seconds=60))
    assert len(plan.visits) == 1
    assert violations(free, plan) == []
    faults = violations(replace(loaded.problem, earliest=None), plan)
    assert "Joe Example: First round and Ghent overlap." in faults
    arrives = plan.legs[0].arrive
    stay = Busy(arrives, arrives + timedelta(minutes=1), label="First round", at_home=True)
    away = replace(free, hosts=tuple(replace(host, busy=(stay,)) for host in free.hosts))
    assert violations(away, plan) == ["Joe Example is not at home for First round."]
    monkeypatch.setattr(search, "solve", lambda *args, **kwargs: plan)
    with pytest.raises(CommandError, match="^The plan breaks a rule: ") as refused:
        call_command("plan_visits", "second")
    assert str(refused.value).count("\n") == 0


def test_second_campaign_beside_the_sample_is_planned_and_published(sample):
    first = Campaign.objects.get(slug="february-2023")
    at = clock.now()
    campaign = CampaignFactory(
        slug="second",
        name="Second round",
        window_start=date(2023, 2, 15),
        window_end=date(2023, 3, 10),
        project_end=date(2023, 3, 10),
    )
    before = journeys_between(first.visits.taking_place().select_related("host__home", "place"))
    names = ["Ostrava", "Ghent", "Stuttgart"]
    for row in first.requests.filter(city__in=names, place__isnull=False).select_related("place"):
        VisitRequestFactory(
            campaign=campaign, city=row.city, country=row.country, zone=row.zone, place=row.place
        )
    call_command("plan_visits", "second", "--publish", "--seconds", "60")
    offers = list(campaign.visits.select_related("host__home", "place"))
    assert len(offers) == 3
    for host, own in journeys_between(offers).items():
        ours = [(row.starts_at, row.ends_at) for row in offers if row.host == host]
        ours += [(row.departs_at, row.arrives_at) for row in own if row.arrives_at > at]
        theirs = [(row.departs_at, row.arrives_at) for row in before.get(host, ())]
        theirs += [
            (one.departs_at, other.arrives_at)
            for one, other in pairwise(before.get(host, ()))
            if one.destination.pk != host.home_id
        ]
        assert [(a, b) for a in ours for b in theirs if a[0] < b[1] and b[0] < a[1]] == []
