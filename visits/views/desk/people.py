"""People: the list, one person with everything that happened, and what is done with the record."""

from collections.abc import Iterable
from datetime import datetime
from functools import partial
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Min, OuterRef, Prefetch, Q, QuerySet, Subquery
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.consent_words import consent_lines
from crm.domain import people as verbs
from crm.domain.duplicates import like, open_lookalikes
from crm.domain.edits import field_value, stamp
from crm.domain.follow_ups import open_follow_up
from crm.domain.imports.headings import NUMBER_HEADING
from crm.domain.merges import first_contact_of
from crm.duplicate_words import percent, reasons, suggestion_of
from crm.exports import Column
from crm.filters import PersonFilter, with_newsletter_status
from crm.forms.notes import FollowUpForm, InteractionForm
from crm.forms.people import ContactPointForm, NewPersonForm, PersonForm
from crm.json_rows import JsonRows
from crm.models import (
    AuditEntry,
    ConsentRecord,
    ContactPoint,
    DataRequest,
    FollowUp,
    Merge,
    NoticeDue,
    Organisation,
    Person,
    Tag,
)
from crm.permissions import require
from crm.roles import Role
from crm.validators import row_numbers
from visits.domain import timeline
from visits.domain.departments import departments_of
from visits.domain.next_steps import next_step
from visits.models import Visit, VisitRequest
from visits.views.desk.access import back_to, try_verb
from visits.views.desk.list_maps import map_of_people, shows_map, switch_links
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.tags import put_on, take_off
from visits.views.desk.toasts import add_errors, done, kept_for, today, try_form

ORGANISATIONS_OFFERED = 400

COLUMNS = (
    Column(gettext_lazy("Name"), lambda person: person.name, "name"),
    Column(gettext_lazy("Role"), lambda person: person.role, "role"),
    Column(
        gettext_lazy("Organisation"),
        lambda person: person.organisation.name if person.organisation else "",
        "organisation",
    ),
    Column(
        gettext_lazy("City"),
        lambda person: person.organisation.city_words if person.organisation else "",
    ),
    Column(
        gettext_lazy("Country"),
        lambda person: person.organisation.country if person.organisation else "",
        "country",
    ),
    Column(gettext_lazy("Mail"), lambda person: person.mail or ""),
    Column(gettext_lazy("Newsletter"), lambda person: newsletter_word(person)),
    Column(gettext_lazy("Next promise"), lambda person: person.next_due),
    Column(gettext_lazy("Tags"), lambda person: ", ".join(tag["name"] for tag in person.tag_rows)),
)
# A file says whose row it is, so that it may come back changed.
IN_FILES = (Column(NUMBER_HEADING, lambda person: str(person.pk)),)


def newsletter_word(person: Person) -> str:
    status = person.newsletter
    return str(ConsentRecord.Status(status).label) if status else _("never asked")


def with_list_facts(rows: QuerySet) -> QuerySet:
    """People with what the list says of each, in one query."""
    addresses = ContactPoint.objects.filter(person=OuterRef("pk")).emails()
    first = addresses.order_by("-is_preferred", "pk")
    due = FollowUp.objects.open().filter(person=OuterRef("pk")).order_by().values("person")
    found = rows.select_related("organisation__place", "organisation__municipality__place")
    return with_newsletter_status(found, "pk").annotate(
        mail=Subquery(first.values("value")[:1]),
        mail_status=Subquery(first.values("status")[:1]),
        next_due=Subquery(due.annotate(first=Min("due_on")).values("first")),
        tag_rows=JsonRows(Tag.objects.filter(people=OuterRef("pk")), "key", "name"),
    )


@require_safe
@require(Role.COORDINATOR)
def person_list(request: HttpRequest) -> HttpResponse:
    rows = with_list_facts(Person.objects.visible_to(request.user))
    columns = [*COLUMNS, *IN_FILES] if request.GET.get("as") else COLUMNS
    page = list_page(request, PersonFilter, rows, columns)
    if file := as_file(page, "people"):
        return file
    context = {
        "today": today(request),
        "bulk_form": FollowUpForm(today=today(request)),
        "switch": switch_links(request),
    }
    if shows_map(request):
        context |= {"places": map_of_people(page), "noun": _("people")}
        return render_list(page, "person_list", "_list_map", context)
    return render_list(page, "person_list", "_person_rows", context)


