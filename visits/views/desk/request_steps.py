"""One POST per step of a request; each calls its verb and comes back to the request."""

from collections.abc import Sequence

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.models import Person
from crm.permissions import require
from crm.roles import Role
from visits.domain import acquaintances
from visits.domain import requests as verbs
from visits.domain.date_wishes import keep_date
from visits.domain.steps import check_request_step
from visits.forms.requests import KeepDateForm, MergeForm, ReasonForm, ReferForm, TriageForm
from visits.states import RequestState
from visits.views.desk.access import date_wishes_of, get_request, try_verb
from visits.views.desk.toasts import done

LONGEST_NUMBER = 18
# Steps that ask for a reason: verb, new state, the name of its argument, words of page and button.
REASONED = {
    "needs-info": (
        verbs.ask_for_information,
        RequestState.NEEDS_INFO,
        "what",
        gettext_lazy("Ask for information"),
        gettext_lazy("Ask the city"),
    ),
    "waitlist": (
        verbs.waitlist_request,
        RequestState.WAITLISTED,
        "reason",
        gettext_lazy("Put on the waiting list"),
        gettext_lazy("Put on list"),
    ),
    "decline": (
        verbs.decline_request,
        RequestState.DECLINED,
        "reason",
        gettext_lazy("Decline kindly"),
        gettext_lazy("Decline"),
    ),
    "reject": (
        verbs.reject_request,
        RequestState.REJECTED,
        "reason",
        gettext_lazy("Reject: not a municipality"),
        gettext_lazy("Reject"),
    ),
    "withdraw": (
        verbs.withdraw_request,
        RequestState.WITHDRAWN,
        "reason",
        gettext_lazy("The city withdraws"),
        gettext_lazy("Note withdrawal"),
    ),
    "reopen": (
        verbs.reopen_request,
        RequestState.UNDER_REVIEW,
        "reason",
        gettext_lazy("Take up again"),
        gettext_lazy("Reopen"),
    ),
}


