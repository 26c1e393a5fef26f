"""A list as a map: the same filters and search, every place with who is there."""

from collections.abc import Callable
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.maps import Dot, Map, europe
from crm.models import Organisation
from visits.views.desk.lists import ListPage

# More dots than these cannot be told apart on one page; the places with most are drawn.
MOST_DOTS = 120


class ListMap(NamedTuple):
    """The drawing, how many of the list are on it, and how many have no known place."""

    drawn: Map
    placed: int
    without_place: int
    not_drawn: int


def shows_map(request: HttpRequest) -> bool:
    return request.GET.get("shown") == "map"


def switch_links(request: HttpRequest) -> list[dict[str, Any]]:
    """Table and map of the same selection."""
    links = []
    for value, label, icon in (("", _("Table"), "list"), ("map", _("Map"), "map")):
        query = request.GET.copy()
        query.pop("page", None)
        query.pop("shown", None)
        if value:
            query["shown"] = value
        text = query.urlencode()
        links.append(
            {
                "label": label,
                "icon": icon,
                "path": f"{request.path}?{text}" if text else request.path,
                "current": shows_map(request) == bool(value),
            }
        )
    return links


def map_of_people(page: ListPage) -> ListMap:
    """The places where the people of the list work."""
    people = page.rows.model.objects.filter(pk__in=page.rows.order_by().values("pk"))
    rows = people.filter(organisation__in=Organisation.objects.with_seat()).order_by()
    counted = rows.values("organisation").annotate(n=Count("pk"))
    counts = {row["organisation"]: row["n"] for row in counted}
    return _map(
        page,
        counts,
        note=lambda n: ngettext("%(n)d person", "%(n)d people", n) % {"n": n},
        state="people",
    )


def map_of_organisations(page: ListPage) -> ListMap:
    """The organisations of the list where they are at home."""
    rows = Organisation.objects.filter(pk__in=page.rows.order_by().values("pk"))
    placed = rows.with_seat().order_by().values_list("pk", flat=True)
    return _map(page, dict.fromkeys(placed, 1), note=lambda _n: "", state="organisation")


def _map(
    page: ListPage, counts: dict[int, int], *, note: Callable[[int], str], state: str
) -> ListMap:
    chosen = sorted(counts, key=lambda pk: (-counts[pk], pk))[:MOST_DOTS]
    rows: QuerySet = Organisation.objects.filter(pk__in=chosen)
    dots = [
        Dot(
            name=_name(row),
            lat=row.seat.latitude,
            lon=row.seat.longitude,
            state=state,
            kind="place",
            href=reverse("visits:organisation-detail", args=[row.pk]),
            note=note(counts[row.pk]),
        )
        for row in rows.select_related("place", "municipality__place").order_by(
            "municipality__name", "name", "pk"
        )
    ]
    placed = sum(counts.values())
    drawn = sum(counts[pk] for pk in chosen)
    return ListMap(europe(dots), placed, page.rows.count() - placed, placed - drawn)


def _name(organisation: Organisation) -> str:
    """A city by its name, any other body with the place it is in."""
    city = getattr(organisation, "municipality", None)
    if city is not None and city.place is not None:
        return city.name
    return f"{organisation.name}, {organisation.seat.name}"
