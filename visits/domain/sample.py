"""The sample: the Rotterdam event and February 2023, loaded whole or not at all."""

from collections.abc import Callable
from datetime import datetime
from typing import Any

from django.db import models, transaction

from crm import fixture_files as files
from crm.models import ClockSetting, Event, Organisation, Person, User
from visits.domain.reference import load_absent_reference
from visits.domain.sample_load import briefs, consents, letters, people, plans, requests, visits
from visits.domain.sample_load.cast import Cast
from visits.models import Campaign, Disruption, Host, Topic, Visit, VisitRequest

PARTS: tuple[Callable[[Cast], None], ...] = (
    people.look_up_reference,
    people.load_topics,
    people.load_users,
    people.load_organisations,
    people.load_municipalities,
    people.load_people,
    people.load_event,
    people.load_participations,
    consents.load_consents,
    consents.load_suppressions,
    consents.load_data_requests,
    requests.load_campaign,
    requests.load_hosts,
    requests.load_requests,
    requests.load_referrals,
    visits.load_visits,
    visits.load_programmes,
    briefs.load_editions_of_held_visits,
    visits.load_reports,
    visits.load_follow_ups,
    plans.load_plans,
    plans.load_disruptions,
    letters.load_messages,
    letters.load_interactions,
    Cast.write_history,
    briefs.load_editions,
)


class SampleRefused(Exception):
    """The sample cannot be loaded or removed; the text says why and what to do."""


def demo_clock() -> datetime:
    """The moment at which the sample's story stands."""
    return datetime.fromisoformat(files.document("sample/campaign.json")["demo_clock"])


def sample_is_loaded() -> bool:
    slug = files.document("sample/campaign.json")["slug"]
    return Campaign.objects.filter(slug=slug, is_sample=True).exists()


def load_sample() -> bool:
    """Load missing reference data and the sample, and let the clock stand at the demo's moment.

    False when the sample is loaded already: then nothing is touched, so that edits, erasures and
    a moved clock stay. Raises SampleRefused when rows that users entered are in its way.
    """
    load_absent_reference()
    return load_sample_rows()


@transaction.atomic
def load_sample_rows() -> bool:
    """The same without reference data, which must be there."""
    if sample_is_loaded():
        return False
    if taken := list(_rows_in_the_way()):
        raise SampleRefused(
            "The sample was not loaded, because these rows are there already: "
            f"{', '.join(taken)}. Rename or remove them first."
        )
    # First, so that people and lists are as old as what is told of them.
    ClockSetting.objects.fix(demo_clock())
    cast = Cast()
    for load_part in PARTS:
        load_part(cast)
    return True


def _rows_in_the_way() -> Any:
    """Names that the sample needs and that are taken."""
    yield from _taken(User, "email", _demo_addresses())
    yield from _taken(Organisation, "key", _column("organisations.csv", "org"))
    yield from _taken(Person, "key", _column("participations.csv", "id"))
    yield from _taken(Event, "slug", [files.document("sample/event.json")["slug"]])
    yield from _taken(Campaign, "slug", [files.document("sample/campaign.json")["slug"]])
    yield from _taken(Topic, "code", _column("topics.csv", "key"))
    yield from _taken(Host, "ref", [row["key"] for row in files.document("sample/hosts.json")])
    yield from _taken(VisitRequest, "ref", _column("requests.csv", "id"))
    yield from _taken(Visit, "ref", _column("visits.csv", "id"))
    yield from _taken(Disruption, "key", [row["key"] for row in files.rows("disruptions.csv")])


def _taken(model: type[models.Model], field: str, wanted: list[str]) -> Any:
    found = model._default_manager.filter(**{f"{field}__in": wanted})
    for value in found.order_by(field).values_list(field, flat=True):
        yield f"{model._meta.verbose_name} {value}"


def _column(name: str, column: str) -> list[str]:
    return [row[column] for row in files.rows(f"sample/{name}")]


def _demo_addresses() -> list[str]:
    return [user["email"] for user in files.document("sample/demo_users.json")["users"]]
