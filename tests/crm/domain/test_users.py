import pytest
from django.core.exceptions import ValidationError
from knox.models import AuthToken

from crm.domain.tokens import make_token
from crm.domain.users import add_user, edit_user, renew_password
from crm.models import User
from crm.roles import Role
from tests.factories.crm import CLOCK, UserFactory

pytestmark = pytest.mark.django_db
NOW = {"at": CLOCK, "by": None}


def changed(user, **values):
    kept = {
        "email": user.email,
        "name": user.name,
        "roles": user.roles,
        "time_zone": "Europe/Oslo",
        "is_active": True,
    }
    return edit_user(user, **(kept | values), **NOW)


def test_a_new_account_signs_in_with_the_password_shown_once():
    user, password = add_user("New@Staff.example", roles=[Role.HOST], **NOW)
    assert (user.email, user.roles) == ("new@staff.example", {"host"})
    assert User.objects.get(pk=user.pk).check_password(password)


def test_two_accounts_never_share_an_address():
    user = UserFactory()
    with pytest.raises(ValidationError):
        add_user(user.email.upper(), **NOW)


def test_closing_an_account_ends_its_tokens():
    user = UserFactory(role=Role.COORDINATOR)
    make_token(user, days=30, at=CLOCK)
    changed(user, is_active=False)
    assert not AuthToken.objects.filter(user=user).exists()
    assert not User.objects.get(pk=user.pk).is_active


@pytest.mark.parametrize("step", [{"roles": [Role.HOST]}, {"is_active": False}])
def test_the_last_administrator_stays(step):
    administrator = UserFactory(role=Role.ADMINISTRATOR)
    with pytest.raises(ValidationError) as refusal:
        changed(administrator, **step)
    assert refusal.value.code == "last_administrator"


def test_a_new_password_ends_the_old_one():
    user = UserFactory()
    old = user.password
    password = renew_password(user, **NOW)
    user.refresh_from_db()
    assert user.password != old
    assert user.check_password(password)
