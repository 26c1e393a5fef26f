"""The report of the visit as the city reads it: built up from the fields it may see."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.utils.translation import gettext as _

from crm import wording
from crm.models import AuditEntry
from visits.domain import report_check
from visits.models import Visit, VisitReport


@dataclass(frozen=True)
class ShownReport:
    """What the private page says about the report; `row` is for the verbs alone."""

    row: VisitReport
    summary: str
    correction: str
    people: int
    topics: tuple[str, ...]
    is_approved: bool
    is_corrected: bool
    may_check: bool
    seen: str
    check_until: datetime
    zone: str

    @property
    def next_step(self) -> str:
        if self.is_approved:
            return _("The report is agreed. We keep what we promised each other.")
        if self.is_corrected:
            return _("We read your correction, and change the report or write to you.")
        if self.may_check:
            return _("You approve the report, or tell us what it should say.")
        return _("The report stands as it is.")

    def by_when(self, at: datetime) -> str:
        """Until when we wait for the answer; empty once there is one, or once it is over."""
        waits = self.may_check and not self.is_corrected and self.check_until > at
        return wording.local_time(self.check_until, self.zone) if waits else ""


def shown_report(visit: Visit | None) -> ShownReport | None:
    """The report of the visit, once there is one for the city."""
    report = VisitReport.objects.for_city().filter(visit=visit).first() if visit else None
    if visit is None or report is None:
        return None
    report.visit = visit
    return ShownReport(
        row=report,
        summary=report.summary,
        correction=report.correction if report.is_corrected else "",
        people=sum(row.people for row in report.counts.all()),
        topics=tuple(topic.title for topic in report.topics_covered.all()),
        is_approved=report.validated_at is not None,
        is_corrected=report.is_corrected,
        may_check=report_check.may_check(report),
        seen=report_check.words_seen(report),
        check_until=report_check.check_until(report),
        zone=visit.zone,
    )


def report_entries(report: ShownReport) -> Iterator[dict[str, Any]]:
    """What happened to the report, for the timeline of the private page."""
    words = {
        "report_visit": (_("We wrote the report of the visit"), "document"),
        "approve_report": (_("You approved the report"), "check"),
        "correct_report": (_("You corrected the report"), "edit"),
        "accept_correction": (_("We took your correction over"), "check"),
    }
    entries = AuditEntry.objects.about(report.row.visit).filter(verb__in=words)
    for at, verb in entries.order_by("pk").values_list("at", "verb"):
        title, icon = words[verb]
        yield {"at": at, "zone": report.zone, "title": title, "icon": icon}
