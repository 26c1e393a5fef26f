"""What lists of the planning side without a page of their own can be narrowed to."""

import django_filters as filters
from django.utils.translation import gettext_lazy as _

from crm.filters import AnyOf, StableOrdering
from visits.models import (
    BriefEdition,
    Campaign,
    Expense,
    Host,
    HostAvailability,
    PackRun,
    PlanVersion,
    VisitNote,
    VisitReport,
)
from visits.models.reports import Outcome


class CampaignFilter(filters.FilterSet):
    open_on = filters.DateFilter(label=_("Open on"), field_name="window_end", lookup_expr="gte")
    sort = StableOrdering(fields={"window_start": "first", "name": "name"})

    class Meta:
        model = Campaign
        fields: tuple[str, ...] = ()


class HostFilter(filters.FilterSet):
    kind = AnyOf(label=_("Kind"), choices=Host.Kind.choices)

    class Meta:
        model = Host
        fields: tuple[str, ...] = ()


class AvailabilityFilter(filters.FilterSet):
    host = filters.CharFilter(label=_("Host"), field_name="host__ref", max_length=8)
    kind = AnyOf(label=_("Kind"), choices=HostAvailability.Kind.choices)
    after = filters.IsoDateTimeFilter(label=_("Ends after"), field_name="ends_at", lookup_expr="gt")
    before = filters.IsoDateTimeFilter(
        label=_("Starts before"), field_name="starts_at", lookup_expr="lt"
    )

    class Meta:
        model = HostAvailability
        fields: tuple[str, ...] = ()


class PlanFilter(filters.FilterSet):
    campaign = filters.CharFilter(
        label=_("Campaign"), field_name="plan__campaign__slug", max_length=50
    )
    state = AnyOf(label=_("State"), choices=PlanVersion.State.choices)

    class Meta:
        model = PlanVersion
        fields: tuple[str, ...] = ()


class BriefFilter(filters.FilterSet):
    visit = filters.CharFilter(label=_("Visit"), field_name="visit__ref", max_length=12)
    kind = AnyOf(label=_("Kind"), choices=BriefEdition.Kind.choices)
    void = filters.BooleanFilter(label=_("Void"))

    class Meta:
        model = BriefEdition
        fields: tuple[str, ...] = ()


class ExpenseFilter(filters.FilterSet):
    visit = filters.CharFilter(label=_("Visit"), field_name="visit__ref", max_length=12)
    eligible = AnyOf(label=_("Eligible"), choices=Expense.Eligible.choices)
    category = AnyOf(label=_("Category"), choices=Expense.Category.choices)

    class Meta:
        model = Expense
        fields: tuple[str, ...] = ()


class VisitNoteFilter(filters.FilterSet):
    visit = filters.CharFilter(label=_("Visit"), field_name="visit__ref", max_length=12)

    class Meta:
        model = VisitNote
        fields: tuple[str, ...] = ()


class ReportFilter(filters.FilterSet):
    visit = filters.CharFilter(label=_("Visit"), field_name="visit__ref", max_length=12)
    outcome = AnyOf(label=_("Outcome"), choices=Outcome.choices)

    class Meta:
        model = VisitReport
        fields: tuple[str, ...] = ()


class PackFilter(filters.FilterSet):
    kind = AnyOf(label=_("Kind"), choices=PackRun.Kind.choices)
    state = AnyOf(label=_("State"), choices=PackRun.State.choices)

    class Meta:
        model = PackRun
        fields: tuple[str, ...] = ()
