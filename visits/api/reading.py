"""What the API tells about requests and visits. Hosts and experts read serializers of their own,
built up from what they may know: an expert sees no contact details and no city under embargo."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm import clock
from crm.api.schema import seen_in_part
from crm.api.serializers import Output
from visits.domain.brief_standing import standing
from visits.domain.preparing import answers_of
from visits.models import (
    AgendaItem,
    AttendanceCount,
    BriefEdition,
    ChecklistItem,
    DateWish,
    Expense,
    Hold,
    PackRun,
    PreferredDate,
    Visit,
    VisitNote,
    VisitReport,
    VisitRequest,
)
from visits.models.requests import PartOfDay


def ref_of(**kwargs) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="ref", read_only=True, **kwargs)


def slug_of(**kwargs) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="slug", read_only=True, **kwargs)


def codes_of(**kwargs) -> serializers.SlugRelatedField:
    return serializers.SlugRelatedField(slug_field="code", many=True, read_only=True, **kwargs)


class NamedWhereAllowed(Output):
    """Leaves the city out while it is under embargo."""

    city = serializers.SerializerMethodField(help_text="Empty while under embargo.")

    def get_city(self, row) -> str:
        municipality = row.municipality
        today = self.context["view"].now.date()
        return row.city if municipality is None or municipality.may_be_named(today) else ""


class PreferredDateSerializer(Output):
    class Meta:
        model = PreferredDate
        fields = ("rank", "on", "part")


class WishedDaySerializer(serializers.Serializer):
    on = serializers.DateField()
    part = serializers.ChoiceField(choices=PartOfDay.choices)


class DateWishSerializer(Output):
    """Days asked for in place of the agreed date of a visit."""

    visit = ref_of()
    days = WishedDaySerializer(many=True)

    class Meta:
        model = DateWish
        fields = ("visit", "days", "reason", "asked_at", "due_at", "settled_at", "outcome")


FOR_EXPERTS = (
    "ref",
    "campaign",
    "city",
    "country",
    "zone",
    "language",
    "topics",
    "questions",
    "mode",
    "people",
    "interpreter",
    "step_free",
    "state",
)


class RequestForExpertSerializer(NamedWhereAllowed):
    campaign = slug_of()
    topics = codes_of()
    questions = serializers.ListField(child=serializers.CharField())

    class Meta:
        model = VisitRequest
        fields = FOR_EXPERTS


class RequestForHostSerializer(Output):
    campaign = slug_of()
    topics = codes_of()
    questions = serializers.ListField(child=serializers.CharField())
    preferred_dates = PreferredDateSerializer(many=True)

    class Meta:
        model = VisitRequest
        fields = (
            *FOR_EXPERTS,
            "received_at",
            "region",
            "department",
            "requester_name",
            "requester_role",
            "online_is_fine",
            "duration_minutes",
            "preferred_dates",
        )


class RequestSerializer(RequestForHostSerializer):
    date_wishes = DateWishSerializer(many=True)
    merged_into = ref_of(allow_null=True)
    visits = ref_of(many=True)

    class Meta:
        model = VisitRequest
        fields = (
            *RequestForHostSerializer.Meta.fields,
            "channel",
            "raw_text",
            "raw_language",
            "translation",
            "municipality",
            "place",
            "address",
            "phone",
            "address_bounced",
            "person",
            "secrecy",
            "state_since",
            "reason",
            "priority",
            "on_site_ruled_out",
            "assigned_to",
            "first_reply_at",
            "due_at",
            "date_wishes",
            "merged_into",
            "visits",
            "version",
            "is_sample",
        )


seen_in_part(RequestSerializer, RequestForHostSerializer, RequestForExpertSerializer)


class AgendaItemSerializer(Output):
    class Meta:
        model = AgendaItem
        fields = ("order", "minutes", "title", "speaker", "room")


class PlannedItemSerializer(Output):
    """An item as we plan it, with what to do when time is short."""

    class Meta:
        model = AgendaItem
        fields = (*AgendaItemSerializer.Meta.fields, "plan_b", "can_be_dropped")


class PlannedAnswerSerializer(serializers.Serializer):
    request = serializers.CharField()
    question = serializers.CharField()
    answer = serializers.CharField()
    owner = serializers.CharField()


class ChecklistItemSerializer(Output):
    class Meta:
        model = ChecklistItem
        fields = ("id", "key", "text", "owner", "done")


class HoldSerializer(Output):
    is_live = serializers.BooleanField(source="reservation.active")

    class Meta:
        model = Hold
        fields = ("id", "rank", "starts_at", "ends_at", "expires_at", "accepted_at", "is_live")


EXPERT_SEES = (
    "ref",
    "campaign",
    "city",
    "country",
    "mode",
    "starts_at",
    "ends_at",
    "zone",
    "host",
    "topics",
    "agenda",
    "state",
)


class VisitForExpertSerializer(NamedWhereAllowed):
    campaign = slug_of()
    host = ref_of()
    topics = codes_of()
    agenda = AgendaItemSerializer(many=True)

    class Meta:
        model = Visit
        fields = EXPERT_SEES


class VisitForHostSerializer(Output):
    """A host's own visit, with the contact the host is going to meet."""

    campaign = slug_of()
    host = ref_of()
    backup = ref_of(allow_null=True)
    topics = codes_of()
    requests = ref_of(many=True)
    experts = ref_of(many=True)
    agenda = PlannedItemSerializer(many=True)
    checklist = ChecklistItemSerializer(many=True)
    planned_answers = serializers.SerializerMethodField(
        help_text=_("Every question of its requests, with what is planned for it.")
    )

    class Meta:
        model = Visit
        fields = (
            *EXPERT_SEES,
            "requests",
            "address",
            "meeting_link",
            "backup",
            "experts",
            "local_contact_name",
            "local_contact_address",
            "local_contact_phone",
            "local_contact_verified_at",
            "materials",
            "notes",
            "aim",
            "decides",
            "missing_people",
            "hotel",
            "last_way_home",
            "budget",
            "print_again_after",
            "planned_answers",
            "checklist",
            "state_since",
            "confirmed_at",
            "at_risk",
            "brief_void",
            "version",
        )

    @extend_schema_field(PlannedAnswerSerializer(many=True))
    def get_planned_answers(self, row):
        return PlannedAnswerSerializer(answers_of(row), many=True).data


