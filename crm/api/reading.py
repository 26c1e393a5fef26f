"""What the API tells about people, organisations, events and words, field by field."""

from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from crm.api.schema import seen_in_part
from crm.api.serializers import Output
from crm.domain.merges import obstacles
from crm.duplicate_words import reasons
from crm.inbox_words import why_words
from crm.models import (
    ConsentRecord,
    ContactPoint,
    Event,
    FollowUp,
    ImportBatch,
    IncomingMail,
    Interaction,
    Lookalike,
    Merge,
    Message,
    Municipality,
    Organisation,
    OutgoingMail,
    Participation,
    Person,
    Post,
    SavedView,
    Session,
)


class OrganisationForOthersSerializer(Output):
    """An organisation as hosts and experts see it: public facts."""

    class Meta:
        model = Organisation
        fields = ("id", "name", "type", "country")


class OrganisationSerializer(Output):
    initiatives = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Organisation
        fields = (
            "id",
            "key",
            "name",
            "type",
            "country",
            "initiatives",
            "website",
            "notes",
            "is_sample",
            "archived_at",
            "updated_at",
        )


seen_in_part(OrganisationSerializer, OrganisationForOthersSerializer)


class MunicipalityForOthersSerializer(Output):
    """A city as hosts and experts see it: public facts."""

    country = serializers.CharField()

    class Meta:
        model = Municipality
        fields = ("id", "organisation", "name", "region", "country", "time_zone", "languages")


class MunicipalitySerializer(Output):
    country = serializers.CharField()
    names = serializers.DictField(child=serializers.CharField())

    class Meta:
        model = Municipality
        fields = (
            *MunicipalityForOthersSerializer.Meta.fields,
            "names",
            "place",
            "is_pilot",
            "embargo_until",
            "is_sample",
        )


seen_in_part(MunicipalitySerializer, MunicipalityForOthersSerializer)


class ContactPointSerializer(Output):
    """A contact point gathered by `JsonRows`; SQLite has 0 and 1 for no and yes."""

    class Meta:
        model = ContactPoint
        fields = ("id", "kind", "value", "status", "status_why", "status_at", "is_preferred")

    def to_representation(self, instance):
        return instance | {"is_preferred": bool(instance["is_preferred"])}


class PostSerializer(Output):
    class Meta:
        model = Post
        fields = ("id", "role", "department", "organisation", "from_on", "to_on")


class Names(serializers.ListField):
    """The names of rows gathered by `JsonRows`."""

    child = serializers.CharField()

    def to_representation(self, value):
        return [row["name"] for row in value]


class PersonSerializer(Output):
    former_posts = PostSerializer(source="posts", many=True)
    contact_points = ContactPointSerializer(many=True, source="point_rows")
    initiatives = Names(source="initiative_rows")
    tags = Names(source="tag_rows")
    languages = serializers.ListField(child=serializers.CharField())
    name = serializers.CharField(help_text=_("Given and family name."))

    class Meta:
        model = Person
        fields = (
            "id",
            "key",
            "name",
            "given",
            "family",
            "script_variant",
            "role",
            "department",
            "organisation",
            "post_since",
            "former_posts",
            "initiatives",
            "tags",
            "languages",
            "notes",
            "contact_points",
            "merged_into",
            "is_sample",
            "archived_at",
            "erased_at",
            "created_at",
            "updated_at",
        )


class EventSerializer(Output):
    goals = serializers.ListField(child=serializers.CharField())
    initiatives = serializers.SlugRelatedField(slug_field="name", many=True, read_only=True)

    class Meta:
        model = Event
        fields = (
            "id",
            "slug",
            "name",
            "starts_on",
            "ends_on",
            "venue",
            "city",
            "country",
            "attendance_words",
            "goals",
            "description",
            "initiatives",
            "is_sample",
        )


class SessionSerializer(Output):
    event = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    speakers = serializers.SerializerMethodField()

    class Meta:
        model = Session
        fields = (
            "id",
            "event",
            "day",
            "order",
            "title",
            "detail",
            "starts_at",
            "ends_at",
            "speakers",
        )

    def get_speakers(self, session) -> list[str]:
        return [person.name for person in session.speakers.all()]


class ParticipationSerializer(Output):
    event = serializers.SlugRelatedField(slug_field="slug", read_only=True)
    person_name = serializers.CharField(source="person.name")

    class Meta:
        model = Participation
        fields = (
            "id",
            "event",
            "person",
            "person_name",
            "status",
            "day_1",
            "day_2",
            "walk",
            "part",
            "source",
            "note",
        )


class InteractionSerializer(Output):
    class Meta:
        model = Interaction
        fields = ("id", "kind", "person", "organisation", "event", "at", "by", "text")


class DeliverySerializer(Output):
    """One mail to one recipient, without its words."""

    class Meta:
        model = OutgoingMail
        fields = ("id", "recipient", "state", "queued_at", "sent_at", "attempts", "error")


