"""One FilterSet per list of requests and visits, for page, export and API alike."""

import django_filters as filters
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from crm.filters import COUNTRY_CHOICES, AnyOf, StableOrdering, YesNo
from visits.models import CalendarDay, Disruption, Host, TravelOverride, Visit, VisitRequest
from visits.models.requests import Channel, Mode
from visits.models.travel import TravelMode
from visits.states import RequestState, VisitState


class VisitRequestFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label=_("Search"), max_length=200)
    state = filters.MultipleChoiceFilter(choices=RequestState, label=_("State"))
    country = filters.CharFilter(field_name="country", lookup_expr="iexact", max_length=2)
    mode = filters.MultipleChoiceFilter(choices=Mode, label=_("Mode"))
    channel = filters.MultipleChoiceFilter(choices=Channel, label=_("Channel"))
    waiting = YesNo(method="only_waiting", label=_("Waiting for us"))
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
        field_name="host__ref",
        label=_("Host"),
    )
    country = filters.CharFilter(field_name="country", lookup_expr="iexact", max_length=2)
    at_risk = YesNo(field_name="at_risk", label=_("At risk"))
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


class CalendarDayFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label=_("Search"), max_length=200)
    country = AnyOf(choices=COUNTRY_CHOICES, label=_("Country"))
    kind = AnyOf(choices=CalendarDay.Kind.choices, label=_("Kind"))
    hardness = filters.ChoiceFilter(choices=CalendarDay.Hardness.choices, label=_("How hard"))
    after = filters.DateFilter(field_name="last_on", lookup_expr="gte", label=_("From day"))
    before = filters.DateFilter(field_name="first_on", lookup_expr="lte", label=_("Until day"))
    sort = StableOrdering(
        fields={"first_on": "first", "last_on": "last", "country": "country", "name": "name"}
    )

    class Meta:
        model = CalendarDay
        fields: tuple[str, ...] = ()

    def search(self, rows, _name, text):
        for word in text.split()[:8]:
            rows = rows.filter(
                Q(name__icontains=word) | Q(city__icontains=word) | Q(region__icontains=word)
            )
        return rows


class DisruptionFilter(filters.FilterSet):
    q = filters.CharFilter(field_name="name", lookup_expr="icontains", label=_("Search"))
    kind = AnyOf(choices=Disruption.Kind.choices, label=_("Kind"))
    status = AnyOf(choices=Disruption.Status.choices, label=_("Status"))
    sort = StableOrdering(
        fields={"starts_at": "from", "ends_at": "until", "name": "name", "severity": "severity"}
    )

    class Meta:
        model = Disruption
        fields: tuple[str, ...] = ()


class JourneyFilter(filters.FilterSet):
    q = filters.CharFilter(method="search", label=_("Search"), max_length=200)
    mode = AnyOf(choices=TravelMode.choices, label=_("By"))
    sort = StableOrdering(
        fields={
            "origin__name": "from",
            "destination__name": "to",
            "minutes": "minutes",
            "source": "source",
        }
    )

    class Meta:
        model = TravelOverride
        fields: tuple[str, ...] = ()

    def search(self, rows, _name, text):
        return rows.search(text)
