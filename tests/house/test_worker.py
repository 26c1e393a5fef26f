"""The worker, as a process of its own: no mail and no other job ever ends it."""

import json
import time

import pytest

from tests.support.smtp import Sink

QUEUE = """
from tests.factories.crm import OutgoingMailFactory as F
F(recipient="josé@city.example")
F(recipient="gone@city.example", link_key="request:999")
F(recipient="amt@münchen.example", recipient_name="Jürgen Groß")
F(recipient="user@exаmple.com")
F(recipient="robin@city.example")
"""
LATE = (
    "from tests.factories.crm import OutgoingMailFactory as F;"
    "F(recipient='late@city.example', mail_id='<late@outreach.example>')"
)
STATES = """
import json
from crm.models import OutgoingMail as M
print(json.dumps(dict(M.objects.values_list("recipient", "state"))))
"""
GOOD = ["amt@xn--mnchen-3ya.example", "user@xn--exmple-4nf.com", "robin@city.example"]


@pytest.fixture
def sink():
    made = Sink()
    made.start()
    yield made
    made.stop()


def test_a_mail_that_cannot_be_put_together_neither_ends_the_worker_nor_holds_up_others(
    installation, sink
):
    installation.manage("shell", "-v", "0", "-c", QUEUE)
    worker = installation.start("worker", SMTP_HOST=sink.host, SMTP_PORT=str(sink.port))
    until = time.monotonic() + 120
    while len(sink.received) < len(GOOD) and time.monotonic() < until:
        time.sleep(0.2)
    installation.manage("shell", "-v", "0", "-c", LATE)
    while len(sink.received) <= len(GOOD) and time.monotonic() < until:
        time.sleep(0.2)

    assert worker.poll() is None
    sent = [address for mail in sink.received for address in mail.recipients]
    assert sent == [*GOOD, "late@city.example"]
    assert json.loads(installation.manage("shell", "-v", "0", "-c", STATES).stdout) == {
        "josé@city.example": "failed",
        "gone@city.example": "failed",
        "amt@münchen.example": "sent",
        "user@exаmple.com": "sent",
        "robin@city.example": "sent",
        "late@city.example": "sent",
    }
