"""Who may open which of these pages; every route is in the table, or the test turns red."""

import pytest
from django.urls import reverse

from crm.roles import Role
from tests.factories.crm import (
    EventFactory,
    MunicipalityFactory,
    OutgoingMailFactory,
    PersonFactory,
)
from visits import urls_people, urls_settings

pytestmark = pytest.mark.django_db

COORDINATOR = {Role.COORDINATOR}
KEEPERS = {Role.COORDINATOR, Role.ADMINISTRATOR}
VISITING = {Role.COORDINATOR, Role.HOST, Role.EXPERT}
PROMISING = {Role.COORDINATOR, Role.HOST}
EVERYBODY = set(Role)

ROLES = {
    "search": VISITING,
    "organisation-list": VISITING,
    "organisation-detail": VISITING,
    "event-list": PROMISING,
    "event-detail": PROMISING,
    "follow-up-list": PROMISING,
    "follow-up-bulk": PROMISING,
    "follow-up-bulk-reopen": PROMISING,
    "follow-up-complete": PROMISING,
    "follow-up-reopen": PROMISING,
    "follow-up-reschedule": PROMISING,
    "settings": EVERYBODY,
    "token-list": EVERYBODY,
    "token-new": EVERYBODY,
    "token-revoke": EVERYBODY,
    "user-list": {Role.ADMINISTRATOR},
    "user-new": {Role.ADMINISTRATOR},
    "user-edit": {Role.ADMINISTRATOR},
    "user-password": {Role.ADMINISTRATOR},
    "host-list": {Role.COORDINATOR, Role.HOST, Role.ADMINISTRATOR},
    "host-detail": {Role.COORDINATOR, Role.HOST, Role.ADMINISTRATOR},
    "host-edit": KEEPERS,
    "availability-new": PROMISING,
    "availability-remove": PROMISING,
    "campaign-edit": KEEPERS,
    "campaign-edit-one": KEEPERS,
    "calendar-day-list": KEEPERS,
    "calendar-day-new": KEEPERS,
    "calendar-day-edit": KEEPERS,
    "calendar-day-remove": KEEPERS,
    "disruption-list": KEEPERS,
    "disruption-new": KEEPERS,
    "disruption-edit": KEEPERS,
    "audit-list": KEEPERS,
    "clock": KEEPERS,
    "health": KEEPERS,
    "sample": KEEPERS,
}


def roles_of(pattern):
    view = pattern.callback
    while not hasattr(view, "roles"):
        view = view.__wrapped__
    return set(view.roles)


@pytest.mark.parametrize(
    "pattern", [*urls_people.urlpatterns, *urls_settings.urlpatterns], ids=lambda each: each.name
)
def test_route_is_open_to_the_roles_of_the_table(pattern):
    assert roles_of(pattern) == ROLES.get(pattern.name, COORDINATOR)


def paths():
    person = PersonFactory()
    city = MunicipalityFactory().organisation
    return {
        "person-list": reverse("visits:person-list"),
        "person-detail": reverse("visits:person-detail", args=[person.pk]),
        "organisation-detail": reverse("visits:organisation-detail", args=[city.pk]),
        "event-detail": reverse("visits:event-detail", args=[EventFactory().slug]),
        "mail-detail": reverse("visits:mail-detail", args=[OutgoingMailFactory().pk]),
        "follow-up-list": reverse("visits:follow-up-list"),
        "user-list": reverse("visits:user-list"),
    }


def test_a_page_of_another_role_is_refused_and_a_stranger_must_sign_in(client, cast):
    made = paths()
    for who, user in vars(cast).items():
        client.force_login(user)
        for name, path in made.items():
            may = bool(user.roles & {str(role) for role in ROLES.get(name, COORDINATOR)})
            assert (who, name, client.get(path).status_code) == (who, name, 200 if may else 403)
    client.logout()
    assert {client.get(path).status_code for path in made.values()} == {302}


def test_a_host_sees_an_organisation_without_its_people(client, host):
    person = PersonFactory(family="Secretname")
    client.force_login(host)
    path = reverse("visits:organisation-detail", args=[person.organisation.pk])
    assert "Secretname" not in client.get(path).content.decode()


def test_a_host_sees_an_event_without_its_roster(client, host):
    event = EventFactory()
    event.participations.create(person=PersonFactory(family="Secretname"), status="attended")
    client.force_login(host)
    path = reverse("visits:event-detail", args=[event.slug])
    file = client.get(path, {"as": "csv"})
    assert "Secretname" not in client.get(path).content.decode()
    assert "Secretname" not in b"".join(file.streaming_content).decode()


def test_a_record_that_is_not_there_is_not_found(client, coordinator):
    client.force_login(coordinator)
    assert client.get(reverse("visits:person-detail", args=[999_999])).status_code == 404


def test_no_page_changes_anything_by_being_opened(client, coordinator):
    verbs = [
        pattern
        for pattern in urls_people.urlpatterns
        if pattern.name.endswith(("archive", "restore", "bulk", "complete", "reopen", "step"))
    ]
    client.force_login(coordinator)
    for pattern in verbs:
        kwargs = {"pk": 1, "step": "hold", "slug": "x"}
        known = {name: kwargs[name] for name in pattern.pattern.converters}
        path = reverse(f"visits:{pattern.name}", kwargs=known)
        assert (pattern.name, client.get(path).status_code) == (pattern.name, 405)
    assert len(verbs) == 13
