"""Organisations: the list, and one with its people, participations, requests and visits."""

from functools import partial
from typing import Any

from django.core.exceptions import ValidationError
from django.db.models import Count, IntegerField, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import clock
from crm.domain import organisations as verbs
from crm.exports import Column
from crm.filters import OrganisationFilter
from crm.forms.notes import FollowUpForm, InteractionForm
from crm.forms.organisations import MunicipalityForm, OrganisationForm
from crm.maps import Dot, europe
from crm.models import Municipality, Organisation, Participation, Person
from crm.permissions import require
from crm.roles import Role
from visits import states
from visits.domain import timeline
from visits.domain.departments import departments_of
from visits.domain.local_days import Where, days_of
from visits.models import Campaign, Visit, VisitRequest
from visits.views.desk.access import back_to, current_campaign, try_verb
from visits.views.desk.list_maps import map_of_organisations, shows_map, switch_links
from visits.views.desk.lists import as_file, list_page, render_list
from visits.views.desk.people import chosen_kinds, kind_pills, open_promises, timeline_limit
from visits.views.desk.toasts import add_errors, done, today, try_form

VISITING = (Role.COORDINATOR, Role.HOST, Role.EXPERT)
PEOPLE_SHOWN = 100

COLUMNS = (
    Column(gettext_lazy("Name"), lambda row: row.name, "name"),
    Column(gettext_lazy("Type"), lambda row: row.get_type_display(), "type"),
    Column(gettext_lazy("Country"), lambda row: row.country, "country"),
    Column(gettext_lazy("People"), lambda row: row.people_count, is_number=True),
    Column(gettext_lazy("Came to an event"), lambda row: row.came_count, is_number=True),
    Column(gettext_lazy("Requests"), lambda row: row.request_count, is_number=True),
    Column(gettext_lazy("Visits"), lambda row: row.visit_count, is_number=True),
)


def with_list_facts(rows: QuerySet, user: Any) -> QuerySet:
    """Organisations with what the list says of each; counts hold only what the user may see."""
    people = Person.objects.live().visible_to(user).filter(organisation=OuterRef("pk"))
    came = Participation.objects.visible_to(user).attended().of_people_counted_once()
    came = came.filter(person__organisation=OuterRef("pk"))
    asked = VisitRequest.objects.visible_to(user).valid()
    held = Visit.objects.visible_to(user).filter(state__in=states.LIVE_VISITS | states.HELD_VISITS)
    city = "municipality__organisation"
    return rows.select_related("municipality").annotate(
        people_count=_count(people, "organisation"),
        came_count=_count(came, "person__organisation"),
        request_count=_count(asked.filter(**{city: OuterRef("pk")}), city),
        visit_count=_count(held.filter(**{city: OuterRef("pk")}), city),
    )


def _count(rows: QuerySet, by: str) -> Coalesce:
    counted = rows.order_by().values(by).annotate(n=Count("pk", distinct=True)).values("n")
    return Coalesce(Subquery(counted, output_field=IntegerField()), Value(0))


@require_safe
@require(*VISITING)
def organisation_list(request: HttpRequest) -> HttpResponse:
    rows = with_list_facts(Organisation.objects.visible_to(request.user), request.user)
    page = list_page(request, OrganisationFilter, rows, COLUMNS)
    if file := as_file(page, "organisations"):
        return file
    context = {
        "today": today(request),
        "may_edit": request.user.is_coordinator,
        "switch": switch_links(request),
    }
    if shows_map(request):
        context |= {"places": map_of_organisations(page), "noun": _("organisations")}
        return render_list(page, "organisation_list", "_list_map", context)
    return render_list(page, "organisation_list", "_organisation_rows", context)


