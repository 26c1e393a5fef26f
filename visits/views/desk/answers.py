"""Answering a request: a letter from a checked template, and dates taken back."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock, languages
from crm.models import Message
from crm.permissions import require
from crm.roles import Role
from visits.domain.letters import draft_letter, edit_draft, send_draft
from visits.domain.promise_letters import send_promise_letter
from visits.domain.proposals import take_back_proposal
from visits.forms.requests import AnswerForm, DraftForm
from visits.models import VisitRequest
from visits.states import VisitState
from visits.views.desk.access import back_to, get_request, try_verb


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
def mail_draft(request: HttpRequest, pk: int) -> HttpResponse:
    """The same for a letter to somebody without a request."""
    draft = _draft_to_person(request, pk)
    form = DraftForm(request.POST or None, initial={"subject": draft.subject, "body": draft.body})
    if request.method == "POST" and form.is_valid():
        edit_draft(draft, at=clock.now(), by=request.user, **form.cleaned_data)
        if "send" not in request.POST:
            messages.success(request, _("The draft is kept."))
            return redirect("visits:mail-list")
        words = {"at": clock.now(), "by": request.user, "done": _("The letter is in the outbox.")}
        if try_verb(request, send_promise_letter, draft, **words):
            return redirect("visits:mail-list")
    context = {"draft": draft, "form": form, "language": languages.name_of(draft.language)}
    return render(request, "visits/mail_draft.html", context)


@require_POST
@require(Role.COORDINATOR)
def mail_draft_drop(request: HttpRequest, pk: int) -> HttpResponse:
    draft = _draft_to_person(request, pk)
    draft.status = Message.Status.CANCELLED
    draft.save(update_fields=["status"])
    messages.success(request, _("The draft is dropped."))
    return redirect("visits:mail-list")


def _draft_to_person(request: HttpRequest, pk: int) -> Message:
    rows = Message.objects.visible_to(request.user).drafts().select_related("person")
    return get_object_or_404(rows, pk=pk, visit_requests=None, person__isnull=False)


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
    return back_to(request, "visits:request-detail", ref)
