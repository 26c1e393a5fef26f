"""Answering a request: a letter from a checked template, and dates to choose from."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock, languages
from crm.models import Message
from crm.permissions import require
from crm.roles import Role
from visits.domain.letters import draft_letter, edit_draft, send_draft
from visits.domain.plans import hold_until
from visits.domain.proposals import (
    check_may_propose,
    offer_letter,
    propose_dates,
    take_back_proposal,
)
from visits.domain.requests import default_duration
from visits.domain.slots import SlotVerdict, weigh_slot
from visits.domain.wishes import calendar_strip, weigh_wishes
from visits.forms.requests import AnswerForm, DraftForm, ProposalForm
from visits.models import Host, VisitRequest
from visits.models.requests import Mode
from visits.states import VisitState
from visits.views.desk.access import get_request, try_verb


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_answer(request: HttpRequest, ref: str) -> HttpResponse:
    """Choose a template; the draft opens for a last look before it goes."""
    row = get_request(request.user, ref)
    form = AnswerForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        visit = row.visits.live().order_by("-starts_at").first()
        draft = try_verb(
            request,
            draft_letter,
            row,
            form.cleaned_data["template"],
            at=clock.now(),
            by=request.user,
            visit=visit,
        )
        if draft:
            return redirect("visits:request-draft", ref, draft.pk)
    context = {"row": row, "form": form, "language": languages.name_of(row.language)}
    return render(request, "visits/request_answer.html", context)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_draft(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    """A draft with its words open to change, and one button that hands it to the outbox."""
    row = get_request(request.user, ref)
    draft = get_object_or_404(row.messages.drafts(), pk=pk)
    form = DraftForm(request.POST or None, initial={"subject": draft.subject, "body": draft.body})
    if request.method == "POST" and form.is_valid():
        edit_draft(draft, at=clock.now(), by=request.user, **form.cleaned_data)
        if "send" not in request.POST:
            messages.success(request, _("The draft is kept."))
            return redirect("visits:request-detail", ref)
        if _send(request, draft, row):
            return redirect("visits:request-detail", ref)
    language = languages.name_of(draft.language)
    context = {"row": row, "draft": draft, "form": form, "language": language}
    return render(request, "visits/request_draft.html", context)


def _send(request: HttpRequest, draft: Message, row: VisitRequest):
    return try_verb(
        request,
        send_draft,
        draft,
        row,
        at=clock.now(),
        by=request.user,
        done=_("The letter is in the outbox."),
    )


@require_POST
@require(Role.COORDINATOR)
def request_draft_drop(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    row = get_request(request.user, ref)
    draft = get_object_or_404(row.messages.drafts(), pk=pk)
    draft.status = Message.Status.CANCELLED
    draft.save(update_fields=["status"])
    messages.success(request, _("The draft is dropped."))
    return redirect("visits:request-detail", ref)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_propose(request: HttpRequest, ref: str) -> HttpResponse:
    """Offer dates: each is weighed first, then all are held until the deadline."""
    row = get_request(request.user, ref)
    at = clock.now()
    if request.method == "GET" and not try_verb(request, check_may_propose, row):
        return redirect("visits:request-detail", ref)
    form = ProposalForm(
        request.POST or None,
        hosts=Host.objects.visible_to(request.user).who_lead(),
        zone=row.zone,
        office_zone=row.campaign.zone,
        initial=_proposal_start(row, at, request.GET),
    )
    weighed: list[tuple[datetime, SlotVerdict]] = []
    if request.method == "POST" and form.is_valid():
        weighed = _weigh(row, form, at)
        broken = [words for _start, verdict in weighed for words in verdict.hard]
        form.judge_together(at, is_final="check" not in request.POST)
        if "check" in request.POST or (broken and not form.cleaned_data["override_reason"]):
            for words in broken:
                form.add_error(None, words)
        elif not form.errors and _propose(request, row, form, at):
            return redirect("visits:request-detail", ref)
    context = {
        "row": row,
        "form": form,
        "weighed": weighed,
        "strip": calendar_strip(row, today=at),
        "wishes": weigh_wishes(row),
    }
    return render(
        request, "visits/request_propose.html", context, status=422 if form.errors else 200
    )


def _proposal_start(row: VisitRequest, at: datetime, query) -> dict:
    zone, office = ZoneInfo(row.zone), ZoneInfo(row.campaign.zone)
    wishes = [wish.on for wish in row.preferred_dates.all() if wish.on > at.date()]
    start = {
        "mode": Mode.ONLINE if row.mode == Mode.ONLINE else Mode.ON_SITE,
        "minutes": row.duration_minutes or default_duration(row),
    }
    for number, on in enumerate(wishes[:4], 1):
        start[f"slot_{number}"] = datetime(on.year, on.month, on.day, 9, 30, tzinfo=zone)
    for name in ("slot_1", "host", "mode", "minutes"):
        if query.get(name):
            start[name] = query[name]
    offered = [value for name, value in start.items() if name.startswith("slot_")]
    first = min(filter(None, (_moment(value, zone) for value in offered)), default=None)
    start["expires_at"] = hold_until(row.campaign, at, before=first).astimezone(office)
    return {
        name: value.replace(tzinfo=None) if isinstance(value, datetime) else value
        for name, value in start.items()
    }


def _moment(value: datetime | str, zone: ZoneInfo) -> datetime | None:
    """A date the form begins with, as a moment; None when the address named no date."""
    try:
        typed = datetime.fromisoformat(value) if isinstance(value, str) else value
    except ValueError:
        return None
    return typed if typed.tzinfo else typed.replace(tzinfo=zone)


def _weigh(
    row: VisitRequest, form: ProposalForm, at: datetime
) -> list[tuple[datetime, SlotVerdict]]:
    data = form.cleaned_data
    return [
        (
            start,
            weigh_slot(
                row, host=data["host"], mode=data["mode"], starts_at=start, ends_at=end, at=at
            ),
        )
        for start, end in form.slots()
    ]


def _propose(request: HttpRequest, row: VisitRequest, form: ProposalForm, at: datetime):
    """Hold the dates and write the letter, in one transaction; send it when asked to."""
    data = form.cleaned_data

    @transaction.atomic
    def offer() -> Message:
        visit = propose_dates(
            row,
            host=data["host"],
            mode=data["mode"],
            slots=form.slots(),
            expires_at=data["expires_at"],
            at=at,
            by=request.user,
            override_reason=data["override_reason"],
        )
        draft = draft_letter(row, offer_letter(visit), at=at, by=request.user, visit=visit)
        if data["send_now"]:
            send_draft(draft, row, at=at, by=request.user)
        return draft

    done = _("The dates are held; the letter waits as a draft.")
    if data["send_now"]:
        done = _("The dates are held and the letter is in the outbox.")
    return try_verb(request, offer, done=done)


@require_POST
@require(Role.COORDINATOR)
def request_take_back(request: HttpRequest, ref: str) -> HttpResponse:
    """Free the dates that are on offer."""
    row = get_request(request.user, ref)
    visit = get_object_or_404(row.visits.filter(state=VisitState.TENTATIVE).select_related("host"))
    try_verb(
        request,
        take_back_proposal,
        visit,
        reason=_("Taken back by the coordinator."),
        at=clock.now(),
        by=request.user,
        done=_("The dates are free again."),
    )
    return redirect("visits:request-detail", ref)
