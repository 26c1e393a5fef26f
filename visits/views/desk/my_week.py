"""The host's phone page, and the calendar address a phone subscribes to."""

import hashlib
from datetime import timedelta

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _
from django.views.decorators.http import require_POST, require_safe

from crm import clock
from crm.permissions import require
from crm.roles import Role
from visits.domain.disruptions import disruptions_touching
from visits.domain.feeds import feed_text, find_feed, renew_feed
from visits.models import Visit

AHEAD = timedelta(days=14)


@require_safe
@require(Role.HOST)
def my_week(request: HttpRequest) -> HttpResponse:
    """The next two weeks: where, when in both times, whom to call, what is at risk.

    A visit that is over stays until somebody has said who came.
    """
    at = clock.now()
    own = Visit.objects.visible_to(request.user)
    visits = (
        (own.upcoming(at).filter(starts_at__lt=at + AHEAD) | own.awaiting_counts(at))
        .order_by("starts_at")
        .select_related("host", "campaign", "place")
        .prefetch_related("legs__origin", "legs__destination")
    )
    cards = [
        {
            "visit": visit,
            "risks": disruptions_touching(visit),
            "has_begun": visit.has_begun(at),
        }
        for visit in visits
    ]
    return render(request, "visits/my_week.html", {"cards": cards})


@require_POST
@require(Role.HOST)
def feed_renew(request: HttpRequest) -> HttpResponse:
    host = getattr(request.user, "host", None)
    if host is None:
        raise Http404
    with_details = request.POST.get("details", "1") == "1"
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