@require_safe
@require(Role.COORDINATOR)
def person_detail(request: HttpRequest, pk: int) -> HttpResponse:
    person = find_person(request, pk)
    return render(request, "visits/person_detail.html", person_context(request, person))


def find_person(request: HttpRequest, pk: int) -> Person:
    points = Prefetch("contact_points", queryset=ContactPoint.objects.order_by("kind", "pk"))
    rows = Person.objects.visible_to(request.user).select_related(
        "organisation__municipality", "merged_into"
    )
    return get_object_or_404(rows.prefetch_related(points, "initiatives", "tags"), pk=pk)


def person_context(request: HttpRequest, person: Person, **forms: Any) -> dict[str, Any]:
    """What the person's page shows; `forms` replace the empty ones after a refused post."""
    now, zone = clock.now(), request.user.time_zone
    kinds = chosen_kinds(request)
    limit = timeline_limit(request)
    scope = timeline.of_person(person, zone=zone, now=now)
    entries = timeline.gather(scope, kinds=kinds, limit=limit + 1)
    records = person.consents.select_related("text").order_by("-at", "-pk")
    merges = Merge.objects.standing().filter(kept=person).select_related("merged", "by")
    return {
        "person": person,
        "entries": entries[:limit],
        "has_older": len(entries) > limit,
        "kind_pills": kind_pills(request),
        "consents": consent_lines(records, zone=zone),
        "next_step": next_step(
            follow_ups=person.follow_ups.all(),
            requests=VisitRequest.objects.filter(person=person),
            visits=Visit.objects.filter(requests__person=person),
            data_requests=DataRequest.objects.open().filter(person=person),
            messages=person.messages.all(),
            now=now,
            today=today(request),
        ),
        "posts": person.posts.select_related("organisation"),
        "departments": departments_of(person.organisation, request.user, but=person.department),
        "promises": open_promises(Q(person=person)),
        "lookalikes": lookalikes_of(request, person),
        "merges": merges.defer("journal")[:10],
        "notices": _each_once(person.notices_due.order_by("due_on", "pk")),
        "copies": AuditEntry.objects.about(person)
        .filter(verb="export_person")
        .select_related("by")[:5],
        "first_contact": first_contact_of(person, zone=zone),
        "today": today(request),
        "note_form": InteractionForm(),
        "promise_form": FollowUpForm(today=today(request), initial={"assigned_to": request.user}),
        "point_form": ContactPointForm(prefix="point"),
        "point_statuses": [
            choice for choice in ContactPoint.Status.choices if choice[0] != "suppressed"
        ],
    } | forms


def lookalikes_of(request: HttpRequest, person: Person) -> list[dict[str, Any]]:
    """The undecided suggestions about one person, each with the other record."""
    rows = open_lookalikes(request.user).of(person)[:5]
    return [
        {
            "other": row.other if row.one_id == person.pk else row.one,
            "suggestion": suggestion_of(row),
        }
        for row in rows
    ]


def open_promises(concerning: Q) -> QuerySet:
    rows = FollowUp.objects.open().filter(concerning).select_related("assigned_to", "person")
    return rows.order_by("due_on", "pk")[:20]


def chosen_kinds(request: HttpRequest) -> frozenset[str]:
    chosen = frozenset(request.GET.getlist("show")) & frozenset(timeline.KINDS)
    return chosen or timeline.USUAL


def timeline_limit(request: HttpRequest) -> int:
    return 1_000 if request.GET.get("all") == "1" else 60


def kind_pills(request: HttpRequest) -> list[dict[str, Any]]:
    """The timeline's filters as pills; the first shows what one usually looks for."""
    chosen = request.GET.get("show", "")
    pills = [{"label": _("All"), "href": request.path, "current": chosen == ""}]
    for kind, label in timeline.KINDS.items():
        pills.append(
            {"label": label, "href": f"{request.path}?show={kind}", "current": chosen == kind}
        )
    return pills


