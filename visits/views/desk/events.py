"""Events: the list, and one with its programme, its figures and its roster."""

from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock, wording
from crm.domain import events as verbs
from crm.exports import Column
from crm.filters import EventFilter, ParticipationFilter, with_newsletter_status
from crm.forms.events import EventForm
from crm.forms.notes import AttendanceForm
from crm.models import ConsentRecord, Event, FollowUp, Participation, Person
from crm.permissions import require
from crm.pictures import Bar, bars
from crm.roles import Role
from visits.domain.timeline import days_in_words
from visits.models import Campaign
from visits.models.reports import Audience
from visits.views.desk.access import back_to, current_campaign, try_verb
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import ticked
from visits.views.desk.toasts import add_errors, done, today, try_form

STAFF = (Role.COORDINATOR, Role.HOST)

COLUMNS = (
    Column(gettext_lazy("Event"), lambda row: row.name, "name"),
    Column(gettext_lazy("First day"), lambda row: row.starts_on, "day"),
    Column(gettext_lazy("Last day"), lambda row: row.ends_on),
    Column(gettext_lazy("City"), lambda row: row.city),
    Column(gettext_lazy("Country"), lambda row: row.country, "country"),
    Column(gettext_lazy("On the roster"), lambda row: row.roster_count, is_number=True),
    Column(gettext_lazy("Came"), lambda row: row.came_count, is_number=True),
)

ROSTER_COLUMNS = (
    Column(gettext_lazy("Name"), lambda row: row.person.name, "name"),
    Column(gettext_lazy("Role"), lambda row: row.person.role),
    Column(
        gettext_lazy("Organisation"),
        lambda row: row.person.organisation.name if row.person.organisation else "",
        "organisation",
    ),
    Column(gettext_lazy("Came"), lambda row: row.get_status_display(), "status"),
    Column(gettext_lazy("Days"), days_in_words),
    Column(
        gettext_lazy("Newsletter"),
        lambda row: str(ConsentRecord.Status(row.newsletter).label) if row.newsletter else "",
    ),
    Column(gettext_lazy("Next promise"), lambda row: row.next_due),
    Column(gettext_lazy("Note"), lambda row: row.note),
)


def with_counts(rows: QuerySet) -> QuerySet:
    """Events with how many are on the roster and how many came, merged people once."""
    parts = Participation.objects.filter(event=OuterRef("pk"))
    came = parts.attended().of_people_counted_once()
    return rows.annotate(roster_count=_count(parts), came_count=_count(came))


def _count(rows: QuerySet) -> Coalesce:
    counted = rows.order_by().values("event").annotate(n=Count("pk")).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


