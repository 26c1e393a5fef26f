"""What the API takes about campaigns, hosts and calendars, field by field."""

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.fields import (
    ClockTime,
    Country,
    Day,
    Languages,
    Line,
    Moment,
    RowKey,
    RowName,
    Truth,
    Whole,
    Words,
    Zone,
)
from crm.api.serializers import Input
from crm.models import Place
from visits.api.writing import TopicCodes
from visits.models import CalendarDay, Disruption, Host, HostAvailability
from visits.models.travel import TravelMode


class PublishInput(Input):
    override_reason = Line(max_length=500, required=False, allow_blank=True)


class CampaignInput(Input):
    name = Line(max_length=200)
    offer = Words(max_length=4_000)
    window_start = Day()
    window_end = Day()
    project_end = Day()
    zone = Zone(max_length=64)
    office_opens = ClockTime()
    office_closes = ClockTime()
    reply_target_hours = Whole(min_value=1, max_value=400)
    lead_days = Whole(min_value=0, max_value=100)
    hold_days = Whole(min_value=1, max_value=60)
    funding_line = Line(max_length=400, allow_blank=True)
    answers_from = Line(max_length=200, allow_blank=True)


class HostInput(Input):
    name = Line(max_length=200)
    title = Line(max_length=200, allow_blank=True)
    home = RowKey(queryset=Place.objects.all())
    zone = Zone(max_length=64)
    languages = Languages()
    topics = TopicCodes()
    work_from = ClockTime()
    work_until = ClockTime()
    travel_from = ClockTime()
    travel_until = ClockTime()
    travels = Truth()
    max_days_in_row = Whole(min_value=1, max_value=30)
    keeps_office_day = Truth()


class AvailabilityInput(Input):
    host = RowName(slug_field="ref", queryset=Host.objects.all())
    kind = serializers.ChoiceField(choices=HostAvailability.Kind)
    starts_at = Moment()
    ends_at = Moment()
    label = Line(max_length=120, required=False, allow_blank=True)


class CalendarDayInput(Input):
    country = Country()
    region = Line(max_length=120, required=False, allow_blank=True)
    city = Line(max_length=120, required=False, allow_blank=True)
    first_on = Day()
    last_on = Day()
    kind = serializers.ChoiceField(choices=CalendarDay.Kind)
    name = Line(max_length=200)
    hardness = serializers.ChoiceField(choices=CalendarDay.Hardness)
    shorter_by_minutes = Whole(min_value=0, max_value=720, required=False)
    source = Line(max_length=200, required=False, allow_blank=True)


class DisruptionInput(Input):
    kind = serializers.ChoiceField(choices=Disruption.Kind)
    name = Line(max_length=200)
    countries = serializers.ListField(child=Country(), max_length=60, default=list)
    airports = serializers.ListField(
        child=serializers.RegexField(r"^[A-Z]{3}\Z"),
        max_length=60,
        default=list,
        help_text=_("Three letters each, as FRA."),
    )
    places = serializers.ListField(child=Line(max_length=200), max_length=60, default=list)
    modes = serializers.ListField(
        child=serializers.ChoiceField(choices=TravelMode), max_length=10, default=list
    )
    starts_at = Moment()
    ends_at = Moment()
    severity = Whole(min_value=1, max_value=3, default=2)
    status = serializers.ChoiceField(choices=Disruption.Status, default=Disruption.Status.ANNOUNCED)
    source = Line(max_length=300, required=False, allow_blank=True)
