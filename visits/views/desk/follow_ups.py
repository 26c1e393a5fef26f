"""Follow-ups: what was promised, by when; kept, moved or given to somebody, one or many."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Q
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_POST, require_safe

from crm import clock, wording
from crm.domain import follow_ups as verbs
from crm.exports import Column
from crm.filters import FollowUpFilter
from crm.forms.notes import FollowUpForm, NewDayForm, SnoozeForm
from crm.models import FollowUp, User
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_numbers
from visits.views.desk.access import back_to, own_next, try_verb
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
    Column(gettext_lazy("Promised at"), lambda row: row.event.name if row.event else ""),
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
        rows.select_related("event").prefetch_related("visits", "visit_requests", "moves"),
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
        "snoozes": SnoozeForm().fields["how"].choices,
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
        done(request, _("Written down."))
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
    """One verb for all ticked promises, or for none: complete, move, put off, give to somebody.

    With `preview` in what is sent, the page that says what would change; nothing is done.
    """
    fallback = reverse("visits:follow-up-list")
    seen = FollowUp.objects.visible_to(request.user)
    rows = ticked(request, seen.select_related("person", "organisation", "assigned_to"))
    if rows is None:
        return back_to(request, fallback)
    verb = VERBS.get(request.POST.get("verb", ""))
    if verb is None:
        messages.error(request, _("Choose what to do with the ticked rows."))
        return back_to(request, fallback)
    if request.POST.get("preview"):
        return _preview(request, rows)
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
    wanted = row_numbers(request.GET.getlist("rows"))
    for row in FollowUp.objects.visible_to(request.user).filter(pk__in=wanted):
        try_verb(request, verbs.reopen_follow_up, row, at=clock.now(), by=request.user)
    done(request, _("They are open again."))
    return back_to(request, reverse("visits:follow-up-list"))


def _new_day(request: HttpRequest) -> date:
    form = NewDayForm(request.POST, today=today(request))
    if not form.is_valid():
        raise ValidationError(form.errors["due_on"])
    return form.cleaned_data["due_on"]


def _move_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    day = _new_day(request)
    for row in rows:
        verbs.reschedule_follow_up(row, due_on=day, at=clock.now(), by=request.user)
    done(request, _("Moved to %(day)s.") % {"day": wording.day(day)}, undo=_moved_path(rows))


def _snooze(request: HttpRequest) -> dict[str, Any]:
    """How the promises are put off, as the verb takes it."""
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        raise ValidationError([error for faults in form.errors.values() for error in faults])
    return {**form.cleaned_data, "at": clock.now(), "by": request.user}


def _snooze_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    values = _snooze(request)
    for row in rows:
        verbs.snooze_follow_up(row, values["how"], **_but_how(values))
    words = ngettext("%(n)d promise is put off.", "%(n)d promises are put off.", len(rows))
    done(request, words % {"n": len(rows)}, undo=_moved_path(rows))


def _but_how(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if name != "how"}


def _moved_path(rows: list[FollowUp]) -> str:
    query = "&".join(f"moved={row.pk}" for row in rows)
    return f"{reverse('visits:follow-up-bulk-undo')}?{query}"


def _keeper(request: HttpRequest) -> User | None:
    if not request.user.is_coordinator:
        raise ValidationError(_("Only a coordinator gives promises to somebody else."))
    field = FollowUpForm(today=today(request)).fields["assigned_to"]
    return field.clean(request.POST.get("assigned_to", ""))


def _assign_all(request: HttpRequest, rows: list[FollowUp]) -> None:
    keeper = _keeper(request)
    query = "&".join(f"kept={row.pk}-{row.assigned_to_id or 0}" for row in rows)
    for row in rows:
        verbs.assign_follow_up(row, to=keeper, at=clock.now(), by=request.user)
    undo = f"{reverse('visits:follow-up-bulk-undo')}?{query}"
    done(request, _("Given to %(name)s.") % {"name": keeper or _("nobody")}, undo=undo)


VERBS = {
    "complete": _complete_all,
    "reschedule": _move_all,
    "snooze": _snooze_all,
    "assign": _assign_all,
}
TITLES = {
    "complete": gettext_lazy("These promises are kept"),
    "reschedule": gettext_lazy("Another day for these promises"),
    "snooze": gettext_lazy("Put these promises off"),
    "assign": gettext_lazy("Give these promises to somebody"),
}


def _preview(request: HttpRequest, rows: list[FollowUp]) -> HttpResponse:
    """What the chosen verb would do to each row."""
    verb = request.POST["verb"]
    fallback = own_next(request) or reverse("visits:follow-up-list")
    try:
        after = _after(request, verb, rows)
    except ValidationError as error:
        words = {"reason": " ".join(error.messages)}
        messages.error(request, _("Nothing was done: %(reason)s") % words)
        return redirect(fallback)
    by_keeper = verb == "assign"
    lines = [
        {
            "row": row,
            "before": (row.assigned_to or _("nobody")) if by_keeper else wording.day(row.due_on),
            "after": after[row.pk],
        }
        for row in rows
    ]
    carried = [(name, request.POST.get(name, "")) for name in ("due_on", "how", "assigned_to")]
    context = {
        "verb": verb,
        "title": TITLES[verb],
        "lines": lines,
        "carried": [(name, value) for name, value in carried if value],
        "next": fallback,
    }
    return render(request, "visits/follow_up_bulk.html", context)


def _after(request: HttpRequest, verb: str, rows: list[FollowUp]) -> dict[int, Any]:
    """What each row would say afterwards; raises ValidationError where the verb would."""
    if kept := next((row for row in rows if not row.is_open), None):
        raise ValidationError(_("“%(text)s” was kept already.") % {"text": kept.text})
    if verb == "assign":
        return dict.fromkeys((row.pk for row in rows), _keeper(request) or _("nobody"))
    if verb == "complete":
        words = _("kept on %(day)s") % {"day": wording.day(today(request))}
        return dict.fromkeys((row.pk for row in rows), words)
    if verb == "reschedule":
        day = wording.day(_new_day(request))
        return dict.fromkeys((row.pk for row in rows), day)
    values = _snooze(request)
    rest = _but_how(values)
    return {row.pk: wording.day(verbs.snoozed_to(row, values["how"], **rest)) for row in rows}


@require_POST
@require(*STAFF)
@transaction.atomic
def follow_up_bulk_undo(request: HttpRequest) -> HttpResponse:
    """Undo of a bulk move or gift: the days, or the keepers, of before."""
    seen = FollowUp.objects.visible_to(request.user)
    now = {"at": clock.now(), "by": request.user}
    for row in seen.filter(pk__in=_numbers(request.GET.getlist("moved"))):
        try_verb(request, verbs.take_back_move, row, **now)
    if request.user.is_coordinator:
        pairs = [_numbers(pair.split("-")) for pair in request.GET.getlist("kept")]
        kept = dict(pair for pair in pairs if len(pair) == 2)
        keepers = FollowUpForm(today=today(request)).fields["assigned_to"].queryset
        known = {user.pk: user for user in keepers}
        for row in seen.filter(pk__in=list(kept)):
            try_verb(request, verbs.assign_follow_up, row, to=known.get(kept[row.pk]), **now)
    done(request, _("They are as they were before."))
    return back_to(request, reverse("visits:follow-up-list"))


def _numbers(words: Iterable[str]) -> list[int]:
    return row_numbers(words)


@require_POST
@require(*STAFF)
def follow_up_snooze(request: HttpRequest, pk: int) -> HttpResponse:
    """Put one promise off."""
    row = find_follow_up(request, pk)
    form = SnoozeForm(request.POST)
    if not form.is_valid():
        messages.error(request, " ".join(str(each) for each in form.errors.get("how", [])))
    elif try_verb(
        request,
        verbs.snooze_follow_up,
        row,
        form.cleaned_data["how"],
        due_on=form.cleaned_data["due_on"],
        at=clock.now(),
        by=request.user,
    ):
        day = wording.day(row.due_on)
        done(request, _("Put off to %(day)s.") % {"day": day}, undo=_moved_path([row]))
    return back_to(request, reverse("visits:follow-up-list"))
