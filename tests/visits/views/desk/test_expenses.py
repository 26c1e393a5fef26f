"""Money spent on a visit: entered, put right, taken out and brought back; page and API."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import AuditEntry, User
from tests.factories.visits import ExpenseFactory
from tests.visits.views.desk.front_door import do, go, refused, said
from visits.domain.brief_sheets import on_the_spot
from visits.domain.brief_sources import Sources
from visits.models import Expense, Visit

pytestmark = pytest.mark.django_db


@pytest.fixture
def phone(client, sample):
    client.force_login(User.objects.get(email="host@example.org"))
    return client


def spent(**changes):
    return {
        "spent_on": "2023-02-10",
        "what": "Tram in Antwerp",
        "amount": "12.50",
        "currency": "EUR",
        "category": "travel",
        "eligible": "yes",
        "why": "",
        "receipt": "No 4711",
    } | changes


def visit():
    return Visit.objects.get(ref="V02")


def test_host_writes_down_what_was_spent(phone):
    assert said(do(phone, "expense-new", "V02", **spent())) == ["The expense is written down."]
    do(phone, "expense-new", "V02", **spent(amount="99", currency="NOK", eligible="ask"))
    page = go(phone, "visit-detail", "V02", tab="money").text
    assert "12.50 EUR" in page
    assert "No 4711" in page
    assert "12.50 spent, 12.50 of it eligible for sure" in page
    assert "99.00 spent, 0.00 of it eligible for sure" in page
    assert AuditEntry.objects.about(visit()).filter(verb="add_expense").count() == 2


@pytest.mark.parametrize(
    "fields",
    [
        {"amount": "0"},
        {"amount": "-3"},
        {"amount": "much"},
        {"amount": "1234567.00"},
        {"amount": "1.234"},
        {"currency": "XXX"},
        {"category": "gifts"},
        {"eligible": "no"},
        {"what": " "},
        {"what": "x" * 201},
        {"spent_on": "yesterday"},
        {"spent_on": "0001-01-01"},
    ],
)
def test_one_wrong_answer_gets_one_sentence_and_keeps_what_was_typed(phone, fields):
    answer = do(phone, "expense-new", "V02", **spent(**fields))
    assert (answer.status_code, len(refused(answer))) == (422, 1)
    assert "No 4711" in answer.text
    assert not visit().expenses.exists()


def test_expense_is_put_right_taken_out_and_brought_back(phone):
    row = ExpenseFactory(visit=visit())
    do(phone, "expense-edit", "V02", row.pk, **spent(eligible="no", why="After the project's end"))
    row.refresh_from_db()
    assert (row.what, row.why) == ("Tram in Antwerp", "After the project's end")

    answer = do(phone, "expense-remove", "V02", row.pk)
    assert said(answer) == ["Tram in Antwerp, 12.50 EUR is taken out."]
    assert "No expense yet" in answer.text
    assert go(phone, "expense-edit", "V02", row.pk).status_code == 404
    assert said(do(phone, "expense-restore", "V02", row.pk)) == [
        "Tram in Antwerp, 12.50 EUR is back."
    ]
    assert visit().expenses.kept().count() == 1


def test_brief_prints_what_was_spent_and_nothing_that_was_taken_out(phone):
    ExpenseFactory(visit=visit(), what="Tram", currency="NOK", eligible="no", why="Too late")
    do(phone, "expense-remove", "V02", ExpenseFactory(visit=visit(), what="Wine").pk)
    told = repr(on_the_spot(visit(), list(visit().requests.all()), Sources([visit()])))
    assert "25.00 NOK" in told
    assert "Too late" in told
    assert "Wine" not in told


def test_expense_of_another_visit_or_host_is_not_found(phone, other_host, client):
    row = ExpenseFactory(visit=Visit.objects.get(ref="V01"))
    assert go(phone, "expense-edit", "V02", row.pk).status_code == 404
    client.force_login(other_host)
    assert do(client, "expense-new", "V02", **spent()).status_code == 404


def test_expert_reads_no_money(client, sample):
    ExpenseFactory(visit=Visit.objects.get(ref="V09"), what="SECRET dinner")
    client.force_login(User.objects.get(email="expert@example.org"))
    page = go(client, "visit-detail", "V09", tab="money")
    assert page.status_code == 200
    assert "SECRET" not in page.text


def test_money_tab_asks_the_database_as_often_for_ten_rows_as_for_one(phone):
    def queries():
        with CaptureQueriesContext(connection) as found:
            go(phone, "visit-detail", "V02", tab="money")
        return len(found)

    ExpenseFactory(visit=visit())
    queries()
    before = queries()
    Expense.objects.bulk_create(
        Expense(visit=visit(), amount=1, what=f"No {n}", spent_on="2023-02-10") for n in range(9)
    )
    assert queries() == before
