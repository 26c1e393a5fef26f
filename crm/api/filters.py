"""Filtering by the FilterSet of the page; a parameter nobody knows is refused, not ignored."""

from datetime import date

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

from crm.filters import with_only
from crm.models import SavedView
from crm.validators import sensible_date

PAGING = {"limit", "offset", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter for the API, with unknown query parameters as a 400 that names them."""

    def filter_queryset(self, request, queryset, view):
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        unknown = sorted(set(request.query_params) - known - PAGING - set(view.own_parameters()))
        if unknown:
            raise ValidationError(
                {
                    name[:60]: [_("This list has no such parameter; see /api/docs/.")]
                    for name in unknown
                }
            )
        return super().filter_queryset(request, queryset, view)

    def get_filterset_kwargs(self, request, queryset, view):
        """`?view=7` stands for the filters kept under it; a parameter of the address goes first."""
        kwargs = super().get_filterset_kwargs(request, queryset, view)
        if number := request.query_params.get("view"):
            kwargs["data"] = _view(request, view, number).under(request.query_params)
        return kwargs

    def get_filterset(self, request, queryset, view):
        filter_class = self.get_filterset_class(view, queryset)
        if filter_class is None:
            return None
        kwargs = self.get_filterset_kwargs(request, queryset, view)
        asked = frozenset(kwargs["data"]).intersection(filter_class.base_filters)
        filterset = with_only(filter_class, asked)(**kwargs)
        if filterset.is_valid():
            _refuse_far_dates(filterset.form.cleaned_data)
        return filterset


def _view(request, view, number: str) -> SavedView:
    seen = SavedView.objects.kept().visible_to(request.user).of_list(view.saved_list)
    found = seen.numbered(number)
    if found is None:
        raise ValidationError(
            {"view": [_("There is no such view of this list; see /saved-views/.")]}
        )
    return found


def _refuse_far_dates(values: dict) -> None:
    # Before any query: year 1 with an offset overflows on its way to the database.
    faults = {}
    for name, value in values.items():
        if isinstance(value, date):
            try:
                sensible_date(date(value.year, value.month, value.day))
            except DjangoValidationError as error:
                faults[name] = error.messages
    if faults:
        raise ValidationError(faults)
