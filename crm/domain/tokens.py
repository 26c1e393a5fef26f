"""API tokens: shown once when made, kept as digests, ended by their owner."""

from datetime import datetime, timedelta

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _
from knox.models import AuthToken

from crm.domain.audit import record
from crm.models import User

MOST_TOKENS = 20
LONGEST_DAYS = 365


@transaction.atomic
def make_token(user: User, *, days: int, at: datetime) -> str:
    """A new token of the user, valid for `days` real days; the text is kept nowhere."""
    if not 1 <= days <= LONGEST_DAYS:
        raise ValidationError(_("A token is valid for one day to one year."), code="days")
    if AuthToken.objects.filter(user=user).count() >= MOST_TOKENS:
        raise ValidationError(_("End an old token first."), code="too_many_tokens")
    _row, secret = AuthToken.objects.create(user, expiry=timedelta(days=days))
    record(user, "make_token", at=at, by=user)
    return secret


@transaction.atomic
def revoke_token(row: AuthToken, *, at: datetime, by: User) -> None:
    """End a token at once."""
    record(row.user, "revoke_token", at=at, by=by)
    row.delete()
