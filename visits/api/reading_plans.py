"""What the API tells about campaigns, hosts, calendars, plans and figures."""

from rest_framework import serializers

from crm.api.schema import seen_in_part
from crm.api.serializers import Output
from visits.api.reading import codes_of, ref_of, slug_of
from visits.models import (
    CalendarDay,
    Campaign,
    Disruption,
    Host,
    HostAvailability,
    Placement,
    PlanVersion,
    Unplaced,
)


class CampaignForOthersSerializer(Output):
    """The offer as the public reads it."""

    class Meta:
        model = Campaign
        fields = ("slug", "name", "offer", "window_start", "window_end", "funding_line")


class CampaignSerializer(Output):
    event = slug_of(allow_null=True)
    initiative = serializers.SlugRelatedField(slug_field="name", allow_null=True, read_only=True)
    audience_map = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Campaign
        fields = (
            *CampaignForOthersSerializer.Meta.fields,
            "event",
            "initiative",
            "project_end",
            "zone",
            "office_opens",
            "office_closes",
            "reply_target_hours",
            "lead_days",
            "hold_days",
            "audience_map",
            "answers_from",
            "is_sample",
        )


seen_in_part(CampaignSerializer, CampaignForOthersSerializer)


class HostSerializer(Output):
    topics = codes_of()
    languages = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Host
        fields = (
            "ref",
            "name",
            "title",
            "kind",
            "home",
            "zone",
            "languages",
            "topics",
            "work_from",
            "work_until",
            "travel_from",
            "travel_until",
            "travels",
            "max_days_in_row",
            "keeps_office_day",
        )


class AvailabilitySerializer(Output):
    host = ref_of()

    class Meta:
        model = HostAvailability
        fields = ("id", "host", "kind", "starts_at", "ends_at", "label")


class CalendarDaySerializer(Output):
    class Meta:
        model = CalendarDay
        fields = (
            "id",
            "country",
            "region",
            "city",
            "first_on",
            "last_on",
            "kind",
            "name",
            "hardness",
            "shorter_by_minutes",
            "source",
            "confidence",
        )


class DisruptionSerializer(Output):
    countries = serializers.ListField(child=serializers.CharField())
    airports = serializers.ListField(child=serializers.CharField())
    places = serializers.ListField(child=serializers.CharField())
    modes = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = Disruption
        fields = (
            "id",
            "kind",
            "name",
            "countries",
            "airports",
            "places",
            "modes",
            "starts_at",
            "ends_at",
            "severity",
            "status",
            "source",
        )


class PlacementSerializer(Output):
    visit = ref_of(allow_null=True)
    host = ref_of()
    requests = ref_of(many=True)

    class Meta:
        model = Placement
        fields = ("requests", "visit", "host", "mode", "starts_at", "ends_at", "zone", "is_fixed")


class UnplacedSerializer(Output):
    request = ref_of()

    class Meta:
        model = Unplaced
        fields = ("request", "reason_code", "reason", "would_fit_if")


class JourneySerializer(serializers.Serializer):
    """A journey, named by the places at its ends."""

    origin = serializers.CharField(source="origin.name")
    destination = serializers.CharField(source="destination.name")
    mode = serializers.CharField()
    departs_at = serializers.DateTimeField()
    arrives_at = serializers.DateTimeField()


class HostJourneysSerializer(serializers.Serializer):
    """The journeys of a host that go and come when a plan is published."""

    host = serializers.CharField(source="host.ref")
    words = serializers.CharField()
    gone = JourneySerializer(many=True)
    come = JourneySerializer(many=True)


class OutdatedBriefSerializer(serializers.Serializer):
    """An agreed visit whose sent brief is out of date once the plan is published."""

    visit = serializers.CharField(source="ref")
    city = serializers.CharField()
    starts_at = serializers.DateTimeField()
    zone = serializers.CharField()


class StandingSerializer(serializers.Serializer):
    """The part of a plan's priority that is of agreed visits which stand without a place in it."""

    visits = serializers.ListField(child=serializers.CharField())
    priority = serializers.IntegerField()


class PlanForHostSerializer(Output):
    """A plan version as a host reads it: with own placements alone."""

    campaign = serializers.CharField(source="plan.campaign.slug")
    placements = PlacementSerializer(many=True)

    class Meta:
        model = PlanVersion
        fields = ("id", "campaign", "number", "state", "made_at", "published_at", "placements")


class PlanSerializer(PlanForHostSerializer):
    standing = StandingSerializer()
    totals = serializers.JSONField(help_text="Sums of the plan, and what differs from the last.")
    unplaced = UnplacedSerializer(many=True)

    class Meta:
        model = PlanVersion
        fields = (
            *PlanForHostSerializer.Meta.fields,
            "note",
            "priority",
            "standing",
            "bound",
            "proven",
            "totals",
            "unplaced",
        )


seen_in_part(PlanSerializer, PlanForHostSerializer)


class FigureRowSerializer(serializers.Serializer):
    """One row behind a number, in words that name no person and no city under embargo."""

    ref = serializers.CharField()
    words = serializers.CharField()
    group = serializers.CharField(allow_blank=True)
    amount = serializers.FloatField(allow_null=True)


class FigureSerializer(serializers.Serializer):
    key = serializers.CharField()
    label = serializers.CharField()
    value = serializers.FloatField()
    unit = serializers.CharField()
    detail = serializers.JSONField(help_text="Codes to numbers.")
    rows = FigureRowSerializer(many=True)


class FiguresSerializer(serializers.Serializer):
    campaign = serializers.CharField()
    clock = serializers.DateTimeField(help_text="The moment the numbers are of.")
    figures = FigureSerializer(many=True)
