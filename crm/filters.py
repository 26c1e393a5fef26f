"""What a list can be narrowed to: one FilterSet per list, shared by page and API."""

from datetime import date, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import django_filters as filters
from django import forms
from django.core.validators import MaxValueValidator
from django.db.models import Exists, OuterRef, Q, QuerySet, Subquery
from django.utils.translation import gettext_lazy as _

from crm import clock, walks
from crm.models import (
    AuditEntry,
    ConsentRecord,
    DataRequest,
    Event,
    FollowUp,
    IncomingMail,
    Initiative,
    NoticeDue,
    Organisation,
    OutgoingMail,
    Participation,
    Person,
    Tag,
    User,
)
from crm.models.consent import Purpose
from crm.roles import Role
from crm.wording import COUNTRIES

COUNTRY_CHOICES = [(code, name) for code, name in COUNTRIES.items() if code != "UK"]
KEPT = [("live", _("in use")), ("archived", _("archived")), ("all", _("all"))]
TRUE_FALSE = [("", _("any")), ("true", _("yes")), ("false", _("no"))]
YES_NO = [("yes", _("yes")), ("no", _("no"))]


class StableOrdering(filters.OrderingFilter):
    """Sorting that never shuffles equal rows between two pages."""

    def filter(self, qs: QuerySet, value: list[str] | None) -> QuerySet:
        ordered = super().filter(qs, value)
        if not value:
            return ordered
        return ordered.order_by(*ordered.query.order_by, *qs.model._meta.ordering, "pk")


class RowNumber(filters.NumberFilter):
    """The number of a row, small enough for every database."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"min_value": 1, "decimal_places": 0, **kwargs})

    def get_max_validator(self) -> MaxValueValidator:
        return MaxValueValidator(2**63 - 1)


class YesNo(filters.BooleanFilter):
    """Yes, no or any, in the words of the other lists."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"widget": forms.Select(choices=TRUE_FALSE), **kwargs})


class AnyOf(filters.MultipleChoiceFilter):
    """Rows with one of the chosen values of a field of their own; no DISTINCT is needed."""

    def __init__(self, *args, **kwargs) -> None:
        super().__init__(*args, **{"distinct": False, **kwargs})


@lru_cache(maxsize=256)
def with_only(
    filter_class: type[filters.FilterSet], names: frozenset[str]
) -> type[filters.FilterSet]:
    """The filter set with those of its filters alone; copying all of them for each request costs
    more than most of its queries."""
    narrowed = type(filter_class.__name__, (filter_class,), {})
    narrowed.base_filters = {
        name: each for name, each in filter_class.base_filters.items() if name in names
    }
    return narrowed


class OfOrganisation(AnyOf):
    """Rows whose organisation has one of the chosen values."""

    def filter(self, qs: QuerySet, value: list[str]) -> QuerySet:
        lookup = "without_index__in" if self.parent.in_order else "in"
        return qs.filter(**{f"{self.field_name}__{lookup}": value}) if value else qs


class ListFilter(filters.FilterSet):
    """What all lists share: words to search for."""

    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    # Whether rows are to be met in the order of the list; see `crm.walks`.
    in_order = False

    def paged(self, count: int) -> QuerySet:
        """What is found, `count` rows, asked for so that one page of it comes soon."""
        chosen = {name for name, value in self.form.cleaned_data.items() if value}
        of_organisation = any(isinstance(self.filters[name], OfOrganisation) for name in chosen)
        if "sort" in chosen or not of_organisation or not walks.is_better(self.queryset, count):
            return self.qs
        self.in_order = True
        return self.filter_queryset(self.queryset.all())

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        return rows.search(words)

    @property
    def today(self) -> date:
        """Today at the office of whoever asks."""
        user = getattr(self.request, "user", None)
        return clock.now().astimezone(ZoneInfo(getattr(user, "time_zone", "Europe/Oslo"))).date()


