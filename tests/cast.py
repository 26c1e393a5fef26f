"""The same people in every test about access.

Load it with `pytest_plugins = ["tests.cast"]` or take the fixtures from the root conftest. `host`
leads `host.host`, `other_host` another host, `expert` a partner expert; nobody leads a visit yet.
"""

from types import SimpleNamespace

import pytest

from crm.roles import Role
from tests.factories.crm import UserFactory
from tests.factories.visits import ExpertFactory, HostFactory


@pytest.fixture
def coordinator(db):
    return UserFactory(role=Role.COORDINATOR, email="coordinator@staff.example", name="Cora")


@pytest.fixture
def host(db):
    return HostFactory(
        ref="HA", name="Hanne", user__email="host@staff.example", user__role=Role.HOST
    ).user


@pytest.fixture
def other_host(db):
    return HostFactory(
        ref="HB", name="Harald", user__email="other-host@staff.example", user__role=Role.HOST
    ).user


@pytest.fixture
def expert(db):
    return ExpertFactory(
        ref="XA", name="Eva", user__email="expert@staff.example", user__role=Role.EXPERT
    ).user


@pytest.fixture
def reporter(db):
    return UserFactory(role=Role.REPORTER, email="reporter@staff.example", name="Rasmus")


@pytest.fixture
def administrator(db):
    return UserFactory(role=Role.ADMINISTRATOR, email="administrator@staff.example", name="Ada")


@pytest.fixture
def nobody(db):
    """A user without any role."""
    return UserFactory(email="nobody@staff.example", name="Nils")


@pytest.fixture
def cast(coordinator, host, other_host, expert, reporter, administrator, nobody):
    """All of them by name: `cast.host`, or `vars(cast).items()` for a table of access."""
    return SimpleNamespace(
        coordinator=coordinator,
        host=host,
        other_host=other_host,
        expert=expert,
        reporter=reporter,
        administrator=administrator,
        nobody=nobody,
    )
