"""What is sent in: unknown names, foreign values, and everything no part can keep."""

import pytest
from django.db import connection

from crm.models import Person
from tests.factories.crm import OrganisationFactory, PersonFactory
from tests.factories.visits import VisitFactory, VisitRequestFactory
from visits.models import Visit, VisitRequest

INVENTED = [f"invented_{number}" for number in range(20)]


def is_problem(response) -> bool:
    body = response.json()
    assert response["Content-Type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= set(body)
    assert body["status"] == response.status_code
    return True


def model_values(row) -> dict:
    """Every column of the row with a value that differs from the present one."""
    return {field.attname: "9" for field in row._meta.concrete_fields}


@pytest.mark.parametrize(
    ("factory", "noun", "key", "settable"),
    [
        (PersonFactory, "people", "pk", set()),
        (OrganisationFactory, "organisations", "pk", set()),
        (VisitFactory, "visits", "ref", set()),
    ],
)
def test_mass_assignment_is_refused_by_name(factory, noun, key, settable, desk):
    row = factory()
    before = type(row).objects.filter(pk=row.pk).values().get()
    path = f"/{noun}/{getattr(row, key)}/"
    tag = desk.get(path)["ETag"]
    for name in [*model_values(row), *INVENTED]:
        answer = desk.patch(path, {name: "9", "invented": 1}, If_Match=tag)
        assert answer.status_code == 400, name
        assert "invented" in answer.json()["errors"]
    for name in ("id", "state", "version", "is_sample", "search_key", "merged_into", *INVENTED):
        answer = desk.patch(path, {name: "9"}, If_Match=tag)
        assert answer.status_code == 400
        assert list(answer.json()["errors"]) == [name]
    assert type(row).objects.filter(pk=row.pk).values().get() == before


def test_step_refuses_a_name_it_does_not_know(desk):
    row = VisitRequestFactory()
    answer = desk.post(f"/requests/{row.ref}/review/", {"state": "fulfilled"})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["state"]


@pytest.mark.parametrize(
    "query",
    [
        {"password__startswith": "a"},
        {"assigned_to__password__startswith": "a"},
        {"requester_name": "Robin"},
        {"limit": "0"},
        {"limit": "-1"},
        {"limit": "201"},
        {"limit": "1000000000"},
        {"limit": "٣"},
        {"offset": "-1"},
        {"offset": "9" * 30},
        {"sort": "address"},
        {"sort": "assigned_to__password"},
        {"state": "nowhere"},
        {"country": "BELGIUM"},
        {"q": "x" * 201},
    ],
)
def test_parameter_nobody_knows_or_can_use_is_refused_by_name(query, desk):
    answer = desk.get("/requests/", **query)
    assert answer.status_code == 400
    assert is_problem(answer)
    assert list(answer.json()["errors"]) == list(query)


def test_one_row_takes_no_parameters(desk):
    row = VisitRequestFactory()
    assert desk.get(f"/requests/{row.ref}/", q="Ghent").status_code == 400


@pytest.mark.parametrize("value", ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-12:00"])
def test_moment_outside_our_time_is_refused(value, desk, host):
    row = VisitRequestFactory()
    assert desk.get("/visits/", starts_after=value).status_code == 400
    body = {"host": "HA", "mode": "online", "slots": [{"starts_at": value, "ends_at": value}]}
    answer = desk.post(f"/requests/{row.ref}/propose/", body)
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["slots"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "2023-02-30", "x", 20230201, None])
def test_day_outside_our_time_is_refused(day, desk):
    answer = desk.post("/follow-ups/", {"text": "Call.", "due_on": day})
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["due_on"]


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b'{"given": NaN}',
        b'{"given": "\\u0000"}',
        b'{"given": "\\ud800"}',
        b'{"given": "\xff"}',
        b'{"given": 12}',
        b'{"given": {"a": 1}}',
        b'{"given": ""}',
        b'{"given": "  "}',
        b'{"given": "A", "organisation": 100000000000000000000000}',
        b'{"given": "A", "organisation": 1e400}',
        b'{"given": "A", "organisation": true}',
        b'{"given": "A", "languages": "en"}',
        b'{"given": "A", "languages": {"0": "en"}}',
        b'{"given": "A", "initiatives": ["unknown"]}',
        b'{"given": "A", "organisation": ' + b"9" * 5_000 + b"}",
        b'{"given": ' + b"[" * 100 + b"]" * 100 + b"}",
        b'{"given": ' + b"[" * 50_000 + b"]" * 50_000 + b"}",
        b'{"given": ' + b'{"a":' * 50_000 + b"1" + b"}" * 50_000 + b"}",
        b'{"given": "' + b"x" * 121 + b'"}',
    ],
    ids=lambda body: repr(body[:40]),
)
def test_body_that_cannot_be_kept_is_refused(body, desk):
    answer = desk.send("POST", "/people/", body)
    assert answer.status_code == 400, answer.content[:300]
    assert is_problem(answer)
    assert Person.objects.count() == 0


