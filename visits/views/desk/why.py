"""Why a request has no date, or not the one asked about, and what would help."""

from datetime import date
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from crm import clock, wording
from crm.permissions import require
from crm.roles import Role
from visits.domain.busy_feeds import unknown_calendars
from visits.domain.proposals import may_propose
from visits.domain.why import CellWords, ChangeWords, Weighing, Why
from visits.models import Host, VisitRequest
from visits.views.desk.access import get_request

# How the marks of why.py are drawn in a strip of days.
CLASSES = {"free": "is-free", "soft": "is-soft", "taken": "is-busy", "closed": "is-hard"}
MARKS = {"free": "✓", "soft": "~", "taken": "↔", "closed": "✕"}


@require_safe
@require(Role.COORDINATOR)
def request_why(request: HttpRequest, ref: str) -> HttpResponse:
    """Hosts by days with the reason of each, and the smallest changes that would help.

    `?day=` and `?host=` ask about one of them, `?best=1` for the exact price in the best plan.
    """
    row = get_request(request.user, ref)
    at = clock.now()
    try:
        weighing = Weighing(row, at=at)
    except ValidationError as error:
        messages.error(request, " ".join(error.messages))
        return redirect("visits:request-detail", ref)
    context = {"row": row, "visit": row.visits.live().first()}
    if weighing.is_open:
        on, host = _asked(request, weighing)
        answer = weighing.why(on=on, host=host)
        today = at.astimezone(ZoneInfo(row.zone)).date()
        context |= {
            "why": answer,
            "unknown": unknown_calendars(weighing.loaded.hosts.values()),
            "on": on,
            "not_of_the_offer": "" if on else _not_of_the_offer(request.GET.get("day", "")),
            "host": host,
            "lines": _lines(row, answer, today=today, on=on, host=host),
            "rooms": _rooms(answer, today=today),
            "days": _days(answer, today=today, on=on),
            "changes": _changes(row, answer.changes),
            "exact": weighing.exact() if request.GET.get("best") == "1" else None,
        }
    return render(request, "visits/request_why.html", context)


def _asked(request: HttpRequest, weighing: Weighing) -> tuple[date | None, Host | None]:
    """The day and the host asked about; what is not of the window or unknown asks about nothing."""
    try:
        on = date.fromisoformat(request.GET.get("day", ""))
    except ValueError:
        on = None
    if on not in weighing.problem.days:
        on = None
    return on, weighing.loaded.hosts.get(request.GET.get("host", ""))


def _not_of_the_offer(asked: str) -> str:
    """Why a day asked about in the address is not answered for; "" when none was asked about."""
    try:
        day = date.fromisoformat(asked)
    except ValueError:
        return asked and _("“%(day)s” is no day; below are all days.") % {"day": asked[:20]}
    words = _("%(day)s is not a working day of the offer; below are all days.")
    return words % {"day": wording.day(day)}


def _lines(
    row: VisitRequest, answer: Why, *, today: date, on: date | None, host: Host | None
) -> list[dict]:
    """The table: one line a host, one cell a day ahead, each a link that asks about it."""
    path = reverse("visits:request-why", args=[row.ref])
    lines: dict[str, dict] = {}
    for each in answer.cells:
        if each.day < today:
            continue
        line = lines.setdefault(each.host.ref, {"host": each.host, "cells": []})
        query = urlencode({"day": each.day.isoformat(), "host": each.host.ref})
        line["cells"].append(
            {
                "day": each.day,
                "name": wording.day(each.day),
                "class": CLASSES[each.mark],
                "mark": MARKS[each.mark],
                "words": each.sentence,
                "href": f"{path}?{query}#asked",
                "is_asked": (each.day, each.host) == (on, host),
            }
        )
    return list(lines.values())


def _rooms(answer: Why, *, today: date) -> list[dict]:
    """What the marks of taken days leave unsaid: whose going would make room, and on which days."""
    rooms: dict[tuple[Host, str], list[str]] = {}
    for each in answer.cells:
        if each.room and each.day >= today:
            rooms.setdefault((each.host, each.room), []).append(wording.short_day(each.day))
    return [
        {"host": host, "days": ", ".join(days), "words": room}
        for (host, room), days in rooms.items()
    ]


def _days(answer: Why, *, today: date, on: date | None) -> list[dict]:
    """The full sentences, day by day; a sentence that all hosts share stands once."""
    days: dict[date, dict[str, CellWords]] = {}
    for each in answer.cells:
        if each.day >= today:
            days.setdefault(each.day, {}).setdefault(each.sentence, each)
    return [
        {
            "day": day,
            "is_open": day == on,
            "cells": [
                {"class": CLASSES[each.mark], "words": each.sentence} for each in found.values()
            ],
            "public": next((each.public for each in found.values() if each.public), ""),
            "is_free": any(each.mark in ("free", "soft") for each in found.values()),
        }
        for day, found in days.items()
    ]


def _changes(row: VisitRequest, changes: list[ChangeWords]) -> list[dict]:
    """The changes with the address at which those that touch nobody else are offered."""
    path = reverse("visits:request-propose", args=[row.ref])
    may = may_propose(row)
    found = []
    for each in changes:
        href = ""
        if each.slot is not None and may:
            local = each.slot.astimezone(ZoneInfo(row.zone)).replace(tzinfo=None)
            query = {
                "host": each.host.ref,
                "mode": str(each.change.mode),
                "minutes": each.change.duration,
                "slot_1": local.isoformat(timespec="minutes"),
            }
            href = f"{path}?{urlencode(query)}"
        found.append({"words": each, "href": href, "costs": _(" · ").join(each.costs)})
    return found
