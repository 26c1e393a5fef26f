"""People, organisations, events and words as resources; each write calls the verb of the pages."""

from io import BytesIO
from zoneinfo import ZoneInfo

from django.db.models import OuterRef, Prefetch
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import PermissionDenied
from rest_framework.response import Response

from crm.api import filtersets, reading, writing
from crm.api.resources import Listed, verb
from crm.domain import (
    consents,
    duplicates,
    merges,
    organisations,
    people,
    posts,
    saved_views,
    tags,
)
from crm.domain import events as event_verbs
from crm.domain import follow_ups as promises
from crm.domain import messages as words
from crm.domain.imports import batches
from crm.domain.imports.undoing import undo_import
from crm.filters import (
    ConsentFilter,
    EventFilter,
    FollowUpFilter,
    IncomingMailFilter,
    OrganisationFilter,
    ParticipationFilter,
    PersonFilter,
)
from crm.json_rows import JsonRows
from crm.models import (
    ConsentRecord,
    ContactPoint,
    Event,
    FollowUp,
    ImportBatch,
    ImportRow,
    IncomingMail,
    Initiative,
    Interaction,
    Lookalike,
    Merge,
    Message,
    Municipality,
    Organisation,
    Participation,
    Person,
    SavedView,
    Session,
    Tag,
)
from crm.roles import Role

STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
DESK = (Role.COORDINATOR,)


class OrganisationViewSet(Listed):
    """Bodies of every kind; hosts and experts see their public facts."""

    queryset = Organisation.objects.none()
    serializer_class = reading.OrganisationSerializer
    serializers = dict.fromkeys((Role.HOST, Role.EXPERT), reading.OrganisationForOthersSerializer)
    saved_list = "organisations"
    filterset_class = OrganisationFilter
    read_roles, write_roles = STAFF, DESK
    has_versions, editable = True, organisations.EDITABLE

    def get_queryset(self):
        rows = Organisation.objects.visible_to(self.request.user).prefetch_related("initiatives")
        if self.seen_as() == Role.EXPERT:
            rows = rows.exclude(municipality__embargo_until__gte=self.now.date())
        return rows

    @extend_schema(request=writing.OrganisationInput)
    def create(self, request):
        values = self.read(writing.OrganisationInput)
        return self.answer(organisations.add_organisation(values, **self.act), status=201)

    @extend_schema(request=writing.OrganisationInput)
    def partial_update(self, request, pk):
        return self.edit(organisations.edit_organisation, writing.OrganisationInput)

    @verb("archive", takes=writing.WhyInput)
    def archive(self, row, *, why=""):
        """Hide from lists and keep everything."""
        organisations.archive_organisation(row, why=why, **self.act)

    @verb("restore")
    def restore(self, row):
        """Bring back to the lists."""
        organisations.restore_organisation(row, **self.act)


class MunicipalityViewSet(Listed):
    """Local authorities; one under embargo is unknown to experts."""

    queryset = Municipality.objects.none()
    serializer_class = reading.MunicipalitySerializer
    serializers = dict.fromkeys((Role.HOST, Role.EXPERT), reading.MunicipalityForOthersSerializer)
    filterset_class = filtersets.MunicipalityFilter
    read_roles, write_roles = STAFF, DESK
    has_versions, editable = True, organisations.CITY_FIELDS

    def get_queryset(self):
        rows = Municipality.objects.visible_to(self.request.user).select_related("organisation")
        if self.seen_as() == Role.EXPERT:
            rows = rows.exclude(embargo_until__gte=self.now.date())
        return rows

    @extend_schema(request=writing.MunicipalityInput)
    def partial_update(self, request, pk):
        return self.edit(organisations.edit_municipality, writing.MunicipalityInput)


