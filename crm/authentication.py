"""Who is signed in: the account, its roles and the clock, in the one query that every page asks."""

from allauth.account.auth_backends import AuthenticationBackend
from django.contrib.auth.backends import ModelBackend
from django.contrib.auth.models import Group
from django.db.models import OuterRef, Subquery

from crm.json_rows import JsonRows
from crm.models import ClockSetting, User


class _ReadsRoles(ModelBackend):
    def get_user(self, user_id: int) -> User | None:
        user = (
            User.objects.filter(pk=user_id)
            .annotate(
                held=JsonRows(Group.objects.filter(user=OuterRef("pk")).order_by("name"), "name"),
                clock=Subquery(ClockSetting.objects.filter(pk=1).values("fixed_at")[:1]),
            )
            .first()
        )
        if user is None or not self.user_can_authenticate(user):
            return None
        user.roles = frozenset(group["name"] for group in user.held)
        ClockSetting.objects.heard(user.clock)
        return user


class PasswordBackend(_ReadsRoles):
    """Django's own, with the roles."""


class AccountBackend(_ReadsRoles, AuthenticationBackend):
    """That of the sign-in page, with the roles."""
