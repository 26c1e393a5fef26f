"""A flood of scripted forms leaves the coordinator's queue empty and real requests answered."""

import json
from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address
from statistics import median
from time import perf_counter

import altcha
import pytest
from django.core.handlers.base import BaseHandler
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from crm.models import OutgoingMail, RateHit, Suppression
from crm.validators import address_key
from tests.factories.crm import PersonFactory
from tests.factories.visits import VisitRequestFactory
from visits.domain import rounds
from visits.domain.verification import MOST_WAITING
from visits.models import PendingRequest, VisitRequest
from visits.public import proof_of_work, time_trap
from visits.public.views.form import MOST_FORMS

FORM = "/en/visit/"
SENT = "/en/visit/sent/"
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEN_MINUTES = 600
VICTIMS, SOLVERS = 7, 2


@pytest.fixture
def clock(monkeypatch):
    """The real clock of this test, in a list that the test sets."""
    moment = [START]
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment[0])
    return moment


@pytest.fixture
def light_work(monkeypatch):
    """Proofs of work whose keys cost nothing."""
    monkeypatch.setattr(proof_of_work, "COST", 1)


@pytest.fixture
def program():
    """Posts a form as a program does, without the test client's record of every template."""
    handler = BaseHandler()
    handler.load_middleware()

    def post(values: dict, address: str) -> int:
        return handler.get_response(RequestFactory().post(FORM, values, REMOTE_ADDR=address))

    return lambda values, address: post(values, address).status_code


@pytest.fixture
def officer(client, form, last_link, clock):
    """An officer's whole way from the form to a request that waits for the coordinator."""

    def send(network: str, address: str, **changes) -> None:
        values = form(mark=opened(clock[0], seconds=30), address=address) | changes
        assert client.post(FORM, values, REMOTE_ADDR=network).url == SENT
        client.get(last_link())
        pending = PendingRequest.objects.latest("pk")
        client.post("/en/visit/mine/verify/", {"choice": pending.pk})

    return send


def opened(moment: datetime, *, seconds: int) -> str:
    return time_trap.issue(moment - timedelta(seconds=seconds))


def solved(mark: str) -> str:
    task = altcha.Challenge.from_dict(json.loads(proof_of_work.task_for(mark)))
    return altcha.Payload(task, altcha.solve_challenge(task)).to_base64()


def host_of(network: int, number: int) -> str:
    """A new address for every post, in a few networks: rotating inside a /64 helps nobody."""
    return str(IPv6Address(int(IPv6Address("2001:db8::")) + (network << 64) + number))


@pytest.mark.parametrize(
    ("posts", "networks"), [(500, 10), pytest.param(4_000, 40, marks=pytest.mark.full)]
)
def test_scripted_posts_of_ten_minutes_reach_nobody(
    ghent, form, clock, light_work, program, officer, posts, networks
):
    """The first two networks do the work for each form and give a new address each time."""
    codes = {"plain": [], "solver": []}
    for number in range(posts):
        clock[0] = START + timedelta(seconds=5 + number * TEN_MINUTES / posts)
        network = number % networks
        if number % 15 == 0:
            mark = opened(clock[0], seconds=10)
        if network < SOLVERS:
            own = opened(clock[0], seconds=0)
            values = form(mark=own, work=solved(own), address=f"stranger{number}@city.example")
            codes["solver"].append(program(values, host_of(network, number)))
        else:
            values = form(
                mark=mark, address=f"victim{number % VICTIMS}@city.example", people=str(number % 9)
            )
            codes["plain"].append(program(values, host_of(network, number)))
        if number == posts // 2:
            officer("203.0.113.9", "robin@ghent.example")
            busy = opened(clock[0], seconds=30)
            officer(host_of(5, 1), "sam@ghent.example", mark=busy, work=solved(busy))

    plain, worked = networks - SOLVERS, len(codes["solver"])
    assert clock[0] - START <= timedelta(seconds=5 + TEN_MINUTES)
    assert set(codes["solver"]) == {302}
    assert codes["plain"].count(429) >= len(codes["plain"]) - MOST_FORMS * plain
    # Only what the two officers confirmed is in the queue; each got two mails.
    waiting = VisitRequest.objects.waiting_for_us()
    assert {each.address for each in waiting} == {"robin@ghent.example", "sam@ghent.example"}
    assert OutgoingMail.objects.count() == VICTIMS + worked + 4
    assert PendingRequest.objects.count() <= VICTIMS * MOST_WAITING + worked + 2
    counted_mails = 2 * (VICTIMS + worked + 2)
    assert RateHit.objects.count() <= 2 * MOST_FORMS * plain + 3 * worked + counted_mails + 6

    clock[0] += timedelta(days=8)
    rounds.one_round(worker="test", stop=lambda: True)
    assert (PendingRequest.objects.count(), RateHit.objects.count()) == (0, 0)
    assert OutgoingMail.objects.count() == 4


