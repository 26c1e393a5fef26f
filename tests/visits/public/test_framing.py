"""Which pages other sites may frame, what guards a form without cookies, what a link fills in."""

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client
from django.urls import URLPattern, get_resolver

from config import env
from tests.factories.visits import CampaignFactory
from visits.models import PendingRequest

# Headers are the same on both.
pytestmark = pytest.mark.one_database

FORM = "/en/visit/"
SENT = "/en/visit/sent/"
CITY = "https://www.city.example"


@pytest.fixture
def framed(settings, campaign):
    settings.EMBEDDING_SITES = [CITY, "https://*.region.example"]
    return Client()


def all_routes(resolver):
    for each in resolver.url_patterns:
        if isinstance(each, URLPattern):
            yield each
        else:
            yield from all_routes(each)


def ancestors(answer) -> str:
    policy = dict(
        part.strip().partition(" ")[::2]
        for part in answer.headers["Content-Security-Policy"].split(";")
    )
    return policy["frame-ancestors"]


@pytest.mark.parametrize(
    "path", [FORM, SENT, "/en/visit/places/?city=Ghe", "/en/visit/days/?date_1=2023-02-22"]
)
def test_form_and_its_parts_name_the_allowed_sites(framed, path):
    answer = framed.get(path)

    assert answer.status_code == 200
    assert ancestors(answer) == f"{CITY} https://*.region.example"
    assert "X-Frame-Options" not in answer.headers


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/en/visit/offer/", 200),
        ("/en/visit/mine/", 404),
        ("/en/visit/mine/withdraw/", 404),
        ("/en/visit/r/some-token/", 404),
        ("/", 302),
        ("/requests/", 302),
        ("/accounts/login/", 200),
        ("/nowhere/", 404),
    ],
)
def test_every_other_page_forbids_frames(framed, path, status):
    answer = framed.get(path)

    assert answer.status_code == status
    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")


def test_only_the_form_and_its_parts_are_embeddable_and_only_it_needs_no_cookie():
    views = {each.name: each.callback for each in all_routes(get_resolver())}
    embeddable = {name for name, view in views.items() if getattr(view, "is_embeddable", False)}
    exempt = {
        name
        for name, view in views.items()
        # The API's framework exempts its views, and checks the token of a session itself.
        if getattr(view, "csrf_exempt", False) and not hasattr(view, "cls")
    }

    assert embeddable == {"form", "sent", "places", "days"}
    # A mail program stops a newsletter by one press, without cookie or page (RFC 8058).
    assert exempt == {"form", "stop"}


def test_without_allowed_sites_the_form_forbids_frames_too(client, campaign):
    answer = client.get(FORM)

    assert (ancestors(answer), answer.headers["X-Frame-Options"]) == ("'none'", "DENY")


def test_sentence_about_a_fault_is_shown_in_the_frame_too(framed, ghent, form):
    answer = framed.post(FORM, form() | {"depart\x00ment": "Safety"})

    assert answer.status_code == 400
    assert ancestors(answer).startswith(CITY)


def test_form_is_sent_without_any_cookie(campaign, ghent, form):
    strict = Client(enforce_csrf_checks=True)

    assert strict.get(FORM).cookies == {}
    answer = strict.post(FORM, form(), headers={"sec-fetch-site": "same-origin"})
    assert (answer.url, dict(answer.cookies)) == (SENT, {})
    assert PendingRequest.objects.count() == 1


@pytest.mark.parametrize("mark", ["", "1600000000.abc:forged", None])
def test_post_without_a_token_of_ours_is_refused(campaign, ghent, form, mark):
    assert Client(enforce_csrf_checks=True).post(FORM, form(mark=mark)).status_code == 429
    assert PendingRequest.objects.count() == 0


@pytest.mark.parametrize("site", ["cross-site", "same-site"])
def test_post_that_another_sites_page_makes_is_refused(client, ghent, form, site):
    answer = client.post(FORM, form(), headers={"sec-fetch-site": site})

    assert answer.status_code == 403
    assert "came from another site, so nothing was changed" in answer.content.decode()
    assert PendingRequest.objects.count() == 0


@pytest.mark.parametrize("path", ["mine/verify/", "mine/accept/", "mine/withdraw/", "mine/leave/"])
def test_private_posts_still_need_the_cookie(campaign, path):
    assert Client(enforce_csrf_checks=True).post(FORM + path, {}).status_code == 403


def test_link_out_of_a_frame_opens_outside_it(framed):
    out = 'target="_blank" rel="noopener"'

    assert out in framed.get(FORM, headers={"sec-fetch-dest": "iframe"}).content.decode()
    assert out not in framed.get(FORM, headers={"sec-fetch-dest": "document"}).content.decode()


def test_link_with_a_campaign_chooses_it_and_keeps_it(client, ghent, form):
    spring = CampaignFactory(slug="spring", name="Spring 2023", window_start="2023-03-06",
                             window_end="2023-03-31")  # fmt: skip
    query = "?campaign=spring"
    page = client.get(FORM + query).content.decode()

    assert "Spring 2023" in page
    for path in ("/en/visit/offer/", "/it/visit/", "/en/visit/days/"):
        assert f'"{path}{query}"' in page
    assert f'"{FORM}{query}"' in client.get(f"/en/visit/offer/{query}").content.decode()
    sent = client.post(FORM + query, form(date_1="2023-03-08"))
    assert sent.url == SENT + query
    assert f'"{FORM}{query}"' in client.get(sent.url).content.decode()
    assert PendingRequest.objects.get().campaign == spring


@pytest.mark.parametrize(
    ("written", "read"),
    [
        ("", []),
        ("https://www.city.example", ["https://www.city.example"]),
        (" https://City.example/ ,https://b.example:8443", ["https://city.example", "https://b.example:8443"]),
        ("https://*.region.example", ["https://*.region.example"]),
        ("http://localhost:8136", ["http://localhost:8136"]),
    ],
)  # fmt: skip
def test_allowed_sites_are_read_from_the_environment(monkeypatch, written, read):
    monkeypatch.setenv("EMBEDDING_SITES", written)

    assert env.sites("EMBEDDING_SITES") == read


@pytest.mark.parametrize(
    "written",
    [
        "www.city.example",
        "http://www.city.example",
        "https://www.city.example/page",
        "https://a.example https://b.example",
        "https://a.example; script-src *",
        "https://*",
        "https://*.*.example",
        "https://a.example:port",
        "https://robin@a.example",
        "https://città.example",
        "https://10.0.0.1",
        "*",
        "'self'",
        "https://",
    ],
)
def test_malformed_site_is_refused_with_one_sentence(monkeypatch, written):
    monkeypatch.setenv("EMBEDDING_SITES", f"https://good.example,{written}")

    with pytest.raises(ImproperlyConfigured) as refused:
        env.sites("EMBEDDING_SITES")
    assert str(refused.value) == (
        f"EMBEDDING_SITES holds {written!r}; write each site like https://www.example.eu, "
        "without a path, and put commas between them."
    )