class KeptFilter(ListFilter):
    """Lists of records that can be archived show those in use unless asked otherwise."""

    kept = filters.ChoiceFilter(label=_("Records"), choices=KEPT, method="narrow_kept")

    def filter_queryset(self, queryset: QuerySet) -> QuerySet:
        found = super().filter_queryset(queryset)
        return found if self.form.cleaned_data.get("kept") else found.live()

    def narrow_kept(self, rows: QuerySet, _name: str, kept: str) -> QuerySet:
        if kept == "archived":
            return rows.exclude(archived_at=None)
        return rows.live() if kept == "live" else rows


NEWSLETTER = [*ConsentRecord.Status.choices, ("never_asked", _("never asked"))]


def with_newsletter(rows: QuerySet, status: str, person: str = "pk") -> QuerySet:
    """Rows whose person's present answer about the newsletter is `status`."""
    records = ConsentRecord.objects.filter(person=OuterRef(person), purpose=Purpose.NEWSLETTER)
    if status == "never_asked":
        return rows.filter(~Exists(records))
    return rows.filter(Exists(records.current().filter(status=status)))


def with_newsletter_status(rows: QuerySet, person: str = "person") -> QuerySet:
    """Rows carrying their person's present answer about the newsletter; None when never asked."""
    records = ConsentRecord.objects.filter(person=OuterRef(person), purpose=Purpose.NEWSLETTER)
    newest = records.order_by("-at", "-pk").values("status")[:1]
    return rows.annotate(newsletter=Subquery(newest))


def tags_seen(request) -> QuerySet:
    """Tags are the coordinators' own words; who else asks is told of none."""
    user = getattr(request, "user", None)
    return Tag.objects.all() if getattr(user, "is_coordinator", False) else Tag.objects.none()


class TagFilter(filters.ModelMultipleChoiceFilter):
    """Rows with every one of the tags."""

    def __init__(self, **kwargs) -> None:
        kwargs = {
            "label": _("Tag"),
            "field_name": "tags__key",
            "queryset": tags_seen,
            "to_field_name": "key",
            "conjoined": True,
            "distinct": False,
            **kwargs,
        }
        super().__init__(**kwargs)


class PersonFilter(KeptFilter):
    type = OfOrganisation(
        label=_("Type of organisation"),
        field_name="organisation__type",
        choices=Organisation.Type.choices,
    )
    country = OfOrganisation(
        label=_("Country"), field_name="organisation__country", choices=COUNTRY_CHOICES
    )
    organisation = RowNumber(label=_("Organisation (number)"), method="of_organisation")
    initiative = filters.ModelChoiceFilter(
        label=_("Initiative"), method="of_initiative", queryset=Initiative.objects.order_by("name")
    )
    event = filters.ModelChoiceFilter(
        label=_("Event"),
        queryset=Event.objects.all(),
        to_field_name="slug",
        method="at_event",
    )
    came = AnyOf(
        label=_("At the event"), choices=Participation.Status.choices, method="with_participation"
    )
    newsletter = filters.ChoiceFilter(
        label=_("Newsletter"), choices=NEWSLETTER, method="with_newsletter"
    )
    reachable = filters.ChoiceFilter(
        label=_("Mail reaches them"), choices=YES_NO, method="that_mail_reaches"
    )
    promise = filters.ChoiceFilter(
        label=_("Open promise"), choices=YES_NO, method="with_open_promise"
    )
    silent = filters.NumberFilter(
        label=_("Silent for days"),
        min_value=1,
        max_value=3_650,
        decimal_places=0,
        method="silent_for",
    )
    tag = TagFilter()
    sort = StableOrdering(
        fields={
            "family": "name",
            "role": "role",
            "organisation__name": "organisation",
            "organisation__country": "country",
            "updated_at": "changed",
        }
    )

    class Meta:
        model = Person
        fields: list[str] = []

    def of_organisation(self, rows: QuerySet, _name: str, number) -> QuerySet:
        return rows.filter(organisation=int(number))

    def of_initiative(self, rows: QuerySet, _name: str, initiative: Initiative) -> QuerySet:
        return rows.filter(
            Q(initiatives=initiative) | Q(organisation__initiatives=initiative)
        ).distinct()

    def at_event(self, rows: QuerySet, _name: str, event: Event) -> QuerySet:
        return rows.filter(participations__event=event)

    def with_participation(self, rows: QuerySet, _name: str, statuses: list[str]) -> QuerySet:
        if not statuses:
            return rows
        parts = Participation.objects.filter(person=OuterRef("pk"), status__in=statuses)
        event = self.form.cleaned_data.get("event")
        return rows.filter(Exists(parts.filter(event=event) if event else parts))

    def with_newsletter(self, rows: QuerySet, _name: str, status: str) -> QuerySet:
        return with_newsletter(rows, status)

    def that_mail_reaches(self, rows: QuerySet, _name: str, answer: str) -> QuerySet:
        reached = Person.objects.reachable().values("pk")
        return rows.filter(pk__in=reached) if answer == "yes" else rows.exclude(pk__in=reached)

    def silent_for(self, rows: QuerySet, _name: str, days) -> QuerySet:
        """Nothing heard, said or written for so many days, nor ever."""
        return rows.silent_since(clock.now() - timedelta(days=int(days)))

    def with_open_promise(self, rows: QuerySet, _name: str, answer: str) -> QuerySet:
        promised = Exists(FollowUp.objects.open().filter(person=OuterRef("pk")))
        return rows.filter(promised) if answer == "yes" else rows.filter(~promised)