@require_safe
@require(*VISITING)
def organisation_detail(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = find_organisation(request, pk)
    user, now = request.user, clock.now()
    city = getattr(organisation, "municipality", None)
    context = {
        "organisation": organisation,
        "city": city,
        "today": today(request),
        "may_edit": user.is_coordinator,
        "requests": _requests(user, organisation),
        "visits": _visits(user, organisation),
        "initiatives": organisation.initiatives.all(),
    }
    if user.is_coordinator:
        scope = timeline.of_organisation(organisation, zone=user.time_zone, now=now)
        limit = timeline_limit(request)
        entries = timeline.gather(
            scope, kinds=chosen_kinds(request), limit=limit + 1, names_people=True
        )
        context |= {
            "tags": list(organisation.tags.all()),
            "people": people_of(organisation),
            "people_count": Person.objects.live().filter(organisation=organisation).count(),
            "entries": entries[:limit],
            "has_older": len(entries) > limit,
            "kind_pills": kind_pills(request),
            "departments": departments_of(organisation, user),
            "promises": open_promises(_about(organisation)),
            "note_form": InteractionForm(),
            "promise_form": FollowUpForm(today=today(request), initial={"assigned_to": user}),
        }
    if city is not None:
        context |= city_facts(city, current_campaign(request))
    return render(request, "visits/organisation_detail.html", context)


def find_organisation(request: HttpRequest, pk: int) -> Organisation:
    rows = Organisation.objects.visible_to(request.user)
    rows = rows.select_related("place", "municipality__place")
    return get_object_or_404(rows, pk=pk)


def _about(organisation: Organisation) -> Q:
    return Q(organisation=organisation) | Q(person__organisation=organisation)


def people_of(organisation: Organisation) -> QuerySet:
    rows = Person.objects.live().filter(organisation=organisation)
    return rows.prefetch_related("participations__event", "contact_points")[:PEOPLE_SHOWN]


def _requests(user: Any, organisation: Organisation) -> QuerySet:
    rows = VisitRequest.objects.visible_to(user).filter(
        Q(municipality__organisation=organisation) | Q(person__organisation=organisation)
    )
    return rows.distinct().order_by("-received_at")[:50]


def _visits(user: Any, organisation: Organisation) -> QuerySet:
    rows = Visit.objects.visible_to(user).filter(
        Q(municipality__organisation=organisation)
        | Q(requests__municipality__organisation=organisation)
    )
    return rows.distinct().select_related("host").order_by("-starts_at")[:50]


def city_facts(city: Any, campaign: Campaign | None) -> dict[str, Any]:
    """The days of the window that are special at the place, and the place on the map."""
    names = sorted({name for name in city.names.values() if name != city.name})
    facts: dict[str, Any] = {"campaign": campaign, "local_days": [], "map": None}
    facts["other_names"] = names
    if campaign:
        where = Where(city.country, city.region, city.name, tuple(names))
        facts["local_days"] = days_of(where, campaign.window_start, campaign.window_end)
    if city.place:
        dot = Dot(city.name, city.place.latitude, city.place.longitude, "confirmed", "visit")
        facts["map"] = europe([dot])
    return facts


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def organisation_new(request: HttpRequest) -> HttpResponse:
    form = OrganisationForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            made = verbs.add_organisation(form.values, at=clock.now(), by=request.user)
        except ValidationError as error:
            add_errors(form, error)
        else:
            done(request, _("%(name)s is in the lists now.") % {"name": made.name})
            return redirect("visits:organisation-detail", made.pk)
    return render(request, "visits/organisation_form.html", {"form": form, "organisation": None})


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def organisation_edit(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = find_organisation(request, pk)
    form = OrganisationForm(request.POST or None, row=organisation)
    return _edit(request, form, organisation, organisation, verbs.edit_organisation)


@require_http_methods(["GET", "POST"])
@require(Role.COORDINATOR)
def city_edit(request: HttpRequest, pk: int) -> HttpResponse:
    organisation = find_organisation(request, pk)
    city = get_object_or_404(Municipality.objects.select_related("organisation"), organisation=pk)
    form = MunicipalityForm(request.POST or None, row=city)
    return _edit(request, form, organisation, city, verbs.edit_municipality)


def _edit(request: HttpRequest, form, organisation, row, verb) -> HttpResponse:
    if try_form(request, form, partial(verb, row)) is not None:
        done(request, _("Saved."))
        return redirect("visits:organisation-detail", organisation.pk)
    context = {"form": form, "organisation": organisation, "is_city": row is not organisation}
    status = 409 if form.change else 200
    return render(request, "visits/organisation_form.html", context, status=status)


@require_POST
@require(Role.COORDINATOR)
def organisation_archive(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_organisation(request, pk)
    if try_verb(request, verbs.archive_organisation, row, at=clock.now(), by=request.user):
        undo = reverse("visits:organisation-restore", args=[pk])
        done(request, _("%(name)s is archived.") % {"name": row.name}, undo=undo)
    return back_to(request, reverse("visits:organisation-detail", args=[pk]))


@require_POST
@require(Role.COORDINATOR)
def organisation_restore(request: HttpRequest, pk: int) -> HttpResponse:
    row = find_organisation(request, pk)
    if try_verb(request, verbs.restore_organisation, row, at=clock.now(), by=request.user):
        done(request, _("%(name)s is back in the lists.") % {"name": row.name})
    return back_to(request, reverse("visits:organisation-detail", args=[pk]))
