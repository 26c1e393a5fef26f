"""Consent and privacy at the desk: the ledger of answers, who is still to be told, what left."""

from datetime import date
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.audit_words import actor_words
from crm.domain import consents, notice_clock
from crm.exports import Column
from crm.filters import AuditFilter, ConsentFilter, NoticeFilter
from crm.forms.privacy import ConsentForm, ToldForm
from crm.models import AuditEntry, ConsentRecord, ConsentText, Mailing, NoticeDue, Person
from crm.permissions import has_role, require
from crm.roles import Role
from crm.validators import row_number, row_numbers
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import find_person, leave_closed, ticked
from visits.views.desk.toasts import add_errors, done, today

KEEPERS = (Role.COORDINATOR, Role.ADMINISTRATOR)
EXPORTS = ("export_list", "export_large_list", "export_person")
# The pages of this part, in their order, each with who may open it.
PAGES = (
    (gettext_lazy("Consent"), "visits:consent-list", (Role.COORDINATOR,)),
    (gettext_lazy("To be told"), "visits:notice-list", (Role.COORDINATOR,)),
    (gettext_lazy("Requests about data"), "visits:data-request-list", (Role.COORDINATOR,)),
    (gettext_lazy("Retention"), "visits:retention", KEEPERS),
    (gettext_lazy("Exports"), "visits:export-log", KEEPERS),
)


def privacy_pages(request: HttpRequest) -> list[dict[str, Any]]:
    """The tabs above every page of this part."""
    return [
        {"label": label, "path": reverse(url), "current": request.path == reverse(url)}
        for label, url, roles in PAGES
        if has_role(request.user, *roles)
    ]


# --- The ledger of consents ---


def holder(row: ConsentRecord) -> str:
    return row.person.name if row.person else row.address


CONSENT_COLUMNS = (
    Column(gettext_lazy("Who"), holder, "name"),
    Column(gettext_lazy("About"), lambda row: row.get_purpose_display(), "purpose"),
    Column(gettext_lazy("Answer"), lambda row: row.get_status_display(), "status"),
    Column(gettext_lazy("When"), lambda row: row.at, "when"),
    Column(gettext_lazy("Counts now"), lambda row: bool(row.is_current)),
    Column(gettext_lazy("How"), lambda row: row.how),
    Column(gettext_lazy("Proof"), lambda row: row.evidence),
    Column(gettext_lazy("Address"), lambda row: row.address),
    Column(gettext_lazy("Language"), lambda row: row.language),
    Column(gettext_lazy("Text version"), lambda row: row.text.version if row.text else None),
    Column(gettext_lazy("Exact words"), lambda row: row.text.text if row.text else ""),
)
# The page shows the words under the answer they belong to.
CONSENT_SHOWN = 7


@require_safe
@require(Role.COORDINATOR)
def consent_list(request: HttpRequest) -> HttpResponse:
    rows = ConsentRecord.objects.visible_to(request.user).with_currency()
    page = list_page(request, ConsentFilter, rows.select_related("person", "text"), CONSENT_COLUMNS)
    if file := as_file(page, "consents"):
        return file
    context = {"pages": privacy_pages(request), "person": _asked_about(request)}
    page.columns = page.columns[:CONSENT_SHOWN]
    return render_list(page, "consent_list", "_consent_rows", context)


def _asked_about(request: HttpRequest) -> Person | None:
    """The person whose answers alone are shown, if it is one."""
    number = row_number(request.GET.get("person"))
    if number is None:
        return None
    return Person.objects.visible_to(request.user).filter(pk=number).first()


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def person_consent(request: HttpRequest, pk: int) -> HttpResponse:
    """Write down what a person said: purpose, answer, words, how, proof."""
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    first = {"purpose": request.GET.get("purpose", ""), "status": "granted"}
    form = ConsentForm(request.POST or None, initial=first)
    if request.method == "POST" and form.is_valid():
        values = form.cleaned_data
        if values["said_at"] is not None:
            zone = ZoneInfo(request.user.time_zone)
            values["said_at"] = values["said_at"].replace(tzinfo=zone)
        try:
            made = consents.record_answer(person, **values, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("Written down: %(answer)s.") % {"answer": made})
            return redirect("visits:person-detail", pk)
    texts = ConsentText.objects.order_by("purpose", "language", "-version")
    context = {"form": form, "person": person, "texts": texts}
    status = 422 if form.errors else 200
    return render(request, "visits/person_consent.html", context, status=status)


@require_POST
@require(Role.COORDINATOR)
def person_consent_withdraw(request: HttpRequest, pk: int) -> HttpResponse:
    """A yes taken back by the desk, with one press; what the person says is an answer."""
    person = find_person(request, pk)
    purpose = request.POST.get("purpose", "")
    made = try_verb(
        request,
        consents.withdraw_consent,
        person,
        purpose,
        at=clock.now(),
        by=request.user,
    )
    if made:
        done(request, _("Written down: %(answer)s.") % {"answer": made})
    return back_to(request, reverse("visits:person-detail", args=[pk]))


# --- Who is still to be told ---

