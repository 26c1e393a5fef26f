"""The debriefing after an event: one person after another, from the keyboard."""

from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.domain import debriefs as verbs
from crm.forms.debriefs import DebriefForm
from crm.models import Event, Interaction, Participation
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits.views.desk.access import try_verb
from visits.views.desk.people import open_promises
from visits.views.desk.toasts import add_errors, done, today

# Who met the person before this one most likely met this one too.
MET_BY = "debrief-met-by"


@require_safe
@require(Role.COORDINATOR)
def debrief_start(request: HttpRequest, slug: str) -> HttpResponse:
    """To the first person nobody has written about."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    return _to_next(request, event, None)


def _to_next(request: HttpRequest, event: Event, after: Participation | None) -> HttpResponse:
    following = verbs.next_to_debrief(event, after)
    if following is not None:
        return redirect("visits:debrief-person", event.slug, following.pk)
    done(request, _("Everybody on the roster is debriefed."))
    return redirect("visits:event-detail", event.slug)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def debrief_person(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """One person: written down, then on to the next."""
    part = find_participation(request, slug, pk)
    form = _form(request, part)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.debrief(part, **form.cleaned_data, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            met_by = form.cleaned_data["met_by"]
            request.session[MET_BY] = met_by.pk if met_by else 0
            words = _("Written down: %(name)s.") % {"name": part.person.name}
            done(request, words, undo=_undo_path(part, made), draft=_draft(request, part))
            return _to_next(request, part.event, part)
    status = 422 if form.errors else 200
    return render(
        request,
        "visits/debrief.html",
        _context(part, form) | {"draft": _draft(request, part)},
        status=status,
    )


def _form(request: HttpRequest, part: Participation) -> DebriefForm:
    is_registered = part.status == Participation.Status.REGISTERED
    first = {
        "met_by": request.session.get(MET_BY, request.user.pk),
        "status": Participation.Status.ATTENDED if is_registered else part.status,
    }
    return DebriefForm(request.POST or None, today=today(request), initial=first)


def _draft(request: HttpRequest, part: Participation) -> str:
    """Under which name the browser keeps what somebody of us has half typed about a person."""
    return f"debrief-{request.user.pk}-{part.pk}"


def _undo_path(part: Participation, made: verbs.Debriefed) -> str:
    values = {"status": made.status_before}
    if made.meeting:
        values["meeting"] = str(made.meeting.pk)
    if made.promise:
        values["promise"] = str(made.promise.pk)
    path = reverse("visits:debrief-undo", args=[part.event.slug, part.pk])
    return f"{path}?{urlencode(values)}"


def _context(part: Participation, form: DebriefForm) -> dict[str, Any]:
    rows = list(verbs.roster_to_debrief(part.event).values_list("pk", "is_debriefed"))
    numbers = [pk for pk, _is_done in rows]
    place = numbers.index(part.pk) if part.pk in numbers else 0
    said = Interaction.objects.filter(person=part.person).select_related("by")
    return {
        "part": part,
        "person": part.person,
        "event": part.event,
        "form": form,
        "place": place + 1,
        "total": len(rows),
        "left": sum(not is_done for _pk, is_done in rows),
        "before": numbers[place - 1] if place else None,
        "after": numbers[place + 1] if place + 1 < len(numbers) else None,
        "said": said.order_by("-at", "-pk")[:3],
        "promises": open_promises(Q(person=part.person))[:3],
    }


def find_participation(request: HttpRequest, slug: str, pk: int) -> Participation:
    rows = Participation.objects.visible_to(request.user).select_related(
        "event", "person__organisation", "person__merged_into"
    )
    return get_object_or_404(rows, event__slug=slug, pk=pk)


@require_POST
@require(Role.COORDINATOR)
def debrief_undo(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Take one debriefing back, and show the person again."""
    part = find_participation(request, slug, pk)
    numbers = {name: row_number(request.GET.get(name)) for name in ("meeting", "promise")}
    status = request.GET.get("status", "")
    now = {"at": clock.now(), "by": request.user}
    if try_verb(request, verbs.take_back_debrief, part, **numbers, status=status, **now):
        done(request, _("Taken back: %(name)s.") % {"name": part.person.name})
    return redirect("visits:debrief-person", slug, pk)
