"""Visits, their reports and their briefs as resources."""

from uuid import uuid4

from django.db import transaction
from django.http import HttpResponse
from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.decorators import action
from rest_framework.exceptions import PermissionDenied
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.response import Response

from crm.api.problems import Problem
from crm.api.resources import Listed, verb
from crm.roles import Role
from visits.api import filtersets, reading, writing
from visits.api.calendar import whole
from visits.api.refusals import refusals_as_problems, refuse_broken_move
from visits.briefs.paper import paper_named
from visits.domain import (
    agendas,
    cancellations,
    checklists,
    expenses,
    host_answers,
    pack_runs,
    preparing,
    reports,
)
from visits.domain import visits as verbs
from visits.domain.brief_changes import changes_of
from visits.domain.brief_standing import standings
from visits.domain.briefing import keep_edition
from visits.domain.briefs import print_edition
from visits.domain.replies import tell_newly_confirmed
from visits.domain.visit_notes import write_note
from visits.filters import VisitFilter
from visits.models import BriefEdition, Expense, PackRun, Visit, VisitNote, VisitReport

STAFF = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
FIELD = (Role.COORDINATOR, Role.HOST)
# Searching, sorting or narrowing by these would tell an expert the city under embargo.
ORACLES = frozenset({"q", "sort"})


class VisitViewSet(Listed):
    """Dated meetings. Hosts read their own, experts those they are assigned to, in part."""

    queryset = Visit.objects.none()
    serializer_class = reading.VisitSerializer
    serializers = {
        Role.HOST: reading.VisitForHostSerializer,
        Role.EXPERT: reading.VisitForExpertSerializer,
    }
    hidden_parameters = {Role.EXPERT: ORACLES}
    saved_list = "visits"
    filterset_class = VisitFilter
    read_roles, write_roles = STAFF, (Role.COORDINATOR,)
    lookup_field = "ref"
    lookup_value_converter = "str"
    has_versions, editable = True, verbs.EDITABLE

    def get_queryset(self):
        rows = Visit.objects.visible_to(self.request.user).select_related(
            "campaign", "host", "backup", "municipality", "replaces"
        )
        return rows.prefetch_related(
            "topics",
            "requests",
            "experts",
            "agenda",
            "checklist",
            "holds__reservation",
            "follow_ups",
        )

    @extend_schema(request=writing.VisitFactsInput)
    def partial_update(self, request, ref):
        """Change facts; a sent brief that is untrue now is no longer current.

        The last fact that was missing confirms an agreed visit, and the confirmation is sent;
        `warnings` in the answer says when no letter could be written.
        """
        return self.edit(
            lambda row, values, **act: self._told(row, verbs.edit_visit, values=values, **act),
            writing.VisitFactsInput,
        )

    @verb("programme", takes=writing.ProgrammeInput, roles=FIELD)
    def programme(self, row, *, items=(), template=""):
        """Write the whole programme, in order, or begin with a template."""
        wanted = [agendas.Item(**each) for each in items]
        if template:
            wanted = agendas.template_items(template)
        agendas.set_programme(row, wanted, **self.act)

    @verb("assign", takes=writing.AssignInput)
    def assign(self, row, *, experts, topics, backup=None):
        """Who can take over, which experts join, and the topics."""
        preparing.assign(row, backup=backup, experts=experts, topics=topics, **self.act)

    @verb("planned-answers", takes=writing.PlannedAnswersInput, roles=FIELD)
    def planned_answers(self, row, *, answers):
        """What is meant to be answered to the city's questions, and by whom; internal."""
        given = [preparing.Answer(**each) for each in answers]
        preparing.prepare(row, values={}, answers=given, **self.act)

    @verb("checklist", takes=writing.ChecklistItemInput, roles=FIELD)
    def checklist(self, row, *, id=None, **words):
        """Add a thing to have ready, or word the one of that `id` anew."""
        if id is None:
            checklists.add_item(row, **words, **self.act)
        else:
            checklists.edit_item(get_object_or_404(row.checklist, pk=id), **words, **self.act)

    @verb("remove-from-checklist", takes=writing.ChecklistRowInput, roles=FIELD)
    def remove_from_checklist(self, row, *, id):
        """Take a thing out: it need not be ready."""
        checklists.remove_item(get_object_or_404(row.checklist, pk=id), **self.act)

    @verb("tick", takes=writing.TickInput)
    def tick(self, row, *, id, done):
        """Say that a thing is ready, or not yet."""
        checklists.tick_item(get_object_or_404(row.checklist, pk=id), done=done, **self.act)

    @verb("confirm")
    def confirm(self, row):
        """Confirm once nothing is missing; the confirmation is sent.

        `warnings` in the answer says when no letter could be written.
        """
        self._told(row, verbs.confirm_visit, **self.act)

    @verb("cancel", takes=writing.SideInput)
    def cancel(self, row, *, side, reason):
        """Cancel; its requests go back to the waiting list or to a new proposal."""
        with refusals_as_problems():
            verbs.cancel_visit(row, side=side, reason=reason, **self.act)

    @verb("postpone", takes=writing.PostponeInput)
    def postpone(self, row, *, override_reason="", side, reason, **where):
        """Move to another time, give it to another `host`, or meet in another `mode`: a new visit
        that the city has to agree to replaces this one.

        422 with `rules` when that breaks a rule and no override_reason is given.
        """
        if where["ends_at"] <= where["starts_at"]:
            raise Problem(400, _("The visit ends before it starts."))
        if not override_reason:
            refuse_broken_move(row, at=self.now, **where)
        why = {"side": side, "reason": reason, "override_reason": override_reason}
        with refusals_as_problems():
            verbs.postpone_visit(row, **where, **why, **self.act)

    @verb("take-back")
    def take_back(self, row):
        """Take back a move that the city has not agreed to: a new visit at the time before."""
        with refusals_as_problems():
            cancellations.take_back_move(row, why=_("The move was taken back."), **self.act)

    @verb("no-show", takes=writing.SideInput)
    def no_show(self, row, *, side, reason):
        """Nobody came."""
        verbs.mark_no_show(row, side=side, reason=reason, **self.act)

    @verb("accept", roles=FIELD)
    def accept(self, row):
        """The host takes the visit at the time it has."""
        _only_host(row, self.request.user)
        host_answers.accept_visit(row, **self.act)

    @verb("refuse", takes=writing.RefuseInput, roles=FIELD)
    def refuse(self, row, *, reason):
        """The host cannot take it at this time; it stays planned until a person moves it."""
        _only_host(row, self.request.user)
        host_answers.refuse_visit(row, reason=reason, **self.act)

    @verb("complete", takes=writing.CompleteInput, roles=FIELD)
    def complete(self, row, *, counts):
        """It took place: who came, by audience."""
        verbs.complete_visit(row, counts=counts, **self.act)

    @verb("report", takes=writing.ReportInput, roles=FIELD)
    def report(self, row, **words):
        """Write or correct the report of a completed visit."""
        if not VisitReport.objects.filter(visit=row).exists():
            raise Problem(409, _("Say first who came: the visit is not completed."))
        reports.report_visit(row, **words, **self.act)

    @verb("accept-correction", roles=FIELD)
    def accept_correction(self, row):
        """Take over what the city says the report should say; the report is agreed then."""
        report = VisitReport.objects.filter(visit=row).select_related("visit").first()
        if report is None:
            raise Problem(409, _("Say first who came: the visit is not completed."))
        reports.accept_correction(report, **self.act)

    @verb("close")
    def close(self, row):
        """Nothing is left to do."""
        verbs.close_visit(row, **self.act)

    @transaction.atomic
    def _told(self, row, verb, *, at, **values):
        """Do it, and send the confirmation when it has just confirmed an agreed visit."""
        before = row.state
        answer = verb(row, at=at, **values)
        if tell_newly_confirmed(row, before=before, at=at) is False:
            words = _("%(ref)s is confirmed, but no letter could be written; tell the city.")
            self.warnings.append(words % {"ref": row.ref})
        return answer