NOTICE_COLUMNS = (
    Column(gettext_lazy("Person"), lambda row: row.person.name, "name"),
    Column(
        gettext_lazy("Organisation"),
        lambda row: row.person.organisation.name if row.person.organisation else "",
    ),
    Column(gettext_lazy("To be told by"), lambda row: row.due_on, "due"),
    Column(gettext_lazy("Days left"), lambda row: row.days_left, is_number=True),
    Column(gettext_lazy("Source"), lambda row: row.source),
    Column(gettext_lazy("Basis"), lambda row: row.basis),
    Column(gettext_lazy("Told"), lambda row: row.told_at, "told"),
    Column(gettext_lazy("How they were told"), lambda row: row.told_how),
)


@require_safe
@require(Role.COORDINATOR)
def notice_list(request: HttpRequest) -> HttpResponse:
    day = today(request)
    rows = NoticeDue.objects.visible_to(request.user).select_related("person__organisation")
    columns = [*NOTICE_COLUMNS]
    columns[3] = columns[3]._replace(value=lambda row: days_left(row, day))
    page = list_page(request, NoticeFilter, rows, columns, tab="state", usual="open")
    if file := as_file(page, "notices"):
        return file
    for row in page.page_obj:
        row.days_left = days_left(row, day)
    context = {
        "pages": privacy_pages(request),
        "today": day,
        "form": ToldForm(),
        "tabs": _notice_tabs(request, rows, day),
    }
    return render_list(page, "notice_list", "_notice_rows", context)


def days_left(row: NoticeDue, day: date) -> int | None:
    """Days until somebody must have been told, negative when it is late; None once told."""
    return (row.due_on - day).days if row.told_at is None else None


def _notice_tabs(request: HttpRequest, rows: QuerySet, day: date) -> list[dict[str, Any]]:
    open_rows = rows.open()
    counts = {
        "open": open_rows.count(),
        "overdue": open_rows.filter(due_on__lt=day).count(),
        "told": rows.exclude(told_at=None).count(),
    }
    current = request.GET.get("state", "open")
    return [
        {
            "label": str(label).capitalize(),
            "path": f"{request.path}?state={state}",
            "current": current == state,
            "count": counts[state],
        }
        for state, label in NoticeFilter.STATES
    ]


@require_POST
@require(Role.COORDINATOR)
def notice_told(request: HttpRequest) -> HttpResponse:
    """All ticked people were told, in the same way; or a notice to them is begun."""
    fallback = reverse("visits:notice-list")
    rows = ticked(request, NoticeDue.objects.visible_to(request.user).select_related("person"))
    if rows is None:
        return back_to(request, fallback)
    if request.POST.get("verb") == "write":
        query = [("kind", Mailing.Kind.NOTICE), *(("person", row.person_id) for row in rows)]
        return redirect(f"{reverse('visits:mailing-new')}?{urlencode(query)}")
    form = ToldForm(request.POST)
    how = form.cleaned_data["how"] if form.is_valid() else ""
    now = {"at": clock.now(), "by": request.user}
    if try_verb(request, notice_clock.mark_told, rows, how=how, **now):
        query = "&".join(f"rows={row.pk}" for row in rows)
        words = ngettext("%(n)d person was told.", "%(n)d people were told.", len(rows))
        undo = f"{reverse('visits:notice-untold')}?{query}"
        done(request, words % {"n": len(rows)}, undo=undo)
    return back_to(request, fallback)


@require_POST
@require(Role.COORDINATOR)
def notice_untold(request: HttpRequest) -> HttpResponse:
    """Undo: they are still to be told."""
    wanted = row_numbers(request.GET.getlist("rows"))
    rows = NoticeDue.objects.visible_to(request.user).filter(pk__in=wanted)
    found = list(rows.select_related("person"))
    if notice_clock.take_back_told(found, at=clock.now(), by=request.user):
        done(request, _("They are still to be told."))
    else:
        messages.error(request, _("Nobody of these was told."))
    return back_to(request, reverse("visits:notice-list"))


# --- What left the program ---

EXPORT_COLUMNS = (
    Column(gettext_lazy("When"), lambda row: row.at, "when"),
    Column(gettext_lazy("Who"), actor_words),
    Column(gettext_lazy("What"), lambda row: exported(row)),
)


def exported(row: AuditEntry) -> str:
    """What left: "people.csv (69)", or whose whole record."""
    if row.verb == "export_person":
        return _("everything kept about person %(number)s") % {"number": row.row_id}
    return " ".join(row.fields)


@require_safe
@require(*KEEPERS)
def export_log(request: HttpRequest) -> HttpResponse:
    """Every list and record that was taken out, when and by whom; large ones stand out."""
    rows = AuditEntry.objects.visible_to(request.user).filter(verb__in=EXPORTS)
    page = list_page(request, AuditFilter, rows.select_related("by"), EXPORT_COLUMNS)
    if file := as_file(page, "exports"):
        return file
    entries = [
        {
            "row": row,
            "who": actor_words(row),
            "what": exported(row),
            "is_large": row.verb == "export_large_list",
        }
        for row in page.page_obj
    ]
    context = {"entries": entries, "pages": privacy_pages(request)}
    return render_list(page, "export_log", "_export_rows", context)
