"""One FilterSet per list of requests and visits, for page, export and API alike."""

import django_filters as filters
from django.utils.translation import gettext_lazy as _

from visits.models import Host, Visit, VisitRequest
from visits.models.requests import Channel, Mode
from visits.states import RequestState, VisitState


class VisitRequestFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label=_("Search"), max_length=200)
    state = filters.MultipleChoiceFilter(choices=RequestState, label=_("State"))
    country = filters.CharFilter(field_name="country", lookup_expr="iexact", max_length=2)
    mode = filters.MultipleChoiceFilter(choices=Mode, label=_("Mode"))
    channel = filters.MultipleChoiceFilter(choices=Channel, label=_("Channel"))
    waiting = filters.BooleanFilter(method="only_waiting", label=_("Waiting for us"))
    sort = filters.OrderingFilter(
        fields=["received_at", "due_at", "city", "state", "priority", "ref"],
        label=_("Sort"),
    )

    class Meta:
        model = VisitRequest
        fields: tuple[str, ...] = ()

    def search(self, rows, _name, text):
        return rows.search(text)

    def only_waiting(self, rows, _name, wanted):
        return rows.waiting_for_us() if wanted else rows


class VisitFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label=_("Search"), max_length=200)
    state = filters.MultipleChoiceFilter(choices=VisitState, label=_("State"))
    mode = filters.MultipleChoiceFilter(choices=Mode, label=_("Mode"))
    host = filters.ModelMultipleChoiceFilter(
        queryset=Host.objects.all(),
        to_field_name="ref",
        field_name="host",
        label=_("Host"),
    )
    country = filters.CharFilter(field_name="country", lookup_expr="iexact", max_length=2)
    at_risk = filters.BooleanFilter(field_name="at_risk", label=_("At risk"))
    starts_after = filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="gte")
    starts_before = filters.IsoDateTimeFilter(field_name="starts_at", lookup_expr="lt")
    sort = filters.OrderingFilter(
        fields=["starts_at", "city", "state", "ref", "host__ref"], label=_("Sort")
    )

    class Meta:
        model = Visit
        fields: tuple[str, ...] = ()

    def search(self, rows, _name, text):
        return rows.search(text)
