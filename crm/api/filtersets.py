"""What lists without a page of their own can be narrowed to."""

import django_filters as filters
from django.db.models import QuerySet
from django.utils.translation import gettext_lazy as _

from crm.filters import COUNTRY_CHOICES, AnyOf, RowNumber, StableOrdering
from crm.models import (
    Event,
    ImportBatch,
    Interaction,
    Lookalike,
    Merge,
    Message,
    Municipality,
    SavedView,
    Session,
)
from crm.search import search_key


class MunicipalityFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    country = AnyOf(label=_("Country"), field_name="organisation__country", choices=COUNTRY_CHOICES)
    is_pilot = filters.BooleanFilter(label=_("Pilot city"))
    organisation = RowNumber(label=_("Organisation (number)"), field_name="organisation_id")
    sort = StableOrdering(fields={"name": "name", "organisation__country": "country"})

    class Meta:
        model = Municipality
        fields: list[str] = []

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        for word in search_key(words).split()[:8]:
            rows = rows.filter(organisation__search_key__contains=word)
        return rows


class SessionFilter(filters.FilterSet):
    event = filters.ModelChoiceFilter(
        label=_("Event"), queryset=Event.objects.all(), to_field_name="slug"
    )
    day = RowNumber(label=_("Day"))

    class Meta:
        model = Session
        fields: list[str] = []


class InteractionFilter(filters.FilterSet):
    kind = AnyOf(label=_("Kind"), choices=Interaction.Kind.choices)
    person = RowNumber(label=_("Person (number)"), field_name="person_id")
    organisation = RowNumber(label=_("Organisation (number)"), field_name="organisation_id")
    after = filters.DateFilter(label=_("From day"), field_name="at", lookup_expr="date__gte")
    before = filters.DateFilter(label=_("Until day"), field_name="at", lookup_expr="date__lte")

    class Meta:
        model = Interaction
        fields: list[str] = []


class MessageFilter(filters.FilterSet):
    direction = AnyOf(label=_("Direction"), choices=Message.Direction.choices)
    status = AnyOf(label=_("Status"), choices=Message.Status.choices)
    person = RowNumber(label=_("Person (number)"), field_name="person_id")
    request = filters.CharFilter(
        label=_("Request"), field_name="visit_requests__ref", max_length=12
    )
    visit = filters.CharFilter(label=_("Visit"), field_name="visits__ref", max_length=12)

    class Meta:
        model = Message
        fields: list[str] = []


class ImportFilter(filters.FilterSet):
    state = AnyOf(label=_("State"), choices=ImportBatch.State.choices)
    event = filters.ModelChoiceFilter(
        label=_("Event"), queryset=Event.objects.all(), to_field_name="slug"
    )

    class Meta:
        model = ImportBatch
        fields: list[str] = []


class SavedViewFilter(filters.FilterSet):
    list = AnyOf(label=_("List"), choices=SavedView.List.choices)

    class Meta:
        model = SavedView
        fields: tuple[str, ...] = ()


class LookalikeFilter(filters.FilterSet):
    open = filters.BooleanFilter(label=_("Only what is to be decided"), method="only_open")
    person = RowNumber(label=_("Person (number)"), method="of_person")

    class Meta:
        model = Lookalike
        fields: list[str] = []

    def only_open(self, rows: QuerySet, _name: str, wanted: bool) -> QuerySet:
        return rows.open() if wanted else rows

    def of_person(self, rows: QuerySet, _name: str, number: int) -> QuerySet:
        return rows.of(number)


class MergeFilter(filters.FilterSet):
    kept = RowNumber(label=_("Kept record (number)"), field_name="kept_id")
    standing = filters.BooleanFilter(label=_("Only what was not undone"), method="only_standing")

    class Meta:
        model = Merge
        fields: list[str] = []

    def only_standing(self, rows: QuerySet, _name: str, wanted: bool) -> QuerySet:
        return rows.standing() if wanted else rows
