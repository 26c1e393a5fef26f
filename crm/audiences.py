"""Whom a mailing is for: the people ticked, or those its filter finds now."""

from collections.abc import Mapping, Sequence

from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils.translation import gettext_lazy as _

from crm.filters import PersonFilter
from crm.models import Mailing, Person, User


def found_by(query: Mapping[str, Sequence[str]], user: User) -> QuerySet[Person]:
    """The people that the list shows for these parameters.

    Raises ValidationError when the parameters cannot be read.
    """
    typed = QueryDict(mutable=True)
    for name, values in query.items():
        typed.setlist(name, list(values))
    filterset = PersonFilter(typed, queryset=Person.objects.visible_to(user))
    if not filterset.is_valid():
        raise ValidationError(
            _("The filter of this mailing finds nothing any more; choose its people anew."),
            code="query",
        )
    return filterset.qs


def people_of(mailing: Mailing, user: User) -> QuerySet[Person]:
    """The people of a mailing: found anew by its filter, or those on it already."""
    if mailing.query is not None:
        return found_by(mailing.query, user)
    return Person.objects.visible_to(user).filter(mailings__mailing=mailing)