def _only_host(row, user):
    if not host_answers.may_answer(row, user):
        raise PermissionDenied(_("Only the host of the visit says yes or no to its time."))


class ReportViewSet(Listed):
    """What happened at visits: who came, what came of it."""

    queryset = VisitReport.objects.none()
    serializer_class = reading.ReportSerializer
    filterset_class = filtersets.ReportFilter
    read_roles = FIELD

    def get_queryset(self):
        seen = Visit.objects.visible_to(self.request.user)
        rows = VisitReport.objects.filter(visit__in=seen).select_related("visit")
        return rows.prefetch_related("counts", "topics_covered").order_by("visit__starts_at")


class ExpenseViewSet(Listed):
    """Money spent on visits; hosts read and write that of their own."""

    queryset = Expense.objects.none()
    serializer_class = reading.ExpenseSerializer
    filterset_class = filtersets.ExpenseFilter
    read_roles = write_roles = FIELD
    has_versions, editable = True, expenses.EDITABLE

    def get_queryset(self):
        seen = Visit.objects.visible_to(self.request.user)
        return Expense.objects.kept().filter(visit__in=seen).select_related("visit", "host")

    @extend_schema(request=writing.ExpenseInput)
    def create(self, request):
        values = self.read(writing.ExpenseInput)
        made = expenses.add_expense(values.pop("visit"), values, **self.act)
        return self.answer(made, status=201)

    @extend_schema(request=writing.ExpenseChangeInput)
    def partial_update(self, request, pk):
        """Put it right; what is left out stays."""
        return self.edit(_edit_expense, writing.ExpenseChangeInput)

    def destroy(self, request, pk):
        """Take it out; the page of the visit can bring it back."""
        expenses.remove_expense(self.get_object(), **self.act)
        return Response(status=204)


def _edit_expense(row, values, **act):
    expenses.edit_expense(row, whole(row, expenses.EDITABLE, values), **act)