def test_body_of_ten_megabytes_is_refused(desk):
    answer = desk.send("POST", "/people/", b'{"given": "' + b"x" * 10_000_000 + b'"}')
    assert answer.status_code in (400, 413)
    assert is_problem(answer)


@pytest.mark.parametrize("charset", ["latin-1", "utf-16", "zlib", "base64", "nonsense"])
def test_charset_of_the_body_is_utf8_whatever_the_header_says(charset, desk):
    sent = {"Authorization": f"Token {desk.token}"}
    answer = desk.client.generic(
        "POST",
        "/api/v1/people/",
        '{"given": "Zoë"}'.encode(),
        content_type=f"application/json; charset={charset}",
        headers=sent,
    )
    assert answer.status_code == 201
    assert answer.json()["given"] == "Zoë"


def test_other_kinds_of_body_are_refused(desk):
    for kind in ("text/plain", "application/xml", "multipart/form-data; boundary=x", "x"):
        answer = desk.client.generic(
            "POST",
            "/api/v1/people/",
            b"given=A",
            content_type=kind,
            headers={"Authorization": f"Token {desk.token}"},
        )
        assert answer.status_code in (400, 415), kind
        assert is_problem(answer)


def test_refusals_outside_the_resources_are_problems_too(desk):
    assert is_problem(desk.get("/nowhere/"))
    assert is_problem(desk.get("/api/nowhere/"))
    assert is_problem(desk.get("/people/99999999999999999999/"))
    assert is_problem(desk.send("PUT", "/people/", {}))
    assert desk.send("PUT", "/people/", {}).status_code == 405
    assert desk.post("/incoming-mails/", {}).status_code == 405
    unspoken = desk.client.get(
        "/api/v1/people/",
        headers={"Authorization": f"Token {desk.token}", "Accept": "text/csv"},
    )
    assert unspoken.status_code == 406
    assert is_problem(unspoken)


@pytest.mark.parametrize("ref", ["%00", "R01%0a", "x" * 300, "%F0%9F%92%A9", "../people", "R01;"])
def test_reference_that_cannot_be_one_is_unknown(ref, desk):
    assert desk.get(f"/requests/{ref}/").status_code in (400, 404)


def test_error_after_the_effect_takes_the_effect_back(desk, monkeypatch):
    row = VisitRequestFactory()
    from visits.api.requests import RequestViewSet

    def broken(self, row, **kwargs):
        raise RuntimeError("after the effect")

    monkeypatch.setattr(RequestViewSet, "answer", broken)
    answer = desk.post(f"/requests/{row.ref}/review/")
    assert answer.status_code == 500
    assert is_problem(answer)
    row.refresh_from_db()
    assert row.state == "received"


def test_text_is_kept_normalised(desk):
    made = desk.post("/people/", {"given": "Zoe\u0308  \u202eB", "notes": "two\nlines\ttab"})
    assert made.status_code == 201, made.content
    person = Person.objects.get()
    assert (person.given, person.notes) == ("Zoë B", "two\nlines\ttab")
    assert connection.vendor in ("sqlite", "postgresql")
    assert Visit.objects.count() + VisitRequest.objects.count() == 0
