"""What the API takes about requests and visits, field by field."""

from decimal import Decimal

from django.conf import settings
from django.core.exceptions import ValidationError as DjangoValidationError
from django.utils.translation import gettext_lazy as _
from rest_framework import serializers

from crm.api.fields import (
    BIGGEST_KEY,
    Country,
    Day,
    Line,
    Moment,
    RowKey,
    RowName,
    Truth,
    Whole,
    Words,
)
from crm.api.serializers import Input
from crm.models import Initiative, Person
from crm.validators import mail_address
from visits.domain import agendas, preparing
from visits.domain.expenses import CURRENCIES
from visits.domain.programmes import TEMPLATES
from visits.domain.proposals import MOST_SLOTS
from visits.domain.requests import MOST_DATES, MOST_PEOPLE, MOST_QUESTIONS, MOST_TOPICS
from visits.domain.visit_notes import LONGEST as LONGEST_NOTE
from visits.models import BriefEdition, Campaign, Expense, Host, PackRun, Topic, Visit, VisitRequest
from visits.models.reports import Audience, Outcome
from visits.models.requests import Channel, Mode, PartOfDay
from visits.models.visits import ChecklistItem, Side

BY_HAND = [choice for choice in Channel.choices if choice[0] != Channel.WEB]


class MailAddress(Line):
    """One usable mail address, or nothing."""

    def to_internal_value(self, data):
        value = super().to_internal_value(data)
        try:
            return mail_address(value) if value else ""
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


class TopicCodes(serializers.ManyRelatedField):
    """Topics by their codes."""

    def __init__(self, **kwargs):
        child = RowName(slug_field="code", queryset=Topic.objects.all())
        super().__init__(child_relation=child, **kwargs)

    def to_internal_value(self, data):
        if not isinstance(data, list) or len(data) > 40:
            self.fail("not_a_list", input_type=type(data).__name__)
        return super().to_internal_value(data)


class WishInput(Input):
    on = Day()
    part = serializers.ChoiceField(choices=PartOfDay.choices, default=PartOfDay.ANY)


class RequestInput(Input):
    """A request noted by hand, as it came by phone, mail or at the event desk."""

    campaign = RowName(slug_field="slug", queryset=Campaign.objects.all())
    channel = serializers.ChoiceField(choices=BY_HAND)
    city = Line(max_length=200, help_text=_("In any language, as Gand or Ghent."))
    country = Country(required=False, help_text=_("Tells namesakes apart."))
    place = Whole(
        required=False,
        min_value=1,
        max_value=BIGGEST_KEY,
        help_text=_("Number in the register of places, when a name has several."),
    )
    raw_text = Words(max_length=20_000, required=False, allow_blank=True)
    requester_name = Line(max_length=200, required=False, allow_blank=True)
    requester_role = Line(max_length=200, required=False, allow_blank=True)
    department = Line(max_length=200, required=False, allow_blank=True)
    address = MailAddress(max_length=254, required=False, allow_blank=True)
    phone = Line(max_length=60, required=False, allow_blank=True)
    person = RowKey(queryset=Person.objects.live(), required=False, allow_null=True)
    language = serializers.RegexField(r"^[a-z]{2,3}\Z", max_length=3, default="en")
    topics = TopicCodes(required=False)
    questions = serializers.ListField(
        child=Words(max_length=1_000), max_length=MOST_QUESTIONS, required=False
    )
    mode = serializers.ChoiceField(choices=Mode, default=Mode.ON_SITE)
    online_is_fine = Truth(required=False)
    wishes = serializers.ListField(child=WishInput(), max_length=MOST_DATES, required=False)
    people = Whole(min_value=1, max_value=MOST_PEOPLE, required=False, allow_null=True)
    interpreter = Line(max_length=60, required=False, allow_blank=True)
    step_free = Truth(required=False)
    secrecy = Words(max_length=1_000, required=False, allow_blank=True)

    def validate_topics(self, topics):
        if len(topics) > MOST_TOPICS:
            raise serializers.ValidationError(_("Choose up to five topics."))
        return topics


class ReasonInput(Input):
    reason = Words(max_length=1_000)


class AnotherDateInput(Input):
    """Days or words; one of them has to say something."""

    wishes = serializers.ListField(child=WishInput(), max_length=MOST_DATES, required=False)
    reason = Words(max_length=1_000, required=False, allow_blank=True)


class AnswerInput(Input):
    answer = Words(max_length=2_000, help_text=_("In the city's language; it is mailed as it is."))


class WhatInput(Input):
    what = Words(max_length=1_000, help_text=_("What the city has to tell us."))


