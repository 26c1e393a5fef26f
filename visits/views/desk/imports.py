"""People from a file: upload, look, change how it is read, import, undo."""

from typing import Any

from django.core.exceptions import ValidationError
from django.core.paginator import Paginator
from django.db.models import Count
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from django_htmx.http import HttpResponseClientRefresh

from crm import clock
from crm.domain.imports import batches
from crm.domain.imports.keys import name_key
from crm.domain.imports.undoing import Undone, reasons_of, undo_import
from crm.forms.imports import DELIMITERS, ReadingForm, UploadForm
from crm.import_words import changes_of, part_words
from crm.models import Event, ImportBatch, ImportRow
from crm.permissions import require
from crm.roles import Role
from visits.domain.retention import forget_rows, forgettable_rows, rows_stay_until
from visits.views.desk.access import try_verb
from visits.views.desk.toasts import add_errors, done

PER_PAGE = 50
State, Verb = ImportBatch.State, ImportRow.Verb


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def import_list(request: HttpRequest) -> HttpResponse:
    """The form for the next file, and the files brought so far."""
    events = Event.objects.visible_to(request.user)
    form = UploadForm(request.POST or None, request.FILES or None, events=events)
    if request.method == "POST" and form.is_valid():
        values = dict(form.cleaned_data)
        file = values.pop("file")
        try:
            batch = batches.receive_file(file, file.name, **values, by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("visits:import-detail", batch.pk)
    rows = ImportBatch.objects.visible_to(request.user).select_related("event", "asked_by")
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    status = 422 if form.errors else 200
    return render(
        request, "visits/import_list.html", {"form": form, "page_obj": page}, status=status
    )


@require_safe
@require(Role.COORDINATOR)
def import_detail(request: HttpRequest, pk: int) -> HttpResponse:
    return _page(request, _find(request, pk))


def _page(request: HttpRequest, batch: ImportBatch, **more: Any) -> HttpResponse:
    """What the file would do or did, row by row."""
    counts = dict(batch.entries.order_by().values_list("verb").annotate(Count("pk")))
    chosen = request.GET.get("show", "")
    rows = batch.entries.select_related("person")
    rows = rows.filter(verb=chosen) if chosen in Verb.values else rows
    page = Paginator(rows, PER_PAGE).get_page(request.GET.get("page"))
    for row in page:
        row.told = changes_of(row.changes)
        row.otherwise = changes_of(row.differs)
        row.seat = part_words(row) if batch.event else ""
        row.kept_words = reasons_of(row)
    stayed = batch.entries.exclude(kept=[]).count() if batch.undone_at else 0
    context = {
        "batch": batch,
        "page_obj": page,
        "pills": _pills(counts, chosen),
        "is_idle": not any(counts.get(verb) for verb in (Verb.CREATE, Verb.UPDATE, Verb.LINK)),
        "progress": batches.progress_of(batch)[0],
        "delimiter": DELIMITERS.get(batch.delimiter, ""),
        "other_sheets": [sheet for sheet in batch.sheets if sheet != batch.sheet],
        "left_out": _left_out(batch),
        "differing": batch.entries.exclude(differs={}).count(),
        "open_suggestions": [
            each["name"]
            for each in batch.suggestions
            if not each["taken"] and name_key(each["name"]) not in batch.organisations
        ],
        "answers_left_out": batch.entries.filter(differs__has_key="newsletter").count(),
        "before": batches.imported_before(batch) if batch.state == State.READY else None,
        "stayed": stayed,
        "taken_back": max(batch.created + batch.updated + batch.linked - stayed, 0),
    }
    if batch.state == State.UNDONE:
        context["is_to_forget"] = forgettable_rows(batch).exists()
    if batch.state in (State.READY, State.FAILED):
        context["reading"] = ReadingForm(batch=batch)
    return render(
        request, "visits/import_detail.html", context | more, status=more.get("status", 200)
    )


def _pills(counts: dict[str, int], chosen: str) -> list[dict[str, Any]]:
    pills = [{"verb": "", "label": _("All rows"), "count": sum(counts.values())}]
    pills += [
        {"verb": verb, "label": label, "count": counts[verb]}
        for verb, label in Verb.choices
        if counts.get(verb)
    ]
    return [pill | {"current": pill["verb"] == chosen} for pill in pills]


def _left_out(batch: ImportBatch) -> list[str]:
    """Headings of the columns, or properties of the cards, that go nowhere."""
    columns = zip(batch.headings, batch.mapping, strict=False)
    return [*(heading for heading, name in columns if heading and not name), *batch.ignored]


@require_safe
@require(Role.COORDINATOR)
def import_status(request: HttpRequest, pk: int) -> HttpResponse:
    """How far it is; the page asks for this while it waits, and comes anew once it is done."""
    batch = _find(request, pk)
    if not batch.is_waiting and request.htmx:
        return HttpResponseClientRefresh()
    context = {"batch": batch, "progress": batches.progress_of(batch)[0]}
    return render(request, "visits/_import_progress.html", context)


@require_POST
@require(Role.COORDINATOR)
def import_reading(request: HttpRequest, pk: int) -> HttpResponse:
    """Read the file another way: encoding, columns, whether to overwrite."""
    batch = _find(request, pk)
    form = ReadingForm(request.POST, batch=batch)
    if form.is_valid():
        try:
            batches.change_reading(batch, form.values)
        except ValidationError as error:
            add_errors(form, error)
        else:
            return redirect("visits:import-detail", pk)
    return _page(request, batch, reading=form, status=422)


@require_POST
@require(Role.COORDINATOR)
def import_apply(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _find(request, pk)
    is_right = request.POST.get("is_read_right") == "on"
    try_verb(request, batches.ask_to_import, batch, is_read_right=is_right)
    return redirect("visits:import-detail", pk)


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR)
def import_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """First what an undo would leave alone, then the deed."""
    batch = _find(request, pk)
    if request.method == "POST":
        undone = try_verb(request, undo_import, batch, at=clock.now(), by=request.user)
        if undone is not None:
            done(request, _told_of(undone))
        return redirect("visits:import-detail", pk)
    would = try_verb(request, undo_import, batch, at=clock.now(), by=request.user, is_trial=True)
    if would is None:
        return redirect("visits:import-detail", pk)
    for row in would.kept:
        row.kept_words = reasons_of(row)
    context = {"batch": batch, "would": would, "until": rows_stay_until(batch)}
    return render(request, "visits/import_undo.html", context)


def _told_of(undone: Undone) -> str:
    told = _undo_words(undone)
    if not undone.erased:
        return told
    gone = ngettext(
        "%(n)d person was erased since and stays erased.",
        "%(n)d people were erased since and stay erased.",
        undone.erased,
    )
    return f"{told} {gone % {'n': undone.erased}}"


def _undo_words(undone: Undone) -> str:
    if not undone.kept and undone.erased:
        return _("The import is undone.")
    if not undone.kept:
        return _("The import is undone; everything is as it was before.")
    back, stay = undone.taken_back, len(undone.kept)
    if not back:
        return _("Nothing was taken back: what came in was edited or used since.")
    words = ngettext("%(n)d person taken back", "%(n)d people taken back", back) % {"n": back}
    left = ngettext(
        "%(n)d row stays, edited or used since.", "%(n)d rows stay, edited or used since.", stay
    )
    return f"{words}; {left % {'n': stay}}"


@require_POST
@require(Role.COORDINATOR)
def import_drop(request: HttpRequest, pk: int) -> HttpResponse:
    batch = _find(request, pk)
    if try_verb(request, batches.drop_file, batch):
        done(request, _("The file is forgotten; nothing of it was imported."))
        return redirect("visits:import-list")
    return redirect("visits:import-detail", pk)


@require_POST
@require(Role.COORDINATOR)
def import_forget(request: HttpRequest, pk: int) -> HttpResponse:
    """Empty the rows of an undone import: nobody's record leads to them any more."""
    batch = _find(request, pk)
    if try_verb(request, forget_rows, batch, at=clock.now(), by=request.user):
        done(request, _("The rows are forgotten; how many there were stays."))
    return redirect("visits:import-detail", pk)


def _find(request: HttpRequest, pk: int) -> ImportBatch:
    rows = ImportBatch.objects.visible_to(request.user).select_related("event", "asked_by")
    return get_object_or_404(rows, pk=pk)
