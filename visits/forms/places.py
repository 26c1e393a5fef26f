"""From a typed city to a row of the register, for forms that need one and no other."""

from django import forms
from django.utils.translation import gettext_lazy as _

from crm.domain import places
from crm.models import Place


def place_typed(typed: str, *, kept: Place | None = None) -> Place:
    """The place meant; `kept` when its own label was left as it stood.

    Raises ValidationError when there are several, or none.
    """
    if kept is not None and typed == kept.label:
        return kept
    found = places.resolve_city(typed)
    labels = list(dict.fromkeys(place.label for place in found.candidates))
    if len(labels) > 1:
        raise forms.ValidationError(
            _("There are several: write %(places)s."), params={"places": "; ".join(labels[:4])}
        )
    # Namesakes of one region are near each other; the largest is first.
    place = found.place or next(iter(found.candidates), None)
    if place is None:
        raise forms.ValidationError(
            _("We know no place called “%(name)s”."), params={"name": typed}
        )
    return place
