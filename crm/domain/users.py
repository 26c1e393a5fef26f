"""Accounts of staff: an administrator makes them, gives roles, and closes them."""

import secrets
from collections.abc import Iterable
from datetime import datetime

from django.contrib.auth.models import Group
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from crm.domain.audit import record
from crm.domain.edits import ChangedMeanwhile, stamp
from crm.models import AuditEntry, User
from crm.roles import Role
from crm.validators import clean_line, known_zone, mail_address

EDITABLE = ("email", "name", "time_zone", "language", "is_active", "groups")


@transaction.atomic
def add_user(
    email: str,
    *,
    name: str = "",
    roles: Iterable[str] = (),
    time_zone: str = "Europe/Oslo",
    at: datetime,
    by: User | None,
) -> tuple[User, str]:
    """A new account and its first password, which is shown once and kept nowhere."""
    address = mail_address(email).lower()
    if User.objects.filter(email=address).exists():
        raise ValidationError({"email": _("There is an account with this mail address.")})
    password = first_password()
    user = User.objects.create_user(
        address, password, name=clean_line(name), time_zone=known_zone(time_zone)
    )
    user.groups.set(_groups(roles))
    record(user, "add_user", at=at, by=by, fields=["email", "name", "roles"])
    return user, password


@transaction.atomic
def edit_user(
    user: User,
    *,
    email: str,
    name: str,
    roles: Iterable[str],
    time_zone: str,
    is_active: bool,
    seen: str | None = None,
    at: datetime,
    by: User | None,
) -> User:
    """Change an account; closing it ends its sessions and tokens at once.

    Raises ValidationError when no administrator would be left, ChangedMeanwhile when `seen` is
    no longer true.
    """
    now = User.objects.select_for_update().get(pk=user.pk)
    if seen is not None and stamp(now, EDITABLE) != seen:
        raise ChangedMeanwhile(now, AuditEntry.objects.about(now).select_related("by").first())
    roles = set(roles)
    address = mail_address(email).lower()
    if User.objects.filter(email=address).exclude(pk=user.pk).exists():
        raise ValidationError({"email": _("Another account has this mail address.")})
    if now.is_administrator and not (is_active and Role.ADMINISTRATOR in roles | _superuser(now)):
        _keep_one_administrator(now)
    user.email, user.name = address, clean_line(name)
    user.time_zone, user.is_active = known_zone(time_zone), is_active
    user.save(update_fields=["email", "name", "time_zone", "is_active"])
    user.groups.set(_groups(roles))
    user.__dict__.pop("roles", None)
    if not is_active:
        close_ways_in(user)
    record(user, "edit_user", at=at, by=by, fields=["email", "name", "roles", "is_active"])
    return user


@transaction.atomic
def edit_own_account(
    user: User, *, wants_digest: bool, language: str, time_zone: str, at: datetime
) -> User:
    """What everybody may change about their own account."""
    user.wants_digest, user.language = wants_digest, language
    user.time_zone = known_zone(time_zone)
    fields = ["wants_digest", "language", "time_zone"]
    user.save(update_fields=fields)
    record(user, "edit_own_account", at=at, by=user, fields=fields)
    return user


@transaction.atomic
def renew_password(user: User, *, at: datetime, by: User | None) -> str:
    """A new first password, shown once; every session of the account ends."""
    password = first_password()
    user.set_password(password)
    user.save(update_fields=["password"])
    close_ways_in(user)
    record(user, "renew_password", at=at, by=by, fields=["password"])
    return password


def close_ways_in(user: User) -> None:
    """End the account's API tokens. Its sessions end by themselves: Django asks the account."""
    AuthToken.objects.filter(user=user).delete()


def first_password() -> str:
    """Four groups of four letters and digits that are hard to mistake when read aloud."""
    letters = "abcdefghjkmnpqrstuvwxyz23456789"
    return "-".join("".join(secrets.choice(letters) for _n in range(4)) for _g in range(4))


def _groups(roles: Iterable[str]) -> list[Group]:
    unknown = set(roles) - set(Role.values)
    if unknown:
        raise ValidationError({"roles": _("Choose roles from the list.")})
    return [Group.objects.get_or_create(name=role)[0] for role in roles]


def _superuser(user: User) -> set[str]:
    return {Role.ADMINISTRATOR} if user.is_superuser else set()


def _keep_one_administrator(user: User) -> None:
    others = User.objects.with_role(Role.ADMINISTRATOR) | User.objects.filter(
        is_superuser=True, is_active=True
    )
    if not others.exclude(pk=user.pk).exists():
        raise ValidationError(
            _("This is the last administrator; make another one first."),
            code="last_administrator",
        )
