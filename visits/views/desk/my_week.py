"""A host's week on a phone, and the calendar address a phone subscribes to."""

import hashlib
from datetime import date, datetime, time, timedelta
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock, wording
from crm.permissions import require
from crm.roles import Role
from visits.domain.feeds import feed_text, find_feed, renew_feed
from visits.domain.my_week import (
    Week,
    hours,
    monday_of,
    visits_to_come,
    week_name,
    week_of,
)
from visits.models import BriefEdition, Host, Visit

AHEAD = timedelta(days=14)


@require_safe
@require(Role.HOST, Role.COORDINATOR)
def my_week(request: HttpRequest) -> HttpResponse:
    """One week, day by day: where, when in both times, whom to call, what is at risk.

    A host reads the own one, a coordinator that of every host. A visit that is over stays on top
    until somebody has said who came.
    """
    at = clock.now()
    host = shown_host(request)
    zone = host.zone if host else request.user.time_zone
    today = at.astimezone(ZoneInfo(zone)).date()
    monday = _monday(request, today)
    context: dict[str, Any] = {
        "host": host,
        "is_own": host is not None and host.user_id == request.user.pk,
        "others": _others(request),
        "today": week_name(today),
        "hours": hours(),
        "week": Week(monday, ()),
        "new_key": uuid4,
    }
    if host is not None:
        mine = Visit.objects.visible_to(request.user).filter(host=host).select_related("host")
        week = week_of(host, monday, at=at)
        ends = max(at, _start_of(week.sunday + timedelta(days=1), zone))
        context |= {
            "week": week,
            "uncounted": mine.awaiting_counts(at).order_by("starts_at"),
            "unreported": mine.unreported().order_by("starts_at"),
            "road": _road(host, today, at) if context["is_own"] else (),
            "later": mine.upcoming(at).filter(starts_at__gte=ends, starts_at__lt=ends + AHEAD),
        }
    context["span"] = wording.day_range(monday, monday + timedelta(days=6))
    return render(request, "visits/my_week.html", context)


def _road(host: Host, today: date, at: datetime) -> list[str]:
    """What a phone keeps for the road: this week and the next, and their briefs to come."""
    week, monday = reverse("visits:my-week"), today - timedelta(days=today.weekday())
    weeks = (week_name(monday), week_name(monday + timedelta(days=7)))
    found = [week, *(f"{week}?week={name}" for name in weeks)]
    for visit in visits_to_come(host, monday, at=at):
        brief = {"args": [visit.ref, BriefEdition.Kind.INTERNAL]}
        found += [reverse("visits:brief-page", **brief), reverse("visits:brief-pdf", **brief)]
    return found


def shown_host(request: HttpRequest) -> Host | None:
    """The host asked for, else the own one, else for a coordinator the first who leads visits."""
    hosts = Host.objects.visible_to(request.user).select_related("home", "user")
    if ref := request.GET.get("host"):
        return get_object_or_404(hosts, ref=ref)
    own = hosts.filter(user=request.user).first()
    return own or hosts.who_lead().order_by("ref").first()


def _others(request: HttpRequest) -> list[Host]:
    """Whose week a coordinator may turn to."""
    if not request.user.is_coordinator:
        return []
    return list(Host.objects.visible_to(request.user).who_lead().order_by("ref"))


def _monday(request: HttpRequest, today: date) -> date:
    this_week = today - timedelta(days=today.weekday())
    name = request.GET.get("week", "")
    monday = monday_of(name) if name else this_week
    if monday is None:
        messages.error(
            request,
            _("“%(name)s” is no week; write it like %(week)s. This week is shown.")
            % {"name": name[:20], "week": week_name(today)},
        )
    return monday or this_week


def _start_of(day: date, zone: str) -> datetime:
    return datetime.combine(day, time(0), ZoneInfo(zone))


def week_path(visit: Visit) -> str:
    """The week of its host that a visit is in."""
    path = reverse("visits:my-week")
    return f"{path}?host={visit.host.ref}&week={week_name(visit.local_date)}"


@require_POST
@require(Role.HOST)
def feed_renew(request: HttpRequest) -> HttpResponse:
    """A new calendar address, with places and routes or without them."""
    host = getattr(request.user, "host", None)
    if host is None:
        raise Http404
    with_details = "details" in request.POST or "choice" not in request.POST
    address = renew_feed(host, with_details=with_details, at=clock.now(), by=request.user)
    messages.success(
        request,
        _("Your calendar address, shown this once: %(address)s") % {"address": address},
    )
    return redirect("visits:my-week")


@login_not_required
@require_safe
def calendar_feed(request: HttpRequest, token: str) -> HttpResponse:
    """The feed behind a private token; 404 alike for unknown and revoked ones."""
    feed = find_feed(token)
    if feed is None:
        raise Http404
    text = feed_text(feed)
    tag = f'"{hashlib.sha256(text.encode()).hexdigest()[:32]}"'
    answer = HttpResponse(
        text,
        content_type="text/calendar; charset=utf-8",
        headers={"ETag": tag, "Cache-Control": "private, no-store", "X-Robots-Tag": "noindex"},
    )
    return get_conditional_response(request, etag=tag, response=answer)