class MessageSerializer(Output):
    template = serializers.SlugRelatedField(slug_field="key", allow_null=True, read_only=True)
    deliveries = DeliverySerializer(many=True)

    class Meta:
        model = Message
        fields = (
            "id",
            "direction",
            "channel",
            "status",
            "template",
            "language",
            "subject",
            "body",
            "person",
            "address",
            "is_personal",
            "at",
            "deliveries",
        )


class IncomingMailSerializer(Output):
    why = serializers.SerializerMethodField(help_text=_("Why it is where it is."))

    class Meta:
        model = IncomingMail
        fields = (
            "id",
            "state",
            "kind",
            "why",
            "received_at",
            "sent_at",
            "message_id",
            "thread",
            "sender",
            "sender_name",
            "recipients",
            "subject",
            "text",
            "attachments",
            "attachment_count",
            "outgoing",
            "bounce",
            "organisation",
            "messages",
        )

    def get_why(self, row) -> str:
        return why_words(row)


class FollowUpSerializer(Output):
    event = serializers.SlugRelatedField(slug_field="slug", allow_null=True, read_only=True)

    class Meta:
        model = FollowUp
        fields = (
            "id",
            "text",
            "owner",
            "assigned_to",
            "person",
            "organisation",
            "event",
            "due_on",
            "done_on",
            "done_by",
            "created_at",
        )


class ConsentSerializer(Output):
    text_version = serializers.StringRelatedField(
        source="text", allow_null=True, help_text=_("The words agreed.")
    )

    class Meta:
        model = ConsentRecord
        fields = (
            "id",
            "person",
            "address",
            "purpose",
            "status",
            "text_version",
            "language",
            "at",
            "channel",
            "evidence",
        )


class SavedViewSerializer(Output):
    query = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text=_("The list's parameters, each with its values."),
    )
    is_mine = serializers.SerializerMethodField()

    class Meta:
        model = SavedView
        fields = ("id", "list", "name", "query", "is_shared", "is_mine", "created_at")

    def get_is_mine(self, row) -> bool:
        return row.owner_id == self.context["request"].user.pk


class ImportFaultSerializer(serializers.Serializer):
    """A line that stays outside, and why."""

    line = serializers.IntegerField()
    field = serializers.CharField(allow_blank=True)
    message = serializers.CharField()


class ImportSuggestionSerializer(serializers.Serializer):
    name = serializers.CharField(help_text=_("As the file writes it."))
    choices = serializers.ListField(
        child=serializers.IntegerField(), help_text=_("Numbers of those that may be meant.")
    )
    taken = serializers.IntegerField(help_text=_("The one it is taken for; 0 for a new one."))


class ImportSerializer(Output):
    """A file of people; `rows` + the number of `errors` = the lines of the file."""

    event = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    headings = serializers.ListField(child=serializers.CharField())
    suggestions = ImportSuggestionSerializer(
        many=True, help_text=_("Organisations that the file calls otherwise than we do.")
    )
    mapping = serializers.ListField(child=serializers.CharField(allow_blank=True))
    create = serializers.IntegerField(source="created")
    update = serializers.IntegerField(source="updated")
    link = serializers.IntegerField(source="linked")
    skip = serializers.IntegerField(source="skipped")
    errors = ImportFaultSerializer(
        many=True, source="faults", help_text=_("Empty in lists; ask for one import.")
    )

    class Meta:
        model = ImportBatch
        fields = (
            "id",
            "state",
            "error",
            "event",
            "basis",
            "source",
            "overwrites",
            "newsletter_text",
            "newsletter_on",
            "newsletter_proof",
            "file_name",
            "checksum",
            "kind",
            "encoding",
            "is_encoding_sure",
            "headings",
            "mapping",
            "suggestions",
            "rows",
            "create",
            "update",
            "link",
            "skip",
            "errors",
            "asked_at",
            "applied_at",
            "undone_at",
        )


class ReasonSerializer(serializers.Serializer):
    words = serializers.CharField()
    is_for = serializers.BooleanField(help_text=_("Whether it speaks for one person."))


class LookalikeSerializer(Output):
    probability = serializers.FloatField()
    reasons = serializers.SerializerMethodField(help_text=_("What speaks for it and against it."))

    class Meta:
        model = Lookalike
        fields = ("id", "one", "other", "probability", "reasons", "found_at", "decided_at")

    @extend_schema_field(ReasonSerializer(many=True))
    def get_reasons(self, row):
        return [reason._asdict() for reason in reasons(row)]


class MergeSerializer(Output):
    obstacles = serializers.SerializerMethodField(
        help_text=_("What stands in the way of taking it apart; nothing when it can be.")
    )

    class Meta:
        model = Merge
        fields = ("id", "kept", "merged", "at", "by", "undone_at", "undone_by", "obstacles")

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_obstacles(self, row):
        # Each takes some questions, so a list does not ask them.
        return obstacles(row) if self.context["view"].action != "list" else []