class ReviewInput(Input):
    why = Words(max_length=1_000, required=False, allow_blank=True)


class ReferInput(ReasonInput):
    initiative = RowName(slug_field="name", queryset=Initiative.objects.all())


class MergeInput(Input):
    into = RowName(slug_field="ref", queryset=VisitRequest.objects.all())


class TriageInput(Input):
    priority = Whole(min_value=1, max_value=5, allow_null=True)
    duration_minutes = Whole(min_value=30, max_value=480, allow_null=True)
    on_site_ruled_out = Line(max_length=300, required=False, allow_blank=True)


class TakeOverInput(Input):
    person = RowKey(queryset=Person.objects.live(), required=False, allow_null=True)


class LinkPersonInput(Input):
    person = RowKey(queryset=Person.objects.live())
    add_address = Truth(
        required=False, help_text=_("Put the request's mail address beside theirs.")
    )
    add_phone = Truth(required=False, help_text=_("Put the request's phone beside theirs."))


class SlotInput(Input):
    starts_at = Moment()
    ends_at = Moment()


LETTERS = [
    ("none", _("write none")),
    ("draft", _("keep a draft")),
    ("send", _("hand it to the outbox")),
]


class ProposalInput(Input):
    host = RowName(slug_field="ref", queryset=Host.objects.who_lead())
    mode = serializers.ChoiceField(choices=[Mode.ON_SITE, Mode.ONLINE, Mode.HYBRID])
    slots = serializers.ListField(child=SlotInput(), min_length=1, max_length=MOST_SLOTS)
    expires_at = Moment(required=False, help_text=_("The campaign's usual time, when left out."))
    override_reason = Line(max_length=500, required=False, allow_blank=True)
    letter = serializers.ChoiceField(choices=LETTERS, default="draft")


class VisitFactsInput(Input):
    address = Line(max_length=300, allow_blank=True)
    meeting_link = serializers.URLField(max_length=500, allow_blank=True)
    local_contact_name = Line(max_length=200, allow_blank=True)
    local_contact_address = MailAddress(max_length=254, allow_blank=True)
    local_contact_phone = Line(max_length=60, allow_blank=True)
    materials = Words(max_length=4_000, allow_blank=True)
    notes = Words(max_length=10_000, allow_blank=True)
    agreement = Line(max_length=500, allow_blank=True)
    aim = Line(max_length=500, allow_blank=True)
    decides = Line(max_length=300, allow_blank=True)
    missing_people = Line(max_length=300, allow_blank=True)
    hotel = Line(max_length=300, allow_blank=True)
    last_way_home = Line(max_length=300, allow_blank=True)
    budget = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=0, allow_null=True)
    print_again_after = Day(allow_null=True)


class ProgrammeItemInput(Input):
    title = Line(max_length=agendas.LONGEST["title"])
    minutes = Whole(min_value=1, max_value=agendas.LONGEST_ITEM)
    speaker = Line(max_length=agendas.LONGEST["speaker"], required=False, allow_blank=True)
    room = Line(max_length=agendas.LONGEST["room"], required=False, allow_blank=True)
    plan_b = Line(max_length=agendas.LONGEST["plan_b"], required=False, allow_blank=True)
    can_be_dropped = Truth(required=False)


class ProgrammeInput(Input):
    """The whole programme in order, or the name of a template to begin with."""

    items = serializers.ListField(
        child=ProgrammeItemInput(), max_length=agendas.MOST_ITEMS, required=False
    )
    template = serializers.ChoiceField(choices=list(TEMPLATES), required=False)

    def validate(self, given):
        if len(given) != 1:
            raise serializers.ValidationError(_("Give either items or a template."))
        return given


class AssignInput(Input):
    backup = RowName(
        slug_field="ref", queryset=Host.objects.who_lead(), required=False, allow_null=True
    )
    experts = serializers.ListField(
        child=RowName(slug_field="ref", queryset=Host.objects.all()), max_length=20
    )
    topics = TopicCodes()


class PlannedAnswerInput(Input):
    request = Line(max_length=12)
    question = Words(max_length=1_000)
    answer = Words(max_length=preparing.LONGEST_ANSWER, required=False, allow_blank=True)
    owner = Line(max_length=preparing.LONGEST_OWNER, required=False, allow_blank=True)


class PlannedAnswersInput(Input):
    answers = serializers.ListField(child=PlannedAnswerInput(), max_length=40)


class ChecklistItemInput(Input):
    id = Whole(required=False, min_value=1, max_value=BIGGEST_KEY)
    text = Line(max_length=300)
    owner = serializers.ChoiceField(choices=ChecklistItem.Owner)
    note = Line(max_length=300, required=False, allow_blank=True)