def leave_closed(request: HttpRequest, person: Person) -> HttpResponse | None:
    """To the page of a record that was erased or merged, with the reason; None for the others."""
    if not person.is_closed:
        return None
    try_verb(request, verbs.refuse_closed, person)
    return redirect("visits:person-detail", person.pk)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def person_new(request: HttpRequest) -> HttpResponse:
    initial = {"organisation": request.GET.get("organisation", "")[:200]}
    form = NewPersonForm(request.POST or None, initial=initial)
    alike: list[dict[str, Any]] = []
    if request.method == "POST" and form.is_valid() and not request.POST.get("is_new"):
        alike = who_looks_like(form)
    if request.method == "POST" and form.is_valid() and not alike:
        try:
            person = verbs.add_person(
                form.values,
                address=form.cleaned_data["address"],
                phone=form.cleaned_data["phone"],
                **{name: form.cleaned_data[name] for name in ("origin", "source", "basis")},
                at=clock.now(),
                by=request.user,
            )
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("%(name)s is in the lists now.") % {"name": person.name})
            return redirect("visits:person-detail", person.pk)
    context = {
        "form": form,
        "organisations": offered_organisations(),
        "person": None,
        "alike": alike,
    }
    return render(request, "visits/person_form.html", context)


def _each_once(notices: Iterable[NoticeDue]) -> list[NoticeDue]:
    """What is to be told from where, the earliest of the same: merged records may each have one."""
    found: dict[tuple[Any, ...], NoticeDue] = {}
    for notice in notices:
        found.setdefault((notice.source, notice.told_at, notice.told_how), notice)
    return list(found.values())


def who_looks_like(form: NewPersonForm) -> list[dict[str, Any]]:
    """People in the lists who may be the one about to be added, with what speaks for it."""
    found = like(
        given=form.values["given"],
        family=form.values.get("family", ""),
        organisation=form.values.get("organisation"),
        addresses=[form.cleaned_data["address"]],
        phones=[form.cleaned_data["phone"]],
    )
    return [
        {"person": person, "reasons": reasons(pair), "percent": percent(pair.probability)}
        for person, pair in found[:5]
    ]


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def person_edit(request: HttpRequest, pk: int) -> HttpResponse:
    person = find_person(request, pk)
    if away := leave_closed(request, person):
        return away
    form = PersonForm(request.POST or None, row=person)
    before = {name: field_value(person, name) for name in verbs.EDITABLE}
    changed = try_form(request, form, partial(verbs.edit_person, person))
    if changed is not None:
        _tell_saved(request, person, {name: before[name] for name in changed})
        return redirect("visits:person-detail", pk)
    context = {"form": form, "organisations": offered_organisations(), "person": person}
    status = 409 if form.change else 200
    return render(request, "visits/person_form.html", context, status=status)


def _tell_saved(request: HttpRequest, person: Person, before: dict[str, Any]) -> None:
    """Say so, with an undo that knows what stood in the fields that changed."""
    undo, kept = "", None
    if before:
        undo = reverse("visits:person-edit-undo", args=[person.pk])
        now = Person.objects.get(pk=person.pk)
        kept = {"before": before, "seen": stamp(now, before)}
    done(request, _("Saved."), undo=undo, kept=kept)


@require_POST
@require(Role.COORDINATOR)
def person_edit_undo(request: HttpRequest, pk: int) -> HttpResponse:
    """What the last edit changed is as it was before."""
    person = find_person(request, pk)
    kept = kept_for(request, request.path)
    if kept is None:
        messages.info(request, _("There is nothing to take back."))
    elif try_verb(
        request, verbs.take_back_person_edit, person, **kept, at=clock.now(), by=request.user
    ):
        done(request, _("%(name)s is as before the edit.") % {"name": person.name})
    return redirect("visits:person-detail", pk)


