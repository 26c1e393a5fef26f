"""The desk before anybody asked for anything: each page says what will appear on it."""

import pytest

from tests.visits.views.desk.front_door import go

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("today", "Everybody has an answer."),
        ("today", "Open a campaign"),
        ("request-list", "No request is open"),
        ("visit-list", "No visit looks like this"),
        ("plan", "Make a campaign first; its window becomes the days of this page."),
    ],
)
def test_page_of_an_empty_installation_says_what_will_appear(client, coordinator, name, sentence):
    client.force_login(coordinator)
    assert sentence in go(client, name).text


def test_host_without_visits_reads_what_will_appear(client, host):
    client.force_login(host)
    assert "Nothing in this week" in go(client, "my-week").text