class ChecklistRowInput(Input):
    id = Whole(min_value=1, max_value=BIGGEST_KEY)


class TickInput(ChecklistRowInput):
    done = Truth()


class SideInput(Input):
    side = serializers.ChoiceField(choices=Side)
    reason = Words(max_length=500)


class RefuseInput(Input):
    reason = Words(max_length=500)


class PostponeInput(SideInput):
    starts_at = Moment()
    ends_at = Moment()
    host = RowName(
        slug_field="ref",
        queryset=Host.objects.who_lead(),
        required=False,
        help_text=_("The host it has, when left out."),
    )
    mode = serializers.ChoiceField(
        choices=[Mode.ON_SITE, Mode.ONLINE, Mode.HYBRID],
        required=False,
        help_text=_("As it was agreed, when left out."),
    )
    override_reason = Line(max_length=500, required=False, allow_blank=True)


class CountsInput(Input):
    """People by audience; what is left out is nobody."""

    def get_fields(self):
        return {
            audience.value: Whole(min_value=0, max_value=1_000, required=False)
            for audience in Audience
        }


class CompleteInput(Input):
    counts = CountsInput()


class ReportInput(Input):
    summary = Words(max_length=4_000, allow_blank=True)
    notes = Words(max_length=10_000, allow_blank=True)
    outcome = serializers.ChoiceField(choices=Outcome)
    evidence = Line(
        max_length=500, allow_blank=True, help_text=_("Needed for every outcome but “open”.")
    )
    expected = Whole(min_value=0, max_value=1_000, required=False, allow_null=True)
    topics_covered = TopicCodes(required=False)


class ExpenseInput(Input):
    visit = RowName(slug_field="ref", queryset=Visit.objects.all())
    spent_on = Day()
    what = Line(max_length=200)
    amount = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal("0.01"))
    currency = serializers.ChoiceField(choices=CURRENCIES, default="EUR")
    category = serializers.ChoiceField(
        choices=Expense.Category.choices, default=Expense.Category.OTHER
    )
    eligible = serializers.ChoiceField(
        choices=Expense.Eligible.choices, default=Expense.Eligible.ASK
    )
    why = Line(max_length=300, allow_blank=True, default="")
    receipt = Line(max_length=200, allow_blank=True, default="")


class ExpenseChangeInput(Input):
    spent_on = Day()
    what = Line(max_length=200)
    amount = serializers.DecimalField(max_digits=8, decimal_places=2, min_value=Decimal("0.01"))
    currency = serializers.ChoiceField(choices=CURRENCIES)
    category = serializers.ChoiceField(choices=Expense.Category.choices)
    eligible = serializers.ChoiceField(choices=Expense.Eligible.choices)
    why = Line(max_length=300, allow_blank=True)
    receipt = Line(max_length=200, allow_blank=True)


class VisitNoteInput(Input):
    visit = RowName(slug_field="ref", queryset=Visit.objects.all())
    text = serializers.CharField(max_length=LONGEST_NOTE)
    key = serializers.UUIDField(
        required=False, help_text=_("Yours; the same one again adds no second note.")
    )
    written_at = Moment(required=False)


class BriefInput(Input):
    visit = RowName(slug_field="ref", queryset=Visit.objects.all())
    kind = serializers.ChoiceField(choices=BriefEdition.Kind)
    language = serializers.ChoiceField(
        choices=[code for code, _name in settings.LANGUAGES], required=False
    )


class PrintInput(Input):
    """How a brief is printed; it comes as parameters of the address."""

    paper = serializers.ChoiceField(choices=PackRun.Paper.choices, default=PackRun.Paper.A4)
    grey = serializers.BooleanField(default=False)


class PackInput(Input):
    kind = serializers.ChoiceField(choices=PackRun.Kind.choices, default=PackRun.Kind.TRIP)
    host = RowName(
        slug_field="ref",
        queryset=Host.objects.who_lead(),
        required=False,
        help_text=_("Of a trip pack, with first and last day."),
    )
    first = Day(required=False)
    last = Day(required=False)
    visit = RowName(
        slug_field="ref",
        queryset=Visit.objects.all(),
        required=False,
        help_text=_("Of an attendance sheet or a thank-you report."),
    )
    paper = serializers.ChoiceField(choices=PackRun.Paper.choices, default=PackRun.Paper.A4)
    is_grey = serializers.BooleanField(default=False, help_text=_("Without colours."))
    language = serializers.ChoiceField(
        choices=[code for code, _name in settings.LANGUAGES], required=False
    )