class VisitNoteViewSet(Listed):
    """What hosts wrote about their visits, often on the road; they stay as they were written."""

    queryset = VisitNote.objects.none()
    serializer_class = reading.VisitNoteSerializer
    filterset_class = filtersets.VisitNoteFilter
    read_roles = write_roles = FIELD

    def get_queryset(self):
        seen = Visit.objects.visible_to(self.request.user)
        return VisitNote.objects.filter(visit__in=seen).select_related("visit", "by")

    @extend_schema(request=writing.VisitNoteInput)
    def create(self, request):
        """Write one; internal, and never changed afterwards."""
        asked = self.read(writing.VisitNoteInput)
        visit, text = asked.pop("visit"), asked.pop("text")
        note = write_note(visit, text, **{"key": uuid4()} | asked, **self.act)
        return self.answer(note, status=201)


class PDFRenderer(BaseRenderer):
    """Lets a client ask for a PDF; the view answers it as it is."""

    media_type = "application/pdf"
    format = "pdf"
    render_style = "binary"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        # Only a refusal comes here; it is told in JSON whatever was asked for.
        return JSONRenderer().render(data)


PRINT = [
    OpenApiParameter("paper", str, enum=PackRun.Paper.values, description="a4 when left out."),
    OpenApiParameter("grey", bool, description="Without colours."),
]


class BriefViewSet(Listed):
    """Editions of briefs as they were built; experts read public ones."""

    queryset = BriefEdition.objects.none()
    serializer_class = reading.BriefSerializer
    filterset_class = filtersets.BriefFilter
    read_roles, write_roles = STAFF, FIELD

    def get_queryset(self):
        return (
            BriefEdition.objects.visible_to(self.request.user)
            .defer("content")
            .select_related("visit")
        )

    def paginate_queryset(self, queryset):
        rows = super().paginate_queryset(queryset)
        stands = standings(rows, at=self.now)
        for row in rows:
            row.standing = stands[row.pk]
        return rows

    @extend_schema(request=writing.BriefInput)
    def create(self, request):
        """Keep what the brief says now; the newest version again when it says the same."""
        asked = self.read(writing.BriefInput)
        visit, kind = asked["visit"], asked["kind"]
        built = keep_edition(visit, kind, language=asked.get("language", ""), **self.act)
        return self.answer(built, status=201)

    def own_parameters(self):
        return ("paper", "grey") if self.action == "pdf" else ()

    def get_object(self):
        """The edition; an expert may not read that of a city not to be named."""
        edition = super().get_object()
        names_the_city = self.action in ("pdf", "changes")
        if (
            names_the_city
            and self.seen_as() == Role.EXPERT
            and not _may_be_named(edition, self.now)
        ):
            raise PermissionDenied
        return edition

    @extend_schema(parameters=PRINT, responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, renderer_classes=[PDFRenderer, JSONRenderer])
    def pdf(self, request, pk):
        """The edition as PDF, named by its reference and never by its city."""
        edition = self.get_object()
        asked = writing.PrintInput(data=request.query_params)
        asked.is_valid(raise_exception=True)
        paper = paper_named(asked.validated_data["paper"], is_grey=asked.validated_data["grey"])
        content, name = print_edition(edition, at=self.now, paper=paper)
        return HttpResponse(
            content,
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    @extend_schema(responses=reading.BriefChangeSerializer(many=True))
    @action(detail=True, pagination_class=None, filterset_class=None)
    def changes(self, request, pk):
        """What this version says otherwise than the visit does now, field by field, in order."""
        found = changes_of(self.get_object(), at=self.now)
        return Response(reading.BriefChangeSerializer(found, many=True).data)


class PackViewSet(Listed):
    """Trip packs and sheets, made by the worker: ask, look how it stands, fetch the file."""

    queryset = PackRun.objects.none()
    serializer_class = reading.PackSerializer
    filterset_class = filtersets.PackFilter
    read_roles = write_roles = FIELD

    def get_queryset(self):
        return PackRun.objects.visible_to(self.request.user).select_related("host", "visit")

    @extend_schema(request=writing.PackInput)
    def create(self, request):
        """Ask for one; the same one again while it waits or is being made."""
        asked = self.read(writing.PackInput)
        run = pack_runs.ask_for_pack(asked.pop("kind"), **asked, by=request.user)
        return self.answer(run, status=201)

    @verb("stop", roles=FIELD)
    def stop(self, row):
        """Give it up."""
        pack_runs.ask_to_stop(row)

    @extend_schema(responses={(200, "application/pdf"): OpenApiTypes.BINARY})
    @action(detail=True, renderer_classes=[PDFRenderer, JSONRenderer])
    def pdf(self, request, pk):
        """The finished file; 409 while there is none, or none any more."""
        run = self.get_object()
        content = pack_runs.content_of(run)
        if content is None:
            raise Problem(409, _("This file is not there, or not there any more."))
        return HttpResponse(
            content,
            content_type="application/pdf",
            headers={"Content-Disposition": f'attachment; filename="{run.name}"'},
        )


def _may_be_named(edition: BriefEdition, at) -> bool:
    municipality = edition.visit.municipality
    return municipality is None or municipality.may_be_named(at.date())
