"""A flood of scripted forms leaves the coordinator's queue empty and real requests answered."""

from datetime import UTC, datetime, timedelta
from ipaddress import IPv6Address

import pytest

from crm.models import OutgoingMail
from visits.models import PendingRequest, VisitRequest
from visits.public import time_trap

FORM = "/en/visit/"
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
TEN_MINUTES = 600


@pytest.mark.parametrize(
    ("posts", "networks"), [(500, 10), pytest.param(4_000, 40, marks=pytest.mark.full)]
)
def test_scripted_posts_of_ten_minutes_reach_nobody(
    client, ghent, form, monkeypatch, last_link, posts, networks
):
    monkeypatch.setattr("django.utils.timezone.now", lambda: moment[0])
    moment = [START]
    codes = []
    mark = time_trap.issue(START)
    for number in range(posts):
        moment[0] = START + timedelta(seconds=5 + number * TEN_MINUTES / posts)
        if number % 15 == 0:
            mark = time_trap.issue(moment[0] - timedelta(seconds=10))
        values = form(mark=mark, address=f"victim{number % 7}@city.example", people=str(number % 9))
        codes.append(client.post(FORM, values, REMOTE_ADDR=_address(number, networks)).status_code)

    assert VisitRequest.objects.count() == 0
    assert OutgoingMail.objects.count() == 7
    assert PendingRequest.objects.count() <= 20 * networks
    assert codes.count(429) >= posts - 20 * networks

    real = form(mark=time_trap.issue(moment[0] - timedelta(seconds=30)))
    assert client.post(FORM, real, REMOTE_ADDR="203.0.113.9").url == "/en/visit/sent/"
    client.get(last_link())
    pending = PendingRequest.objects.latest("pk")
    client.post("/en/visit/mine/verify/", {"choice": pending.pk})
    assert VisitRequest.objects.get().address == "robin@ghent.example"


def _address(number: int, networks: int) -> str:
    """A new address for every post, in a few networks: rotating inside a /64 helps nobody."""
    network = int(IPv6Address("2001:db8::")) + ((number % networks) << 64)
    return str(IPv6Address(network + number))
