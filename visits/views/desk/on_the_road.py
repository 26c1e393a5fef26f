"""My week without a network: the worker that shows kept pages, and notes that arrive later."""

import hashlib
import json
from datetime import datetime
from functools import cache
from pathlib import Path

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.middleware.csrf import get_token
from django.shortcuts import redirect, render
from django.templatetags.static import static
from django.utils.dateparse import parse_datetime
from django.utils.translation import gettext as _
from django.views.decorators.http import require_http_methods, require_safe

from crm import clock, wording
from crm.permissions import require
from crm.roles import Role
from visits.domain.visit_notes import change_words, mark_of, write_note
from visits.forms.visit_notes import VisitNoteForm
from visits.models import Visit, VisitNote
from visits.views.desk.access import get_visit
from visits.views.desk.my_week import week_path
from visits.views.desk.toasts import add_errors, done

SHELL = ("css/**/*.css", "js/**/*.js", "img/*")


@login_not_required
@require_safe
def service_worker(request: HttpRequest) -> HttpResponse:
    """The worker, at the root because it looks after My week and after briefs.

    It names the files all pages are made of and changes when one of them does.
    """
    return HttpResponse(
        _worker(),
        content_type="text/javascript; charset=utf-8",
        headers={"Cache-Control": "no-cache"},
    )


def _files() -> list[Path]:
    """What all pages are made of."""
    folder = Path(settings.STATICFILES_DIRS[0])
    return sorted({path for pattern in SHELL for path in folder.glob(pattern) if path.is_file()})


@cache
def files_mark() -> str:
    """A short sum of what all pages are made of; pages kept with other files are kept anew."""
    return hashlib.sha256(b"".join(path.read_bytes() for path in _files())).hexdigest()[:16]


@cache
def _worker() -> str:
    folder = Path(settings.STATICFILES_DIRS[0])
    names = [static(path.relative_to(folder).as_posix()) for path in _files()]
    head = f"const VERSION = {json.dumps(files_mark())};\nconst FILES = {json.dumps(names)};\n"
    return head + (folder / "js" / "road-worker.js").read_text(encoding="utf-8")


@require_safe
@require(Role.COORDINATOR, Role.HOST)
def note_sender(request: HttpRequest) -> HttpResponse:
    """Who is signed in, and what a note needs to be taken from a page kept long ago."""
    return JsonResponse({"owner": str(request.user.pk), "token": get_token(request)})


@require_http_methods(["GET", "HEAD", "POST"])
@require(Role.COORDINATOR, Role.HOST)
def visit_note(request: HttpRequest, ref: str) -> HttpResponse:
    """A note about a visit, from the form or, with `Accept: application/json`, from the phone."""
    is_phone = request.headers.get("Accept") == "application/json"
    try:
        visit = get_visit(request.user, ref)
    except Http404:
        if not is_phone:
            raise
        words = _("%(ref)s is not among your visits; the note stays on this phone.")
        return JsonResponse({"error": words % {"ref": ref[:20]}}, status=404)
    sent = request.POST if request.method == "POST" else None
    form = VisitNoteForm(sent, initial={"seen": mark_of(visit)})
    note = _write(request, visit, form) if form.is_bound and form.is_valid() else None
    if is_phone:
        return _tell_phone(visit, form, note)
    if note is None:
        status = 422 if form.is_bound else 200
        return render(
            request, "visits/visit_note.html", {"visit": visit, "form": form}, status=status
        )
    done(request, _("The note about %(visit)s is kept.") % {"visit": visit})
    if words := change_words(visit, form.cleaned_data["seen"]):
        messages.warning(request, words)
    return redirect(week_path(visit))


def _write(request: HttpRequest, visit: Visit, form: VisitNoteForm) -> VisitNote | None:
    values = form.cleaned_data | {"written_at": _moment(form.cleaned_data["written_at"])}
    try:
        return write_note(visit, values.pop("text"), **values, at=clock.now(), by=request.user)
    except ValidationError as error:
        add_errors(form, error)
        return None


def _moment(said: str) -> datetime | None:
    """The moment a phone names, with its zone; None for anything else."""
    try:
        moment = parse_datetime(said)
    except ValueError:
        return None
    return moment if moment and moment.tzinfo else None


def _tell_phone(visit: Visit, form: VisitNoteForm, note: VisitNote | None) -> HttpResponse:
    if note is None:
        faults = [str(each) for found in form.errors.values() for each in found]
        return JsonResponse({"error": " ".join(faults)}, status=422)
    return JsonResponse(
        {
            "arrived": wording.local_time(note.arrived_at, visit.host.zone),
            "changed": change_words(visit, form.cleaned_data["seen"]),
        }
    )
