"""Fill a journey: whom we met near the way, and when a visit there would fit."""

from datetime import datetime
from urllib.parse import urlencode

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm import clock
from crm.models import Place
from crm.permissions import require
from crm.roles import Role
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.fill import Leg, NearCity, cities_near, journeys_ahead
from visits.domain.place_names import names_at
from visits.domain.reach import journey_words
from visits.models import Host, Visit
from visits.views.desk.access import current_campaign
from visits.views.desk.plan import without_campaign


@require_safe
@require(Role.COORDINATOR)
def plan_fill(request: HttpRequest) -> HttpResponse:
    """The journeys ahead, or whom we met near the way of one of them.

    `?host=H1&from=…&to=…&departs=…&arrives=…`: places by number, moments with their offset.
    """
    campaign = current_campaign(request)
    if campaign is None:
        return without_campaign(request)
    if "host" not in request.GET:
        journeys = journeys_ahead(campaign, at=clock.now())
        return render(request, "visits/plan_fill.html", {"journeys": journeys})
    leg = _leg(request)
    cities = cities_near(campaign, leg, at=clock.now())
    context = {
        "leg": leg,
        "unknown": unknown_calendars([leg.host]),
        "event": campaign.event,
        "fitting": [_line(city) for city in cities if city.starts_at],
        "others": [_line(city) for city in cities if not city.starts_at],
    }
    return render(request, "visits/plan_fill.html", context)


def _leg(request: HttpRequest) -> Leg:
    """The journey the address names; 404 when it names none."""
    host = get_object_or_404(
        Host.objects.visible_to(request.user).who_lead(), ref=request.GET.get("host", "")
    )
    departs, arrives = (_moment(request.GET.get(name, "")) for name in ("departs", "arrives"))
    if arrives < departs:
        raise Http404
    ends = _place(request, "from"), _place(request, "to")
    names = names_at(Visit.objects.visible_to(request.user).live().filter(place__in=ends))
    return Leg(host, *ends, departs, arrives, names)


def _place(request: HttpRequest, name: str) -> Place:
    """A place by its number, or by the name the planner gives it ("g123")."""
    number = request.GET.get(name, "").removeprefix("g")
    if not number.isdecimal() or len(number) > 12:
        raise Http404
    return get_object_or_404(Place, pk=int(number))


def _moment(typed: str) -> datetime:
    try:
        found = datetime.fromisoformat(typed)
    except ValueError as error:
        raise Http404 from error
    if found.tzinfo is None or not 2000 <= found.year < 2100:
        raise Http404
    return found


def _line(city: NearCity) -> dict:
    """A city with its words and, for each person who may get mail, where a letter is begun.

    It is a mailing of one: its rules on consent hold, and it goes out by the outbox alone.
    """
    write = reverse("visits:mailing-new")
    return {
        "city": city,
        "journey": journey_words(city.extra_minutes),
        "detour": journey_words(city.detour),
        "people": [
            {
                "part": part,
                "mail": f"{write}?{urlencode({'person': part.person_id})}"
                if part.person_id in city.with_address
                else "",
            }
            for part in city.people
        ],
    }