@require_safe
@require(*STAFF)
def event_list(request: HttpRequest) -> HttpResponse:
    page = list_page(
        request, EventFilter, with_counts(Event.objects.visible_to(request.user)), COLUMNS
    )
    if file := as_file(page, "events"):
        return file
    context = {"may_edit": request.user.is_coordinator}
    return render_list(page, "event_list", "_event_rows", context)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def event_new(request: HttpRequest) -> HttpResponse:
    form = EventForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        slug = form.cleaned_data["slug"]
        try:
            event = verbs.add_event(form.values, slug=slug, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("%(name)s is there; put people on its roster.") % {"name": event.name})
            return redirect("visits:event-detail", event.slug)
    return render(request, "visits/event_form.html", {"form": form, "event": None})


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def event_edit(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    form = EventForm(request.POST or None, row=event)
    if try_form(request, form, partial(verbs.edit_event, event)) is not None:
        done(request, _("Saved."))
        return redirect("visits:event-detail", slug)
    context = {"form": form, "event": event}
    status = 409 if form.change else 200
    return render(request, "visits/event_form.html", context, status=status)


@require_safe
@require(*STAFF)
def event_detail(request: HttpRequest, slug: str) -> HttpResponse:
    event = get_object_or_404(with_counts(Event.objects.visible_to(request.user)), slug=slug)
    page = list_page(request, ParticipationFilter, roster(request, event), ROSTER_COLUMNS)
    if file := as_file(page, f"roster-{slug}"):
        return file
    campaign = current_campaign(request)
    context = {
        "event": event,
        "sessions": event.sessions.prefetch_related("speakers").order_by("day", "order"),
        "figures": figures(event, campaign),
        "initiatives": event.initiatives.all(),
        "may_edit": request.user.is_coordinator,
        "today": today(request),
    }
    return render_list(page, "event_detail", "_roster_rows", context)


def roster(request: HttpRequest, event: Event) -> QuerySet:
    """The participations of the event that the user may see, with person and newsletter."""
    due = FollowUp.objects.open().filter(person=OuterRef("person")).order_by("due_on")
    rows = Participation.objects.visible_to(request.user).filter(event=event)
    rows = with_newsletter_status(rows).annotate(next_due=Subquery(due.values("due_on")[:1]))
    return rows.select_related("person__organisation", "person__merged_into")


def figures(event: Event, campaign: Campaign | None) -> dict[str, Any]:
    """Participation in numbers: came and audience mix, merged people counted once."""
    came = Participation.objects.filter(event=event).attended().of_people_counted_once()
    by_type = came.order_by().values("person__organisation__type").annotate(n=Count("pk"))
    audience_of = campaign.audience_map if campaign else {}
    mix: dict[str, int] = {}
    for row in by_type:
        audience = audience_of.get(row["person__organisation__type"] or "other", Audience.OTHER)
        mix[audience] = mix.get(audience, 0) + row["n"]
    totals = Participation.objects.filter(event=event).aggregate(
        records=Count("pk"),
        attended=Count("pk", filter=Q(status=Participation.Status.ATTENDED)),
        away=Count("pk", filter=Q(status=Participation.Status.NO_SHOW)),
        countries=Count(
            "person__organisation__country",
            distinct=True,
            filter=Q(status=Participation.Status.ATTENDED),
        ),
    )
    ordered = sorted(mix.items(), key=lambda pair: -pair[1])
    drawn = bars([Bar(Audience(name).label, count) for name, count in ordered])
    return totals | {"people": sum(mix.values()), "bars": drawn}


@require_POST
@require(Role.COORDINATOR)
def attendance(request: HttpRequest, slug: str, pk: int) -> HttpResponse:
    """Write down whether one person came; answers with the row alone when htmx asks."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    row = get_object_or_404(roster(request, event), pk=pk)
    form = AttendanceForm(request.POST)
    if form.is_valid():
        try_verb(
            request, verbs.record_attendance, row, **form.values, at=clock.now(), by=request.user
        )
    if request.htmx:
        context = {"row": row, "event": event, "swap_toasts": True}
        return render(request, "visits/_roster_row.html", context)
    return back_to(request, reverse("visits:event-detail", args=[slug]))


@require_POST
@require(Role.COORDINATOR)
def attendance_bulk(request: HttpRequest, slug: str) -> HttpResponse:
    """The same answer for all ticked rows."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    rows = ticked(request, roster(request, event))
    form = AttendanceForm(request.POST)
    if rows and form.is_valid() and form.values:
        for row in rows:
            try_verb(
                request,
                verbs.record_attendance,
                row,
                **form.values,
                at=clock.now(),
                by=request.user,
            )
        done(request, _("Written down for %(people)s.") % {"people": wording.people(len(rows))})
    return back_to(request, reverse("visits:event-detail", args=[slug]))


@require_POST
@require(Role.COORDINATOR)
def participation_new(request: HttpRequest, slug: str) -> HttpResponse:
    """Put a person we know on the roster, from the event's page."""
    event = get_object_or_404(Event.objects.visible_to(request.user), slug=slug)
    person = _one_person(request, request.POST.get("who", "")[:200])
    if person is None:
        return redirect("visits:event-detail", slug)
    if try_verb(
        request,
        verbs.add_participation,
        event,
        person,
        status=Participation.Status.ATTENDED,
        source=_("added at the desk"),
        at=clock.now(),
        by=request.user,
    ):
        done(request, _("%(name)s is on the roster.") % {"name": person.name})
    return redirect("visits:event-detail", slug)


def _one_person(request: HttpRequest, words: str) -> Person | None:
    """The one person of this name or address; None, with a sentence, when it is not just one."""
    people = Person.objects.visible_to(request.user).live()
    found = list(people.search(words)[:6]) if words.strip() else []
    if len(found) == 1:
        return found[0]
    names = ", ".join(person.name for person in found)
    if found:
        sentence = _("Several people fit: %(names)s. Type more of the name, or the mail address.")
    else:
        sentence = _("Nobody in the address book is called so; add the person first.")
    messages.error(request, sentence % {"names": names})
    return None
