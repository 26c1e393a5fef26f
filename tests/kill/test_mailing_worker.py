"""A mailing on its way, with a real worker and a real server: stopped at once, killed, and resumed.

Nobody gets two letters, and after a stop at most the mail in flight arrives.
"""

import json
import subprocess
import sys
import time

import pytest

from tests.support.installation import ROOT, Installation
from tests.support.smtp import Sink

RELEASE = """
import django; django.setup()
from django.utils import timezone
from crm.audiences import people_of
from crm.domain import mailings
from crm.models import Person
from crm.roles import Role
from tests.factories.crm import (
    ConsentRecordFactory, ContactPointFactory, MailTemplateFactory, PersonFactory, UserFactory,
)
by = UserFactory(role=Role.COORDINATOR)
MailTemplateFactory(key="mailing-x", subject="News", body="Hello {{given}} {{stop_link}}")
for number in range({count}):
    person = PersonFactory(languages=["en"])
    ContactPointFactory(person=person, value=f"r{{number}}@city.example")
    ConsentRecordFactory(person=person)
now = timezone.now()
values = {{"title": "News", "kind": "newsletter", "template_key": "mailing-x"}}
mailing = mailings.start_mailing(values, Person.objects.all(), at=now, by=by)
people = people_of(mailing, by)
print(mailings.release_mailing(mailing, people, seen=mailing.digest, at=now, by=by))
"""
# Says when the stop was committed, on the clock that the server's arrivals carry too.
STEP = """
import django; django.setup()
import time
from django.utils import timezone
from crm.domain import mailings
from crm.models import Mailing, User
mailings.{step}(Mailing.objects.get(), at=timezone.now(), by=User.objects.first())
print(time.monotonic())
"""
STATES = """
import django; django.setup()
import json
from crm.models import OutgoingMail
print(json.dumps(list(OutgoingMail.objects.values_list("recipient", "state"))))
"""
FORGET_LEASE = """
import django; django.setup()
from crm.models import OutgoingMail
OutgoingMail.objects.filter(state="sending").update(sending_since="2020-01-01T00:00Z")
"""


def run(installation: Installation, code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=ROOT,
        env=installation.environment,
        capture_output=True,
        text=True,
        timeout=240,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.fixture
def sink():
    server = Sink()
    server.start()
    yield server
    server.stop()


def start_worker(installation: Installation, sink: Sink):
    return installation.start("worker", SMTP_HOST=sink.host, SMTP_PORT=str(sink.port))


def wait_for(sink: Sink, count: int) -> None:
    until = time.monotonic() + 120
    while len(sink.received) < count and time.monotonic() < until:
        time.sleep(0.005)
    assert len(sink.received) >= count


def states(installation: Installation) -> dict[str, str]:
    return dict(json.loads(run(installation, STATES)))


def test_after_a_stop_no_more_than_the_mail_in_flight_arrives(installation, sink):
    count = 400
    assert run(installation, RELEASE.format(count=count)).strip() == str(count)
    sink.delay = 0.1
    worker = start_worker(installation, sink)
    wait_for(sink, 3)

    stopped_at = float(run(installation, STEP.format(step="stop_mailing")))
    # Longer than several mails take.
    time.sleep(2)
    worker.kill()
    worker.wait()

    arrived_later = [mail for mail in sink.received if mail.at > stopped_at]
    assert len(arrived_later) <= 1
    left = list(states(installation).values())
    assert 0 < len(sink.received) < count
    assert left.count("held") >= count - len(sink.received) - 1


def test_a_worker_killed_in_the_middle_sends_nobody_two(installation, sink):
    count = 40
    run(installation, RELEASE.format(count=count))
    for seen in (5, 15):
        worker = start_worker(installation, sink)
        wait_for(sink, seen)
        worker.kill()
        worker.wait()
        run(installation, FORGET_LEASE)
    installation.manage(
        "worker", "--once", SMTP_HOST=sink.host, SMTP_PORT=str(sink.port), timeout=300
    )

    got = [address for mail in sink.received for address in mail.recipients]
    assert len(got) == len(set(got))
    found = states(installation)
    unknown = {address for address, state in found.items() if state == "unknown"}
    assert {address for address, state in found.items() if state == "sent"} <= set(got)
    assert set(found) == set(got) | unknown
    assert len(unknown) <= 2
