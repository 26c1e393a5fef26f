"""What the tests of the municipality's pages share: a filled-in form and the way to the link."""

import re
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.utils import timezone

from crm.domain import reference
from crm.domain.outbox import with_link
from crm.models import ClockSetting, OutgoingMail
from tests.factories.crm import CLOCK, PlaceFactory
from tests.factories.visits import CampaignFactory, HostFactory, TopicFactory, VisitRequestFactory
from visits.domain.links import make_link, token_of
from visits.domain.proposals import propose_dates
from visits.public import time_trap

FORM = "/en/visit/"
FUNDING = "This project has received funding under grant agreement No 883286."


@pytest.fixture
def campaign(db):
    """February 2023 at the demo clock, with mail templates and two topics."""
    ClockSetting.objects.fix(CLOCK)
    reference.load_mail_templates()
    TopicFactory(code="T01", name="Experience of the pilot cities")
    TopicFactory(code="T02", name="Dilemmas: ethics, privacy, law and rights")
    return CampaignFactory(funding_line=FUNDING, answers_from="IMPETUS visits")


@pytest.fixture
def ghent(campaign):
    return PlaceFactory(name="Gent", alternate_names="Ghent|Gand")


def filled(**changes):
    """A good form, opened ten seconds ago; None takes a field out."""
    values = {
        "mark": time_trap.issue(timezone.now() - timedelta(seconds=10)),
        "city": "Ghent",
        "department": "Safety and Prevention",
        "requester_name": "Robin Example",
        "requester_role": "Head of prevention",
        "address": "robin@ghent.example",
        "phone": "",
        "language": "en",
        "topics": ["T01"],
        "question_1": "What would you not do again?",
        "mode": "on_site",
        "date_1": "2023-02-22",
        "part_1": "morning",
        "people": "12",
    } | changes
    return {name: value for name, value in values.items() if value is not None}


@pytest.fixture
def form():
    return filled


def path_of(mail: OutgoingMail) -> str:
    """The path of the private link in a mail."""
    return re.search(r"https?://[^/\s]+(/\S+/visit/r/\S+)", with_link(mail, mail.text))[1]


@pytest.fixture
def last_link():
    return lambda: path_of(OutgoingMail.objects.latest("pk"))


@pytest.fixture
def verified(client, ghent, last_link):
    """The request that came out of a sent and verified form; `client` stands on its status page."""

    def send_and_verify(**changes):
        from visits.models import PendingRequest, VisitRequest

        client.post(FORM, filled(**changes))
        client.get(last_link())
        pending = PendingRequest.objects.latest("pk")
        client.post("/en/visit/mine/verify/", {"choice": pending.pk})
        return VisitRequest.objects.latest("pk")

    return send_and_verify


@pytest.fixture
def asked(client, ghent):
    """A request of Ghent with its private page open in `client`."""
    request = VisitRequestFactory(
        campaign=ghent and CampaignFactory(),
        ref="R30",
        place=ghent,
        region=ghent.region,
        address="robin@ghent.example",
    )
    client.get(f"/en/visit/r/{token_of(make_link(request))}/")
    return request


def hour(day: int, start: int, length: int = 3):
    """A slot in February 2023, in UTC."""
    starts_at = datetime(2023, 2, day, start, tzinfo=UTC)
    return starts_at, starts_at + timedelta(hours=length)


@pytest.fixture
def offered(asked):
    """The same request with two dates offered until 17 February, as `asked`, `visit`, `holds`."""
    asked.topics.add(TopicFactory(code="T01"))
    visit = propose_dates(
        asked,
        host=HostFactory(),
        mode="on_site",
        slots=[hour(22, 9), hour(23, 9)],
        expires_at=datetime(2023, 2, 17, 16, tzinfo=UTC),
        at=CLOCK,
    )
    asked.refresh_from_db()
    return SimpleNamespace(asked=asked, visit=visit, holds=list(visit.holds.all()))
