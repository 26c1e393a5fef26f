"""Follow-ups: what was promised, by when; kept, moved or given to somebody, one or many."""

from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock, wording
from crm.domain import follow_ups as verbs
from crm.exports import Column
from crm.filters import FollowUpFilter
from crm.forms.notes import FollowUpForm, NewDayForm
from crm.models import FollowUp, User
from crm.permissions import require
from crm.roles import Role
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import ticked
from visits.views.desk.toasts import done, today

STAFF = (Role.COORDINATOR, Role.HOST)

COLUMNS = (
    Column(gettext_lazy("What was promised"), lambda row: row.text, "text"),
    Column(gettext_lazy("Due"), lambda row: row.due_on, "due"),
    Column(gettext_lazy("Done"), lambda row: row.done_on, "done"),
    Column(gettext_lazy("Whose"), lambda row: row.get_owner_display()),
    Column(gettext_lazy("Person"), lambda row: row.person.name if row.person else ""),
    Column(
        gettext_lazy("Organisation"), lambda row: row.organisation.name if row.organisation else ""
    ),
    Column(gettext_lazy("Visit"), lambda row: visit_refs(row)),
    Column(
        gettext_lazy("Who keeps it"), lambda row: str(row.assigned_to) if row.assigned_to else ""
    ),
)


def visit_refs(row: FollowUp) -> str:
    return ", ".join(visit.ref for visit in row.visits.all())


@require_safe
@require(*STAFF)
def follow_up_list(request: HttpRequest) -> HttpResponse:
    seen = FollowUp.objects.visible_to(request.user)
    rows = seen.select_related("person", "organisation", "assigned_to", "done_by")
    page = list_page(
        request,
        FollowUpFilter,
        rows.prefetch_related("visits", "visit_requests"),
        COLUMNS,
        tab="state",
        usual="open",
    )
    if file := as_file(page, "follow-ups"):
        return file
    day = today(request)
    context = {
        "today": day,
        "tabs": tabs(request, seen, day),
        "form": FollowUpForm(today=day, initial={"assigned_to": request.user}),
        "keepers": FollowUpForm(today=day).fields["assigned_to"].queryset,
        "may_write": request.user.is_coordinator,
    }
    return render_list(page, "follow_up_list", "_follow_up_rows", context)


def tabs(request: HttpRequest, rows: Any, day: Any) -> list[dict[str, Any]]:
    """Open, overdue, due today, done, all: each with its number, in one query."""
    is_open = Q(done_on=None)
    counts = rows.aggregate(
        open=Count("pk", filter=is_open),
        overdue=Count("pk", filter=is_open & Q(due_on__lt=day)),
        today=Count("pk", filter=is_open & Q(due_on=day)),
        done=Count("pk", filter=~is_open),
        all=Count("pk"),
    )
    current = request.GET.get("state", "open")
    return [
        {
            "label": str(label).capitalize(),
            "path": f"{request.path}?state={state}",
            "current": current == state,
            "count": counts[state],
        }
        for state, label in FollowUpFilter.STATES
    ]


@require_POST
@require(Role.COORDINATOR)
def follow_up_new(request: HttpRequest) -> HttpResponse:
    """A promise to nobody in particular, from the list's own form."""
    form = FollowUpForm(request.POST, today=today(request))
    if not form.is_valid():
        for name, errors in form.errors.items():
            messages.error(request, f"{form.fields[name].label}: {' '.join(errors)}")
    elif try_verb(
        request, verbs.open_follow_up, **form.cleaned_data, at=clock.now(), by=request.user
    ):
        day = wording.day(form.cleaned_data["due_on"])
        done(request, _("Promised for %(day)s.") % {"day": day})
    return back_to(request, reverse("visits:follow-up-list"))


def find_follow_up(request: HttpRequest, pk: int) -> FollowUp:
    return get_object_or_404(FollowUp.objects.visible_to(request.user), pk=pk)


