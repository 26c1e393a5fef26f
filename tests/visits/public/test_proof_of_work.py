"""The proof of work opens doors for those who did it, once each, and shuts none."""

import base64
import json
from datetime import UTC, datetime, timedelta

import altcha
import pytest

from visits.models import PendingRequest
from visits.public import proof_of_work, time_trap

FORM = "/en/visit/"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def light_work(monkeypatch):
    """Time stands still, and the keys cost nothing: the cost is part of what is signed."""
    monkeypatch.setattr(proof_of_work, "COST", 1)
    monkeypatch.setattr("django.utils.timezone.now", lambda: NOW)


def solved(mark: str) -> str:
    task = altcha.Challenge.from_dict(json.loads(proof_of_work.task_for(mark)))
    return altcha.Payload(task, altcha.solve_challenge(task)).to_base64()


def mark_of(age: timedelta) -> str:
    return time_trap.issue(NOW - age)


def changed(work: str, change) -> str:
    payload = json.loads(base64.b64decode(work))
    change(payload)
    return base64.b64encode(json.dumps(payload).encode()).decode()


def test_form_with_a_proof_may_be_sent_at_once(client, ghent, form):
    mark = mark_of(timedelta(0))

    assert client.post(FORM, form(mark=mark, work=solved(mark))).status_code == 302
    assert PendingRequest.objects.count() == 1


def test_form_without_a_proof_is_taken_as_before(client, ghent, form):
    assert client.post(FORM, form(work="")).status_code == 302


def test_proof_counts_once(client, ghent, form):
    mark = mark_of(timedelta(0))
    work = solved(mark)
    codes = [
        client.post(FORM, form(mark=mark, work=work, address=f"a{n}@ghent.example")).status_code
        for n in range(2)
    ]

    assert codes == [302, 429]


def test_used_proof_is_no_obstacle_to_a_person(client, ghent, form):
    mark = mark_of(timedelta(seconds=10))
    work = solved(mark)
    codes = [
        client.post(FORM, form(mark=mark, work=work, address=f"a{n}@ghent.example")).status_code
        for n in range(2)
    ]

    assert codes == [302, 302]


@pytest.mark.parametrize("age", [timedelta(hours=25), -timedelta(seconds=9)])
def test_proof_does_not_prolong_the_form(client, ghent, form, age):
    mark = mark_of(age)

    assert client.post(FORM, form(mark=mark, work=solved(mark))).status_code == 429


def test_proof_of_another_form_does_not_count(client, ghent, form):
    other = solved(mark_of(timedelta(minutes=1)))

    assert client.post(FORM, form(mark=mark_of(timedelta(0)), work=other)).status_code == 429


@pytest.mark.parametrize(
    "spoil",
    [
        lambda work: "",
        lambda work: "no base64 at all",
        lambda work: base64.b64encode(b"[1, 2]").decode(),
        lambda work: base64.b64encode(b'{"challenge": 1, "solution": []}').decode(),
        lambda work: base64.b64encode(b"[" * 1_400).decode(),
        lambda work: work * 10,
        lambda work: changed(work, lambda p: p["challenge"]["parameters"].update(keyPrefix="")),
        lambda work: changed(work, lambda p: p["challenge"].pop("signature")),
        lambda work: changed(work, lambda p: p["solution"].update(counter=-1)),
        lambda work: changed(work, lambda p: p["solution"].update(derivedKey="00")),
        lambda work: changed(work, lambda p: p["solution"].update(derivedKey=None, counter="x")),
    ],
)
def test_spoilt_proof_counts_as_none(client, ghent, form, spoil):
    fast, slow = mark_of(timedelta(0)), mark_of(timedelta(seconds=10))

    assert client.post(FORM, form(mark=fast, work=spoil(solved(fast)))).status_code == 429
    assert client.post(FORM, form(mark=slow, work=spoil(solved(slow)))).status_code == 302


def test_network_of_a_town_hall_may_send_many_forms_with_proofs(client, ghent, form, monkeypatch):
    monkeypatch.setattr("visits.public.views.form.MOST_FORMS_WITH_WORK", 23)
    codes = []
    for number in range(24):
        mark = mark_of(timedelta(0))
        values = form(mark=mark, work=solved(mark), address=f"a{number}@ghent.example")
        codes.append(client.post(FORM, values).status_code)

    assert codes == [302] * 23 + [429]


def test_script_without_proofs_does_not_use_up_the_share_of_those_who_work(client, ghent, form):
    codes = [client.post(FORM, form(address=f"a{n}@evil.example")).status_code for n in range(21)]
    mark = mark_of(timedelta(seconds=10))

    assert codes[-1] == 429
    assert client.post(FORM, form(mark=mark, work=solved(mark))).status_code == 302


def test_page_that_comes_back_brings_a_new_task(client, ghent, form):
    def task(answer) -> str:
        return answer.content.decode().partition('data-task="')[2].partition('"')[0]

    first, second = client.post(FORM, form(city="")), client.post(FORM, form(city=""))

    assert first.status_code == 400
    assert "" != task(first) != task(second)
