"""Changing a draft plan by hand: the verdict on every day, a move, undoing it, what others did."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, wording
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_number
from visits.domain.alternatives import would_fit
from visits.domain.booking import Busy
from visits.domain.busy_feeds import feeds_of, unknown_calendars, unknown_time
from visits.domain.plan_edits import (
    REASONS_AT_ONCE,
    CellVerdict,
    Draft,
    Spot,
    changes_that_help,
    meeting_online,
    move_visit,
    open_draft,
    undo_edit,
    verdicts_of,
    work_out_reasons,
)
from visits.domain.plan_rollback import bring_back, moved_since
from visits.domain.plans import EditedMeanwhile
from visits.forms.plans import MoveForm, cell_key
from visits.models import BusyFeed, PlanEdit, PlanVersion, VisitRequest
from visits.planning.changes import ChangeKind
from visits.planning.moves import task_of
from visits.planning.problem import Mode
from visits.reason_words import desk_words
from visits.views.desk.access import try_verb
from visits.views.desk.plan import decisions_mark, get_version
from visits.views.desk.toasts import add_errors, done


def _back(version: PlanVersion, ref: str = "") -> HttpResponse:
    address = reverse("visits:plan-version", args=[version.number])
    return redirect(f"{address}#moved-{ref}" if ref else address)


@require_safe
@require(Role.COORDINATOR)
def plan_verdicts(request: HttpRequest, number: int) -> HttpResponse:
    """The verdict on every host and day for one request, as the board asks for before a drop.

    With `?helps=1` also what would help on the days that refuse it, which takes longer.
    """
    version = get_version(request, number)
    ref = request.GET.get("request", "")
    try:
        draft = open_draft(version, at=clock.now(), moving=ref)
        row = draft.request(ref)
        ref = row.ref
    except ValidationError as error:
        return JsonResponse({"refused": error.messages[0]}, status=409)
    found = verdicts_of(draft, ref)
    feeds = feeds_of(draft.loaded.hosts.values())
    cells = [_cell(cell, row, feeds) for cell in found]
    answer = {"request": ref, "edits": version.edits, "cells": cells}
    if request.GET.get("helps") == "1":
        helps = changes_that_help(draft, ref, found)
        keys = {f"{host} {day.isoformat()}": change for (host, day), change in helps.items()}
        answer["helps"] = {key: would_fit(draft.loaded, change) for key, change in keys.items()}
        answer["online"] = [key for key, row in keys.items() if row.kind == ChangeKind.ONLINE]
    return JsonResponse(answer)


def _cell(cell, row: VisitRequest, feeds: dict[int, list[BusyFeed]]) -> dict:
    best = cell.best
    soft = [desk_words(reason) for reason in best.soft] if best else []
    unknown = unknown_time(cell.host, [(best.start, best.end)], feeds=feeds) if best else []
    return {
        "host": cell.host.ref,
        "day": cell.day.isoformat(),
        "cell": cell_key(cell.host, cell.day),
        "possible": cell.is_possible,
        "here": cell.is_here,
        "start": wording.clock_time(best.start, row.zone) if best else "",
        "words": _possible_words(best, row) if best else cell.hard,
        "soft": [*unknown, *soft],
    }


def _possible_words(best, row: VisitRequest) -> str:
    return _("%(when)s: %(travel)s.") % {
        "when": wording.time_range(best.start, best.end, row.zone),
        "travel": travel_words(best.extra_minutes),
    }


def travel_words(minutes: int) -> str:
    """How a change of travel reads: "2 h 40 min more travel"."""
    if not minutes:
        return _("no more travel")
    words = _("%(time)s more travel") if minutes > 0 else _("%(time)s less travel")
    return words % {"time": wording.duration(abs(minutes))}


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def plan_move(request: HttpRequest, number: int) -> HttpResponse:
    """Move a visit of the draft, place one from the tray, or leave one out."""
    version = get_version(request, number)
    if request.method == "POST":
        return _post_move(request, version)
    ref = request.GET.get("request", "")
    draft = try_verb(request, open_draft, version, at=clock.now(), moving=ref)
    if draft is None:
        return _back(version)
    if not ref:
        return render(request, "visits/plan_move.html", _choices(draft))
    try:
        row = draft.request(ref)
    except ValidationError as error:
        return _standing_page(request, version, ref, error.messages[0])
    initial = {name: request.GET.get(name, "") for name in ("cell", "online")}
    initial["seen"] = version.edits
    form = MoveForm(campaign=row.campaign, zone=row.zone, initial=initial)
    return _move_page(request, draft, row, form, status=200)


def _post_move(request: HttpRequest, version: PlanVersion) -> HttpResponse:
    ref = request.POST.get("request", "")
    row = version.plan.campaign.requests.filter(ref=ref).first()
    if row is None:
        messages.error(request, _("There is no request with this reference."))
        return _back(version)
    form = MoveForm(request.POST, campaign=version.plan.campaign, zone=row.zone)
    is_leaving = "leave_out" in request.POST
    if is_leaving:
        del form.fields["cell"], form.fields["start"]
    if form.is_valid():
        try:
            edit, soft = move_visit(
                version,
                ref,
                **({"host": None} if is_leaving else form.target),
                seen=form.cleaned_data["seen"],
                at=clock.now(),
                by=request.user,
            )
        except EditedMeanwhile as change:
            return _offer_again(request, row, change)
        except ValidationError as error:
            add_errors(form, error)
        except Busy as error:
            form.add_error(None, str(error))
        else:
            return _moved(request, edit, soft)
    if is_leaving:
        messages.error(request, " ".join(form.non_field_errors()) or _("Open the plan again."))
        return _back(version, ref)
    draft = try_verb(request, open_draft, version, at=clock.now(), moving=ref)
    if draft is None or (row := try_verb(request, draft.request, ref)) is None:
        return _back(version, ref)
    return _move_page(request, draft, row, form, status=422)


def _standing_page(
    request: HttpRequest, version: PlanVersion, ref: str, refusal: str
) -> HttpResponse:
    """Why a visit of the draft stays where it is, and where it can be moved all the same."""
    row = version.plan.campaign.requests.filter(ref=ref).first()
    if row is None:
        messages.error(request, _("There is no request with this reference."))
        return _back(version)
    visit = row.visits.live().first()
    words = refusal
    if visit is not None:
        words = (
            _("%(visit)s is agreed with its city: %(when)s. A draft leaves it there.")
            if visit.is_agreed
            else _("%(visit)s was moved and waits for its city: %(when)s. A draft leaves it there.")
            if visit.is_promised
            else _(
                "%(visit)s is on offer: %(when)s. Take the dates back at its request, then plan "
                "again."
            )
        )
        when = wording.time_range(visit.starts_at, visit.ends_at, visit.zone)
        words %= {"visit": visit, "when": when}
    context = {"version": version, "row": row, "visit": visit, "stands": words}
    name = "visits/_plan_stands.html" if request.htmx else "visits/plan_move.html"
    return render(request, name, context)


def _choices(draft: Draft) -> dict:
    version = draft.version
    found = {task.ref: draft.loaded.requests[task.ref] for task in draft.loaded.problem.tasks}
    standing = version.placements.filter(is_fixed=True).select_related("visit")
    for placement in standing.prefetch_related("requests"):
        if version.may_move(placement):
            found |= {row.ref: row for row in placement.requests.all()[:1]}
    return {"version": version, "choices": [found[ref] for ref in sorted(found)]}


def _move_page(
    request: HttpRequest, draft: Draft, row: VisitRequest, form: MoveForm, *, status: int, **more
) -> HttpResponse:
    spot = draft.spot(row.ref)
    task = task_of(draft.loaded.problem, row.ref)
    is_on_site = task.mode != Mode.ONLINE
    may_go_online = is_on_site and not task.promised
    is_online = may_go_online and bool(form["online"].value())
    if is_online:
        draft = meeting_online(draft, row.ref)
    context = {
        "is_online": is_online,
        "may_go_online": may_go_online and not is_online,
        "agreed": draft.loaded.kept_visits[task.ref] if is_on_site and task.promised else None,
        "version": draft.version,
        "unknown": unknown_calendars(draft.loaded.hosts.values()),
        "row": row,
        "form": form,
        "spot": {"host": spot[0], "starts_at": spot[1]} if spot else None,
        "hosts": _by_host(draft, row, chosen=form["cell"].value()),
        **more,
    }
    is_part = request.htmx and request.method == "GET"
    name = "visits/_plan_move.html" if is_part else "visits/plan_move.html"
    return render(request, name, context, status=status)


def _by_host(draft: Draft, row: VisitRequest, *, chosen: str | None) -> list[dict]:
    """The days of each host: those that work, and why the others do not."""
    found: dict[str, dict] = {}
    spot = draft.spot(row.ref)
    for cell in verdicts_of(draft, row.ref):
        host = found.setdefault(cell.host.ref, {"host": cell.host, "possible": [], "reasons": {}})
        if cell.best is None:
            host["reasons"].setdefault(cell.hard, []).append(cell.day)
            continue
        key = cell_key(cell.host, cell.day)
        host["possible"].append(
            {
                "key": key,
                "here": _here_words(cell, spot, row),
                "is_chosen": key == chosen,
                "words": _possible_words(cell.best, row),
                "soft": cell.best.soft,
            }
        )
    return list(found.values())


def _here_words(cell: CellVerdict, spot: Spot | None, row: VisitRequest) -> str:
    """That the visit is there now, or at another time of that day; else nothing."""
    if spot is None or not cell.is_here or cell.best is None:
        return ""
    if cell.best.start == spot[1]:
        return _("Where it is now.")
    words = _("It is on this day now, at %(time)s.")
    return words % {"time": wording.zoned_time(spot[1], row.zone)}


def _moved(request: HttpRequest, edit: PlanEdit, soft: list[str]) -> HttpResponse:
    undo = reverse("visits:plan-edit-undo", args=[edit.version.number, edit.number])
    done(request, " ".join([f"{edit}.", *soft]), undo=undo)
    return _back(edit.version, edit.request.ref)


def _offer_again(request: HttpRequest, row: VisitRequest, change: EditedMeanwhile) -> HttpResponse:
    """Nothing was overwritten: who changed what meanwhile, and the same move on top of that."""
    typed = {name: request.POST.get(name, "") for name in ("cell", "start", "online")}
    form = MoveForm(
        campaign=row.campaign, zone=row.zone, initial={**typed, "seen": change.version.edits}
    )
    draft = open_draft(change.version, at=clock.now(), moving=row.ref)
    row = draft.request(row.ref)
    is_leaving = "leave_out" in request.POST
    return _move_page(
        request, draft, row, form, status=409, meanwhile=change.edits, is_leaving=is_leaving
    )


@require_POST
@require(Role.COORDINATOR)
def plan_edit_undo(request: HttpRequest, number: int, edit: int) -> HttpResponse:
    version = get_version(request, number)
    row = get_object_or_404(
        version.history.select_related(
            "request", "from_host", "to_host", "version__plan__campaign"
        ),
        number=edit,
    )
    back = try_verb(request, undo_edit, row, at=clock.now(), by=request.user)
    if back is not None:
        done(request, _("Undone: %(edit)s.") % {"edit": back})
    return _back(version, row.request.ref)


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def plan_news(request: HttpRequest, number: int) -> HttpResponse:
    """What others did since the page was opened; the page asks every few seconds."""
    version = get_version(request, number)
    return render(request, "visits/_plan_news.html", news_of(request, version))


@require_POST
@require(Role.COORDINATOR)
def plan_reasons(request: HttpRequest, number: int) -> HttpResponse:
    """Work out why requests named in the address are in the tray, where an edit left it open; the
    page asks for a few at a time when they come into view, and for the rest before it is printed.
    """
    version = get_version(request, number)
    refs = request.GET.getlist("request")[:REASONS_AT_ONCE]
    work_out_reasons(version, refs, at=clock.now())
    rows = version.unplaced.filter(request__ref__in=refs).select_related("request")
    return render(request, "visits/_plan_reasons.html", {"rows": rows})


def news_of(request: HttpRequest, version: PlanVersion) -> dict:
    """Edits, decisions and publishing that the page does not show yet.

    `edits` and `decided` in the address say what it shows; without them nothing is news.
    """
    shown = row_number(request.GET.get("edits"))
    seen = version.edits if shown is None else shown
    edits = version.history.filter(number__gt=seen).select_related(
        "by", "request", "from_host", "to_host"
    )
    mark = decisions_mark(version.plan_id)
    return {
        "version": version,
        "edits": list(edits[:5]) if seen < version.edits else [],
        "decided_anew": request.GET.get("decided", mark) != mark,
        "published_meanwhile": shown is not None and version.state == PlanVersion.State.PUBLISHED,
        "seen": seen,
        "mark": request.GET.get("decided", mark),
    }


@require_POST
@require(Role.COORDINATOR)
def plan_bring_back(request: HttpRequest, number: int) -> HttpResponse:
    version = get_version(request, number)
    made = try_verb(request, bring_back, version, at=clock.now(), by=request.user)
    if made is None:
        return _back(version)
    words = _("%(made)s is a new draft with what %(version)s placed; publish it to make it hold.")
    messages.success(request, words % {"made": made, "version": version})
    if moved := moved_since(made):
        words = ngettext(
            "%(refs)s was moved since: take its move back to have it where it was.",
            "%(refs)s were moved since: take their moves back to have them where they were.",
            len(moved),
        )
        messages.warning(request, words % {"refs": ", ".join(visit.ref for visit in moved)})
    return _back(made)
