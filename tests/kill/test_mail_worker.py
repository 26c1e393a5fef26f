"""kill -9 of the worker while it sends: nothing is lost silently, nothing goes twice.

The full number of faults.md 1.2, 200 kills, runs with `pytest -m full tests/kill`.
"""

import json
import random
import subprocess
import sys
import time

import pytest

from tests.support.installation import ROOT, Installation
from tests.support.smtp import Sink

QUEUE = """
import django; django.setup()
from django.utils import timezone
from crm.domain import outbox
from tests.factories.crm import MessageFactory
for number in range({count}):
    message = MessageFactory(direction="out", status="draft", is_sample=False,
                             address=f"o{{number}}@city.example", subject="R26", body="Hello")
    outbox.queue_mail(message, at=timezone.now())
"""
STATES = """
import django; django.setup()
import json
from crm.models import OutgoingMail
print(json.dumps(list(OutgoingMail.objects.values_list("mail_id", "state"))))
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
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def kill_while_sending(installation: Installation, kills: int, mails: int) -> tuple[dict, list]:
    """The state of every mail in the end, and the Message-IDs that the server took."""
    sink = Sink()
    sink.start()
    try:
        run(installation, QUEUE.format(count=mails))
        chance = random.Random(2023)
        for _ in range(kills):
            worker = installation.start("worker", SMTP_HOST=sink.host, SMTP_PORT=str(sink.port))
            before = len(sink.messages)
            until = time.monotonic() + 30
            while len(sink.messages) == before and time.monotonic() < until:
                time.sleep(0.005)
            time.sleep(chance.uniform(0, 0.03))
            worker.kill()
            worker.wait()
            run(installation, FORGET_LEASE)
        installation.manage(
            "worker", "--once", SMTP_HOST=sink.host, SMTP_PORT=str(sink.port), timeout=300
        )
        states = dict(json.loads(run(installation, STATES)))
        return states, [message["Message-ID"] for message in sink.messages]
    finally:
        sink.stop()


@pytest.mark.parametrize(
    ("kills", "mails"), [(4, 60), pytest.param(200, 3_000, marks=pytest.mark.full)]
)
def test_killed_worker_loses_nothing_silently_and_sends_nothing_twice(installation, kills, mails):
    states, taken = kill_while_sending(installation, kills, mails)

    assert len(states) == mails
    assert len(taken) == len(set(taken))
    sent = {mail_id for mail_id, state in states.items() if state == "sent"}
    unknown = {mail_id for mail_id, state in states.items() if state == "unknown"}
    assert sent <= set(taken)
    assert set(taken) <= sent | unknown
    assert len(unknown) <= kills
