"""Filtering by the FilterSet of the page; a parameter nobody knows is refused, not ignored."""

from datetime import date

from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

from crm.validators import sensible_date

PAGING = {"limit", "offset", "format"}


class StrictFilterBackend(DjangoFilterBackend):
    """django-filter for the API, with unknown query parameters as a 400 that names them."""

    def filter_queryset(self, request, queryset, view):
        filterset_class = self.get_filterset_class(view, queryset)
        known = set(filterset_class.base_filters) if filterset_class else set()
        unknown = sorted(set(request.query_params) - known - PAGING)
        if unknown:
            raise ValidationError(
                {
                    name[:60]: [_("This list has no such parameter; see /api/docs/.")]
                    for name in unknown
                }
            )
        return super().filter_queryset(request, queryset, view)

    def get_filterset(self, request, queryset, view):
        filterset = super().get_filterset(request, queryset, view)
        if filterset is not None and filterset.is_valid():
            _refuse_far_dates(filterset.form.cleaned_data)
        return filterset


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