class VisitSerializer(VisitForHostSerializer):
    holds = HoldSerializer(many=True)
    replaces = ref_of(allow_null=True)
    follow_ups = serializers.PrimaryKeyRelatedField(many=True, read_only=True)

    class Meta:
        model = Visit
        fields = (
            *VisitForHostSerializer.Meta.fields,
            "municipality",
            "place",
            "agreement",
            "override_reason",
            "replaces",
            "cancel_side",
            "cancel_reason",
            "holds",
            "follow_ups",
            "ics_uid",
            "ics_sequence",
            "is_sample",
        )


seen_in_part(VisitSerializer, VisitForHostSerializer, VisitForExpertSerializer)


class AttendanceSerializer(Output):
    class Meta:
        model = AttendanceCount
        fields = ("audience", "people")


class ReportSerializer(Output):
    visit = ref_of()
    topics_covered = codes_of()
    counts = AttendanceSerializer(many=True)

    class Meta:
        model = VisitReport
        fields = (
            "id",
            "visit",
            "counts",
            "expected",
            "topics_covered",
            "summary",
            "notes",
            "outcome",
            "evidence",
            "written_at",
            "validated_at",
            "correction",
            "corrected_at",
            "host_summary",
        )


class ExpenseSerializer(Output):
    visit = ref_of()
    host = ref_of()

    class Meta:
        model = Expense
        fields = (
            "id",
            "visit",
            "host",
            "spent_on",
            "what",
            "amount",
            "currency",
            "category",
            "eligible",
            "why",
            "receipt",
        )


class VisitNoteSerializer(Output):
    visit = ref_of()
    by = serializers.SlugRelatedField(slug_field="name", read_only=True)

    class Meta:
        model = VisitNote
        fields = (
            "id",
            "visit",
            "key",
            "text",
            "by",
            "written_at",
            "arrived_at",
            "visit_had_changed",
        )


class BriefSerializer(Output):
    visit = ref_of()
    standing = serializers.SerializerMethodField(
        help_text=_("“current”, “out_of_date” when the visit says something else now, or “void”.")
    )

    class Meta:
        model = BriefEdition
        fields = (
            "id",
            "visit",
            "kind",
            "language",
            "version",
            "data_hash",
            "built_at",
            "sent_at",
            "void",
            "standing",
        )

    def get_standing(self, row) -> str:
        # A list has told all of its rows at once.
        return getattr(row, "standing", "") or standing(row, at=clock.now())


class BriefChangeSerializer(serializers.Serializer):
    """One field that says something else; before or now is empty where it was added or left out."""

    section = serializers.CharField()
    field = serializers.CharField()
    before = serializers.CharField()
    now = serializers.CharField()


class PackSerializer(Output):
    host = ref_of()
    visit = ref_of()

    class Meta:
        model = PackRun
        fields = (
            "id",
            "kind",
            "host",
            "visit",
            "first",
            "last",
            "language",
            "paper",
            "is_grey",
            "state",
            "done",
            "total",
            "name",
            "error",
            "asked_at",
        )
