"""One search over people, organisations, requests and visits: for the palette and as a page."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm.models import Event, Organisation, Person
from crm.permissions import require
from crm.roles import Role
from visits.models import Visit, VisitRequest

PER_KIND = 8
LONGEST = 100


class Result(NamedTuple):
    label: str
    kind: str
    path: str


@require_safe
@require(Role.COORDINATOR, Role.HOST, Role.EXPERT)
def search(request: HttpRequest) -> HttpResponse:
    words = request.GET.get("q", "").strip()[:LONGEST]
    results = list(find(request.user, words)) if len(words) > 1 else []
    if request.accepts("text/html") and not request.headers.get("X-Requested-With"):
        return render(request, "visits/search.html", {"words": words, "results": results})
    return JsonResponse({"results": [result._asdict() for result in results]})


def find(user: Any, words: str) -> Iterator[Result]:
    """What the user may see of what is called like this; one query for each kind."""
    for row in VisitRequest.objects.visible_to(user).search(words)[:PER_KIND]:
        label = f"{row.ref} {row.city} · {row.department or row.requester_role}".rstrip(" ·")
        yield Result(label, _("request"), f"/requests/{row.ref}/")
    for row in Visit.objects.visible_to(user).search(words)[:PER_KIND]:
        yield Result(f"{row.ref} {row.city}", _("visit"), f"/visits/{row.ref}/")
    people = Person.objects.visible_to(user).live().search(words)
    for row in people.select_related("organisation")[:PER_KIND]:
        organisation = f" · {row.organisation.name}" if row.organisation else ""
        yield Result(
            row.name + organisation, _("person"), reverse("visits:person-detail", args=[row.pk])
        )
    for row in Organisation.objects.visible_to(user).live().search(words)[:PER_KIND]:
        path = reverse("visits:organisation-detail", args=[row.pk])
        yield Result(f"{row.name} ({row.country})", _("organisation"), path)
    for row in Event.objects.visible_to(user).search(words)[:3]:
        path = reverse("visits:event-detail", args=[row.slug])
        yield Result(row.name, _("event"), path)