@require_POST
@require(*STAFF)
def follow_up_complete(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_follow_up(request, pk)
    now = {"at": clock.now(), "by": request.user}
    if try_verb(request, verbs.complete_follow_up, row, on=today(request), **now):
        undo = reverse("visits:follow-up-reopen", args=[pk])
        done(request, _("Kept: %(text)s") % {"text": row.text}, undo=undo)
    return back_to(request, reverse("visits:follow-up-list"))


@require_POST
@require(*STAFF)
def follow_up_reopen(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_follow_up(request, pk)
    if try_verb(request, verbs.reopen_follow_up, row, at=clock.now(), by=request.user):
        done(request, _("Open again: %(text)s") % {"text": row.text})
    return back_to(request, reverse("visits:follow-up-list"))


@require_POST
@require(*STAFF)
def follow_up_reschedule(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_follow_up(request, pk)
    form = NewDayForm(request.POST, today=today(request))
    if not form.is_valid():
        messages.error(request, " ".join(form.errors.get("due_on", [])))
    elif try_verb(
        request,
        verbs.reschedule_follow_up,
        row,
        due_on=form.cleaned_data["due_on"],
        at=clock.now(),
        by=request.user,
    ):
        done(request, _("Moved to %(day)s.") % {"day": wording.day(row.due_on)})
    return back_to(request, reverse("visits:follow-up-list"))


@require_POST
@require(*STAFF)
def follow_up_bulk(request: HttpRequest) -> HttpResponse:
    """One verb for all ticked promises, or for none of them: complete, move, assign."""
    fallback = reverse("visits:follow-up-list")
    rows = ticked(request, FollowUp.objects.visible_to(request.user))
    if rows is None:
        return back_to(request, fallback)
    verb = {"complete": _complete_all, "reschedule": _move_all, "assign": _assign_all}.get(
        request.POST.get("verb", "")
    )
    if verb is None:
        messages.error(request, _("Choose what to do with the ticked rows."))
        return back_to(request, fallback)
    try:
        with transaction.atomic():
            verb(request, rows)
    except ValidationError as error:
        words = {"reason": " ".join(error.messages)}
        messages.error(request, _("Nothing was done: %(reason)s") % words)
    return back_to(request, fallback)


def _complete_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    now, day = clock.now(), today(request)
    for row in rows:
        verbs.complete_follow_up(row, on=day, at=now, by=request.user)
    count = len(rows)
    done(
        request,
        ngettext("%(n)d promise is kept.", "%(n)d promises are kept.", count) % {"n": count},
        undo=_undo_path(rows),
    )


def _undo_path(rows: list[FollowUp]) -> str:
    query = "&".join(f"rows={row.pk}" for row in rows)
    return f"{reverse('visits:follow-up-bulk-reopen')}?{query}"


@require_POST
@require(*STAFF)
@transaction.atomic
def follow_up_bulk_reopen(request: HttpRequest) -> HttpResponse:
    """Undo of the bulk completion."""
    wanted = [int(pk) for pk in request.GET.getlist("rows") if pk.isdecimal() and len(pk) < 19]
    for row in FollowUp.objects.visible_to(request.user).filter(pk__in=wanted):
        try_verb(request, verbs.reopen_follow_up, row, at=clock.now(), by=request.user)
    done(request, _("They are open again."))
    return back_to(request, reverse("visits:follow-up-list"))


def _move_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    form = NewDayForm(request.POST, today=today(request))
    if not form.is_valid():
        raise ValidationError(form.errors["due_on"])
    for row in rows:
        verbs.reschedule_follow_up(
            row, due_on=form.cleaned_data["due_on"], at=clock.now(), by=request.user
        )
    done(request, _("Moved to %(day)s.") % {"day": wording.day(form.cleaned_data["due_on"])})


def _assign_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    if not request.user.is_coordinator:
        raise ValidationError(_("Only a coordinator gives promises to somebody else."))
    field = FollowUpForm(today=today(request)).fields["assigned_to"]
    keeper: User | None = field.clean(request.POST.get("assigned_to", ""))
    for row in rows:
        verbs.assign_follow_up(row, to=keeper, at=clock.now(), by=request.user)
    done(request, _("Given to %(name)s.") % {"name": keeper or _("nobody")})