class PersonViewSet(Listed):
    """People with their addresses; the coordinators' work alone."""

    queryset = Person.objects.none()
    serializer_class = reading.PersonSerializer
    saved_list = "people"
    filterset_class = PersonFilter
    write_roles = DESK
    has_versions, editable = True, people.EDITABLE

    def get_queryset(self):
        rows = Person.objects.visible_to(self.request.user)
        own = OuterRef("pk")
        points = ContactPoint.objects.filter(person=own)
        return rows.prefetch_related("posts").annotate(
            point_rows=JsonRows(points, *reading.ContactPointSerializer.Meta.fields),
            initiative_rows=JsonRows(Initiative.objects.filter(people=own).order_by("pk"), "name"),
            tag_rows=JsonRows(Tag.objects.filter(people=own), "name"),
        )

    @extend_schema(request=writing.NewPersonInput)
    def create(self, request):
        values = self.read(writing.NewPersonInput)
        beside = ("address", "phone", "origin", "source", "basis")
        more = {name: values.pop(name) for name in beside if name in values}
        return self.answer(people.add_person(values, **more, **self.act), status=201)

    @extend_schema(request=writing.PersonInput)
    def partial_update(self, request, pk):
        return self.edit(people.edit_person, writing.PersonInput)

    @verb("tag", takes=writing.TagInput)
    def tag(self, row, *, tag):
        """Put a tag on."""
        tags.put_tag([row], tags.tag_named(tag), **self.act)

    @verb("untag", takes=writing.TagInput)
    def untag(self, row, *, tag):
        """Take a tag off."""
        tags.take_tag([row], tags.tag_named(tag), **self.act)

    @verb("archive", takes=writing.WhyInput)
    def archive(self, row, *, why=""):
        """Hide from lists and keep everything."""
        people.archive_person(row, why=why, **self.act)

    @verb("restore")
    def restore(self, row):
        """Bring back to the lists."""
        people.restore_person(row, **self.act)

    @verb("new-post", takes=writing.NewPostInput)
    def new_post(self, row, **values):
        """The person moves: the present post becomes a former one, with its last day."""
        posts.change_post(row, **values, **self.act)

    @verb("merge", takes=writing.MergeInput)
    def merge(self, row, *, other, choices=None):
        """Make the other record and this one a single one; this one stays."""
        merges.merge_people(row, other, choices=choices, **self.act)


class EventViewSet(Listed):
    queryset = Event.objects.none()
    serializer_class = reading.EventSerializer
    saved_list = "events"
    filterset_class = EventFilter
    read_roles = (Role.COORDINATOR, Role.HOST)
    lookup_field = "slug"
    lookup_value_converter = "slug"

    def get_queryset(self):
        return Event.objects.visible_to(self.request.user).prefetch_related("initiatives")


class SessionViewSet(Listed):
    """The programme of an event, titles word for word."""

    queryset = Session.objects.none()
    serializer_class = reading.SessionSerializer
    filterset_class = filtersets.SessionFilter
    read_roles = (Role.COORDINATOR, Role.HOST)

    def get_queryset(self):
        seen = Event.objects.visible_to(self.request.user)
        rows = Session.objects.filter(event__in=seen)
        return rows.select_related("event").prefetch_related("speakers")


class ParticipationViewSet(Listed):
    """Who takes part in an event."""

    queryset = Participation.objects.none()
    serializer_class = reading.ParticipationSerializer
    filterset_class = ParticipationFilter
    write_roles = DESK

    def get_queryset(self):
        rows = Participation.objects.visible_to(self.request.user)
        return rows.select_related("event", "person")

    @extend_schema(request=writing.ParticipationInput)
    def create(self, request):
        values = self.read(writing.ParticipationInput)
        return self.answer(event_verbs.add_participation(**values, **self.act), status=201)

    @verb("attendance", takes=writing.AttendanceInput)
    def attendance(self, row, **values):
        """Write down whether the person came, and on which days."""
        event_verbs.record_attendance(row, **values, **self.act)


