"""Saved views: a list's filters kept under a name, for oneself or for everybody at the desk."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext_lazy as _

from crm.domain.audit import record
from crm.models import SavedView, User
from crm.validators import clean_line

# These say how a list is looked at once, not what it shows.
NOT_KEPT = frozenset({"page", "as", "limit", "offset", "format", "view", "shown"})
MOST_VALUES = 200
LONGEST_VALUE = 200


def query_kept(query: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """What of a list's parameters makes a view: every value that is not empty, in a fixed order."""
    kept = {
        name: [value for value in values if value]
        for name, values in sorted(query.items())
        if name not in NOT_KEPT
    }
    return {name: values for name, values in kept.items() if values}


@transaction.atomic
def save_view(
    list_name: str,
    name: str,
    query: Mapping[str, Sequence[str]],
    *,
    is_shared: bool = False,
    at: datetime,
    by: User,
) -> SavedView:
    """Keep the filters under a name; one's own view of that name is written over.

    Raises ValidationError without a name, or when nothing is filtered.
    """
    words = clean_line(name)
    if not words or len(words) > 80:
        raise ValidationError({"name": _("Give the view a name of up to 80 letters.")})
    kept = query_kept(query)
    if not kept:
        raise ValidationError(_("Narrow or sort the list first; the view keeps how."))
    values = [value for values in kept.values() for value in values]
    if len(values) > MOST_VALUES or any(len(value) > LONGEST_VALUE for value in values):
        raise ValidationError(_("This is too much for one view; choose fewer filters."))
    view, _made = SavedView.objects.update_or_create(
        owner=by,
        list=list_name,
        name=words,
        removed_at=None,
        defaults={"query": kept, "is_shared": is_shared},
        create_defaults={"query": kept, "is_shared": is_shared, "created_at": at},
    )
    record(view, "save_view", at=at, by=by, fields=["query"])
    return view


@transaction.atomic
def remove_view(view: SavedView, *, at: datetime, by: User) -> None:
    """Take a view away; `restore_view` brings it back. Only its owner may."""
    _refuse_others(view, by)
    if not SavedView.objects.kept().filter(pk=view.pk).update(removed_at=at):
        raise ValidationError(_("This view was removed already."), code="removed")
    record(view, "remove_view", at=at, by=by)


@transaction.atomic
def restore_view(view: SavedView, *, at: datetime, by: User) -> None:
    """Undo of the removal; refused when its name was taken meanwhile."""
    _refuse_others(view, by)
    same = SavedView.objects.kept().filter(owner=view.owner, list=view.list, name=view.name)
    if same.exists():
        raise ValidationError(_("You have a view of this name again."), code="taken")
    SavedView.objects.filter(pk=view.pk).update(removed_at=None)
    record(view, "restore_view", at=at, by=by)


def _refuse_others(view: SavedView, by: User) -> None:
    if view.owner_id != by.pk:
        raise ValidationError(_("Only who saved a view can change it."), code="not_yours")