class OrganisationFilter(KeptFilter):
    type = AnyOf(label=_("Type"), choices=Organisation.Type.choices)
    country = AnyOf(label=_("Country"), choices=COUNTRY_CHOICES)
    initiative = filters.ModelChoiceFilter(
        label=_("Initiative"),
        field_name="initiatives",
        queryset=Initiative.objects.order_by("name"),
    )
    event = filters.ModelChoiceFilter(
        label=_("Event"), queryset=Event.objects.all(), to_field_name="slug", method="at_event"
    )
    tag = TagFilter()
    sort = StableOrdering(
        fields={"name": "name", "type": "type", "country": "country", "updated_at": "changed"}
    )

    class Meta:
        model = Organisation
        fields: list[str] = []

    def at_event(self, rows: QuerySet, _name: str, event: Event) -> QuerySet:
        came = Participation.objects.attended().filter(
            person__organisation=OuterRef("pk"), event=event
        )
        return rows.filter(Exists(came))


class EventFilter(ListFilter):
    country = AnyOf(label=_("Country"), choices=COUNTRY_CHOICES)
    initiative = filters.ModelChoiceFilter(
        label=_("Initiative"),
        field_name="initiatives",
        queryset=Initiative.objects.order_by("name"),
    )
    after = filters.DateFilter(label=_("From day"), field_name="ends_on", lookup_expr="gte")
    before = filters.DateFilter(label=_("Until day"), field_name="starts_on", lookup_expr="lte")
    sort = StableOrdering(fields={"starts_on": "day", "name": "name", "country": "country"})

    class Meta:
        model = Event
        fields: list[str] = []


class ParticipationFilter(filters.FilterSet):
    """An event's roster."""

    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    event = filters.ModelChoiceFilter(
        label=_("Event"), queryset=Event.objects.all(), to_field_name="slug"
    )
    person = RowNumber(label=_("Person (number)"), field_name="person_id")
    status = AnyOf(label=_("Came"), choices=Participation.Status.choices)
    type = AnyOf(
        label=_("Type of organisation"),
        field_name="person__organisation__type",
        choices=Organisation.Type.choices,
    )
    newsletter = filters.ChoiceFilter(
        label=_("Newsletter"), choices=NEWSLETTER, method="with_newsletter"
    )
    sort = StableOrdering(
        fields={
            "person__family": "name",
            "person__organisation__name": "organisation",
            "status": "status",
        }
    )

    class Meta:
        model = Participation
        fields: list[str] = []

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        return rows.filter(person__in=Person.objects.search(words).values("pk"))

    def with_newsletter(self, rows: QuerySet, _name: str, status: str) -> QuerySet:
        return with_newsletter(rows, status, person="person")


