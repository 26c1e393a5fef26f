"""A button pressed when the session is over: sign in, and come back to the page it stood on."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.test import Client

from tests.factories.visits import VisitFactory

pytestmark = pytest.mark.django_db


def leads_to(address):
    parts = urlsplit(address)
    assert parts.path == "/accounts/login/"
    return parse_qs(parts.query)["next"]


@pytest.mark.parametrize(
    ("referer", "back"),
    [
        ("http://testserver/visits/V01/?tab=report", "/visits/V01/?tab=report"),
        ("http://testserver//elsewhere.example/", "/elsewhere.example/"),
        ("https://elsewhere.example/visits/V01/", "/"),
        ("javascript:alert(1)", "/"),
        ("", "/"),
    ],
)
def test_button_leads_over_the_sign_in_back_to_its_page(client, referer, back):
    answer = client.post("/visits/V01/close/", headers={"Referer": referer})
    assert answer.status_code == 302
    assert leads_to(answer["Location"]) == [back]


def test_button_sent_by_htmx_leads_the_whole_page_there(client):
    headers = {"HX-Request": "true", "HX-Current-URL": "http://testserver/follow-ups/?state=open"}
    answer = client.post("/follow-ups/1/complete/", headers=headers)
    assert answer.status_code == 200
    assert leads_to(answer["HX-Redirect"]) == ["/follow-ups/?state=open"]


def test_page_that_is_read_comes_back_by_its_own_address(client):
    answer = client.get("/visits/V01/", headers={"Referer": "http://testserver/visits/"})
    assert leads_to(answer["Location"]) == ["/visits/V01/"]


def test_whoever_signs_in_again_stands_on_the_page_and_knows_that_nothing_changed(coordinator):
    row = VisitFactory()
    coordinator.set_password("a long enough password")
    coordinator.save()
    client = Client()
    page = f"http://testserver/visits/{row.ref}/"
    sign_in = client.post(f"/visits/{row.ref}/close/", headers={"Referer": page}, follow=True)
    assert "Your session had ended, so nothing was changed." in sign_in.text
    fields = {"login": coordinator.email, "password": "a long enough password"}
    back = leads_to(sign_in.redirect_chain[-1][0])[0]
    answer = client.post("/accounts/login/", fields | {"next": back}, follow=True)
    assert answer.redirect_chain[-1][0] == f"/visits/{row.ref}/"
    assert answer.status_code == 200
