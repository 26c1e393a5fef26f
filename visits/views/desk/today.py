"""Today: what would go wrong if nobody did anything, then what comes next."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from crm import clock
from crm.maps import europe
from crm.models import OutboxStanding
from crm.permissions import has_role
from crm.roles import Role
from visits.domain import agenda
from visits.domain.answer_clock import minutes_left, time_left_words
from visits.domain.brief_standing import visit_standings
from visits.domain.first_steps import first_steps, form_address
from visits.domain.host_answers import refusals, visits_without_host
from visits.models import DateWish, VisitRequest
from visits.views.desk.access import current_campaign

ELSEWHERE = ((Role.REPORTER, "visits:figure-list"), (Role.ADMINISTRATOR, "visits:settings"))


@require_safe
def today(request: HttpRequest) -> HttpResponse:
    """The first page after signing in; reporters and administrators go to theirs."""
    user = request.user
    if not has_role(user, Role.COORDINATOR, Role.HOST, Role.EXPERT):
        for role, page in ELSEWHERE:
            if has_role(user, role):
                return redirect(page)
    at = clock.now()
    campaign = current_campaign(request)
    context: dict[str, Any] = {
        "campaign": campaign,
        "letters": agenda.letters_waiting(user),
        "few": agenda.FEW,
        "answers": [_with_time_left(row, at) for row in agenda.answer_now(user)],
        "ending": agenda.proposals_ending(user, at=at),
        "kept": agenda.kept_slots(user),
        "promises": agenda.follow_ups_due(user, at=at),
        "risks": agenda.visits_at_risk(user, at=at),
        "reports": agenda.reports_open(user),
        "visits": agenda.next_visits(user, at=at),
        "now": at,
    }
    if has_role(user, Role.COORDINATOR, Role.HOST):
        refused, away = refusals(user), visits_without_host(user, at=at)
        unable = [*(row.visit for row in refused), *away]
        context |= {
            "uncounted": agenda.visits_uncounted(user, at=at),
            "refusals": refused,
            "away": away,
            "other_campaigns": sorted(
                {visit.campaign for visit in unable} - {campaign}, key=lambda other: other.name
            ),
            "is_one_here": any(visit.campaign == campaign for visit in unable),
        }
    if has_role(user, Role.COORDINATOR):
        count, replies = agenda.replies_waiting(user)
        context |= {
            "stopped": OutboxStanding.objects.stopped().first(),
            "other_dates": [
                _with_time_left(row, at) for row in agenda.other_dates_asked(user, at=at)
            ],
            "reply_count": count,
            "replies": replies,
            "notices": agenda.notices_soon(user, at=at),
            "data_requests": agenda.data_requests_due(user, at=at),
            "silent": agenda.silent_people(user, at=at),
            "silent_days": agenda.SILENT_DAYS,
        }
    if campaign is not None:
        local_day = at.astimezone(ZoneInfo(campaign.zone)).date()
        context["is_window_over"] = campaign.window_end < local_day
    stands = visit_standings(context["visits"], at=at, user=user)
    for visit in context["visits"]:
        visit.brief_standing = stands[visit.pk]
    if campaign is not None:
        dots = agenda.map_dots(
            user, campaign, path=lambda visit: reverse("visits:visit-detail", args=[visit.ref])
        )
        context |= {
            "funnel": agenda.request_funnel(user, campaign, path=reverse("visits:request-list")),
            "map": europe(dots),
        }
    if campaign is None or not context["funnel"].total:
        context["steps"] = first_steps(user)
        context["address"] = form_address(campaign) if campaign else ""
    return render(request, "visits/today.html", context)


def _with_time_left(row: VisitRequest | DateWish, at: datetime) -> dict:
    """What waits for an answer with its working minutes left; negative when overdue."""
    left = minutes_left(row, at=at)
    return {"row": row, "left": left, "words": time_left_words(left)}