class FollowUpFilter(ListFilter):
    STATES = [
        ("open", _("open")),
        ("overdue", _("overdue")),
        ("today", _("due today")),
        ("done", _("done")),
        ("all", _("all")),
    ]

    state = filters.ChoiceFilter(label=_("State"), choices=STATES, method="in_state")
    owner = filters.ChoiceFilter(label=_("Whose promise"), choices=FollowUp.Owner.choices)
    assigned_to = filters.ModelChoiceFilter(
        label=_("Who keeps it"),
        queryset=User.objects.filter(groups__name__in=(Role.COORDINATOR, Role.HOST)).distinct(),
    )
    due_after = filters.DateFilter(label=_("Due from"), field_name="due_on", lookup_expr="gte")
    due_before = filters.DateFilter(label=_("Due until"), field_name="due_on", lookup_expr="lte")
    person = RowNumber(label=_("Person (number)"), field_name="person_id")
    organisation = RowNumber(label=_("Organisation (number)"), field_name="organisation_id")
    event = filters.ModelChoiceFilter(
        label=_("Event"), queryset=Event.objects.all(), to_field_name="slug"
    )
    sort = StableOrdering(
        fields={"due_on": "due", "done_on": "done", "text": "text", "created_at": "made"}
    )

    class Meta:
        model = FollowUp
        fields: list[str] = []

    def in_state(self, rows: QuerySet, _name: str, state: str) -> QuerySet:
        if state == "all":
            return rows
        if state == "done":
            return rows.exclude(done_on=None)
        found = rows.open()
        if state == "overdue":
            return found.filter(due_on__lt=self.today)
        return found.filter(due_on=self.today) if state == "today" else found


class ConsentFilter(filters.FilterSet):
    """The ledger of consents, shared by page and API."""

    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    person = RowNumber(label=_("Person (number)"), method="of_person")
    purpose = AnyOf(label=_("Purpose"), choices=Purpose.choices)
    status = AnyOf(label=_("Status"), choices=ConsentRecord.Status.choices)
    current = YesNo(label=_("Only what counts now"), method="only_current")
    after = filters.DateFilter(label=_("From day"), field_name="at", lookup_expr="date__gte")
    before = filters.DateFilter(label=_("Until day"), field_name="at", lookup_expr="date__lte")
    sort = StableOrdering(
        fields={"at": "when", "purpose": "purpose", "status": "status", "person__family": "name"}
    )

    class Meta:
        model = ConsentRecord
        fields: list[str] = []

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        people = Person.objects.search(words).values("pk")
        return rows.filter(Q(person__in=people) | Q(address__icontains=words.strip()))

    def of_person(self, rows: QuerySet, _name: str, number) -> QuerySet:
        """What the person said, and what records merged into this one said."""
        return rows.filter(Q(person=int(number)) | Q(person__merged_into=int(number)))

    def only_current(self, rows: QuerySet, _name: str, wanted: bool) -> QuerySet:
        return rows.current() if wanted else rows


class NoticeFilter(filters.FilterSet):
    """People from lists who are to be told that we have their data."""

    STATES = [("open", _("to be told")), ("overdue", _("overdue")), ("told", _("told"))]

    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    state = filters.ChoiceFilter(label=_("State"), choices=STATES, method="in_state")
    sort = StableOrdering(fields={"due_on": "due", "told_at": "told", "person__family": "name"})

    class Meta:
        model = NoticeDue
        fields: list[str] = []

    today = ListFilter.today

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        return rows.filter(person__in=Person.objects.search(words).values("pk"))

    def in_state(self, rows: QuerySet, _name: str, state: str) -> QuerySet:
        if state == "told":
            return rows.exclude(told_at=None)
        return rows.open().filter(due_on__lt=self.today) if state == "overdue" else rows.open()


