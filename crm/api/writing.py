"""What the API takes about people, organisations, events and words, field by field."""

import binascii
from base64 import b64decode

from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.fields import (
    Country,
    Day,
    Languages,
    Line,
    Moment,
    RowKey,
    RowName,
    Truth,
    Words,
    Zone,
)
from crm.api.serializers import Input
from crm.domain.consents import ANSWERS, CHANNELS
from crm.domain.imports.encodings import KNOWN
from crm.domain.imports.headings import FIELDS
from crm.domain.notice_clock import ORIGINS
from crm.models import (
    ConsentText,
    Event,
    FollowUp,
    Initiative,
    Interaction,
    Organisation,
    Person,
    SavedView,
    User,
)
from crm.models.consent import Purpose
from crm.models.events import Participation
from crm.roles import Role


class InitiativeNames(serializers.ManyRelatedField):
    """Initiatives by their names."""

    def __init__(self, **kwargs):
        child = RowName(slug_field="name", queryset=Initiative.objects.all())
        super().__init__(child_relation=child, **kwargs)

    def to_internal_value(self, data):
        if not isinstance(data, list) or len(data) > 20:
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


class OrganisationInput(Input):
    name = Line(max_length=200)
    type = serializers.ChoiceField(choices=Organisation.Type)
    country = Country()
    initiatives = InitiativeNames(required=False)
    website = serializers.URLField(max_length=200, required=False, allow_blank=True)
    notes = Words(max_length=10_000, required=False, allow_blank=True)


class MunicipalityInput(Input):
    name = Line(max_length=200)
    region = Line(max_length=120, allow_blank=True)
    time_zone = Zone(max_length=64)
    languages = Languages()
    is_pilot = Truth()
    embargo_until = Day(allow_null=True)


class PersonInput(Input):
    given = Line(max_length=120)
    family = Line(max_length=120, required=False, allow_blank=True)
    script_variant = Line(max_length=240, required=False, allow_blank=True)
    role = Line(max_length=200, required=False, allow_blank=True)
    department = Line(max_length=200, required=False, allow_blank=True)
    organisation = RowKey(queryset=Organisation.objects.all(), required=False, allow_null=True)
    initiatives = InitiativeNames(required=False)
    languages = Languages(required=False)
    notes = Words(max_length=10_000, required=False, allow_blank=True)


class NewPersonInput(PersonInput):
    address = Line(max_length=254, required=False, allow_blank=True, help_text=_("A mail address."))
    phone = Line(max_length=60, required=False, allow_blank=True)
    origin = serializers.ChoiceField(
        choices=list(ORIGINS),
        required=False,
        help_text=_("Who gave these data: self (the usual), list or other."),
    )
    source = Line(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text=_("Needed unless the origin is self: which list, or who."),
    )
    basis = Line(
        max_length=200,
        required=False,
        allow_blank=True,
        help_text=_("Needed unless the origin is self: why the person may be kept."),
    )


class NewPostInput(Input):
    """What the person is from a day on; the present post becomes a former one."""

    on = Day(help_text=_("The first day of the new post."))
    role = Line(max_length=200, required=False, allow_blank=True)
    department = Line(max_length=200, required=False, allow_blank=True)
    organisation = RowKey(queryset=Organisation.objects.live(), required=False, allow_null=True)


class ConsentInput(Input):
    """What a person said to one purpose, with the proof; it joins the ledger."""

    person = RowKey(queryset=Person.objects.live())
    purpose = serializers.ChoiceField(choices=Purpose.choices)
    status = serializers.ChoiceField(choices=ANSWERS)
    text = RowKey(queryset=ConsentText.objects.all(), required=False, allow_null=True)
    channel = serializers.ChoiceField(choices=list(CHANNELS))
    evidence = Line(max_length=500)
    said_at = Moment(required=False, help_text=_("Now, when left out."))


class MergeInput(Input):
    """The other record, and for each field the side to take; the usual side when left out."""

    other = RowKey(queryset=Person.objects.live())
    choices = serializers.DictField(
        child=serializers.ChoiceField(choices=("kept", "merged", "both")),
        required=False,
        help_text=_(
            "Field by field: kept, merged, or both for notes and languages. The post is one "
            "field: role, department, organisation and the day it began."
        ),
    )


class WhyInput(Input):
    why = Line(max_length=1_000, required=False, allow_blank=True)


class ParticipationInput(Input):
    event = RowName(slug_field="slug", queryset=Event.objects.all())
    person = RowKey(queryset=Person.objects.live())
    status = serializers.ChoiceField(choices=Participation.Status)
    source = Line(max_length=200, required=False, allow_blank=True)


