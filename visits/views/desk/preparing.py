"""Preparing a visit: its programme, who goes along, what the brief tells, what has to be ready."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any
from urllib.parse import urlencode

from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_POST

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain import checklists
from visits.domain.agendas import (
    LONGEST,
    LONGEST_ITEM,
    MOST_ITEMS,
    Item,
    check_items,
    items_of,
    mark,
    set_programme,
    template_items,
)
from visits.domain.brief_internal import overrun_words
from visits.domain.preparing import answers_of, assign, prepare
from visits.domain.programmes import TEMPLATES, template_for
from visits.forms.visits import AssignForm, BriefNotesForm, ChecklistItemForm
from visits.models import Visit
from visits.models.requests import Mode
from visits.views.desk.access import get_visit
from visits.views.desk.toasts import add_errors, done

FIELDS = ("title", "minutes", "speaker", "room", "plan_b")


# --- Programme ---


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def visit_programme(request: HttpRequest, ref: str) -> HttpResponse:
    """Build the programme: every button keeps what was typed and does its one thing with it."""
    visit = get_visit(request.user, ref)
    if request.method == "GET":
        items = items_of(visit)
        return _builder(request, visit, [asdict(item) for item in items], seen=mark(items))
    rows, seen = _typed_rows(request), request.POST.get("seen", "")
    try:
        items, words = _wanted(request, rows)
        before = set_programme(visit, items, at=clock.now(), by=request.user, seen=seen)
    except ValidationError as error:
        return _builder(request, visit, rows, seen=mark(items_of(visit)), faults=error.messages)
    request.session[_session_key(ref)] = [asdict(item) for item in before]
    done(request, words, undo=reverse("visits:visit-programme-undo", args=[ref]))
    return redirect("visits:visit-programme", ref)


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def visit_programme_undo(request: HttpRequest, ref: str) -> HttpResponse:
    """The programme as it was before the last change from this browser."""
    visit = get_visit(request.user, ref)
    before = request.session.pop(_session_key(ref), None)
    if before is not None:
        items = [Item(**row) for row in before]
        set_programme(visit, items, at=clock.now(), by=request.user)
        done(request, _("The programme is as it was before."))
    return redirect("visits:visit-programme", ref)


def _session_key(ref: str) -> str:
    return f"programme:{ref}"


def _typed_rows(request: HttpRequest) -> list[dict[str, Any]]:
    """The rows as they were typed; the last one is new and counts once it has a word in it."""
    columns = [request.POST.getlist(name)[: MOST_ITEMS + 1] for name in FIELDS]
    dropped = set(request.POST.getlist("can_be_dropped"))
    rows = [
        dict(zip(FIELDS, values, strict=True)) | {"can_be_dropped": str(number) in dropped}
        for number, values in enumerate(zip(*columns, strict=False), 1)
    ]
    return [row for row in rows if any(row[name].strip() for name in FIELDS)]


def _wanted(request: HttpRequest, rows: list[dict[str, Any]]) -> tuple[list[Item], str]:
    """The items after the button that was pressed, and the sentence that says so."""
    step, _colon, number = request.POST.get("do", "keep").partition(":")
    if step == "fill":
        key = request.POST.get("template", "")
        if key not in TEMPLATES:
            raise ValidationError(_("Choose a programme to begin with."))
        return template_items(key), _("The programme is filled in: %(name)s.") % {
            "name": TEMPLATES[key].name
        }
    items = [_item(row) for row in rows]
    place = int(number) - 1 if number.isascii() and number.isdigit() else -1
    if not 0 <= place < len(items):
        return items, _("The programme is kept.")
    title = items[place].title
    if step == "remove":
        del items[place]
        return items, _("“%(title)s” is removed.") % {"title": title}
    # Faults are told by the numbers that stand on the page, so before anything moves.
    check_items(items)
    other = place - 1 if step == "up" else place + 1
    if step in ("up", "down") and 0 <= other < len(items):
        items[place], items[other] = items[other], items[place]
        return items, _("“%(title)s” is moved.") % {"title": title}
    return items, _("The programme is kept.")


def _item(row: Mapping[str, Any]) -> Item:
    minutes = row["minutes"].strip()
    length = int(minutes) if minutes.isascii() and minutes.isdigit() and len(minutes) < 5 else 0
    words = {name: row[name].strip() for name in FIELDS if name != "minutes"}
    return Item(minutes=length, can_be_dropped=row["can_be_dropped"], **words)


def _builder(
    request: HttpRequest,
    visit: Visit,
    rows: list[dict[str, Any]],
    *,
    seen: str,
    faults: list[str] | None = None,
) -> HttpResponse:
    suited = template_for(
        int(visit.duration.total_seconds() // 60),
        is_online=visit.mode == Mode.ONLINE,
        is_interpreted=any(row.interpreter.strip() for row in visit.requests.all()),
    )
    context = {
        "visit": visit,
        "rows": rows,
        "new_number": len(rows) + 1,
        "seen": seen,
        "faults": faults or [],
        "overrun": overrun_words(visit, [] if faults else [row.minutes for row in items_of(visit)]),
        "templates": TEMPLATES.values(),
        "suited": suited.key,
        "longest": LONGEST,
        "longest_item": LONGEST_ITEM,
        "host": visit.host,
        "experts": visit.experts.all(),
    }
    status = 422 if faults else 200
    return render(request, "visits/visit_programme.html", context, status=status)


# --- People, topics, and what the brief tells ---


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def visit_assign(request: HttpRequest, ref: str) -> HttpResponse:
    """Backup host, experts and topics."""
    visit = get_visit(request.user, ref)
    form = AssignForm(request.POST or None, visit=visit)
    if request.method == "POST" and form.is_valid():
        try:
            assign(visit, **form.cleaned_data, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("%(ref)s is changed.") % {"ref": ref})
            return _to_tab(visit, "people")
    return _form(request, visit, form, title=_("Who goes along, and the topics"))


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def visit_prepare(request: HttpRequest, ref: str) -> HttpResponse:
    """What only the brief tells: aim, who decides, answers, hotel, budget."""
    visit = get_visit(request.user, ref)
    answers = answers_of(visit)
    form = BriefNotesForm(
        request.POST or None, instance=get_visit(request.user, ref), answers=answers
    )
    if request.method == "POST" and form.is_valid():
        act = {"at": clock.now(), "by": request.user}
        prepare(visit, values=form.notes(), answers=form.answers(), **act)
        done(request, _("%(ref)s is changed.") % {"ref": ref})
        return _to_tab(visit, "brief")
    return _form(request, visit, form, title=_("For the brief"))


# --- Checklist ---


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def checklist_new(request: HttpRequest, ref: str) -> HttpResponse:
    visit = get_visit(request.user, ref)
    # An undo brings the words in its address.
    sent = request.POST if "text" in request.POST else request.GET
    form = ChecklistItemForm(sent if request.method == "POST" else None)
    if request.method == "POST" and form.is_valid():
        try:
            checklists.add_item(visit, **form.cleaned_data, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return _to_tab(visit, "checklist")
    return _form(request, visit, form, title=_("One more thing to have ready"))


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def checklist_edit(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    item = get_object_or_404(visit.checklist, pk=pk)
    initial = {"text": item.text, "owner": item.owner, "note": item.note}
    form = ChecklistItemForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        checklists.edit_item(item, **form.cleaned_data, at=clock.now(), by=request.user)
        return _to_tab(visit, "checklist")
    return _form(request, visit, form, title=_("What has to be ready"))


@require_POST
@require(Role.COORDINATOR, Role.HOST)
def checklist_remove(request: HttpRequest, ref: str, pk: int) -> HttpResponse:
    visit = get_visit(request.user, ref)
    item = get_object_or_404(visit.checklist, pk=pk)
    words = urlencode({"text": item.text, "owner": item.owner, "note": item.note})
    checklists.remove_item(item, at=clock.now(), by=request.user)
    undo = reverse("visits:checklist-new", args=[ref]) + f"?{words}"
    done(request, _("“%(what)s” is taken out.") % {"what": item.text}, undo=undo)
    return _to_tab(visit, "checklist")


def _form(request: HttpRequest, visit: Visit, form: Any, *, title: str) -> HttpResponse:
    context = {"visit": visit, "form": form, "title": title, "label": _("Keep")}
    return render(request, "visits/visit_step.html", context, status=422 if form.errors else 200)


def _to_tab(visit: Visit, tab: str) -> HttpResponse:
    return redirect(reverse("visits:visit-detail", args=[visit.ref]) + f"?tab={tab}")