class InteractionViewSet(Listed):
    """Calls, meetings and notes; a host sees and writes own ones."""

    queryset = Interaction.objects.none()
    serializer_class = reading.InteractionSerializer
    filterset_class = filtersets.InteractionFilter
    read_roles = (Role.COORDINATOR, Role.HOST)
    write_roles = (Role.COORDINATOR, Role.HOST)

    def get_queryset(self):
        return Interaction.objects.visible_to(self.request.user)

    @extend_schema(request=writing.InteractionInput)
    def create(self, request):
        values = {"at": self.now, **self.read(writing.InteractionInput)}
        return self.answer(words.log_interaction(**values, by=request.user), status=201)


class MessageViewSet(Listed):
    """Written words in and out, each with its deliveries."""

    queryset = Message.objects.none()
    serializer_class = reading.MessageSerializer
    filterset_class = filtersets.MessageFilter

    def get_queryset(self):
        rows = Message.objects.visible_to(self.request.user)
        return rows.select_related("template").prefetch_related("deliveries")


class IncomingMailViewSet(Listed):
    """Mails as they came in, with what became of them; to be read."""

    queryset = IncomingMail.objects.none()
    serializer_class = reading.IncomingMailSerializer
    filterset_class = IncomingMailFilter

    def get_queryset(self):
        rows = IncomingMail.objects.visible_to(self.request.user)
        return rows.defer("raw", "journal", "references").prefetch_related("messages")


class FollowUpViewSet(Listed):
    """Promises, to do or done; a host sees those given to him or her."""

    queryset = FollowUp.objects.none()
    serializer_class = reading.FollowUpSerializer
    saved_list = "follow_ups"
    filterset_class = FollowUpFilter
    read_roles = (Role.COORDINATOR, Role.HOST)
    write_roles = (Role.COORDINATOR, Role.HOST)
    has_versions, editable = True, ("due_on", "assigned_to", "done_on")

    def get_queryset(self):
        return FollowUp.objects.visible_to(self.request.user).select_related("event")

    @extend_schema(request=writing.FollowUpInput)
    def create(self, request):
        values = self.read(writing.FollowUpInput)
        if self.seen_as() == Role.HOST:
            values["assigned_to"] = request.user
        return self.answer(promises.open_follow_up(**values, **self.act), status=201)

    @extend_schema(request=writing.FollowUpChange)
    def partial_update(self, request, pk):
        if self.seen_as() != Role.COORDINATOR and "assigned_to" in request.data:
            raise PermissionDenied
        return self.edit(_change_follow_up, writing.FollowUpChange)

    @verb("complete", takes=writing.DoneInput)
    def complete(self, row, *, on=None):
        """The promise is kept."""
        today = self.now.astimezone(ZoneInfo(self.request.user.time_zone)).date()
        promises.complete_follow_up(row, on=on or today, **self.act)

    @verb("snooze", takes=writing.SnoozeInput)
    def snooze(self, row, *, how, due_on=None):
        """Put it off: by one or three working days, to next week, or to a day."""
        promises.snooze_follow_up(row, how, due_on=due_on, **self.act)

    @verb("reopen")
    def reopen(self, row):
        """Take back that it was kept."""
        promises.reopen_follow_up(row, **self.act)


def _change_follow_up(row, values, *, at, by) -> None:
    if "due_on" in values:
        promises.reschedule_follow_up(row, due_on=values["due_on"], at=at, by=by)
    if "assigned_to" in values:
        promises.assign_follow_up(row, to=values["assigned_to"], at=at, by=by)


class ConsentViewSet(Listed):
    """What people said to each purpose; append only, the latest counts."""

    queryset = ConsentRecord.objects.none()
    serializer_class = reading.ConsentSerializer
    filterset_class = ConsentFilter
    saved_list = "consents"
    write_roles = DESK

    def get_queryset(self):
        return ConsentRecord.objects.visible_to(self.request.user).select_related("text")

    @extend_schema(request=writing.ConsentInput)
    def create(self, request):
        """Write an answer down; the latest of a purpose counts."""
        values = self.read(writing.ConsentInput)
        made = consents.record_answer(values.pop("person"), **values, **self.act)
        return self.answer(made, status=201)


