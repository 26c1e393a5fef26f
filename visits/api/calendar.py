"""Hosts, their time, calendar days and disruptions as resources."""

from drf_spectacular.utils import extend_schema
from rest_framework.response import Response

from crm.api.resources import Listed
from crm.roles import Role
from visits.api import filtersets, reading_plans, writing_plans
from visits.domain import calendar_days, disruptions
from visits.domain import hosts as host_verbs
from visits.filters import CalendarDayFilter, DisruptionFilter
from visits.models import CalendarDay, Disruption, Host, HostAvailability

DESK = (Role.COORDINATOR,)
FIELD = (Role.COORDINATOR, Role.HOST)
OFFICE = (Role.COORDINATOR, Role.ADMINISTRATOR)


def whole(row, names, values):
    """The row's values with the changed ones among them, as verbs that weigh all of them want."""
    now = {
        name: list(getattr(row, name).all())
        if row._meta.get_field(name).many_to_many
        else getattr(row, name)
        for name in names
    }
    return now | values


class HostViewSet(Listed):
    """Who leads visits; hosts and experts read their own row."""

    queryset = Host.objects.none()
    serializer_class = reading_plans.HostSerializer
    filterset_class = filtersets.HostFilter
    read_roles = (Role.COORDINATOR, Role.ADMINISTRATOR, Role.HOST, Role.EXPERT)
    write_roles = OFFICE
    lookup_field = "ref"
    lookup_value_converter = "str"
    has_versions, editable = True, host_verbs.EDITABLE

    def get_queryset(self):
        return Host.objects.visible_to(self.request.user).prefetch_related("topics")

    @extend_schema(request=writing_plans.HostInput)
    def partial_update(self, request, ref):
        return self.edit(_edit_host, writing_plans.HostInput)


def _edit_host(row, values, **act):
    host_verbs.edit_host(row, whole(row, host_verbs.EDITABLE, values), **act)


class AvailabilityViewSet(Listed):
    """When hosts can or cannot; a host reads and writes own rows."""

    queryset = HostAvailability.objects.none()
    serializer_class = reading_plans.AvailabilitySerializer
    filterset_class = filtersets.AvailabilityFilter
    read_roles = write_roles = FIELD

    def get_queryset(self):
        return HostAvailability.objects.visible_to(self.request.user).select_related("host")

    @extend_schema(request=writing_plans.AvailabilityInput)
    def create(self, request):
        values = self.read(writing_plans.AvailabilityInput)
        made = host_verbs.add_availability(values.pop("host"), **values, **self.act)
        return self.answer(made, status=201)

    def destroy(self, request, pk):
        host_verbs.remove_availability(self.get_object(), **self.act)
        return Response(status=204)


class CalendarDayViewSet(Listed):
    """Holidays, carnival, school breaks; a person may add and correct them."""

    queryset = CalendarDay.objects.none()
    serializer_class = reading_plans.CalendarDaySerializer
    filterset_class = CalendarDayFilter
    read_roles, write_roles = FIELD, DESK
    has_versions, editable = True, calendar_days.EDITABLE

    def get_queryset(self):
        return CalendarDay.objects.all()

    @extend_schema(request=writing_plans.CalendarDayInput)
    def create(self, request):
        values = self.read(writing_plans.CalendarDayInput)
        return self.answer(calendar_days.add_calendar_day(values, **self.act), status=201)

    @extend_schema(request=writing_plans.CalendarDayInput)
    def partial_update(self, request, pk):
        return self.edit(_edit_day, writing_plans.CalendarDayInput)

    def destroy(self, request, pk):
        calendar_days.remove_calendar_day(self.get_object(), **self.act)
        return Response(status=204)


def _edit_day(row, values, **act):
    calendar_days.edit_calendar_day(row, whole(row, calendar_days.EDITABLE, values), **act)


class DisruptionViewSet(Listed):
    """Strikes, storms and outages; entering one marks the visits it puts at risk."""

    queryset = Disruption.objects.none()
    serializer_class = reading_plans.DisruptionSerializer
    filterset_class = DisruptionFilter
    read_roles, write_roles = FIELD, DESK
    has_versions, editable = True, disruptions.EDITABLE

    def get_queryset(self):
        return Disruption.objects.all()

    @extend_schema(request=writing_plans.DisruptionInput)
    def create(self, request):
        made, _at_risk = disruptions.enter_disruption(
            self.read(writing_plans.DisruptionInput), **self.act
        )
        return self.answer(made, status=201)

    @extend_schema(request=writing_plans.DisruptionInput)
    def partial_update(self, request, pk):
        return self.edit(_edit_disruption, writing_plans.DisruptionInput)


def _edit_disruption(row, values, **act):
    disruptions.edit_disruption(row, whole(row, disruptions.EDITABLE, values), **act)
