"""Filtering by the FilterSet of the page; a parameter nobody knows is refused, not ignored."""

from django.utils.translation import gettext as _
from django_filters.rest_framework import DjangoFilterBackend
from rest_framework.exceptions import ValidationError

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