class SavedViewViewSet(Listed):
    """Filters of the lists kept under a name: one's own, and those that others share.

    `GET /people/?view=7` answers the rows a view finds now.
    """

    queryset = SavedView.objects.none()
    serializer_class = reading.SavedViewSerializer
    filterset_class = filtersets.SavedViewFilter
    read_roles = write_roles = STAFF

    def get_queryset(self):
        return SavedView.objects.kept().visible_to(self.request.user).order_by("list", "name")

    @extend_schema(request=writing.SavedViewInput)
    def create(self, request):
        """Keep filters under a name; one's own view of that name is written over."""
        values = self.read(writing.SavedViewInput)
        made = saved_views.save_view(values.pop("list"), values.pop("name"), **values, **self.act)
        return self.answer(made, status=201)

    def destroy(self, request, pk):
        """Take it away; the page of the list can bring it back."""
        saved_views.remove_view(self.get_object(), **self.act)
        return Response(status=204)


class ImportViewSet(Listed):
    """Files of people: upload, read what would happen, import, undo; the worker does the work."""

    queryset = ImportBatch.objects.none()
    serializer_class = reading.ImportSerializer
    filterset_class = filtersets.ImportFilter
    write_roles = DESK

    def get_queryset(self):
        rows = ImportBatch.objects.visible_to(self.request.user).select_related("event")
        faults = ImportRow.objects.filter(verb=ImportRow.Verb.ERROR)
        if self.action == "list":
            faults = faults.none()
        return rows.prefetch_related(Prefetch("entries", faults, to_attr="faults"))

    @extend_schema(request=writing.NewImportInput)
    def create(self, request):
        """Hand a file over; look again until it is `ready` or has `failed`."""
        values = {"event": None, **self.read(writing.NewImportInput)}
        content, name = BytesIO(values.pop("content")), values.pop("file_name")
        batch = batches.receive_file(content, name, **values, by=request.user)
        return self.answer(batch, status=201)

    @verb("reading", takes=writing.ImportReadingInput)
    def reading(self, row, **values):
        """Read the file another way; nothing is imported by that."""
        batches.change_reading(row, values)

    @verb("apply", takes=writing.ImportApplyInput)
    def apply(self, row, **values):
        """Import what was read; the worker does it in one transaction."""
        batches.ask_to_import(row, **values)

    @verb("undo")
    def undo(self, row):
        """Take it back; what was edited since is left alone."""
        undo_import(row, **self.act)


class LookalikeViewSet(Listed):
    """Pairs of records that may be of one person; suggestions only, the likeliest first."""

    queryset = Lookalike.objects.none()
    serializer_class = reading.LookalikeSerializer
    filterset_class = filtersets.LookalikeFilter
    write_roles = DESK

    def get_queryset(self):
        return Lookalike.objects.visible_to(self.request.user)

    @verb("apart")
    def apart(self, row):
        """These are two people: nobody is asked about them again."""
        duplicates.say_not_the_same(row, **self.act)

    @verb("ask-again")
    def ask_again(self, row):
        """Take back that these are two people."""
        duplicates.ask_again(row, **self.act)


class MergeViewSet(Listed):
    """Records made one, the newest first, and taking them apart."""

    queryset = Merge.objects.none()
    serializer_class = reading.MergeSerializer
    filterset_class = filtersets.MergeFilter
    write_roles = DESK

    def get_queryset(self):
        rows = Merge.objects.visible_to(self.request.user)
        return rows.select_related("kept", "merged")

    @verb("undo")
    def undo(self, row):
        """Take the two records apart; refused with every obstacle."""
        merges.unmerge_people(row, **self.act)
