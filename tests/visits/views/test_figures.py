"""The pages of the twelve numbers: who may open them, what each shows to whom."""

import csv
import io

import pytest
from django.urls import reverse

from crm.models import AuditEntry, Person
from visits.domain.reporting import FIGURES
from visits.domain.sample_removal import remove_sample

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("sample")]

LIST = "/figures/"


@pytest.fixture
def open_as(client):
    """Open a path as a user and return the response."""

    def opened(user, path: str):
        client.force_login(user)
        return client.get(path)

    return opened


def text(response) -> str:
    return " ".join(response.content.decode().split())


def table(response) -> list[list[str]]:
    body = b"".join(response.streaming_content).decode("utf-8-sig")
    return list(csv.reader(io.StringIO(body)))


def test_figures_are_for_coordinators_and_reporters_alone(cast, open_as):
    opened = {name: open_as(user, LIST).status_code for name, user in vars(cast).items()}
    assert opened == {
        "coordinator": 200,
        "host": 403,
        "other_host": 403,
        "expert": 403,
        "reporter": 200,
        "administrator": 403,
        "nobody": 403,
    }


def test_figures_ask_a_stranger_to_sign_in(client):
    assert client.get(LIST).status_code == 302


def test_list_shows_the_twelve_numbers(reporter, open_as):
    shown = open_as(reporter, LIST).context["shown"]
    assert [(one.figure.key, one.value) for one in shown] == [
        ("K1", "67"),
        ("K2", "67"),
        ("K3", "19"),
        ("K4", "32"),
        ("K5", "65 %"),
        ("K6", "2.33"),
        ("K7", "4"),
        ("K8", "45"),
        ("K9", "4 of 6"),
        ("K10", "3 of 4"),
        ("K11", "35"),
        ("K12", "3"),
    ]


@pytest.mark.parametrize("key", FIGURES)
def test_each_number_opens_as_many_rows_as_it_says(coordinator, open_as, key):
    answer = open_as(coordinator, f"/figures/{key}/")
    assert answer.status_code == 200
    assert len(answer.context["lines"]) == len(answer.context["one"].figure.rows)
    assert text(answer).count('<th scope="row"') >= len(answer.context["lines"])


def test_coordinator_sees_who_is_behind_a_number_with_a_link(coordinator, open_as):
    person = Person.objects.get(key="p005")
    answer = text(open_as(coordinator, "/figures/K1/"))
    assert "Alva Sample-Bjørk, Sample Research Institute North" in answer
    assert f'href="{reverse("visits:person-detail", args=[person.pk])}"' in answer


@pytest.mark.parametrize("key", FIGURES)
def test_reporter_reads_no_name_of_a_person_and_no_link_to_a_row(reporter, open_as, key):
    answer = open_as(reporter, f"/figures/{key}/")
    families = [person.family for person in Person.objects.exclude(family="")]
    assert [name for name in families if name in text(answer)] == []
    assert {line.path for line in answer.context["lines"]} <= {""}


@pytest.mark.parametrize("role", ["coordinator", "reporter"])
@pytest.mark.parametrize("key", FIGURES)
def test_no_page_of_a_number_names_the_embargoed_city(cast, open_as, role, key):
    answer = text(open_as(getattr(cast, role), f"/figures/{key}/"))
    assert "antwerp" not in answer.lower()


def test_embargoed_city_is_counted_under_a_neutral_name(reporter, open_as):
    assert "a municipality under embargo" in text(open_as(reporter, "/figures/K4/"))


def test_rows_are_handed_out_as_a_file_and_that_is_written_down(coordinator, open_as):
    rows = table(open_as(coordinator, "/figures/K7/?as=csv"))
    assert rows[0] == ["Reference", "What it is", "Group", "Amount"]
    assert rows[1] == ["V01", "Ghent (BE), Thu 9 Feb 2023", "on site, reported", ""]
    assert [row[0] for row in rows[1:]] == ["V01", "V02", "V05", "V06"]
    entry = AuditEntry.objects.filter(verb="export_list").get()
    assert (entry.by, entry.fields) == (coordinator, ["4", "csv", "figure K7"])


def test_file_for_a_reporter_holds_no_names(reporter, open_as):
    rows = table(open_as(reporter, "/figures/K11/?as=csv"))
    assert len(rows) == 36
    assert rows[1][:2] == ["p005", "Research, Norway"]


def test_unknown_number_is_not_found(reporter, open_as):
    assert open_as(reporter, "/figures/K13/").status_code == 404


def test_unknown_campaign_is_not_found(reporter, open_as):
    assert open_as(reporter, "/figures/?campaign=march-2023").status_code == 404


def test_charts_of_a_number_are_drawn_from_its_parts(reporter, open_as):
    chart = open_as(reporter, "/figures/K2/").context["one"].charts[0]
    assert [(drawn.bar.label, drawn.bar.value, drawn.width) for drawn in chart.bars] == [
        ("Policy Makers", 33, 100.0),
        ("Scientific Community", 12, 36.364),
        ("Civil Society", 9, 27.273),
        ("Industry", 8, 24.242),
        ("Other", 5, 15.152),
    ]


def test_list_without_a_campaign_says_what_will_appear(reporter, open_as):
    remove_sample()
    answer = open_as(reporter, LIST)
    assert answer.status_code == 200
    assert "No campaign yet" in text(answer)
