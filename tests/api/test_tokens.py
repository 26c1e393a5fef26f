"""Tokens: shown once, kept as digests, ended at once, with the roles of their owner."""

from datetime import timedelta

import pytest
from django.core.management import call_command
from django.test import Client
from django.utils import timezone
from knox.models import AuthToken

from crm.api import authentication
from tests.factories.crm import PASSWORD


def test_token_is_shown_once_and_kept_as_a_digest(desk):
    made = desk.post("/tokens/", {"days": 30})
    secret = made.json()["token"]
    assert made.status_code == 201
    stored = [str(value) for row in AuthToken.objects.values() for value in row.values()]
    assert all(secret not in value for value in stored)
    assert secret not in desk.get("/tokens/").content.decode()
    answer = desk.client.get("/api/v1/people/", headers={"Authorization": f"Token {secret}"})
    assert answer.status_code == 200
    assert answer["Cache-Control"] == "no-store"


def test_token_is_made_from_a_session_with_its_csrf_mark(coordinator):
    client = Client(enforce_csrf_checks=True)
    client.force_login(coordinator, backend="crm.authentication.PasswordBackend")
    path, kind = "/api/v1/tokens/", "application/json"
    assert client.get(path).status_code == 200
    assert client.post(path, {}, content_type=kind).status_code == 403
    client.get("/accounts/password/change/")
    mark = client.cookies["csrf"].value
    made = client.post(path, {}, content_type=kind, headers={"X-CSRFToken": mark})
    assert made.status_code == 201


def test_ended_token_opens_nothing(desk, coordinator):
    made = desk.post("/tokens/").json()
    assert desk.delete(f"/tokens/{made['key']}/").status_code == 204
    answer = desk.client.get("/api/v1/people/", headers={"Authorization": f"Token {made['token']}"})
    assert answer.status_code == 401
    assert "Token" in answer["WWW-Authenticate"]


def test_token_of_others_is_unknown(desk, host, api):
    theirs = api(host).post("/tokens/").json()
    assert desk.delete(f"/tokens/{theirs['key']}/").status_code == 404
    assert theirs["key"] not in desk.names("/tokens/", "key")


def test_expired_token_opens_nothing(desk):
    AuthToken.objects.update(expiry=timezone.now() - timedelta(seconds=1))
    assert desk.get("/people/").status_code == 401


def test_token_of_a_user_who_left_opens_nothing(desk, coordinator):
    coordinator.is_active = False
    coordinator.save()
    assert desk.get("/people/").status_code == 401


def test_token_has_the_roles_its_owner_has_now(desk, coordinator):
    assert desk.get("/people/").status_code == 200
    coordinator.groups.clear()
    assert desk.get("/people/").status_code == 403


@pytest.mark.parametrize("days", [0, 366, -1, 10**23, "30", True, None])
def test_token_lives_a_day_to_a_year(days, desk):
    assert desk.post("/tokens/", {"days": days}).status_code == 400


@pytest.mark.parametrize("header", ["Token", "Token a b", "Token \xff\xfe", "Token " + "x" * 5_000])
def test_header_that_is_no_token_is_refused(header, client, db):
    answer = client.get("/api/v1/people/", headers={"Authorization": header})
    assert answer.status_code == 401
    assert answer["Content-Type"] == "application/problem+json"


def test_guessing_tokens_is_throttled(client, db, monkeypatch):
    monkeypatch.setattr(authentication, "MOST_FAILURES", 3)
    answers = [
        client.get("/api/v1/people/", headers={"Authorization": f"Token {number:064}"})
        for number in range(5)
    ]
    assert [answer.status_code for answer in answers] == [401, 401, 401, 429, 429]
    assert answers[4]["Retry-After"] == "300"


def test_password_opens_no_resource(client, coordinator):
    import base64

    word = base64.b64encode(f"{coordinator.email}:{PASSWORD}".encode()).decode()
    answer = client.get("/api/v1/people/", headers={"Authorization": f"Basic {word}"})
    assert answer.status_code == 401


def test_schema_is_valid_and_tells_the_same_without_a_database(tmp_path):
    out = tmp_path / "schema.yml"
    call_command("spectacular", "--validate", "--fail-on-warn", "--file", str(out))
    text = out.read_text(encoding="utf-8")
    assert "/api/v1/requests/{ref}/propose/:" in text


def test_schema_and_docs_are_for_those_signed_in(client, coordinator):
    for path in ("/api/schema/", "/api/docs/", "/api/docs/?script="):
        assert client.get(path).status_code in (401, 403)
    client.force_login(coordinator, backend="crm.authentication.PasswordBackend")
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert "<style" not in page.content.decode()
    assert "unsafe-inline" not in page["Content-Security-Policy"]
    assert client.get("/api/docs/?script=")["Content-Type"].startswith("application/javascript")
    assert client.get("/api/schema/").status_code == 200
