"""Where a request may lead and which host it may name: redirects stay here, foreign hosts are 400,
and a secret link stands in no log."""

import urllib.error
import urllib.request
from urllib.parse import urlencode, urlsplit

import pytest
from django.test import RequestFactory
from django.utils.http import url_has_allowed_host_and_scheme

from tests.factories.crm import PersonFactory
from visits.views.desk.access import back_to

pytestmark = pytest.mark.one_database  # Where a request may lead is the same on both.

SCHEMES = (
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    "data:text/html,x",
    "vbscript:x",
    "file:///e",
)
HOSTS = (
    "//evil.example", "///evil.example", "////evil.example", "\\\\evil.example", "/\\evil.example",
    "\\/evil.example", "/\\/evil.example", "//evil.example/%2f..", "http:evil.example",
    "http:/evil.example", "http://evil.example", "https://evil.example", "HTTPS://EVIL.EXAMPLE",
    "ftp://evil.example", "//testserver@evil.example", "http://testserver@evil.example",
    "http://testserver.evil.example", "http://testserver:x@evil.example", "http://[evil",
    "http://evil.example#testserver", "http://evil.example?testserver", "//evil.example:80/",
    "https:///evil.example", "http:\\\\evil.example", "http://evil。example",
)  # fmt: skip
HIDDEN = (
    "\t//evil.example", "\n//evil.example", " //evil.example", "\r\n//evil.example",
    "/\t/evil.example", "/\n/evil.example", "\x00//evil.example", "\x08//evil.example",
    "java\nscript:alert(1)", " javascript:alert(1)",
)  # fmt: skip
PAYLOADS = [*SCHEMES, *HOSTS, *HIDDEN]


def leads_away(location: str) -> bool:
    """Whether a browser at our site would leave it; read as leniently as browsers do."""
    plain = "".join(letter for letter in location if letter > " ").replace("\\", "/")
    parts = urlsplit(plain) if "[" not in plain else urlsplit("//evil")
    return bool(parts.netloc and parts.netloc != "testserver") or (
        parts.scheme not in ("", "http", "https")
    )


def test_forty_payloads_are_tried():
    assert len(set(PAYLOADS)) == 40


@pytest.mark.parametrize("payload", PAYLOADS)
@pytest.mark.parametrize("method", ["get", "post"])
def test_going_back_never_leaves_the_site(method, payload, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    request = getattr(RequestFactory(), method)("/", {"next": payload})

    assert not leads_away(back_to(request, "/here/")["Location"])


def test_going_back_follows_our_own_pages(settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    request = RequestFactory().post("/", {"next": "/people/?q=a"})

    assert back_to(request, "/here/")["Location"] == "/people/?q=a"


@pytest.mark.django_db
@pytest.mark.parametrize("payload", PAYLOADS)
def test_views_that_go_back_never_leave_the_site(client, coordinator, payload):
    client.force_login(coordinator)
    person = PersonFactory()
    for name in ("archive", "restore"):
        answer = client.post(f"/people/{person.pk}/{name}/", {"next": payload})

        assert answer.status_code in (302, 400)
        assert answer.status_code == 400 or not leads_away(answer["Location"])


@pytest.mark.django_db
@pytest.mark.parametrize("payload", PAYLOADS)
def test_signing_in_and_out_never_leaves_the_site(client, coordinator, payload):
    coordinator.set_password("a long enough pass-phrase")
    coordinator.save()
    keys = {"login": coordinator.email, "password": "a long enough pass-phrase", "next": payload}
    query = urlencode({"next": payload})
    answers = [
        client.post("/accounts/login/", keys),
        client.get(f"/accounts/login/?{query}"),
        client.post(f"/accounts/logout/?{query}", {"next": payload}),
    ]

    assert {answer.status_code for answer in answers} <= {302, 400}
    assert not any(leads_away(answer.get("Location", "")) for answer in answers)


def test_django_agrees_with_our_reading_of_payloads():
    kept = [each for each in PAYLOADS if url_has_allowed_host_and_scheme(each, {"testserver"})]

    assert [each for each in kept if leads_away(each)] == []


@pytest.mark.django_db
@pytest.mark.parametrize(
    "headers",
    [{"host": "evil.example"}, {"host": "127.0.0.1.evil.example"}, {"host": "127.0.0.1@evil"}],
)
def test_foreign_host_is_refused(client, settings, headers):
    settings.ALLOWED_HOSTS = ["127.0.0.1", "testserver"]

    assert client.get("/en/visit/", headers=headers).status_code == 400


@pytest.mark.django_db
def test_forwarded_host_changes_no_page(client, settings):
    settings.ALLOWED_HOSTS = ["testserver"]
    page = client.get("/en/visit/", headers={"x-forwarded-host": "evil.example"})

    assert "evil.example" not in page.content.decode()


def test_secret_links_stand_in_no_log_even_with_an_access_log(installation):
    site = installation.serve(GUNICORN_CMD_ARGS="--access-logfile - --log-level debug")
    for path in ("/en/visit/r/SECRET-1/", "/calendar/SECRET-2.ics", "/it/visit/r/SECRET-3/?a=b"):
        request = urllib.request.Request(site + path, headers={"Referer": f"{site}{path}"})
        with pytest.raises(urllib.error.HTTPError):
            urllib.request.urlopen(request)
    installation.stop()
    said = (installation.data_dir / "processes.log").read_text()

    assert "/en/visit/r/[token]/" in said
    assert "SECRET" not in said
