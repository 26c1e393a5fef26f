"""Mailings for programs: write, look at every letter, release what was seen, stop."""

import django_filters as filters
from django.core.exceptions import ValidationError as Refusal
from django.utils.translation import gettext_lazy as _
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.response import Response

from crm.api.fields import Line, Moment, RowKey, RowName, Truth
from crm.api.resources import Listed, verb
from crm.api.serializers import Input, Output
from crm.audiences import found_by, people_of
from crm.domain import mailings as verbs
from crm.domain.letters_of_mailings import Letter, Writer
from crm.filters import AnyOf, RowNumber
from crm.mailing_words import block_of
from crm.models import Event, Mailing, MailingRecipient, Person, SavedView
from crm.roles import Role

DESK = (Role.COORDINATOR,)


class NewMailingInput(Input):
    """A draft; its people are named one by one, by a saved view, or by parameters of /people/."""

    title = Line(max_length=120)
    kind = serializers.ChoiceField(choices=Mailing.Kind)
    event = RowName(
        slug_field="slug", queryset=Event.objects.all(), required=False, allow_null=True
    )
    template_key = Line(max_length=60)
    with_english = Truth(required=False)
    again = Truth(
        required=False, help_text=_("Also to those who got this wording before; else left out.")
    )
    values = serializers.DictField(
        child=Line(max_length=400, allow_blank=True),
        required=False,
        help_text=_("Placeholders that are the same for everybody."),
    )
    people = serializers.ListField(
        child=RowKey(queryset=Person.objects.all()), required=False, max_length=1_000
    )
    view = RowKey(
        queryset=SavedView.objects.kept().filter(list=SavedView.List.PEOPLE), required=False
    )
    query = serializers.DictField(
        child=serializers.ListField(child=Line(max_length=200), max_length=200), required=False
    )

    def validate(self, attrs):
        if sum(name in attrs for name in ("people", "view", "query")) != 1:
            raise serializers.ValidationError(
                _("Name the people in one way: people, view or query.")
            )
        return attrs


class ReleaseInput(Input):
    digest = Line(max_length=32, help_text=_("That of the draft you looked at."))
    scheduled_at = Moment(required=False, allow_null=True)


class MailingSerializer(Output):
    """A mailing; `counts` by standing, `blocked` by reason, `mails` by state of the outbox."""

    ref = serializers.CharField()
    event = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)
    values = serializers.DictField(child=serializers.CharField())
    query = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()), allow_null=True
    )
    counts = serializers.SerializerMethodField()
    blocked = serializers.SerializerMethodField()
    mails = serializers.SerializerMethodField()

    class Meta:
        model = Mailing
        fields = (
            "id",
            "ref",
            "title",
            "kind",
            "event",
            "template_key",
            "with_english",
            "again",
            "values",
            "query",
            "state",
            "digest",
            "counts",
            "blocked",
            "mails",
            "created_at",
            "checked_at",
            "released_at",
            "scheduled_at",
        )

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_counts(self, row):
        counts = verbs.counts_of(row)
        return {standing: counts[standing] for standing in MailingRecipient.Standing.values}

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_blocked(self, row):
        return verbs.counts_of(row)["reasons"]

    @extend_schema_field({"type": "object", "additionalProperties": {"type": "integer"}})
    def get_mails(self, row):
        return verbs.progress_of(row)


class MailingLineSerializer(Output):
    """A mailing in a list; ask for one of them to read its numbers."""

    ref = serializers.CharField()
    event = serializers.SlugRelatedField(slug_field="slug", read_only=True, allow_null=True)

    class Meta:
        model = Mailing
        fields = ("id", "ref", "title", "kind", "event", "template_key", "state", "released_at")


class RecipientSerializer(Output):
    """One person of a mailing; `why` and `what_to_do` are sentences, empty for who gets it."""

    why = serializers.SerializerMethodField()
    what_to_do = serializers.SerializerMethodField()

    class Meta:
        model = MailingRecipient
        fields = (
            "id",
            "mailing",
            "person",
            "standing",
            "reason",
            "detail",
            "why",
            "what_to_do",
            "language",
            "mail",
        )

    def get_why(self, row) -> str:
        return block_of(row.reason, row.detail).what if row.reason else ""

    def get_what_to_do(self, row) -> str:
        return block_of(row.reason, row.detail).how if row.reason else ""