class DataRequestFilter(filters.FilterSet):
    """What people asked about their own data."""

    STATES = [("open", _("to be answered")), ("done", _("answered")), ("all", _("all"))]

    state = filters.ChoiceFilter(label=_("State"), choices=STATES, method="in_state")
    kind = AnyOf(label=_("Wants to"), choices=DataRequest.Kind.choices)
    sort = StableOrdering(fields={"due_on": "due", "received_at": "received", "kind": "kind"})

    class Meta:
        model = DataRequest
        fields: list[str] = []

    def in_state(self, rows: QuerySet, _name: str, state: str) -> QuerySet:
        if state == "all":
            return rows
        return rows.open() if state == "open" else rows.exclude(done_at=None)


class OutgoingMailFilter(filters.FilterSet):
    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    state = AnyOf(label=_("State"), choices=OutgoingMail.State.choices)
    mailing = RowNumber(label=_("Mailing (number)"), field_name="mailing")
    needs = filters.ChoiceFilter(
        label=_("Needs a person"), choices=YES_NO, method="needing_a_person"
    )
    template = filters.CharFilter(
        label=_("Template"), field_name="message__template__key", max_length=60
    )
    after = filters.DateFilter(label=_("From day"), field_name="queued_at", lookup_expr="date__gte")
    before = filters.DateFilter(
        label=_("Until day"), field_name="queued_at", lookup_expr="date__lte"
    )
    sort = StableOrdering(
        fields={
            "queued_at": "queued",
            "recipient": "recipient",
            "subject": "subject",
            "state": "state",
        }
    )

    class Meta:
        model = OutgoingMail
        fields: list[str] = []

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        for word in words.split()[:8]:
            rows = rows.filter(
                Q(subject__icontains=word)
                | Q(recipient__icontains=word)
                | Q(recipient_name__icontains=word)
            )
        return rows

    def needing_a_person(self, rows: QuerySet, _name: str, answer: str) -> QuerySet:
        waiting = OutgoingMail.objects.needing_a_person().values("pk")
        return rows.filter(pk__in=waiting) if answer == "yes" else rows.exclude(pk__in=waiting)


class IncomingMailFilter(filters.FilterSet):
    """The mails that came in: what became of them, what they are, from whom, when."""

    q = filters.CharFilter(label=_("Search"), method="find", max_length=200)
    state = AnyOf(label=_("State"), choices=IncomingMail.State.choices)
    kind = AnyOf(label=_("Kind"), choices=IncomingMail.Kind.choices)
    after = filters.DateFilter(
        label=_("From day"), field_name="received_at", lookup_expr="date__gte"
    )
    before = filters.DateFilter(
        label=_("Until day"), field_name="received_at", lookup_expr="date__lte"
    )
    sort = StableOrdering(
        fields={
            "received_at": "received",
            "sender": "sender",
            "subject": "subject",
            "state": "state",
        }
    )

    class Meta:
        model = IncomingMail
        fields: list[str] = []

    def find(self, rows: QuerySet, _name: str, words: str) -> QuerySet:
        for word in words.split()[:8]:
            rows = rows.filter(
                Q(subject__icontains=word)
                | Q(sender__icontains=word)
                | Q(sender_name__icontains=word)
                | Q(text__icontains=word)
            )
        return rows


class AuditFilter(filters.FilterSet):
    """The audit list: who, what, which record, when."""

    by = filters.ModelChoiceFilter(label=_("Who"), queryset=User.objects.all())
    verb = filters.CharFilter(label=_("What"), lookup_expr="icontains", max_length=60)
    ref = filters.CharFilter(label=_("Record"), field_name="row_ref", max_length=40)
    model = filters.CharFilter(label=_("Kind of record"), max_length=60)
    row = filters.CharFilter(label=_("Number of the record"), field_name="row_id", max_length=40)
    after = filters.DateFilter(label=_("From day"), field_name="at", lookup_expr="date__gte")
    before = filters.DateFilter(label=_("Until day"), field_name="at", lookup_expr="date__lte")
    sort = StableOrdering(fields={"at": "when", "verb": "what", "model": "kind"})

    class Meta:
        model = AuditEntry
        fields: list[str] = []
