"""A list as a map: the same filters and search, every place with who is there."""

from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

from django.db.models import Count, QuerySet
from django.db.models.functions import Coalesce
from django.http import HttpRequest
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from crm.maps import Dot, Map, Member, europe
from crm.models import Organisation
from visits.views.desk.lists import ListPage

# More dots than these cannot be told apart on one page; the places with most are drawn.
MOST_DOTS = 120
# The largest bodies of a place that are named one by one.
MOST_AT_ONE = 20


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
    seat = Coalesce("organisation__municipality__place", "organisation__place")
    counted = rows.values_list("organisation", seat).annotate(n=Count("pk"))
    return _map(
        page,
        counted,
        note=lambda n: ngettext("%(n)d person", "%(n)d people", n) % {"n": n},
        state="people",
    )


def map_of_organisations(page: ListPage) -> ListMap:
    """The organisations of the list where they are at home."""
    rows = Organisation.objects.filter(pk__in=page.rows.order_by().values("pk"))
    seat = Coalesce("municipality__place", "place")
    placed = rows.with_seat().order_by().values_list("pk", seat)
    return _map(
        page, ((pk, place, 1) for pk, place in placed), note=lambda _n: "", state="organisation"
    )


def _map(
    page: ListPage,
    counted: Iterable[tuple[int, int, int]],
    *,
    note: Callable[[int], str],
    state: str,
) -> ListMap:
    """One dot for each place, from how many of the list each organisation has there."""
    at: dict[int, dict[int, int]] = {}
    for organisation, place, n in counted:
        at.setdefault(place, {})[organisation] = n
    sizes = {place: sum(counts.values()) for place, counts in at.items()}
    chosen = sorted(at, key=lambda place: (-sizes[place], place))[:MOST_DOTS]
    named = [pk for place in chosen for pk in _largest(at[place])]
    rows: QuerySet = Organisation.objects.filter(pk__in=named)
    bodies: dict[int, list[Organisation]] = {}
    for row in rows.select_related("place", "municipality__place").order_by(
        "municipality__name", "name", "pk"
    ):
        bodies.setdefault(row.seat.pk, []).append(row)
    dots = [_dot(found, at[place], note=note, state=state) for place, found in bodies.items()]
    placed, drawn = sum(sizes.values()), sum(sizes[place] for place in chosen)
    return ListMap(europe(dots), placed, page.rows.count() - placed, placed - drawn)


def _largest(counts: dict[int, int]) -> list[int]:
    return sorted(counts, key=lambda pk: (-counts[pk], pk))[:MOST_AT_ONE]


def _dot(
    bodies: list[Organisation], counts: dict[int, int], *, note: Callable[[int], str], state: str
) -> Dot:
    """A body alone leads to its page; the dot of several leads to all of them in the list below."""
    seat, is_alone = bodies[0].seat, len(bodies) == 1
    members = tuple(Member(row.name, _path(row), note(counts[row.pk])) for row in bodies)
    said = note(sum(counts.values()))
    if len(counts) > len(bodies):
        more = _("%(n)d more organisations") % {"n": len(counts) - len(bodies)}
        said = ", ".join(filter(None, (said, more)))
    return Dot(
        name=_name(bodies[0]) if is_alone else f"{seat.name} ({len(counts)})",
        lat=seat.latitude,
        lon=seat.longitude,
        state=state,
        kind="place",
        href=_path(bodies[0]) if is_alone else f"#place-{seat.pk}",
        note=said,
        members=() if is_alone else members,
    )


def _path(organisation: Organisation) -> str:
    return reverse("visits:organisation-detail", args=[organisation.pk])


def _name(organisation: Organisation) -> str:
    """A city by its name, any other body with the place it is in."""
    city = getattr(organisation, "municipality", None)
    if city is not None and city.place is not None:
        return city.name
    return f"{organisation.name}, {organisation.seat.name}"
