"""One site as several processes on one database: any server answers, every mail leaves once."""

import http.cookiejar
import json
import re
import time
import urllib.parse
import urllib.request
from collections import Counter

from tests.conftest import DEMO_USERS
from tests.support.smtp import Sink

MAILS = 60
QUEUE = (
    "from tests.factories.crm import OutgoingMailFactory as F;"
    f"[F(recipient=f'officer{{n}}@city.example') for n in range({MAILS})]"
)
STATES = (
    "from crm.models import OutgoingMail as M; import json; from collections import Counter;"
    "print(json.dumps(Counter(M.objects.filter(recipient__endswith='@city.example')"
    ".values_list('state', flat=True))))"
)


class Browser:
    """Cookies and forms, enough to sign in."""

    def __init__(self) -> None:
        jar = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self.opener = urllib.request.build_opener(jar)

    def get(self, url: str) -> tuple[str, str]:
        """Where the redirects ended, and the page there."""
        with self.opener.open(url, timeout=30) as answer:
            return answer.url, answer.read().decode()

    def sign_in(self, site: str) -> None:
        users = json.loads(DEMO_USERS.read_text("utf-8"))
        _, page = self.get(f"{site}/accounts/login/")
        [token] = set(re.findall(r'name="csrfmiddlewaretoken" value="([^"]+)"', page))
        fields = {
            "csrfmiddlewaretoken": token,
            "login": users["users"][0]["email"],
            "password": users["password"],
        }
        body = urllib.parse.urlencode(fields).encode()
        self.opener.open(f"{site}/accounts/login/", body, timeout=30).close()


def test_session_opened_on_one_server_holds_on_another(sample_installation):
    first, second = sample_installation.serve(), sample_installation.serve()
    browser = Browser()

    browser.sign_in(first)

    assert browser.get(f"{first}/accounts/login/")[0] == f"{first}/"
    assert browser.get(f"{second}/accounts/login/")[0] == f"{second}/"


def test_stranger_is_sent_to_the_sign_in_by_every_server(sample_installation):
    for site in (sample_installation.serve(), sample_installation.serve()):
        assert Browser().get(f"{site}/people/")[0] == f"{site}/accounts/login/?next=/people/"


def test_three_workers_send_every_mail_exactly_once(installation):
    sink = Sink()
    sink.start()
    installation.manage("shell", "-v", "0", "-c", QUEUE)
    smtp = {"SMTP_HOST": sink.host, "SMTP_PORT": str(sink.port)}

    for _ in range(3):
        installation.start("worker", **smtp)
    until = time.monotonic() + 300
    while len(sink.received) < MAILS and time.monotonic() < until:
        time.sleep(0.2)
    installation.stop()
    sink.stop()

    times = Counter(address for mail in sink.received for address in mail.recipients)
    assert times == {f"officer{n}@city.example": 1 for n in range(MAILS)}
    states = installation.manage("shell", "-v", "0", "-c", STATES)
    assert json.loads(states.stdout) == {"sent": MAILS}
