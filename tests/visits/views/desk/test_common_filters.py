"""A page of a list that much matches is met on the way through the list, never sorted together."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Person
from crm.search import search_key
from crm.walks import FEW
from tests.factories.crm import OrganisationFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def desk(client, coordinator):
    client.force_login(coordinator)
    return client


@pytest.fixture
def norwegians():
    houses = [OrganisationFactory(country=country) for country in ("NO", "BE")]
    Person.objects.bulk_create(
        Person(
            given=f"Nr {number:05}",
            family="Berg",
            organisation=houses[number % 2],
            search_key=search_key("Berg", str(number)),
        )
        for number in range(2 * FEW + 10)
    )


def rows_query(asked) -> str:
    (query,) = [
        each["sql"]
        for each in asked.captured_queries
        if 'ORDER BY "crm_person"."family"' in each["sql"]
    ]
    return query


# PostgreSQL's planner decides by what it knows of the values.
@pytest.mark.one_database
@pytest.mark.parametrize("query", ["country=NO", "country=NO&page=3"])
def test_page_of_a_common_country_is_not_sorted(desk, norwegians, query):
    with CaptureQueriesContext(connection) as asked:
        desk.get(f"/people/?{query}")
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {rows_query(asked)}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert plan.startswith("SCAN crm_person USING INDEX person_live_name")


@pytest.mark.one_database
def test_people_of_a_country_are_counted_by_their_organisations(desk, norwegians):
    with CaptureQueriesContext(connection) as asked:
        desk.get("/people/?country=NO")
    (query,) = [
        each["sql"]
        for each in asked.captured_queries
        if "COUNT(*)" in each["sql"] and '"crm_organisation"."country"' in each["sql"]
    ]
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN QUERY PLAN {query}")
        plan = " ".join(row[3] for row in cursor.fetchall())
    assert "SEARCH crm_person USING INDEX person_live_organisation" in plan


def test_pages_of_a_common_country_hold_everybody_of_it_once(desk, norwegians):
    seen = []
    for page in (1, 2, 21):
        shown = desk.get(f"/people/?country=NO&page={page}").context["list"].page_obj
        seen += [person.given for person in shown]
    expected = [f"Nr {number:05}" for number in range(0, 2 * FEW + 10, 2)]
    assert seen == expected[:100] + expected[1000:]


def test_country_that_nobody_is_of_is_an_empty_page(desk, norwegians):
    page = desk.get("/people/?country=SE")
    assert list(page.context["list"].page_obj) == []