class AttendanceInput(Input):
    """Whether somebody came; what is left out stays as it is."""

    status = serializers.ChoiceField(choices=Participation.Status, required=False)
    day_1 = Truth(required=False)
    day_2 = Truth(required=False)
    walk = Truth(required=False)
    note = Line(max_length=500, required=False, allow_blank=True)


class InteractionInput(Input):
    kind = serializers.ChoiceField(choices=Interaction.Kind, default=Interaction.Kind.NOTE)
    person = RowKey(queryset=Person.objects.live(), required=False, allow_null=True)
    organisation = RowKey(queryset=Organisation.objects.all(), required=False, allow_null=True)
    at = Moment(required=False, help_text=_("Now, when left out."))
    text = Words(max_length=10_000)


class StaffKey(RowKey):
    """A user who may keep a promise: coordinators and hosts."""

    def get_queryset(self):
        staff = User.objects.filter(groups__name__in=(Role.COORDINATOR, Role.HOST))
        return staff.filter(is_active=True).distinct()


class FollowUpInput(Input):
    text = Line(max_length=500)
    due_on = Day(required=False)
    in_days = serializers.IntegerField(
        min_value=1,
        max_value=60,
        required=False,
        help_text=_("Working days of who keeps it, in place of a day."),
    )
    owner = serializers.ChoiceField(choices=FollowUp.Owner, default=FollowUp.Owner.OURS)
    assigned_to = StaffKey(queryset=User.objects.all(), required=False, allow_null=True)
    person = RowKey(queryset=Person.objects.live(), required=False, allow_null=True)
    organisation = RowKey(queryset=Organisation.objects.all(), required=False, allow_null=True)
    event = RowName(
        slug_field="slug", queryset=Event.objects.all(), required=False, allow_null=True
    )


class FollowUpChange(Input):
    due_on = Day()
    assigned_to = StaffKey(queryset=User.objects.all(), allow_null=True)


class SnoozeInput(Input):
    how = serializers.ChoiceField(choices=("day", "working_days", "week", "date"))
    due_on = Day(required=False, help_text=_("The day, where `how` is date."))


class DoneInput(Input):
    on = Day(required=False, help_text=_("Today at the office, when left out."))


class TagInput(Input):
    tag = Line(max_length=40)


class SavedViewInput(Input):
    list = serializers.ChoiceField(choices=SavedView.List.choices)
    name = Line(max_length=80)
    query = serializers.DictField(
        child=serializers.ListField(child=Line(max_length=200), max_length=200), allow_empty=False
    )
    is_shared = Truth(required=False)


class Base64(serializers.CharField):
    """Bytes as base64 text."""

    default_error_messages = {"base64": _("This is no base64 text.")}

    def to_internal_value(self, data):
        if not isinstance(data, str):
            self.fail("invalid")
        try:
            return b64decode(data, validate=True)
        except (binascii.Error, ValueError):
            self.fail("base64")


class NewImportInput(Input):
    """A file of people: it is read at once by the worker, and imported when asked to."""

    file_name = Line(max_length=200)
    content = Base64(help_text=_("The bytes of a CSV, XLSX or vCard file as base64."))
    event = RowName(
        slug_field="slug", queryset=Event.objects.all(), required=False, allow_null=True
    )
    basis = Line(max_length=200, help_text=_("Why these people may be kept."))
    source = Line(max_length=200, help_text=_("Where the list comes from."))


class ImportReadingInput(Input):
    """How the file is to be read; what is left out stays."""

    encoding = serializers.ChoiceField(choices=KNOWN, required=False)
    mapping = serializers.ListField(
        child=serializers.ChoiceField(choices=["", *FIELDS]),
        max_length=200,
        required=False,
        help_text=_("A field for each column, empty for one left out."),
    )
    overwrites = Truth(required=False)
    organisations = serializers.DictField(
        child=serializers.IntegerField(min_value=0),
        required=False,
        help_text=_("By name, the number of the municipality it means; 0 for a new one."),
    )
    newsletter_text = RowKey(
        queryset=ConsentText.objects.filter(purpose=Purpose.NEWSLETTER),
        required=False,
        allow_null=True,
        help_text=_("Of answers about the newsletter: the words they were asked in."),
    )
    newsletter_words = Words(
        max_length=2_000,
        required=False,
        allow_blank=True,
        help_text=_("In place of these: the exact words of the list."),
    )
    newsletter_language = Line(
        max_length=8,
        required=False,
        allow_blank=True,
        help_text=_("The language of the words, two letters."),
    )
    newsletter_on = Day(required=False, allow_null=True, help_text=_("The day of the answers."))
    newsletter_proof = Line(
        max_length=470, required=False, allow_blank=True, help_text=_("Where the proof is.")
    )


class ImportApplyInput(Input):
    is_read_right = Truth(required=False, help_text=_("Confirms an encoding that is only a guess."))