def offered_organisations() -> list[str]:
    rows = Organisation.objects.live().order_by("name")
    return list(rows.values_list("name", flat=True)[:ORGANISATIONS_OFFERED])


@require_POST
@require(Role.COORDINATOR)
def person_archive(request: HttpRequest, pk: int) -> HttpResponse:
    person = find_person(request, pk)
    why = request.POST.get("why", "")
    if try_verb(request, verbs.archive_person, person, why=why, at=clock.now(), by=request.user):
        undo = reverse("visits:person-restore", args=[pk])
        done(request, _("%(name)s is archived.") % {"name": person.name}, undo=undo)
    return back_to(request, reverse("visits:person-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def person_restore(request: HttpRequest, pk: int) -> HttpResponse:
    person = find_person(request, pk)
    if try_verb(request, verbs.restore_person, person, at=clock.now(), by=request.user):
        done(request, _("%(name)s is back in the lists.") % {"name": person.name})
    return back_to(request, reverse("visits:person-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def person_bulk(request: HttpRequest) -> HttpResponse:
    """One verb for all ticked people, or for none of them."""
    people = ticked(request, Person.objects.visible_to(request.user).live())
    if people is None:
        return back_to(request, reverse("visits:person-list"))
    verb = request.POST.get("verb")
    if verb == "write":
        numbers = [("person", person.pk) for person in people]
        return redirect(f"{reverse('visits:mailing-new')}?{urlencode(numbers)}")
    if verb == "archive":
        _archive_all(request, people)
    elif verb == "tag":
        put_on(request, "people", people)
    elif verb == "untag":
        take_off(request, "people", people)
    else:
        _promise_all(request, people)
    return back_to(request, reverse("visits:person-list"))


def ticked(request: HttpRequest, rows: QuerySet) -> list[Any] | None:
    """The ticked rows; None, with a sentence, when there are none or one is not to be had."""
    wanted = set(row_numbers(request.POST.getlist("rows")))
    if not wanted:
        messages.error(request, _("Tick at least one row first."))
        return None
    found = list(rows.filter(pk__in=wanted))
    missing = wanted - {row.pk for row in found}
    if missing:
        numbers = ", ".join(str(pk) for pk in sorted(missing))
        messages.error(
            request,
            _("Nothing was done, because this is not in your list: %(numbers)s.")
            % {"numbers": numbers},
        )
        return None
    return found


@transaction.atomic
def _archive_all(request: HttpRequest, people: list[Person]) -> None:
    now = clock.now()
    for person in people:
        verbs.archive_person(person, at=now, by=request.user)
    count = len(people)
    done(
        request,
        ngettext("%(n)d person is archived.", "%(n)d people are archived.", count) % {"n": count},
        undo=reverse("visits:person-bulk-restore") + _rows_query(people),
    )


def _rows_query(rows: list[Any]) -> str:
    return "?" + "&".join(f"rows={row.pk}" for row in rows)


@require_POST
@require(Role.COORDINATOR)
@transaction.atomic
def person_bulk_restore(request: HttpRequest) -> HttpResponse:
    """Undo of the bulk archive."""
    wanted = row_numbers(request.GET.getlist("rows"))
    for person in Person.objects.visible_to(request.user).filter(pk__in=wanted):
        try_verb(request, verbs.restore_person, person, at=clock.now(), by=request.user)
    done(request, _("They are back in the lists."))
    return back_to(request, reverse("visits:person-list"))


@transaction.atomic
def _promise_all(request: HttpRequest, people: list[Person]) -> None:
    form = FollowUpForm(request.POST, today=today(request))
    if not form.is_valid():
        for name, errors in form.errors.items():
            messages.error(request, f"{form.fields[name].label}: {' '.join(errors)}")
        return
    now: datetime = clock.now()
    for person in people:
        open_follow_up(**form.cleaned_data, person=person, at=now, by=request.user)
    count = len(people)
    done(
        request,
        ngettext(
            "A promise is written down for %(n)d person.",
            "A promise is written down for each of %(n)d people.",
            count,
        )
        % {"n": count},
    )