class LetterSerializer(RecipientSerializer):
    """The same with the letter as it would go, or went; empty for who gets none."""

    subject = serializers.SerializerMethodField()
    body = serializers.SerializerMethodField()

    class Meta(RecipientSerializer.Meta):
        fields = (*RecipientSerializer.Meta.fields, "subject", "body")

    def _letter(self, row) -> Letter:
        if row.mail is not None:
            return Letter(row.language, row.mail.message.subject, row.mail.message.body)
        return Writer(row.mailing).letter_to(row.person)

    def get_subject(self, row) -> str:
        return self._letter(row).subject

    def get_body(self, row) -> str:
        return self._letter(row).body


class MailingFilter(filters.FilterSet):
    state = AnyOf(label=_("State"), choices=Mailing.State.choices)
    kind = AnyOf(label=_("Kind"), choices=Mailing.Kind.choices)

    class Meta:
        model = Mailing
        fields: list[str] = []


class RecipientFilter(filters.FilterSet):
    mailing = RowNumber(label=_("Mailing (number)"), field_name="mailing_id")
    person = RowNumber(label=_("Person (number)"), field_name="person_id")
    standing = AnyOf(label=_("Standing"), choices=MailingRecipient.Standing.choices)
    reason = AnyOf(label=_("Reason"), choices=MailingRecipient.Reason.choices)

    class Meta:
        model = MailingRecipient
        fields: list[str] = []


class MailingViewSet(Listed):
    """One wording to many people: draft, look, release what was seen, stop.

    A release names the `digest` of the draft that was looked at; when anybody stands otherwise by
    then it is refused; check the draft again and look.
    """

    queryset = Mailing.objects.none()
    serializer_class = MailingSerializer
    filterset_class = MailingFilter
    write_roles = DESK

    def get_serializer_class(self):
        return MailingLineSerializer if self.action == "list" else MailingSerializer

    def get_queryset(self):
        return Mailing.objects.visible_to(self.request.user).select_related("event")

    @extend_schema(request=NewMailingInput, responses={201: MailingSerializer})
    def create(self, request):
        """Write a draft and decide who gets a letter; nothing is sent."""
        values = {"values": {}, "event": None, **self.read(NewMailingInput)}
        named, view = values.pop("people", None), values.pop("view", None)
        query = view.query if view else values.pop("query", None)
        values.pop("query", None)
        if named is None:
            people = self._found(query)
        else:
            people = Person.objects.visible_to(request.user).filter(
                pk__in=[row.pk for row in named]
            )
        made = verbs.start_mailing(values, people, query=query, **self.act)
        return self.answer(made, status=201)

    def _found(self, query):
        try:
            return found_by(query, self.request.user)
        except Refusal as refusal:
            raise ValidationError({"query": refusal.messages}) from None

    def destroy(self, request, pk):
        """Throw a draft away."""
        verbs.drop_mailing(self.get_object(), **self.act)
        return Response(status=204)

    @verb("check")
    def check(self, row):
        """Look at everybody of a draft again."""
        verbs.check_mailing(row, people_of(row, self.request.user), at=self.now)

    @verb("release", takes=ReleaseInput)
    def release(self, row, *, digest, scheduled_at=None):
        """Hand what was seen to the outbox, all or none."""
        people = people_of(row, self.request.user)
        verbs.release_mailing(row, people, seen=digest, scheduled_at=scheduled_at, **self.act)

    @verb("stop")
    def stop(self, row):
        """Hold what has not left yet."""
        verbs.stop_mailing(row, **self.act)

    @verb("resume")
    def resume(self, row):
        """Let a stopped mailing go on."""
        verbs.resume_mailing(row, **self.act)

    @verb("cancel")
    def cancel(self, row):
        """Give up what has not left yet."""
        verbs.cancel_mailing(row, **self.act)

    @verb("try-again")
    def try_again(self, row):
        """Write to those who were blocked and can be written to now."""
        verbs.try_again(row, **self.act)


class MailingRecipientViewSet(Listed):
    """The people of mailings: who gets a letter, who does not and why; one of them with it."""

    queryset = MailingRecipient.objects.none()
    serializer_class = LetterSerializer
    filterset_class = RecipientFilter

    def get_serializer_class(self):
        return RecipientSerializer if self.action == "list" else LetterSerializer

    def get_queryset(self):
        rows = MailingRecipient.objects.filter(
            mailing__in=Mailing.objects.visible_to(self.request.user)
        )
        if self.action == "list":
            return rows
        return rows.select_related(
            "mailing__event", "person__organisation__municipality", "mail__message"
        )
