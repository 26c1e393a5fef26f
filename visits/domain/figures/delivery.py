"""What was delivered: replies, visits, promises, outcomes (K6-K10, K12)."""

from collections import Counter
from datetime import datetime
from decimal import Decimal
from statistics import median
from typing import cast

from django.utils.translation import gettext_lazy as _

from crm.domain.working_time import working_minutes_between
from visits.domain.figures.basis import Basis, City
from visits.domain.figures.figure import Figure, by_audience, rounded, share
from visits.models import VisitReport
from visits.models.reports import LADDER, Outcome
from visits.states import HELD_VISITS


def reply_time(basis: Basis) -> Figure:
    """K6: median working hours to the first personal reply that did not bounce."""
    campaign = basis.campaign
    answered = [request for request in basis.valid_requests if request.first_reply_at]
    minutes = {
        request: working_minutes_between(
            request.received_at,
            cast(datetime, request.first_reply_at),
            zone=campaign.zone,
            opens=campaign.office_opens,
            closes=campaign.office_closes,
        )
        for request in answered
    }
    target = campaign.reply_target_hours
    return Figure(
        "K6",
        _("Reply time"),
        rounded(Decimal(str(median(minutes.values()))) / 60) if minutes else 0,
        _("working hours"),
        [
            basis.namer.request(request, amount=rounded(Decimal(minutes[request]) / 60))
            for request in answered
        ],
        {
            "replied": len(answered),
            "within_target": sum(spent <= target * 60 for spent in minutes.values()),
            "target_hours": target,
            "open": [r.ref for r in basis.valid_requests if r.first_reply_at is None],
        },
    )


def visits_delivered(basis: Basis) -> Figure:
    """K7: visits completed, reported or closed whose local date lies in the window."""
    modes = Counter(visit.mode for visit in basis.delivered)
    return Figure(
        "K7",
        _("Visits delivered"),
        len(basis.delivered),
        _("visits"),
        [basis.namer.visit(visit) for visit in basis.delivered],
        dict(modes.most_common()),
    )


def persons_reached(basis: Basis) -> Figure:
    """K8: people counted at delivered visits, by audience."""
    counts: Counter = Counter()
    rows = []
    for report in basis.reports:
        here = {count.audience: count.people for count in report.counts.all()}
        counts.update(here)
        rows.append(basis.namer.visit(report.visit, amount=sum(here.values())))
    return Figure(
        "K8",
        _("Persons reached by visits"),
        sum(counts.values()),
        _("people"),
        rows,
        by_audience(counts),
    )


def reliability(basis: Basis) -> Figure:
    """K9: delivered visits of those once confirmed whose planned start is past."""
    due = [visit for visit in basis.visits if visit.confirmed_at and visit.starts_at <= basis.at]
    kept = [visit for visit in due if visit.state in HELD_VISITS]
    failed = Counter(visit.state for visit in due if visit.state not in HELD_VISITS)
    return Figure(
        "K9",
        _("Reliability"),
        share(len(kept), len(due)),
        _("share"),
        [basis.namer.visit(visit) for visit in due],
        {"completed": len(kept), "of": len(due), **failed},
    )


def follow_ups_kept(basis: Basis) -> Figure:
    """K10: promises done on time, of those due until today; by the day that was in force then,
    so that putting off what is late betters nothing."""
    promised = basis.campaign.promises.prefetch_related("visits", "visit_requests", "moves__by")
    due = [promise for promise in promised if promise.promised_for <= basis.today]
    kept = [promise for promise in due if promise.is_kept_in_time]
    return Figure(
        "K10",
        _("Follow-ups kept"),
        share(len(kept), len(due)),
        _("share"),
        [basis.namer.follow_up(promise) for promise in due],
        {
            "kept": len(kept),
            "of": len(due),
            "open": sum(promise.is_open for promise in due),
            "late": sum(not p.is_open and not p.is_kept_in_time for p in due),
        },
    )


def _rung(report: VisitReport) -> int:
    return LADDER.index(Outcome(report.outcome))


def interest_in_adoption(basis: Basis) -> Figure:
    """K12: municipalities by the highest outcome of their visits; which topics are asked for."""
    highest: dict[City, VisitReport] = {}
    for report in basis.reports:
        city = basis.city_of(report.visit)
        known = highest.get(city)
        if known is None or _rung(report) > _rung(known):
            highest[city] = report
    ladder = Counter(report.outcome for report in highest.values())
    topics: Counter = Counter(
        topic.code for request in basis.valid_requests for topic in request.topics.all()
    )
    told = [
        basis.namer.visit(report.visit, group=Outcome(report.outcome).label)
        for report in sorted(highest.values(), key=lambda report: report.visit.ref)
        if report.outcome != Outcome.OPEN
    ]
    return Figure(
        "K12",
        _("Interest in adoption"),
        len(told),
        _("municipalities"),
        told,
        {
            "ladder": {step.value: ladder[step] for step in reversed(LADDER)},
            "topics": dict(sorted(topics.items(), key=lambda pair: (-pair[1], pair[0]))),
        },
    )