@require_POST
@require(Role.COORDINATOR)
def request_review(request: HttpRequest, ref: str) -> HttpResponse:
    row = get_request(request.user, ref)
    try_verb(
        request,
        verbs.start_review,
        row,
        at=clock.now(),
        by=request.user,
        done=_("%(ref)s is under review.") % {"ref": ref},
    )
    return redirect("visits:request-detail", ref)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_step(request: HttpRequest, ref: str, step: str) -> HttpResponse:
    """Ask for the reason on a page of its own, then take the step."""
    row = get_request(request.user, ref)
    if step not in REASONED:
        raise Http404
    verb, state, argument, title, label = REASONED[step]
    if request.method == "GET" and not try_verb(request, check_request_step, row, state):
        return redirect("visits:request-detail", ref)
    form = ReasonForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = {argument: form.cleaned_data["reason"]}
        done = _("%(ref)s: done.") % {"ref": ref}
        if try_verb(request, verb, row, at=clock.now(), by=request.user, done=done, **words):
            return redirect("visits:request-detail", ref)
    context = {"row": row, "form": form, "title": title, "label": label}
    return render(request, "visits/request_step.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_keep_date(request: HttpRequest, ref: str) -> HttpResponse:
    """Answer a city that asks for another date: the agreed one stays."""
    row = get_request(request.user, ref)
    wishes = date_wishes_of(request, row)
    if not wishes and request.method == "GET":
        messages.error(request, _("%(ref)s asks for no other date now.") % {"ref": ref})
        return redirect("visits:request-detail", ref)
    form = KeepDateForm(request.POST or None, row=row)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        is_told = try_verb(request, keep_date, row, at=clock.now(), by=request.user, **words)
        if is_told:
            messages.success(request, _("The date stays; the answer is in the outbox."))
        elif is_told is not None:
            sentence = _("The date stays, but no letter could be written; tell the city yourself.")
            messages.warning(request, sentence)
        return redirect("visits:request-detail", ref)
    context = {"row": row, "form": form, "date_wishes": wishes}
    context |= {"title": _("Keep the agreed date"), "label": _("Keep it and send the answer")}
    return render(request, "visits/request_step.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_refer(request: HttpRequest, ref: str) -> HttpResponse:
    row = get_request(request.user, ref)
    if request.method == "GET" and not try_verb(
        request, check_request_step, row, RequestState.REFERRED
    ):
        return redirect("visits:request-detail", ref)
    form = ReferForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        words = form.cleaned_data
        if try_verb(request, verbs.refer_request, row, at=clock.now(), by=request.user, **words):
            return redirect("visits:request-detail", ref)
    context = {"row": row, "form": form, "title": _("Hand over"), "label": _("Hand over")}
    return render(request, "visits/request_step.html", context, status=422 if form.errors else 200)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def request_merge(request: HttpRequest, ref: str) -> HttpResponse:
    row = get_request(request.user, ref)
    if request.method == "GET" and not try_verb(
        request, check_request_step, row, RequestState.MERGED
    ):
        return redirect("visits:request-detail", ref)
    form = MergeForm(request.POST or None, initial={"into": request.GET.get("into", "")})
    if request.method == "POST" and form.is_valid():
        into = form.cleaned_data["into"]
        if try_verb(request, verbs.merge_request, row, into=into, at=clock.now(), by=request.user):
            return redirect("visits:request-detail", ref)
    context = {"row": row, "form": form, "title": _("Same wish twice"), "label": _("Merge")}
    return render(request, "visits/request_step.html", context, status=422 if form.errors else 200)


@require_POST
@require(Role.COORDINATOR)
def request_triage(request: HttpRequest, ref: str) -> HttpResponse:
    row = get_request(request.user, ref)
    form = TriageForm(request.POST)
    if not form.is_valid():
        for sentences in form.errors.values():
            messages.error(request, " ".join(sentences))
        return redirect("visits:request-detail", ref)
    try_verb(
        request,
        verbs.triage_request,
        row,
        at=clock.now(),
        by=request.user,
        done=_("Priority and length are set."),
        **form.cleaned_data,
    )
    return redirect("visits:request-detail", ref)


@require_POST
@require(Role.COORDINATOR)
def request_take_over(request: HttpRequest, ref: str) -> HttpResponse:
    """Tie the request to its municipality, and to a known person when one is named."""
    row = get_request(request.user, ref)
    person = _person_named(request)
    with transaction.atomic():
        try_verb(
            request,
            verbs.take_over_request,
            row,
            at=clock.now(),
            by=request.user,
            person=person,
            done=_("%(ref)s is in the address book now.") % {"ref": ref},
        )
    return redirect("visits:request-detail", ref)


def _person_named(request: HttpRequest) -> Person | None:
    number = request.POST.get("person", "")
    if not number.isdecimal() or len(number) > LONGEST_NUMBER:
        return None
    return Person.objects.visible_to(request.user).filter(pk=number).first()


@require_POST
@require(Role.COORDINATOR)
def request_link(request: HttpRequest, ref: str) -> HttpResponse:
    """Say that a person we know is who asks; the ticks add the request's address and phone."""
    row = get_request(request.user, ref)
    person = _person_named(request)
    if person is None:
        messages.error(request, _("Choose a person of the address book."))
        return redirect("visits:request-detail", ref)
    added = try_verb(
        request,
        acquaintances.link_person,
        row,
        person,
        add_address="add_address" in request.POST,
        add_phone="add_phone" in request.POST,
        at=clock.now(),
        by=request.user,
    )
    if added is not None:
        sentence = _("%(ref)s is linked to %(name)s.") % {"ref": ref, "name": person.name}
        done(request, sentence, undo=_undo_link(ref, points=[point.pk for point in added]))
    return redirect("visits:request-detail", ref)


@require_POST
@require(Role.COORDINATOR)
def request_take_over_contact(request: HttpRequest, ref: str) -> HttpResponse:
    """Make a new person of who asks."""
    row = get_request(request.user, ref)
    person = try_verb(
        request, acquaintances.take_over_contact, row, at=clock.now(), by=request.user
    )
    if person is not None:
        sentence = _("%(name)s is in the address book now.") % {"name": person.name}
        done(request, sentence, undo=_undo_link(ref, is_new=True))
    return redirect("visits:request-detail", ref)


@require_POST
@require(Role.COORDINATOR)
def request_unlink(request: HttpRequest, ref: str) -> HttpResponse:
    """Take a link back, with what it added."""
    row = get_request(request.user, ref)
    added = request.GET.get("added", "").split(".")
    taken_back = try_verb(
        request,
        acquaintances.unlink_person,
        row,
        added=[
            int(number) for number in added if number.isdecimal() and len(number) <= LONGEST_NUMBER
        ],
        is_new=request.GET.get("new") == "1",
        at=clock.now(),
        by=request.user,
    )
    if taken_back is not None:
        done(request, _("The link is taken back."))
    return redirect("visits:request-detail", ref)


def _undo_link(ref: str, *, points: Sequence[int] = (), is_new: bool = False) -> str:
    """The address that takes a link back, with what it added."""
    path = reverse("visits:request-unlink", args=[ref])
    if is_new:
        return f"{path}?new=1"
    return f"{path}?added={'.'.join(map(str, points))}" if points else path