@pytest.mark.parametrize("times", [100, pytest.param(1_000, marks=pytest.mark.full)])
def test_form_is_no_mail_cannon(ghent, form, clock, program, times):
    """One form an hour at first, so that only the limit of a day can hold; then all the others."""
    for number in range(times):
        clock[0] = START + timedelta(hours=min(number, 10 + 13 * number / times))
        values = form(
            mark=opened(clock[0], seconds=10), address="victim@city.example", people=str(number)
        )
        program(values, host_of(number, 0))

    assert OutgoingMail.objects.filter(recipient="victim@city.example").count() == 3
    assert PendingRequest.objects.count() == MOST_WAITING


def test_stranger_who_gives_an_officers_address_again_and_again_hides_nothing(
    client, ghent, form, clock, program, last_link
):
    client.post(FORM, form(department="The officer's own"))
    link = last_link()
    for number in range(30):
        program(form(department=f"Noise {number}"), host_of(number, 0))
    client.get(link)
    page = client.get("/en/visit/mine/").content.decode()

    assert "The officer&#x27;s own" in page
    assert page.count("Noise ") >= MOST_WAITING - 1


def test_invented_forwarding_header_does_not_make_a_new_network(client, ghent, form):
    codes = [
        client.post(
            FORM,
            form(address=f"a{n}@ghent.example"),
            headers={"x-forwarded-for": f"198.51.100.{n}"},
        ).status_code
        for n in range(MOST_FORMS + 1)
    ]

    assert codes == [302] * MOST_FORMS + [429]


def test_addresses_inside_one_ipv6_network_share_its_limit(ghent, form, program):
    codes = [
        program(form(address=f"a{n}@ghent.example"), host_of(7, n)) for n in range(MOST_FORMS + 1)
    ]

    assert codes == [302] * MOST_FORMS + [429]


def test_one_opened_form_serves_twenty_posts_from_wherever(ghent, form, program):
    values = form()
    codes = [
        program(values | {"address": f"a{n}@ghent.example"}, host_of(n, 0))
        for n in range(time_trap.MOST_POSTS + 1)
    ]

    assert codes == [302] * time_trap.MOST_POSTS + [429]


@pytest.fixture
def known(ghent):
    """Addresses we know: of a person, of a request that is open, and one never to be mailed."""
    PersonFactory(address="person@ghent.example")
    VisitRequestFactory(address="asked@ghent.example", place=ghent, region=ghent.region)
    Suppression.objects.create(
        match_key=address_key("silent@ghent.example"), reason="asked", at=START
    )
    return ["person@ghent.example", "asked@ghent.example", "silent@ghent.example"]


def test_known_address_gets_the_answer_of_an_unknown_one(client, form, known):
    def answer(address: str):
        posted = client.post(FORM, form(address=address))
        page = client.get(posted.url)
        # The one header that tells the second.
        del posted.headers["Expires"]
        return posted.status_code, dict(posted.headers), page.status_code, page.content

    unknown = answer("new@ghent.example")

    assert [answer(address) for address in known] == [unknown] * len(known)


def test_known_person_costs_no_further_query(client, form, known):
    def queries(address: str) -> int:
        with CaptureQueriesContext(
            connection,
        ) as seen:
            assert client.post(FORM, form(address=address)).url == SENT
        return len(seen)

    queries("first@ghent.example")

    assert queries("person@ghent.example") == queries("new@ghent.example")


@pytest.mark.full
def test_known_address_is_answered_in_the_time_of_an_unknown_one(form, known, program):
    times: dict[str, list[float]] = {"known": [], "unknown": []}
    for number in range(200):
        PersonFactory(address=f"known{number}@ghent.example")
        for kind, taken in times.items():
            values = form(address=f"{kind}{number}@ghent.example")
            start = perf_counter()
            program(values, host_of(number, 0))
            taken.append(perf_counter() - start)

    assert median(times["known"]) == pytest.approx(median(times["unknown"]), rel=0.1)
