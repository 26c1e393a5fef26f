"""Every factory makes a row that the database takes and that says something about itself."""

import inspect

import pytest
from factory.django import DjangoModelFactory

from crm.roles import Role
from tests.factories import crm, visits
from visits.models import Reservation

FACTORIES = {
    name: factory
    for module in (crm, visits)
    for name, factory in vars(module).items()
    if inspect.isclass(factory) and issubclass(factory, DjangoModelFactory)
    if factory is not DjangoModelFactory
}


@pytest.mark.django_db
@pytest.mark.parametrize("name", sorted(FACTORIES))
def test_factory_makes_a_stored_row(name):
    row = FACTORIES[name]()
    assert type(row).objects.filter(pk=row.pk).count() == 1
    assert str(row)


@pytest.mark.django_db
def test_user_factory_gives_the_roles_asked_for():
    user = crm.UserFactory(role=Role.HOST, roles=[Role.REPORTER])
    assert user.roles == {"host", "reporter"}
    assert user.check_password(crm.PASSWORD)


@pytest.mark.django_db
def test_reserved_visit_takes_its_host_until_half_an_hour_after_its_end():
    visit = visits.VisitFactory(reserved=True)
    row = Reservation.objects.get(visit=visit)
    assert (row.resource, row.starts_at) == (visit.host.resource, visit.starts_at)
    assert row.ends_at - visit.ends_at == visits.BUFFER
